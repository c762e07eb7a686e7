//! The premium sample (risk.md 1.3): impact prices of 500 USDC / IMF against the index.
// Every five seconds a market, so BigInt may do the products beyond 2^53 here.
import { eventKind, marketState } from '@plumb/model'
import { levelLots } from './book-depth.ts'
import { priceAbove, priceBelow } from './book-store.ts'
import { touch } from './dirty-set.ts'
import { emit } from './emit.ts'
import { fundingRate } from './funding.ts'
import {
  M_BEST_ASK,
  M_BEST_BID,
  M_IM_BPS,
  M_INDEX,
  M_LAST_PREMIUM,
  M_PREMIUM_COUNT,
  M_PREMIUM_SUM,
  M_QUOTE_PER_TICK_LOT,
  M_SAMPLE_TIME,
  M_SAMPLED_MS,
  M_STATE,
  MARKET_D,
  TIME_MS,
} from './slabs.ts'
import type { EngineState } from './state.ts'

/** Time between samples. */
export const SAMPLE_MS = 5_000
/** Funding does not accrue over a longer gap between samples. */
export const SAMPLE_GAP_MS = 30_000
/** Premiums count in 1e-10 of the index, at most the whole index (a price far off would only be capped later). */
const SCALE = 10_000_000_000n
const PREMIUM_MAX = 10_000_000_000

/** Quote that the impact price is for: ceil(500 USDC / IMF), micro-USDC. */
export function impactQuote(imBps: number): number {
  return Math.ceil(5_000_000_000_000 / imBps)
}

/** Takes a sample, unless the market is halted: then the gap keeps funding from accruing. */
export function samplePremium(state: EngineState, market: number): void {
  const { markets, totals } = state
  const m = market * MARKET_D
  if (markets[m + M_STATE] === marketState.halted) return
  const now = totals[TIME_MS]!
  const premium = premiumOf(state, market)
  const gap = now - markets[m + M_SAMPLE_TIME]!
  if (gap <= SAMPLE_GAP_MS) markets[m + M_SAMPLED_MS] = markets[m + M_SAMPLED_MS]! + gap
  markets[m + M_SAMPLE_TIME] = now
  markets[m + M_PREMIUM_SUM] = markets[m + M_PREMIUM_SUM]! + premium
  markets[m + M_PREMIUM_COUNT] = markets[m + M_PREMIUM_COUNT]! + 1
  markets[m + M_LAST_PREMIUM] = premium
  touch(state.dirtyMarkets, market)
  const record = emit(state, eventKind.PremiumSampled, 0, market)
  state.events.f64[record * 20 + 4] = premium
  state.events.f64[record * 20 + 5] = fundingRate(state, market)
  state.events.i32[record * 40 + 14] = markets[m + M_PREMIUM_COUNT]!
}

/** trunc(1e10 · (max(0, impact bid − I) − max(0, I − impact ask)) / I); a side too thin counts 0. */
function premiumOf(state: EngineState, market: number): number {
  const above = distance(state, market, 0)
  if (above > 0) return Math.min(above, PREMIUM_MAX)
  const below = distance(state, market, 1)
  return below < 0 ? Math.max(below, -PREMIUM_MAX) : 0
}

/** (impact price − index) / index of one side in 1e-10, truncated; 0 if the side is too thin. */
function distance(state: EngineState, market: number, side: number): number {
  const { markets, book } = state
  const m = market * MARKET_D
  const q = markets[m + M_QUOTE_PER_TICK_LOT]!
  const wanted = impactQuote(markets[m + M_IM_BPS]!)
  let lots = 0
  let quote = 0
  let price = side === 0 ? markets[m + M_BEST_BID]! : markets[m + M_BEST_ASK]!
  while (price !== 0) {
    const level = levelLots(state, market, price)
    if (quote + price * level * q >= wanted)
      return relative(wanted, price, lots * price * q + wanted - quote, markets[m + M_INDEX]!)
    lots += level
    quote += price * level * q
    price = side === 0 ? priceBelow(book, market, price) : priceAbove(book, market, price)
  }
  return 0
}

/** trunc(1e10 · (wanted·price/divisor − index) / index). */
function relative(wanted: number, price: number, divisor: number, index: number): number {
  const base = BigInt(index) * BigInt(divisor)
  return Number((SCALE * (BigInt(wanted) * BigInt(price) - base)) / base)
}
