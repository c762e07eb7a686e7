import { describe, expect, test } from 'vitest'
import { newMarket } from './new-market.ts'
import { type Claim, judge } from './scenario-claims.ts'
import type { ScenarioPlan } from './scenario-plan.ts'
import type { Liquidation, ScenarioRecord } from './scenario-record.ts'

const plan: ScenarioPlan = {
  name: 'test',
  title: 'A test',
  story: '',
  market: newMarket({ symbol: 'BTC-PERP', price: 60_000, tick: 0.1, lot: 0.0001 }, 0),
  files: [],
  feeds: [],
  startAt: '2026-01-01T00:00:00Z',
  endAt: '2026-01-01T00:01:00Z',
  speed: 1,
  cast: [],
  insuranceUsdc: 1,
  backstopUsdc: 1,
  makerQuoteUsdc: 1,
  falsePrint: { series: 'liar', below: 30_000, indexAbove: 44_000 },
}
const member = (name: string, accountId: number, fate: 'liquidated' | 'survives') => ({
  name,
  accountId,
  fate,
  side: 'long' as const,
  usdc: 1,
  leverage: 1,
  note: '',
  address: '0x',
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- judging never trades
  trader: undefined as never,
})
const cast = [member('amy', 1, 'survives'), member('eva', 2, 'liquidated')]
const at = { seq: 9, timeMs: 1_000, leg: 0 }

const liquidation = (): Liquidation => ({
  why: {
    ...at,
    kind: 'LiquidationExplained',
    accountId: 2,
    market: 0,
    markTicks: 500_000,
    indexTicks: 500_000,
    equityQuote: 99,
    maintenanceQuote: 100,
    initialQuote: 200,
    positionLots: 10,
    sizeLots: 10,
    limitTicks: 0,
    trancheQuote: 0,
    stage: 4,
  },
  outcomes: [
    {
      ...at,
      kind: 'AdlRound',
      accountId: 2,
      market: 0,
      closedLots: 10,
      deficitQuote: 7,
      insuranceQuote: 0,
      realizedQuote: 0,
      trancheQuote: 0,
      participants: 1,
    },
  ],
  deleveraged: [
    {
      ...at,
      kind: 'AdlExecuted',
      accountId: 1,
      market: 0,
      markTicks: 500_000,
      sizeLots: -10,
      quote: -5_000_000,
      deficitQuote: 7,
      positionLots: 0,
      realizedQuote: 0,
      victimAccountId: 2,
      rank: 1,
    },
  ],
})
const record = (change: Partial<ScenarioRecord> = {}): ScenarioRecord => ({
  lastSeq: 9,
  commands: 9,
  prices: [{ timeMs: 1_000, indexTicks: 500_000, markTicks: 501_000 }],
  money: [{ timeMs: 1_000, insuranceQuote: 5, backstopEquityQuote: 5 }],
  liquidations: [liquidation()],
  sumsCompared: 1,
  firstLeak: undefined,
  before: new Map(),
  after: new Map(),
  insuranceQuote: 5,
  badDebtQuote: 0,
  depositsQuote: 10,
  unhealthy: [],
  ...change,
})
const equal: Claim = { claim: 'Engine, ledger and contract agree', ok: true, evidence: '' }
const failures = (change: Partial<ScenarioRecord>, seen = 20_000, sides = equal) =>
  judge(plan, cast, record(change), seen, sides)
    .filter(({ ok }) => !ok)
    .map(({ evidence }) => evidence)

const broken = (change: (one: Liquidation) => void) => {
  const one = liquidation()
  change(one)
  return { liquidations: [one] }
}

describe('claims', () => {
  test('hold for a record without fault', () => {
    expect(failures({})).toEqual([])
  })

  const low = { timeMs: 1_000, indexTicks: 430_000, markTicks: 430_000 }
  test.each<[string, Partial<ScenarioRecord>, RegExp]>([
    ['a survivor fell', broken((one) => (one.why.accountId = 1)), /amy was liquidated/],
    ['nobody fell', { liquidations: [] }, /eva was not liquidated/],
    ['somebody is left', { unhealthy: [7] }, /account 7 is left/],
    ['healthy, yet liquidated', broken((one) => (one.why.equityQuote = 100)), /equity 100 ≥ 100/],
    ['nothing done', broken((one) => one.outcomes.splice(0)), /nothing done/],
    ['lots do not add up', broken((one) => one.deleveraged.splice(0)), /0 lots and 0 of 10 and 7/],
    ['money lost', { firstLeak: 'seq 4: -1 micro-USDC too much' }, /seq 4: -1/],
    ['debt', { badDebtQuote: 3 }, /3 micro-USDC of bad debt/],
    ['a mark out of its band', { prices: [{ ...low, markTicks: 435_000 }] }, /mark 435000/],
    ['an index that followed the print', { prices: [low] }, /the index fell to 43000/],
  ])('fail when there is %s', (_, change, why) => {
    expect(failures(change).join('\n')).toMatch(why)
  })

  test('fail when the print was never heard, or the sides differ', () => {
    expect(failures({}, 50_000).join()).toMatch(/never heard/)
    expect(failures({}, 20_000, { ...equal, ok: false, evidence: 'differs' })).toEqual(['differs'])
  })
})
