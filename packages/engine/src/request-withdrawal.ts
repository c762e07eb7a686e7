//! RequestWithdrawal: cash leaves the account now, the chain pays it in a batch.
import { eventKind, type RejectCode, rejectCode } from '@plumb/model'
import { touch } from './dirty-set.ts'
import { emit, refusal, reject } from './emit.ts'
import { makeLane } from './lane-store.ts'
import { refuseExpiry, refuseLane } from './order-admission.ts'
import { settleFunding } from './settle-funding.ts'
import {
  ACCOUNT_D,
  ACCOUNT_W,
  D_CASH,
  L_SEQ,
  LANE_D,
  LANE_W,
  LD_FILLED,
  NONE,
  P_MARKET,
  P_NEXT,
  PENDING,
  POSITION_W,
  SEQ,
  W_FIRST_POSITION,
  WITHDRAWALS_PAUSED,
} from './slabs.ts'
import { type EngineState, LIMIT_VALUE } from './state.ts'
import { withdrawableQuote } from './withdrawable.ts'
import { addWithdrawal } from './withdrawal-ring.ts'

export function requestWithdrawal(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  state.scratch.f64[LIMIT_VALUE] = 0
  const code = refuse(state, i32, f64, w, d)
  if (code !== 0) {
    reject(state, i32, f64, w, d, code, state.scratch.f64[LIMIT_VALUE])
    return
  }
  const { accounts, lanes, totals } = state
  const account = i32[w + 5]!
  const amount = f64[d + 4]!
  settleAll(state, account)
  const place = makeLane(lanes, account, i32[w + 18]!)
  lanes.i32[place * LANE_W + L_SEQ] = i32[w + 19]!
  lanes.f64[place * LANE_D + LD_FILLED] = 0
  touch(lanes.dirty, place)
  const cash = accounts.f64[account * ACCOUNT_D + D_CASH]! - amount
  accounts.f64[account * ACCOUNT_D + D_CASH] = cash
  touch(accounts.dirty, account)
  totals[PENDING] = totals[PENDING]! + amount
  addWithdrawal(state, totals[SEQ]!, account, amount)
  const record = emit(state, eventKind.WithdrawalAccepted, account, 0)
  const events = state.events
  events.f64[record * 20 + 4] = amount
  events.f64[record * 20 + 5] = totals[SEQ]!
  events.f64[record * 20 + 6] = cash
  events.i32[record * 40 + 14] = i32[w + 18]!
  events.i32[record * 40 + 15] = i32[w + 19]!
}

function refuse(
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
  const lane = refuseLane(state, account, i32[w + 18]!, i32[w + 19]! >>> 0, NONE)
  if (lane !== 0) return lane
  const expiry = refuseExpiry(state, i32[w + 20]! >>> 0)
  if (expiry !== 0) return expiry
  if (state.totals[WITHDRAWALS_PAUSED] !== 0) return rejectCode.WITHDRAWALS_PAUSED
  if (state.withdrawals.count === state.limits.pendingWithdrawals) return rejectCode.CAPACITY
  const most = withdrawableQuote(state, account)
  return amount > most ? refusal(state, rejectCode.INSUFFICIENT_BALANCE, most) : 0
}

/** Settles the account's funding in all markets, in ascending market order. */
function settleAll(state: EngineState, account: number): void {
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
