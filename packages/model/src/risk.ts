//! The integer risk arithmetic that engine, relayer and contract share, rounded against the account.
import { compareProducts, mulDivCeil, mulDivCeilSigned, mulDivFloor } from './mul-div.ts'
import type { FundingIndex, Lots, Quote, Ticks } from './units.ts'

const PPM = 1_000_000
const BPS = 10_000
const FEE_UNIT_PPM = 10

/** price × size × quotePerTickLot, exact; callers keep it below `limits.notionalQuoteMax`. */
export function notionalQuote(price: Ticks, size: Lots, quotePerTickLot: number): Quote {
  return price * size * quotePerTickLot
}

/** Initial margin of a position: ceil(notional × imBps / 10,000) (contracts.md R3, first tier). */
export function initialMarginQuote(notional: Quote, imBps: number): Quote {
  return mulDivCeil(notional, imBps, BPS)
}

/** Maintenance margin of a position: ceil(notional × mmBps / 10,000). */
export function maintenanceMarginQuote(notional: Quote, mmBps: number): Quote {
  return mulDivCeil(notional, mmBps, BPS)
}

/**
 * Fee of one side of a fill (risk.md 1.11): a debit rounds up, a rebate (negative rate) rounds down in size.
 * `fee10ppm` is in units of 10 ppm, −128 … 255. Negative result = the account receives.
 */
export function feeQuote(notional: Quote, fee10ppm: number): Quote {
  return fee10ppm >= 0
    ? mulDivCeil(notional, fee10ppm * FEE_UNIT_PPM, PPM)
    : 0 - mulDivFloor(notional, -fee10ppm * FEE_UNIT_PPM, PPM)
}

/**
 * What a position of `size` lots pays (negative: receives) when the cumulative index moved by `deltaIndex`:
 * ceil(size·ΔG/1e6) (risk.md 1.4).
 */
export function fundingPaymentQuote(size: Lots, deltaIndex: FundingIndex): Quote {
  return deltaIndex < 0
    ? mulDivCeilSigned(0 - size, -deltaIndex, PPM)
    : mulDivCeilSigned(size, deltaIndex, PPM)
}

/** An account as `settleable` sees it: equity and initial margin at one set of marks, funding settled. */
export type MarginPoint = { equityQuote: Quote; initialMarginQuote: Quote }

/**
 * The one admission predicate (contracts.md R3). `reduced` says that every touched market's position kept its sign
 * or went to zero, none grew, and at least one strictly shrank. Bit-identical in Solidity.
 */
export function settleable(before: MarginPoint, after: MarginPoint, reduced: boolean): boolean {
  if (after.equityQuote >= after.initialMarginQuote) return true
  if (!reduced) return false
  return (
    compareProducts(
      after.equityQuote,
      before.initialMarginQuote,
      before.equityQuote,
      after.initialMarginQuote,
    ) >= 0
  )
}
