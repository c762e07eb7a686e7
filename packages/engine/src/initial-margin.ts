//! Margin of a notional in a market: the size tiers the contract knows, and what the engine asks beyond them (RULES 2.2).
import {
  initialMarginQuote,
  leverageMarginQuote,
  maintenanceMarginQuote,
  openInterestMarginQuote,
  tieredInitialMarginQuote,
  tieredMaintenanceMarginQuote,
  volatilityMarginQuote,
} from '@plumb/model'
import * as slabs from './slabs.ts'

const {
  MARGIN_SCALED,
  M_DEPTH,
  M_IM_BPS,
  M_INDEX,
  M_MM_BPS,
  M_OI_HIGH,
  M_OI_LOW,
  M_OPEN_INTEREST,
  M_QUOTE_PER_TICK_LOT,
  M_RISK_FLAGS,
  M_TIERS,
  M_VOLATILITY,
  OI_SCALED,
  TIERED,
  VOLATILE,
} = slabs

const PPM = 1_000_000
const PPM_PER_BPS = 100

/** IMt(N): what `settleable` asks. `m`: the market's first double; N below 2^52. */
export function tierMargin(markets: Float64Array, m: number, notional: number): number {
  return (markets[m + M_RISK_FLAGS]! & TIERED) === 0
    ? initialMarginQuote(notional, markets[m + M_IM_BPS]!)
    : tieredInitialMarginQuote(notional, markets, m + M_TIERS)
}

/** MM(N). */
export function maintenanceMargin(markets: Float64Array, m: number, notional: number): number {
  return (markets[m + M_RISK_FLAGS]! & TIERED) === 0
    ? maintenanceMarginQuote(notional, markets[m + M_MM_BPS]!)
    : tieredMaintenanceMarginQuote(notional, markets, m + M_TIERS)
}

/** IM(N) = min(N, max(IMt, IMl, IMo, IMv)) at the account's leverage in the market (0 = none). */
export function initialMargin(
  markets: Float64Array,
  m: number,
  notional: number,
  leverage: number,
): number {
  if (leverage === 0 && (markets[m + M_RISK_FLAGS]! & MARGIN_SCALED) === 0)
    return initialMarginQuote(notional, markets[m + M_IM_BPS]!)
  return Math.min(
    notional,
    Math.max(
      tierMargin(markets, m, notional),
      leverageMarginQuote(notional, leverage),
      scaledMargin(markets, m, notional),
    ),
  )
}

/** The larger of IMo and IMv; 0 where neither is on. */
function scaledMargin(markets: Float64Array, m: number, notional: number): number {
  const flags = markets[m + M_RISK_FLAGS]!
  let margin = 0
  if ((flags & OI_SCALED) !== 0)
    margin = openInterestMarginQuote(
      notional,
      markets[m + M_OPEN_INTEREST]! * markets[m + M_INDEX]! * markets[m + M_QUOTE_PER_TICK_LOT]!,
      markets[m + M_OI_LOW]! * PPM,
      markets[m + M_OI_HIGH]! * PPM,
      markets[m + M_IM_BPS]! * PPM_PER_BPS,
    )
  if ((flags & VOLATILE) === 0) return margin
  const volatility = markets[m + M_VOLATILITY]!
  return Math.max(margin, volatilityMarginQuote(notional, volatility, markets[m + M_DEPTH]!))
}
