//! Where an account is liquidated (risk.md 1.8): the price of one market at which equity falls below maintenance.
import { limits } from './limits.ts'
import { tieredMaintenanceMarginQuote } from './margin-tiers.ts'
import type { Lots, Quote, Ticks } from './units.ts'

/** A position whose liquidation price is asked for. */
export type LiquidationPoint = {
  /** Signed. */
  lots: Lots
  quotePerTickLot: number
  /** The market's tiers (`marginTiersOf`). */
  tiers: Float64Array
  /** X: cash, and of the account's other markets value less maintenance margin, funding settled; micro-USDC. */
  othersQuote: Quote
}

/**
 * The trigger tick: for a long the highest price with E < ΣMM, for a short the lowest, the other markets as they are;
 * null if there is none from 1 to the largest price. Equity less maintenance moves one way with the price since no
 * maintenance rate exceeds the whole notional, so halving finds it whatever tier it lies in.
 */
export function liquidationPriceTicks(point: LiquidationPoint): Ticks | null {
  const long = point.lots > 0
  if (point.lots === 0) return null
  let low = 0
  let high: number = limits.priceTicksMax + 1
  // Long: prices up to `low` trigger, from `high` do not. Short: the other way round.
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (isBelowMaintenance(point, middle) === long) low = middle
    else high = middle
  }
  const trigger = long ? low : high
  return trigger >= 1 && trigger <= limits.priceTicksMax ? trigger : null
}

function isBelowMaintenance(point: LiquidationPoint, price: Ticks): boolean {
  const value = price * point.lots * point.quotePerTickLot
  const notional = Math.abs(value)
  // Such a notional decides alone: no cash stands against it.
  if (notional > Number.MAX_SAFE_INTEGER) return value < 0
  return point.othersQuote + value < tieredMaintenanceMarginQuote(notional, point.tiers)
}
