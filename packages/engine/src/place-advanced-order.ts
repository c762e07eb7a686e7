//! PlaceAdvancedOrder: one that waits is only accepted; the others are admitted and matched at once (RULES.md 1.2, 1.3).
import {
  limits,
  marketState,
  orderFlag,
  orderStyle,
  type RejectCode,
  rejectCode,
  timeInForce,
  triggerKind,
} from '@plumb/model'
import { refuseAdvancedShape, styleOf, triggerKindOf, triggerSourceOf } from './advanced-shape.ts'
import { advancedOf } from './advanced-store.ts'
import { canHold } from './book-store.ts'
import { touch } from './dirty-set.ts'
import { bestOpposite, cappedLimit } from './effective-limit.ts'
import { emitOrderPlaced, refusal, reject } from './emit.ts'
import { fillsWhole } from './fill-or-kill.ts'
import { bindKey, refuseKey, refuseKeyPosition } from './key-orders.ts'
import { makeLinks, refuseLinks } from './links.ts'
import { crosses } from './match.ts'
import {
  refuseExpiry,
  refuseIsolated,
  refuseLane,
  refuseMarket,
  refuseShape,
  refuseSize,
  refuseThrottled,
} from './order-admission.ts'
import { hasFreeOrder } from './order-store.ts'
import { isPrice, priceBehind } from './parts.ts'
import {
  acceptOrder,
  answeredBefore,
  beginLife,
  refuseRisk,
  withdrawAcceptance,
} from './place-order.ts'
import { findPosition, hasFreePosition } from './position-store.ts'
import { joinOwner } from './rest-order.ts'
import {
  A_COUNT,
  A_LIMIT,
  A_OFFSET,
  A_SECONDS,
  A_SELF_TRADE,
  A_SLIPPAGE,
  A_STYLE,
  A_TRIGGER,
  A_TRIGGER_KIND,
  A_TRIGGER_SOURCE,
  ACCOUNT_W,
  AD_DISPLAY,
  AD_EXTREME,
  AD_HIDDEN,
  AD_START,
  ADVANCED_D,
  ADVANCED_W,
  D_REMAINING,
  M_QUOTE_PER_TICK_LOT,
  M_STATE,
  MARKET_D,
  NONE,
  ORDER_D,
  ORDER_PARTS,
  ORDER_W,
  ORDER_WAITING,
  TIME_MS,
  W_FLAGS,
  W_OPEN_ORDERS,
} from './slabs.ts'
import { type EngineState, LIMIT_VALUE } from './state.ts'
import { sourcePrice } from './triggers.ts'
import { enlist } from './waiting-list.ts'
import { workOrder } from './work-order.ts'

export function placeAdvancedOrder(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const account = i32[w + 5]!
  if (!(account >= 1 && account <= state.accounts.used)) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_ACCOUNT)
    return
  }
  if (i32[w + 24] !== 0 && answeredBefore(state, i32, f64, w, d)) return
  state.scratch.f64[LIMIT_VALUE] = 0
  const code = refuseSigned(state, i32, f64, w, d)
  if (code !== 0) reject(state, i32, f64, w, d, code, state.scratch.f64[LIMIT_VALUE])
  else if (waits(i32, w)) placeWaiting(state, i32, f64, w, d)
  else placeWorking(state, i32, f64, w, d)
}

const waits = (i32: Int32Array, w: number) => {
  const style = styleOf(i32, w)
  const waiting = style === orderStyle.peg || style === orderStyle.twap
  return waiting || triggerKindOf(i32, w) !== triggerKind.none
}

/** What was signed, and for the account's market: shape, lane, expiry. */
function refuseSigned(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): RejectCode | 0 {
  const advanced = refuseAdvancedShape(state, i32, f64, w, d)
  if (advanced !== 0) return advanced
  const shape = refuseShape(state, i32, f64, w, d, true)
  if (shape !== 0) return shape
  const isolated = refuseIsolated(state, i32[w + 5]!, i32[w + 6]!, i32[w + 15]!)
  if (isolated !== 0) return isolated
  const lane = refuseLane(state, i32[w + 5]!, i32[w + 18]!, i32[w + 19]! >>> 0, NONE)
  if (lane !== 0) return lane
  const expiry = refuseExpiry(state, i32[w + 20]! >>> 0)
  return expiry === 0 ? refuseKey(state, i32, f64, w, d, NONE) : expiry
}

/** Open orders and records that are still to be had. */
function refuseRoom(state: EngineState, account: number, record: number): RejectCode | 0 {
  const { ordersPerAccount } = state.limits
  if (state.accounts.i32[account * ACCOUNT_W + W_OPEN_ORDERS]! >= ordersPerAccount)
    return refusal(state, rejectCode.OPEN_ORDERS_LIMIT, ordersPerAccount)
  const full = !hasFreeOrder(state.orders) || (record === NONE && !hasFreePosition(state.positions))
  return full ? rejectCode.CAPACITY : 0
}

function placeWaiting(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const code = refuseWaiting(state, i32, f64, w, d)
  if (code !== 0) {
    reject(state, i32, f64, w, d, code, state.scratch.f64[LIMIT_VALUE])
    return
  }
  const slot = acceptOrder(state, i32, f64, w, d, f64[d + 4]!)
  const record = recordTerms(state, slot, i32, f64, w, d)
  const { orders, advanced } = state
  orders.i32[slot * ORDER_W + W_FLAGS] = orders.i32[slot * ORDER_W + W_FLAGS]! | ORDER_WAITING
  const a = record * ADVANCED_D
  const style = styleOf(i32, w)
  if (style === orderStyle.trailing)
    advanced.f64[a + AD_EXTREME] = sourcePrice(state, i32[w + 6]!, triggerSourceOf(i32, w))
  else if (style === orderStyle.twap) advanced.f64[a + AD_START] = state.totals[TIME_MS]!
  enlist(state, record)
  beginLife(state, slot, i32, f64, w, d)
  bindKey(state, slot, i32, f64, w, d)
  makeLinks(state, slot, i32, w)
  joinOwner(state, slot)
  emitPlaced(state, slot, i32, f64, w, d, 1)
}

function refuseWaiting(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): RejectCode | 0 {
  const account = i32[w + 5]!
  const market = i32[w + 6]!
  const now = refuseToWait(state, market, i32[w + 15]!, f64[d + 4]! * f64[d + 5]!)
  if (now !== 0) return now
  const links = refuseLinks(state, i32, w, f64[d + 5]!)
  if (links !== 0) return links
  return refuseRoom(state, account, findPosition(state.positions, state.accounts, account, market))
}

/** The market lets orders wait now, the throttle too. `ticksLots`: price × size. */
export function refuseToWait(
  state: EngineState,
  market: number,
  flags: number,
  ticksLots: number,
): RejectCode | 0 {
  const m = market * MARKET_D
  const now = state.markets[m + M_STATE]!
  if (now >= marketState.halted) return rejectCode.MARKET_HALTED
  if (now === marketState.cancelOnly) return rejectCode.CANCEL_ONLY
  return refuseThrottled(state, flags, ticksLots * state.markets[m + M_QUOTE_PER_TICK_LOT]!)
}

function placeWorking(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const price = workingPrice(state, i32, f64, w, d)
  const code = refuseWorking(state, i32, f64, w, d, price)
  if (code !== 0) {
    reject(state, i32, f64, w, d, code, state.scratch.f64[LIMIT_VALUE])
    return
  }
  const slot = acceptOrder(state, i32, f64, w, d, price)
  const tif = (i32[w + 15]! >> 2) & 3
  if (
    tif === timeInForce.fok &&
    !fillsWhole(state, slot, i32[w + 21]!, limits.fillsPerCommandMax)
  ) {
    withdrawAcceptance(state, slot)
    reject(state, i32, f64, w, d, rejectCode.NOT_FILLABLE)
    return
  }
  if (styleOf(i32, w) !== orderStyle.plain) recordTerms(state, slot, i32, f64, w, d)
  beginLife(state, slot, i32, f64, w, d)
  bindKey(state, slot, i32, f64, w, d)
  makeLinks(state, slot, i32, w)
  emitPlaced(state, slot, i32, f64, w, d, 0)
  if (styleOf(i32, w) === orderStyle.scale) {
    const later = f64[d + 5]! - firstLots(i32, f64, w, d)
    const record = advancedOf(state, slot)
    state.advanced.f64[record * ADVANCED_D + AD_HIDDEN] = later
    state.orders.f64[slot * ORDER_D + D_REMAINING] = f64[d + 5]! - later
    state.orders.i32[slot * ORDER_W + W_FLAGS] =
      state.orders.i32[slot * ORDER_W + W_FLAGS]! | ORDER_PARTS
  }
  workOrder(state, slot, i32[w + 21]!, limits.fillsPerCommandMax)
}

/** The price at which the order is admitted: a market order's effective limit, where a sliding one comes to rest. */
function workingPrice(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): number {
  const market = i32[w + 6]!
  const side = i32[w + 14]!
  const price = f64[d + 4]!
  const style = styleOf(i32, w)
  if (style === orderStyle.market)
    return cappedLimit(state, market, side, price, i32[w + 61]!, bestOpposite(state, market, side))
  if (style !== orderStyle.slide) return price
  // Without room behind the best price the order stays where it crosses, and is refused for that.
  const behind = priceBehind(state, market, side, price)
  return isPrice(behind) ? behind : price
}

/** Every check of an order that is matched at once, after what was signed; 0 = admitted. */
function refuseWorking(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
  price: number,
): RejectCode | 0 {
  const account = i32[w + 5]!
  const market = i32[w + 6]!
  const side = i32[w + 14]!
  const flags = i32[w + 15]!
  const signed = f64[d + 4]!
  const lots = f64[d + 5]!
  const style = styleOf(i32, w)
  const quote = signed * lots * state.markets[market * MARKET_D + M_QUOTE_PER_TICK_LOT]!
  const banded = style === orderStyle.market ? price : signed
  const now = refuseMarket(state, market, side, flags, banded, quote)
  if (now !== 0) return now
  const links = refuseLinks(state, i32, w, lots)
  if (links !== 0) return links
  const record = findPosition(state.positions, state.accounts, account, market)
  const position = refuseKeyPosition(state, i32, w, record, lots)
  if (position !== 0) return position
  const scale = style === orderStyle.scale
  if (scale && (flags & orderFlag.reduceOnly) === 0) {
    const size = refuseSize(state, record, market, side, lots)
    if (size !== 0) return size
  }
  const first = scale ? firstLots(i32, f64, w, d) : lots
  const risk = refuseRisk(state, account, record, market, side, flags, price, first)
  if (risk !== 0) return risk
  const crossing = crosses(state.markets, market, side, price)
  if ((flags & orderFlag.postOnly) !== 0 && crossing) return rejectCode.POST_ONLY_WOULD_CROSS
  const tif = (flags >> 2) & 3
  if (tif !== timeInForce.gtc && !crossing) return rejectCode.NOT_FILLABLE
  const room = refuseRoom(state, account, record)
  if (room !== 0) return room
  return tif === timeInForce.gtc && !canHold(state.book, market, price) ? rejectCode.CAPACITY : 0
}

/** Lots of a scale's first level: an equal share, and what the division leaves. */
function firstLots(i32: Int32Array, f64: Float64Array, w: number, d: number): number {
  const size = f64[d + 5]!
  const count = i32[w + 59]!
  return size - (count - 1) * Math.floor(size / count)
}

/** Keeps what the command says beyond a plain order; answers the record. */
function recordTerms(
  state: EngineState,
  slot: number,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): number {
  const record = advancedOf(state, slot)
  const { i32: words, f64: doubles, dirty } = state.advanced
  const a = record * ADVANCED_W
  words[a + A_STYLE] = styleOf(i32, w)
  words[a + A_TRIGGER_KIND] = triggerKindOf(i32, w)
  words[a + A_TRIGGER_SOURCE] = triggerSourceOf(i32, w)
  words[a + A_TRIGGER] = f64[d + 6]! | 0
  words[a + A_LIMIT] = f64[d + 4]! | 0
  words[a + A_OFFSET] = i32[w + 58]!
  words[a + A_COUNT] = i32[w + 59]!
  words[a + A_SECONDS] = i32[w + 60]!
  words[a + A_SLIPPAGE] = i32[w + 61]!
  words[a + A_SELF_TRADE] = i32[w + 21]!
  doubles[record * ADVANCED_D + AD_DISPLAY] = f64[d + 31]!
  touch(dirty, record)
  return record
}

function emitPlaced(
  state: EngineState,
  slot: number,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
  waiting: number,
): void {
  const record = emitOrderPlaced(state, slot, i32, w)
  const events = state.events
  const to = record * 40
  events.i32[to + 16] = i32[w + 16]!
  events.f64[record * 20 + 11] = f64[d + 4]!
  events.i32[to + 33] = (i32[w + 54]! & 0xff_ff_ff) | (waiting << 24)
  events.f64[record * 20 + 17] = f64[d + 6]!
  events.i32[to + 36] = i32[w + 58]!
  events.i32[to + 37] = i32[w + 59]!
  events.f64[record * 20 + 19] = f64[d + 31]!
}
