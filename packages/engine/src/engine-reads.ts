//! The state as objects, for services and tests. Not for the hot path: these allocate.
import { limits, type MarketState, type Side } from '@plumb/model'
import { pageOf, priceAbove, priceBelow } from './book-store.ts'
import { findLane, orderOfLane } from './lane-store.ts'
import { equityOf, fundingDue, marketRequirement } from './margin.ts'
import { orderIdOf, slotOfOrder } from './order-store.ts'
import { headOf } from './rest-order.ts'
import * as at from './slabs.ts'
import type { EngineState } from './state.ts'
import { withdrawableQuote } from './withdrawable.ts'

export type PositionView = {
  market: number
  lots: number
  /** Σ price·Δlots·q, signed like the position. */
  entryCostQuote: number
  /** Cumulative funding index when its funding was last settled. */
  fundingIndex: number
  /** Due and not yet settled; positive = the account pays. */
  fundingDueQuote: number
}
export type LaneView = {
  lane: number
  seq: number
  filledLots: number
  /** Live order, 0 if none. */
  orderId: number
}
export type OrderView = {
  orderId: number
  accountId: number
  market: number
  side: Side
  flags: number
  priceTicks: number
  sizeLots: number
  remainingLots: number
  maxFee: number
  lane: number
  laneSeq: number
  expiryS: number
}
export type AccountView = {
  accountId: number
  /** 20 bytes. */
  owner: Uint8Array
  subaccount: number
  cashQuote: number
  /** Cash + positions at mark, funding settled. */
  equityQuote: number
  /** Σ initial margin with open orders. */
  initialMarginQuote: number
  withdrawableQuote: number
  openOrders: number
  positions: PositionView[]
}
export type MarketView = {
  market: number
  symbol: string
  state: MarketState
  tickE8: number
  lotE8: number
  quotePerTickLot: number
  imBps: number
  mmBps: number
  takerFee: number
  makerFee: number
  minOrderLots: number
  maxOrderLots: number
  maxPositionLots: number
  minNotionalQuote: number
  maxOpenInterestLots: number
  priceBandPpm: number
  markBandPpm: number
  fixedIndexTicks: number
  /** 0: none yet, in every price here. */
  lastTicks: number
  indexTicks: number
  indexTimeMs: number
  markTicks: number
  bestBidTicks: number
  bestAskTicks: number
  fundingIndex: number
  fundingPoolQuote: number
  openInterestLots: number
  /** Last sample, and the eight-hour rate last applied, both 1e-10. */
  premium: number
  fundingRate: number
}
export type EngineTotals = {
  depositsQuote: number
  paidQuote: number
  pendingWithdrawalsQuote: number
  feesQuote: number
  fundingPoolsQuote: number
  insuranceQuote: number
  cashQuote: number
  accounts: number
  openOrders: number
  trades: number
  lastDepositId: number
  lastBatchNo: number
  batchToSeq: number
  withdrawalsPaused: boolean
}

export function readOrder(state: EngineState, slot: number): OrderView {
  const { i32, f64 } = state.orders
  const o = slot * at.ORDER_W
  return {
    orderId: orderIdOf(state.orders, slot),
    accountId: i32[o + at.W_ACCOUNT]!,
    market: i32[o + at.W_MARKET]!,
    side: i32[o + at.W_SIDE] === 0 ? 0 : 1,
    flags: i32[o + at.W_FLAGS]!,
    priceTicks: i32[o + at.W_PRICE]! >>> 0,
    sizeLots: f64[slot * at.ORDER_D + at.D_SIZE]!,
    remainingLots: f64[slot * at.ORDER_D + at.D_REMAINING]!,
    maxFee: i32[o + at.W_MAX_FEE]!,
    lane: i32[o + at.W_LANE]!,
    laneSeq: i32[o + at.W_LANE_SEQ]! >>> 0,
    expiryS: i32[o + at.W_EXPIRY]! >>> 0,
  }
}

export function readOrderById(state: EngineState, orderId: number): OrderView | undefined {
  const slot = slotOfOrder(state.orders, orderId)
  return slot === at.NONE ? undefined : readOrder(state, slot)
}

/** Resting orders of one side in priority order. */
export function* restingOrders(
  state: EngineState,
  market: number,
  side: Side,
): Generator<OrderView> {
  const m = market * at.MARKET_D
  let price = state.markets[m + (side === 0 ? at.M_BEST_BID : at.M_BEST_ASK)]!
  while (price !== 0) {
    let slot = headOf(state, pageOf(state.book, market, price), price)
    for (; slot !== at.NONE; slot = state.orders.i32[slot * at.ORDER_W + at.W_NEXT]!)
      yield readOrder(state, slot)
    price =
      side === 0 ? priceBelow(state.book, market, price) : priceAbove(state.book, market, price)
  }
}

function records(state: EngineState, account: number): number[] {
  const found: number[] = []
  let record = state.accounts.i32[account * at.ACCOUNT_W + at.W_FIRST_POSITION]!
  for (; record !== at.NONE; record = state.positions.i32[record * at.POSITION_W + at.P_NEXT]!)
    found.push(record)
  const marketOf = (r: number) => state.positions.i32[r * at.POSITION_W + at.P_MARKET]!
  return found.toSorted((a, b) => marketOf(a) - marketOf(b))
}

export function readAccount(state: EngineState, account: number): AccountView | undefined {
  const { accounts, positions } = state
  if (!(Number.isInteger(account) && account >= 1 && account <= accounts.used)) return undefined
  const a = account * at.ACCOUNT_W
  const own = records(state, account)
  const marketOf = (record: number) => positions.i32[record * at.POSITION_W + at.P_MARKET]!
  return {
    accountId: account,
    owner: new Uint8Array(accounts.owners.slice(account * 5, account * 5 + 5).buffer),
    subaccount: accounts.i32[a + at.W_SUBACCOUNT]!,
    cashQuote: accounts.f64[account * at.ACCOUNT_D + at.D_CASH]!,
    equityQuote: equityOf(state, account),
    initialMarginQuote: own.reduce(
      (sum, r) => sum + marketRequirement(state, r, marketOf(r), at.NONE, 0, 0),
      0,
    ),
    withdrawableQuote: withdrawableQuote(state, account),
    openOrders: accounts.i32[a + at.W_OPEN_ORDERS]!,
    positions: own
      .filter((record) => positions.f64[record * at.POSITION_D + at.D_LOTS] !== 0)
      .map((record) => ({
        market: marketOf(record),
        lots: positions.f64[record * at.POSITION_D + at.D_LOTS]!,
        entryCostQuote: positions.f64[record * at.POSITION_D + at.D_ENTRY]!,
        fundingIndex: positions.f64[record * at.POSITION_D + at.D_SNAPSHOT]!,
        fundingDueQuote: fundingDue(state, record),
      })),
  }
}

/** Lanes the account ever used, ascending. */
export function readLanes(state: EngineState, account: number): LaneView[] {
  const { lanes, orders } = state
  const used: LaneView[] = []
  for (let lane = 0; lane < limits.lanesPerAccountMax; lane++) {
    const place = findLane(lanes, account, lane)
    const seq = place === at.NONE ? 0 : lanes.i32[place * at.LANE_W + at.L_SEQ]! >>> 0
    if (seq === 0) continue
    const slot = orderOfLane(lanes, place)
    const filledLots =
      slot === at.NONE
        ? lanes.f64[place * at.LANE_D + at.LD_FILLED]!
        : orders.f64[slot * at.ORDER_D + at.D_SIZE]! -
          orders.f64[slot * at.ORDER_D + at.D_REMAINING]!
    const orderId = slot === at.NONE ? 0 : orderIdOf(orders, slot)
    used.push({ lane, seq, filledLots, orderId })
  }
  return used
}

/** Open orders of an account, by ascending order id. */
export function readOpenOrders(state: EngineState, account: number): OrderView[] {
  const found: OrderView[] = []
  for (const record of records(state, account)) {
    let slot = state.positions.i32[record * at.POSITION_W + at.P_FIRST_ORDER]!
    for (; slot !== at.NONE; slot = state.orders.i32[slot * at.ORDER_W + at.W_OWN_NEXT]!)
      found.push(readOrder(state, slot))
  }
  return found.toSorted((a, b) => a.orderId - b.orderId)
}

const marketStates: readonly MarketState[] = [0, 1, 2, 3, 4, 5]

export function readMarket(state: EngineState, market: number): MarketView | undefined {
  const m = market * at.MARKET_D
  const { markets } = state
  if (!(market >= 0 && market < state.limits.markets) || markets[m + at.M_LISTED] === 0)
    return undefined
  const value = (field: number) => markets[m + field]!
  const symbol = state.symbols.subarray(
    market * limits.symbolLengthMax,
    (market + 1) * limits.symbolLengthMax,
  )
  return {
    market,
    symbol: String.fromCharCode(...symbol.filter((byte) => byte !== 0)),
    state: marketStates[value(at.M_STATE)] ?? 4,
    tickE8: value(at.M_TICK_E8),
    lotE8: value(at.M_LOT_E8),
    quotePerTickLot: value(at.M_QUOTE_PER_TICK_LOT),
    imBps: value(at.M_IM_BPS),
    mmBps: value(at.M_MM_BPS),
    takerFee: value(at.M_TAKER_FEE),
    makerFee: value(at.M_MAKER_FEE),
    minOrderLots: value(at.M_MIN_ORDER),
    maxOrderLots: value(at.M_MAX_ORDER),
    maxPositionLots: value(at.M_MAX_POSITION),
    minNotionalQuote: value(at.M_MIN_NOTIONAL),
    maxOpenInterestLots: value(at.M_MAX_OPEN_INTEREST),
    priceBandPpm: value(at.M_PRICE_BAND),
    markBandPpm: value(at.M_MARK_BAND),
    fixedIndexTicks: value(at.M_FIXED_INDEX),
    lastTicks: value(at.M_LAST),
    indexTicks: value(at.M_INDEX),
    indexTimeMs: value(at.M_INDEX_TIME),
    markTicks: value(at.M_MARK),
    bestBidTicks: value(at.M_BEST_BID),
    bestAskTicks: value(at.M_BEST_ASK),
    fundingIndex: value(at.M_FUNDING_INDEX),
    fundingPoolQuote: value(at.M_POOL),
    openInterestLots: value(at.M_OPEN_INTEREST),
    premium: value(at.M_LAST_PREMIUM),
    fundingRate: value(at.M_LAST_RATE),
  }
}

export function readTotals(state: EngineState): EngineTotals {
  const { totals, accounts, markets } = state
  let cash = 0
  for (let account = 1; account <= accounts.used; account++)
    cash += accounts.f64[account * at.ACCOUNT_D + at.D_CASH]!
  let pools = 0
  for (let market = 0; market < state.limits.markets; market++)
    pools += markets[market * at.MARKET_D + at.M_POOL]!
  return {
    depositsQuote: totals[at.DEPOSITS]!,
    paidQuote: totals[at.PAID]!,
    pendingWithdrawalsQuote: totals[at.PENDING]!,
    feesQuote: totals[at.FEES]!,
    fundingPoolsQuote: pools,
    insuranceQuote: 0,
    cashQuote: cash,
    accounts: accounts.used,
    openOrders: state.orders.used - state.orders.freeCount,
    trades: totals[at.TRADES]!,
    lastDepositId: totals[at.LAST_DEPOSIT]!,
    lastBatchNo: totals[at.LAST_BATCH]!,
    batchToSeq: totals[at.BATCH_TO_SEQ]!,
    withdrawalsPaused: totals[at.WITHDRAWALS_PAUSED] !== 0,
  }
}
