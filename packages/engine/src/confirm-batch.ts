//! ConfirmBatch: the chain settled everything up to a seq; the withdrawals it covers are paid.
import { eventKind, rejectCode } from '@plumb/model'
import { emit, reject } from './emit.ts'
import { BATCH_TO_SEQ, LAST_BATCH, PAID, PENDING, SEQ } from './slabs.ts'
import type { EngineState } from './state.ts'
import { dropOldestWithdrawal, oldestWithdrawal } from './withdrawal-ring.ts'

const TX_HASH_W = 38

export function confirmBatch(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const { totals, withdrawals } = state
  const batchNo = f64[d + 4]!
  const toSeq = f64[d + 5]!
  if (!(Number.isSafeInteger(batchNo) && Number.isSafeInteger(toSeq) && toSeq < totals[SEQ]!)) {
    reject(state, i32, f64, w, d, rejectCode.INVALID_PARAMETER)
    return
  }
  if (batchNo <= totals[LAST_BATCH]! || toSeq <= totals[BATCH_TO_SEQ]!) {
    reject(state, i32, f64, w, d, rejectCode.NOTHING_TO_CONFIRM, totals[LAST_BATCH])
    return
  }
  totals[LAST_BATCH] = batchNo
  totals[BATCH_TO_SEQ] = toSeq
  while (withdrawals.count > 0) {
    const at = oldestWithdrawal(state)
    const withdrawalId = withdrawals.ring[at]!
    if (withdrawalId > toSeq) break
    const account = withdrawals.ring[at + 1]!
    const amount = withdrawals.ring[at + 2]!
    dropOldestWithdrawal(state)
    totals[PENDING] = totals[PENDING]! - amount
    totals[PAID] = totals[PAID]! + amount
    const paid = emit(state, eventKind.WithdrawalPaid, account, 0) * 20
    state.events.f64[paid + 4] = amount
    state.events.f64[paid + 5] = withdrawalId
    state.events.f64[paid + 6] = batchNo
  }
  const record = emit(state, eventKind.BatchConfirmed, 0, 0)
  const events = state.events
  for (let i = 4; i <= 7; i++) events.f64[record * 20 + i] = f64[d + i]!
  for (let i = 0; i < 8; i++) events.i32[record * 40 + 16 + i] = i32[w + TX_HASH_W + i]!
}
