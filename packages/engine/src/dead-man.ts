//! Dead man's switches: at a tick past its deadline all orders of an account close, or those it has in one market.
import { closeReason, eventKind, hashedRecord } from '@plumb/model'
import { closeCollected, collectAccount } from './close-many.ts'
import { touch } from './dirty-set.ts'
import { emit } from './emit.ts'
import { placeOf } from './market-switches.ts'
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
  } else setMarketDeadline(state, account, scope - 1, deadlineMs)
  if (deadlineMs !== 0) state.nextDeadManMs = Math.min(state.nextDeadManMs, deadlineMs)
  const record = emit(state, eventKind.DeadManSet, account, 0)
  state.events.f64[record * 20 + 4] = deadlineMs
  state.events.i32[record * 40 + 10] = scope
}

function setMarketDeadline(
  state: EngineState,
  account: number,
  market: number,
  deadlineMs: number,
): void {
  const { switches } = state
  const { f64 } = switches
  const key = account * state.limits.markets + market
  const place = placeOf(switches, key)
  const at = 2 * place
  const isSet = place < switches.used && f64[at] === key
  if (isSet) countSwitch(state, place, -1)
  if (isSet === (deadlineMs === 0)) {
    // One comes or goes: those behind it move.
    const [from, to] = isSet ? [at + 2, at] : [at, at + 2]
    f64.copyWithin(to, from, 2 * switches.used)
    switches.used += isSet ? -1 : 1
  }
  if (deadlineMs === 0) return
  f64[at] = key
  f64[at + 1] = deadlineMs
  countSwitch(state, place, 1)
}

/** Few enough to be added to the state hash as they come and go. */
function countSwitch(state: EngineState, place: number, sign: number): void {
  const { hash, switches, limits } = state
  const { mixer } = hash
  const key = switches.f64[2 * place]!
  mixer.begin(hashedRecord.deadMan)
  mixer.integer(Math.floor(key / limits.markets))
  mixer.integer(key % limits.markets)
  mixer.integer(switches.f64[2 * place + 1]!)
  mixer.end()
  hash.hi = (hash.hi + sign * mixer.hi) | 0
  hash.lo = (hash.lo + sign * mixer.lo) | 0
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
