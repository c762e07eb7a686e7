//! Dead man's switches: at a tick past its deadline all orders of an account close, or those it has in one market.
import { closeReason, eventKind, hashedRecord } from '@plumb/model'
import { closeCollected, collectAccount } from './close-many.ts'
import { touch } from './dirty-set.ts'
import { emit } from './emit.ts'
import { setValue } from './pair-list.ts'
import { ACCOUNT_D, D_DEAD_MAN, NONE, TIME_MS } from './slabs.ts'
import type { EngineState } from './state.ts'

/**
 * Sets (deadline > 0) or switches off (0) a switch and says so.
 * @param scope 0: the account's, else that of market `scope - 1`
 */
export function setDeadline(
  state: EngineState,
  account: number,
  scope: number,
  deadlineMs: number,
): void {
  if (scope === 0) {
    state.accounts.f64[account * ACCOUNT_D + D_DEAD_MAN] = deadlineMs
    touch(state.accounts.dirty, account)
  } else {
    const { switches } = state
    const value = deadlineMs === 0 ? NONE : deadlineMs
    setValue(state, switches, hashedRecord.deadMan, account, scope - 1, value)
  }
  if (deadlineMs !== 0) state.nextDeadManMs = Math.min(state.nextDeadManMs, deadlineMs)
  const record = emit(state, eventKind.DeadManSet, account, 0)
  state.events.f64[record * 20 + 4] = deadlineMs
  state.events.i32[record * 40 + 10] = scope
}

/** Fires the switches that are due, by ascending account; of one account its own first, then those of markets. */
export function fireDeadMen(state: EngineState): void {
  const now = state.totals[TIME_MS]!
  if (now < state.nextDeadManMs) return
  const { accounts, switches } = state
  const { markets } = state.limits
  let place = 0
  for (let account = 1; account <= accounts.used; account++) {
    const deadline = accounts.f64[account * ACCOUNT_D + D_DEAD_MAN]!
    if (deadline !== 0 && deadline <= now) fire(state, account, 0)
    while (place < switches.used && switches.f64[2 * place]! < (account + 1) * markets) {
      const isDue = switches.f64[2 * place + 1]! <= now
      // One that fires leaves its place to the next.
      if (isDue) fire(state, account, (switches.f64[2 * place]! % markets) + 1)
      else place++
    }
  }
  scanDeadMen(state)
}

function fire(state: EngineState, account: number, scope: number): void {
  setDeadline(state, account, scope, 0)
  const market = scope === 0 ? NONE : scope - 1
  closeCollected(state, collectAccount(state, account, market, NONE), closeReason.deadMan)
}

/** Finds the next deadline anew: after a scan, and in a restored state. */
export function scanDeadMen(state: EngineState): void {
  const { accounts, switches } = state
  let next = Infinity
  for (let account = 1; account <= accounts.used; account++) {
    const deadline = accounts.f64[account * ACCOUNT_D + D_DEAD_MAN]!
    if (deadline !== 0) next = Math.min(next, deadline)
  }
  for (let place = 0; place < switches.used; place++)
    next = Math.min(next, switches.f64[2 * place + 1]!)
  state.nextDeadManMs = next
}
