import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  compareProducts,
  mulDivCeil,
  mulDivCeilSigned,
  mulDivFloor,
  mulDivFloorSigned,
} from './mul-div.ts'
import {
  feeQuote,
  fundingPaymentQuote,
  initialMarginQuote,
  notionalQuote,
  settleable,
} from './risk.ts'

const amount = fc.oneof(fc.maxSafeNat(), fc.nat(1_000_000), fc.nat(2 ** 31 - 1))
const divisor = amount.map((c) => Math.max(c, 1))
const signed = fc.maxSafeInteger()

const floorDiv = (a: bigint, b: bigint) => a / b - (a % b < 0n ? 1n : 0n)
const ceilDiv = (a: bigint, b: bigint) => -floorDiv(-a, b)
const fits = (x: bigint) =>
  x <= BigInt(Number.MAX_SAFE_INTEGER) && x >= -BigInt(Number.MAX_SAFE_INTEGER)

const point = (equityQuote: number, requirementQuote: number) => ({
  equityQuote,
  initialMarginQuote: requirementQuote,
})

describe('mulDiv equals the exact rational', () => {
  test('floor and ceil', () => {
    fc.assert(
      fc.property(amount, amount, divisor, (a, b, c) => {
        const exact = BigInt(a) * BigInt(b)
        if (!fits(ceilDiv(exact, BigInt(c)))) {
          expect(() => mulDivCeil(a, b, c)).toThrow(`mulDiv: ${a}*${b}/${c} exceeds 2^53`)
          return
        }
        expect(BigInt(mulDivFloor(a, b, c))).toBe(floorDiv(exact, BigInt(c)))
        expect(BigInt(mulDivCeil(a, b, c))).toBe(ceilDiv(exact, BigInt(c)))
      }),
      { numRuns: 5_000 },
    )
  })

  test('a rate over a round divisor, beyond 2^53', () => {
    const rate = fc.integer({ min: 0, max: 10_000 })
    const round = fc.constantFrom(10, 10_000, 1_000_000)
    fc.assert(
      fc.property(fc.maxSafeNat(), rate, round, (a, b, c) => {
        const exact = BigInt(a) * BigInt(b)
        fc.pre(fits(ceilDiv(exact, BigInt(c))))
        expect(BigInt(mulDivFloor(a, b, c))).toBe(floorDiv(exact, BigInt(c)))
        expect(BigInt(mulDivCeil(a, b, c))).toBe(ceilDiv(exact, BigInt(c)))
      }),
      { numRuns: 5_000 },
    )
  })

  test('the largest there is', () => {
    const most = Number.MAX_SAFE_INTEGER
    for (const c of [10, 1e9]) {
      expect(mulDivFloor(most, c, c)).toBe(most)
      expect(() => mulDivFloor(most, c + 1, c)).toThrow(RangeError)
    }
  })

  test('signed', () => {
    fc.assert(
      fc.property(signed, amount, divisor, (a, b, c) => {
        const exact = BigInt(a) * BigInt(b)
        fc.pre(fits(ceilDiv(exact, BigInt(c))) && fits(floorDiv(exact, BigInt(c))))
        expect(BigInt(mulDivFloorSigned(a, b, c))).toBe(floorDiv(exact, BigInt(c)))
        expect(BigInt(mulDivCeilSigned(a, b, c))).toBe(ceilDiv(exact, BigInt(c)))
      }),
      { numRuns: 2_000 },
    )
  })

  test('compareProducts decides where doubles cannot', () => {
    fc.assert(
      fc.property(signed, signed, fc.integer({ min: -2, max: 2 }), (a, b, d) => {
        fc.pre(Math.abs(a + d) <= Number.MAX_SAFE_INTEGER)
        const gap = BigInt(a) * BigInt(b) - BigInt(a + d) * BigInt(b)
        expect(compareProducts(a, b, a + d, b)).toBe(gap < 0n ? -1 : gap > 0n ? 1 : 0)
      }),
      { numRuns: 5_000 },
    )
    // k² − 1 against k², and further: one double for both, or neighbours.
    const root = fc.integer({ min: 2 ** 26, max: Number.MAX_SAFE_INTEGER - 1_000 })
    const apart = fc.integer({ min: 0, max: 1_000 })
    fc.assert(
      fc.property(root, apart, apart, (k, i, j) => {
        expect(compareProducts(k - i, k + i, k - j, k + j)).toBe(Math.sign(j - i))
        expect(compareProducts(i - k, k + i, j - k, k + j)).toBe(Math.sign(i - j))
      }),
      { numRuns: 5_000 },
    )
  })
})

test('a notional is price × size × what a tick of a lot is worth', () => {
  expect(notionalQuote(600_000, 3, 7)).toBe(12_600_000)
})

describe('rounding is against the account', () => {
  test('fees: a debit rounds up, a rebate down', () => {
    expect(feeQuote(1, 45)).toBe(1)
    expect(feeQuote(1_000_000, 45)).toBe(450)
    expect(feeQuote(1_000_001, 45)).toBe(451)
    expect(feeQuote(1_999, -10)).toBe(0)
    expect(feeQuote(10_001, -10)).toBe(-1)
  })

  test('fees and funding of any size are exact', () => {
    const fee = fc.integer({ min: -128, max: 255 })
    const most = 2 ** 52
    const one = fc.integer({ min: 0, max: 1 })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: most }), fee, one, (any, fee10ppm, above) => {
        // That, and one whose fee is as near a whole number of units.
        const ppm = BigInt(Math.max(1, Math.abs(fee10ppm)) * 10)
        const whole = (BigInt(any) * ppm) / 1_000_000n
        const near = Number((whole * 1_000_000n) / ppm) + above
        for (const notional of [any, near]) {
          const exact = ceilDiv(BigInt(notional) * BigInt(fee10ppm) * 10n, 1_000_000n)
          expect(BigInt(feeQuote(notional, fee10ppm))).toBe(exact)
        }
      }),
      { numRuns: 2_000 },
    )
    const index = fc.integer({ min: -(2 ** 52), max: 2 ** 52 })
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 44), max: 2 ** 44 }), index, (size, delta) => {
        const exact = ceilDiv(BigInt(size) * BigInt(delta), 1_000_000n)
        fc.pre(fits(exact))
        expect(BigInt(fundingPaymentQuote(size, delta))).toBe(exact)
      }),
      { numRuns: 2_000 },
    )
  })

  test('funding: what is paid rounds up, what is received down, and payer covers receiver', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.integer({ min: -1e6, max: 1e6 }),
        (size, delta) => {
          const pays = fundingPaymentQuote(size, delta)
          expect(BigInt(pays)).toBe(ceilDiv(BigInt(size) * BigInt(delta), 1_000_000n))
          expect(Object.is(pays, -0)).toBe(false)
          expect(pays + fundingPaymentQuote(-size, delta)).toBeGreaterThanOrEqual(0)
        },
      ),
    )
  })

  test('nothing is ever minus zero, whose bytes differ', () => {
    expect(fundingPaymentQuote(0, -7)).toBe(0)
    expect(fundingPaymentQuote(5, 0)).toBe(0)
    expect(fundingPaymentQuote(-5, 0)).toBe(0)
    expect(mulDivFloorSigned(-1, 0, 3)).toBe(0)
  })

  test('initial margin rounds up', () => {
    expect(initialMarginQuote(10_001, 500)).toBe(501)
    expect(initialMarginQuote(10_000, 500)).toBe(500)
  })
})

describe('settleable', () => {
  test.each([
    ['equity covers initial margin', point(0, 0), point(100, 100), false, true],
    ['one unit short and not reduced', point(200, 100), point(99, 100), false, false],
    ['a better ratio, but not reduced', point(50, 100), point(99, 100), false, false],
    ['short, but reduced and ratio equal', point(100, 200), point(50, 100), true, true],
    ['short, reduced, ratio one unit worse', point(100, 200), point(49, 100), true, false],
    ['closing flat with nothing left', point(-5, 100), point(0, 0), true, true],
    ['closing flat below zero', point(-5, 100), point(-1, 0), true, false],
    ['ratio compared beyond 2^53', point(3e15, 6e15 + 1), point(1e15, 2e15 + 1), true, false],
  ])('%s', (_, before, after, reduced, expected) => {
    expect(settleable(before, after, reduced)).toBe(expected)
  })
})
