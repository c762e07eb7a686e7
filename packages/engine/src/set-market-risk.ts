//! SetMarketRisk: tiers, scaling, bands and liquidation parameters of a market, replaced all at once (RULES 2.1).
import { areMarginTiers, eventKind, rejectCode, TIER_BOUND_USDC_MAX } from '@plumb/model'
import { touch } from './dirty-set.ts'
import { emit, reject } from './emit.ts'
import { deriveRisk } from './market-risk.ts'
import {
  M_BOUNDS,
  M_CANCEL_ONLY_S,
  M_IM_BPS,
  M_IMFS,
  M_LIQUIDATION,
  M_LIQUIDATION_FEE,
  M_LISTED,
  M_MM_BPS,
  M_OI_HIGH,
  M_OI_LOW,
  M_OPENING_GAIN,
  M_PARTIAL_ABOVE,
  M_POST_ONLY_S,
  M_REARM_S,
  M_RISK_SET,
  M_SCOPE,
  M_VOLATILITY_ON,
  M_VOLATILITY_SEED,
  MARKET_D,
} from './slabs.ts'
import type { EngineState } from './state.ts'
import { startVolatility, VARIANCE_MAX } from './volatility.ts'

const PPM = 1_000_000
const LIQUIDATION_FEE_PPM_MAX = 100_000
const DAY_S = 86_400
const TIERS = 3

/** A parameter's place in the market, in the command (word, or double when `wide`), and its largest value; all start at 0. */
type Parameter = { field: number; at: number; wide: boolean; most: number }
const parameters: readonly Parameter[] = [
  { field: M_OI_LOW, at: 7, wide: true, most: TIER_BOUND_USDC_MAX },
  { field: M_OI_HIGH, at: 8, wide: true, most: TIER_BOUND_USDC_MAX },
  { field: M_PARTIAL_ABOVE, at: 9, wide: true, most: Number.MAX_SAFE_INTEGER },
  { field: M_VOLATILITY_SEED, at: 10, wide: true, most: VARIANCE_MAX },
  { field: M_OPENING_GAIN, at: 25, wide: false, most: PPM },
  { field: M_SCOPE, at: 26, wide: false, most: PPM - 1 },
  { field: M_VOLATILITY_ON, at: 27, wide: false, most: 1 },
  { field: M_LIQUIDATION, at: 28, wide: false, most: 1 },
  { field: M_LIQUIDATION_FEE, at: 29, wide: false, most: LIQUIDATION_FEE_PPM_MAX },
  { field: M_CANCEL_ONLY_S, at: 30, wide: false, most: DAY_S },
  { field: M_POST_ONLY_S, at: 31, wide: false, most: DAY_S },
  { field: M_REARM_S, at: 32, wide: false, most: DAY_S },
]
const BOUNDS_D = 4
const IMFS_W = 22

export function setMarketRisk(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const market = i32[w + 6]!
  const { markets } = state
  const m = market * MARKET_D
  if (!(market >= 0 && market < state.limits.markets) || markets[m + M_LISTED] === 0) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_MARKET)
    return
  }
  if (!isValid(state, m, i32, f64, w, d)) {
    reject(state, i32, f64, w, d, rejectCode.INVALID_PARAMETER)
    return
  }
  const starts = markets[m + M_VOLATILITY_ON] === 0 && i32[w + 27] === 1
  for (const { field, at, wide } of parameters)
    markets[m + field] = wide ? f64[d + at]! : i32[w + at]!
  for (let n = 0; n < TIERS; n++) {
    markets[m + M_BOUNDS + n] = f64[d + BOUNDS_D + n]!
    markets[m + M_IMFS + n] = i32[w + IMFS_W + n]! >>> 0
  }
  markets[m + M_RISK_SET] = 1
  if (starts) startVolatility(state, market)
  deriveRisk(state, market)
  touch(state.dirtyMarkets, market)
  emit(state, eventKind.MarketRiskSet, 0, market)
}

function isValid(
  state: EngineState,
  m: number,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): boolean {
  for (const { at, wide, most } of parameters) {
    const value = wide ? f64[d + at]! : i32[w + at]!
    if (!(Number.isSafeInteger(value) && value >= 0 && value <= most)) return false
  }
  const high = f64[d + 8]!
  if (high !== 0 && f64[d + 7]! >= high) return false
  return areMarginTiers({
    imBps: state.markets[m + M_IM_BPS]!,
    mmBps: state.markets[m + M_MM_BPS]!,
    boundUsdc: f64.subarray(d + BOUNDS_D, d + BOUNDS_D + TIERS),
    imfPpm: new Uint32Array(i32.buffer, i32.byteOffset + 4 * (w + IMFS_W), TIERS),
  })
}
