//! ReopenMarket, and what a market does by itself: it halts without prices and comes back in steps, each ended by the tick
//! (RULES.md 5, risk.md 1.13).
import { marketState, rejectCode } from '@plumb/model'
import { isPaused } from './chain-state.ts'
import { touch } from './dirty-set.ts'
import { reject } from './emit.ts'
import { isListed } from './list-market.ts'
import { restartAverages } from './mark.ts'
import { INDEX_DEAD_MS, INDEX_STALE_MS } from './order-admission.ts'
import { changeState } from './set-market-state.ts'
import {
  CK_SECOND,
  CLOCK_D,
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
  if (state.markets[market * MARKET_D + M_STATE] !== marketState.halted || isPaused(state)) {
    reject(state, i32, f64, w, d, rejectCode.INVALID_PARAMETER)
    return
  }
  reopen(state, market)
}

/** The first stage begins; the averages start afresh, and liquidation waits. */
function reopen(state: EngineState, market: number): void {
  const { markets, totals } = state
  const m = market * MARKET_D
  restartAverages(state, market)
  markets[m + M_REARMED_AT] = totals[TIME_MS]! + markets[m + M_REARM_S]! * 1_000
  const hasCancelOnly = markets[m + M_CANCEL_ONLY_S]! > 0
  // Under a pause of the contract it comes back as far as that allows.
  if (isPaused(state)) holdMarket(state, market, marketState.reduceOnly)
  else enter(state, market, hasCancelOnly ? marketState.cancelOnly : afterCancelOnly(markets, m))
}

function afterCancelOnly(markets: Float64Array, m: number): number {
  return markets[m + M_POST_ONLY_S]! > 0 ? marketState.postOnly : marketState.trading
}

/** Begins a stage now; trading is the end of the reopening. */
function enter(state: EngineState, market: number, next: number): void {
  if (next === marketState.trading) changeState(state, market, next)
  else holdMarket(state, market, next)
}

/** The market is in a state that it leaves by itself. */
export function holdMarket(state: EngineState, market: number, next: number): void {
  changeState(state, market, next)
  state.markets[market * MARKET_D + M_REOPEN_SINCE] = state.totals[TIME_MS]!
}

/** The tick's look at a market's state: without prices it halts, and one that it left open by itself goes on. */
export function followState(state: EngineState, market: number): void {
  const { markets } = state
  const m = market * MARKET_D
  const isHeld = markets[m + M_REOPEN_SINCE] !== 0
  const now = markets[m + M_STATE]!
  if (!isHeld && now !== marketState.trading) return
  if (now !== marketState.halted && hasLostPrices(state, market))
    holdMarket(state, market, marketState.halted)
  else if (isHeld) continueReopening(state, market, now)
}

/** An index of more than 30 s, or no mark for as long: then nobody was here. Without stages there is nothing to come back through. */
function hasLostPrices(state: EngineState, market: number): boolean {
  const { markets, clocks, totals } = state
  const m = market * MARKET_D
  if (markets[m + M_FIXED_INDEX] !== 0) return false
  if (markets[m + M_CANCEL_ONLY_S] === 0 && markets[m + M_POST_ONLY_S] === 0) return false
  const second = clocks[market * CLOCK_D + CK_SECOND]!
  if (second === 0) return false
  const now = totals[TIME_MS]!
  const silentS = Math.floor(now / 1_000) - second
  return now - markets[m + M_INDEX_TIME]! > INDEX_DEAD_MS || silentS * 1_000 > INDEX_DEAD_MS
}

/** Counts good ticks, ends at most one stage. */
function continueReopening(state: EngineState, market: number, stage: number): void {
  const { markets, totals } = state
  const m = market * MARKET_D
  const now = totals[TIME_MS]!
  const past = now - markets[m + M_REOPEN_SINCE]!
  const isFresh =
    markets[m + M_FIXED_INDEX] !== 0 || now - markets[m + M_INDEX_TIME]! <= INDEX_STALE_MS
  if (stage === marketState.halted) {
    if (isFresh) reopen(state, market)
    return
  }
  if (stage === marketState.reduceOnly) {
    if (isFresh && !isPaused(state)) enter(state, market, afterCancelOnly(markets, m))
    return
  }
  if (stage === marketState.cancelOnly) {
    if (past >= markets[m + M_CANCEL_ONLY_S]! * 1_000)
      enter(state, market, afterCancelOnly(markets, m))
    return
  }
  if (isFresh) {
    markets[m + M_GOOD_TICKS] = markets[m + M_GOOD_TICKS]! + 1
    touch(state.dirtyMarkets, market)
  }
  if (past >= markets[m + M_POST_ONLY_S]! * 1_000 && markets[m + M_GOOD_TICKS]! >= GOOD_TICKS)
    enter(state, market, marketState.trading)
}
