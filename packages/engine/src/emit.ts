//! Event records that several commands write. Places of the fields: packages/model/src/layout.ts.
import { commandKind, eventKind, type RejectCode } from '@plumb/model'
import { remainingLots } from './order-lots.ts'
import { orderIdOf } from './order-store.ts'
import * as slabs from './slabs.ts'
import { type EngineState, LIMIT_VALUE } from './state.ts'

const {
  CLIENT_TEXT_WORDS,
  D_SIZE,
  ORDER_D,
  ORDER_W,
  SEQ,
  SIGNED_FLAGS,
  TIME_MS,
  W_ACCOUNT,
  W_EXPIRY,
  W_FLAGS,
  W_LANE,
  W_LANE_SEQ,
  W_MARKET,
  W_MAX_FEE,
  W_PRICE,
  W_SIDE,
} = slabs

/** Starts an event of the present command; answers the record's number. */
export function emit(state: EngineState, kind: number, account: number, market: number): number {
  const { events, totals } = state
  const leg = events.count - state.firstEvent
  return events.begin(totals[SEQ]!, totals[TIME_MS]!, kind, leg, account, market)
}

/** Refuses the command at word `w`, double `d`, naming `limitValue` where a limit was hit. */
export function reject(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
  code: RejectCode,
  limitValue = 0,
): void {
  const kind = i32[w + 4]!
  const record = emit(state, eventKind.CommandRejected, i32[w + 5]!, i32[w + 6]!)
  const to = record * 40
  const events = state.events
  events.i32[to + 8] = code
  events.i32[to + 9] = kind
  events.f64[record * 20 + 6] = limitValue
  if (
    kind !== commandKind.PlaceOrder &&
    kind !== commandKind.PlaceAdvancedOrder &&
    kind !== commandKind.AmendOrder &&
    kind !== commandKind.CancelOrder
  )
    return
  events.f64[record * 20 + 5] = f64[d + 11]!
  if (i32[w + 24] === 0) return
  for (let i = 0; i < CLIENT_TEXT_WORDS; i++) events.i32[to + 16 + i] = i32[w + 24 + i]!
}

/** Names the limit that a check is about to refuse for, and passes the code on. */
export function refusal(state: EngineState, code: RejectCode, limitValue: number): RejectCode {
  state.scratch.f64[LIMIT_VALUE] = limitValue
  return code
}

/** The record's number, for what an advanced order adds. */
export function emitOrderPlaced(
  state: EngineState,
  slot: number,
  i32: Int32Array,
  w: number,
): number {
  const { i32: orders, f64: doubles } = state.orders
  const o = slot * ORDER_W
  const record = emit(state, eventKind.OrderPlaced, orders[o + W_ACCOUNT]!, orders[o + W_MARKET]!)
  const to = record * 40
  const events = state.events.i32
  const eventDoubles = state.events.f64
  eventDoubles[record * 20 + 4] = orderIdOf(state.orders, slot)
  eventDoubles[record * 20 + 5] = orders[o + W_PRICE]! >>> 0
  eventDoubles[record * 20 + 6] = doubles[slot * ORDER_D + D_SIZE]!
  events[to + 14] = orders[o + W_SIDE]!
  events[to + 15] = orders[o + W_FLAGS]! & SIGNED_FLAGS
  events[to + 17] = orders[o + W_MAX_FEE]!
  events[to + 18] = orders[o + W_LANE]!
  events[to + 19] = orders[o + W_LANE_SEQ]!
  events[to + 20] = orders[o + W_EXPIRY]!
  if (i32[w + 24] !== 0)
    for (let i = 0; i < CLIENT_TEXT_WORDS; i++) events[to + 24 + i] = i32[w + 24 + i]!
  return record
}

export function emitOrderClosed(
  state: EngineState,
  slot: number,
  reason: number,
  code: number,
): void {
  const { i32: orders } = state.orders
  const o = slot * ORDER_W
  const record = emit(state, eventKind.OrderClosed, orders[o + W_ACCOUNT]!, orders[o + W_MARKET]!)
  const events = state.events
  events.f64[record * 20 + 4] = orderIdOf(state.orders, slot)
  events.f64[record * 20 + 5] = remainingLots(state, slot)
  events.f64[record * 20 + 6] = orders[o + W_PRICE]! >>> 0
  events.i32[record * 40 + 14] = orders[o + W_SIDE]!
  events.i32[record * 40 + 15] = reason
  events.i32[record * 40 + 16] = code
}
