//! CancelAll: an account's open orders of one market and side, or of all.
import { closeReason, rejectCode } from '@plumb/model'
import { closeCollected, collect } from './close-many.ts'
import { reject } from './emit.ts'
import {
  ACCOUNT_W,
  M_LISTED,
  MARKET_D,
  NONE,
  ORDER_W,
  P_FIRST_ORDER,
  P_MARKET,
  P_NEXT,
  POSITION_W,
  W_FIRST_POSITION,
  W_OWN_NEXT,
  W_SIDE,
} from './slabs.ts'
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
  const { positions, orders } = state
  let count = 0
  let record = state.accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION]!
  for (; record !== NONE; record = positions.i32[record * POSITION_W + P_NEXT]!) {
    if (market !== NONE && positions.i32[record * POSITION_W + P_MARKET] !== market) continue
    let slot = positions.i32[record * POSITION_W + P_FIRST_ORDER]!
    for (; slot !== NONE; slot = orders.i32[slot * ORDER_W + W_OWN_NEXT]!)
      if (side === NONE || orders.i32[slot * ORDER_W + W_SIDE] === side)
        count = collect(state, count, slot)
  }
  closeCollected(state, count, closeReason.user)
}
