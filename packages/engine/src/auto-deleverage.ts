//! Auto-deleveraging (RULES.md 4, risk.md 1.10): a bankrupt position is closed at mark against the other side, pro rata.
import { type AdlCandidate, deleverage, eventKind, rankAdl } from '@plumb/model'
import { isBackstopOwners } from './chain-state.ts'
import { touch } from './dirty-set.ts'
import { emit } from './emit.ts'
import { fillsLeft, openAction, stage } from './liquidation-scope.ts'
import { fundingDue, GROSS_MAX } from './margin.ts'
import { bookFill } from './match.ts'
import { findPosition, releaseIfIdle } from './position-store.ts'
import { settleFunding } from './settle-funding.ts'
import {
  ACCOUNT_D,
  ACCOUNT_W,
  D_CASH,
  D_ENTRY,
  D_LOTS,
  M_BACKSTOP,
  M_MARK,
  M_MARK_QUOTE,
  M_TRANCHE,
  MARKET_D,
  NONE,
  P_MARKET,
  P_NEXT,
  POSITION_D,
  POSITION_W,
  W_FIRST_POSITION,
} from './slabs.ts'
import type { EngineState } from './state.ts'

/** Counterparties of one round. */
const PARTICIPANTS_MAX = 400

/** Closes what it can of the position in `record`, insurance and counterparties bearing `deficit`; whether any lot was. */
export function autoDeleverage(
  state: EngineState,
  account: number,
  record: number,
  deficit: number,
): boolean {
  const { markets, positions, accounts } = state
  const market = positions.i32[record * POSITION_W + P_MARKET]!
  const m = market * MARKET_D
  const lots = positions.f64[record * POSITION_D + D_LOTS]!
  const size = Math.abs(lots)
  const paid = Math.min(deficit, markets[m + M_TRANCHE]!)
  const most = Math.min(PARTICIPANTS_MAX, fillsLeft(state))
  const ranked = rankAdl(adlCandidates(state, market, lots)).slice(0, most)
  const parts = deleverage(size, deficit - paid, ranked)
  if (parts.length === 0) return false
  openAction(state, account, market, lots, size, 0, stage.adl)
  const mark = markets[m + M_MARK]!
  const markQuote = markets[m + M_MARK_QUOTE]!
  const side = lots > 0 ? 1 : 0
  let closed = 0
  let shares = 0
  for (const [i, part] of parts.entries()) {
    const own = findPosition(positions, accounts, part.accountId, market)
    settleFunding(state, own)
    const event = emit(state, eventKind.AdlExecuted, part.accountId, market)
    const d = event * 20
    const events = state.events.f64
    const value = part.lots * markQuote
    events[d + 8] = bookFill(
      state,
      part.accountId,
      own,
      market,
      1 - side,
      part.lots,
      value,
      part.shareQuote,
    )
    events[d + 4] = mark
    events[d + 5] = lots > 0 ? 0 - part.lots : part.lots
    events[d + 6] = part.shareQuote
    events[d + 7] = positions.f64[own * POSITION_D + D_LOTS]!
    events[d + 10] = lots > 0 ? 0 - value : value
    state.events.i32[event * 40 + 18] = account
    state.events.i32[event * 40 + 19] = i + 1
    closed += part.lots
    shares += part.shareQuote
    releaseIfIdle(positions, accounts, own)
  }
  const insurance = Number((BigInt(paid) * BigInt(closed)) / BigInt(size))
  markets[m + M_TRANCHE] = markets[m + M_TRANCHE]! - insurance
  touch(state.dirtyMarkets, market)
  state.scratch.transfers += parts.length
  const event = emit(state, eventKind.AdlRound, account, market)
  const d = event * 20
  const events = state.events.f64
  const credit = shares + insurance
  const value = closed * markQuote
  events[d + 7] = bookFill(state, account, record, market, side, closed, value, 0 - credit)
  events[d + 4] = closed
  events[d + 5] = shares
  events[d + 6] = insurance
  events[d + 8] = markets[m + M_TRANCHE]!
  state.events.i32[event * 40 + 18] = parts.length
  releaseIfIdle(positions, accounts, record)
  return true
}

/** Who has equity on the other side of `lots` in the market, but its backstop and accounts beyond exact arithmetic. */
export function adlCandidates(state: EngineState, market: number, lots: number): AdlCandidate[] {
  const { accounts, positions, markets } = state
  const found: AdlCandidate[] = []
  for (let account = 1; account <= accounts.used; account++) {
    const record = findPosition(positions, accounts, account, market)
    if (record === NONE || account === markets[market * MARKET_D + M_BACKSTOP]) continue
    const held = positions.f64[record * POSITION_D + D_LOTS]!
    if (held === 0 || held > 0 === lots > 0 || isBackstopOwners(state, account)) continue
    const candidate = candidateOf(state, account, record, market)
    if (candidate !== undefined) found.push(candidate)
  }
  return found
}

function candidateOf(
  state: EngineState,
  accountId: number,
  own: number,
  inMarket: number,
): AdlCandidate | undefined {
  const { accounts, positions, markets } = state
  let equityQuote = accounts.f64[accountId * ACCOUNT_D + D_CASH]!
  let gross = Math.abs(equityQuote)
  let notionalQuote = 0
  let gain = 0
  let marketGain = 0
  let record = accounts.i32[accountId * ACCOUNT_W + W_FIRST_POSITION]!
  for (; record !== NONE; record = positions.i32[record * POSITION_W + P_NEXT]!) {
    const p = record * POSITION_D
    const market = positions.i32[record * POSITION_W + P_MARKET]!
    const value = positions.f64[p + D_LOTS]! * markets[market * MARKET_D + M_MARK_QUOTE]!
    const due = fundingDue(state, record)
    notionalQuote += Math.abs(value)
    gross += Math.abs(value) + Math.abs(due)
    if (gross >= GROSS_MAX) return undefined
    equityQuote += value - due
    gain += value - positions.f64[p + D_ENTRY]!
    if (market === inMarket) marketGain = value - positions.f64[p + D_ENTRY]!
  }
  if (equityQuote <= 0) return undefined
  return {
    accountId,
    lots: Math.abs(positions.f64[own * POSITION_D + D_LOTS]!),
    gainQuote: Math.max(0, Math.min(marketGain, gain)),
    equityQuote,
    notionalQuote,
  }
}
