//! How many fills the present tick may still make: one settlement transaction holds them all.
import { limits } from '@plumb/model'
import { TRADES } from './slabs.ts'
import type { EngineState } from './state.ts'

/** Starts a tick's count. */
export function beginTick(state: EngineState): void {
  state.firstTrade = state.totals[TRADES]!
}

export function fillsLeft(state: EngineState): number {
  return limits.fillsPerCommandMax - (state.totals[TRADES]! - state.firstTrade)
}
