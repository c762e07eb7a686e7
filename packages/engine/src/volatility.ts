//! Volatility and depth of a market, minute by minute: what scales its initial margin (risk.md 1.5, RULES 6.3).
// Once a minute a market, so BigInt may do the squares beyond 2^53 here.
import { eventKind } from '@plumb/model'
import { levelLots } from './book-depth.ts'
import { priceAbove, priceBelow } from './book-store.ts'
import { emit } from './emit.ts'
import { DEPTH_SAMPLES, deriveVolatility } from './market-risk.ts'
import {
  CK_DEPTHS,
  CK_INDEX,
  CK_LAST,
  CK_MINUTE,
  CK_RING,
  CK_VARIANCE,
  CK_VOLATILITY,
  CLOCK_D,
  M_BEST_ASK,
  M_BEST_BID,
  M_DEPTH,
  M_INDEX,
  M_MARK,
  M_QUOTE_PER_TICK_LOT,
  M_VOLATILITY_ON,
  M_VOLATILITY_SEED,
  MARKET_D,
  TIME_MS,
} from './slabs.ts'
import type { EngineState } from './state.ts'

const MINUTE_MS = 60_000
const MINUTES_PER_HOUR = 60
/** An index older than this many minutes gives no return. */
const RETURN_MINUTES_MAX = 5
/** Largest return, ppb: a doubling, or everything. */
const RETURN_MAX = 1_000_000_000
/** Largest variance, ppb². */
export const VARIANCE_MAX: number = 2 ** 50
/** Largest depth that counts, micro-USDC. */
const DEPTH_MAX: number = 2 ** 50
/** A minute's weight in the variance is 1/2048: half-life about a day. */
const VARIANCE_WEIGHT = 2_048n
/** Hours over which a fallen requirement comes down. */
const EASE_HOURS = 24
const PPM = 1_000_000
const STEP_PPM = 500

/** Volatility is switched on: from the seed, with no minute, requirement or depth known. */
export function startVolatility(state: EngineState, market: number): void {
  const c = market * CLOCK_D
  state.clocks.fill(0, c + CK_MINUTE, c + CK_LAST + 1)
  state.clocks[c + CK_VARIANCE] = state.markets[market * MARKET_D + M_VOLATILITY_SEED]!
  deriveVolatility(state, market)
}

/** A tick of a market whose index is live: at the first one of a minute the requirement follows. */
export function updateVolatility(state: EngineState, market: number): void {
  const { markets, clocks, totals } = state
  const m = market * MARKET_D
  if (markets[m + M_VOLATILITY_ON] === 0) return
  const c = market * CLOCK_D
  const minute = Math.floor(totals[TIME_MS]! / MINUTE_MS)
  const before = clocks[c + CK_MINUTE]!
  if (minute === before) return
  const next = nextVolatility(state, market, minute)
  clocks[c + CK_MINUTE] = minute
  clocks[c + CK_INDEX] = markets[m + M_INDEX]!
  clocks[c + CK_VARIANCE] = next.variance
  clocks[c + CK_VOLATILITY] = next.requirementPpm
  if (isNewHour(minute, before)) sampleDepth(state, market)
  deriveVolatility(state, market)
  const d = emit(state, eventKind.VolatilityUpdated, 0, market) * 20
  const events = state.events.f64
  events[d + 4] = next.returnPpb
  events[d + 5] = next.variance
  events[d + 6] = next.rawPpm
  events[d + 7] = clocks[c + CK_VOLATILITY]!
  events[d + 8] = markets[m + M_DEPTH]!
}

/** What the first tick of `minute` makes of the present index: nothing is changed. */
export function nextVolatility(
  state: EngineState,
  market: number,
  minute: number,
): { returnPpb: number; variance: number; rawPpm: number; requirementPpm: number } {
  const c = market * CLOCK_D
  const change = returnPpb(state, market, minute)
  const variance = nextVariance(state.clocks[c + CK_VARIANCE]!, change)
  const raw = requirementPpm(variance)
  const held = state.clocks[c + CK_VOLATILITY]!
  const eased = isNewHour(minute, state.clocks[c + CK_MINUTE]!)
    ? held - Math.floor((held - raw) / EASE_HOURS)
    : held
  return { returnPpb: change, variance, rawPpm: raw, requirementPpm: raw >= held ? raw : eased }
}

function isNewHour(minute: number, before: number): boolean {
  return Math.floor(minute / MINUTES_PER_HOUR) !== Math.floor(before / MINUTES_PER_HOUR)
}

/** trunc(1e9·(I − I′)/I′) since the last minute, 0 without a recent one. */
function returnPpb(state: EngineState, market: number, minute: number): number {
  const c = market * CLOCK_D
  const index = state.markets[market * MARKET_D + M_INDEX]!
  const before = state.clocks[c + CK_INDEX]!
  if (before === 0 || minute - state.clocks[c + CK_MINUTE]! > RETURN_MINUTES_MAX) return 0
  const change = (BigInt(index - before) * 1_000_000_000n) / BigInt(before)
  return Math.min(Number(change), RETURN_MAX)
}

/** v + floor((r² − v)/2048), at most VARIANCE_MAX. */
function nextVariance(variance: number, change: number): number {
  const rise = BigInt(change) * BigInt(change) - BigInt(variance)
  const whole = rise / VARIANCE_WEIGHT
  const step = rise < 0n && whole * VARIANCE_WEIGHT !== rise ? whole - 1n : whole
  return Math.min(variance + Number(step), VARIANCE_MAX)
}

/** ceil(5·isqrt(30·v)/1000) ppm, up to a multiple of 500, at most everything: five deviations of half an hour. */
function requirementPpm(variance: number): number {
  const root = integerRoot(30n * BigInt(variance))
  const ppm = Math.ceil((5 * root) / 1_000)
  return Math.min(Math.ceil(ppm / STEP_PPM) * STEP_PPM, PPM)
}

/** floor(√x) of x ≤ 30·2^50: there the double's root is never too small, and too large by less than one. */
function integerRoot(x: bigint): number {
  const root = Math.floor(Math.sqrt(Number(x)))
  return BigInt(root) * BigInt(root) > x ? root - 1 : root
}

/** Notes the hour's depth: the value resting within 1 % of the mark on the thinner side. */
function sampleDepth(state: EngineState, market: number): void {
  const c = market * CLOCK_D
  const { clocks } = state
  const taken = clocks[c + CK_DEPTHS]!
  const depth = Math.min(depthOf(state, market, 0), depthOf(state, market, 1), DEPTH_MAX)
  clocks[c + CK_RING + (taken % DEPTH_SAMPLES)] = depth
  clocks[c + CK_DEPTHS] = taken + 1
}

// A sum beyond 2^53 may round, but then is far above DEPTH_MAX. A side that reaches more than 1 % past the mark counts too
// much, but then the other has nothing within 1 %, and the thinner counts.
function depthOf(state: EngineState, market: number, side: number): number {
  const { markets, book } = state
  const m = market * MARKET_D
  const mark = markets[m + M_MARK]!
  let value = 0
  let price = side === 0 ? markets[m + M_BEST_BID]! : markets[m + M_BEST_ASK]!
  while (price !== 0 && (side === 0 ? mark - price : price - mark) * 100 <= mark) {
    value += price * levelLots(state, market, price) * markets[m + M_QUOTE_PER_TICK_LOT]!
    price = side === 0 ? priceBelow(book, market, price) : priceAbove(book, market, price)
  }
  return value
}
