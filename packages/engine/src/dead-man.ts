//! Dead man's switches: at a tick past its deadline all orders of an account close.
import { closeReason, eventKind } from '@plumb/model'
import { closeCollected, collectAccount } from './close-many.ts'
import { touch } from './dirty-set.ts'
import { emit } from './emit.ts'
import { ACCOUNT_D, D_DEAD_MAN, NONE, TIME_MS } from './slabs.ts'
import type { EngineState } from './state.ts'

/** Sets (deadline > 0) or switches off (0) an account's switch and says so. */
export function setDeadline(state: EngineState, account: number, deadlineMs: number): void {
  state.accounts.f64[account * ACCOUNT_D + D_DEAD_MAN] = deadlineMs
  touch(state.accounts.dirty, account)
  if (deadlineMs !== 0) state.nextDeadManMs = Math.min(state.nextDeadManMs, deadlineMs)
  state.events.f64[emit(state, eventKind.DeadManSet, account, 0) * 20 + 4] = deadlineMs
}

/** Fires the switches that are due, by ascending account. */
export function fireDeadMen(state: EngineState): void {
  const now = state.totals[TIME_MS]!
  if (now < state.nextDeadManMs) return
  const { accounts } = state
  for (let account = 1; account <= accounts.used; account++) {
    const deadline = accounts.f64[account * ACCOUNT_D + D_DEAD_MAN]!
    if (deadline === 0 || deadline > now) continue
    setDeadline(state, account, 0)
    closeCollected(state, collectAccount(state, account, NONE, NONE), closeReason.deadMan)
  }
  scanDeadMen(state)
}

/** Finds the next deadline anew: after a scan, and in a restored state. */
export function scanDeadMen(state: EngineState): void {
  const { accounts } = state
  let next = Infinity
  for (let account = 1; account <= accounts.used; account++) {
    const deadline = accounts.f64[account * ACCOUNT_D + D_DEAD_MAN]!
    if (deadline !== 0) next = Math.min(next, deadline)
  }
  state.nextDeadManMs = next
}
