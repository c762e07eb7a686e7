//! The twin of FundingSegment.sol.
import type { FundingSegment } from './batch.ts'
import { abs, fitsSigned } from './settlement-math.ts'
import type { SegmentError, SettlementState, TwinMarket } from './settlement-state.ts'

const INDEX_BITS = 48
const LEVEL_PPM_PER_HOUR = 40_000n
const ALLOWANCE_MAX_S = 4 * 3600
const HOUR_S = 3600n

/** Applies a Funding segment, or says why the contract refuses it. */
export function settleFunding(
  state: SettlementState,
  segment: FundingSegment,
  timeS: number,
): SegmentError | null {
  for (const [index, update] of segment.updates.entries()) {
    const market = state.market(update.market)
    if (market === undefined) return { code: 'UNKNOWN_MARKET', index }
    const fundingIndex = BigInt(update.fundingIndex)
    if (!fitsSigned(fundingIndex, INDEX_BITS)) return { code: 'FUNDING_OVERFLOW', index }
    // Where nobody holds a position nobody pays.
    const move = market.openInterest === 0n ? 0n : abs(fundingIndex - market.fundingIndex)
    const hourly = BigInt(market.mark) * market.quotePerTickLot * LEVEL_PPM_PER_HOUR
    const from = Math.max(market.fundingCreditTimeS, timeS - ALLOWANCE_MAX_S)
    if (hourly === 0n && move !== 0n) return { code: 'FUNDING_CLAMP', index }
    const used = hourly === 0n ? 0n : (move * HOUR_S + hourly - 1n) / hourly
    if (BigInt(from) + used > BigInt(timeS)) return { code: 'FUNDING_CLAMP', index }
    const fundingCreditTimeS = from + Number(used)
    state.setMarket(update.market, sweepDust({ ...market, fundingIndex, fundingCreditTimeS }))
  }
  return null
}

// Nobody holds a position: what rounding left in the pool is nobody's, and so the insurance's.
function sweepDust(market: TwinMarket): TwinMarket {
  if (market.openInterest !== 0n || market.fundingPool <= 0n) return market
  return { ...market, fundingPool: 0n, insurance: market.insurance + market.fundingPool }
}
