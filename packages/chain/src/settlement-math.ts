//! The contract's integer arithmetic in BigInt: exact for every value that fits its storage, also beyond 2^53.
import type { TwinMarket } from './settlement-state.ts'

const PPM = 1_000_000n
const FEE_DENOMINATOR = 100_000n // fees are in units of 10 ppm
const BPS = 10_000n

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
  return { value, margin: ceilDiv(abs(value) * market.imBps, BPS) }
}

export const fitsSigned = (value: bigint, bits: number): boolean =>
  value === BigInt.asIntN(bits, value)

/** Whether a position lies between zero and what it was. */
export const isWithin = (size: bigint, before: bigint): boolean =>
  before >= 0n ? size >= 0n && size <= before : size <= 0n && size >= before
