//! What withdrawals, transfers and payments into a tranche share: the owner's signed amount of cash leaving an account.
import { type RejectCode, rejectCode } from '@plumb/model'
import { isBackstopOwners, isSettlementStopped } from './chain-state.ts'
import { touch } from './dirty-set.ts'
import { refusal } from './emit.ts'
import { makeLane, takeLane } from './lane-store.ts'
import { refuseExpiry, refuseLane } from './order-admission.ts'
import { settleFunding } from './settle-funding.ts'
import {
  ACCOUNT_D,
  ACCOUNT_W,
  D_CASH,
  LAG_S,
  NONE,
  P_MARKET,
  P_NEXT,
  POSITION_W,
  W_FIRST_POSITION,
  W_LOCKED,
  WITHDRAWALS_PAUSED,
} from './slabs.ts'
import type { EngineState } from './state.ts'
import { withdrawableQuote } from './withdrawable.ts'

/** Account, amount, lane, expiry, settlement and the pause; 0 = fine so far. */
export function refuseOutflow(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): RejectCode | 0 {
  const account = i32[w + 5]!
  if (!(account >= 1 && account <= state.accounts.used)) return rejectCode.UNKNOWN_ACCOUNT
  const amount = f64[d + 4]!
  if (!(Number.isSafeInteger(amount) && amount > 0)) return rejectCode.INVALID_PARAMETER
  if (isBackstopOwners(state, account)) return rejectCode.BACKSTOP_LOCKED
  if (state.accounts.i32[account * ACCOUNT_W + W_LOCKED] !== 0) return rejectCode.ASKED_ON_CHAIN
  const lane = refuseLane(state, account, i32[w + 18]!, i32[w + 19]! >>> 0, NONE)
  if (lane !== 0) return lane
  const expiry = refuseExpiry(state, i32[w + 20]! >>> 0)
  if (expiry !== 0) return expiry
  if (isSettlementStopped(state))
    return refusal(state, rejectCode.SETTLEMENT_LAG, state.totals[LAG_S]!)
  return state.totals[WITHDRAWALS_PAUSED] === 0 ? 0 : rejectCode.WITHDRAWALS_PAUSED
}

/** The amount may leave the account. */
export function refuseAmount(state: EngineState, account: number, amount: number): RejectCode | 0 {
  const most = withdrawableQuote(state, account)
  return amount > most ? refusal(state, rejectCode.INSUFFICIENT_BALANCE, most) : 0
}

/** Settles the account's funding, consumes the command's lane and takes the amount out; answers the cash left. */
export function takeOut(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): number {
  const { accounts, lanes } = state
  const account = i32[w + 5]!
  settleAll(state, account)
  const place = makeLane(lanes, account, i32[w + 18]!)
  takeLane(lanes, place, i32[w + 19]!, NONE)
  touch(lanes.dirty, place)
  const cash = accounts.f64[account * ACCOUNT_D + D_CASH]! - f64[d + 4]!
  accounts.f64[account * ACCOUNT_D + D_CASH] = cash
  touch(accounts.dirty, account)
  return cash
}

/** Settles the account's funding in all markets, in ascending market order. */
export function settleAll(state: EngineState, account: number): void {
  const { positions, accounts } = state
  let market = NONE
  for (;;) {
    let next = NONE
    let nextMarket = state.limits.markets
    let record = accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION]!
    for (; record !== NONE; record = positions.i32[record * POSITION_W + P_NEXT]!) {
      const of = positions.i32[record * POSITION_W + P_MARKET]!
      if (of <= market || of >= nextMarket) continue
      next = record
      nextMarket = of
    }
    if (next === NONE) return
    settleFunding(state, next)
    market = nextMarket
  }
}
