//! What advanced orders have beyond plain ones: one record for each that is live, next to the slab of orders.
import { createDirtySet, type DirtySet, touch } from './dirty-set.ts'
import {
  A_DIRTY,
  A_FIRST_CHILD,
  A_LIMIT,
  A_NEXT_CHILD,
  A_PARENT,
  A_PREV_CHILD,
  A_SIBLING,
  A_SLOT,
  ADVANCED_W,
  NONE,
  ORDER_ADVANCED,
  ORDER_W,
  W_ADVANCED,
  W_FLAGS,
  W_PRICE,
} from './slabs.ts'
import type { EngineState } from './state.ts'

export type AdvancedStore = {
  readonly i32: Int32Array
  readonly f64: Float64Array
  readonly free: Int32Array
  readonly dirty: DirtySet
  used: number
  freeCount: number
}

/** As many records as orders: one for an order can never be refused. */
export function createAdvancedStore(orders: number): AdvancedStore {
  const buffer = new ArrayBuffer(orders * ADVANCED_W * 4)
  const i32 = new Int32Array(buffer)
  return {
    i32,
    f64: new Float64Array(buffer),
    free: new Int32Array(orders),
    dirty: createDirtySet(i32, ADVANCED_W, A_DIRTY),
    used: 0,
    freeCount: 0,
  }
}

/** Record of an order, made empty if it has none. */
export function advancedOf(state: EngineState, slot: number): number {
  const { orders, advanced } = state
  const o = slot * ORDER_W
  const flags = orders.i32[o + W_FLAGS]!
  if ((flags & ORDER_ADVANCED) !== 0) return orders.i32[o + W_ADVANCED]!
  const record = advanced.freeCount > 0 ? advanced.free[--advanced.freeCount]! : advanced.used++
  const a = record * ADVANCED_W
  const dirty = advanced.i32[a + A_DIRTY]!
  advanced.i32.fill(0, a, a + ADVANCED_W)
  advanced.i32[a + A_DIRTY] = dirty
  advanced.i32[a + A_SLOT] = slot
  advanced.i32[a + A_LIMIT] = orders.i32[o + W_PRICE]!
  for (const link of [A_SIBLING, A_PARENT, A_FIRST_CHILD, A_NEXT_CHILD, A_PREV_CHILD])
    advanced.i32[a + link] = NONE
  orders.i32[o + W_FLAGS] = flags | ORDER_ADVANCED
  orders.i32[o + W_ADVANCED] = record
  touch(advanced.dirty, record)
  return record
}

/** The order is closed: its record is free. */
export function releaseAdvanced(advanced: AdvancedStore, record: number): void {
  advanced.i32[record * ADVANCED_W + A_SLOT] = NONE
  advanced.free[advanced.freeCount++] = record
  touch(advanced.dirty, record)
}
