//! AmendOrder: a newly signed order in the same lane takes the place of an open one; the old one stays unless it may.
import {
  closeReason,
  limits,
  orderFlag,
  type RejectCode,
  rejectCode,
  timeInForce,
} from '@plumb/model'
import { amendPlain } from './amend-plain.ts'
import { amendWaiting, isFixed, isWaiting } from './amend-waiting.ts'
import { emitOrderAmended, rewriteOrder } from './amended-order.ts'
import { canHold } from './book-store.ts'
import { reject } from './emit.ts'
import { coversMargin } from './headroom.ts'
import { refuseKey, refuseKeyPosition } from './key-orders.ts'
import { marketRequirement } from './margin.ts'
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
import * as slabs from './slabs.ts'
import { type EngineState, LIMIT_VALUE } from './state.ts'

const {
  D_LOTS,
  D_REMAINING,
  MARKET_D,
  M_QUOTE_PER_TICK_LOT,
  NONE,
  ORDER_D,
  ORDER_W,
  POSITION_D,
  SIGNED_FLAGS,
  W_ACCOUNT,
  W_FLAGS,
  W_LANE,
  W_MARKET,
  W_POSITION,
  W_PRICE,
  W_SIDE,
} = slabs

export function amendOrder(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  if (amendPlain(state, i32, f64, w)) return
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
  if (orders.i32[slot * ORDER_W + W_FLAGS]! > SIGNED_FLAGS) {
    if (isFixed(state, slot)) return reject(state, i32, f64, w, d, rejectCode.INVALID_AMEND)
    if (isWaiting(state, slot)) return amendWaiting(state, slot, i32, f64, w, d)
  }
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
  rewriteOrder(state, slot, i32, f64, w, d)
  emitOrderAmended(state, slot, keeps, price, remaining, 0)
  if (keeps) {
    reserve(state, slot, f64[d + 5]!, 1)
    widenPriceBounds(state, slot)
    noteDue(state, slot)
    return
  }
  const stopped = matchOrder(state, slot, i32[w + 21]!, limits.fillsPerCommandMax)
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
  const shape = refuseShape(state, i32, f64, w, d, false)
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
  const key = refuseKey(state, i32, f64, w, d, slot)
  if (key !== 0) return key
  const price = f64[d + 4]!
  const quote = price * f64[d + 5]! * state.markets[market * MARKET_D + M_QUOTE_PER_TICK_LOT]!
  const now = refuseMarket(state, market, side, flags, price, quote)
  if (now !== 0) return now
  const position = refuseKeyPosition(state, i32, w, orders[o + W_POSITION]!, f64[d + 5]!)
  if (position !== 0) return position
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
  const account = orders[o + W_ACCOUNT]!
  const before = marketRequirement(state, account, record, market, NONE, 0, 0)
  const remaining = state.orders.f64[slot * ORDER_D + D_REMAINING]!
  reserve(state, slot, remaining, -1)
  // A remainder of 0 also takes the old order out of the loss term.
  state.orders.f64[slot * ORDER_D + D_REMAINING] = 0
  let code = refuseSize(state, record, market, side, lots)
  if (code === 0) {
    const after = marketRequirement(state, account, record, market, side, price, lots)
    const opens =
      (after < Infinity && after <= before) || coversMargin(state, account, record, after)
    code = opens ? 0 : rejectCode.INSUFFICIENT_MARGIN
  }
  state.orders.f64[slot * ORDER_D + D_REMAINING] = remaining
  reserve(state, slot, remaining, 1)
  return code
}
