//! SetSelfTradeGroup: an owner's accounts join a group whose orders do not trade with each other, or leave it.
import { eventKind, rejectCode } from '@plumb/model'
import { touch } from './dirty-set.ts'
import { emit, reject } from './emit.ts'
import { ACCOUNT_W, W_OWNER, W_SELF_TRADE } from './slabs.ts'
import type { EngineState } from './state.ts'

/** Largest group number. */
const GROUP_MAX = 2 ** 30 - 1

export function setSelfTradeGroup(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const { accounts } = state
  const account = i32[w + 5]!
  const group = i32[w + 14]!
  if (!(account >= 1 && account <= accounts.used)) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_ACCOUNT)
    return
  }
  if (!(group >= 0 && group <= GROUP_MAX)) {
    reject(state, i32, f64, w, d, rejectCode.INVALID_PARAMETER)
    return
  }
  const owner = accounts.i32[account * ACCOUNT_W + W_OWNER]!
  // An owner's accounts have numbers from its lowest one on.
  for (let other = owner; other <= accounts.used; other++) {
    if (accounts.i32[other * ACCOUNT_W + W_OWNER] !== owner) continue
    accounts.i32[other * ACCOUNT_W + W_SELF_TRADE] = group === 0 ? owner : -group
    touch(accounts.dirty, other)
  }
  state.events.i32[emit(state, eventKind.SelfTradeGroupSet, account, 0) * 40 + 8] = group
}
