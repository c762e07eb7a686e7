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
const { ORDER_NOT_FOUND } = rejectCode

export function cancelOrder(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  at: number,
  d: number,
): void {
  const w = at & COMMAND_MASK
  const account = i32[w + 5]!
  if (!(account >= 1 && account <= state.accounts.used)) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_ACCOUNT)
    return
  }
  const orderId = f64[(w >> 1) + 11]!
  const slot = orderId === 0 ? slotOfClient(state, account, i32, w) : orderId & SLOT_MASK
  const o = slot * ORDER_W
  const { orders } = state
  const words = orders.i32
  if (
    slot === NONE ||
    slot >= orders.used ||
    words[o + W_LIVE] !== 1 ||
    words[o + W_ACCOUNT] !== account ||
    (orderId !== 0 && (words[o + W_GENERATION]! >>> 0) * SLOT_RANGE + slot !== orderId)
  ) {
    reject(state, i32, f64, w, d, ORDER_NOT_FOUND)
    return
  }
  if (words[o + W_FLAGS]! > SIGNED_FLAGS) closeResting(state, slot, user)
  else closePlain(state, slot, user, true)
}

/** Slot of the open order that the command's client order id names, NONE (−1) if there is none. */
function slotOfClient(state: EngineState, account: number, i32: Int32Array, w: number): number {
  if (i32[w + 24] === 0) return NONE
  const ids = state.clientIds
  const entry = findClientId(ids, account, i32, w)
  if (entry === NONE || ids.i32[entry * CLIENT_W + C_STATE] !== 1) return NONE
  return slotOfOrder(state.orders, ids.f64[entry * CLIENT_D + CD_ORDER_ID]!)
}
