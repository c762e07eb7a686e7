//! Two roads for the same orders: REST, and the stream's pipelined requests.
import type {
  CancelAllReply,
  CancelBatchReply,
  OrderBatchReply,
  OrderReply,
  OrderRequest,
} from '@plumb/protocol'
import type { Http } from './http.ts'
import { type Session, withToken } from './session.ts'
import type { Stream } from './stream.ts'

/** An order by the exchange's id or by your own. */
export type OrderRef = { orderId: string } | { clientOrderId: string }
/** Whose orders: cancels are not signed, the token says it. */
export type Owner = { account: string; subaccount: number }
/** Which open orders a cancel-all takes; nothing = all. */
export type CancelFilter = { market?: string; side?: 'buy' | 'sell' }

/** How signed orders and cancels reach the exchange. */
export type OrderEntry = {
  place(order: OrderRequest): Promise<OrderReply>
  placeAll(orders: readonly OrderRequest[]): Promise<OrderBatchReply>
  cancelMany(owner: Owner, orders: readonly OrderRef[]): Promise<CancelBatchReply>
  edit(orderId: string, order: OrderRequest): Promise<OrderReply>
  cancel(owner: Owner, order: OrderRef): Promise<OrderReply>
  cancelAll(owner: Owner, filter: CancelFilter): Promise<CancelAllReply>
}

/** Order entry over REST. */
export function restOrderEntry(http: Http, session: Session): OrderEntry {
  return {
    place: (body) => http({ method: 'POST', path: '/v1/orders', body }),
    placeAll: (orders) =>
      http({ method: 'POST', path: '/v1/orders/batch', body: { orders: [...orders] } }),
    async cancelMany(owner, orders) {
      const body = { ...owner, orders: [...orders] }
      return await withToken(session, (token) =>
        http({ method: 'POST', path: '/v1/orders/cancel', body, token }),
      )
    },
    edit: (orderId, body) => http({ method: 'PUT', path: `/v1/orders/${orderId}`, body }),
    async cancel(owner, order) {
      const path =
        'orderId' in order
          ? `/v1/orders/${order.orderId}`
          : `/v1/orders/client/${encodeURIComponent(order.clientOrderId)}`
      return await withToken(session, (token) =>
        http({ method: 'DELETE', path, query: owner, token }),
      )
    },
    async cancelAll(owner, filter) {
      const query = { ...owner, ...filter }
      return await withToken(session, (token) =>
        http({ method: 'DELETE', path: '/v1/orders', query, token }),
      )
    },
  }
}

/**
 * Order entry over the stream: many in flight, sequenced in call order. Cancels need the account authenticated on the
 * stream (`stream.authenticate`).
 */
export function streamOrderEntry(stream: Stream): OrderEntry {
  return {
    place: (order) => stream.request('order.place', order),
    placeAll: (orders) => stream.request('order.batch', { orders: [...orders] }),
    cancelMany: (owner, orders) =>
      stream.request('order.cancelBatch', { ...owner, orders: [...orders] }),
    edit: (orderId, order) => stream.request('order.edit', { ...order, orderId }),
    cancel: (owner, order) => stream.request('order.cancel', { ...owner, ...order }),
    cancelAll: (owner, filter) => stream.request('order.cancelAll', { ...owner, ...filter }),
  }
}
