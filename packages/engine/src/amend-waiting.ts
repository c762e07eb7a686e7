//! AmendOrder of an order that waits for its trigger: it goes on waiting under newly signed terms (RULES.md 1.3).
import {
  limits,
  orderFlag,
  orderStyle,
  type RejectCode,
  rejectCode,
  timeInForce,
  timeInForceOf,
} from '@plumb/model'
import { areFlagsShaped, signedKind } from './advanced-shape.ts'
import { emitOrderAmended, rewriteOrder } from './amended-order.ts'
import { touch } from './dirty-set.ts'
import { reject } from './emit.ts'
import { refuseKey } from './key-orders.ts'
import { refuseExpiry, refuseLane, refuseShape } from './order-admission.ts'
import { refuseToWait } from './place-advanced-order.ts'
import { noteDue } from './rest-order.ts'
import {
  A_PARENT,
  A_SELF_TRADE,
  A_SIBLING,
  A_STYLE,
  A_TRIGGER,
  A_TRIGGER_KIND,
  A_TRIGGER_SOURCE,
  AD_PARENT_TOTAL,
  ADVANCED_D,
  ADVANCED_W,
  D_REMAINING,
  NONE,
  ORDER_ADVANCED,
  ORDER_D,
  ORDER_W,
  ORDER_WAITING,
  W_ADVANCED,
  W_FLAGS,
  W_LANE,
  W_MARKET,
  W_PRICE,
  W_SIDE,
} from './slabs.ts'
import { type EngineState, LIMIT_VALUE } from './state.ts'

/** Whether an order of this style, waiting or not, is never amended. */
export function isFixed(state: EngineState, slot: number): boolean {
  const { i32 } = state.orders
  const o = slot * ORDER_W
  if ((i32[o + W_FLAGS]! & ORDER_ADVANCED) === 0) return false
  return state.advanced.i32[i32[o + W_ADVANCED]! * ADVANCED_W + A_STYLE]! > orderStyle.market
}

export function amendWaiting(
  state: EngineState,
  slot: number,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const { orders, advanced } = state
  const code = refuseAmend(state, slot, i32, f64, w, d)
  if (code !== 0) {
    reject(state, i32, f64, w, d, code, state.scratch.f64[LIMIT_VALUE])
    return
  }
  const o = slot * ORDER_W
  const record = orders.i32[o + W_ADVANCED]!
  const a = record * ADVANCED_W
  const price = orders.i32[o + W_PRICE]! >>> 0
  const remaining = orders.f64[slot * ORDER_D + D_REMAINING]!
  rewriteOrder(state, slot, i32, f64, w, d)
  advanced.i32[a + A_TRIGGER] = f64[d + 6]! | 0
  advanced.i32[a + A_SELF_TRADE] = i32[w + 21]!
  touch(advanced.dirty, record)
  noteDue(state, slot)
  emitOrderAmended(state, slot, true, price, remaining, f64[d + 6]!)
}

/** Every check of such an amend, in the order their codes take precedence; 0 = admitted. */
function refuseAmend(
  state: EngineState,
  slot: number,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): RejectCode | 0 {
  const shape = refuseShape(state, i32, f64, w, d, true)
  if (shape !== 0) return shape
  const trigger = f64[d + 6]!
  const inRange = Math.floor(trigger) === trigger && trigger >= 1 && trigger <= limits.priceTicksMax
  if (!inRange) return rejectCode.INVALID_PARAMETER
  if (!isSameOrder(state, slot, i32, f64, w, d)) return rejectCode.INVALID_AMEND
  const lane = refuseLane(state, i32[w + 5]!, i32[w + 18]!, i32[w + 19]! >>> 0, slot)
  if (lane !== 0) return lane
  const expiry = refuseExpiry(state, i32[w + 20]! >>> 0)
  if (expiry !== 0) return expiry
  const key = refuseKey(state, i32, f64, w, d, slot)
  if (key !== 0) return key
  return refuseToWait(state, i32[w + 6]!, i32[w + 15]!, f64[d + 4]! * f64[d + 5]!)
}

/** What an amend may not change stays as it is, and a child within its parent. */
function isSameOrder(
  state: EngineState,
  slot: number,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): boolean {
  const { orders, advanced } = state
  const o = slot * ORDER_W
  const record = orders.i32[o + W_ADVANCED]!
  const a = record * ADVANCED_W
  const style = advanced.i32[a + A_STYLE]!
  const kind = signedKind(
    style,
    advanced.i32[a + A_TRIGGER_KIND]!,
    advanced.i32[a + A_TRIGGER_SOURCE]!,
  )
  const same =
    i32[w + 16] === kind &&
    i32[w + 6] === orders.i32[o + W_MARKET] &&
    i32[w + 14] === orders.i32[o + W_SIDE] &&
    i32[w + 18] === orders.i32[o + W_LANE]
  if (!same || !areFlagsShaped(style, i32[w + 15]!)) return false
  const isLinked = advanced.i32[a + A_PARENT] !== NONE || advanced.i32[a + A_SIBLING] !== NONE
  if (isLinked && timeInForceOf(i32[w + 15]!) === timeInForce.fok) return false
  if (advanced.i32[a + A_PARENT] === NONE) return true
  const total = advanced.f64[record * ADVANCED_D + AD_PARENT_TOTAL]!
  return (i32[w + 15]! & orderFlag.reduceOnly) !== 0 && f64[d + 5]! <= total
}

/** Whether the order waits for its trigger. */
export function isWaiting(state: EngineState, slot: number): boolean {
  return (state.orders.i32[slot * ORDER_W + W_FLAGS]! & ORDER_WAITING) !== 0
}
