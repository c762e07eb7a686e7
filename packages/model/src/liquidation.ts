//! The integer arithmetic of a liquidation (risk.md 1.9) that engine, relayer and contract share.
import { limits } from './limits.ts'
import { compareProducts, mulDivCeil, mulDivFloorSigned } from './mul-div.ts'
import type { Lots, Ppm, Quote, Ticks } from './units.ts'

const PPM = 1_000_000
/** S: how far below mark a liquidation may sell, in units of maintenance margin at A = ΣMM. */
export const LIQUIDATION_SPREAD_PPM: Ppm = 1_500_000

/** An account short of maintenance margin, and one of its positions, at one set of marks, funding settled. */
export type LiquidationState = {
  /** E, micro-USDC. */
  equityQuote: Quote
  /** ΣMM over the account's positions, above E. */
  maintenanceQuote: Quote
  /** MM of the position. */
  marketMaintenanceQuote: Quote
  /** Signed. */
  lots: Lots
  markTicks: Ticks
  quotePerTickLot: number
}

/**
 * The limit price of a liquidation on the book: (V·ΣMM·1e6 − min(A·S, max(0, E)·1e6)·MM)/(1e6·ΣMM·s·q) with
 * A = min(ΣMM − E, ΣMM), up for a long (it sells), down for a short (it buys back), within 1 … priceTicksMax. The
 * minimum keeps it from going beyond the bankruptcy price, where the fill would be insurance's loss.
 */
export function liquidationLimitTicks(
  state: LiquidationState,
  spreadPpm: Ppm = LIQUIDATION_SPREAD_PPM,
): Ticks {
  const { equityQuote, maintenanceQuote, marketMaintenanceQuote, lots, markTicks } = state
  const short = Math.min(maintenanceQuote - equityQuote, maintenanceQuote)
  const spread = BigInt(short) * BigInt(spreadPpm)
  const worth = BigInt(Math.max(0, equityQuote)) * BigInt(PPM)
  const below = (spread < worth ? spread : worth) * BigInt(marketMaintenanceQuote)
  // Of one lot in ticks, the distance from mark is below / (1e6·ΣMM·|s|·q): down for a long, up for a short.
  const divisor =
    BigInt(PPM) * BigInt(maintenanceQuote) * BigInt(Math.abs(lots)) * BigInt(state.quotePerTickLot)
  const distance = Number(below / divisor)
  const ticks = lots > 0 ? markTicks - distance : markTicks + distance
  return Math.min(Math.max(ticks, 1), limits.priceTicksMax)
}

/** The part of the account's equity that stands behind `marginQuote` of ΣMM: floor(E·margin/ΣMM), also of a negative E. */
export function equityShareQuote(
  equityQuote: Quote,
  marginQuote: Quote,
  maintenanceQuote: Quote,
): Quote {
  return mulDivFloorSigned(equityQuote, marginQuote, maintenanceQuote)
}

/**
 * β: what the account must receive (signed) for trading `deltaLots` (signed, toward zero) without its ratio of equity to
 * ΣMM falling: −d·M·q − floor(E·ΔMM/ΣMM), where `releasedQuote` ΔMM is by how much the position's MM falls.
 */
export function bankruptcyQuote(
  state: LiquidationState,
  deltaLots: Lots,
  releasedQuote: Quote,
): Quote {
  const value = 0 - deltaLots * state.markTicks * state.quotePerTickLot
  return value - equityShareQuote(state.equityQuote, releasedQuote, state.maintenanceQuote)
}

/**
 * What moves between account and insurance at a fill with signed quote Q: positive = the account's fee,
 * min(Q − β, ceil(|Q|·fee/1e6)); negative = insurance pays β − Q.
 */
export function liquidationFeeQuote(fillQuote: Quote, betaQuote: Quote, feePpm: Ppm): Quote {
  if (fillQuote < betaQuote) return fillQuote - betaQuote
  return Math.min(fillQuote - betaQuote, mulDivCeil(Math.abs(fillQuote), feePpm, PPM))
}

/** Whether 3E < 2ΣMM, exactly: the book has had its chance and the backstop may take over. */
export function isBelowTwoThirds(equityQuote: Quote, maintenanceQuote: Quote): boolean {
  return compareProducts(3, equityQuote, 2, maintenanceQuote) < 0
}

/**
 * What the backstop pays (signed) for the whole position, insurance paid: V − min(max(0, floor(E·MM/ΣMM)),
 * ceil(N·fee/1e6)), the bankruptcy price or the fee off mark, whichever leaves the user more.
 */
export function takeoverQuote(state: LiquidationState, feePpm: Ppm): Quote {
  const value = state.lots * state.markTicks * state.quotePerTickLot
  const share = equityShareQuote(
    state.equityQuote,
    state.marketMaintenanceQuote,
    state.maintenanceQuote,
  )
  return value - Math.min(Math.max(0, share), mulDivCeil(Math.abs(value), feePpm, PPM))
}

/** e: the position's part of a negative equity, rounded up; 0 while equity is not negative. */
export function deficitShareQuote(state: LiquidationState): Quote {
  if (state.equityQuote >= 0) return 0
  return (
    0 - equityShareQuote(state.equityQuote, state.marketMaintenanceQuote, state.maintenanceQuote)
  )
}
