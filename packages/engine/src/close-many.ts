//! Closing several orders in one command: by ascending order id, so that the order does not hang on list internals.
import { orderIdOf, slotOfOrder } from './order-store.ts'
import { closeResting } from './rest-order.ts'
import {
  ACCOUNT_W,
  NONE,
  ORDER_W,
  P_FIRST_ORDER,
  P_MARKET,
  P_NEXT,
  POSITION_W,
  W_FIRST_POSITION,
  W_OWN_NEXT,
  W_SIDE,
} from './slabs.ts'
import type { EngineState } from './state.ts'

/** Notes an order to be closed; answers the new count. */
export function collect(state: EngineState, count: number, slot: number): number {
  state.scratch.orderIds[count] = orderIdOf(state.orders, slot)
  return count + 1
}

/** Notes the account's orders of a market and a side (NONE: of all). Answers how many. */
export function collectAccount(
  state: EngineState,
  account: number,
  market: number,
  side: number,
): number {
  const { positions, orders } = state
  let count = 0
  let record = state.accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION]!
  for (; record !== NONE; record = positions.i32[record * POSITION_W + P_NEXT]!) {
    if (market !== NONE && positions.i32[record * POSITION_W + P_MARKET] !== market) continue
    let slot = positions.i32[record * POSITION_W + P_FIRST_ORDER]!
    for (; slot !== NONE; slot = orders.i32[slot * ORDER_W + W_OWN_NEXT]!)
      if (side === NONE || orders.i32[slot * ORDER_W + W_SIDE] === side)
        count = collect(state, count, slot)
  }
  return count
}

export function closeCollected(state: EngineState, count: number, reason: number): void {
  const ids = state.scratch.orderIds
  if (count > 1) ids.subarray(0, count).sort()
  for (let i = 0; i < count; i++) {
    const slot = slotOfOrder(state.orders, ids[i]!)
    // One that closed before can have taken a linked one with it.
    if (slot !== NONE) closeResting(state, slot, reason)
  }
}
