//! Orders whose matching time is over leave the book at the tick.
import { closeReason } from '@plumb/model'
import { closeCollected, collect } from './close-many.ts'
import { NEVER_S } from './order-store.ts'
import { DUE_BLOCK, ORDER_W, SWEPT_S, TIME_MS, W_LIVE } from './slabs.ts'
import type { EngineState } from './state.ts'

/** Closes every open order with good-till ≤ now, by ascending order id. */
export function expireOrders(state: EngineState): void {
  const { totals, orders } = state
  const nowS = Math.floor(totals[TIME_MS]! / 1_000)
  let count = 0
  for (let from = 0; from < orders.used; from += DUE_BLOCK)
    if (orders.blockDueS[from / DUE_BLOCK]! <= nowS) count = scanBlock(state, from, nowS, count)
  totals[SWEPT_S] = nowS
  closeCollected(state, count, closeReason.expired)
}

/** Collects a block's due orders and brings its least due time up to date. */
function scanBlock(state: EngineState, from: number, nowS: number, found: number): number {
  const { i32, dueS, blockDueS, used } = state.orders
  const until = Math.min(from + DUE_BLOCK, used)
  let least = NEVER_S
  let count = found
  for (let slot = from; slot < until; slot++) {
    const due = dueS[slot]!
    if (due > nowS) least = Math.min(least, due)
    else if (due !== 0 && i32[slot * ORDER_W + W_LIVE] === 1) count = collect(state, count, slot)
    else dueS[slot] = NEVER_S
  }
  blockDueS[from / DUE_BLOCK] = least
  return count
}
