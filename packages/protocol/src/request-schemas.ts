//! What clients send, REST and stream alike. Strict: nothing is coerced, defaulted or dropped, since it was signed.
import { z } from 'zod'
import {
  addressField,
  amountField,
  clientOrderIdField,
  expiryField,
  laneField,
  laneSeqField,
  maxFeeField,
  sideField,
  signatureField,
  subaccountField,
  symbolField,
  timeInForceField,
  timeMsField,
} from './fields.ts'

const orderShape = {
  account: addressField,
  subaccount: subaccountField,
  market: symbolField,
  side: sideField,
  type: z.enum(['limit']),
  price: amountField,
  amount: amountField,
  timeInForce: timeInForceField,
  postOnly: z.boolean(),
  reduceOnly: z.boolean(),
  maxFee: maxFeeField,
  lane: laneField,
  seq: laneSeqField,
  expiry: expiryField,
  signature: signatureField,
  clientOrderId: clientOrderIdField.optional(),
  selfTradePrevention: z.enum(['cancel_taker', 'cancel_maker', 'cancel_both']).optional(),
}

/** A signed order: POST /v1/orders, PUT /v1/orders/:id, and the stream's order.place and order.edit. */
export const orderRequest = z
  .strictObject(orderShape)
  .meta({ id: 'OrderRequest', description: 'A signed order' })
export type OrderRequest = z.infer<typeof orderRequest>

export const ORDERS_PER_BATCH_MAX = 50

/** Items are judged one by one, so that one bad order does not refuse its neighbours. */
export const orderBatchRequest = z
  .strictObject({ orders: z.array(z.unknown()).min(1).max(ORDERS_PER_BATCH_MAX) })
  .meta({ id: 'OrderBatchRequest', description: 'Up to 50 signed orders (OrderRequest each)' })
export type OrderBatchRequest = z.infer<typeof orderBatchRequest>

export const loginRequest = z
  .strictObject({
    account: addressField,
    issuedAt: timeMsField,
    expiresAt: timeMsField,
    signature: signatureField,
  })
  .meta({ id: 'LoginRequest' })
export type LoginRequest = z.infer<typeof loginRequest>

export const withdrawalRequest = z
  .strictObject({
    account: addressField,
    subaccount: subaccountField,
    amount: amountField,
    lane: laneField,
    seq: laneSeqField,
    expiry: expiryField,
    signature: signatureField,
  })
  .meta({ id: 'WithdrawalRequest' })
export type WithdrawalRequest = z.infer<typeof withdrawalRequest>

/** Everything a client may subscribe to; the private ones name an account. */
export const publicChannels = [
  'book',
  'bbo',
  'trades',
  'ticker',
  'funding',
  'status',
  'batches',
] as const
export const privateChannels = ['orders', 'fills', 'balances', 'positions'] as const
export type PublicChannel = (typeof publicChannels)[number]
export type PrivateChannel = (typeof privateChannels)[number]
export type Channel = PublicChannel | PrivateChannel

/** Id of a stream request, echoed in its answer. */
export const requestIdField = z.union([
  z.string().min(1).max(64),
  z.int().min(0).max(Number.MAX_SAFE_INTEGER),
])
export type RequestId = z.infer<typeof requestIdField>

const id = { id: requestIdField }
const channel = {
  ...id,
  channel: z.enum([...publicChannels, ...privateChannels]),
  market: symbolField.optional(),
  account: addressField.optional(),
  subaccount: subaccountField.optional(),
}
const orderIdField = z.string().min(1).max(20)

/** Requests of the stream by `op`. */
export const streamRequests = {
  auth: z.strictObject({ op: z.literal('auth'), ...id, token: z.string().min(1).max(512) }),
  ping: z.strictObject({ op: z.literal('ping'), id: requestIdField.optional() }),
  subscribe: z.strictObject({ op: z.literal('subscribe'), ...channel }),
  unsubscribe: z.strictObject({ op: z.literal('unsubscribe'), ...channel }),
  resume: z.strictObject({
    op: z.literal('resume'),
    ...channel,
    channel: z.enum(privateChannels),
    account: addressField,
    subaccount: subaccountField,
    seq: z.int().min(0),
  }),
  'order.place': z.strictObject({ op: z.literal('order.place'), ...id, ...orderShape }),
  'order.edit': z.strictObject({
    op: z.literal('order.edit'),
    ...id,
    orderId: orderIdField,
    ...orderShape,
  }),
  'order.cancel': z.strictObject({
    op: z.literal('order.cancel'),
    ...id,
    account: addressField,
    subaccount: subaccountField,
    orderId: orderIdField.optional(),
    clientOrderId: clientOrderIdField.optional(),
  }),
  'order.cancelAll': z.strictObject({
    op: z.literal('order.cancelAll'),
    ...id,
    account: addressField,
    subaccount: subaccountField,
    market: symbolField.optional(),
    side: sideField.optional(),
  }),
} as const
export type StreamOp = keyof typeof streamRequests
export type StreamRequest = z.infer<(typeof streamRequests)[StreamOp]>
export type StreamRequestOf<O extends StreamOp> = z.infer<(typeof streamRequests)[O]>
