//! OCO: what one order fills, its sibling may no longer.
import { closeReason } from '@plumb/model'
import { closeResting, reduceOrder } from './rest-order.ts'
import {
  A_SIBLING,
  A_SLOT,
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

/** After a fill of `lots`: takes them off the order's sibling, if it has one, and closes that when nothing remains. */
export function reduceSibling(state: EngineState, slot: number, lots: number): void {
  const { orders, advanced } = state
  const o = slot * ORDER_W
  if ((orders.i32[o + W_FLAGS]! & ORDER_ADVANCED) === 0) return
  const sibling = advanced.i32[orders.i32[o + W_ADVANCED]! * ADVANCED_W + A_SIBLING]!
  if (sibling === NONE) return
  const other = advanced.i32[sibling * ADVANCED_W + A_SLOT]!
  const remaining = orders.f64[other * ORDER_D + D_REMAINING]!
  reduceOrder(state, other, Math.min(lots, remaining))
  if (lots >= remaining) closeResting(state, other, closeReason.linked)
}
