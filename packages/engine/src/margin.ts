//! What an account is worth and what its positions and orders require (risk.md 1.5 and 1.6).
import {
  compareProducts,
  fundingPaymentQuote,
  limits,
  marketState,
  mulDivCeil,
  orderFlag,
} from '@plumb/model'
import { initialMargin, tierMargin } from './initial-margin.ts'
import * as slabs from './slabs.ts'
import { type EngineState, OTHER_GROSS, OTHER_MARGIN, OTHER_STALE, OTHER_VALUE } from './state.ts'

const {
  ACCOUNT_W,
  CK_SECOND,
  CLOCK_D,
  D_BUY_LOTS,
  D_BUY_QUOTE,
  D_LOTS,
  D_REMAINING,
  D_SELL_LOTS,
  D_SELL_QUOTE,
  D_SNAPSHOT,
  LAG_S,
  MARKET_D,
  M_FIXED_INDEX,
  M_FUNDING_INDEX,
  M_MARK,
  M_MARK_QUOTE,
  M_QUOTE_PER_TICK_LOT,
  M_STATE,
  M_TAKER_FEE,
  NONE,
  ORDER_D,
  ORDER_W,
  ORDER_WAITING,
  POSITION_D,
  POSITION_W,
  P_BUY_MAX,
  P_FIRST_ORDER,
  P_LEVERAGE,
  P_MARKET,
  P_NEXT,
  P_SELL_MIN,
  TIME_MS,
  W_FIRST_POSITION,
  W_FLAGS,
  W_OWN_NEXT,
  W_PRICE,
  W_SIDE,
} = slabs

const PPM = 1_000_000
/**
 * An account whose cash, position values and funding due add up to more than this in magnitude is beyond exact arithmetic (2^53)
 * within one more step: it gets no fill. Doubles decide the comparison exactly: they round monotonely, and 2^52 is one.
 */
export const GROSS_MAX: number = limits.notionalQuoteMax
const DUE_MAX = Number.MAX_SAFE_INTEGER

/** An order with one of these bits has no margin reserved. */
const RESERVES_NOTHING = orderFlag.reduceOnly | ORDER_WAITING

/**
 * What the account's position would pay if its funding were settled now. An amount beyond 2^53 comes out as that bound: it
 * is part of the account's gross, so such an account does nothing that would settle it.
 */
export function fundingDue(state: EngineState, record: number): number {
  const positions = state.positions.f64
  const p = record * POSITION_D
  const lots = positions[p + D_LOTS]!
  if (lots === 0) return 0
  const market = state.positions.i32[record * POSITION_W + P_MARKET]!
  const delta = state.markets[market * MARKET_D + M_FUNDING_INDEX]! - positions[p + D_SNAPSHOT]!
  if (delta === 0) return 0
  const estimate = (lots * delta) / PPM
  return Math.abs(estimate) < DUE_MAX
    ? fundingPaymentQuote(lots, delta)
    : Math.sign(estimate) * DUE_MAX
}

/** Whether the market's mark is older than L: it may not be had on-chain any more, so that who holds it can only reduce. */
export function isStale(state: EngineState, market: number): boolean {
  const { markets, clocks, totals } = state
  const m = market * MARKET_D
  const second = clocks[market * CLOCK_D + CK_SECOND]!
  return (
    Math.floor(totals[TIME_MS]! / 1_000) - second > totals[LAG_S]! &&
    markets[m + M_FIXED_INDEX] === 0 &&
    markets[m + M_STATE] !== marketState.settled
  )
}

/**
 * Leaves value (less the funding still due there, as the contract counts it), initial margin and gross of all markets
 * but `exceptRecord`'s in the scratch.
 */
export function sumOthers(state: EngineState, account: number, exceptRecord: number): void {
  const positions = state.positions
  const markets = state.markets
  let value = 0
  let margin = 0
  let gross = 0
  let stale = 0
  let record = state.accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION]!
  while (record !== NONE) {
    const w = record * POSITION_W
    const lots = positions.f64[record * POSITION_D + D_LOTS]!
    if (record !== exceptRecord && lots !== 0) {
      const market = positions.i32[w + P_MARKET]!
      const m = market * MARKET_D
      if (isStale(state, market)) stale = 1
      const worth = lots * markets[m + M_MARK_QUOTE]!
      const notional = Math.abs(worth)
      const due = fundingDue(state, record)
      gross += notional + Math.abs(due)
      value += worth - due
      margin += notional < GROSS_MAX ? tierMargin(markets, m, notional) : 0
    }
    record = positions.i32[w + P_NEXT]!
  }
  const out = state.scratch.f64
  out[OTHER_VALUE] = value
  out[OTHER_MARGIN] = margin
  out[OTHER_GROSS] = gross
  out[OTHER_STALE] = stale
}

/**
 * `settleable` for one fill in one market; cash with funding settled. Reads the other markets from the scratch
 * (`sumOthers`).
 */
export function admitsFill(
  state: EngineState,
  market: number,
  cashBefore: number,
  lotsBefore: number,
  cashAfter: number,
  lotsAfter: number,
): boolean {
  const m = market * MARKET_D
  const { markets } = state
  const markQuote = markets[m + M_MARK_QUOTE]!
  const others = state.scratch.f64
  const valueBefore = lotsBefore * markQuote
  const valueAfter = lotsAfter * markQuote
  const gross = others[OTHER_GROSS]!
  if (gross + Math.abs(cashBefore) + Math.abs(valueBefore) >= GROSS_MAX) return false
  if (gross + Math.abs(cashAfter) + Math.abs(valueAfter) >= GROSS_MAX) return false
  const equityAfter = cashAfter + others[OTHER_VALUE]! + valueAfter
  const marginAfter = others[OTHER_MARGIN]! + tierMargin(markets, m, Math.abs(valueAfter))
  const isJudged = others[OTHER_STALE] === 0 && !isStale(state, market)
  if (isJudged && equityAfter >= marginAfter) return true
  const reduced =
    Math.abs(lotsAfter) < Math.abs(lotsBefore) &&
    (lotsAfter === 0 || lotsAfter > 0 === lotsBefore > 0)
  if (!reduced) return false
  const equityBefore = cashBefore + others[OTHER_VALUE]! + valueBefore
  const marginBefore = others[OTHER_MARGIN]! + tierMargin(markets, m, Math.abs(valueBefore))
  return compareProducts(equityAfter, marginBefore, equityBefore, marginAfter) >= 0
}

/** Σ max(0, ±(price − mark)·size·q) over the account's orders of one side: what they lose against mark when filled. */
function lossOfOrders(state: EngineState, record: number, side: number): number {
  const { i32, f64 } = state.orders
  const w = record * POSITION_W
  const m = state.positions.i32[w + P_MARKET]! * MARKET_D
  const mark = state.markets[m + M_MARK]!
  // The bounds save the walk while no order is on the wrong side of mark.
  if (side === 0 && state.positions.i32[w + P_BUY_MAX]! >>> 0 <= mark) return 0
  if (side === 1 && state.positions.i32[w + P_SELL_MIN]! >>> 0 >= mark) return 0
  const q = state.markets[m + M_QUOTE_PER_TICK_LOT]!
  let loss = 0
  let slot = state.positions.i32[w + P_FIRST_ORDER]!
  while (slot !== NONE) {
    const o = slot * ORDER_W
    if (i32[o + W_SIDE] === side && (i32[o + W_FLAGS]! & RESERVES_NOTHING) === 0) {
      const price = i32[o + W_PRICE]! >>> 0
      const gap = side === 0 ? price - mark : mark - price
      if (gap > 0) loss += gap * f64[slot * ORDER_D + D_REMAINING]! * q
    }
    slot = i32[o + W_OWN_NEXT]!
  }
  return loss
}

/** One side's requirement R; Infinity where it leaves exact arithmetic. */
function sideRequirement(
  markets: Float64Array,
  m: number,
  leverage: number,
  notional: number,
  ordersQuote: number,
  loss: number,
): number {
  if (notional === 0 && ordersQuote === 0) return 0
  if (notional >= GROSS_MAX || ordersQuote >= GROSS_MAX) return Infinity
  return (
    initialMargin(markets, m, notional, leverage) +
    mulDivCeil(ordersQuote + notional, markets[m + M_TAKER_FEE]! * 10, PPM) +
    loss
  )
}

/**
 * Initial margin of one market with its open orders (risk.md 1.5): the larger of both sides' R. Record NONE: nothing held
 * or open there yet. `addedSide` −1, or the side of an order of `addedLots` at `addedPrice` to be counted as open.
 */
export function marketRequirement(
  state: EngineState,
  account: number,
  record: number,
  market: number,
  addedSide: number,
  addedPrice: number,
  addedLots: number,
): number {
  const positions = state.positions.f64
  const known = record !== NONE
  const p = record * POSITION_D
  const m = market * MARKET_D
  const markets = state.markets
  const lots = known ? positions[p + D_LOTS]! : 0
  const markQuote = markets[m + M_MARK_QUOTE]!
  const mark = markets[m + M_MARK]!
  const q = markets[m + M_QUOTE_PER_TICK_LOT]!
  const leverage = known
    ? state.positions.i32[record * POSITION_W + P_LEVERAGE]!
    : state.positions.leverage[account * state.positions.markets + market]!
  let buyLots = known ? positions[p + D_BUY_LOTS]! : 0
  let buyQuote = known ? positions[p + D_BUY_QUOTE]! : 0
  let buyLoss = known ? lossOfOrders(state, record, 0) : 0
  let sellLots = known ? positions[p + D_SELL_LOTS]! : 0
  let sellQuote = known ? positions[p + D_SELL_QUOTE]! : 0
  let sellLoss = known ? lossOfOrders(state, record, 1) : 0
  if (addedSide === 0) {
    buyLots += addedLots
    buyQuote += addedPrice * addedLots * q
    if (addedPrice > mark) buyLoss += (addedPrice - mark) * addedLots * q
  } else if (addedSide === 1) {
    sellLots += addedLots
    sellQuote += addedPrice * addedLots * q
    if (addedPrice < mark) sellLoss += (mark - addedPrice) * addedLots * q
  }
  const buys = Math.max(0, lots + buyLots) * markQuote
  const sells = Math.max(0, sellLots - lots) * markQuote
  return Math.max(
    sideRequirement(markets, m, leverage, buys, buyQuote, buyLoss),
    sideRequirement(markets, m, leverage, sells, sellQuote, sellLoss),
  )
}
