//! An admitted order with more to it than a plain one: matched, then resting, waiting on, or closed.
import { closeReason, timeInForce } from '@plumb/model'
import { matchOrder } from './match.ts'
import { remainingLots } from './order-lots.ts'
import { hideRest, showNextLevel } from './parts.ts'
import { closeOrder, restOrder } from './rest-order.ts'
import {
  A_LISTED,
  ADVANCED_W,
  D_REMAINING,
  NONE,
  ORDER_ADVANCED,
  ORDER_D,
  ORDER_W,
  W_ADVANCED,
  W_FLAGS,
} from './slabs.ts'
import type { EngineState } from './state.ts'
import { delist } from './waiting-list.ts'

/**
 * Matches an order that is live and not open, with at most `fillsMax` fills, and leaves it resting or closed. Answers
 * false, and leaves it as it is, if a triggered order was stopped by `fillsMax`.
 */
export function workOrder(
  state: EngineState,
  slot: number,
  selfTrade: number,
  fillsMax: number,
): boolean {
  const { i32, f64 } = state.orders
  const o = slot * ORDER_W
  const stopped = matchOrder(state, slot, selfTrade, fillsMax)
  const flags = i32[o + W_FLAGS]!
  const record = (flags & ORDER_ADVANCED) === 0 ? NONE : i32[o + W_ADVANCED]!
  const listed = record !== NONE && state.advanced.i32[record * ADVANCED_W + A_LISTED] === 1
  if (remainingLots(state, slot) === 0) closeOrder(state, slot, closeReason.filled)
  else if (stopped === closeReason.fillLimit && listed) return false
  else if (stopped !== NONE) closeOrder(state, slot, stopped)
  else if (((flags >> 2) & 3) !== timeInForce.gtc) closeOrder(state, slot, closeReason.ioc)
  else if (f64[slot * ORDER_D + D_REMAINING] === 0) showNextLevel(state, slot, 0)
  else {
    if (record !== NONE) hideRest(state, slot)
    if (listed) delist(state, record)
    restOrder(state, slot)
  }
  return true
}
