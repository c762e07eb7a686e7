import { orderKind } from '@plumb/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Batch, batchFormat, isConditional, type Segment } from './batch.ts'
import { decodeBatch } from './decode-batch.ts'
import { encodeBatch } from './encode-batch.ts'

const OWNER = `0x${'ab'.repeat(20)}`
const recovery = {
  orderOwner: () => OWNER,
  withdrawalOwner: () => OWNER,
  vectorSigner: () => OWNER,
  transferOwner: () => OWNER,
  insuranceOwner: () => OWNER,
}

/** One object out of two. */
const merge = <A, B>(a: A, b: B): A & B => ({ ...a, ...b })

const uint = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 })
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const plainOrder = fc.record({
  owner: fc.constant(OWNER),
  signature: bytes(64),
  market: uint(8),
  subaccount: uint(8),
  side: fc.constantFrom(0 as const, 1 as const),
  flags: uint(7),
  kind: fc.oneof(uint(2), uint(8)),
  priceTicks: uint(32),
  sizeLots: uint(40),
  maxFee: uint(8),
  lane: uint(16),
  laneSeq: uint(32),
  expiryS: uint(32),
  takerFee: uint(8),
  makerFee: fc.integer({ min: -128, max: 127 }),
})
const order = fc
  .tuple(plainOrder, uint(32))
  .map(([plain, trigger]) =>
    merge(plain, { triggerTicks: isConditional(plain.kind) ? trigger : 0 }),
  )
const fill = fc.record({
  taker: uint(16),
  maker: uint(3),
  sizeLots: uint(40),
  priceTicks: uint(32),
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
const transfer = withdrawal.chain((signed) => uint(8).map((to) => merge(signed, { to })))
const position = fc.record({ owner: fc.constant(OWNER), subaccount: uint(8), market: uint(8) })
const liquidationFill = fc
  .record({ maker: order, sizeLots: uint(40), priceTicks: uint(32) })
  .map((drawn) => {
    const isRepriced = drawn.maker.kind === orderKind.repricing
    return isRepriced ? drawn : merge(drawn, { priceTicks: drawn.maker.priceTicks })
  })
const counterparty = fc.record({
  owner: fc.constant(OWNER),
  subaccount: uint(8),
  sizeLots: uint(53),
  deficitQuote: uint(53),
})

const few = { maxLength: 4 }
const riskSegment = fc.oneof(
  fc.record({ kind: fc.constant('Activations' as const), orders: fc.array(order, few) }),
  fc.record({
    kind: fc.constantFrom('Transfers' as const, 'Insurance' as const),
    transfers: fc.array(transfer, few),
  }),
  fc.record({
    kind: fc.constant('Liquidations' as const),
    liquidations: fc.array(
      fc
        .tuple(position, fc.array(liquidationFill, few))
        .map(([name, fills]) => merge(name, { fills })),
      few,
    ),
  }),
  fc.record({ kind: fc.constant('Takeovers' as const), takeovers: fc.array(position, few) }),
  fc.record({
    kind: fc.constant('Deleveragings' as const),
    deleveragings: fc.array(
      fc
        .tuple(position, fc.array(counterparty, few))
        .map(([name, counterparties]) => merge(name, { counterparties })),
      few,
    ),
  }),
)
const segment = fc.oneof(
  fc.record({
    kind: fc.constant('Prices' as const),
    vectors: fc.array(vector, few),
    marks: fc.array(fc.record({ market: uint(8), markTicks: uint(32) }), few),
  }),
  // The price stands on the wire where the maker reprices; else it is read off the maker.
  fc.tuple(fc.array(order, few), fc.array(fill, few)).map(([orders, fills]) => ({
    kind: 'Fills' as const,
    orders,
    fills: fills.map((drawn) => {
      const maker = orders[drawn.maker]
      const isRepriced = maker?.kind === orderKind.repricing
      return isRepriced ? drawn : merge(drawn, { priceTicks: maker?.priceTicks ?? 0 })
    }),
  })),
  fc.record({
    kind: fc.constant('Withdrawals' as const),
    withdrawals: fc.array(withdrawal, few),
  }),
  fc.record({
    kind: fc.constant('Funding' as const),
    updates: fc.array(fc.record({ market: uint(8), fundingIndex: fc.maxSafeInteger() }), few),
  }),
  riskSegment,
)
const allOrNothing = fc.record({
  batchNo: uint(32),
  toSeq: uint(48),
  hashSeq: uint(48),
  journalHash: bytes(32),
  stateHash: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  segments: fc.array(segment, few),
})

const batch = fc
  .tuple(allOrNothing, fc.boolean())
  .map(([drawn, isBestEffort]) => merge(drawn, isBestEffort ? { isBestEffort } : {}))

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
    const drawn = fc.sample(plainOrder, { numRuns: 3, seed: 1 })
    const sizeOf = (kinds: number[], triggerTicks: number) => {
      const orders = drawn.map((o, i) => merge(o, { kind: kinds[i] ?? 0, triggerTicks }))
      const fills = [{ taker: 0, maker: 1, sizeLots: 5, priceTicks: orders[1]?.priceTicks ?? 0 }]
      return encodeBatch({ ...empty, segments: [{ kind: 'Fills', orders, fills }] }).length
    }
    expect(sizeOf([0, 0, 0], 0)).toBe(60 + 5 + 2 + 3 * 90 + 2 + 9)
    expect(sizeOf([0, 3, 0], 0)).toBe(60 + 5 + 2 + 3 * 90 + 2 + 13)
    expect(sizeOf([1, 2, 2], 7)).toBe(60 + 5 + 2 + 3 * 94 + 2 + 9)
    expect(() => sizeOf([0, 1, 2], 7)).toThrow('has no trigger')
  })

  test.each([
    ['batchNo', { batchNo: 2 ** 32 }],
    ['toSeq', { toSeq: 2 ** 48 }],
    ['journalHash', { journalHash: new Uint8Array(31) }],
    ['stateHash', { stateHash: 2n ** 64n }],
  ])('refuses a %s that does not fit', (_, wrong) => {
    expect(() => encodeBatch({ ...empty, ...wrong })).toThrow(RangeError)
  })

  test.each([
    ['Withdrawals', 65],
    ['Transfers', 66],
    ['Insurance', 66],
  ] as const)('%s: an amount that a number cannot hold decodes to nothing', (kind, place) => {
    const record = { owner: OWNER, signature: new Uint8Array(64), subaccount: 0, to: 1 }
    const signed = { ...record, amountQuote: 2 ** 53 - 1, lane: 0, laneSeq: 1, expiryS: 1 }
    const filled: Segment =
      kind === 'Withdrawals' ? { kind, withdrawals: [signed] } : { kind, transfers: [signed] }
    const encoded = encodeBatch({ ...empty, segments: [filled] })
    expect(() => decodeBatch(encoded, recovery)).not.toThrow()
    const start = encodeBatch(empty).length + 5 + 2 // segment's head, count of records
    encoded[start + place] = 0x20 // 2^61 more
    expect(() => decodeBatch(encoded, recovery)).toThrow('amount beyond 2^53 - 1')
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
