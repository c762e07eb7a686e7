//! Orders that wait, market by market: triggers, pegs and twaps each in a list by ascending waiting priority.
import { orderStyle } from '@plumb/model'
import {
  A_LISTED,
  A_NEXT_WAITING,
  A_PREV_WAITING,
  A_SLOT,
  A_STYLE,
  AD_WAITING_PRIORITY,
  ADVANCED_D,
  ADVANCED_W,
  M_PEGS,
  M_TRIGGERS,
  M_TWAPS,
  MARKET_D,
  NONE,
  ORDER_W,
  PRIORITIES,
  W_MARKET,
} from './slabs.ts'
import type { EngineState } from './state.ts'

/** Where the list of a record's kind starts in the slab of markets; its end stands behind it. */
function listOf(state: EngineState, record: number): number {
  const { i32 } = state.advanced
  const slot = i32[record * ADVANCED_W + A_SLOT]!
  const style = i32[record * ADVANCED_W + A_STYLE]!
  const list = style === orderStyle.peg ? M_PEGS : style === orderStyle.twap ? M_TWAPS : M_TRIGGERS
  return state.orders.i32[slot * ORDER_W + W_MARKET]! * MARKET_D + list
}

/** First record of a market's list (`M_TRIGGERS`, `M_PEGS` or `M_TWAPS`), NONE (−1) if it is empty. */
export function firstWaiting(state: EngineState, market: number, list: number): number {
  return state.markets[market * MARKET_D + list]! - 1
}

/** The next record of the same list, NONE (−1) after the last. */
export function nextWaiting(state: EngineState, record: number): number {
  return state.advanced.i32[record * ADVANCED_W + A_NEXT_WAITING]!
}

/** Puts an accepted order at the end of its list, with the next priority number. */
export function enlist(state: EngineState, record: number): void {
  const { advanced, markets, totals } = state
  const at = listOf(state, record)
  const a = record * ADVANCED_W
  const last = markets[at + 1]! - 1
  advanced.i32[a + A_LISTED] = 1
  advanced.i32[a + A_NEXT_WAITING] = NONE
  advanced.i32[a + A_PREV_WAITING] = last
  if (last === NONE) markets[at] = record + 1
  else advanced.i32[last * ADVANCED_W + A_NEXT_WAITING] = record
  markets[at + 1] = record + 1
  advanced.f64[record * ADVANCED_D + AD_WAITING_PRIORITY] = ++totals[PRIORITIES]!
}

/** Takes an order out of its list. */
export function delist(state: EngineState, record: number): void {
  const { advanced, markets } = state
  const a = record * ADVANCED_W
  const at = listOf(state, record)
  const next = advanced.i32[a + A_NEXT_WAITING]!
  const previous = advanced.i32[a + A_PREV_WAITING]!
  advanced.i32[a + A_LISTED] = 0
  if (next === NONE) markets[at + 1] = previous + 1
  else advanced.i32[next * ADVANCED_W + A_PREV_WAITING] = previous
  if (previous === NONE) markets[at] = next + 1
  else advanced.i32[previous * ADVANCED_W + A_NEXT_WAITING] = next
}
