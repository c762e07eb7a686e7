//! SetWithdrawals: pauses withdrawal requests, or lets them through again.
import { eventKind, rejectCode } from '@plumb/model'
import { emit, reject } from './emit.ts'
import { WITHDRAWALS_PAUSED } from './slabs.ts'
import type { EngineState } from './state.ts'

export function setWithdrawals(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const paused = i32[w + 14]!
  if (paused !== 0 && paused !== 1) {
    reject(state, i32, f64, w, d, rejectCode.INVALID_PARAMETER)
    return
  }
  state.totals[WITHDRAWALS_PAUSED] = paused
  const record = emit(state, eventKind.WithdrawalsSwitched, 0, 0)
  state.events.i32[record * 40 + 8] = paused
}
