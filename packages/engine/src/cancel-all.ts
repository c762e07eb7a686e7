//! CancelAll: an account's open orders of one market and side, or of all.
import { closeReason, rejectCode } from '@plumb/model'
import { closeCollected, collectAccount } from './close-many.ts'
import { reject } from './emit.ts'
import { M_LISTED, MARKET_D, NONE } from './slabs.ts'
import type { EngineState } from './state.ts'

export function cancelAll(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const account = i32[w + 5]!
  const market = i32[w + 6]!
  const side = i32[w + 14]!
  if (!(account >= 1 && account <= state.accounts.used)) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_ACCOUNT)
    return
  }
  const listed =
    market === NONE ||
    (market >= 0 &&
      market < state.limits.markets &&
      state.markets[market * MARKET_D + M_LISTED] === 1)
  if (!listed || side < NONE || side > 1) {
    const code = listed ? rejectCode.INVALID_PARAMETER : rejectCode.UNKNOWN_MARKET
    reject(state, i32, f64, w, d, code)
    return
  }
  closeCollected(state, collectAccount(state, account, market, side), closeReason.user)
}
