//! How much of an order is left, and how much of that the book shows.

import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const {
  ADVANCED_D,
  AD_HIDDEN,
  D_REMAINING,
  ORDER_D,
  ORDER_ICEBERG,
  ORDER_PARTS,
  ORDER_W,
  W_ADVANCED,
  W_FLAGS,
} = slabs

/** Lots an iceberg or a scale does not show. */
export function hiddenLots(state: EngineState, slot: number): number {
  const record = state.orders.i32[slot * ORDER_W + W_ADVANCED]!
  return state.advanced.f64[record * ADVANCED_D + AD_HIDDEN]!
}

/** Everything that is left of an order. */
export function remainingLots(state: EngineState, slot: number): number {
  const { i32, f64 } = state.orders
  const rest = f64[slot * ORDER_D + D_REMAINING]!
  const parts = (i32[slot * ORDER_W + W_FLAGS]! & ORDER_PARTS) !== 0
  return parts ? rest + hiddenLots(state, slot) : rest
}

/** What a resting order offers at its price now. */
export function shownLots(state: EngineState, slot: number): number {
  const { i32, f64 } = state.orders
  const rest = f64[slot * ORDER_D + D_REMAINING]!
  const iceberg = (i32[slot * ORDER_W + W_FLAGS]! & ORDER_ICEBERG) !== 0
  return iceberg ? rest - hiddenLots(state, slot) : rest
}
