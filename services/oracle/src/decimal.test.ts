import { limits } from '@plumb/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { medianOfThree, parsePrice, priceOfE8, priceToText, ticksOfPrice } from './decimal.ts'

const e18 = 10n ** 18n
const dollarE8 = 100_000_000

describe('a price of text', { timeout: 60_000 }, () => {
  test.each([
    ['60000', 60_000n * e18],
    ['60000.50', 60_000n * e18 + e18 / 2n],
    ['0.000000000000000001', 1n],
    ['0.0000000000000000010000', 1n],
    ['0007.5', 7n * e18 + e18 / 2n],
    ['1e-07', e18 / 10n ** 7n],
    ['1.5E3', 1_500n * e18],
    ['9007199254740993.1', undefined],
    ['999999999999999.999999999999999999', 10n ** 33n - 1n],
    ['1e15', 10n ** 33n],
    ['1e16', undefined],
    ['0.1234567890123456789', undefined],
    ['1e-19', undefined],
    ['0', undefined],
    ['0.000', undefined],
    ['-1', undefined],
    ['+1', undefined],
    ['.5', undefined],
    ['1.', undefined],
    ['', undefined],
    [' 1', undefined],
    ['1\n', undefined],
    ['1,000', undefined],
    ['0x10', undefined],
    ['NaN', undefined],
    ['Infinity', undefined],
    ['١٢', undefined],
    ['1e999', undefined],
    ['9'.repeat(40), undefined],
  ])('%.40j is %s', (text, expected) => {
    expect(parsePrice(text)).toBe(expected)
  })

  test('comes back as the same text', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 33n }), (price) => {
        expect(parsePrice(priceToText(price))).toBe(price)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('ticks', { timeout: 60_000 }, () => {
  test.each([
    // A float would make this 1.005 * 100 = 100.49999999999999.
    ['1.005', 1_000_000, 101],
    ['60000.049999999999999999', 10_000_000, 600_000],
    ['60000.05', 10_000_000, 600_001],
    ['0.05', 10_000_000, 1],
    ['0.049', 10_000_000, undefined],
    ['429496729.5', 10_000_000, limits.priceTicksMax],
    ['429496729.55', 10_000_000, undefined],
  ])('of %s at a tick of %d e-8 are %s: nearest, half up', (text, tickE8, ticks) => {
    expect(ticksOfPrice(parsePrice(text) ?? 0n, dollarE8, tickE8)).toBe(ticks)
  })

  test('round once, after the currency is normalised', () => {
    // 100.05 USDT at 0.9995 dollars: 99.999975 dollars. Rounding to ticks first would give 100.1 x 0.9995 = 100.0.
    expect(ticksOfPrice(parsePrice('100.05') ?? 0n, 99_950_000, 10_000_000)).toBe(1_000)
    expect(ticksOfPrice(parsePrice('100.04') ?? 0n, 99_950_000, 1_000_000)).toBe(9_999)
  })

  test('are the nearest whole number to the exact quotient', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 10n ** 26n }),
        fc.integer({ min: 1_000_000, max: 200_000_000 }),
        fc.constantFrom(1, 1_000, 2_500, 1_000_000, 10_000_000, 100_000_000),
        (price, rateE8, tickE8) => {
          const ticks = ticksOfPrice(price, rateE8, tickE8)
          const [exact, unit] = [price * BigInt(rateE8), e18 * BigInt(tickE8)]
          if (ticks === undefined) {
            const isTooLarge = 2n * exact >= (2n * BigInt(limits.priceTicksMax) + 1n) * unit
            expect(2n * exact < unit || isTooLarge).toBe(true)
            return
          }
          // -unit/2 < ticks x unit - exact <= unit/2
          const off = 2n * (BigInt(ticks) * unit - exact)
          expect(off > -unit && off <= unit).toBe(true)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test('of a whole number of ticks are that number', () => {
    expect(ticksOfPrice(priceOfE8(6_000_000_000_000), dollarE8, 10_000_000)).toBe(600_000)
  })
})

test('the median of three is the middle one in any order', () => {
  const price = fc.bigInt({ min: 1n, max: 9n })
  fc.assert(
    fc.property(price, price, price, (a, b, c) => {
      const [, middle = 0n] = [a, b, c].toSorted((x, y) => (x < y ? -1 : 1))
      expect(medianOfThree(a, b, c)).toBe(middle)
    }),
  )
})
