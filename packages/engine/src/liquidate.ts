//! The liquidation step of a tick (RULES.md 4): risk-adding orders first, then the accounts worst off, one action each.
import {
  compareProducts,
  deficitShareQuote,
  isBelowTwoThirds,
  type LiquidationState,
} from '@plumb/model'
import { accountHealth, HEALTH_EQUITY, HEALTH_MAINTENANCE } from './account-health.ts'
import { autoDeleverage } from './auto-deleverage.ts'
import { isBackstopOwners, isSettlementLate } from './chain-state.ts'
import { maintenanceMargin } from './initial-margin.ts'
import { liquidateOnBook } from './liquidate-on-book.ts'
import { closeOpenOrders, closeRiskAddingOrders } from './liquidate-orders.ts'
import { fillsLeft, noteQualifying, qualifies } from './liquidation-scope.ts'
import { isStale } from './margin.ts'
import {
  ACCOUNT_W,
  D_LOTS,
  D_PARTIAL_AT,
  M_BACKSTOP,
  M_MARK,
  M_MARK_QUOTE,
  M_PARTIAL_ABOVE,
  M_QUOTE_PER_TICK_LOT,
  MARKET_D,
  NONE,
  P_MARKET,
  P_NEXT,
  POSITION_D,
  POSITION_W,
  TIME_MS,
  W_FIRST_POSITION,
  W_OPEN_ORDERS,
} from './slabs.ts'
import type { EngineState } from './state.ts'
import { takeOver } from './take-over.ts'

/** Accounts that one tick acts on. */
const ACCOUNTS_PER_TICK = 32
/** A large position is sent to the book by this part at first, … */
const PARTIAL = 5
/** … and whole when less than this has passed since. */
const PARTIAL_MS = 30_000

export function liquidateAccounts(state: EngineState): void {
  if (isSettlementLate(state) || !noteQualifying(state)) return
  const count = noteAccounts(state)
  const { short, shortEquity, shortMaintenance } = state.scratch
  if (count > 1)
    short.subarray(0, count).sort((a, b) => {
      const ratio = compareProducts(
        shortEquity[a]!,
        shortMaintenance[b]!,
        shortEquity[b]!,
        shortMaintenance[a]!,
      )
      return ratio === 0 ? a - b : ratio
    })
  let acted = 0
  for (let i = 0; i < count && acted < ACCOUNTS_PER_TICK && fillsLeft(state) > 0; i++)
    if (liquidateAccount(state, short[i]!)) acted++
}

/** Stage 0 for every account in scope, ascending; those short of maintenance margin are noted. Answers how many. */
function noteAccounts(state: EngineState): number {
  const { accounts, scratch } = state
  const { health } = scratch
  let count = 0
  for (let account = 1; account <= accounts.used; account++) {
    if (!isInScope(state, account) || !accountHealth(state, account, health)) continue
    if (accounts.i32[account * ACCOUNT_W + W_OPEN_ORDERS] !== 0)
      closeRiskAddingOrders(state, account)
    const equity = health[HEALTH_EQUITY]!
    const maintenance = health[HEALTH_MAINTENANCE]!
    if (equity >= maintenance) continue
    scratch.short[count++] = account
    scratch.shortEquity[account] = equity
    scratch.shortMaintenance[account] = maintenance
  }
  return count
}

/** Whether the account has a position where liquidation is possible now, and is nobody's backstop. */
function isInScope(state: EngineState, account: number): boolean {
  const { positions, markets } = state
  if (isBackstopOwners(state, account)) return false
  let found = false
  let record = state.accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION]!
  for (; record !== NONE; record = positions.i32[record * POSITION_W + P_NEXT]!) {
    const market = positions.i32[record * POSITION_W + P_MARKET]!
    if (markets[market * MARKET_D + M_BACKSTOP] === account) return false
    if (positions.f64[record * POSITION_D + D_LOTS] === 0) continue
    // On-chain nobody is judged by a stale mark.
    if (isStale(state, market)) return false
    if (qualifies(state, market)) found = true
  }
  return found
}

/** Orders, funding, then one action in the account's first market where something happens. */
function liquidateAccount(state: EngineState, account: number): boolean {
  const { health } = state.scratch
  const exact = accountHealth(state, account, health)
  if (!exact || health[HEALTH_EQUITY]! >= health[HEALTH_MAINTENANCE]!) return false
  closeOpenOrders(state, account)
  let margin = Infinity
  let market = NONE
  for (;;) {
    const record = nextByMargin(state, account, margin, market)
    if (record === NONE) return false
    market = state.positions.i32[record * POSITION_W + P_MARKET]!
    margin = marginOf(state, record)
    if (actOn(state, account, record, margin)) return true
  }
}

function marginOf(state: EngineState, record: number): number {
  const m = state.positions.i32[record * POSITION_W + P_MARKET]! * MARKET_D
  const lots = state.positions.f64[record * POSITION_D + D_LOTS]!
  return maintenanceMargin(state.markets, m, Math.abs(lots) * state.markets[m + M_MARK_QUOTE]!)
}

/** The qualifying position that follows (margin, market) in descending MM, ties by lower market; NONE (−1) at the end. */
function nextByMargin(state: EngineState, account: number, margin: number, market: number): number {
  const { positions } = state
  let best: number = NONE
  let bestMargin = -1
  let bestMarket: number = NONE
  let record = state.accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION]!
  for (; record !== NONE; record = positions.i32[record * POSITION_W + P_NEXT]!) {
    const of = positions.i32[record * POSITION_W + P_MARKET]!
    if (positions.f64[record * POSITION_D + D_LOTS] === 0 || !qualifies(state, of)) continue
    const own = marginOf(state, record)
    if (own > margin || (own === margin && of <= market)) continue
    if (own < bestMargin || (own === bestMargin && of > bestMarket)) continue
    best = record
    bestMargin = own
    bestMarket = of
  }
  return best
}

/** Book, or backstop and the book after all, or other traders; whether anything happened. */
function actOn(state: EngineState, account: number, record: number, margin: number): boolean {
  const { health } = state.scratch
  const { markets, positions, totals } = state
  const m = positions.i32[record * POSITION_W + P_MARKET]! * MARKET_D
  const p = record * POSITION_D
  const lots = positions.f64[p + D_LOTS]!
  const size = Math.abs(lots)
  const point: LiquidationState = {
    equityQuote: health[HEALTH_EQUITY]!,
    maintenanceQuote: health[HEALTH_MAINTENANCE]!,
    marketMaintenanceQuote: margin,
    lots,
    markTicks: markets[m + M_MARK]!,
    quotePerTickLot: markets[m + M_QUOTE_PER_TICK_LOT]!,
  }
  if (!isBelowTwoThirds(point.equityQuote, point.maintenanceQuote)) {
    const recent = totals[TIME_MS]! - positions.f64[p + D_PARTIAL_AT]! < PARTIAL_MS
    const partial = size * markets[m + M_MARK_QUOTE]! > markets[m + M_PARTIAL_ABOVE]! && !recent
    return liquidateOnBook(
      state,
      account,
      record,
      point,
      partial ? Math.ceil(size / PARTIAL) : size,
      partial,
    )
  }
  const deficit = deficitShareQuote(point)
  if (takeOver(state, account, record, point, deficit)) return true
  if (liquidateOnBook(state, account, record, point, size, false)) return true
  return deficit > 0 && autoDeleverage(state, account, record, deficit)
}
