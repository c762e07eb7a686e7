//! Headroom: a lower bound of what an account has left above its requirement, so that an order of an account in many
//! markets need not walk them all. A cache: no decision depends on it, it is not hashed and in no snapshot.
//
// The walk says Eₒ − Σ R (account-health.ts). Kept of it is Eₒ − cash − Σ R, as cash can be read at any time. From then on
// whatever can lower it is taken off at once, and what can only raise it (an order that leaves) is left out:
// - fills and orders of the common path (match-plain.ts, place-plain.ts): `lowerHeadroom`, by what they cost at most;
// - any other change of a position (`bookFill`, `settleFunding`), order (`reserve`) or leverage: `forgetHeadroom`;
// - marks and funding, once for all accounts, by how far a market has moved relative to its mark (`noteMove`): nothing
//   loses more than its value times that.
// An account in one market is not measured, its common path has no walk to save; its entry is forgotten when but one market is
// left (`releaseIfIdle`). The differential tests hold the bound against the walk after every command.
import { openingEquity, otherRequirements } from './account-health.ts'
import { beginMoves, H_BASE, H_EXPOSED, H_SINCE, HEADROOM_D } from './headroom-store.ts'
import { fundingDue } from './margin.ts'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const {
  ACCOUNT_D,
  ACCOUNT_W,
  D_BUY_LOTS,
  D_CASH,
  D_LOTS,
  D_SELL_LOTS,
  MARKET_D,
  M_RISK_FLAGS,
  M_SHORT_QUOTE,
  NONE,
  POSITION_D,
  POSITION_W,
  P_MARKET,
  P_NEXT,
  W_FIRST_POSITION,
} = slabs
const DOUBLES = HEADROOM_D
const BASE = H_BASE
const EXPOSED = H_EXPOSED
const SINCE = H_SINCE

/** Measured again once the markets have moved so far: below it moves on moves add less than 1 %. */
const DRIFT_MAX = 1 / 64
/**
 * A move of 1 takes at most so many times what is exposed: its value, the initial margin and the fee of what orders would
 * open, and those orders' loss against mark; 1 + 1 + 0.01 + 1, and 1 % for moves on moves.
 */
const MOVE_COST = 4
/** Margin and fee of two sides and funding due round in each of 64 markets. */
const ROUNDING = 256
/** Far below where doubles stop being exact. */
const SAFE_QUOTE = 2 ** 50

/** At most Eₒ − Σ R of an account in several markets; −Infinity where nothing is known. */
export function headroomOf(state: EngineState, account: number): number {
  const { f64, drift } = state.headroom
  const h = account * DOUBLES
  const moved = drift - f64[h + SINCE]!
  const exposed = f64[h + EXPOSED]!
  const cash = state.accounts.f64[account * ACCOUNT_D + D_CASH]!
  if (!(moved <= DRIFT_MAX && exposed < SAFE_QUOTE && Math.abs(cash) < SAFE_QUOTE)) return -Infinity
  return cash + f64[h + BASE]! - MOVE_COST * exposed * moved
}

/** Whether Eₒ − Σ R is at least `needed`: by the bound, or by a new one where that does not show it. */
export function hasHeadroom(state: EngineState, account: number, needed: number): boolean {
  if (headroomOf(state, account) >= needed) return true
  return measureHeadroom(state, account) && headroomOf(state, account) >= needed
}

/** Whether opening equity covers Σ IM with `requirement` in the record's market (risk.md 1.6). */
export function coversMargin(
  state: EngineState,
  account: number,
  record: number,
  requirement: number,
): boolean {
  if (requirement === Infinity) return false
  if (isInSeveral(state, account) && headroomOf(state, account) >= requirement) return true
  return openingEquity(state, account) >= otherRequirements(state, account, record) + requirement
}

/** Whether the account has records in more than one market: only then its entry means something. */
export function isInSeveral({ accounts, positions }: EngineState, account: number): boolean {
  const first = accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION]!
  return first !== NONE && positions.i32[first * POSITION_W + P_NEXT] !== NONE
}

/** Walks the account's markets. False: one of them has margin of its own kind, or sums leave exact arithmetic. */
function measureHeadroom(state: EngineState, account: number): boolean {
  const { headroom, positions, markets, accounts } = state
  const { f64 } = positions
  let exposed = 0
  let record = accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION]!
  for (; record !== NONE; record = positions.i32[record * POSITION_W + P_NEXT]!) {
    const m = positions.i32[record * POSITION_W + P_MARKET]! * MARKET_D
    if (markets[m + M_RISK_FLAGS] !== 0) return false
    const p = record * POSITION_D
    const lots = Math.abs(f64[p + D_LOTS]!) + f64[p + D_BUY_LOTS]! + f64[p + D_SELL_LOTS]!
    exposed += lots * markets[m + M_SHORT_QUOTE]! + Math.abs(fundingDue(state, record))
  }
  const equity = openingEquity(state, account)
  const required = otherRequirements(state, account, NONE)
  if (!(exposed < SAFE_QUOTE && Math.abs(equity) < SAFE_QUOTE && required < SAFE_QUOTE))
    return false
  const cash = accounts.f64[account * ACCOUNT_D + D_CASH]!
  const h = account * DOUBLES
  headroom.f64[h + BASE] = equity - cash - required - ROUNDING
  headroom.f64[h + EXPOSED] = exposed
  headroom.f64[h + SINCE] = headroom.drift
  beginMoves(headroom)
  return true
}
