//! The slab of orders: slots handed out last-freed-first, so an order id is a function of the history alone.
import { LINE_SHIFT } from './account-records.ts'
import { createDirtySet, type DirtySet, touch } from './dirty-set.ts'
import * as slabs from './slabs.ts'

const { DUE_BLOCK, ORDER_W, SLOT_RANGE, W_DIRTY, W_FREE_PLACE, W_GENERATION, W_LIVE } = slabs

export const NEVER_S = 0xffff_ffff

export type OrderStore = {
  readonly capacity: number
  readonly i32: Int32Array
  readonly f64: Float64Array
  /** Second in which a resting order stops matching, by slot; the least of each block of slots. */
  readonly dueS: Uint32Array
  readonly blockDueS: Uint32Array
  readonly free: Int32Array
  readonly dirty: DirtySet
  /** Slots that were ever used: 0 … used − 1. */
  used: number
  freeCount: number
}

export function createOrderStore(capacity: number): OrderStore {
  const buffer = new ArrayBuffer(LINE_SHIFT + capacity * ORDER_W * 4)
  const i32 = new Int32Array(buffer, LINE_SHIFT)
  return {
    capacity,
    i32,
    f64: new Float64Array(buffer, LINE_SHIFT),
    dueS: new Uint32Array(capacity),
    blockDueS: new Uint32Array(Math.ceil(capacity / DUE_BLOCK)).fill(NEVER_S),
    free: new Int32Array(capacity),
    dirty: createDirtySet(i32, ORDER_W, W_DIRTY),
    used: 0,
    freeCount: 0,
  }
}

export function hasFreeOrder(orders: OrderStore): boolean {
  return orders.freeCount > 0 || orders.used < orders.capacity
}

/** A slot for a new order; the caller has asked `hasFreeOrder`. */
export function takeOrder(orders: OrderStore): number {
  const slot = orders.freeCount > 0 ? orders.free[--orders.freeCount]! : orders.used++
  const w = slot * ORDER_W
  orders.i32[w + W_GENERATION] = orders.i32[w + W_GENERATION]! + 1
  orders.i32[w + W_LIVE] = 1
  touch(orders.dirty, slot)
  return slot
}

export function releaseOrder(orders: OrderStore, slot: number): void {
  const w = slot * ORDER_W
  orders.i32[w + W_LIVE] = 0
  orders.i32[w + W_FREE_PLACE] = orders.freeCount
  orders.free[orders.freeCount++] = slot
  touch(orders.dirty, slot)
}

export function orderIdOf(orders: OrderStore, slot: number): number {
  return (orders.i32[slot * ORDER_W + W_GENERATION]! >>> 0) * SLOT_RANGE + slot
}

/** Slot of a live order, NONE (−1) if there is no such order. */
export function slotOfOrder(orders: OrderStore, orderId: number): number {
  // The low bits of the double: a remainder of doubles would be a call.
  const slot = orderId & (SLOT_RANGE - 1)
  if (slot >= orders.used) return -1
  const w = slot * ORDER_W
  if (orders.i32[w + W_LIVE] === 0) return -1
  return orderIdOf(orders, slot) === orderId ? slot : -1
}

/** Undoes the last `takeOrder`, generation included: a refused order leaves no trace. */
export function returnOrder(orders: OrderStore, slot: number): void {
  const w = slot * ORDER_W
  const generation = orders.i32[w + W_GENERATION]! - 1
  orders.i32[w + W_GENERATION] = generation
  orders.i32[w + W_LIVE] = 0
  if (generation === 0) orders.used--
  else orders.free[orders.freeCount++] = slot
}
