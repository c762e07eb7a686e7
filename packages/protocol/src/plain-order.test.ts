import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isPlainOrder } from './plain-order.ts'
import { orderRequest } from './request-schemas.ts'

const plain = {
  account: `0x${'aB'.repeat(20)}`,
  subaccount: 0,
  market: 'BTC-PERP',
  side: 'buy',
  type: 'limit',
  price: '60000.5',
  amount: '0.1',
  timeInForce: 'GTC',
  postOnly: false,
  reduceOnly: true,
  maxFee: 45,
  lane: 7,
  seq: 1,
  expiry: 1_790_000_000,
  signature: `0x${'0f'.repeat(65)}`,
}

const oddValues: unknown[] = [
  undefined,
  null,
  true,
  '',
  '0',
  '1.50',
  '01',
  '1e3',
  '-1',
  ' 1',
  '0.000',
  -1,
  0,
  1,
  1.5,
  255,
  256,
  65_535,
  65_536,
  4_294_967_295,
  4_294_967_296,
  Number.NaN,
  'buy',
  'SELL',
  'market',
  'GTC',
  'PO',
  'FOK',
  'cancel_both',
  'cancel',
  `0x${'0f'.repeat(64)}`,
  `0x${'0g'.repeat(65)}`,
  'x y',
  'x'.repeat(36),
  'x'.repeat(37),
  'é',
  '9'.repeat(20),
  '9'.repeat(21),
  `1.${'0'.repeat(17)}1`,
  `1.${'0'.repeat(18)}1`,
  [],
  {},
  '0x',
  `0x${'ab'.repeat(20)}`,
  'BTC-PERP',
]
const odd = fc.constantFrom(...oddValues)
const names = [
  ...Object.keys(plain),
  'clientOrderId',
  'selfTradePrevention',
  'style',
  'ocoLane',
  'x',
]
const field = fc.constantFrom(...names)

test('what it takes, the schema takes unchanged; what it does not know, it leaves to the schema', () => {
  expect(isPlainOrder(plain)).toBe(true)
  expect(
    isPlainOrder({ ...plain, clientOrderId: 'a-1', selfTradePrevention: 'cancel_maker' }),
  ).toBe(true)
  expect(isPlainOrder({ ...plain, style: 'iceberg' })).toBe(false)
  expect(isPlainOrder(null)).toBe(false)
  let taken = 0
  fc.assert(
    fc.property(fc.array(fc.tuple(field, odd), { maxLength: 3 }), (changes) => {
      const order: Record<string, unknown> = { ...plain, ...Object.fromEntries(changes) }
      for (const [key, value] of Object.entries(order)) if (value === undefined) delete order[key]
      if (!isPlainOrder(order)) return
      taken += 1
      expect(orderRequest.parse(order)).toEqual(order)
    }),
    { numRuns: 20_000 },
  )
  expect(taken).toBeGreaterThan(100)
})

test('every plain order that the schema takes, it takes', () => {
  const text = fc.constantFrom('0.1', '60000.5', '1', '12345.678')
  const order = fc.record({
    subaccount: fc.nat(255),
    side: fc.constantFrom('buy', 'sell'),
    price: text,
    amount: text,
    timeInForce: fc.constantFrom('GTC', 'IOC', 'FOK'),
    postOnly: fc.boolean(),
    reduceOnly: fc.boolean(),
    maxFee: fc.nat(255),
    lane: fc.nat(65_535),
    seq: fc.integer({ min: 1, max: 4_294_967_295 }),
    expiry: fc.integer({ min: 1, max: 4_294_967_295 }),
  })
  fc.assert(
    fc.property(order, (changes) => {
      const whole = { ...plain, ...changes }
      expect(isPlainOrder(whole)).toBe(orderRequest.safeParse(whole).success)
    }),
  )
})
