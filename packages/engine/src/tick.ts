//! Tick: the clock's work. Expiry first, then each market's mark, premium sample and hourly funding.

import { touch } from './dirty-set.ts'
import { expireOrders } from './expiry.ts'
import { applyFunding, HOUR_MS } from './funding.ts'
import { updateMark } from './mark.ts'
import { INDEX_DEAD_MS } from './order-admission.ts'
import { SAMPLE_MS, samplePremium } from './premium.ts'
import {
  M_FIXED_INDEX,
  M_FUNDING_HOUR,
  M_INDEX,
  M_INDEX_TIME,
  M_LISTED,
  M_SAMPLE_TIME,
  MARKET_D,
  TIME_MS,
} from './slabs.ts'
import type { EngineState } from './state.ts'

export function tick(state: EngineState): void {
  expireOrders(state)
  const { markets } = state
  const now = state.totals[TIME_MS]!
  const hour = Math.floor(now / HOUR_MS)
  for (let market = 0; market < state.limits.markets; market++) {
    const m = market * MARKET_D
    if (markets[m + M_LISTED] === 0 || markets[m + M_FIXED_INDEX] !== 0) continue
    const alive = markets[m + M_INDEX] !== 0 && now - markets[m + M_INDEX_TIME]! <= INDEX_DEAD_MS
    if (alive) {
      updateMark(state, market)
      // The sample that opens an hour closes the last one: five seconds divide the hour.
      if (Math.floor(markets[m + M_SAMPLE_TIME]! / SAMPLE_MS) !== Math.floor(now / SAMPLE_MS))
        samplePremium(state, market)
    }
    if (hour === markets[m + M_FUNDING_HOUR]) continue
    if (markets[m + M_FUNDING_HOUR] !== 0) applyFunding(state, market)
    markets[m + M_FUNDING_HOUR] = hour
    touch(state.dirtyMarkets, market)
  }
}
