//! Orders whose matching time is over leave the book at the tick.
import { closeReason } from '@plumb/model'
import { closeCollected, collect } from './close-many.ts'
import { goodTillS } from './rest-order.ts'
import { NONE, ORDER_W, SWEPT_S, TIME_MS, W_DUE_NEXT } from './slabs.ts'
import { DUE_BUCKETS, type EngineState } from './state.ts'

/** Closes every open order with good-till ≤ now, by ascending order id. */
export function expireOrders(state: EngineState): void {
  const { totals, due, orders } = state
  const nowS = Math.floor(totals[TIME_MS]! / 1_000)
  const from = Math.max(totals[SWEPT_S]! + 1, nowS - DUE_BUCKETS + 1)
  let count = 0
  for (let second = from; second <= nowS; second++) {
    let slot = due[second & (DUE_BUCKETS - 1)]!
    for (; slot !== NONE; slot = orders.i32[slot * ORDER_W + W_DUE_NEXT]!)
      if (goodTillS(state, slot) <= nowS) count = collect(state, count, slot)
  }
  totals[SWEPT_S] = nowS
  closeCollected(state, count, closeReason.expired)
}
