// Who may back a market, and what leaves a backstop, on both engines (RULES.md 4, 7).
import {
  type ChainNotice,
  CommandBuffer,
  encodeCommand,
  type NoticeKind,
  noticeKind,
} from '@plumb/model'
import { expect, test } from 'vitest'
import { restoreEngine } from './engine.ts'
import { Scenario, scenarioMarket } from './reference/scenario.ts'

const zeros = (length: number) => new Uint8Array(length)
/** Deposits of a scenario come from addresses that end in the order of their owners. */
const ownerOf = (number: number) => {
  const owner = zeros(20).fill(number)
  owner[0] = 0
  return owner
}
/** alice's subaccount 1 is what the contract calls market 0's backstop. */
const named = (scenario: Scenario) =>
  scenario.send({
    kind: 'ChainNotice',
    noticeId: 1,
    what: noticeKind.terms,
    market: 0,
    subaccount: 0,
    owner: zeros(20),
    backstop: ownerOf(1),
    blockNumber: 1,
    txHash: zeros(32),
    feePpm: 5_000,
  })
const opening = `
  deposit alice 10_000
  deposit alice/1 10_000
  deposit alice/2 10_000
  deposit bob/1 10_000
  mode alice/1 0
  mode alice/2 0
  mode bob/1 0
  at 60_000`

const bobs = (what: NoticeKind, changes: Partial<ChainNotice>): ChainNotice => ({
  kind: 'ChainNotice',
  noticeId: 0,
  what,
  market: 0,
  subaccount: 0,
  owner: ownerOf(2),
  backstop: ownerOf(1),
  blockNumber: 1,
  txHash: zeros(32),
  ...changes,
})

test('only the account that backs the market on-chain may be named', () => {
  const scenario = new Scenario()
  scenario.play(opening)
  named(scenario)
  expect(scenario.run('backstop bob/1')).toBe('reject INVALID_PARAMETER')
  expect(scenario.run('backstop alice/2')).toBe('reject INVALID_PARAMETER')
  expect(scenario.run('backstop alice')).toBe('reject INVALID_PARAMETER')
  expect(scenario.run('backstop alice/1')).toBe('')
  expect(scenario.engine.market(0)?.backstopAccountId).toBe(2)
})

test('another account that was named before the contract was heard of takes nothing over', () => {
  for (const hears of [false, true]) {
    const scenario = new Scenario({}, [scenarioMarket])
    scenario.play(`${opening}
      backstop bob/1
      risk armed
      deposit carol 400
      deposit dave 100_000
      place dave sell 0.1 @ 60_000
      place carol buy 0.1 @ 60_000`)
    if (hears) named(scenario)
    const outcome = scenario.run('at 56_500')
    expect(outcome.includes('taken over')).toBe(!hears)
  }
})

test('what the chain has had taken over goes to who backs the market, the tranche paying what was insured', () => {
  const scenario = new Scenario({}, [scenarioMarket])
  scenario.play(`
    deposit alice/1 10_000
    deposit bob 1_000
    deposit carol 100_000
    at 60_000
    fund carol 100
    place carol sell 0.1 @ 60_000
    place bob buy 0.1 @ 60_000
    place bob buy 0.01 @ 50_000`)
  named(scenario)
  const { engine } = scenario
  const [held] = engine.account(2)?.positions ?? []
  const lots = held?.lots ?? 0
  const [victim, backstop] = [2, 1].map((id) => engine.account(id)?.cashQuote ?? 0)
  const notice = bobs(noticeKind.takenOver, {
    noticeId: 2,
    lots,
    amountQuote: 4_990_000_001,
    leftQuote: 7_000_000,
    priceTicks: 500_000,
    fundingIndex: 0,
  })
  const events = scenario.send(notice)
  expect(events.map(({ kind }) => kind)).toEqual([
    'ChainNoticed',
    'OrderClosed',
    'PositionTakenOver',
  ])
  expect(events[2]).toMatchObject({
    markTicks: 500_000,
    sizeLots: lots,
    quote: 4_990_000_001,
    insuranceQuote: 7_000_000,
    backstopAccountId: 1,
    backstopPositionLots: lots,
    trancheQuote: 93_000_000,
  })
  expect(engine.account(2)).toMatchObject({
    cashQuote: (victim ?? 0) + 4_997_000_001,
    positions: [],
  })
  expect(engine.account(1)?.cashQuote).toBe((backstop ?? 0) - 4_990_000_001)
  expect(engine.account(1)?.positions).toMatchObject([{ market: 0, lots }])
})

test('nothing leaves a backstop by signature, with a position or without', () => {
  const scenario = new Scenario()
  scenario.play(opening)
  named(scenario)
  for (const who of ['alice', 'alice/1'])
    expect(scenario.run(`withdraw ${who} 1`)).toBe('reject BACKSTOP_LOCKED')
  expect(scenario.run('withdraw bob/1 1')).toBe('accepted')
})

/** bob holds 0.1 long and has an order in another market; the contract's terms are known, time is `dueS` already. */
function holding(): Scenario {
  const other = { ...scenarioMarket, market: 1, fixedIndexTicks: 600_000 }
  const scenario = new Scenario({}, [scenarioMarket, other])
  scenario.play(`
    deposit alice 10_000
    deposit bob 10_000
    deposit carol 100_000
    at 60_000
    place carol sell 0.1 @ 60_000
    place bob buy 0.1 @ 60_000
    place bob buy 0.01 @ 59_000 m=1 as o`)
  named(scenario)
  return scenario
}

test('a reduction that the chain is to carry out holds its market until it is told', () => {
  const scenario = holding()
  const asked = { lots: 60, isLong: 1, dueS: 0 }
  scenario.send(bobs(noticeKind.reduceRequested, { noticeId: 2, ...asked }))
  expect(scenario.run('place bob sell 0.01 @ 60_000')).toBe('reject ASKED_ON_CHAIN')
  expect(scenario.run('place bob sell 0.01 @ 60_000 reduce')).toBe('reject ASKED_ON_CHAIN')
  expect(scenario.run('withdraw bob 1')).toBe('reject ASKED_ON_CHAIN')
  // No money was asked for: other markets stay open to bob, and what rests there stays.
  expect(scenario.run('place bob sell 0.01 @ 60_000 m=1')).toBe('rests')
  const reduced = { priceTicks: 600_000, feeQuote: 1, fundingIndex: 0 }
  scenario.send(bobs(noticeKind.reduced, { noticeId: 3, ...reduced, lots: -40, leftQuote: 20 }))
  expect(scenario.run('place bob sell 0.01 @ 60_000')).toBe('reject ASKED_ON_CHAIN')
  scenario.send(bobs(noticeKind.reduced, { noticeId: 4, ...reduced, lots: -20 }))
  expect(scenario.run('place bob sell 0.01 @ 60_000')).toBe('rests')
  expect(scenario.run('withdraw bob 1')).toBe('accepted')
})

test('money along with it holds everything that could need it', () => {
  const scenario = holding()
  const asked = { lots: 100, isLong: 1, dueS: 0, amountQuote: 9_000_000_000 }
  const events = scenario.send(bobs(noticeKind.reduceRequested, { noticeId: 2, ...asked }))
  expect(events.map(({ kind }) => kind)).toEqual(['ChainNoticed', 'OrderClosed'])
  expect(scenario.run('place bob buy 0.01 @ 59_000 m=1')).toBe('reject CLOSE_ONLY')
  expect(scenario.run('withdraw bob 1')).toBe('reject ASKED_ON_CHAIN')
  const part = { lots: -50, priceTicks: 600_000, fundingIndex: 0, leftQuote: 50 }
  const paid = { ...part, amountQuote: 8_999_999_999 }
  scenario.send(bobs(noticeKind.reduced, { noticeId: 3, ...paid }))
  expect(scenario.run('place bob buy 0.01 @ 59_000 m=1')).toBe('reject CLOSE_ONLY')
  // Another part, and the last of the money: what is left is lots alone.
  scenario.send(bobs(noticeKind.reduced, { noticeId: 4, ...part, amountQuote: 1 }))
  expect(scenario.run('place bob buy 0.01 @ 59_000 m=1')).toBe('rests')
  expect(scenario.run('withdraw bob 1')).toBe('reject ASKED_ON_CHAIN')
  // Taken back on-chain.
  scenario.send(bobs(noticeKind.reduceRequested, { noticeId: 5 }))
  expect(scenario.run('withdraw bob 1')).toBe('accepted')
})

test('a snapshot keeps what stands on-chain', () => {
  const scenario = holding()
  scenario.send(bobs(noticeKind.reduceRequested, { noticeId: 2, lots: 60, isLong: 1, dueS: 0 }))
  const restored = restoreEngine(scenario.engine.snapshot())
  const told = bobs(noticeKind.reduced, { noticeId: 3, lots: -60, priceTicks: 1 })
  const buffer = new CommandBuffer(1)
  buffer.load(0, encodeCommand(told, restored.seq + 1, scenario.timeMs))
  restored.apply(buffer, 0)
  scenario.send(told)
  expect(restored.stateHash()).toEqual(scenario.engine.stateHash())
})

const served = (events: readonly { kind: string }[]) =>
  events.some(({ kind }) => kind === 'PositionReduced')

// Rounded up once for each settlement: what the chain settles at once the engine may not settle in two steps.
test('the backstop is not settled past lots that the chain may be giving it', () => {
  const scenario = holding()
  scenario.play(`
    deposit dave 10_000
    place carol sell 0.1 @ 60_000
    place dave buy 0.1 @ 60_000`)
  let noticeId = 1
  const tell = (what: NoticeKind, number: number, changes: Partial<ChainNotice>) => {
    noticeId += 1
    return scenario.send(bobs(what, { noticeId, owner: ownerOf(number), ...changes }))
  }
  const { reduceRequested, reduced } = noticeKind
  const [bob, dave] = [2, 4]
  const soon = Math.floor(scenario.timeMs / 1_000) + 100_000
  expect(served(tell(reduceRequested, bob, { lots: 20, isLong: 1, dueS: soon }))).toBe(true)
  expect(served(tell(reduceRequested, dave, { lots: 20, isLong: 1, dueS: 0 }))).toBe(false)
  for (const rows of ['wait 20s', 'wait 20s', 'wait 3600s']) scenario.play(`\n at 60_000\n ${rows}`)
  scenario.run('at 60_000')
  const index = scenario.engine.market(0)?.fundingIndex ?? 0
  expect(index).not.toBe(0)
  const asked = { lots: 1, isLong: 1, dueS: soon }
  expect(served(tell(reduceRequested, bob, asked))).toBe(false)
  const move = { lots: -20, priceTicks: 600_000, fundingIndex: 0 }
  expect(served(tell(reduced, dave, move))).toBe(true)
  const events = tell(reduceRequested, bob, asked)
  const due = events.filter((event) => event.kind === 'FundingSettled' && event.accountId === 1)
  expect(due).toMatchObject([{ paymentQuote: Math.ceil((40 * index) / 1_000_000) }])
  // In two steps it would be another amount.
  const [some, rest] = [20, 20].map((lots) => Math.ceil((lots * index) / 1_000_000))
  expect((some ?? 0) + (rest ?? 0)).not.toBe(Math.ceil((40 * index) / 1_000_000))
})
