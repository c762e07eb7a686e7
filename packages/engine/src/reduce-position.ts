//! A reduction that its owner asked for on-chain: the backstop takes the lots at the mark less a fee (RULES.md 7).
import { eventKind, fundingPaymentQuote, limits, marketState, mulDivCeil } from '@plumb/model'
import { findAccount } from './account-store.ts'
import { isBackstopOwners } from './chain-state.ts'
import { touch } from './dirty-set.ts'
import { emit } from './emit.ts'
import { POSITION_LOTS_MAX } from './list-market.ts'
import { bookFill, sideAdmits } from './match.ts'
import { INDEX_STALE_MS } from './order-admission.ts'
import { findPosition, hasFreePosition, openPosition, releaseIfIdle } from './position-store.ts'
import { isServable } from './requested-payout.ts'
import { settleFunding } from './settle-funding.ts'
import { countPositions } from './settle-market.ts'
import {
  ACCOUNT_D,
  ACCOUNT_W,
  BACKSTOP_OWNER,
  D_CASH,
  D_ENTRY,
  D_LOTS,
  D_SNAPSHOT,
  FORCE_FEE,
  ISOLATED_MASK,
  M_FIXED_INDEX,
  M_FUNDING_INDEX,
  M_INDEX_TIME,
  M_MARK,
  M_MAX_POSITION,
  M_POOL,
  M_QUOTE_PER_TICK_LOT,
  M_STATE,
  M_UNSETTLED,
  MARKET_D,
  NONE,
  POSITION_D,
  TIME_MS,
  W_RISK,
} from './slabs.ts'
import type { EngineState } from './state.ts'

const PPM = 1_000_000

/** Closes up to `wanted` lots of the side asked for, if account and backstop may; false: nothing was done. */
export function serveReduction(
  state: EngineState,
  account: number,
  market: number,
  wanted: number,
  isLong: number,
  dueS: number,
): boolean {
  const { markets, positions, accounts, chain } = state
  const m = market * MARKET_D
  const backstop = backstopAccount(state)
  if (backstop === 0 || isBackstopOwners(state, account) || !isServable(state, dueS)) return false
  if (!isPriced(state, market)) return false
  const record = findPosition(positions, accounts, account, market)
  const held = record === NONE ? 0 : positions.f64[record * POSITION_D + D_LOTS]!
  if (held === 0 || held > 0 !== (isLong === 1)) return false
  const lots = Math.min(wanted, Math.abs(held))
  const price = markets[m + M_MARK]!
  const worth = price * lots * markets[m + M_QUOTE_PER_TICK_LOT]!
  const fee = mulDivCeil(worth, chain[FORCE_FEE]!, PPM)
  const side = held > 0 ? 1 : 0
  let own = findPosition(positions, accounts, backstop, market)
  if (own === NONE) {
    if (!hasFreePosition(positions)) return false
    own = openPosition(positions, accounts, backstop, market)
  }
  const before = positions.f64[own * POSITION_D + D_LOTS]!
  const after = Math.abs(side === 1 ? before + lots : before - lots)
  const may =
    (after <= markets[m + M_MAX_POSITION]! || after <= Math.abs(before)) &&
    sideAdmits(state, account, record, market, side, lots, worth, fee) &&
    sideAdmits(state, backstop, own, market, 1 - side, lots, worth, 0 - fee)
  if (!may) {
    releaseIfIdle(positions, accounts, own)
    return false
  }
  settleFunding(state, record)
  settleFunding(state, own)
  book(state, account, record, backstop, own, market, side, lots, price, worth, fee, 1)
  return true
}

/**
 * Whether a reduction that the chain has executed leaves the account's numbers exact (model's `limits.ts`): its cash, entry
 * cost, the worth and fee that move and the funding that is paid add up to less than 2^52, and its lots stay within 2^44.
 */
export function isBookable(
  state: EngineState,
  account: number,
  market: number,
  moved: number,
  price: number,
  fee: number,
  fundingIndex: number,
): boolean {
  const { positions, accounts, markets } = state
  const m = market * MARKET_D
  const lots = Math.abs(moved)
  if (Math.abs(fundingIndex) > limits.notionalQuoteMax) return false
  const record = account === 0 ? NONE : findPosition(positions, accounts, account, market)
  const at = record * POSITION_D
  const held = record === NONE ? 0 : positions.f64[at + D_LOTS]!
  const entry = record === NONE ? 0 : positions.f64[at + D_ENTRY]!
  const present = markets[m + M_FUNDING_INDEX]!
  let payment = 0
  if (held !== 0)
    payment = isLate(state, record, market, fundingIndex)
      ? fundingPaymentQuote(moved, present - fundingIndex)
      : fundingPaymentQuote(held, fundingIndex - positions.f64[at + D_SNAPSHOT]!)
  const cash = account === 0 ? 0 : accounts.f64[account * ACCOUNT_D + D_CASH]!
  const worth = price * lots * markets[m + M_QUOTE_PER_TICK_LOT]!
  const sum = Math.abs(cash) + Math.abs(entry) + worth + fee + Math.abs(payment)
  return Math.abs(held) + lots <= POSITION_LOTS_MAX && sum < limits.notionalQuoteMax
}

/** Takes over a reduction of `moved` lots (signed) that the chain has executed, its funding settled at `fundingIndex`. */
export function bookReduction(
  state: EngineState,
  account: number,
  market: number,
  moved: number,
  price: number,
  fee: number,
  fundingIndex: number,
): void {
  const { positions, accounts, markets } = state
  const backstop = backstopAccount(state)
  if (backstop === 0 || isBackstopOwners(state, account)) return
  const isolated = accounts.i32[account * ACCOUNT_W + W_RISK]! & ISOLATED_MASK
  if (isolated !== 0 && isolated !== market + 1) return
  const missing = [account, backstop].filter(
    (one) => findPosition(positions, accounts, one, market) === NONE,
  )
  if (positions.capacity - positions.inUse < missing.length) return
  const record = recordOf(state, account, market)
  const own = recordOf(state, backstop, market)
  const lots = Math.abs(moved)
  const worth = price * lots * markets[market * MARKET_D + M_QUOTE_PER_TICK_LOT]!
  const side = moved > 0 ? 0 : 1
  const late = isLate(state, record, market, fundingIndex)
  const ownLate = isLate(state, own, market, fundingIndex)
  if (!late) settleAt(state, record, market, fundingIndex)
  if (!ownLate) settleAt(state, own, market, fundingIndex)
  book(state, account, record, backstop, own, market, side, lots, price, worth, fee, 0)
  if (late) settleMoved(state, account, market, moved, fundingIndex)
  if (ownLate) settleMoved(state, backstop, market, 0 - moved, fundingIndex)
  const m = market * MARKET_D
  if (markets[m + M_STATE] === marketState.settled)
    markets[m + M_UNSETTLED] = countPositions(state, market)
}

function recordOf(state: EngineState, account: number, market: number): number {
  const { positions, accounts } = state
  const record = findPosition(positions, accounts, account, market)
  return record === NONE ? openPosition(positions, accounts, account, market) : record
}

/** Whether a held position's funding is settled beyond an index of before already. */
function isLate(
  { positions, markets }: EngineState,
  record: number,
  market: number,
  fundingIndex: number,
): boolean {
  const p = record * POSITION_D
  const present = markets[market * MARKET_D + M_FUNDING_INDEX]!
  if (positions.f64[p + D_LOTS] === 0 || present === fundingIndex) return false
  return positions.f64[p + D_SNAPSHOT] === present
}

/** Settles funding as of an index of before. */
function settleAt(state: EngineState, record: number, market: number, fundingIndex: number): void {
  const { markets } = state
  const at = market * MARKET_D + M_FUNDING_INDEX
  const present = markets[at]!
  markets[at] = fundingIndex
  settleFunding(state, record)
  markets[at] = present
}

/** What lots that moved at an index of before owe since, where the rest of the position has paid already. */
function settleMoved(
  state: EngineState,
  account: number,
  market: number,
  moved: number,
  fundingIndex: number,
): void {
  const { accounts, markets } = state
  const m = market * MARKET_D
  const present = markets[m + M_FUNDING_INDEX]!
  const payment = fundingPaymentQuote(moved, present - fundingIndex)
  const cash = accounts.f64[account * ACCOUNT_D + D_CASH]! - payment
  accounts.f64[account * ACCOUNT_D + D_CASH] = cash
  markets[m + M_POOL] = markets[m + M_POOL]! + payment
  touch(accounts.dirty, account)
  touch(state.dirtyMarkets, market)
  const d = emit(state, eventKind.FundingSettled, account, market) * 20
  const events = state.events.f64
  events[d + 4] = payment
  events[d + 5] = moved
  events[d + 6] = present
  events[d + 7] = cash
}

function book(
  state: EngineState,
  account: number,
  record: number,
  backstop: number,
  own: number,
  market: number,
  side: number,
  lots: number,
  price: number,
  worth: number,
  fee: number,
  isServed: number,
): void {
  const { positions, accounts } = state
  const event = emit(state, eventKind.PositionReduced, account, market)
  const events = state.events
  const d = event * 20
  events.f64[d + 8] = bookFill(state, account, record, market, side, lots, worth, fee)
  events.f64[d + 12] = bookFill(state, backstop, own, market, 1 - side, lots, worth, 0 - fee)
  touch(state.dirtyMarkets, market)
  events.f64[d + 4] = price
  events.f64[d + 5] = side === 0 ? lots : 0 - lots
  events.f64[d + 6] = (side === 0 ? 0 - worth : worth) - fee
  events.f64[d + 7] = fee
  events.f64[d + 9] = positions.f64[record * POSITION_D + D_LOTS]!
  events.f64[d + 10] = positions.f64[own * POSITION_D + D_LOTS]!
  events.i32[event * 40 + 22] = backstop
  events.i32[event * 40 + 23] = isServed
  releaseIfIdle(positions, accounts, record)
  releaseIfIdle(positions, accounts, own)
}

/** Subaccount 0 of the backstop's owner; 0 before its first deposit. */
function backstopAccount({ accounts, chain }: EngineState): number {
  const words = new Int32Array(5)
  for (let i = 0; i < 5; i++) words[i] = chain[BACKSTOP_OWNER + i]!
  return findAccount(accounts, words, 0, 0)
}

/** Whether the mark may be closed at: an index that is fresh, in a market that is neither halted nor over. */
function isPriced({ markets, totals }: EngineState, market: number): boolean {
  const m = market * MARKET_D
  if (markets[m + M_MARK] === 0 || markets[m + M_STATE]! >= marketState.halted) return false
  if (markets[m + M_FIXED_INDEX] !== 0) return true
  return totals[TIME_MS]! - markets[m + M_INDEX_TIME]! <= INDEX_STALE_MS
}
