//! Closing several orders in one command: by ascending order id, so that the order does not hang on list internals.
import { orderIdOf } from './order-store.ts'
import { closeResting } from './rest-order.ts'
import { SLOT_RANGE } from './slabs.ts'
import type { EngineState } from './state.ts'

/** Notes an order to be closed; answers the new count. */
export function collect(state: EngineState, count: number, slot: number): number {
  state.scratch.orderIds[count] = orderIdOf(state.orders, slot)
  return count + 1
}

export function closeCollected(state: EngineState, count: number, reason: number): void {
  const ids = state.scratch.orderIds
  if (count > 1) ids.subarray(0, count).sort()
  for (let i = 0; i < count; i++) closeResting(state, ids[i]! % SLOT_RANGE, reason)
}
