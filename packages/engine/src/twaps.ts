//! Twaps: at each tick, the slices that are due, one an order (RULES.md 1.5).
import { closeReason, eventKind, mulDivFloor } from '@plumb/model'
import { touch } from './dirty-set.ts'
import { cappedLimit } from './effective-limit.ts'
import { emit } from './emit.ts'
import { crosses, matchOrder } from './match.ts'
import { refuseMarket } from './order-admission.ts'
import { orderIdOf } from './order-store.ts'
import { refuseRisk } from './place-order.ts'
import { closeResting } from './rest-order.ts'
import {
  A_COUNT,
  A_LIMIT,
  A_SECONDS,
  A_SELF_TRADE,
  A_SLIPPAGE,
  A_SLOT,
  A_STEP,
  AD_HIDDEN,
  AD_START,
  ADVANCED_D,
  ADVANCED_W,
  D_REMAINING,
  D_SIZE,
  M_MARK,
  M_MIN_ORDER,
  M_TWAPS,
  MARKET_D,
  NONE,
  ORDER_D,
  ORDER_PARTS,
  ORDER_W,
  TIME_MS,
  W_ACCOUNT,
  W_FLAGS,
  W_POSITION,
  W_PRICE,
  W_SIDE,
} from './slabs.ts'
import type { EngineState } from './state.ts'
import { fillsLeft } from './tick-budget.ts'
import { firstWaiting, nextWaiting } from './waiting-list.ts'

/** A slice that makes up for missed ones is at most this many ordinary ones. */
const CATCH_UP = 3

export function runTwaps(state: EngineState, market: number): void {
  let record = firstWaiting(state, market, M_TWAPS)
  while (record !== NONE && fillsLeft(state) > 0) {
    const next = nextWaiting(state, record)
    const due = slicesDue(state, record)
    if (due > state.advanced.i32[record * ADVANCED_W + A_STEP]!)
      runSlice(state, market, record, due)
    record = next
  }
}

/** Slices whose time has come, the first at acceptance. */
function slicesDue(state: EngineState, record: number): number {
  const { i32, f64 } = state.advanced
  const a = record * ADVANCED_W
  const elapsed = state.totals[TIME_MS]! - f64[record * ADVANCED_D + AD_START]!
  return Math.min(i32[a + A_COUNT]!, Math.floor(elapsed / (i32[a + A_SECONDS]! * 1_000)) + 1)
}

function runSlice(state: EngineState, market: number, record: number, due: number): void {
  const { orders, advanced, markets } = state
  const a = record * ADVANCED_W
  const slot = advanced.i32[a + A_SLOT]!
  const count = advanced.i32[a + A_COUNT]!
  const size = orders.f64[slot * ORDER_D + D_SIZE]!
  const filled = size - orders.f64[slot * ORDER_D + D_REMAINING]!
  const most = CATCH_UP * Math.ceil(size / count)
  const goal = Math.min(mulDivFloor(size, due, count) - filled, most)
  advanced.i32[a + A_STEP] = due
  touch(advanced.dirty, record)
  if (goal >= markets[market * MARKET_D + M_MIN_ORDER]! || (due === count && goal > 0))
    matchSlice(state, market, record, goal)
  if (due < count) return
  const rest = orders.f64[slot * ORDER_D + D_REMAINING]!
  closeResting(state, slot, rest === 0 ? closeReason.filled : closeReason.ioc)
}

/** Matches `goal` lots at the effective limit if they are admitted; the order goes on waiting. */
function matchSlice(state: EngineState, market: number, record: number, goal: number): void {
  const { orders, advanced } = state
  const { i32, f64 } = orders
  const a = record * ADVANCED_W
  const slot = advanced.i32[a + A_SLOT]!
  const o = slot * ORDER_W
  const side = i32[o + W_SIDE]!
  const account = i32[o + W_ACCOUNT]!
  const signed = advanced.i32[a + A_LIMIT]! >>> 0
  const mark = state.markets[market * MARKET_D + M_MARK]!
  const limit = cappedLimit(state, market, side, signed, advanced.i32[a + A_SLIPPAGE]!, mark)
  const flags = i32[o + W_FLAGS]!
  if (refuseMarket(state, market, side, flags, limit, Infinity) !== 0) return
  if (refuseRisk(state, account, i32[o + W_POSITION]!, market, side, flags, limit, goal) !== 0)
    return
  if (!crosses(state.markets, market, side, limit)) return
  const d = emit(state, eventKind.OrderTriggered, account, market) * 20
  state.events.f64[d + 4] = orderIdOf(orders, slot)
  state.events.f64[d + 5] = mark
  state.events.f64[d + 6] = goal
  state.events.f64[d + 7] = limit
  const later = f64[slot * ORDER_D + D_REMAINING]! - goal
  advanced.f64[record * ADVANCED_D + AD_HIDDEN] = later
  f64[slot * ORDER_D + D_REMAINING] = goal
  i32[o + W_FLAGS] = flags | ORDER_PARTS
  i32[o + W_PRICE] = limit | 0
  matchOrder(state, slot, advanced.i32[a + A_SELF_TRADE]!, fillsLeft(state))
  advanced.f64[record * ADVANCED_D + AD_HIDDEN] = 0
  f64[slot * ORDER_D + D_REMAINING] = f64[slot * ORDER_D + D_REMAINING]! + later
  i32[o + W_FLAGS] = flags
  i32[o + W_PRICE] = signed | 0
  touch(orders.dirty, slot)
}
