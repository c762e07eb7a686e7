import { orderFlag, timeInForce } from '@plumb/model'
import { beforeEach, describe, expect, test } from 'vitest'
import type { PricesSegment, Segment } from './batch.ts'
import { BatchBuilder, type BatchHeader } from './batch-builder.ts'
import { type MatchedFill, OpenFills, type SignedOrder } from './open-fills.ts'
import { SettlementTwin } from './settlement-twin.ts'

const TIME_S = 1_800_000_000
const owner = (digit: number): string => `0x${String(digit).repeat(40)}`
const [ALICE, BOB, CAROL] = [owner(1), owner(2), owner(3)]
const publishers = [5, 6, 7].map(owner)
const MARK = 600_000

const market = {
  market: 0,
  symbol: 'BTC-PERP',
  tickE8: 10_000_000,
  lotE8: 10_000,
  quotePerTickLot: 10,
  imBps: 500,
  mmBps: 250,
  takerFee: 45,
  makerFee: 15,
  minOrderLots: 1,
  maxOrderLots: 1_000_000,
  maxPositionLots: 1_000_000,
  minNotionalQuote: 0,
  maxOpenInterestLots: 0,
  priceBandPpm: 0,
  markBandPpm: 30_000,
  fixedIndexTicks: 0,
}

const prices = (markTicks: number): PricesSegment => ({
  kind: 'Prices',
  vectors: publishers.map((signer, publisher) => ({
    publisher,
    signer,
    page: 0,
    publishTimeMs: TIME_S * 1_000,
    signature: new Uint8Array(64),
    prices: [markTicks],
  })),
  marks: [{ market: 0, markTicks }],
})

let laneSeq = 0
const order = (who: string, side: 0 | 1, part: Partial<SignedOrder> = {}): SignedOrder => ({
  owner: who,
  signature: new Uint8Array(64),
  market: 0,
  subaccount: 0,
  side,
  flags: 0,
  kind: 0,
  priceTicks: MARK,
  triggerTicks: 0,
  sizeLots: 1_000,
  maxFee: 50,
  lane: 0,
  laneSeq: ++laneSeq,
  expiryS: TIME_S + 1_000,
  ...part,
})
const fill = (taker: SignedOrder, maker: SignedOrder, sizeLots: number): MatchedFill => ({
  taker,
  maker,
  sizeLots,
  priceTicks: maker.priceTicks,
  takerFee: 0,
  makerFee: 0,
})
const fillsOf = (fills: readonly MatchedFill[]): Segment => {
  const state = new SettlementTwin({ settlementLagS: 600, markAgeMaxS: 3_600 })
  state.setPublishers(publishers, 3)
  state.listMarket(market, TIME_S)
  for (const who of [ALICE, BOB, CAROL]) state.deposit(who, 0, 1_000_000_000)
  state.applySegment(prices(MARK), TIME_S)
  const open = new OpenFills(state.state, TIME_S)
  expect(open.tryFills(fills)).toBeNull()
  return open.build()
}
const withdrawal = (lane: number) => ({
  owner: CAROL,
  signature: new Uint8Array(64),
  subaccount: 0,
  amountQuote: 400_000_000,
  lane,
  laneSeq: 1,
  expiryS: TIME_S,
})
const header: BatchHeader = {
  batchNo: 1,
  toSeq: 9,
  hashSeq: 9,
  journalHash: new Uint8Array(32),
  stateHash: 0n,
}

describe('BatchBuilder cuts segments where the aggregate would be refused', () => {
  let twin: SettlementTwin
  let fresh: SettlementTwin
  let builder: BatchBuilder

  beforeEach(() => {
    twin = new SettlementTwin({ settlementLagS: 600, markAgeMaxS: 3_600 })
    twin.setPublishers(publishers, 3)
    twin.listMarket(market, TIME_S)
    for (const who of [ALICE, BOB, CAROL]) twin.deposit(who, 0, 1_000_000_000)
    fresh = twin.clone()
    builder = new BatchBuilder(twin, TIME_S)
    expect(builder.addPrices(prices(MARK))).toBeNull()
  })

  const kinds = () => {
    const batch = builder.finish(header)
    // What the builder made, the contract's twin accepts whole, and both end equal.
    expect(fresh.applyBatch(batch, { timeS: TIME_S })).toEqual({ ok: true })
    for (const who of [ALICE, BOB, CAROL])
      expect(fresh.account(who, 0)).toEqual(twin.account(who, 0))
    expect(fresh.accountedQuote).toBe(3_000_000_000n - fresh.totals.withdrawn)
    return batch.segments.map(({ kind }) => kind)
  }

  test('fills that fit together share a segment, sorted, whoever took', () => {
    const maker = order(BOB, 1)
    expect(builder.addFills([fill(order(CAROL, 0), maker, 10)])).toBeNull()
    expect(builder.addFills([fill(order(ALICE, 0), maker, 20)])).toBeNull()
    expect(kinds()).toEqual(['Prices', 'Fills'])
    expect(twin.account(BOB, 0).positions[0]?.size).toBe(-30n)
  })

  test('a reducing order after one that opened waits for the next segment', () => {
    const opened = fill(order(ALICE, 0), order(BOB, 1), 100)
    const reduced = fill(
      order(ALICE, 1, { flags: orderFlag.reduceOnly, lane: 1 }),
      order(BOB, 0),
      50,
    )
    expect(builder.addFills([opened])).toBeNull()
    expect(builder.addFills([reduced])).toBeNull()
    expect(kinds()).toEqual(['Prices', 'Fills', 'Fills'])
  })

  test('the owner’s fill that takes the position beyond a session key’s limit waits for the next segment', () => {
    const key = owner(9)
    for (const known of [twin, fresh])
      known.state.setSessionKey(key, {
        owner: ALICE,
        subaccount: 0,
        allSubaccounts: false,
        expiryS: TIME_S,
        notionalLeft: 150n * BigInt(MARK) * 10n,
        markets: 1n,
        maxPosition: 100n,
        maxOrderNotional: 2n ** 64n - 1n,
      })
    const keyed = order(key, 0, { flags: orderFlag.sessionKey, lane: 1 })
    const maker = order(BOB, 1)
    expect(builder.addFills([fill(keyed, maker, 100)])).toBeNull()
    expect(builder.addFills([fill(order(ALICE, 0, { lane: 2 }), maker, 20)])).toBeNull()
    // Of its notional fifty lots are left, of its position nothing.
    expect(builder.addFills([fill(keyed, maker, 51)])).toBe('KEY_NOTIONAL')
    expect(builder.addFills([fill(keyed, maker, 1)])).toBe('KEY_POSITION')
    expect(kinds()).toEqual(['Prices', 'Fills', 'Fills'])
    expect(twin.state.sessionKey(key)?.notionalLeft).toBe(50n * BigInt(MARK) * 10n)
    expect(twin.account(ALICE, 0).positions[0]?.size).toBe(120n)
  })

  test('prices come in where fresh marks are what is missing', () => {
    // 1,000 USDC carry 3,333 lots at 5 %.
    expect(
      builder.addFills([
        fill(order(ALICE, 0, { sizeLots: 3_300 }), order(BOB, 1, { sizeLots: 3_300 }), 3_300),
      ]),
    ).toBeNull()
    const more = fill(
      order(ALICE, 0, { lane: 1, priceTicks: 612_000 }),
      order(CAROL, 1, { priceTicks: 612_000 }),
      500,
    )
    expect(builder.addFills([more])).toBe('NOT_SETTLEABLE')
    expect(builder.addFills([more], () => [prices(612_000)])).toBeNull()
    expect(kinds()).toEqual(['Prices', 'Fills', 'Prices', 'Fills'])
  })

  test('a refused fill leaves no trace', () => {
    const tooMuch = fill(
      order(ALICE, 0, { sizeLots: 9_000 }),
      order(BOB, 1, { sizeLots: 9_000 }),
      9_000,
    )
    expect(builder.addFills([tooMuch])).toBe('NOT_SETTLEABLE')
    expect(builder.addFills([fill(order(ALICE, 0), order(BOB, 1), 1)])).toBeNull()
    expect(kinds()).toEqual(['Prices', 'Fills'])
  })

  test('a fill-or-kill order settles whole in its batch, over as many segments as it takes', () => {
    const flags = timeInForce.fok << 2
    const taker = order(ALICE, 0, { flags, sizeLots: 40 })
    const opens = fill(order(CAROL, 0), order(BOB, 1), 10)
    expect(builder.addFills([opens])).toBeNull()
    // Carol's reducing sell and the one that goes on to open cannot be judged in one segment.
    const reduces = order(CAROL, 1, { flags: orderFlag.reduceOnly, lane: 1 })
    expect(builder.addFills([fill(taker, reduces, 10)])).toBeNull()
    expect(() => builder.finish(header)).toThrow('fill-or-kill')
    expect(builder.addFills([fill(taker, order(CAROL, 1, { lane: 2 }), 30)])).toBeNull()
    expect(kinds()).toEqual(['Prices', 'Fills', 'Fills', 'Fills'])
    expect(twin.account(ALICE, 0).positions[0]?.size).toBe(40n)
  })

  test('and never less than whole', () => {
    const flags = timeInForce.fok << 2
    const part = fill(order(ALICE, 0, { flags, sizeLots: 40 }), order(BOB, 1), 10)
    expect(builder.addFills([part])).toBeNull()
    builder.close()
    const segments = [prices(MARK), fillsOf([part])]
    expect(fresh.applyBatch({ ...header, segments }, { timeS: TIME_S })).toEqual({
      ok: false,
      error: { code: 'FOK_NOT_FILLED', segment: 1, index: 0 },
    })
  })

  test('withdrawals, funding and fills keep their order', () => {
    expect(builder.addFills([fill(order(ALICE, 0), order(BOB, 1), 10)])).toBeNull()
    expect(builder.addWithdrawal(withdrawal(1))).toBeNull()
    expect(builder.addWithdrawal(withdrawal(2))).toBeNull()
    expect(builder.addWithdrawal(withdrawal(3))).toBe('NOT_SETTLEABLE')
    expect(builder.addFunding([{ market: 0, fundingIndex: 0 }])).toBeNull()
    expect(builder.addFills([fill(order(ALICE, 1), order(BOB, 0), 10)])).toBeNull()
    expect(kinds()).toEqual(['Prices', 'Fills', 'Withdrawals', 'Funding', 'Fills'])
  })

  test('a changed fee rate and another order of the same number wait for the next segment', () => {
    const maker = order(BOB, 1)
    expect(builder.addFills([{ ...fill(order(ALICE, 0), maker, 1), takerFee: 5 }])).toBeNull()
    const changed = { ...fill(order(ALICE, 0, { lane: 1 }), maker, 1), makerFee: 3 }
    expect(builder.addFills([changed])).toBeNull()
    expect(kinds()).toEqual(['Prices', 'Fills', 'Fills'])
  })
})
