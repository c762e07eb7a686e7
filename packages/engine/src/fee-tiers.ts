//! Fees by 30-day volume (RULES 2.5): the rates of a tier, and the volume that earns it.
import { eventKind, mulDivFloor } from '@plumb/model'
import { touch } from './dirty-set.ts'
import { emit } from './emit.ts'
import * as slabs from './slabs.ts'
import { type EngineState, FEE_TIER_D, FEE_TIERS, LARGEST_TAKER_OFF } from './state.ts'

const {
  ACCOUNT_D,
  ACCOUNT_W,
  DAY_SHIFT,
  D_VOLUME,
  MARKET_D,
  M_MAKER_FEE,
  M_TAKER_FEE,
  TIER_MASK,
  TIER_SHIFT,
  TIME_MS,
  W_RISK,
} = slabs

const DAY_MS = 86_400_000
/** A day's volume fades to 29/30 with each day: an exponential sum over 30 days. */
const FADE_UP = 29
const FADE_DOWN = 30
/** Days are kept in 20 bits; the clock does not reach their end before the year 4840. */
const DAY_MAX = 0xfffff

/** Days since 1970 (UTC) of the present command. */
export function today(state: EngineState): number {
  return Math.min(Math.floor(state.totals[TIME_MS]! / DAY_MS), DAY_MAX)
}

/** Taker rate of an account in `tier`, units of 10 ppm. */
export function takerRate(state: EngineState, market: number, tier: number): number {
  const off = state.feeTiers[tier * FEE_TIER_D + 1]!
  return Math.max(0, state.markets[market * MARKET_D + M_TAKER_FEE]! - off)
}

/** Maker rate of an account in `tier`: a rebate never exceeds the lowest fee any taker pays in the market. */
export function makerRate(state: EngineState, market: number, tier: number): number {
  const { feeTiers, markets } = state
  const m = market * MARKET_D
  const lowest = Math.max(0, markets[m + M_TAKER_FEE]! - feeTiers[LARGEST_TAKER_OFF]!)
  return Math.max(0 - lowest, markets[m + M_MAKER_FEE]! - feeTiers[tier * FEE_TIER_D + 2]!)
}

/** Tier that an account's next fill of this day counts with. */
export function tierOf(state: EngineState, account: number, day: number): number {
  const risk = state.accounts.i32[account * ACCOUNT_W + W_RISK]!
  return risk >>> DAY_SHIFT === day
    ? (risk & TIER_MASK) >>> TIER_SHIFT
    : tierOfVolume(state, fadedVolume(state, account, day))
}

/** Adds a fill to the account's volume; the first one of a day first lets it fade and looks the tier up. */
export function countVolume(state: EngineState, account: number, day: number, quote: number): void {
  const { accounts } = state
  const v = account * ACCOUNT_D + D_VOLUME
  if (accounts.i32[account * ACCOUNT_W + W_RISK]! >>> DAY_SHIFT !== day)
    beginDay(state, account, day)
  accounts.f64[v] = Math.min(accounts.f64[v]! + quote, Number.MAX_SAFE_INTEGER)
}

function beginDay(state: EngineState, account: number, day: number): void {
  const { i32, f64, dirty } = state.accounts
  const at = account * ACCOUNT_W + W_RISK
  const volume = fadedVolume(state, account, day)
  const before = (i32[at]! & TIER_MASK) >>> TIER_SHIFT
  const tier = tierOfVolume(state, volume)
  f64[account * ACCOUNT_D + D_VOLUME] = volume
  i32[at] = (i32[at]! & ((1 << TIER_SHIFT) - 1)) | (tier << TIER_SHIFT) | (day << DAY_SHIFT)
  touch(dirty, account)
  if (tier === before) return
  const record = emit(state, eventKind.FeeTierChanged, account, 0)
  state.events.f64[record * 20 + 4] = volume
  state.events.i32[record * 40 + 10] = tier
}

function fadedVolume(state: EngineState, account: number, day: number): number {
  const { i32, f64 } = state.accounts
  let volume = f64[account * ACCOUNT_D + D_VOLUME]!
  let left = day - (i32[account * ACCOUNT_W + W_RISK]! >>> DAY_SHIFT)
  for (; left > 0 && volume > 0; left--) volume = mulDivFloor(volume, FADE_UP, FADE_DOWN)
  return volume
}

/** Highest tier whose volume is reached. */
function tierOfVolume(state: EngineState, volume: number): number {
  let tier = 0
  for (let t = 1; t < FEE_TIERS; t++) {
    const needed = state.feeTiers[t * FEE_TIER_D]!
    if (needed === 0 || volume < needed) break
    tier = t
  }
  return tier
}
