import { closeReason, type Market, orderFlag, orderStyle, triggerKind } from '@plumb/model'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { orderText } from './order-text.ts'
import { type OrderRecord, publicOrder } from './public-order.ts'

const market: Market = {
  market: 0,
  symbol: 'BTC-PERP',
  tickE8: 50_000_000,
  lotE8: 10_000,
  quotePerTickLot: 50,
  imBps: 500,
  mmBps: 300,
  takerFee: 45,
  makerFee: -5,
  minOrderLots: 1,
  maxOrderLots: 1_000_000,
  maxPositionLots: 5_000_000,
  minNotionalQuote: 10_000_000,
  maxOpenInterestLots: 0,
  priceBandPpm: 50_000,
  markBandPpm: 10_000,
  fixedIndexTicks: 0,
}
const hex = (digits: number) =>
  fc
    .array(fc.constantFrom(...Array.from({ length: 16 }, (_, digit) => digit.toString(16))), {
      minLength: digits,
      maxLength: digits,
    })
    .map((d) => `0x${d.join('')}`)
const lots = fc.oneof(fc.constant(0), fc.nat(2 ** 40 - 1))
const orNull = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null })
const advanced = {
  style: orderStyle.iceberg,
  triggerKind: triggerKind.none,
  triggerSource: 0 as const,
  triggerTicks: 0,
  limitTicks: 9,
  offsetTicks: 0,
  count: 0,
  seconds: 0,
  slippagePpm: 0,
  displayLots: 7,
  oco: null,
  parent: { lane: 1, seq: 2 },
}
const records = fc.record({
  orderId: fc.maxSafeNat(),
  clientOrderId: fc.oneof(
    fc.constant(''),
    fc
      .array(fc.integer({ min: 0x21, max: 0x7e }), { maxLength: 36 })
      .map((codes) => String.fromCharCode(...codes)),
  ),
  digest: orNull(hex(64)),
  account: hex(40),
  subaccount: fc.nat(255),
  createdAtMs: fc.nat(2 ** 41),
  updatedAtMs: fc.nat(2 ** 41),
  lastTradeAtMs: orNull(fc.nat(2 ** 41)),
  side: fc.constantFrom<0 | 1>(0, 1),
  flags: fc.nat(orderFlag.reduceOnly * 2 - 1).filter((flags) => (flags & 3) !== 3),
  priceTicks: fc.nat(0xffff_ffff),
  filledLots: lots,
  remainingLots: lots,
  filledQuote: fc.oneof(fc.constant(0), fc.nat(2 ** 52)),
  feeQuote: fc.oneof(fc.constant(0), fc.integer({ min: -(2 ** 50), max: 2 ** 50 })),
  maxFee: fc.nat(255),
  lane: fc.nat(1_023),
  laneSeq: fc.nat(0xffff_ffff),
  expiryS: fc.nat(0xffff_ffff),
  closeReason: orNull(fc.constantFrom(...Object.values(closeReason))),
  rejectCode: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.constant(1)),
  isMarketOrder: fc.boolean(),
  waiting: fc.boolean(),
  stopLossTicks: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, fc.nat(1_000)),
  takeProfitTicks: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, fc.nat(1_000)),
  signer: fc.option(fc.option(hex(40), { nil: null }), { nil: undefined }),
  advanced: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, fc.constant(advanced)),
})

test('is the text of the object, to the byte', () => {
  fc.assert(
    fc.property(records, ({ signer, ...rest }) => {
      const record: OrderRecord = signer === undefined ? rest : { ...rest, signer }
      expect(orderText(record, market)).toBe(JSON.stringify(publicOrder(record, market)))
    }),
    { numRuns: 1_500 },
  )
})
