//! The state as objects, for services and tests. Not for the hot path: these allocate.
import {
  limits,
  liquidationPriceTicks,
  MARGIN_TIERS_D,
  type MarketState,
  type OrderStyle,
  type Side,
  type TriggerKind,
  type TriggerSource,
} from '@plumb/model'
import { accountHealth, equityOf, HEALTH_EQUITY, HEALTH_MAINTENANCE } from './account-health.ts'
import { pageOf, priceAbove, priceBelow } from './book-store.ts'
import { isSettlementStopped } from './chain-state.ts'
import { maintenanceMargin } from './initial-margin.ts'
import { filledOfLane, findLane, orderOfLane, seqOfLane } from './lane-store.ts'
import { armedLots } from './links.ts'
import { fundingDue, marketRequirement } from './margin.ts'
import { hiddenLots, remainingLots, shownLots } from './order-lots.ts'
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
  /** The account's leverage in the market; 0: none of its own. */
  leverage: number
  /** Where it is liquidated, the other markets as they are (risk.md 1.8); 0: nowhere. */
  liquidationTicks: number
}
export type LaneView = {
  lane: number
  seq: number
  filledLots: number
  /** Live order, 0 if none. */
  orderId: number
}
/** What an order made by PlaceAdvancedOrder has beyond a plain one; prices in ticks, 0 = none. */
export type AdvancedView = {
  style: OrderStyle
  /** Accepted and not on the book. */
  waiting: boolean
  triggerKind: TriggerKind
  triggerSource: TriggerSource
  triggerTicks: number
  /** A trailing order's highest or lowest price so far. */
  extremeTicks: number
  /** The signed limit; `priceTicks` is where the order rests. */
  limitTicks: number
  offsetTicks: number
  count: number
  seconds: number
  slippagePpm: number
  displayLots: number
  hiddenLots: number
  /** Slices done of a twap, level that shows of a scale. */
  step: number
  /** A waiting bracket child's lots that its parent's fills have armed; all of them without a parent. */
  armedLots: number
  /** Order ids, 0 = none. */
  parentOrderId: number
  siblingOrderId: number
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
  /** What the book shows of it; 0 while it waits. */
  shownLots: number
  advanced?: AdvancedView
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
  /** Σ maintenance margin; Infinity for an account beyond exact arithmetic. */
  maintenanceMarginQuote: number
  withdrawableQuote: number
  openOrders: number
  /** Group whose orders do not trade with each other, 0 = the owner's accounts alone. */
  selfTradeGroup: number
  /** When the dead man's switch fires, 0 = off. */
  deadManDeadlineMs: number
  /** The one market it trades; −1: cross margin. */
  isolatedMarket: number
  /** Fee tier of its day, and the decaying volume that the next day's follows from. */
  feeTier: number
  volumeQuote: number
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
  /** Mean of the marks of the last five minutes. */
  meanMarkTicks: number
  /** Volatility requirement, and the median depth it is scaled by. */
  volatilityPpm: number
  depthQuote: number
  bestBidTicks: number
  bestAskTicks: number
  fundingIndex: number
  fundingPoolQuote: number
  openInterestLots: number
  /** The market's insurance tranche, and deficits nobody bore. */
  insuranceQuote: number
  badDebtQuote: number
  /** Account that takes positions over; 0: none. */
  backstopAccountId: number
  /** Delisted: the price its positions are settled at; else 0. */
  settlementTicks: number
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
  /** Deficits of accounts without positions that nobody bore. */
  badDebtQuote: number
  /** Worth of the positions of delisted markets that are still to be settled. */
  unsettledQuote: number
  cashQuote: number
  accounts: number
  openOrders: number
  trades: number
  lastDepositId: number
  lastBatchNo: number
  batchToSeq: number
  withdrawalsPaused: boolean
  throttleLevel: number
  throttleMinNotionalQuote: number
  /** Settlement is more than L behind: nothing is matched (RULES.md 7). */
  isSettlementStopped: boolean
}

export function readOrder(state: EngineState, slot: number): OrderView {
  const { i32, f64 } = state.orders
  const o = slot * at.ORDER_W
  const flags = i32[o + at.W_FLAGS]!
  return {
    orderId: orderIdOf(state.orders, slot),
    accountId: i32[o + at.W_ACCOUNT]!,
    market: i32[o + at.W_MARKET]!,
    side: i32[o + at.W_SIDE] === 0 ? 0 : 1,
    flags: flags & at.SIGNED_FLAGS,
    priceTicks: i32[o + at.W_PRICE]! >>> 0,
    sizeLots: f64[slot * at.ORDER_D + at.D_SIZE]!,
    remainingLots: remainingLots(state, slot),
    maxFee: i32[o + at.W_MAX_FEE]!,
    lane: i32[o + at.W_LANE]!,
    laneSeq: i32[o + at.W_LANE_SEQ]! >>> 0,
    expiryS: i32[o + at.W_EXPIRY]! >>> 0,
    shownLots: (flags & at.ORDER_WAITING) === 0 ? shownLots(state, slot) : 0,
    ...((flags & at.ORDER_ADVANCED) === 0 ? {} : { advanced: readAdvanced(state, slot) }),
  }
}

const styles: readonly OrderStyle[] = [0, 1, 2, 3, 4, 5, 6, 7]
const triggerKinds: readonly TriggerKind[] = [0, 1, 2]
const triggerSources: readonly TriggerSource[] = [0, 1, 2]

function readAdvanced(state: EngineState, slot: number): AdvancedView {
  const { i32, f64 } = state.advanced
  const record = state.orders.i32[slot * at.ORDER_W + at.W_ADVANCED]!
  const a = record * at.ADVANCED_W
  const word = (field: number) => i32[a + field]!
  const idOf = (link: number) =>
    link === at.NONE ? 0 : orderIdOf(state.orders, i32[link * at.ADVANCED_W + at.A_SLOT]!)
  return {
    style: styles[word(at.A_STYLE)]!,
    waiting: (state.orders.i32[slot * at.ORDER_W + at.W_FLAGS]! & at.ORDER_WAITING) !== 0,
    triggerKind: triggerKinds[word(at.A_TRIGGER_KIND)]!,
    triggerSource: triggerSources[word(at.A_TRIGGER_SOURCE)]!,
    triggerTicks: word(at.A_TRIGGER) >>> 0,
    extremeTicks: f64[record * at.ADVANCED_D + at.AD_EXTREME]!,
    limitTicks: word(at.A_LIMIT) >>> 0,
    offsetTicks: word(at.A_OFFSET),
    count: word(at.A_COUNT),
    seconds: word(at.A_SECONDS),
    slippagePpm: word(at.A_SLIPPAGE),
    displayLots: f64[record * at.ADVANCED_D + at.AD_DISPLAY]!,
    hiddenLots: hiddenLots(state, slot),
    step: word(at.A_STEP),
    armedLots: armedLots(state, record),
    parentOrderId: idOf(word(at.A_PARENT)),
    siblingOrderId: idOf(word(at.A_SIBLING)),
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
  const risk = accounts.i32[a + at.W_RISK]!
  const health = new Float64Array(3)
  const known = accountHealth(state, account, health)
  return {
    accountId: account,
    owner: new Uint8Array(accounts.owners.slice(account * 5, account * 5 + 5).buffer),
    subaccount: accounts.i32[a + at.W_SUBACCOUNT]!,
    cashQuote: accounts.f64[account * at.ACCOUNT_D + at.D_CASH]!,
    equityQuote: equityOf(state, account),
    initialMarginQuote: own.reduce(
      (sum, r) => sum + marketRequirement(state, account, r, marketOf(r), at.NONE, 0, 0),
      0,
    ),
    maintenanceMarginQuote: known ? health[HEALTH_MAINTENANCE]! : Infinity,
    withdrawableQuote: withdrawableQuote(state, account),
    openOrders: accounts.i32[a + at.W_OPEN_ORDERS]!,
    selfTradeGroup: Math.max(0, 0 - accounts.i32[a + at.W_SELF_TRADE]!),
    deadManDeadlineMs: accounts.f64[account * at.ACCOUNT_D + at.D_DEAD_MAN]!,
    isolatedMarket: (risk & at.ISOLATED_MASK) - 1,
    feeTier: (risk & at.TIER_MASK) >>> at.TIER_SHIFT,
    volumeQuote: accounts.f64[account * at.ACCOUNT_D + at.D_VOLUME]!,
    positions: own
      .filter((record) => positions.f64[record * at.POSITION_D + at.D_LOTS] !== 0)
      .map((record) => ({
        market: marketOf(record),
        lots: positions.f64[record * at.POSITION_D + at.D_LOTS]!,
        entryCostQuote: positions.f64[record * at.POSITION_D + at.D_ENTRY]!,
        fundingIndex: positions.f64[record * at.POSITION_D + at.D_SNAPSHOT]!,
        fundingDueQuote: fundingDue(state, record),
        leverage: positions.i32[record * at.POSITION_W + at.P_LEVERAGE]!,
        liquidationTicks: known ? liquidationTicks(state, record, health) : 0,
      })),
  }
}

function liquidationTicks(state: EngineState, record: number, health: Float64Array): number {
  const { positions, markets } = state
  const m = positions.i32[record * at.POSITION_W + at.P_MARKET]! * at.MARKET_D
  const lots = positions.f64[record * at.POSITION_D + at.D_LOTS]!
  const value = lots * markets[m + at.M_MARK_QUOTE]!
  const own = value - maintenanceMargin(markets, m, Math.abs(value))
  return (
    liquidationPriceTicks({
      lots,
      quotePerTickLot: markets[m + at.M_QUOTE_PER_TICK_LOT]!,
      tiers: markets.slice(m + at.M_TIERS, m + at.M_TIERS + MARGIN_TIERS_D),
      othersQuote: health[HEALTH_EQUITY]! - health[HEALTH_MAINTENANCE]! - own,
    }) ?? 0
  )
}

/** Lanes the account ever used, ascending. */
export function readLanes(state: EngineState, account: number): LaneView[] {
  const { lanes, orders } = state
  const used: LaneView[] = []
  for (let lane = 0; lane < limits.lanesPerAccountMax; lane++) {
    const place = findLane(lanes, account, lane)
    const seq = place === at.NONE ? 0 : seqOfLane(lanes, place)
    if (seq === 0) continue
    const slot = orderOfLane(lanes, place)
    const filledLots =
      slot === at.NONE
        ? filledOfLane(lanes, place)
        : orders.f64[slot * at.ORDER_D + at.D_SIZE]! - remainingLots(state, slot)
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

/** `laterLots`: of scales' later levels, which reserve nothing yet. */
export type ReservedView = {
  market: number
  side: Side
  lots: number
  quote: number
  laterLots: number
}

export function readReserved(state: EngineState, account: number): ReservedView[] {
  return records(state, account).flatMap((record): ReservedView[] => {
    const market = state.positions.i32[record * at.POSITION_W + at.P_MARKET]!
    const value = (field: number) => state.positions.f64[record * at.POSITION_D + field]!
    return [
      {
        market,
        side: 0,
        lots: value(at.D_BUY_LOTS),
        quote: value(at.D_BUY_QUOTE),
        laterLots: value(at.D_BUY_LATER),
      },
      {
        market,
        side: 1,
        lots: value(at.D_SELL_LOTS),
        quote: value(at.D_SELL_QUOTE),
        laterLots: value(at.D_SELL_LATER),
      },
    ]
  })
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
    meanMarkTicks: value(at.M_MEAN_MARK),
    volatilityPpm: value(at.M_VOLATILITY),
    depthQuote: value(at.M_DEPTH),
    bestBidTicks: value(at.M_BEST_BID),
    bestAskTicks: value(at.M_BEST_ASK),
    fundingIndex: value(at.M_FUNDING_INDEX),
    fundingPoolQuote: value(at.M_POOL),
    openInterestLots: value(at.M_OPEN_INTEREST),
    insuranceQuote: value(at.M_TRANCHE),
    badDebtQuote: value(at.M_BAD_DEBT),
    backstopAccountId: value(at.M_BACKSTOP),
    settlementTicks: value(at.M_SETTLE_PRICE),
    premium: value(at.M_LAST_PREMIUM),
    fundingRate: value(at.M_LAST_RATE),
  }
}

/** Σ of what positions of delisted markets are worth at the settlement price; 0 unless some are settled and others not. */
function unsettledQuote(state: EngineState): number {
  const { positions, markets } = state
  let worth = 0
  for (let account = 1; account <= state.accounts.used; account++)
    for (const record of records(state, account)) {
      const m = positions.i32[record * at.POSITION_W + at.P_MARKET]! * at.MARKET_D
      if (markets[m + at.M_UNSETTLED] !== 0)
        worth += positions.f64[record * at.POSITION_D + at.D_LOTS]! * markets[m + at.M_MARK_QUOTE]!
    }
  return worth
}

export function readTotals(state: EngineState): EngineTotals {
  const { totals, accounts, markets } = state
  let cash = 0
  for (let account = 1; account <= accounts.used; account++)
    cash += accounts.f64[account * at.ACCOUNT_D + at.D_CASH]!
  let pools = 0
  let tranches = 0
  let badDebt = 0
  for (let market = 0; market < state.limits.markets; market++) {
    const m = market * at.MARKET_D
    pools += markets[m + at.M_POOL]!
    tranches += markets[m + at.M_TRANCHE]!
    badDebt += markets[m + at.M_BAD_DEBT]!
  }
  return {
    depositsQuote: totals[at.DEPOSITS]!,
    paidQuote: totals[at.PAID]!,
    pendingWithdrawalsQuote: totals[at.PENDING]!,
    feesQuote: totals[at.FEES]!,
    fundingPoolsQuote: pools,
    insuranceQuote: tranches,
    badDebtQuote: badDebt,
    unsettledQuote: unsettledQuote(state),
    cashQuote: cash,
    accounts: accounts.used,
    openOrders: state.orders.used - state.orders.freeCount,
    trades: totals[at.TRADES]!,
    lastDepositId: totals[at.LAST_DEPOSIT]!,
    lastBatchNo: totals[at.LAST_BATCH]!,
    batchToSeq: totals[at.BATCH_TO_SEQ]!,
    withdrawalsPaused: totals[at.WITHDRAWALS_PAUSED] !== 0,
    throttleLevel: totals[at.THROTTLE_LEVEL]!,
    throttleMinNotionalQuote: totals[at.THROTTLE_NOTIONAL]!,
    isSettlementStopped: isSettlementStopped(state),
  }
}
