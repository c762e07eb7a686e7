//! CancelOrder: by order id, or by client order id when that is 0.
import { closeReason, rejectCode } from '@plumb/model'
import { findClientId } from './client-id-store.ts'
import { reject } from './emit.ts'
import { slotOfOrder } from './order-store.ts'
import { closeResting } from './rest-order.ts'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const { CD_ORDER_ID, CLIENT_D, CLIENT_W, C_STATE, NONE, ORDER_W, W_ACCOUNT } = slabs

export function cancelOrder(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
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
