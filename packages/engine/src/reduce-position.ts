//! A reduction that its owner asked for on-chain: the backstop takes the lots at the mark less a fee (RULES.md 7).
import { eventKind, marketState, mulDivCeil } from '@plumb/model'
import { backstopAccount, isBackstopOwners } from './chain-state.ts'
import { touch } from './dirty-set.ts'
import { emit } from './emit.ts'
import { bookFill, sideAdmits } from './match.ts'
import { INDEX_STALE_MS } from './order-admission.ts'
import { findPosition, hasFreePosition, openPosition, releaseIfIdle } from './position-store.ts'
import { isServable } from './requested-payout.ts'
import { othersAsked } from './requested-reduction.ts'
import { settleFunding } from './settle-funding.ts'
import {
  D_LOTS,
  D_SNAPSHOT,
  FORCE_FEE,
  M_FIXED_INDEX,
  M_FUNDING_INDEX,
  M_INDEX_TIME,
  M_MARK,
  M_MAX_POSITION,
  M_QUOTE_PER_TICK_LOT,
  M_STATE,
  MARKET_D,
  NONE,
  POSITION_D,
  TIME_MS,
} from './slabs.ts'
import type { EngineState } from './state.ts'

const PPM = 1_000_000

/** Closes up to `wanted` lots of the side asked for, if account and backstop may; answers how many. */
export function serveReduction(
  state: EngineState,
  account: number,
  market: number,
  wanted: number,
  isLong: number,
  dueS: number,
): number {
  const { markets, positions, accounts, chain } = state
  const m = market * MARKET_D
  const backstop = backstopAccount(state, 0)
  if (backstop === 0 || isBackstopOwners(state, account) || !isServable(state, dueS)) return 0
  if (!isPriced(state, market)) return 0
  const record = findPosition(positions, accounts, account, market)
  const held = record === NONE ? 0 : positions.f64[record * POSITION_D + D_LOTS]!
  if (held === 0 || held > 0 !== (isLong === 1)) return 0
  const lots = Math.min(wanted, Math.abs(held))
  const price = markets[m + M_MARK]!
  const worth = price * lots * markets[m + M_QUOTE_PER_TICK_LOT]!
  const fee = mulDivCeil(worth, chain[FORCE_FEE]!, PPM)
  const side = held > 0 ? 1 : 0
  let own = findPosition(positions, accounts, backstop, market)
  if (own === NONE) {
    if (!hasFreePosition(positions)) return 0
    own = openPosition(positions, accounts, backstop, market)
  }
  const before = positions.f64[own * POSITION_D + D_LOTS]!
  // The chain may be giving it more lots at the index of before, and rounds what it owes for all of them at once.
  const snapshot = positions.f64[own * POSITION_D + D_SNAPSHOT]!
  const isDue = before !== 0 && snapshot !== markets[m + M_FUNDING_INDEX]
  if (isDue && othersAsked(state, account, market)) return 0
  const after = Math.abs(side === 1 ? before + lots : before - lots)
  const may =
    (after <= markets[m + M_MAX_POSITION]! || after <= Math.abs(before)) &&
    sideAdmits(state, account, record, market, side, lots, worth, fee) &&
    sideAdmits(state, backstop, own, market, 1 - side, lots, worth, 0 - fee)
  if (!may) {
    releaseIfIdle(positions, accounts, own)
    return 0
  }
  settleFunding(state, record)
  settleFunding(state, own)
  bookReduced(state, account, record, backstop, own, market, side, lots, price, worth, fee, 1)
  return lots
}

/** Moves lots between account and backstop, and tells of it. */
export function bookReduced(
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

/** Whether the mark may be closed at: an index that is fresh, in a market that is neither halted nor over. */
function isPriced({ markets, totals }: EngineState, market: number): boolean {
  const m = market * MARKET_D
  if (markets[m + M_MARK] === 0 || markets[m + M_STATE]! >= marketState.halted) return false
  if (markets[m + M_FIXED_INDEX] !== 0) return true
  return totals[TIME_MS]! - markets[m + M_INDEX_TIME]! <= INDEX_STALE_MS
}
