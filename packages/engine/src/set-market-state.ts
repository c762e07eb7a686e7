//! SetMarketState: what a market accepts from now on.
import { eventKind, marketState, rejectCode } from '@plumb/model'
import { touch } from './dirty-set.ts'
import { emit, reject } from './emit.ts'
import { M_LISTED, M_STATE, MARKET_D } from './slabs.ts'
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
  const { markets } = state
  const listed =
    market >= 0 && market < state.limits.markets && markets[market * MARKET_D + M_LISTED] === 1
  if (!listed) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_MARKET)
    return
  }
  if (next < marketState.trading || next > marketState.settled) {
    reject(state, i32, f64, w, d, rejectCode.INVALID_PARAMETER)
    return
  }
  markets[market * MARKET_D + M_STATE] = next
  touch(state.dirtyMarkets, market)
  state.events.i32[emit(state, eventKind.MarketStateChanged, 0, market) * 40 + 8] = next
}
