//! The contract's integer arithmetic in BigInt: exact for every value that fits its storage, also beyond 2^53.
import type { TwinMarket } from './settlement-state.ts'

const PPM = 1_000_000n
const FEE_DENOMINATOR = 100_000n // fees are in units of 10 ppm
const PPM_PER_BPS = 100n
const QUOTE_PER_USDC = 1_000_000n

export const abs = (value: bigint): bigint => (value < 0n ? -value : value)

const ceilDiv = (value: bigint, divisor: bigint): bigint => {
  const quotient = value / divisor // truncates toward zero: already the ceiling of a negative value
  return value > quotient * divisor ? quotient + 1n : quotient
}

/** What a position pays (negative: receives) for an index move: ceil(size·delta/1e6). */
export const fundingPayment = (size: bigint, delta: bigint): bigint => ceilDiv(size * delta, PPM)

/** Fee of one side of a fill; a debit rounds up, a rebate (negative rate) rounds down in size. */
export const feeOf = (notional: bigint, rate: number): bigint =>
  rate >= 0
    ? ceilDiv(notional * BigInt(rate), FEE_DENOMINATOR)
    : -((notional * BigInt(-rate)) / FEE_DENOMINATOR)

/** Value of a position at mark, and its initial margin. */
export const valueAtMark = (
  market: TwinMarket,
  size: bigint,
): { value: bigint; margin: bigint } => {
  const value = size * BigInt(market.mark) * market.quotePerTickLot
  return { value, margin: initialMargin(market, abs(value)) }
}

/** Initial margin of a notional in the market's size tiers (risk.md 1.5). */
export const initialMargin = (market: TwinMarket, notional: bigint): bigint =>
  tieredMargin(market, notional, market.imBps * PPM_PER_BPS, 1n)

/** Maintenance margin; above the market's own tier it is half of initial margin. */
export const maintenanceMargin = (market: TwinMarket, notional: bigint): bigint =>
  tieredMargin(market, notional, market.mmBps * PPM_PER_BPS, 2n)

// ce(N·f/1e6) − D: continuous at every bound, since D collects L·(f − f of the tier before).
const tieredMargin = (
  { tiers }: TwinMarket,
  notional: bigint,
  firstPpm: bigint,
  divisor: bigint,
): bigint => {
  let [ppm, deduction] = [firstPpm, 0n]
  for (const { boundUsdc, imfPpm } of tiers) {
    if (notional < boundUsdc * QUOTE_PER_USDC) break
    const next = imfPpm / divisor
    deduction += boundUsdc * (next - ppm)
    ppm = next
  }
  return ceilDiv(notional * ppm, PPM) - deduction
}

/** ceil(a·b/c) for a ≥ 0; floor of it for a signed `a`. */
export const mulDivCeil = (a: bigint, b: bigint, c: bigint): bigint => ceilDiv(a * b, c)
export const mulDivFloor = (a: bigint, b: bigint, c: bigint): bigint => -ceilDiv(-a * b, c)

export const fitsSigned = (value: bigint, bits: number): boolean =>
  value === BigInt.asIntN(bits, value)

/** Whether a position lies between zero and what it was. */
export const isWithin = (size: bigint, before: bigint): boolean =>
  before >= 0n ? size >= 0n && size <= before : size <= 0n && size >= before
