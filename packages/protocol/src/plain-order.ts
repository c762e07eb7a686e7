//! The commonest message of all, judged without the schema: a plain signed order. Says yes, or leaves it to the schema.
import { limits } from '@plumb/model'
import { type OrderRequest, orderRequest } from './request-schemas.ts'
import { type Validated, validate } from './validate.ts'

const U32_MAX = 4_294_967_295
const ADDRESS = /^0x[0-9a-fA-F]{40}$/
const SIGNATURE = /^0x(?:[0-9a-fA-F]{128}|[0-9a-fA-F]{130})$/
const AMOUNT = /^(?:0|[1-9]\d{0,19})(?:\.\d{0,17}[1-9])?$/
const AMOUNT_LENGTH_MAX = 40
const CLIENT_ORDER_ID = /^[\x21-\x7e]+$/

const required = [
  'account',
  'subaccount',
  'market',
  'side',
  'type',
  'price',
  'amount',
  'timeInForce',
  'postOnly',
  'reduceOnly',
  'maxFee',
  'lane',
  'seq',
  'expiry',
  'signature',
] as const

/**
 * Whether a value is a limit order with nothing but the required fields, and at most a client order id and a
 * self-trade mode: all that `orderRequest` would say of it is yes. `spare` keys (of the stream's envelope) are let by.
 * A no means nothing: ask the schema, which also tells what is wrong.
 */
export function isPlainOrder(value: unknown, spare = 0): value is OrderRequest {
  if (typeof value !== 'object' || value === null) return false
  const order: Partial<Record<keyof OrderRequest, unknown>> = value
  const { clientOrderId, selfTradePrevention } = order
  const optional =
    (clientOrderId === undefined ? 0 : 1) + (selfTradePrevention === undefined ? 0 : 1)
  return (
    // With all required ones there and no more in number, there is no other key.
    Object.keys(value).length === required.length + optional + spare &&
    order.type === 'limit' &&
    (order.side === 'buy' || order.side === 'sell') &&
    (order.timeInForce === 'GTC' || order.timeInForce === 'IOC' || order.timeInForce === 'FOK') &&
    typeof order.postOnly === 'boolean' &&
    typeof order.reduceOnly === 'boolean' &&
    isInteger(order.subaccount, 0, 255) &&
    isInteger(order.maxFee, 0, limits.maxFeeMax) &&
    isInteger(order.lane, 0, 65_535) &&
    isInteger(order.seq, 1, U32_MAX) &&
    isInteger(order.expiry, 1, U32_MAX) &&
    isText(order.market, limits.symbolLengthMax) &&
    isMatch(order.price, AMOUNT, AMOUNT_LENGTH_MAX) &&
    isMatch(order.amount, AMOUNT, AMOUNT_LENGTH_MAX) &&
    isMatch(order.account, ADDRESS, 42) &&
    isMatch(order.signature, SIGNATURE, 132) &&
    (clientOrderId === undefined ||
      isMatch(clientOrderId, CLIENT_ORDER_ID, limits.clientOrderIdLengthMax)) &&
    (selfTradePrevention === undefined ||
      selfTradePrevention === 'cancel_taker' ||
      selfTradePrevention === 'cancel_maker' ||
      selfTradePrevention === 'cancel_both')
  )
}

/** A signed order of any kind against its schema; the plain ones in passing. */
export function validateOrder(value: unknown): Validated<OrderRequest> {
  return isPlainOrder(value) ? { ok: true, value } : validate(orderRequest, value)
}

function isInteger(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
}

function isText(value: unknown, lengthMax: number): boolean {
  return typeof value === 'string' && value.length >= 1 && value.length <= lengthMax
}

function isMatch(value: unknown, form: RegExp, lengthMax: number): boolean {
  return typeof value === 'string' && value.length <= lengthMax && form.test(value)
}
