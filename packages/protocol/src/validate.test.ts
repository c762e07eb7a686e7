import { describe, expect, test } from 'vitest'
import { errorTable, httpStatusOf, PlumbError } from './error-table.ts'
import { type OrderRequest, orderRequest, streamRequests } from './request-schemas.ts'
import { validate } from './validate.ts'

const order: OrderRequest = {
  account: `0x${'ab'.repeat(20)}`,
  subaccount: 0,
  market: 'BTC-PERP',
  side: 'buy',
  type: 'limit',
  price: '60000',
  amount: '0.1',
  timeInForce: 'GTC',
  postOnly: false,
  reduceOnly: false,
  maxFee: 45,
  lane: 0,
  seq: 1,
  expiry: 1_790_000_000,
  signature: `0x${'11'.repeat(65)}`,
}

describe('order schema', () => {
  test('accepts an order and returns the very same content', () => {
    const result = validate(orderRequest, order)
    expect(result).toEqual({ ok: true, value: order })
  })

  test('accepts both spellings of a signature', () => {
    const signature = `0x${'11'.repeat(64)}`
    expect(validate(orderRequest, { ...order, signature }).ok).toBe(true)
  })

  const required = Object.keys(order)
  test.each(required)('%s is required', (field) => {
    const { [field as keyof OrderRequest]: _, ...rest } = order
    const result = validate(orderRequest, rest)
    expect(result.ok ? null : result.error.body()).toMatchObject({ code: 'MISSING_FIELD', field })
  })

  test.each([
    ['price', 60_000],
    ['price', '60000.0'],
    ['price', '-1'],
    ['price', '6e4'],
    ['price', ''],
    ['price', null],
    ['price', '1'.repeat(41)],
    ['amount', 0.1],
    ['amount', ['0.1']],
    ['account', '0x12'],
    ['account', 12],
    ['side', 'BUY'],
    ['side', 0],
    ['type', 'stop'],
    ['timeInForce', 'GTT'],
    ['postOnly', 'false'],
    ['reduceOnly', 0],
    ['maxFee', 256, 255],
    ['maxFee', -1, 0],
    ['maxFee', 1.5],
    ['maxFee', '45'],
    ['lane', 65_536, 65_535],
    ['lane', -1, 0],
    ['seq', 0, 1],
    ['seq', 4_294_967_296, 4_294_967_295],
    ['subaccount', 256, 255],
    ['expiry', 4_294_967_296, 4_294_967_295],
    ['expiry', 1e300],
    ['expiry', Number.NaN],
    ['signature', '0x'],
    ['signature', '11'.repeat(65)],
    ['clientOrderId', '', 1],
    ['clientOrderId', 'x'.repeat(37), 36],
    ['clientOrderId', 'a b'],
    ['clientOrderId', 'ü'],
    ['selfTradePrevention', 'none'],
    ['unknown', 1],
    ['constructor', 1],
  ])('%s = %j is refused, naming the field', (field, value, limit?: number) => {
    const result = validate(orderRequest, { ...order, [field]: value })
    const body = result.ok ? null : result.error.body()
    expect(body).toMatchObject({ code: 'BAD_REQUEST', field })
    if (limit !== undefined) expect(body?.limit).toBe(limit)
  })

  test.each([[null], [undefined], [[]], ['order'], [1], [true]])('%j is refused', (value) => {
    const result = validate(orderRequest, value)
    expect(result.ok ? null : result.error.code).toBe('BAD_REQUEST')
  })

  test('a __proto__ key is an unknown field and pollutes nothing', () => {
    const value = JSON.parse(`{"__proto__":{"admin":true},${JSON.stringify(order).slice(1)}`)
    const result = validate(orderRequest, value)
    expect(result.ok ? null : result.error.body()).toMatchObject({ field: '__proto__' })
    expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false)
  })
})

test('a stream order is the REST body with op and id', () => {
  const place = { op: 'order.place', id: 7, ...order }
  expect(validate(streamRequests['order.place'], place)).toEqual({ ok: true, value: place })
  expect(validate(streamRequests['order.place'], { ...place, id: -1 }).ok).toBe(false)
  expect(validate(streamRequests['order.place'], { ...place, id: 'x'.repeat(65) }).ok).toBe(false)
})

test('every code has a status and a meaning, and errors carry them', () => {
  for (const [code, { http, doc }] of Object.entries(errorTable)) {
    expect(http, code).toBeGreaterThanOrEqual(400)
    expect(doc, code).toMatch(/\.$/)
  }
  expect(httpStatusOf('RATE_LIMITED')).toBe(429)
  expect(httpStatusOf('toString')).toBe(500)
  const error = new PlumbError('INVALID_TICK', { field: 'price', limit: '0.5' })
  expect(error.body('r1')).toEqual({
    code: 'INVALID_TICK',
    message: errorTable.INVALID_TICK.doc,
    field: 'price',
    limit: '0.5',
    requestId: 'r1',
  })
})
