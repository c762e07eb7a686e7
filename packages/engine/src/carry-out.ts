//! What the chain has done to a position outside of batches: a reduction or a takeover, booked whole (RULES.md 7).
import { fundingPaymentQuote, limits, marketState, type RejectCode, rejectCode } from '@plumb/model'
import { backstopAccount, isBackstopOwners } from './chain-state.ts'
import { POSITION_LOTS_MAX } from './list-market.ts'
import { findPosition, hasRoomForChain, openPosition } from './position-store.ts'
import { bookReduced } from './reduce-position.ts'
import { payFunding, settleFunding } from './settle-funding.ts'
import { countPositions } from './settle-market.ts'
import {
  ACCOUNT_D,
  D_CASH,
  D_ENTRY,
  D_LOTS,
  D_SNAPSHOT,
  M_FUNDING_INDEX,
  M_STATE,
  M_TRANCHE,
  M_UNSETTLED,
  MARKET_D,
  NONE,
  POSITION_D,
} from './slabs.ts'
import type { EngineState } from './state.ts'
import { bookTakenOver } from './take-over.ts'

/** Lots that have changed hands between an account and a subaccount of the backstop's owner. */
export type ChainMove = {
  /** 0 when the owner has none here. */
  account: number
  market: number
  /** Of the backstop's owner: 0 for a reduction, market + 1 for a takeover. */
  taker: number
  /** Signed change of the account's position. */
  moved: number
  /** Mark on-chain, ticks. */
  price: number
  /** Micro-USDC for the lots, ≥ 0. */
  worth: number
  /** Of a reduction, to the backstop; micro-USDC, ≥ 0. */
  fee: number
  /** Of a takeover, from the market's tranche to the account; micro-USDC, ≥ 0. */
  insured: number
  /** Both sides' funding was settled at this index. */
  fundingIndex: number
}

/**
 * Whether the move leaves the numbers of both sides exact (model's `limits.ts`), `backstop` being its taker's account:
 * cash, entry cost, the worth that moves with fee and insurance, and the funding that is paid add up to less than 2^52, and
 * lots stay within 2^44. What insurance has paid it must hold.
 */
export function isBookable(state: EngineState, move: ChainMove, backstop: number): boolean {
  const { account, market, moved, insured, fundingIndex } = move
  if (Math.abs(fundingIndex) > limits.notionalQuoteMax) return false
  if (insured > state.markets[market * MARKET_D + M_TRANCHE]!) return false
  return isExact(state, account, move, moved) && isExact(state, backstop, move, 0 - moved)
}

function isExact(
  state: EngineState,
  account: number,
  { market, worth, fee, insured, fundingIndex }: ChainMove,
  moved: number,
): boolean {
  const { positions, accounts, markets } = state
  const record = account === 0 ? NONE : findPosition(positions, accounts, account, market)
  const at = record * POSITION_D
  const held = record === NONE ? 0 : positions.f64[at + D_LOTS]!
  const entry = record === NONE ? 0 : positions.f64[at + D_ENTRY]!
  const present = markets[market * MARKET_D + M_FUNDING_INDEX]!
  let payment = 0
  if (held !== 0)
    payment = isLate(state, record, market, fundingIndex)
      ? fundingPaymentQuote(moved, present - fundingIndex)
      : fundingPaymentQuote(held, fundingIndex - positions.f64[at + D_SNAPSHOT]!)
  const cash = account === 0 ? 0 : accounts.f64[account * ACCOUNT_D + D_CASH]!
  const sum = Math.abs(cash) + Math.abs(entry) + worth + fee + insured + Math.abs(payment)
  return Math.abs(held) + Math.abs(moved) <= POSITION_LOTS_MAX && sum < limits.notionalQuoteMax
}

/**
 * Why the move of an account that is here has no place, or 0: the backstop's account is not here, or what is kept free for
 * the chain is used up. Either may pass: then the same notice is taken.
 */
export function refusePlaces(
  { positions, accounts }: EngineState,
  { account, market }: ChainMove,
  backstop: number,
): RejectCode | 0 {
  if (backstop === 0) return rejectCode.UNKNOWN_ACCOUNT
  const missing = [account, backstop].filter(
    (one) => findPosition(positions, accounts, one, market) === NONE,
  )
  return hasRoomForChain(positions, missing.length) ? 0 : rejectCode.CAPACITY
}

/** Books the move, funding settled at its index; nothing for an account of the backstop's owner, whom the chain moves never. */
export function carryOut(state: EngineState, move: ChainMove): void {
  const { account, market, taker, moved, price, worth, fee, insured, fundingIndex } = move
  const { markets } = state
  const backstop = backstopAccount(state, taker)
  if (backstop === 0 || isBackstopOwners(state, account)) return
  const record = recordOf(state, account, market)
  const own = recordOf(state, backstop, market)
  const late = isLate(state, record, market, fundingIndex)
  const ownLate = isLate(state, own, market, fundingIndex)
  if (!late) settleAt(state, record, market, fundingIndex)
  if (!ownLate) settleAt(state, own, market, fundingIndex)
  if (taker === 0) {
    const side = moved > 0 ? 0 : 1
    const lots = Math.abs(moved)
    bookReduced(state, account, record, backstop, own, market, side, lots, price, worth, fee, 0)
  } else {
    const pay = moved > 0 ? 0 - worth : worth
    bookTakenOver(state, account, record, backstop, own, market, 0 - moved, pay, insured, price)
  }
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
  const present = state.markets[market * MARKET_D + M_FUNDING_INDEX]!
  const payment = fundingPaymentQuote(moved, present - fundingIndex)
  payFunding(state, account, market, payment, moved, present)
}
