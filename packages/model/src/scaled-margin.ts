//! What initial margin adds to the size tiers (risk.md 1.5): open interest, volatility, chosen leverage. The engine's alone.
import { mulDivCeil } from './mul-div.ts'
import type { Ppm, Quote } from './units.ts'

const PPM = 1_000_000
/** Relative error of the few double operations an estimate takes; each adds at most 2^-53. */
const ESTIMATE_ERROR = 1e-15

/** Initial margin at a leverage of 1 … 255: ceil(N / leverage), micro-USDC; 0 = none chosen. */
export function leverageMarginQuote(notional: Quote, leverage: number): Quote {
  return leverage === 0 ? 0 : mulDivCeil(notional, 1, leverage)
}

/**
 * IMo(N): from the base rate at an open interest of `low` to the whole notional at `high` (all micro-USDC, high 0 = off,
 * low < high ≤ 2^52), in between ceil(N·(b(high − low) + (1e6 − b)(o − low)) / (1e6(high − low))).
 */
export function openInterestMarginQuote(
  notional: Quote,
  openInterest: Quote,
  low: Quote,
  high: Quote,
  basePpm: Ppm,
): Quote {
  if (high === 0 || openInterest <= low) return 0
  if (openInterest >= high) return notional
  const width = high - low
  const rise = openInterest - low
  // Almost always the double is far enough from an integer to decide the ceiling, and no big integer is made.
  const estimate = (notional * (basePpm * width + (PPM - basePpm) * rise)) / (PPM * width)
  const certain = certainCeil(estimate)
  if (certain >= 0) return certain
  const share = BigInt(basePpm) * BigInt(width) + BigInt(PPM - basePpm) * BigInt(rise)
  return bigCeil(BigInt(notional) * share, BigInt(PPM) * BigInt(width))
}

/**
 * IMv(N) = ceil(N·vol·(Dp + min(N, 2Dp)) / (1e6·Dp)): the volatility requirement (ppm, at most 1e6), up to three times as
 * much for a position that is large against the depth Dp (micro-USDC, at most 2^50); without depth three times. May exceed
 * the notional, which then is the margin.
 */
export function volatilityMarginQuote(notional: Quote, volatilityPpm: Ppm, depth: Quote): Quote {
  // More than the whole notional is never asked for, and would not fit.
  if (depth === 0) return mulDivCeil(notional, Math.min(3 * volatilityPpm, PPM), PPM)
  const weight = depth + Math.min(notional, 2 * depth)
  const certain = certainCeil((notional * volatilityPpm * weight) / (PPM * depth))
  if (certain >= 0) return certain
  return bigCeil(
    BigInt(notional) * BigInt(volatilityPpm) * BigInt(weight),
    BigInt(PPM) * BigInt(depth),
  )
}

/** Ceiling of the exact value behind an estimate, or −1 where the estimate is too near an integer to tell. */
function certainCeil(estimate: number): number {
  const doubt = estimate * ESTIMATE_ERROR
  const up = Math.ceil(estimate - doubt)
  return up === Math.ceil(estimate + doubt) ? up : -1
}

function bigCeil(dividend: bigint, divisor: bigint): number {
  return Number((dividend + divisor - 1n) / divisor)
}
