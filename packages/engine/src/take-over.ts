//! The market's backstop takes a position over, the insurance tranche paying what is missing (RULES.md 4, step 2).
import { eventKind, type LiquidationState, takeoverQuote } from '@plumb/model'
import { accountHealth, HEALTH_EQUITY, HEALTH_INITIAL } from './account-health.ts'
import { mayBack } from './chain-state.ts'
import { touch } from './dirty-set.ts'
import { emit } from './emit.ts'
import { initialMargin } from './initial-margin.ts'
import { openAction, stage } from './liquidation-scope.ts'
import { fundingDue, GROSS_MAX } from './margin.ts'
import { bookFill } from './match.ts'
import { findPosition, hasFreePosition, openPosition, releaseIfIdle } from './position-store.ts'
import { settleFunding } from './settle-funding.ts'
import {
  ACCOUNT_D,
  D_CASH,
  D_LOTS,
  M_BACKSTOP,
  M_LIQUIDATION_FEE,
  M_MARK,
  M_MARK_QUOTE,
  M_MAX_POSITION,
  M_TRANCHE,
  MARKET_D,
  NONE,
  P_LEVERAGE,
  P_MARKET,
  POSITION_D,
  POSITION_W,
} from './slabs.ts'
import type { EngineState } from './state.ts'

/** The whole position in `record` goes to the backstop, if there is one that can, and insurance for `deficit`. */
export function takeOver(
  state: EngineState,
  account: number,
  record: number,
  point: LiquidationState,
  deficit: number,
): boolean {
  const { markets, positions, accounts } = state
  const market = positions.i32[record * POSITION_W + P_MARKET]!
  const m = market * MARKET_D
  const backstop = markets[m + M_BACKSTOP]!
  if (backstop === 0 || markets[m + M_TRANCHE]! < deficit) return false
  // One that was named before the contract was heard of.
  if (!mayBack(state, backstop, market)) return false
  const pay = takeoverQuote(point, markets[m + M_LIQUIDATION_FEE]!)
  if (!canTake(state, backstop, market, point.lots, pay)) return false
  const size = Math.abs(point.lots)
  const ofStage = deficit === 0 ? stage.backstop : stage.insurance
  openAction(state, account, market, point.lots, size, 0, ofStage)
  let own = findPosition(positions, accounts, backstop, market)
  if (own === NONE) own = openPosition(positions, accounts, backstop, market)
  settleFunding(state, own)
  const mark = markets[m + M_MARK]!
  bookTakenOver(state, account, record, backstop, own, market, point.lots, pay, deficit, mark)
  state.scratch.transfers++
  return true
}

/** Moves `lots` (signed) of the account to the backstop for `pay`, `deficit` out of the tranche, and tells of it. */
export function bookTakenOver(
  state: EngineState,
  account: number,
  record: number,
  backstop: number,
  own: number,
  market: number,
  lots: number,
  pay: number,
  deficit: number,
  markTicks: number,
): void {
  const { markets, positions, accounts } = state
  const m = market * MARKET_D
  const size = Math.abs(lots)
  const side = lots > 0 ? 1 : 0
  const event = emit(state, eventKind.PositionTakenOver, account, market)
  const events = state.events.f64
  const d = event * 20
  events[d + 8] = bookFill(state, account, record, market, side, size, Math.abs(pay), 0 - deficit)
  events[d + 12] = bookFill(state, backstop, own, market, 1 - side, size, Math.abs(pay), 0)
  markets[m + M_TRANCHE] = markets[m + M_TRANCHE]! - deficit
  touch(state.dirtyMarkets, market)
  events[d + 4] = markTicks
  events[d + 5] = lots
  events[d + 6] = pay
  events[d + 7] = deficit
  events[d + 9] = positions.f64[own * POSITION_D + D_LOTS]!
  events[d + 10] = markets[m + M_TRANCHE]!
  state.events.i32[event * 40 + 22] = backstop
  releaseIfIdle(positions, accounts, record)
  releaseIfIdle(positions, accounts, own)
}

/** Whether the backstop may hold the position: limits, and its equity covers its initial margin afterwards. */
function canTake(
  state: EngineState,
  backstop: number,
  market: number,
  lots: number,
  pay: number,
): boolean {
  const { markets, positions, scratch } = state
  const m = market * MARKET_D
  const record = findPosition(positions, state.accounts, backstop, market)
  if (record === NONE && !hasFreePosition(positions)) return false
  const known = record !== NONE
  const before = known ? positions.f64[record * POSITION_D + D_LOTS]! : 0
  const leverage = known ? positions.i32[record * POSITION_W + P_LEVERAGE]! : 0
  const after = before + lots
  if (Math.abs(after) > markets[m + M_MAX_POSITION]!) return false
  if (!accountHealth(state, backstop, scratch.otherHealth)) return false
  const markQuote = markets[m + M_MARK_QUOTE]!
  const notional = Math.abs(after) * markQuote
  const due = known ? fundingDue(state, record) : 0
  const cash = state.accounts.f64[backstop * ACCOUNT_D + D_CASH]! - due - pay
  if (notional + Math.abs(cash) >= GROSS_MAX) return false
  const equity = scratch.otherHealth[HEALTH_EQUITY]! + lots * markQuote - pay
  const initial =
    scratch.otherHealth[HEALTH_INITIAL]! -
    initialMargin(markets, m, Math.abs(before) * markQuote, leverage) +
    initialMargin(markets, m, notional, leverage)
  return equity >= initial
}
