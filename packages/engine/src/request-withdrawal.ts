//! RequestWithdrawal: cash leaves the account now, the chain pays it in a batch.
import { eventKind, type RejectCode, rejectCode } from '@plumb/model'
import { custodyQuote } from './chain-state.ts'
import { emit, refusal, reject } from './emit.ts'
import { refuseAmount, refuseOutflow, takeOut } from './outflow.ts'
import { PENDING, SEQ } from './slabs.ts'
import { type EngineState, LIMIT_VALUE } from './state.ts'
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
  const { totals } = state
  const account = i32[w + 5]!
  const amount = f64[d + 4]!
  const cash = takeOut(state, i32, f64, w, d)
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
  const code = refuseOutflow(state, i32, f64, w, d)
  if (code !== 0) return code
  if (state.withdrawals.count === state.limits.pendingWithdrawals) return rejectCode.CAPACITY
  const amount = f64[d + 4]!
  const refused = refuseAmount(state, i32[w + 5]!, amount)
  if (refused !== 0) return refused
  const custody = custodyQuote(state)
  return amount > custody ? refusal(state, rejectCode.INSUFFICIENT_BALANCE, custody) : 0
}
