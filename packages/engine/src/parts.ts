//! Orders that show a part of themselves: an iceberg's next part, a scale's next level.
import { closeReason, eventKind, limits, orderStyle } from '@plumb/model'
import { canHoldBesides } from './book-store.ts'
import { touch } from './dirty-set.ts'
import { bestOpposite } from './effective-limit.ts'
import { emit } from './emit.ts'
import { remainingLots, shownLots } from './order-lots.ts'
import { orderIdOf } from './order-store.ts'
import { closeOrder, dequeue, enqueue, isCountable, restOrder, unrestOrder } from './rest-order.ts'
import {
  A_COUNT,
  A_LIMIT,
  A_OFFSET,
  A_STEP,
  A_STYLE,
  AD_DISPLAY,
  AD_HIDDEN,
  ADVANCED_D,
  ADVANCED_W,
  D_REMAINING,
  D_SIZE,
  ORDER_D,
  ORDER_ICEBERG,
  ORDER_PARTS,
  ORDER_W,
  W_ACCOUNT,
  W_ADVANCED,
  W_FLAGS,
  W_MARKET,
  W_PRICE,
  W_SIDE,
} from './slabs.ts'
import type { EngineState } from './state.ts'

/** Says where on the book an order is now. `previousPrice` 0: it was not on it. */
export function emitRequeued(
  state: EngineState,
  slot: number,
  price: number,
  previousPrice: number,
): void {
  const { i32 } = state.orders
  const o = slot * ORDER_W
  const record = emit(state, eventKind.OrderRequeued, i32[o + W_ACCOUNT]!, i32[o + W_MARKET]!)
  const { f64 } = state.events
  const d = record * 20
  f64[d + 4] = orderIdOf(state.orders, slot)
  f64[d + 5] = price
  f64[d + 6] = price === 0 ? 0 : shownLots(state, slot)
  f64[d + 7] = previousPrice
  f64[d + 8] = remainingLots(state, slot)
  state.events.i32[record * 40 + 18] = i32[o + W_SIDE]!
}

/** Divides what remains of an iceberg into what shows and what does not; a scale is divided from the start. */
export function hideRest(state: EngineState, slot: number): void {
  const { orders, advanced } = state
  const o = slot * ORDER_W
  const record = orders.i32[o + W_ADVANCED]!
  if (advanced.i32[record * ADVANCED_W + A_STYLE] !== orderStyle.iceberg) return
  const a = record * ADVANCED_D
  const remaining = orders.f64[slot * ORDER_D + D_REMAINING]!
  advanced.f64[a + AD_HIDDEN] = Math.max(0, remaining - advanced.f64[a + AD_DISPLAY]!)
  orders.i32[o + W_FLAGS] = orders.i32[o + W_FLAGS]! | ORDER_ICEBERG
  touch(advanced.dirty, record)
}

/** After a fill of a resting order: shows its next part if the one that showed is filled. */
export function showNextPart(state: EngineState, slot: number): void {
  const { i32, f64 } = state.orders
  const o = slot * ORDER_W
  const price = i32[o + W_PRICE]! >>> 0
  if ((i32[o + W_FLAGS]! & ORDER_PARTS) !== 0 && f64[slot * ORDER_D + D_REMAINING] === 0) {
    unrestOrder(state, slot)
    showNextLevel(state, slot, price)
  } else if ((i32[o + W_FLAGS]! & ORDER_ICEBERG) !== 0 && shownLots(state, slot) === 0) {
    dequeue(state, slot)
    hideRest(state, slot)
    enqueue(state, slot)
    emitRequeued(state, slot, price, price)
  }
}

/** Puts the next level of a scale (off the book, the level before filled) on the book, or closes it. */
export function showNextLevel(state: EngineState, slot: number, previousPrice: number): void {
  const { orders, advanced } = state
  const o = slot * ORDER_W
  const record = orders.i32[o + W_ADVANCED]!
  const a = record * ADVANCED_W
  const d = record * ADVANCED_D
  const step = advanced.i32[a + A_STEP]! + 1
  const market = orders.i32[o + W_MARKET]!
  const price = priceBehind(state, market, orders.i32[o + W_SIDE]!, levelPrice(state, slot, step))
  const lots = levelLots(state, slot)
  const fits =
    isPrice(price) &&
    canHoldBesides(state.book, market, price) &&
    isCountable(state, slot, lots, price)
  if (!fits) {
    closeOrder(state, slot, closeReason.ioc)
    return
  }
  const hidden = advanced.f64[d + AD_HIDDEN]! - lots
  advanced.i32[a + A_STEP] = step
  advanced.f64[d + AD_HIDDEN] = hidden
  if (hidden === 0) orders.i32[o + W_FLAGS] = orders.i32[o + W_FLAGS]! & ~ORDER_PARTS
  orders.f64[slot * ORDER_D + D_REMAINING] = lots
  orders.i32[o + W_PRICE] = price | 0
  touch(orders.dirty, slot)
  touch(advanced.dirty, record)
  restOrder(state, slot)
  emitRequeued(state, slot, price, previousPrice)
}

/** Price of level `step` of a scale; its shape was checked, so it is a price. */
export function levelPrice(state: EngineState, slot: number, step: number): number {
  const { orders, advanced } = state
  const a = orders.i32[slot * ORDER_W + W_ADVANCED]! * ADVANCED_W
  const distance = step * advanced.i32[a + A_OFFSET]!
  const limit = advanced.i32[a + A_LIMIT]! >>> 0
  return orders.i32[slot * ORDER_W + W_SIDE] === 0 ? limit - distance : limit + distance
}

/** Lots of every level of a scale but the first. */
export function levelLots(state: EngineState, slot: number): number {
  const { orders, advanced } = state
  const a = orders.i32[slot * ORDER_W + W_ADVANCED]! * ADVANCED_W
  return Math.floor(orders.f64[slot * ORDER_D + D_SIZE]! / advanced.i32[a + A_COUNT]!)
}

/** The price itself, or one tick behind the best opposite price if it would cross; perhaps no price at all (`isPrice`). */
export function priceBehind(
  state: EngineState,
  market: number,
  side: number,
  price: number,
): number {
  const best = bestOpposite(state, market, side)
  if (best === 0) return price
  return side === 0 ? Math.min(price, best - 1) : Math.max(price, best + 1)
}

export function isPrice(price: number): boolean {
  return price >= 1 && price <= limits.priceTicksMax
}
