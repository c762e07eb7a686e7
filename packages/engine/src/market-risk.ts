//! A market's risk parameters in its slab: defaults, and what is derived from them.
import { writeMarginTiers } from '@plumb/model'
import { forgetAllHeadroom } from './headroom-store.ts'
import { updateBands } from './order-admission.ts'
import {
  CK_DEPTHS,
  CK_RING,
  CK_VOLATILITY,
  CLOCK_D,
  GAIN_CUT,
  M_BOUNDS,
  M_DEPTH,
  M_IM_BPS,
  M_IMFS,
  M_LIQUIDATION_FEE,
  M_MM_BPS,
  M_OI_HIGH,
  M_OPENING_GAIN,
  M_PARTIAL_ABOVE,
  M_RISK_FLAGS,
  M_SCOPE,
  M_TIERS,
  M_VOLATILITY,
  M_VOLATILITY_ON,
  MARKET_D,
  OI_SCALED,
  SCOPED,
  TIERED,
  VOLATILE,
} from './slabs.ts'
import type { EngineState } from './state.ts'

const PPM = 1_000_000
/** Defaults until the first `SetMarketRisk` (RULES 2.1). */
const PARTIAL_ABOVE_QUOTE = 100_000_000_000
const LIQUIDATION_FEE_PPM = 15_000
/** Depth samples that count. */
export const DEPTH_SAMPLES = 24

/** Parameters of a newly listed market. */
export function setDefaultRisk(state: EngineState, market: number): void {
  const m = market * MARKET_D
  state.markets[m + M_OPENING_GAIN] = PPM
  state.markets[m + M_PARTIAL_ABOVE] = PARTIAL_ABOVE_QUOTE
  state.markets[m + M_LIQUIDATION_FEE] = LIQUIDATION_FEE_PPM
  deriveRisk(state, market)
}

/** Flags, tiers' table and bands from the parameters. */
export function deriveRisk(state: EngineState, market: number): void {
  const { markets } = state
  const m = market * MARKET_D
  writeMarginTiers(markets, m + M_TIERS, {
    imBps: markets[m + M_IM_BPS]!,
    mmBps: markets[m + M_MM_BPS]!,
    boundUsdc: markets.subarray(m + M_BOUNDS, m + M_IMFS),
    imfPpm: markets.subarray(m + M_IMFS, m + M_IMFS + 3),
  })
  deriveFlags(state, market)
  updateBands(state, market)
}

/** Which of the special rules the market has; volatility counts from its first depth sample. */
function deriveFlags(state: EngineState, market: number): void {
  const { markets, clocks } = state
  const m = market * MARKET_D
  const volatile = markets[m + M_VOLATILITY_ON] !== 0 && clocks[market * CLOCK_D + CK_DEPTHS] !== 0
  const before = markets[m + M_RISK_FLAGS]
  markets[m + M_RISK_FLAGS] =
    (markets[m + M_BOUNDS] !== 0 ? TIERED : 0) |
    (markets[m + M_OI_HIGH] !== 0 ? OI_SCALED : 0) |
    (volatile ? VOLATILE : 0) |
    (markets[m + M_OPENING_GAIN] !== PPM ? GAIN_CUT : 0) |
    (markets[m + M_SCOPE] !== 0 ? SCOPED : 0)
  if (markets[m + M_RISK_FLAGS] !== before) forgetAllHeadroom(state.headroom)
}

/** Copies what the clock knows of volatility and depth to where margins read it. */
export function deriveVolatility(state: EngineState, market: number): void {
  const { markets, clocks } = state
  const m = market * MARKET_D
  const c = market * CLOCK_D
  const samples = Math.min(clocks[c + CK_DEPTHS]!, DEPTH_SAMPLES)
  const sorted = clocks.slice(c + CK_RING, c + CK_RING + samples).toSorted()
  markets[m + M_DEPTH] = samples === 0 ? 0 : sorted[(samples - 1) >> 1]!
  markets[m + M_VOLATILITY] = clocks[c + CK_VOLATILITY]!
  deriveFlags(state, market)
}
