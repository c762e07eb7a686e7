//! Size tiers of margin (risk.md 1.5): the one integer form that contract, replay twin and engine share.
import { limits } from './limits.ts'
import { mulDivCeil } from './mul-div.ts'
import type { Ppm, Quote } from './units.ts'

const PPM = 1_000_000
const PPM_PER_BPS = 100

/** Tiers beyond the listing's own: `boundUsdc` and `imfPpm` of `SetMarketRisk` have this length. */
export const EXTRA_TIERS = 3
/** Largest lower bound of a tier, whole USDC: `limits.notionalQuoteMax` in whole USDC. */
export const TIER_BOUND_USDC_MAX: number = Math.floor(limits.notionalQuoteMax / PPM)

/** Doubles of one tier in a table: lower bound (u), initial rate (ppm), its deduction (u), maintenance rate, its deduction. */
const TIER_D = 5
/** Doubles of a table: tier 0 and the extra ones. A tier that does not exist has the lower bound Infinity. */
export const MARGIN_TIERS_D: number = (1 + EXTRA_TIERS) * TIER_D

/** What defines a market's tiers: its listing's margins (basis points) and the extra tiers; a bound of 0 ends them. */
export type MarginTierSpec = {
  imBps: number
  mmBps: number
  boundUsdc: ArrayLike<number>
  imfPpm: ArrayLike<number>
}

/**
 * Whether extra tiers may be set: bounds whole USDC and strictly ascending, initial rates even, not falling, at most all
 * of the notional; maintenance rates (half of them) not falling either. Nothing follows a bound of 0.
 */
export function areMarginTiers({ imBps, mmBps, boundUsdc, imfPpm }: MarginTierSpec): boolean {
  let bound = 0
  let imf = imBps * PPM_PER_BPS
  let mmf = mmBps * PPM_PER_BPS
  let ended = false
  for (let n = 0; n < EXTRA_TIERS; n++) {
    const next = boundUsdc[n] ?? 0
    const rate = imfPpm[n] ?? 0
    if (next === 0) {
      if (rate !== 0) return false
      ended = true
      continue
    }
    if (ended || !(Number.isInteger(next) && next > bound && next <= TIER_BOUND_USDC_MAX))
      return false
    if (!(Number.isInteger(rate) && rate % 2 === 0 && rate >= imf && rate <= PPM)) return false
    if (rate / 2 < mmf) return false
    bound = next
    imf = rate
    mmf = rate / 2
  }
  return true
}

/**
 * Writes the table of valid tiers at `at` of `into`. The deduction of a tier is the one before's plus bound × rise of the
 * rate, exact since bounds are whole USDC, so that requirements are continuous at every bound; it stays below 2^53 because
 * it is at most bound × rate.
 */
export function writeMarginTiers(into: Float64Array, at: number, spec: MarginTierSpec): void {
  let lower = 0
  let imf = spec.imBps * PPM_PER_BPS
  let mmf = spec.mmBps * PPM_PER_BPS
  let initialDeduction = 0
  let maintenanceDeduction = 0
  for (let n = 0; n <= EXTRA_TIERS; n++) {
    if (n > 0) {
      const bound = spec.boundUsdc[n - 1] ?? 0
      const rate = spec.imfPpm[n - 1] ?? 0
      lower = bound === 0 ? Infinity : bound * PPM
      initialDeduction += bound * (rate - imf)
      maintenanceDeduction += bound * (rate / 2 - mmf)
      imf = rate
      mmf = rate / 2
    }
    into.set([lower, imf, initialDeduction, mmf, maintenanceDeduction], at + n * TIER_D)
  }
}

/** The table of a market's tiers, for `tieredInitialMarginQuote` and `tieredMaintenanceMarginQuote`. */
export function marginTiersOf(spec: MarginTierSpec): Float64Array {
  const table = new Float64Array(MARGIN_TIERS_D)
  writeMarginTiers(table, 0, spec)
  return table
}

/** Place in the table of the highest tier whose lower bound the notional reaches. */
function tierOf(notional: Quote, tiers: Float64Array, at: number): number {
  let tier = at
  for (let n = 0; n < EXTRA_TIERS && notional >= (tiers[tier + TIER_D] ?? Infinity); n++)
    tier += TIER_D
  return tier
}

/**
 * IMt(N) = ceil(N × imf / 1e6) − D of the tier of N, micro-USDC; 0 ≤ N ≤ `limits.notionalQuoteMax`. `at`: where the table
 * starts.
 */
export function tieredInitialMarginQuote(notional: Quote, tiers: Float64Array, at = 0): Quote {
  const tier = tierOf(notional, tiers, at)
  return mulDivCeil(notional, tiers[tier + 1] ?? 0, PPM) - (tiers[tier + 2] ?? 0)
}

/** MM(N) = ceil(N × mmf / 1e6) − d of the tier of N, micro-USDC. */
export function tieredMaintenanceMarginQuote(notional: Quote, tiers: Float64Array, at = 0): Quote {
  const tier = tierOf(notional, tiers, at)
  return mulDivCeil(notional, tiers[tier + 3] ?? 0, PPM) - (tiers[tier + 4] ?? 0)
}

/** Maintenance rate (ppm) and deduction (micro-USDC) of the tier of N: what a liquidation price is computed from. */
export function maintenanceTierOf(
  notional: Quote,
  tiers: Float64Array,
  at = 0,
): { lowerQuote: Quote; ratePpm: Ppm; deductionQuote: Quote } {
  const tier = tierOf(notional, tiers, at)
  return {
    lowerQuote: tiers[tier] ?? 0,
    ratePpm: tiers[tier + 3] ?? 0,
    deductionQuote: tiers[tier + 4] ?? 0,
  }
}
