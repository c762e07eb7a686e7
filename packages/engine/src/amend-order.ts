//! AmendOrder: a newly signed order in the same lane takes the place of an open one; the old one stays unless it may.
import {
  closeReason,
  eventKind,
  orderFlag,
  type RejectCode,
  rejectCode,
  timeInForce,
} from '@plumb/model'
import { canHold } from './book-store.ts'
import { touch } from './dirty-set.ts'
import { emit, reject } from './emit.ts'
import { findLane } from './lane-store.ts'
import { coversMargin, marketRequirement } from './margin.ts'
import { crosses, matchOrder, reducible } from './match.ts'
import {
  refuseExpiry,
  refuseLane,
  refuseMarket,
  refuseShape,
  refuseSize,
} from './order-admission.ts'
import { slotOfOrder } from './order-store.ts'
import {
  closeOrder,
  noteDue,
  reserve,
  restOrder,
  unrestOrder,
  widenPriceBounds,
} from './rest-order.ts'
import {
  D_LOTS,
  D_REMAINING,
  D_SIZE,
  L_SEQ,
  LANE_W,
  NONE,
  ORDER_D,
  ORDER_W,
  POSITION_D,
  W_ACCOUNT,
  W_EXPIRY,
  W_FLAGS,
  W_LANE,
  W_LANE_SEQ,
  W_MARKET,
  W_MAX_FEE,
  W_POSITION,
  W_PRICE,
  W_SIDE,
} from './slabs.ts'
import { type EngineState, LIMIT_VALUE } from './state.ts'

export function amendOrder(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const account = i32[w + 5]!
  const orders = state.orders
  if (!(account >= 1 && account <= state.accounts.used)) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_ACCOUNT)
    return
  }
  const slot = slotOfOrder(orders, f64[d + 11]!)
  if (slot === NONE || orders.i32[slot * ORDER_W + W_ACCOUNT] !== account) {
    reject(state, i32, f64, w, d, rejectCode.ORDER_NOT_FOUND)
    return
  }
  state.scratch.f64[LIMIT_VALUE] = 0
  const code = refuseAmend(state, slot, i32, f64, w, d)
  if (code !== 0) {
    reject(state, i32, f64, w, d, code, state.scratch.f64[LIMIT_VALUE])
    return
  }
  const o = slot * ORDER_W
  const price = orders.i32[o + W_PRICE]! >>> 0
  const remaining = orders.f64[slot * ORDER_D + D_REMAINING]!
  const keeps = f64[d + 4] === price && f64[d + 5]! <= remaining
  if (!keeps) unrestOrder(state, slot)
  else reserve(state, slot, remaining, -1)
  rewrite(state, slot, i32, f64, w, d)
  emitOrderAmended(state, slot, f64[d + 11]!, keeps, price, remaining)
  if (keeps) {
    reserve(state, slot, f64[d + 5]!, 1)
    widenPriceBounds(state, slot)
    noteDue(state, slot)
    return
  }
  const stopped = matchOrder(state, slot, i32[w + 21]!)
  if (orders.f64[slot * ORDER_D + D_REMAINING] === 0) closeOrder(state, slot, closeReason.filled)
  else if (stopped !== NONE) closeOrder(state, slot, stopped)
  else restOrder(state, slot)
}

/** Every check of an amend, in the order their codes take precedence; 0 = admitted. */
function refuseAmend(
  state: EngineState,
  slot: number,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): RejectCode | 0 {
  const shape = refuseShape(state, i32, f64, w, d)
  if (shape !== 0) return shape
  const orders = state.orders.i32
  const o = slot * ORDER_W
  const market = i32[w + 6]!
  const side = i32[w + 14]!
  const flags = i32[w + 15]!
  const same =
    market === orders[o + W_MARKET] &&
    side === orders[o + W_SIDE] &&
    i32[w + 18] === orders[o + W_LANE]
  if (!same || ((flags >> 2) & 3) !== timeInForce.gtc) return rejectCode.INVALID_AMEND
  const account = i32[w + 5]!
  const lane = refuseLane(state, account, i32[w + 18]!, i32[w + 19]! >>> 0, slot)
  if (lane !== 0) return lane
  const expiry = refuseExpiry(state, i32[w + 20]! >>> 0)
  if (expiry !== 0) return expiry
  const price = f64[d + 4]!
  const now = refuseMarket(state, market, side, flags, price)
  if (now !== 0) return now
  const risk = refuseRisk(state, slot, flags, price, f64[d + 5]!)
  if (risk !== 0) return risk
  if ((flags & orderFlag.postOnly) !== 0 && crosses(state.markets, market, side, price))
    return rejectCode.POST_ONLY_WOULD_CROSS
  return canHold(state.book, market, price) ? 0 : rejectCode.CAPACITY
}

/** As for a new order, with the old one's share taken out first and put back after. */
function refuseRisk(
  state: EngineState,
  slot: number,
  flags: number,
  price: number,
  lots: number,
): RejectCode | 0 {
  const orders = state.orders.i32
  const o = slot * ORDER_W
  const record = orders[o + W_POSITION]!
  const market = orders[o + W_MARKET]!
  const side = orders[o + W_SIDE]!
  if ((flags & orderFlag.reduceOnly) !== 0) {
    const held = state.positions.f64[record * POSITION_D + D_LOTS]!
    return reducible(held, side) === 0 ? rejectCode.REDUCE_ONLY : 0
  }
  const before = marketRequirement(state, record, market, NONE, 0, 0)
  const remaining = state.orders.f64[slot * ORDER_D + D_REMAINING]!
  reserve(state, slot, remaining, -1)
  // A remainder of 0 also takes the old order out of the loss term.
  state.orders.f64[slot * ORDER_D + D_REMAINING] = 0
  let code = refuseSize(state, record, market, side, lots)
  if (code === 0) {
    const after = marketRequirement(state, record, market, side, price, lots)
    const opens =
      (after < Infinity && after <= before) ||
      coversMargin(state, orders[o + W_ACCOUNT]!, record, after)
    code = opens ? 0 : rejectCode.INSUFFICIENT_MARGIN
  }
  state.orders.f64[slot * ORDER_D + D_REMAINING] = remaining
  reserve(state, slot, remaining, 1)
  return code
}

function rewrite(
  state: EngineState,
  slot: number,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const { orders, lanes } = state
  const o = slot * ORDER_W
  orders.i32[o + W_PRICE] = f64[d + 4]! | 0
  orders.i32[o + W_FLAGS] = i32[w + 15]!
  orders.i32[o + W_EXPIRY] = i32[w + 20]!
  orders.i32[o + W_LANE_SEQ] = i32[w + 19]!
  orders.i32[o + W_MAX_FEE] = i32[w + 17]!
  orders.f64[slot * ORDER_D + D_SIZE] = f64[d + 5]!
  orders.f64[slot * ORDER_D + D_REMAINING] = f64[d + 5]!
  touch(orders.dirty, slot)
  const place = findLane(lanes, i32[w + 5]!, i32[w + 18]!)
  lanes.i32[place * LANE_W + L_SEQ] = i32[w + 19]!
  touch(lanes.dirty, place)
}

function emitOrderAmended(
  state: EngineState,
  slot: number,
  orderId: number,
  keeps: boolean,
  previousPrice: number,
  previousRemaining: number,
): void {
  const { i32, f64 } = state.orders
  const o = slot * ORDER_W
  const record = emit(state, eventKind.OrderAmended, i32[o + W_ACCOUNT]!, i32[o + W_MARKET]!)
  const events = state.events
  const ed = record * 20
  const ew = record * 40
  events.f64[ed + 4] = orderId
  events.f64[ed + 5] = i32[o + W_PRICE]! >>> 0
  events.f64[ed + 6] = f64[slot * ORDER_D + D_SIZE]!
  events.f64[ed + 11] = previousPrice
  events.f64[ed + 12] = previousRemaining
  events.i32[ew + 14] = i32[o + W_SIDE]!
  events.i32[ew + 15] = i32[o + W_FLAGS]!
  events.i32[ew + 16] = keeps ? 1 : 0
  events.i32[ew + 17] = i32[o + W_MAX_FEE]!
  events.i32[ew + 18] = i32[o + W_LANE]!
  events.i32[ew + 19] = i32[o + W_LANE_SEQ]!
  events.i32[ew + 20] = i32[o + W_EXPIRY]!
}
