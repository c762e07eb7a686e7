//! Markets that lose their prices halt by themselves and come back by themselves, in steps (RULES.md 5); so after a pause.
import { marketState, type NoticeKind, noticeKind } from '@plumb/model'
import { expect, test } from 'vitest'
import { checkInvariants } from './reference/invariants.ts'
import { Scenario, scenarioMarket } from './reference/scenario.ts'

const { cancelOnly, halted, postOnly, reduceOnly, trading } = marketState

const open = (stages = '10:20:100') => {
  const scenario = new Scenario()
  scenario.play('at 60_000\ndeposit alice 10_000')
  scenario.run(`risk armed stages=${stages}`)
  return scenario
}
const stateOf = (scenario: Scenario) => scenario.engine.market(0)?.state
/** Outcomes of `seconds` seconds with or without prices, by second; quiet ones are left out. */
const pass = (scenario: Scenario, seconds: number, priced = true): [number, string][] => {
  const said: [number, string][] = []
  for (let second = 1; second <= seconds; second++) {
    if (!priced) scenario.timeMs += 1_000
    const outcome = scenario.run(priced ? 'at 60_000' : 'tick')
    if (outcome !== '') said.push([second, outcome])
  }
  return said
}
let notices = 0
const notice = (scenario: Scenario, what: NoticeKind, dueS = 0) =>
  scenario.send({
    kind: 'ChainNotice',
    noticeId: ++notices,
    what,
    dueS,
    market: 0,
    subaccount: 0,
    owner: new Uint8Array(20),
    backstop: new Uint8Array(20),
    blockNumber: 1,
    txHash: new Uint8Array(32),
  })
const pause = (scenario: Scenario, forS: number) => {
  notices = 0
  notice(scenario, noticeKind.terms)
  notice(scenario, noticeKind.pauseScheduled, Math.floor(scenario.timeMs / 1_000) + forS)
}

test('without an index for 30 s a market halts, and comes back in steps when prices do', () => {
  const scenario = open()
  expect(pass(scenario, 40, false)).toEqual([[31, 'state 4']])
  expect(scenario.run('place alice buy 0.01 @ 60_000')).toBe('reject MARKET_HALTED')
  expect(pass(scenario, 80)).toEqual([
    [1, 'state 3'],
    [11, 'state 1'],
    [71, 'state 0'],
  ])
  expect(scenario.run('place alice buy 0.01 @ 60_000')).toBe('rests')
  checkInvariants(scenario.engine)
})

test('liquidation waits until the market is rearmed', () => {
  const scenario = open()
  pass(scenario, 31, false)
  scenario.run('at 60_000')
  expect(scenario.engine.marketRisk(0)?.rearmedAtMs).toBe(scenario.timeMs + 100_000)
})

test('an exchange that stood still for more than 30 s reopens too, though the index is fresh when it ticks again', () => {
  const scenario = open()
  scenario.timeMs += 29_000
  expect(scenario.run('at 60_000')).toBe('')
  scenario.timeMs += 30_000
  expect(scenario.run('at 60_000')).toBe('state 4')
  expect(scenario.run('at 60_000')).toBe('state 3')
})

test('prices lost in a reopening: it begins again', () => {
  const scenario = open()
  pass(scenario, 31, false)
  pass(scenario, 15)
  expect(stateOf(scenario)).toBe(postOnly)
  expect(pass(scenario, 31, false)).toEqual([[31, 'state 4']])
  expect(pass(scenario, 1)).toEqual([[1, 'state 3']])
})

test.each([
  ['halted', halted],
  ['cancel-only', cancelOnly],
  ['reduce-only', reduceOnly],
  ['post-only', postOnly],
])('what an operator made %s stays so, with prices and without', (_, state) => {
  const scenario = open()
  scenario.run(`state ${state}`)
  expect(pass(scenario, 40, false)).toEqual([])
  expect(pass(scenario, 100)).toEqual([])
  expect(stateOf(scenario)).toBe(state)
})

test('an operator takes over from a halt, and a market without stages only refuses orders', () => {
  const scenario = open()
  pass(scenario, 31, false)
  scenario.run('state 4')
  expect(pass(scenario, 100)).toEqual([])
  expect(stateOf(scenario)).toBe(halted)
  const bare = open('0:0:0')
  expect(pass(bare, 40, false)).toEqual([])
  expect(bare.run('place alice buy 0.01 @ 60_000')).toBe('reject MARKET_HALTED')
  expect(pass(bare, 1)).toEqual([])
  expect(bare.run('place alice buy 0.01 @ 60_000')).toBe('rests')
})

test('a market that never had a price, or has a fixed one, does not halt by itself', () => {
  const fixed = new Scenario({}, [{ ...scenarioMarket, fixedIndexTicks: 600_000 }])
  fixed.run('risk stages=10:20:100')
  expect(pass(fixed, 40, false)).toEqual([])
  const unpriced = new Scenario()
  unpriced.run('risk stages=10:20:100')
  expect(pass(unpriced, 40, false)).toEqual([])
})

test('after a pause of the contract a market goes on through post-only; what an operator restricted does not', () => {
  const scenario = open()
  pause(scenario, 50)
  expect(stateOf(scenario)).toBe(reduceOnly)
  expect(pass(scenario, 49)).toEqual([])
  expect(pass(scenario, 61)).toEqual([
    [1, 'state 1'],
    [61, 'state 0'],
  ])
  scenario.run(`state ${cancelOnly}`)
  notice(scenario, noticeKind.pauseScheduled, Math.floor(scenario.timeMs / 1_000) + 5)
  notice(scenario, noticeKind.pauseEnded)
  expect(pass(scenario, 100)).toEqual([])
  expect(stateOf(scenario)).toBe(reduceOnly)
  checkInvariants(scenario.engine)
})

test('a pause that ends early lets it go on at once, without stages into trading', () => {
  const scenario = open('0:0:0')
  pause(scenario, 5_000)
  pass(scenario, 2)
  notice(scenario, noticeKind.pauseEnded)
  expect(pass(scenario, 3)).toEqual([[1, 'state 0']])
  expect(stateOf(scenario)).toBe(trading)
})

test('prices lost under a pause: back to reduce-only until it is over', () => {
  const scenario = open()
  pause(scenario, 60)
  expect(pass(scenario, 31, false)).toEqual([[31, 'state 4']])
  expect(pass(scenario, 90)).toEqual([
    [1, 'state 2'],
    [29, 'state 1'],
    [89, 'state 0'],
  ])
})
