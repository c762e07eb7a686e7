// Funding and mark at their bounds, on both engines: rates, sampled time, the impact price, the book's weight.
import { expect, test } from 'vitest'
import { rateOfPremium } from './funding.ts'
import { Scenario } from './reference/scenario.ts'

test.each([
  // Interest alone while the premium is within the clamp around it; 1e-10.
  [0, 250, 1_000_000],
  [6_000_000, 250, 1_000_000],
  [6_000_001, 250, 1_000_001],
  [-4_000_000, 250, 1_000_000],
  [-4_000_001, 250, 999_999],
  [-5_000_000, 250, 0],
  // Three quarters of a maintenance margin of 1 %, both ways.
  [79_999_999, 100, 74_999_999],
  [80_000_001, 100, 75_000_000],
  [10_000_000_000, 100, 75_000_000],
  [-10_000_000_000, 100, -75_000_000],
  // 4 % an hour where maintenance margin would allow more.
  [10_000_000_000, 10_000, 3_200_000_000],
  [-10_000_000_000, 10_000, -3_200_000_000],
  [10_000_000_000, 4_266, 3_199_500_000],
  [10_000_000_000, 4_267, 3_200_000_000],
])('a premium of %i at %i bps maintenance margin is a rate of %i', (premium, mmBps, rate) => {
  expect(rateOfPremium(premium, mmBps)).toBe(rate)
})

test('an hour without samples moves no index and books nothing', () => {
  const scenario = new Scenario()
  scenario.run('deposit alice 1_000')
  const hours = () => scenario.send({ kind: 'Tick' }).filter((e) => e.kind === 'FundingApplied')
  scenario.run('at 60_000')
  scenario.run('wait 3600s')
  expect(hours()).toMatchObject([{ rate: 1_000_000, intervalS: 0 }])
  const before = scenario.engine.market(0)
  scenario.run('wait 3600s')
  expect(hours()).toEqual([])
  scenario.run('wait 7200s')
  expect(hours()).toEqual([])
  expect(scenario.engine.market(0)).toEqual(before)
  // Nothing is predicted of nothing.
  expect(scenario.engine.marketRisk(0)?.funding).toMatchObject({
    sampleCount: 0,
    predictedRate: 0,
    predictedMove: 0,
  })
})

test.each([
  [30_000, 30],
  [30_001, 0],
])('a gap of %i ms between two samples counts %i s', (gapMs, intervalS) => {
  const scenario = new Scenario()
  scenario.run('deposit alice 1_000')
  scenario.run('at 60_000')
  scenario.timeMs += gapMs - 1_000
  scenario.run('at 60_000')
  scenario.run('wait 3600s')
  const applied = scenario.send({ kind: 'Tick' }).filter((e) => e.kind === 'FundingApplied')
  expect(applied).toMatchObject([{ intervalS }])
})

// 500 USDC / 5 %: the impact price is that of 10,000 USDC.
test.each([
  ['0.2', 20_040_080],
  ['0.199', 0],
])('a bid of %s BTC at 50,000 against an index of 49,900 is a premium of %i', (size, premium) => {
  const scenario = new Scenario()
  scenario.run('deposit alice 10_000')
  scenario.run('at 49_900')
  scenario.run(`place alice buy ${size} @ 50_000`)
  scenario.timeMs += 5_000
  for (const publisher of [0, 1]) scenario.run(`index 49_900 ${publisher}`)
  const sampled = scenario.send({ kind: 'Tick' }).filter((e) => e.kind === 'PremiumSampled')
  expect(sampled).toMatchObject([{ premium }])
})

// Without a trade the book's price is half way to its middle, 60,000: 250 above the index. A minute of thirty counts.
test.each([
  ['1 % of the middle', 60_300, 595_083],
  ['a tick more', 60_300.1, 595_000],
])('a spread of %s: the book has its weight in the mark or not', (_, ask, mark) => {
  const scenario = new Scenario()
  for (const who of ['alice', 'bob']) scenario.run(`deposit ${who} 10_000`)
  scenario.run('at 59_500')
  scenario.run('place alice buy 0.02 @ 59_700')
  scenario.run(`place bob sell 0.02 @ ${ask}`)
  scenario.timeMs += 59_000
  scenario.run('at 59_500')
  expect(scenario.engine.market(0)?.markTicks).toBe(mark)
})

// The middle goes from the index to 10,000 ticks above. Remembered, the average is 5,016; forgotten, 10,000; without a trade
// half of it is the book's, and 31 s of 1,800 are its weight.
test.each([
  [30_000, 595_043],
  [30_001, 595_086],
])('an average of the basis after a gap of %i ms', (gapMs, mark) => {
  const scenario = new Scenario()
  for (const who of ['alice', 'bob']) scenario.run(`deposit ${who} 10_000`)
  scenario.run('at 59_500')
  const quote = (middle: number) => {
    scenario.run(`place alice buy 0.02 @ ${middle - 100} as bid`)
    scenario.run(`place bob sell 0.02 @ ${middle + 100} as ask`)
  }
  quote(59_500)
  scenario.run('at 59_500')
  scenario.run('cancel alice bid')
  scenario.run('cancel bob ask')
  quote(60_500)
  scenario.timeMs += gapMs - 1_000
  scenario.run('at 59_500')
  expect(scenario.engine.market(0)?.markTicks).toBe(mark)
})
