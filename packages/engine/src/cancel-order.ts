//! CancelOrder: by order id, or by client order id when that is 0.
import { closeReason, rejectCode } from '@plumb/model'
import { findClientId } from './client-id-store.ts'
import { closePlain } from './close-plain.ts'
import { reject } from './emit.ts'
import { slotOfOrder } from './order-store.ts'
import { closeResting } from './rest-order.ts'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const {
  CD_ORDER_ID,
  CLIENT_D,
  CLIENT_W,
  COMMAND_MASK,
  C_STATE,
  NONE,
  ORDER_W,
  SIGNED_FLAGS,
  SLOT_MASK,
  SLOT_RANGE,
  W_ACCOUNT,
  W_FLAGS,
  W_GENERATION,
  W_LIVE,
} = slabs
const { user } = closeReason

export function cancelOrder(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  if (cancelPlain(state, i32, f64, w)) return
  const account = i32[w + 5]!
  if (!(account >= 1 && account <= state.accounts.used)) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_ACCOUNT)
    return
  }
  const slot = slotNamed(state, account, i32, f64, w, d)
  if (slot === NONE || state.orders.i32[slot * ORDER_W + W_ACCOUNT] !== account) {
    reject(state, i32, f64, w, d, rejectCode.ORDER_NOT_FOUND)
    return
  }
  closeResting(state, slot, closeReason.user)
}

/** Cancels the order at sight if its id names a plain one of the account's. */
function cancelPlain(state: EngineState, i32: Int32Array, f64: Float64Array, at: number): boolean {
  const w = at & COMMAND_MASK
  const orderId = f64[(w >> 1) + 11]!
  const { orders } = state
  const slot = orderId & SLOT_MASK
  if (slot >= orders.used) return false
  const o = slot * ORDER_W
  const words = orders.i32
  if (words[o + W_LIVE] !== 1 || words[o + W_ACCOUNT] !== i32[w + 5]) return false
  if ((words[o + W_GENERATION]! >>> 0) * SLOT_RANGE + slot !== orderId) return false
  if (words[o + W_FLAGS]! > SIGNED_FLAGS) return false
  closePlain(state, slot, user, true)
  return true
}

function slotNamed(
  state: EngineState,
  account: number,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): number {
  const orderId = f64[d + 11]!
  if (orderId !== 0) return slotOfOrder(state.orders, orderId)
  if (i32[w + 24] === 0) return NONE
  const ids = state.clientIds
  const entry = findClientId(ids, account, i32, w)
  if (entry === NONE || ids.i32[entry * CLIENT_W + C_STATE] !== 1) return NONE
  return slotOfOrder(state.orders, ids.f64[entry * CLIENT_D + CD_ORDER_ID]!)
}
