//! Hourly funding (risk.md 1.4): the mean premium becomes a rate, the rate moves the cumulative index.
import { eventKind } from '@plumb/model'
import { touch } from './dirty-set.ts'
import { emit } from './emit.ts'
import { noteMove } from './headroom-store.ts'
import {
  M_FUNDING_INDEX,
  M_INDEX,
  M_LAST_RATE,
  M_MARK_QUOTE,
  M_MM_BPS,
  M_OPEN_INTEREST,
  M_POOL,
  M_PREMIUM_COUNT,
  M_PREMIUM_SUM,
  M_QUOTE_PER_TICK_LOT,
  M_SAMPLED_MS,
  M_TRANCHE,
  MARKET_D,
} from './slabs.ts'
import type { EngineState } from './state.ts'

export const HOUR_MS = 3_600_000
const PPM = 1_000_000
/** Interest of eight hours and the clamp around it, in 1e-10 (100 ppm, ± 500 ppm). */
const INTEREST = 1_000_000
const CLAMP = 5_000_000
/** 4 % an hour, as a rate of eight hours in 1e-10. */
const RATE_CAP = 3_200_000_000
/** 28,800 seconds of eight hours × 1e4 from 1e-10 to ppm. */
const DIVISOR = 288_000_000n
/** The cumulative index stops here instead of leaving exact integers; no market comes near. */
const FUNDING_INDEX_MAX = 2 ** 52

/** F8 of a mean premium P̄, both 1e-10: P̄ + clamp(interest − P̄, ±500 ppm), within ±min(¾ MMF, 4 %/h). */
export function rateOfPremium(mean: number, mmBps: number): number {
  const cap = Math.min(mmBps * 75 * 10_000, RATE_CAP)
  return clamp(mean + clamp(INTEREST - mean, CLAMP), cap)
}

/** ΔG = trunc(F8·T·I·q / 28,800), 1e-6 micro-USDC per lot: what a rate (1e-10) moves the index in T seconds. */
export function indexMove(rate: number, seconds: number, index: number, q: number): number {
  return Number((BigInt(rate) * BigInt(seconds) * BigInt(index) * BigInt(q)) / DIVISOR)
}

/** Eight-hour rate of the samples so far, 1e-10. */
export function fundingRate(state: EngineState, market: number): number {
  const m = market * MARKET_D
  const count = state.markets[m + M_PREMIUM_COUNT]!
  if (count === 0) return 0
  const mean = Math.trunc(state.markets[m + M_PREMIUM_SUM]! / count)
  return rateOfPremium(mean, state.markets[m + M_MM_BPS]!)
}

function clamp(value: number, bound: number): number {
  return Math.min(Math.max(value, 0 - bound), bound)
}

/** Books the hour over its sampled seconds; an hour without samples moves nothing. */
export function applyFunding(state: EngineState, market: number): void {
  const { markets } = state
  const m = market * MARKET_D
  const count = markets[m + M_PREMIUM_COUNT]!
  if (count === 0) return
  const rate = fundingRate(state, market)
  const seconds = Math.min(Math.floor(markets[m + M_SAMPLED_MS]! / 1_000), 3_600)
  const index = markets[m + M_INDEX]!
  const delta = indexMove(rate, seconds, index, markets[m + M_QUOTE_PER_TICK_LOT]!)
  const before = markets[m + M_FUNDING_INDEX]!
  const after = Math.min(Math.max(before + delta, -FUNDING_INDEX_MAX), FUNDING_INDEX_MAX)
  markets[m + M_FUNDING_INDEX] = after
  const due = Math.abs(after - before) / PPM
  noteMove(state.headroom, market, due === 0 ? 0 : due / markets[m + M_MARK_QUOTE]!)
  markets[m + M_LAST_RATE] = rate
  markets[m + M_PREMIUM_SUM] = 0
  markets[m + M_PREMIUM_COUNT] = 0
  markets[m + M_SAMPLED_MS] = 0
  touch(state.dirtyMarkets, market)
  const record = emit(state, eventKind.FundingApplied, 0, market)
  const events = state.events
  events.f64[record * 20 + 4] = rate
  events.f64[record * 20 + 5] = after - before
  events.f64[record * 20 + 6] = after
  events.f64[record * 20 + 7] = index
  events.i32[record * 40 + 16] = seconds
}

/** What rounding left in the pool of a market nobody holds a position in goes to its insurance tranche (RULES 3). */
export function collectDust(state: EngineState, market: number): void {
  const { markets } = state
  const m = market * MARKET_D
  const dust = markets[m + M_POOL]!
  if (dust === 0 || markets[m + M_OPEN_INTEREST] !== 0) return
  markets[m + M_POOL] = 0
  markets[m + M_TRANCHE] = markets[m + M_TRANCHE]! + dust
  touch(state.dirtyMarkets, market)
  const d = emit(state, eventKind.DustCollected, 0, market) * 20
  state.events.f64[d + 4] = dust
  state.events.f64[d + 5] = markets[m + M_TRANCHE]!
}
