//! Examples that the documentation shows; a test sends every one of them, signed, to an exchange.
import type { OrderRequest, StreamOp } from '@plumb/protocol'

/** Whose examples these are; a test puts its own account, lane, seq, expiry and signature there. */
const owner = { account: `0x${'ab'.repeat(20)}`, subaccount: 0 }
const signed = { lane: 0, seq: 1, expiry: 1_893_456_000, signature: `0x${'cd'.repeat(65)}` }
const BTC = 'BTC-PERP'
const base = {
  ...owner,
  market: BTC,
  side: 'buy',
  type: 'limit',
  price: '58000',
  amount: '0.01',
  timeInForce: 'GTC',
  postOnly: false,
  reduceOnly: false,
  maxFee: 45,
  ...signed,
} as const

/** One order of every kind. */
export const orderExamples: Readonly<Record<string, OrderRequest>> = {
  limit: { ...base, clientOrderId: 'my-first-order' },
  postOnly: { ...base, postOnly: true },
  market: { ...base, type: 'market', price: '63000', timeInForce: 'IOC', slippage: '0.02' },
  stop: { ...base, price: '63000', triggerKind: 'stop', triggerPrice: '61000' },
  takeProfit: {
    ...base,
    side: 'sell',
    price: '62000',
    triggerKind: 'take_profit',
    triggerPrice: '62500',
    triggerBy: 'index',
  },
  trailingStop: { ...base, side: 'sell', style: 'trailing', offset: '500', triggerBy: 'mark' },
  iceberg: { ...base, amount: '0.05', style: 'iceberg', displayAmount: '0.01' },
  scale: { ...base, amount: '0.04', style: 'scale', count: 4, offset: '100' },
  twap: { ...base, price: '61000', timeInForce: 'IOC', style: 'twap', count: 10, intervalS: 60 },
  peg: { ...base, price: '61000', postOnly: true, style: 'peg', offset: '-50' },
  slide: { ...base, postOnly: true, style: 'slide' },
}

const transfer = { ...owner, toSubaccount: 1, amount: '10', ...signed }

/** Frames beside the one of their op, by what they show. */
export const moreStreamExamples: {
  readonly [O in StreamOp]?: Record<string, Record<string, unknown>>
} = {
  subscribe: {
    candles: { op: 'subscribe', id: 18, channel: 'candles', market: BTC, interval: '1m' },
    ledger: { op: 'subscribe', id: 19, channel: 'ledger', ...owner },
  },
  resume: { ledger: { op: 'resume', id: 20, channel: 'ledger', ...owner, seq: 0 } },
}

/** One frame of every request of the stream. */
export const streamExamples: { readonly [O in StreamOp]: Record<string, unknown> } = {
  auth: { op: 'auth', id: 1, token: 'the token of POST /v1/auth' },
  ping: { op: 'ping' },
  subscribe: { op: 'subscribe', id: 2, channel: 'book', market: BTC },
  unsubscribe: { op: 'unsubscribe', id: 3, channel: 'book', market: BTC },
  resume: { op: 'resume', id: 4, channel: 'orders', ...owner, seq: 1 },
  'order.place': { op: 'order.place', id: 5, ...base, clientOrderId: 'my-order' },
  'order.edit': { op: 'order.edit', id: 6, orderId: '1', ...base, amount: '0.005' },
  'order.cancel': { op: 'order.cancel', id: 7, ...owner, clientOrderId: 'my-order' },
  'order.cancelAll': { op: 'order.cancelAll', id: 8, ...owner, market: BTC, side: 'buy' },
  'order.batch': { op: 'order.batch', id: 9, orders: [base, orderExamples['postOnly']] },
  'order.cancelBatch': {
    op: 'order.cancelBatch',
    id: 10,
    ...owner,
    orders: [{ orderId: '1' }, { clientOrderId: 'my-order' }],
  },
  'order.cancelAfter': { op: 'order.cancelAfter', id: 11, ...owner, timeoutMs: 60_000 },
  'order.cancelOnDisconnect': {
    op: 'order.cancelOnDisconnect',
    id: 12,
    ...owner,
    enabled: true,
  },
  'leverage.set': { op: 'leverage.set', id: 13, ...owner, market: BTC, leverage: 5 },
  'marginMode.set': {
    op: 'marginMode.set',
    id: 14,
    ...owner,
    market: BTC,
    marginMode: 'isolated',
  },
  'margin.preview': {
    op: 'margin.preview',
    id: 15,
    ...owner,
    orders: [{ market: BTC, side: 'buy', price: '60000', amount: '0.1', filled: true }],
    prices: { [BTC]: '55000' },
  },
  transfer: { op: 'transfer', id: 16, ...transfer },
  withdraw: { op: 'withdraw', id: 17, ...owner, amount: '10', ...signed },
}
