//! Tick: the clock's work (RULES.md 6): expiry, dead man's switches, prices, waiting orders, liquidation, delisted positions.
import { marketState } from '@plumb/model'
import { isSettlementStopped, settlesUntil } from './chain-state.ts'
import { fireDeadMen } from './dead-man.ts'
import { touch } from './dirty-set.ts'
import { expireOrders } from './expiry.ts'
import { applyFunding, collectDust, HOUR_MS } from './funding.ts'
import { liquidateAccounts } from './liquidate.ts'
import { isStale } from './margin.ts'
import { updateMark } from './mark.ts'
import { INDEX_DEAD_MS } from './order-admission.ts'
import { runPegs } from './pegs.ts'
import { SAMPLE_MS, samplePremium } from './premium.ts'
import { followState } from './reopen-market.ts'
import { forgetKeys } from './session-keys.ts'
import { settlePositions } from './settle-market.ts'
import {
  CK_SECOND,
  CLOCK_D,
  LAG_S,
  M_FIXED_INDEX,
  M_FUNDING_HOUR,
  M_INDEX,
  M_INDEX_TIME,
  M_LISTED,
  M_OPEN_INTEREST,
  M_SAMPLE_TIME,
  M_STATE,
  MARKET_D,
  TIME_MS,
} from './slabs.ts'
import type { EngineState } from './state.ts'
import { beginTick } from './tick-budget.ts'
import { runTriggers } from './triggers.ts'
import { runTwaps } from './twaps.ts'
import { updateVolatility } from './volatility.ts'

export function tick(state: EngineState): void {
  beginTick(state)
  state.scratch.transfers = 0
  expireOrders(state)
  forgetKeys(state)
  fireDeadMen(state)
  updatePrices(state)
  runWaitingOrders(state)
  liquidateAccounts(state)
  settlePositions(state)
}

/** Each market's state, mark, premium sample and hourly funding. */
function updatePrices(state: EngineState): void {
  const { markets } = state
  for (let market = 0; market < state.limits.markets; market++) {
    const m = market * MARKET_D
    if (markets[m + M_LISTED] === 0 || markets[m + M_STATE] === marketState.settled) continue
    followState(state, market)
    if (markets[m + M_FIXED_INDEX] === 0) updateMarket(state, market)
  }
  noteFreshness(state)
}

/**
 * What the common path of orders looks at instead of asking: until when settlement is not stopped, and until when every market
 * with positions has a mark that is not stale. One that is stale already and held by nobody cannot come to be held before
 * a tick brings a mark.
 */
function noteFreshness(state: EngineState): void {
  const { markets, clocks, totals, headroom } = state
  let oldest = Infinity
  for (let market = 0; market < state.limits.markets; market++) {
    const m = market * MARKET_D
    if (markets[m + M_LISTED] === 0 || markets[m + M_STATE] === marketState.settled) continue
    if (markets[m + M_FIXED_INDEX] !== 0) continue
    if (markets[m + M_OPEN_INTEREST] === 0 && isStale(state, market)) continue
    oldest = Math.min(oldest, clocks[market * CLOCK_D + CK_SECOND]!)
  }
  headroom.freshUntilS = oldest + totals[LAG_S]!
  headroom.settlesUntilMs = settlesUntil(state)
}

/** What the waiting orders of each market with a live price do: triggers, then pegs, then twaps. */
function runWaitingOrders(state: EngineState): void {
  const { markets } = state
  const matches = !isSettlementStopped(state)
  for (let market = 0; market < state.limits.markets; market++) {
    const m = market * MARKET_D
    if (markets[m + M_LISTED] === 0 || markets[m + M_STATE]! > marketState.reduceOnly) continue
    if (markets[m + M_FIXED_INDEX] === 0 && !isIndexAlive(state, market)) continue
    if (matches) runTriggers(state, market)
    // They never take: so that the book is of now when matching goes on.
    runPegs(state, market)
    if (matches) runTwaps(state, market)
  }
}

function isIndexAlive(state: EngineState, market: number): boolean {
  const m = market * MARKET_D
  const age = state.totals[TIME_MS]! - state.markets[m + M_INDEX_TIME]!
  return state.markets[m + M_INDEX] !== 0 && age <= INDEX_DEAD_MS
}

/** Mark, volatility, premium sample and the hour's funding of a market with an index. */
function updateMarket(state: EngineState, market: number): void {
  const { markets } = state
  const m = market * MARKET_D
  const now = state.totals[TIME_MS]!
  const hour = Math.floor(now / HOUR_MS)
  if (isIndexAlive(state, market)) {
    updateMark(state, market)
    updateVolatility(state, market)
    // The sample that opens an hour closes the last one: five seconds divide the hour.
    if (Math.floor(markets[m + M_SAMPLE_TIME]! / SAMPLE_MS) !== Math.floor(now / SAMPLE_MS))
      samplePremium(state, market)
  }
  if (hour === markets[m + M_FUNDING_HOUR]) return
  if (markets[m + M_FUNDING_HOUR] !== 0) {
    applyFunding(state, market)
    collectDust(state, market)
  }
  markets[m + M_FUNDING_HOUR] = hour
  touch(state.dirtyMarkets, market)
}
