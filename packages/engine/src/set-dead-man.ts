//! SetDeadMan: unless it is set again in time, all orders of the account close, or those it has in one market.
import { rejectCode } from '@plumb/model'
import { setDeadline } from './dead-man.ts'
import { reject } from './emit.ts'
import { M_LISTED, MARKET_D, TIME_MS } from './slabs.ts'
import type { EngineState } from './state.ts'

const TIMEOUT_MS_MIN = 1_000
const TIMEOUT_MS_MAX = 86_400_000

export function setDeadMan(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const account = i32[w + 5]!
  const scope = i32[w + 7]!
  const timeout = f64[d + 4]!
  if (!(account >= 1 && account <= state.accounts.used)) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_ACCOUNT)
    return
  }
  const isListed =
    scope > 0 &&
    scope <= state.limits.markets &&
    state.markets[(scope - 1) * MARKET_D + M_LISTED] === 1
  if (scope !== 0 && !isListed) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_MARKET)
    return
  }
  const inRange =
    Number.isSafeInteger(timeout) && timeout >= TIMEOUT_MS_MIN && timeout <= TIMEOUT_MS_MAX
  if (timeout !== 0 && !inRange) {
    reject(state, i32, f64, w, d, rejectCode.INVALID_PARAMETER)
    return
  }
  setDeadline(state, account, scope, timeout === 0 ? 0 : state.totals[TIME_MS]! + timeout)
}
