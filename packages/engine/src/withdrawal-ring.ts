//! Withdrawals waiting for the chain, oldest first.
import { hashedRecord, type RecordMixer } from '@plumb/model'
import type { EngineState } from './state.ts'

/** Doubles of one entry: request seq, account, amount. */
const ENTRY = 3

/** Adds one; the caller has checked the capacity. */
export function addWithdrawal(
  state: EngineState,
  seq: number,
  account: number,
  amount: number,
): void {
  const { withdrawals, limits } = state
  const at = ((withdrawals.head + withdrawals.count) % limits.pendingWithdrawals) * ENTRY
  withdrawals.ring[at] = seq
  withdrawals.ring[at + 1] = account
  withdrawals.ring[at + 2] = amount
  withdrawals.count++
  count(state, at, 1)
}

/** First double of the oldest entry. */
export function oldestWithdrawal(state: EngineState): number {
  return state.withdrawals.head * ENTRY
}

export function dropOldestWithdrawal(state: EngineState): void {
  const { withdrawals, limits } = state
  count(state, withdrawals.head * ENTRY, -1)
  withdrawals.head = (withdrawals.head + 1) % limits.pendingWithdrawals
  withdrawals.count--
}

// Few enough to be added to the state hash as they come and go.
function count(state: EngineState, at: number, sign: number): void {
  const { hash } = state
  const { ring } = state.withdrawals
  const mixer: RecordMixer = hash.mixer
  mixer.begin(hashedRecord.withdrawal)
  mixer.integer(ring[at]!)
  mixer.integer(ring[at + 1]!)
  mixer.integer(ring[at + 2]!)
  mixer.end()
  hash.hi = (hash.hi + sign * mixer.hi) | 0
  hash.lo = (hash.lo + sign * mixer.lo) | 0
}
