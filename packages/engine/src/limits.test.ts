// Every limit one below, at and one above: what exceeds it is refused with its code and changes nothing.
import {
  type ChainNotice,
  type Command,
  CommandBuffer,
  closeReason,
  decodeEvents,
  encodeCommand,
  limits,
  type Market,
  noticeKind,
  orderFlag,
  orderKind,
  orderStyle,
  type PlaceAdvancedOrder,
  type PlaceOrder,
  rejectName,
  triggerKind,
  triggerSource,
} from '@plumb/model'
import { describe, expect, test } from 'vitest'
import { accountHealth, openingEquity } from './account-health.ts'
import { openAccount } from './account-store.ts'
import { defaultLimits } from './engine-limits.ts'
import { createEngine, type EngineLimits } from './index.ts'
import { fundingDue } from './margin.ts'
import { placeMark } from './mark.ts'
import { clearHome, openPosition } from './position-store.ts'
import { checkInvariants } from './reference/invariants.ts'
import { Scenario, scenarioMarket } from './reference/scenario.ts'
import { GENESIS } from './reference/stream-admin.ts'
import {
  ACCOUNT_D,
  D_CASH,
  D_LOTS,
  D_SNAPSHOT,
  M_FUNDING_INDEX,
  M_IM_BPS,
  M_LISTED,
  M_MM_BPS,
  M_QUOTE_PER_TICK_LOT,
  POSITION_D,
} from './slabs.ts'
import { createState } from './state.ts'
import { withdrawableQuote } from './withdrawable.ts'

const zeros = (length: number) => new Uint8Array(length)
const none = { signer: zeros(20), signature: zeros(64) }
const advancedNone = {
  style: orderStyle.plain,
  triggerKind: triggerKind.none,
  triggerSource: triggerSource.mark,
  parentLane: 0,
  parentSeq: 0,
  ocoLane: 0,
  ocoSeq: 0,
  offsetTicks: 0,
  count: 0,
  seconds: 0,
  slippagePpm: 0,
  displayLots: 0,
}
/** Index and mark are constant, no bands, no fees: only the limit in question counts. */
const fixed = (changes: Partial<Market> = {}): Market => ({
  ...scenarioMarket,
  takerFee: 0,
  makerFee: 0,
  priceBandPpm: 0,
  maxOrderLots: limits.sizeLotsMax,
  maxPositionLots: 2 ** 44,
  quotePerTickLot: 1,
  fixedIndexTicks: 1,
  imBps: 1,
  mmBps: 1,
  ...changes,
})

class Venue extends Scenario {
  #deposits = 0

  /** 'ok', or the code of the refusal, which must have left the state as it was. */
  outcome(command: Command): string {
    const before = this.engine.stateHash()
    const refused = this.send(command).find((event) => event.kind === 'CommandRejected')
    checkInvariants(this.engine)
    if (refused === undefined) return 'ok'
    expect(this.engine.stateHash()).toEqual(before)
    return rejectName(refused.code)
  }

  credit(amountQuote: number, owner = 1, subaccount = 0): string {
    const depositId = this.#deposits + 1
    const said = this.outcome({
      kind: 'CreditDeposit',
      owner: zeros(20).fill(owner),
      subaccount,
      amountQuote,
      depositId,
      blockNumber: 1,
      txHash: zeros(32),
    })
    if (said === 'ok') this.#deposits = depositId
    return said
  }

  place(changes: Partial<PlaceOrder>): string {
    return this.outcome(this.order(changes))
  }

  order(changes: Partial<PlaceOrder>): PlaceOrder {
    return {
      kind: 'PlaceOrder',
      orderId: 0,
      accountId: 1,
      market: 0,
      side: 0,
      flags: 0,
      orderKind: 0,
      priceTicks: 1,
      sizeLots: 1,
      triggerTicks: 0,
      maxFee: 45,
      lane: 0,
      laneSeq: 1,
      expiryS: Math.floor(this.timeMs / 1_000) + 100_000,
      selfTrade: 0,
      clientOrderId: '',
      ...none,
      ...changes,
    }
  }
}

function venue(changes: Partial<Market> = {}, engineLimits: Partial<EngineLimits> = {}): Venue {
  const opened = new Venue(engineLimits, [fixed(changes)])
  opened.credit(limits.notionalQuoteMax - 1_000)
  return opened
}

const listedWith = (maxPositionLots: number) =>
  new Venue({}, []).outcome({ kind: 'ListMarket', ...fixed({ maxPositionLots }) })

const openedBy = (publisherCount: number) => {
  const engine = createEngine({ accounts: 1, openOrders: 1, positions: 1 })
  const buffer = new CommandBuffer(1)
  buffer.load(0, encodeCommand({ ...GENESIS, publisherCount, publisherQuorum: 1 }, 1, 1))
  engine.apply(buffer, 0)
  return decodeEvents(engine.events.bytes())[0]?.kind
}

const rests = (exchange: Venue, count: number, each: (n: number) => Partial<PlaceOrder>) =>
  Array.from({ length: count }, (_, n) => exchange.place({ lane: n, ...each(n) }))

/** What account 1's orders on the books reserve. */
const shown = (exchange: Venue) =>
  exchange.engine.reserved(1).map(({ side, lots, quote }) => [side, lots, quote])

describe('limits of the model', () => {
  const top = limits.priceTicksMax
  test.each<[string, number, string]>([
    ['one below the largest', top - 1, 'ok'],
    ['the largest', top, 'ok'],
    ['one above', top + 1, 'INVALID_TICK'],
    ['the smallest', 1, 'ok'],
    ['zero', 0, 'INVALID_TICK'],
    ['between two ticks', 1.5, 'INVALID_TICK'],
    ['no number', Number.NaN, 'INVALID_TICK'],
    ['without end', Infinity, 'INVALID_TICK'],
  ])('priceTicksMax: %s', (_, priceTicks, outcome) => {
    expect(venue().place({ priceTicks })).toBe(outcome)
  })

  const most = limits.sizeLotsMax
  test.each<[string, number, string]>([
    ['one below the largest', most - 1, 'ok'],
    ['the largest', most, 'ok'],
    ['one above', most + 1, 'MAX_SIZE'],
    ['zero', 0, 'INVALID_STEP'],
    ['a fraction', 0.5, 'INVALID_STEP'],
    ['without end', Infinity, 'INVALID_STEP'],
  ])('sizeLotsMax: %s', (_, sizeLots, outcome) => {
    expect(venue().place({ sizeLots })).toBe(outcome)
  })

  test.each<[string, number, number, string]>([
    ['one lot below', 2 ** 39 - 1, 8_192, 'ok'],
    ['at, which nobody can cover', 2 ** 39, 8_192, 'INSUFFICIENT_MARGIN'],
    ['one lot above', 2 ** 39 + 1, 8_192, 'MAX_NOTIONAL'],
    ['far beyond what a double tells apart', limits.sizeLotsMax, top, 'MAX_NOTIONAL'],
  ])('notionalQuoteMax of an order: %s', (_, sizeLots, priceTicks, outcome) => {
    expect(venue().place({ sizeLots, priceTicks })).toBe(outcome)
  })

  test.each([
    ['one lot below', 2 ** 39 - 1, 'ok'],
    ['at', 2 ** 39, 'INSUFFICIENT_MARGIN'],
  ])('notionalQuoteMax at mark of what an order would open: %s', (_, sizeLots, outcome) => {
    const exchange = venue({ fixedIndexTicks: 8_192 })
    expect(exchange.place({ sizeLots, priceTicks: 8_191 })).toBe(outcome)
  })

  // Cash is 2^52 − 1,000; a short of x adds x to it and x of position: gross 2^52 − 1,000 + 2x.
  test.each([
    ['one pair below', 499, -499],
    ['at', 500, 0],
  ])('notionalQuoteMax of an account, cash and position together: %s', (_, sizeLots, lots) => {
    const exchange = venue()
    exchange.credit(500, 2)
    expect(exchange.place({ accountId: 2, sizeLots: 1_000 })).toBe('ok')
    expect(exchange.place({ side: 1, sizeLots, flags: 4 })).toBe('ok')
    expect(exchange.engine.account(1)?.positions[0]?.lots ?? 0).toBe(lots)
  })

  const repriced = (changes: Partial<PlaceAdvancedOrder>): PlaceAdvancedOrder => ({
    ...new Venue({}, []).order({ side: 1, orderKind: orderKind.repricing, sizeLots: most }),
    ...advancedNone,
    expiryS: 1_800_000_000,
    ...changes,
    kind: 'PlaceAdvancedOrder',
  })

  test('notionalQuoteMax of one side’s orders: a peg that could not be counted waits', () => {
    const exchange = venue()
    const peg = { style: orderStyle.peg, flags: orderFlag.postOnly }
    for (const [lane, offsetTicks] of [4_096, 4_095].entries())
      expect(exchange.outcome(repriced({ ...peg, lane, offsetTicks }))).toBe('ok')
    expect(exchange.outcome({ kind: 'Tick' })).toBe('ok')
    // One tick further a peg would be worth 2^52 + 2^40 − 4,097.
    expect(shown(exchange)).toContainEqual([1, most, most * 4_096])
  })

  test('notionalQuoteMax of one side’s orders: a scale’s level that could not be counted closes it', () => {
    const exchange = new Venue({}, [fixed()])
    exchange.credit(2 ** 51)
    exchange.credit(2 ** 50, 2)
    const scale = { style: orderStyle.scale, flags: 0, count: 2 }
    for (const [lane, offsetTicks] of [8_190, 8_192].entries())
      expect(exchange.outcome(repriced({ ...scale, lane, offsetTicks }))).toBe('ok')
    // The first one's second level is worth just below 2^52, so the other has no room beside it.
    const take = { accountId: 2, sizeLots: (most + 1) / 2 }
    expect(exchange.place({ ...take, lane: 0 })).toBe('ok')
    expect(shown(exchange)).toContainEqual([1, most, ((most - 1) / 2) * 8_191 + (most + 1) / 2])
    const events = exchange.send(exchange.order({ ...take, lane: 1 }))
    expect(events.filter(({ kind }) => kind === 'OrderClosed')).toMatchObject([
      { accountId: 1, reason: closeReason.ioc, remainingLots: (most - 1) / 2 },
      { accountId: 2, reason: closeReason.filled },
    ])
    checkInvariants(exchange.engine)
  })

  test('maxPositionLots at its own largest, 2^44', () => {
    expect([2 ** 44 - 1, 2 ** 44, 2 ** 44 + 1].map(listedWith)).toEqual([
      'ok',
      'ok',
      'INVALID_PARAMETER',
    ])
    const orders = venue({ maxPositionLots: 10 })
    expect([9, 1, 1].map((sizeLots, lane) => orders.place({ sizeLots, lane }))).toEqual([
      'ok',
      'ok',
      'POSITION_LIMIT',
    ])
  })

  test('deposits add up to 2^52 at most, whatever is asked', () => {
    const bank = new Venue({}, [fixed()])
    expect(bank.credit(limits.notionalQuoteMax + 1)).toBe('CAPACITY')
    expect(bank.credit(limits.notionalQuoteMax - 1)).toBe('ok')
    expect(bank.credit(2)).toBe('CAPACITY')
    expect(bank.credit(1, 2)).toBe('ok')
    expect(bank.credit(1, 3)).toBe('CAPACITY')
    expect(bank.credit(limits.cashQuoteMax)).toBe('CAPACITY')
    expect(bank.credit(limits.cashQuoteMax + 1)).toBe('INVALID_PARAMETER')
    for (const amount of [0, -1, 0.5, Number.NaN])
      expect(bank.credit(amount)).toBe('INVALID_PARAMETER')
  })

  test('marketsMax', () => {
    const exchange = new Venue({}, [])
    const list = (market: number) => exchange.outcome({ kind: 'ListMarket', ...fixed({ market }) })
    expect([-1, 62, 63, 64].map(list)).toEqual([
      'INVALID_PARAMETER',
      'ok',
      'ok',
      'INVALID_PARAMETER',
    ])
    expect(() => createEngine({ markets: limits.marketsMax + 1 })).toThrow('at most 64 markets')
  })

  test('subaccountsMax', () => {
    const exchange = new Venue({}, [fixed()])
    expect([-1, 0, 254, 255, 256].map((sub) => exchange.credit(1, 1, sub))).toEqual([
      'INVALID_PARAMETER',
      'ok',
      'ok',
      'ok',
      'INVALID_PARAMETER',
    ])
  })

  test('lanesPerAccountMax and laneSeqMax', () => {
    const lanes = venue()
    const last = limits.lanesPerAccountMax - 1
    const outcomes = [-1, last - 1, last, last + 1].map((lane) => lanes.place({ lane }))
    expect(outcomes).toEqual(['INVALID_LANE', 'ok', 'ok', 'INVALID_LANE'])
    const spent = (laneSeq: number) => lanes.place({ lane: 5, laneSeq, flags: 4, side: 1 })
    lanes.credit(500, 2)
    expect(spent(limits.laneSeqMax - 1)).toBe('ok')
    expect(spent(limits.laneSeqMax)).toBe('ok')
    expect(spent(limits.laneSeqMax)).toBe('NONCE_USED')
    expect(spent(0)).toBe('NONCE_USED')
  })

  test('maxFeeMax', () => {
    const fees = [-1, 0, limits.maxFeeMax, limits.maxFeeMax + 1]
    expect(fees.map((maxFee) => venue().place({ maxFee }))).toEqual([
      'INVALID_PARAMETER',
      'ok',
      'ok',
      'INVALID_PARAMETER',
    ])
  })

  test('lengths of texts are the codec’s: what is longer never becomes a command', () => {
    const exchange = venue()
    const id = 'x'.repeat(limits.clientOrderIdLengthMax)
    expect(exchange.place({ clientOrderId: id.slice(1) })).toBe('ok')
    expect(exchange.place({ clientOrderId: id, lane: 1 })).toBe('ok')
    const order = exchange.order({ clientOrderId: `${id}x` })
    expect(() => encodeCommand(order, 1, 1)).toThrow('37 characters, at most 36')
    const symbol = 'S'.repeat(limits.symbolLengthMax)
    expect(exchange.outcome({ kind: 'ListMarket', ...fixed({ market: 1, symbol }) })).toBe('ok')
    expect(() =>
      encodeCommand({ kind: 'ListMarket', ...fixed({ symbol: `${symbol}S` }) }, 1, 1),
    ).toThrow('17 characters, at most 16')
  })

  test('publishersMax and pricesPerPage', () => {
    expect([0, 1, limits.publishersMax, limits.publishersMax + 1].map(openedBy)).toEqual([
      'CommandRejected',
      'ExchangeOpened',
      'ExchangeOpened',
      'CommandRejected',
    ])
    const exchange = venue({ fixedIndexTicks: 0 })
    const observe = (count: number, page = 0, publisher = 0) =>
      exchange.outcome({
        kind: 'ObservePrice',
        publisher,
        page,
        count,
        publishTimeMs: exchange.timeMs++,
        signature: zeros(64),
        prices: Array.from({ length: limits.pricesPerPage }, () => 7),
      })
    expect(
      [0, 1, limits.pricesPerPage, limits.pricesPerPage + 1].map((count) => observe(count)),
    ).toEqual(['INVALID_PARAMETER', 'ok', 'ok', 'INVALID_PARAMETER'])
    expect([-1, 1, 2].map((page) => observe(1, page))).toEqual([
      'INVALID_PARAMETER',
      'ok',
      'INVALID_PARAMETER',
    ])
    expect([-1, 2, 3].map((publisher) => observe(1, 0, publisher))).toEqual([
      'UNKNOWN_PUBLISHER',
      'ok',
      'UNKNOWN_PUBLISHER',
    ])
  })
})

const notice = (changes: Partial<ChainNotice>): ChainNotice => ({
  kind: 'ChainNotice',
  noticeId: 1,
  what: noticeKind.terms,
  market: 0,
  subaccount: 0,
  owner: zeros(20).fill(1),
  backstop: zeros(20).fill(2),
  blockNumber: 1,
  txHash: zeros(32),
  ...changes,
})
/** Account 1 has 1,000, two accounts of the backstop as much together. */
const told = (changes: Partial<ChainNotice>) => {
  const exchange = new Venue({}, [fixed()])
  exchange.credit(1_000)
  for (const subaccount of [0, 1]) exchange.credit(500, 2, subaccount)
  return exchange.outcome(notice(changes))
}

describe('limits of what the contract tells', () => {
  test.each([
    ['the largest', 10_000, 10_000, 'ok'],
    ['more than the notional', 10_001, 10_000, 'INVALID_PARAMETER'],
    ['no initial margin', 0, 0, 'INVALID_PARAMETER'],
    ['no maintenance margin', 500, 0, 'INVALID_PARAMETER'],
    ['maintenance above initial', 500, 501, 'INVALID_PARAMETER'],
  ])('marginsSet: %s', (_, lane, laneSeq, outcome) => {
    expect(told({ what: noticeKind.marginsSet, lane, laneSeq })).toBe(outcome)
  })

  const worth = 2 ** 52 - 1_001
  test.each<[string, Partial<ChainNotice>, string]>([
    ['worth as much as can be counted', { lots: -1, priceTicks: worth }, 'ok'],
    ['worth one more', { lots: -1, priceTicks: worth + 1 }, 'INVALID_PARAMETER'],
    ['the fee one more', { lots: -1, priceTicks: worth, feeQuote: 1 }, 'INVALID_PARAMETER'],
    ['as many lots as can be held', { lots: 2 ** 44, priceTicks: 1 }, 'ok'],
    ['one lot more', { lots: 2 ** 44 + 1, priceTicks: 1 }, 'INVALID_PARAMETER'],
    ['the index at its end', { lots: 1, priceTicks: 1, fundingIndex: -(2 ** 52) }, 'ok'],
    ['beyond it', { lots: 1, priceTicks: 1, fundingIndex: -(2 ** 52) - 1 }, 'INVALID_PARAMETER'],
    ['to a backstop that is not here', { lots: 1, backstop: zeros(20).fill(3) }, 'UNKNOWN_ACCOUNT'],
    ['of an account that is not', { lots: 1, owner: zeros(20).fill(3) }, 'ok'],
    ['of the backstop itself', { lots: 1, owner: zeros(20).fill(2) }, 'ok'],
    ['paid more than came in', { lots: 0, amountQuote: 2_001 }, 'INVALID_PARAMETER'],
  ])('reduced: %s', (_, changes, outcome) => {
    expect(told({ what: noticeKind.reduced, ...changes })).toBe(outcome)
  })

  test.each<[string, Partial<ChainNotice>, string]>([
    ['for nothing', { lots: -1 }, 'ok'],
    ['for as much as can be counted', { lots: 1, amountQuote: worth }, 'ok'],
    ['for one more', { lots: 1, amountQuote: worth + 1 }, 'INVALID_PARAMETER'],
    ['of no lots', { amountQuote: 1 }, 'INVALID_PARAMETER'],
    ['of as many lots as can be held', { lots: -(2 ** 44) }, 'ok'],
    ['of one more', { lots: -(2 ** 44) - 1 }, 'INVALID_PARAMETER'],
    ['for less than nothing', { lots: 1, amountQuote: -1 }, 'INVALID_PARAMETER'],
    ['beyond the last index', { lots: 1, fundingIndex: 2 ** 52 + 1 }, 'INVALID_PARAMETER'],
    ['insured by an empty tranche', { lots: 1, leftQuote: 1 }, 'INVALID_PARAMETER'],
    ['in no market', { lots: 1, market: 1 }, 'UNKNOWN_MARKET'],
  ])('takenOver: %s', (_, changes, outcome) => {
    expect(told({ what: noticeKind.takenOver, ...changes })).toBe(outcome)
  })

  test.each([
    [2_000, 'ok'],
    [2_001, 'INVALID_PARAMETER'],
  ])('withdrawClaimed: %i of the 2,000 that came in', (amountQuote, outcome) => {
    expect(told({ what: noticeKind.withdrawClaimed, amountQuote })).toBe(outcome)
  })
})

describe('limits of one engine', () => {
  test('accounts', () => {
    const exchange = new Venue({ accounts: 2 }, [fixed()])
    expect([1, 2, 3].map((owner) => exchange.credit(10, owner))).toEqual(['ok', 'ok', 'CAPACITY'])
    expect(exchange.credit(10, 2)).toBe('ok')
    const to = (accountId: number, toSubaccount: number): string =>
      exchange.outcome({
        kind: 'Transfer',
        accountId,
        toSubaccount,
        amountQuote: 1,
        lane: 0,
        laneSeq: 1,
        expiryS: Math.floor(exchange.timeMs / 1_000) + 1_000,
        ...none,
      })
    expect(to(1, 1)).toBe('CAPACITY')
  })

  test('markets', () => {
    const exchange = new Venue({ markets: 2 }, [])
    const list = (market: number) => exchange.outcome({ kind: 'ListMarket', ...fixed({ market }) })
    expect([0, 1, 2].map(list)).toEqual(['ok', 'ok', 'INVALID_PARAMETER'])
  })

  test('openOrders and ordersPerAccount', () => {
    const exchange = venue({}, { openOrders: 3 })
    expect(rests(exchange, 4, () => ({}))).toEqual(['ok', 'ok', 'ok', 'CAPACITY'])
    const own = venue({}, { ordersPerAccount: 2 })
    expect(rests(own, 3, () => ({}))).toEqual(['ok', 'ok', 'OPEN_ORDERS_LIMIT'])
    expect(() => createEngine({ openOrders: 2 ** 20 + 1 })).toThrow('openOrders at most 2^20')
  })

  test('positions', () => {
    const exchange = new Venue({ positions: 2 }, [
      fixed(),
      fixed({ market: 1 }),
      fixed({ market: 2 }),
    ])
    exchange.credit(1_000)
    expect(rests(exchange, 3, (market) => ({ market }))).toEqual(['ok', 'ok', 'CAPACITY'])
  })

  test('positions: beyond them only what the chain has done takes a place, one for each account and two for each market', () => {
    const exchange = new Venue(
      { positions: 1, accounts: 4, markets: 5 },
      [0, 1, 2, 3, 4].map((market) => fixed({ market })),
    )
    for (const owner of [1, 2, 3, 4]) exchange.credit(1_000, owner)
    expect(rests(exchange, 2, (market) => ({ market }))).toEqual(['ok', 'CAPACITY'])
    let noticeId = 0
    const reduced = (owner: number, market: number, lots = -1) => {
      const what = noticeKind.reduced
      const move = { noticeId: noticeId + 1, what, market, lots, owner: zeros(20).fill(owner) }
      const said = exchange.outcome(notice({ ...move, priceTicks: 1 }))
      if (said === 'ok') noticeId += 1
      return said
    }
    // 1 + 4 + 2 x 5 places: three accounts and the backstop in three markets, two and the backstop in the next.
    for (const market of [0, 1, 2])
      expect([1, 3, 4].map((owner) => reduced(owner, market))).toEqual(['ok', 'ok', 'ok'])
    expect([1, 3, 4].map((owner) => reduced(owner, 3))).toEqual(['ok', 'ok', 'CAPACITY'])
    // A place becomes free, and the same notice is taken.
    expect(reduced(3, 0, 1)).toBe('ok')
    expect(reduced(4, 3)).toBe('ok')
    expect(exchange.engine.account(4)?.positions).toHaveLength(4)
    expect(exchange.place({ market: 4, lane: 9 })).toBe('CAPACITY')
  })

  test('pages and pageDirectories', () => {
    const paged = venue({}, { pages: 2 })
    expect(rests(paged, 3, (n) => ({ priceTicks: 1 + 1_024 * n }))).toEqual([
      'ok',
      'ok',
      'CAPACITY',
    ])
    const ranged = venue({}, { pageDirectories: 1 })
    expect(rests(ranged, 2, (n) => ({ priceTicks: 1 + 2 ** 21 * n }))).toEqual(['ok', 'CAPACITY'])
  })

  test('lanePages: blocks beyond an account’s first sixteen lanes', () => {
    const exchange = venue({}, { lanePages: 1 })
    expect([15, 16, 31, 32].map((lane) => exchange.place({ lane }))).toEqual([
      'ok',
      'ok',
      'ok',
      'CAPACITY',
    ])
  })

  test('clientIds: the oldest closed one is forgotten, an open one never', () => {
    const exchange = venue({}, { openOrders: 2, clientIds: 3 })
    expect(() => createEngine({ openOrders: 2, clientIds: 2 })).toThrow(
      'clientIds must exceed openOrders',
    )
    const fill = (clientOrderId: string, laneSeq: number) =>
      exchange.place({ clientOrderId, laneSeq, lane: 1, side: 1, priceTicks: 9 })
    const cancel = (clientOrderId: string) =>
      exchange.outcome({ kind: 'CancelOrder', accountId: 1, orderId: 0, clientOrderId })
    expect(exchange.place({ clientOrderId: 'open' })).toBe('ok')
    for (const [n, id] of ['a', 'b', 'c'].entries()) {
      expect(fill(id, n + 1)).toBe('ok')
      expect(cancel(id)).toBe('ok')
    }
    // Three are remembered: open, b, c. The first is new again, the others name what they named.
    expect(fill('b', 9)).toBe('DUPLICATE_CLIENT_ORDER_ID')
    expect(fill('a', 10)).toBe('ok')
    expect(cancel('open')).toBe('ok')
  })

  test('clientIdsRememberedPerAccount: one more forgets the first', () => {
    const exchange = venue()
    const closed = (n: number) => {
      const clientOrderId = `c${n}`
      exchange.send(exchange.order({ clientOrderId, laneSeq: n }))
      exchange.send({ kind: 'CancelOrder', accountId: 1, orderId: 0, clientOrderId })
    }
    const again = () => exchange.place({ clientOrderId: 'c1', lane: 3, laneSeq: 1 })
    for (let n = 1; n <= limits.clientIdsRememberedPerAccount; n++) closed(n)
    expect(again()).toBe('DUPLICATE_CLIENT_ORDER_ID')
    closed(limits.clientIdsRememberedPerAccount + 1)
    expect(again()).toBe('ok')
  })

  test('pendingWithdrawals', () => {
    const exchange = venue({}, { pendingWithdrawals: 2 })
    const withdraw = (lane: number) =>
      exchange.outcome({
        kind: 'RequestWithdrawal',
        accountId: 1,
        amountQuote: 1,
        lane,
        laneSeq: 1,
        expiryS: Math.floor(exchange.timeMs / 1_000) + 1_000,
        ...none,
      })
    expect([0, 1, 2].map(withdraw)).toEqual(['ok', 'ok', 'CAPACITY'])
  })
})

// No stream of commands gets here in a lifetime, so the slabs are set by hand.
test('funding due beyond 2^53 freezes its account, and throws nowhere', () => {
  const state = createState({ ...defaultLimits, accounts: 2, openOrders: 4, positions: 4 })
  const m = 0
  state.markets[m + M_LISTED] = 1
  state.markets[m + M_QUOTE_PER_TICK_LOT] = 1
  state.markets[m + M_IM_BPS] = 500
  state.markets[m + M_MM_BPS] = 250
  placeMark(state, 0, 1, 1)
  const account = openAccount(state.accounts, new Int32Array(5), 0, 0, 0)
  clearHome(state.positions, account)
  const record = openPosition(state.positions, state.accounts, account, 0)
  const p = record * POSITION_D
  const health = new Float64Array(3)
  state.accounts.f64[account * ACCOUNT_D + D_CASH] = 1_000_000
  state.positions.f64[p + D_SNAPSHOT] = -(2 ** 52)
  state.markets[m + M_FUNDING_INDEX] = 2 ** 52
  for (const [lots, due] of [
    [999_999, 9_007_190_247_541_738],
    [1_000_000, Number.MAX_SAFE_INTEGER],
    [2 ** 44, Number.MAX_SAFE_INTEGER],
    [-(2 ** 44), -Number.MAX_SAFE_INTEGER],
  ] as const) {
    state.positions.f64[p + D_LOTS] = lots
    expect(fundingDue(state, record)).toBe(due)
    expect(accountHealth(state, account, health)).toBe(false)
    expect(openingEquity(state, account)).toBe(-Infinity)
    expect(withdrawableQuote(state, account)).toBe(0)
  }
})
