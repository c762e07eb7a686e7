//! What every amend does once it is admitted: the order's new terms, and the event.
import { eventKind } from '@plumb/model'
import { touch } from './dirty-set.ts'
import { emit } from './emit.ts'
import { bindKey, unbindKey } from './key-orders.ts'
import { findLane, takeLane } from './lane-store.ts'
import { carryChildren } from './links.ts'
import { orderIdOf } from './order-store.ts'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const {
  ADVANCED_W,
  A_LIMIT,
  D_REMAINING,
  D_SIZE,
  ORDER_D,
  ORDER_W,
  SIGNED_FLAGS,
  W_ACCOUNT,
  W_ADVANCED,
  W_EXPIRY,
  W_FLAGS,
  W_LANE,
  W_LANE_SEQ,
  W_MARKET,
  W_MAX_FEE,
  W_PRICE,
  W_SIDE,
} = slabs

/** Puts the newly signed terms in the place of the old ones; children go on counting what was filled. */
export function rewriteOrder(
  state: EngineState,
  slot: number,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const { orders, lanes } = state
  const o = slot * ORDER_W
  const high = orders.i32[o + W_FLAGS]! & ~SIGNED_FLAGS
  unbindKey(state, slot)
  if (high !== 0) rewriteAdvanced(state, slot, f64[d + 5]!, f64[d + 4]!, i32[w + 19]!)
  orders.i32[o + W_PRICE] = f64[d + 4]! | 0
  orders.i32[o + W_FLAGS] = high | i32[w + 15]!
  orders.i32[o + W_EXPIRY] = i32[w + 20]!
  orders.i32[o + W_LANE_SEQ] = i32[w + 19]!
  orders.i32[o + W_MAX_FEE] = i32[w + 17]!
  orders.f64[slot * ORDER_D + D_SIZE] = f64[d + 5]!
  orders.f64[slot * ORDER_D + D_REMAINING] = f64[d + 5]!
  touch(orders.dirty, slot)
  bindKey(state, slot, i32, f64, w, d)
  const place = findLane(lanes, i32[w + 5]!, i32[w + 18]!)
  takeLane(lanes, place, i32[w + 19]!, slot)
  touch(lanes.dirty, place)
}

function rewriteAdvanced(
  state: EngineState,
  slot: number,
  lots: number,
  price: number,
  seq: number,
): void {
  const record = state.orders.i32[slot * ORDER_W + W_ADVANCED]!
  carryChildren(state, record, lots, seq)
  state.advanced.i32[record * ADVANCED_W + A_LIMIT] = price | 0
  touch(state.advanced.dirty, record)
}

/** `triggerTicks` 0: it does not wait for one. */
export function emitOrderAmended(
  state: EngineState,
  slot: number,
  keeps: boolean,
  previousPrice: number,
  previousRemaining: number,
  triggerTicks: number,
): void {
  const { i32, f64 } = state.orders
  const o = slot * ORDER_W
  const record = emit(state, eventKind.OrderAmended, i32[o + W_ACCOUNT]!, i32[o + W_MARKET]!)
  const events = state.events
  const ed = record * 20
  const ew = record * 40
  events.f64[ed + 4] = orderIdOf(state.orders, slot)
  events.f64[ed + 5] = i32[o + W_PRICE]! >>> 0
  events.f64[ed + 6] = f64[slot * ORDER_D + D_SIZE]!
  events.f64[ed + 11] = previousPrice
  events.f64[ed + 12] = previousRemaining
  events.f64[ed + 13] = triggerTicks
  events.i32[ew + 14] = i32[o + W_SIDE]!
  events.i32[ew + 15] = i32[o + W_FLAGS]! & SIGNED_FLAGS
  events.i32[ew + 16] = keeps ? 1 : 0
  events.i32[ew + 17] = i32[o + W_MAX_FEE]!
  events.i32[ew + 18] = i32[o + W_LANE]!
  events.i32[ew + 19] = i32[o + W_LANE_SEQ]!
  events.i32[ew + 20] = i32[o + W_EXPIRY]!
}
