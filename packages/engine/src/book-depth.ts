//! What a level of a book shows.
import { pageOf } from './book-store.ts'
import { shownLots } from './order-lots.ts'
import { headOf } from './rest-order.ts'
import { NONE, ORDER_W, W_NEXT } from './slabs.ts'
import type { EngineState } from './state.ts'

/** Lots resting at a price that is in use. */
export function levelLots(state: EngineState, market: number, price: number): number {
  const { i32 } = state.orders
  let lots = 0
  let slot = headOf(state, pageOf(state.book, market, price), price)
  for (; slot !== NONE; slot = i32[slot * ORDER_W + W_NEXT]!) lots += shownLots(state, slot)
  return lots
}
