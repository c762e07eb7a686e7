//! Which orders an account in trouble loses: those that add risk below initial margin, all below maintenance margin.
import { closeReason, orderFlag } from '@plumb/model'
import { HEALTH_EQUITY, otherRequirements } from './account-health.ts'
import { closeCollected, collect } from './close-many.ts'
import { explain, qualifies, stage } from './liquidation-scope.ts'
import { remainingLots } from './order-lots.ts'
import { orderIdOf } from './order-store.ts'
import { findPosition } from './position-store.ts'
import {
  ACCOUNT_W,
  D_LOTS,
  NONE,
  ORDER_W,
  ORDER_WAITING,
  P_FIRST_ORDER,
  P_MARKET,
  P_NEXT,
  POSITION_D,
  POSITION_W,
  SLOT_RANGE,
  W_FIRST_POSITION,
  W_FLAGS,
  W_MARKET,
  W_OWN_NEXT,
  W_PRICE,
  W_SIDE,
} from './slabs.ts'
import type { EngineState } from './state.ts'

/** Stage 0: while equity (in the scratch) is below ΣIM with orders, market by market. */
export function closeRiskAddingOrders(state: EngineState, account: number): void {
  const equity = state.scratch.health[HEALTH_EQUITY]!
  if (equity >= otherRequirements(state, account, NONE)) return
  let explained = false
  for (let market = 0; market < state.limits.markets; market++) {
    const record = findPosition(state.positions, state.accounts, account, market)
    if (record === NONE || !qualifies(state, market)) continue
    if (equity >= otherRequirements(state, account, NONE)) return
    const lots = state.positions.f64[record * POSITION_D + D_LOTS]!
    let count = 0
    if (lots >= 0) count = collectSide(state, record, 0, count)
    if (lots <= 0) count = collectSide(state, record, 1, count)
    const other = lots > 0 ? 1 : 0
    const passive = lots === 0 ? NONE : mostPassive(state, record, other, Math.abs(lots))
    if (count === 0 && passive === NONE) continue
    if (!explained) explain(state, account, market, lots, 0, 0, stage.orders)
    explained = true
    closeCollected(state, count, closeReason.liquidation)
    if (lots !== 0) closePassive(state, record, other, Math.abs(lots))
  }
}

/** Collects the account's risk-adding orders of a side that rest on the book. */
function collectSide(state: EngineState, record: number, side: number, found: number): number {
  const { i32 } = state.orders
  let count = found
  let slot = state.positions.i32[record * POSITION_W + P_FIRST_ORDER]!
  for (; slot !== NONE; slot = i32[slot * ORDER_W + W_OWN_NEXT]!)
    if (i32[slot * ORDER_W + W_SIDE] === side && addsRisk(i32, slot))
      count = collect(state, count, slot)
  return count
}

/** Waiting orders reserve nothing, and reduce-only ones only reduce. */
function addsRisk(orders: Int32Array, slot: number): boolean {
  return (orders[slot * ORDER_W + W_FLAGS]! & (orderFlag.reduceOnly | ORDER_WAITING)) === 0
}

/** Closes the orders of the side that could turn the position, furthest from the best first. */
function closePassive(state: EngineState, record: number, side: number, most: number): void {
  for (;;) {
    const slot = mostPassive(state, record, side, most)
    if (slot === NONE) return
    closeCollected(state, collect(state, 0, slot), closeReason.liquidation)
  }
}

/** The most passive order of a side (ties: the higher order id) while more than `most` lots of them remain, else NONE. */
function mostPassive(state: EngineState, record: number, side: number, most: number): number {
  const { i32 } = state.orders
  let found: number = NONE
  let lots = 0
  let slot = state.positions.i32[record * POSITION_W + P_FIRST_ORDER]!
  for (; slot !== NONE; slot = i32[slot * ORDER_W + W_OWN_NEXT]!) {
    if (i32[slot * ORDER_W + W_SIDE] !== side || !addsRisk(i32, slot)) continue
    lots += remainingLots(state, slot)
    if (found === NONE || isMorePassive(state, slot, found, side)) found = slot
  }
  return lots > most ? found : NONE
}

function isMorePassive(state: EngineState, slot: number, than: number, side: number): boolean {
  const { i32 } = state.orders
  const gap = (i32[slot * ORDER_W + W_PRICE]! >>> 0) - (i32[than * ORDER_W + W_PRICE]! >>> 0)
  if (gap !== 0) return side === 0 ? gap < 0 : gap > 0
  return orderIdOf(state.orders, slot) > orderIdOf(state.orders, than)
}

/** Below maintenance margin every order goes that could be in the way of a liquidation. */
export function closeOpenOrders(state: EngineState, account: number): void {
  const { positions, orders } = state
  let count = 0
  let record = state.accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION]!
  for (; record !== NONE; record = positions.i32[record * POSITION_W + P_NEXT]!) {
    if (!qualifies(state, positions.i32[record * POSITION_W + P_MARKET]!)) continue
    let slot = positions.i32[record * POSITION_W + P_FIRST_ORDER]!
    for (; slot !== NONE; slot = orders.i32[slot * ORDER_W + W_OWN_NEXT]!)
      count = collect(state, count, slot)
  }
  if (count === 0) return
  const ids = state.scratch.orderIds
  const first = ids.subarray(0, count).reduce((least, id) => Math.min(least, id))
  const market = orders.i32[(first % SLOT_RANGE) * ORDER_W + W_MARKET]!
  const held = findPosition(positions, state.accounts, account, market)
  explain(state, account, market, positions.f64[held * POSITION_D + D_LOTS]!, 0, 0, stage.orders)
  closeCollected(state, count, closeReason.liquidation)
}
