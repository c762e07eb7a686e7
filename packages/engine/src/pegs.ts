//! Pegs: at each tick, where the index wants them on the book (RULES.md 1.5).
import { canHold } from './book-store.ts'
import { refuseMarket } from './order-admission.ts'
import { emitRequeued, isPrice, priceBehind } from './parts.ts'
import { refuseRisk } from './place-order.ts'
import { isCountable, joinOwner, leaveOwner, restOrder, unrestOrder } from './rest-order.ts'
import {
  A_LIMIT,
  A_OFFSET,
  A_SLOT,
  ADVANCED_W,
  D_PRIORITY,
  D_REMAINING,
  M_BAND_DOWN,
  M_BAND_UP,
  M_INDEX,
  M_PEGS,
  M_PRICE_BAND,
  MARKET_D,
  NONE,
  ORDER_D,
  ORDER_W,
  ORDER_WAITING,
  W_ACCOUNT,
  W_FLAGS,
  W_POSITION,
  W_PRICE,
  W_SIDE,
} from './slabs.ts'
import type { EngineState } from './state.ts'
import { setWaiting } from './triggers.ts'
import { firstWaiting, nextWaiting } from './waiting-list.ts'

export function runPegs(state: EngineState, market: number): void {
  const { i32 } = state.orders
  let record = firstWaiting(state, market, M_PEGS)
  for (; record !== NONE; record = nextWaiting(state, record)) {
    const slot = state.advanced.i32[record * ADVANCED_W + A_SLOT]!
    const o = slot * ORDER_W
    const price = wantedPrice(state, market, record, i32[o + W_SIDE]!)
    if ((i32[o + W_FLAGS]! & ORDER_WAITING) !== 0) {
      if (price !== 0 && mayEnter(state, market, record, slot, price))
        enter(state, record, slot, price)
    } else if (price !== i32[o + W_PRICE]! >>> 0) move(state, market, record, slot, price)
  }
}

/** Index plus offset, within the limit, not crossing; 0 where there is no such price or the band forbids it. */
function wantedPrice(state: EngineState, market: number, record: number, side: number): number {
  const { markets } = state
  const m = market * MARKET_D
  const a = record * ADVANCED_W
  const limit = state.advanced.i32[a + A_LIMIT]! >>> 0
  const pegged = markets[m + M_INDEX]! + state.advanced.i32[a + A_OFFSET]!
  const within = side === 0 ? Math.min(limit, pegged) : Math.max(limit, pegged)
  const price = priceBehind(state, market, side, within)
  if (!isPrice(price)) return 0
  if (markets[m + M_PRICE_BAND] === 0) return price
  const outside = side === 0 ? price > markets[m + M_BAND_UP]! : price < markets[m + M_BAND_DOWN]!
  return outside ? 0 : price
}

/** Whether a waiting peg is admitted to the book at `price`; its margin is judged at its signed limit. */
function mayEnter(
  state: EngineState,
  market: number,
  record: number,
  slot: number,
  price: number,
): boolean {
  const { i32, f64 } = state.orders
  const o = slot * ORDER_W
  const side = i32[o + W_SIDE]!
  const flags = i32[o + W_FLAGS]!
  if (refuseMarket(state, market, side, flags, price, Infinity) !== 0) return false
  const limit = state.advanced.i32[record * ADVANCED_W + A_LIMIT]! >>> 0
  const lots = f64[slot * ORDER_D + D_REMAINING]!
  const held = i32[o + W_POSITION]!
  const risk = refuseRisk(state, i32[o + W_ACCOUNT]!, held, market, side, flags, limit, lots)
  return risk === 0 && hasRoom(state, market, slot, price)
}

/** Whether the order, off the book, can rest at `price`: a page to hold it, and a worth that can be counted. */
function hasRoom(state: EngineState, market: number, slot: number, price: number): boolean {
  const lots = state.orders.f64[slot * ORDER_D + D_REMAINING]!
  return canHold(state.book, market, price) && isCountable(state, slot, lots, price)
}

function enter(state: EngineState, record: number, slot: number, price: number): void {
  leaveOwner(state, slot)
  setWaiting(state, record, slot, false, price)
  restOrder(state, slot)
  emitRequeued(state, slot, price, 0)
}

/** Takes a peg from where it is to the tail of `price`, or off the book if that is 0 or there is no room. */
function move(
  state: EngineState,
  market: number,
  record: number,
  slot: number,
  price: number,
): void {
  const previous = state.orders.i32[slot * ORDER_W + W_PRICE]! >>> 0
  unrestOrder(state, slot)
  if (price !== 0 && hasRoom(state, market, slot, price)) {
    setWaiting(state, record, slot, false, price)
    restOrder(state, slot)
    emitRequeued(state, slot, price, previous)
    return
  }
  setWaiting(state, record, slot, true, state.advanced.i32[record * ADVANCED_W + A_LIMIT]!)
  state.orders.f64[slot * ORDER_D + D_PRIORITY] = 0
  joinOwner(state, slot)
  emitRequeued(state, slot, 0, previous)
}
