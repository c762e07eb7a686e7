//! ReopenMarket: after a halt a market comes back in steps, each ended by the tick (RULES.md 5, risk.md 1.13).
import { marketState, rejectCode } from '@plumb/model'
import { isPaused } from './chain-state.ts'
import { touch } from './dirty-set.ts'
import { reject } from './emit.ts'
import { isListed } from './list-market.ts'
import { restartAverages } from './mark.ts'
import { INDEX_STALE_MS } from './order-admission.ts'
import { changeState } from './set-market-state.ts'
import {
  M_CANCEL_ONLY_S,
  M_FIXED_INDEX,
  M_GOOD_TICKS,
  M_INDEX_TIME,
  M_POST_ONLY_S,
  M_REARM_S,
  M_REARMED_AT,
  M_REOPEN_SINCE,
  M_STATE,
  MARKET_D,
  TIME_MS,
} from './slabs.ts'
import type { EngineState } from './state.ts'

/** Ticks with a fresh index that the post-only stage needs. */
const GOOD_TICKS = 60

export function reopenMarket(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const market = i32[w + 6]!
  if (!isListed(state, market)) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_MARKET)
    return
  }
  const { markets, totals } = state
  const m = market * MARKET_D
  if (markets[m + M_STATE] !== marketState.halted || isPaused(state)) {
    reject(state, i32, f64, w, d, rejectCode.INVALID_PARAMETER)
    return
  }
  restartAverages(state, market)
  markets[m + M_REARMED_AT] = totals[TIME_MS]! + markets[m + M_REARM_S]! * 1_000
  enter(
    state,
    market,
    markets[m + M_CANCEL_ONLY_S]! > 0 ? marketState.cancelOnly : afterCancelOnly(markets, m),
  )
}

function afterCancelOnly(markets: Float64Array, m: number): number {
  return markets[m + M_POST_ONLY_S]! > 0 ? marketState.postOnly : marketState.trading
}

/** Begins a stage now; trading is the end of the reopening. */
function enter(state: EngineState, market: number, next: number): void {
  changeState(state, market, next)
  if (next !== marketState.trading)
    state.markets[market * MARKET_D + M_REOPEN_SINCE] = state.totals[TIME_MS]!
}

/** The tick's look at a market that is being reopened: counts good ticks, ends at most one stage. */
export function continueReopening(state: EngineState, market: number): void {
  const { markets, totals } = state
  const m = market * MARKET_D
  const now = totals[TIME_MS]!
  const past = now - markets[m + M_REOPEN_SINCE]!
  if (markets[m + M_STATE] === marketState.cancelOnly) {
    if (past >= markets[m + M_CANCEL_ONLY_S]! * 1_000)
      enter(state, market, afterCancelOnly(markets, m))
    return
  }
  const good =
    markets[m + M_FIXED_INDEX] !== 0 || now - markets[m + M_INDEX_TIME]! <= INDEX_STALE_MS
  if (good) {
    markets[m + M_GOOD_TICKS] = markets[m + M_GOOD_TICKS]! + 1
    touch(state.dirtyMarkets, market)
  }
  if (past >= markets[m + M_POST_ONLY_S]! * 1_000 && markets[m + M_GOOD_TICKS]! >= GOOD_TICKS)
    enter(state, market, marketState.trading)
}
