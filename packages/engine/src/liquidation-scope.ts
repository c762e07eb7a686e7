//! Where liquidation may act now, how much of it one command does, and the record that explains it.
import { eventKind, limits, marketState } from '@plumb/model'
import { HEALTH_EQUITY, HEALTH_MAINTENANCE, otherRequirements } from './account-health.ts'
import { emit } from './emit.ts'
import { INDEX_STALE_MS } from './order-admission.ts'
import { settleAll } from './outflow.ts'
import {
  M_FIXED_INDEX,
  M_INDEX,
  M_INDEX_TIME,
  M_LIQUIDATION,
  M_MARK,
  M_REARMED_AT,
  M_STATE,
  M_TRANCHE,
  MARKET_D,
  NONE,
  TIME_MS,
  TRADES,
} from './slabs.ts'
import type { EngineState } from './state.ts'

export const stage = { orders: 0, book: 1, backstop: 2, insurance: 3, adl: 4 } as const

/** Notes which markets qualify in this tick; whether any does. */
export function noteQualifying(state: EngineState): boolean {
  const { qualifying } = state.scratch
  let any = false
  for (let market = 0; market < state.limits.markets; market++) {
    const now = isQualifying(state, market)
    qualifying[market] = now ? 1 : 0
    if (now) any = true
  }
  return any
}

export function qualifies(state: EngineState, market: number): boolean {
  return state.scratch.qualifying[market] === 1
}

/** Armed, open for reducing, its index fresh, and not just reopened. A market that is not listed is not armed. */
function isQualifying(state: EngineState, market: number): boolean {
  const { markets } = state
  const m = market * MARKET_D
  const now = state.totals[TIME_MS]!
  return (
    markets[m + M_LIQUIDATION] === 1 &&
    markets[m + M_STATE]! <= marketState.reduceOnly &&
    now >= markets[m + M_REARMED_AT]! &&
    (markets[m + M_FIXED_INDEX] !== 0 || now - markets[m + M_INDEX_TIME]! <= INDEX_STALE_MS)
  )
}

/** Fills that the present command may still make; takeovers and participants of an ADL count as fills. */
export function fillsLeft(state: EngineState): number {
  const made = state.totals[TRADES]! - state.firstTrade + state.scratch.transfers
  return limits.fillsPerCommandMax - made
}

/**
 * Opens an action: the account's funding is settled in all its markets, as the contract does then and only then, and the
 * action explained.
 */
export function openAction(
  state: EngineState,
  account: number,
  market: number,
  lots: number,
  size: number,
  limitTicks: number,
  ofStage: number,
): void {
  settleAll(state, account)
  explain(state, account, market, lots, size, limitTicks, ofStage)
}

/** `LiquidationExplained`: what is known of the account (in the scratch) and the market before the action. */
export function explain(
  state: EngineState,
  account: number,
  market: number,
  lots: number,
  size: number,
  limitTicks: number,
  ofStage: number,
): void {
  const { markets, scratch } = state
  const m = market * MARKET_D
  const record = emit(state, eventKind.LiquidationExplained, account, market)
  const events = state.events.f64
  const d = record * 20
  const initial = otherRequirements(state, account, NONE)
  events[d + 4] = markets[m + M_MARK]!
  events[d + 5] = markets[m + M_INDEX]!
  events[d + 6] = scratch.health[HEALTH_EQUITY]!
  events[d + 7] = scratch.health[HEALTH_MAINTENANCE]!
  events[d + 8] = Math.min(initial, limits.cashQuoteMax)
  events[d + 9] = lots
  events[d + 10] = size
  events[d + 11] = limitTicks
  events[d + 12] = markets[m + M_TRANCHE]!
  state.events.i32[record * 40 + 26] = ofStage
}
