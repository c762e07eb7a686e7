//! What clients send, REST and stream alike. Strict: nothing is coerced, defaulted or dropped, since it was signed.
import { z } from 'zod'
import {
  addressField,
  amountField,
  clientOrderIdField,
  decimalField,
  expiryField,
  laneField,
  laneSeqField,
  maxFeeField,
  orderStyleField,
  sideField,
  signatureField,
  subaccountField,
  symbolField,
  timeInForceField,
  timeMsField,
  triggerByField,
  triggerKindField,
} from './fields.ts'

/** The session key that signed in the owner's place (flag bit 4 of the signed order is set then); absent: the owner. */
const signerField = addressField.optional().meta({
  description:
    'Session key that signed, with bit 4 of the signed flags set; absent: the account itself',
})

const orderShape = {
  account: addressField,
  subaccount: subaccountField,
  market: symbolField,
  side: sideField,
  type: z.enum(['limit', 'market']).meta({
    description: 'market: IOC, its signed price brought inside the price band',
  }),
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
  signer: signerField,
  clientOrderId: clientOrderIdField.optional(),
  selfTradePrevention: z.enum(['cancel_taker', 'cancel_maker', 'cancel_both']).optional(),
  style: orderStyleField.optional(),
  triggerKind: triggerKindField.optional(),
  triggerPrice: amountField
    .optional()
    .meta({ description: 'With triggerKind; a trailing order has none' }),
  triggerBy: triggerByField.optional(),
  offset: decimalField.optional().meta({
    description:
      'peg: distance from the index, may be negative; trailing: from the best price; scale: between levels',
  }),
  count: z
    .int()
    .min(2)
    .max(1_000)
    .optional()
    .meta({ description: 'twap: slices, 2 … 1,000; scale: levels, 2 … 32' }),
  intervalS: z
    .int()
    .min(1)
    .max(86_400)
    .optional()
    .meta({ description: 'twap: seconds between slices' }),
  slippage: amountField.optional().meta({
    description: 'market, twap: furthest from the best price (twap: mark), as a rate up to 0.5',
  }),
  displayAmount: amountField.optional().meta({ description: 'iceberg: what shows at a time' }),
  ocoLane: laneField.optional().meta({
    description: 'Lane of the order that gives way when this one fills, and the other way round',
  }),
  ocoSeq: laneSeqField.optional(),
  parentLane: laneField
    .optional()
    .meta({ description: 'Lane of the order whose fills arm this one (bracket)' }),
  parentSeq: laneSeqField.optional(),
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
    signer: addressField
      .optional()
      .meta({ description: 'Session key that signed for the account; absent: the account' }),
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

/** Money to another subaccount of the signer. */
export const transferRequest = z
  .strictObject({
    account: addressField,
    subaccount: subaccountField,
    toSubaccount: subaccountField,
    amount: amountField,
    lane: laneField,
    seq: laneSeqField,
    expiry: expiryField,
    signature: signatureField,
  })
  .meta({ id: 'TransferRequest' })
export type TransferRequest = z.infer<typeof transferRequest>

const orderIdField = z.string().min(1).max(20)
/** Whose; the token's owner and its first subaccount if left out. */
const ofAccount = { account: addressField.optional(), subaccount: subaccountField.optional() }

export const CANCELS_PER_BATCH_MAX = 100
/** Cancels of several orders, each named by the exchange's id or by your own. */
export const cancelBatchRequest = z
  .strictObject({
    ...ofAccount,
    orders: z
      .array(
        z.union([
          z.strictObject({ orderId: orderIdField }),
          z.strictObject({ clientOrderId: clientOrderIdField }),
        ]),
      )
      .min(1)
      .max(CANCELS_PER_BATCH_MAX),
  })
  .meta({ id: 'CancelBatchRequest' })
export type CancelBatchRequest = z.infer<typeof cancelBatchRequest>

/** Dead man's switch: 0 disarms, else 1 second to a day. */
const timeoutMsField = z
  .union([z.literal(0), z.int().min(1_000).max(86_400_000)])
  .meta({ description: 'Milliseconds until the orders are canceled; 0 disarms' })
const switchMarketField = symbolField
  .optional()
  .meta({ description: 'The market whose switch it is; left out: the switch of all markets' })
export const cancelAfterRequest = z
  .strictObject({ ...ofAccount, market: switchMarketField, timeoutMs: timeoutMsField })
  .meta({ id: 'CancelAfterRequest' })
export type CancelAfterRequest = z.infer<typeof cancelAfterRequest>

const leverageField = z
  .int()
  .min(0)
  .max(255)
  .meta({ description: 'Whole leverage; 0: none of your own, the market decides' })
export const leverageRequest = z
  .strictObject({ ...ofAccount, leverage: leverageField })
  .meta({ id: 'LeverageRequest' })

export const marginModeField = z.enum(['cross', 'isolated'])
export const marginModeRequest = z
  .strictObject({ ...ofAccount, marginMode: marginModeField })
  .meta({
    id: 'MarginModeRequest',
    description:
      'Isolated margin is a subaccount that trades one market only: fund it by a transfer',
  })

export const PREVIEW_ORDERS_MAX = 50
/** Hypothetical orders and prices: nothing is signed, nothing happens. */
export const previewRequest = z
  .strictObject({
    ...ofAccount,
    orders: z
      .array(
        z.strictObject({
          market: symbolField,
          side: sideField,
          price: amountField,
          amount: amountField,
          reduceOnly: z.boolean().optional(),
          filled: z.boolean().optional().meta({ description: 'Judge it as filled at its price' }),
        }),
      )
      .max(PREVIEW_ORDERS_MAX)
      .optional(),
    prices: z
      .record(symbolField, amountField)
      .optional()
      .meta({ description: 'Mark and index of markets, instead of the present ones' }),
  })
  .meta({ id: 'PreviewRequest' })
export type PreviewRequest = z.infer<typeof previewRequest>

/** Everything a client may subscribe to; the private ones name an account. */
export const publicChannels = [
  'book',
  'book20',
  'bbo',
  'trades',
  'candles',
  'ticker',
  'funding',
  'liquidations',
  'status',
  'batches',
] as const
export const privateChannels = [
  'orders',
  'fills',
  'balances',
  'positions',
  'account',
  'ledger',
  'agents',
  'notices',
] as const
export type PublicChannel = (typeof publicChannels)[number]
export type PrivateChannel = (typeof privateChannels)[number]
export type Channel = PublicChannel | PrivateChannel

export const candleIntervals = ['1s', '1m', '5m', '15m', '1h', '4h', '1d', '1w'] as const
export const candleIntervalField = z.enum(candleIntervals)
export type CandleInterval = (typeof candleIntervals)[number]

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
  interval: candleIntervalField.optional().meta({ description: 'candles: 1m by default' }),
  account: addressField.optional(),
  subaccount: subaccountField.optional(),
}
const ofToken = { account: addressField, subaccount: subaccountField }

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
  'order.batch': z.strictObject({
    op: z.literal('order.batch'),
    ...id,
    orders: orderBatchRequest.shape.orders,
  }),
  'order.cancelBatch': z.strictObject({
    op: z.literal('order.cancelBatch'),
    ...id,
    ...ofToken,
    orders: cancelBatchRequest.shape.orders,
  }),
  'order.cancelAfter': z.strictObject({
    op: z.literal('order.cancelAfter'),
    ...id,
    ...ofToken,
    market: switchMarketField,
    timeoutMs: timeoutMsField,
  }),
  'order.cancelOnDisconnect': z.strictObject({
    op: z.literal('order.cancelOnDisconnect'),
    ...id,
    ...ofToken,
    enabled: z.boolean(),
  }),
  'leverage.set': z.strictObject({
    op: z.literal('leverage.set'),
    ...id,
    ...ofToken,
    market: symbolField,
    leverage: leverageField,
  }),
  'marginMode.set': z.strictObject({
    op: z.literal('marginMode.set'),
    ...id,
    ...ofToken,
    market: symbolField,
    marginMode: marginModeField,
  }),
  'margin.preview': z.strictObject({
    op: z.literal('margin.preview'),
    ...id,
    ...ofToken,
    orders: previewRequest.shape.orders,
    prices: previewRequest.shape.prices,
  }),
  transfer: z.strictObject({ op: z.literal('transfer'), ...id, ...transferRequest.shape }),
  withdraw: z.strictObject({ op: z.literal('withdraw'), ...id, ...withdrawalRequest.shape }),
} as const
export type StreamOp = keyof typeof streamRequests
export type StreamRequest = z.infer<(typeof streamRequests)[StreamOp]>
export type StreamRequestOf<O extends StreamOp> = z.infer<(typeof streamRequests)[O]>

/** Whether a value names a request of the stream. */
export function isStreamOp(op: unknown): op is StreamOp {
  return typeof op === 'string' && Object.hasOwn(streamRequests, op)
}

/** Every request of the stream. */
export const streamOps: readonly StreamOp[] = Object.keys(streamRequests).filter(isStreamOp)
