import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Batch, batchFormat } from './batch.ts'
import { decodeBatch } from './decode-batch.ts'
import { encodeBatch } from './encode-batch.ts'

const OWNER = `0x${'ab'.repeat(20)}`
const recovery = {
  orderOwner: () => OWNER,
  withdrawalOwner: () => OWNER,
  vectorSigner: () => OWNER,
}

const uint = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 })
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const order = fc.record({
  owner: fc.constant(OWNER),
  signature: bytes(64),
  market: uint(8),
  subaccount: uint(8),
  side: fc.constantFrom(0 as const, 1 as const),
  flags: uint(7),
  kind: uint(8),
  priceTicks: uint(32),
  sizeLots: uint(40),
  maxFee: uint(8),
  lane: uint(16),
  laneSeq: uint(32),
  expiryS: uint(32),
  takerFee: uint(8),
  makerFee: fc.integer({ min: -128, max: 127 }),
})
const withdrawal = fc.record({
  owner: fc.constant(OWNER),
  signature: bytes(64),
  subaccount: uint(8),
  amountQuote: uint(53),
  lane: uint(16),
  laneSeq: uint(32),
  expiryS: uint(32),
})
const vector = fc.record({
  signer: fc.constant(OWNER),
  signature: bytes(64),
  publisher: uint(8),
  page: uint(8),
  publishTimeMs: uint(48),
  prices: fc.array(uint(32), { maxLength: 32 }),
})
const few = { maxLength: 4 }
const segment = fc.oneof(
  fc.record({
    kind: fc.constant('Prices' as const),
    vectors: fc.array(vector, few),
    marks: fc.array(fc.record({ market: uint(8), markTicks: uint(32) }), few),
  }),
  fc.record({
    kind: fc.constant('Fills' as const),
    orders: fc.array(order, few),
    fills: fc.array(fc.record({ taker: uint(16), maker: uint(16), sizeLots: uint(40) }), few),
  }),
  fc.record({
    kind: fc.constant('Withdrawals' as const),
    withdrawals: fc.array(withdrawal, few),
  }),
  fc.record({
    kind: fc.constant('Funding' as const),
    updates: fc.array(fc.record({ market: uint(8), fundingIndex: fc.maxSafeInteger() }), few),
  }),
)
const batch = fc.record({
  batchNo: uint(32),
  toSeq: uint(48),
  hashSeq: uint(48),
  journalHash: bytes(32),
  stateHash: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  segments: fc.array(segment, few),
})

describe('encodeBatch', () => {
  test('decodes to what was encoded, and to nothing when a byte is missing or too many', () => {
    fc.assert(
      fc.property(batch, (drawn) => {
        const encoded = encodeBatch(drawn)
        expect(decodeBatch(encoded, recovery)).toEqual(drawn)
        expect(() => decodeBatch(encoded.subarray(0, -1), recovery)).toThrow(RangeError)
        expect(() => decodeBatch(Uint8Array.of(...encoded, 0), recovery)).toThrow(RangeError)
      }),
      { numRuns: 200 },
    )
  })

  test('has the sizes of the format', () => {
    expect(encodeBatch(empty).length).toBe(batchFormat.headerBytes)
    const orders = fc.sample(order, { numRuns: 3, seed: 1 })
    const fills = [{ taker: 0, maker: 1, sizeLots: 5 }]
    const encoded = encodeBatch({ ...empty, segments: [{ kind: 'Fills', orders, fills }] })
    expect(encoded.length).toBe(60 + 5 + 2 + 3 * 90 + 2 + 9)
  })

  test.each([
    ['batchNo', { batchNo: 2 ** 32 }],
    ['toSeq', { toSeq: 2 ** 48 }],
    ['journalHash', { journalHash: new Uint8Array(31) }],
    ['stateHash', { stateHash: 2n ** 64n }],
  ])('refuses a %s that does not fit', (_, wrong) => {
    expect(() => encodeBatch({ ...empty, ...wrong })).toThrow(RangeError)
  })
})

const empty: Batch = {
  batchNo: 1,
  toSeq: 0,
  hashSeq: 0,
  journalHash: new Uint8Array(32),
  stateHash: 0n,
  segments: [],
}
