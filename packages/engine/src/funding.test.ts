// Bounds of the funding rate, and hours in which the premium was not sampled.
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
})
