//! How much of an account's cash may leave (risk.md 1.7).
import { mulDivCeil } from '@plumb/model'
import { tierMargin } from './initial-margin.ts'
import { fundingDue, GROSS_MAX, isStale, marketRequirement } from './margin.ts'
import {
  ACCOUNT_D,
  ACCOUNT_W,
  D_CASH,
  D_ENTRY,
  D_LOTS,
  M_MARK_QUOTE,
  MARKET_D,
  NONE,
  P_MARKET,
  P_NEXT,
  POSITION_D,
  POSITION_W,
  W_FIRST_POSITION,
} from './slabs.ts'
import type { EngineState } from './state.ts'

/**
 * max(0, E − max(0, Σ uPnL) − max(Σ IM with orders, ceil(Σ notional / 10))), funding settled, and never so much that
 * `settleable`'s first branch (equity ≥ position IM) would fail. An account beyond exact arithmetic, or with a position in
 * a stale market, may take nothing.
 */
export function withdrawableQuote(state: EngineState, account: number): number {
  const { positions, markets } = state
  let equity = state.accounts.f64[account * ACCOUNT_D + D_CASH]!
  let gross = Math.abs(equity)
  let unrealized = 0
  let notional = 0
  let requirement = 0
  let positionMargin = 0
  let record = state.accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION]!
  for (; record !== NONE; record = positions.i32[record * POSITION_W + P_NEXT]!) {
    const p = record * POSITION_D
    const market = positions.i32[record * POSITION_W + P_MARKET]!
    const m = market * MARKET_D
    const lots = positions.f64[p + D_LOTS]!
    if (lots !== 0 && isStale(state, market)) return 0
    const value = lots * markets[m + M_MARK_QUOTE]!
    const due = fundingDue(state, record)
    gross += Math.abs(value) + Math.abs(due)
    if (gross >= GROSS_MAX) return 0
    equity += value - due
    unrealized += value - positions.f64[p + D_ENTRY]!
    notional += Math.abs(value)
    requirement += marketRequirement(state, account, record, market, NONE, 0, 0)
    positionMargin += tierMargin(markets, m, Math.abs(value))
  }
  if (gross >= GROSS_MAX) return 0
  const kept = Math.max(requirement, positionMargin, mulDivCeil(notional, 1, 10))
  return Math.max(0, equity - Math.max(0, unrealized) - kept)
}
