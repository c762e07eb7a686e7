//! SetMarketState: what a market accepts from now on.
import { eventKind, marketState, rejectCode } from '@plumb/model'
import { isPaused } from './chain-state.ts'
import { touch } from './dirty-set.ts'
import { emit, reject } from './emit.ts'
import { isListed } from './list-market.ts'
import { M_GOOD_TICKS, M_REOPEN_SINCE, M_STATE, MARKET_D } from './slabs.ts'
import type { EngineState } from './state.ts'

export function setMarketState(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const market = i32[w + 6]!
  const next = i32[w + 14]!
  if (!isListed(state, market)) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_MARKET)
    return
  }
  const now = state.markets[market * MARKET_D + M_STATE]!
  const adds = next <= marketState.postOnly && isPaused(state)
  if (
    adds ||
    next < marketState.trading ||
    next >= marketState.settled ||
    now === marketState.settled
  ) {
    reject(state, i32, f64, w, d, rejectCode.INVALID_PARAMETER)
    return
  }
  changeState(state, market, next)
}

/** The market is in another state from now on; a reopening that was under way is over. */
export function changeState(state: EngineState, market: number, next: number): void {
  const { markets } = state
  const m = market * MARKET_D
  markets[m + M_STATE] = next
  markets[m + M_REOPEN_SINCE] = 0
  markets[m + M_GOOD_TICKS] = 0
  touch(state.dirtyMarkets, market)
  state.events.i32[emit(state, eventKind.MarketStateChanged, 0, market) * 40 + 8] = next
}
