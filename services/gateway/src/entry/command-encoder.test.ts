import { decodeCommand, encodeCommand } from '@plumb/model'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CheckedOrder, CommandEncoder } from './command-encoder.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const u32 = fc.nat(0xffff_ffff)
const orders: fc.Arbitrary<CheckedOrder> = fc.record({
  accountId: fc.nat(0x7fff_ffff),
  market: fc.nat(63),
  side: fc.constantFrom<0 | 1>(0, 1),
  flags: fc.nat(255),
  orderKind: fc.constantFrom<0 | 1 | 2 | 3>(0, 1, 2, 3),
  triggerTicks: u32,
  priceTicks: u32,
  sizeLots: fc.nat(2 ** 40 - 1),
  maxFee: fc.nat(255),
  lane: fc.nat(1_023),
  laneSeq: u32,
  expiryS: u32,
  selfTrade: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
  clientOrderId: fc
    .array(fc.integer({ min: 0x21, max: 0x7e }), { maxLength: 36 })
    .map((codes) => String.fromCharCode(...codes)),
  signer: bytes(20),
  signature: bytes(64),
})

const orderIds = fc.constantFrom(0, 1, 2 ** 52 + 1)

test('the direct writer gives the very bytes of the codec, whatever the slot held before', () => {
  const encoder = new CommandEncoder()
  fc.assert(
    fc.property(orders, orderIds, fc.nat(1), (order, orderId, options) => {
      const direct = encoder.order(order, orderId, options)
      const rest = { ...order, options }
      const expected =
        orderId === 0
          ? encodeCommand({ kind: 'PlaceOrder', orderId: 0, ...rest })
          : encodeCommand({ kind: 'AmendOrder', orderId, ...rest })
      expect(Buffer.from(direct)).toEqual(Buffer.from(expected))
      expect(decodeCommand(direct).command).toMatchObject({ ...rest, orderId })
    }),
    { numRuns: 300 },
  )
})

test('a cancel by either id likewise', () => {
  const encoder = new CommandEncoder()
  fc.assert(
    fc.property(orders, orderIds, (order, orderId) => {
      const { accountId, clientOrderId } = order
      encoder.order(order, orderId, 1) // what the slot held before
      const direct = Buffer.from(encoder.cancel(accountId, orderId, clientOrderId))
      const expected = encodeCommand({ kind: 'CancelOrder', accountId, orderId, clientOrderId })
      expect(direct).toEqual(Buffer.from(expected))
    }),
    { numRuns: 200 },
  )
})
