import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  integerToText,
  quoteToText,
  ratioToText,
  textToE8,
  textToQuote,
  textToUnits,
  unitsToText,
} from './decimal.ts'

describe('textToUnits', () => {
  test.each([
    ['60000', 50_000_000, 120_000],
    ['60000.5', 50_000_000, 120_001],
    ['0.00000001', 1, 1],
    ['0', 1, 0],
    ['42949672.95', 1_000_000, 4_294_967_295],
    ['90071992.54740993', 1, 'too_large'],
    ['4294967295', 100_000_000, 4_294_967_295],
    ['0.3', 20_000_000, 'not_multiple'],
    ['0.000000001', 1, 'not_multiple'],
    ['429496729500000000000', 1, 'malformed'],
    ['99999999999999999999', 1, 'too_large'],
    ['-1', 1, 'malformed'],
    ['1.0', 1, 'malformed'],
    ['01', 1, 'malformed'],
    ['+1', 1, 'malformed'],
    ['1e3', 1, 'malformed'],
    ['.5', 1, 'malformed'],
    ['1.', 1, 'malformed'],
    ['', 1, 'malformed'],
    [' 1', 1, 'malformed'],
    ['1\n', 1, 'malformed'],
    ['١', 1, 'malformed'],
    ['0x10', 1, 'malformed'],
    ['NaN', 1, 'malformed'],
  ])('%j in units of %d e-8 is %s', (text, unit, expected) => {
    expect(textToUnits(text, unit)).toBe(expected)
  })

  test('is the inverse of unitsToText, exactly', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 2 ** 40 - 1 }),
        fc.constantFrom(1, 5, 100, 2_500, 10_000, 1_000_000, 50_000_000, 100_000_000),
        (units, unit) => {
          const text = unitsToText(units, unit)
          expect(textToUnits(text, unit)).toBe(units)
          expect(textToE8(text)).toBe((BigInt(units) * BigInt(unit)).toString())
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test('never rounds: what is not a multiple is refused', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 48 }), fc.integer({ min: 1, max: 10 ** 9 }), (e8, unit) => {
        const text = integerToText(e8, 8)
        expect(textToUnits(text, unit)).toBe(e8 % unit === 0 ? e8 / unit : 'not_multiple')
      }),
      { numRuns: 2_000 },
    )
  })
})

test('text of integers is canonical', () => {
  expect(integerToText(-1_500, 3)).toBe('-1.5')
  expect(integerToText(0, 6)).toBe('0')
  expect(integerToText(-0, 6)).toBe('0')
  expect(integerToText(5, 6)).toBe('0.000005')
  expect(integerToText(123n, 0)).toBe('123')
  expect(quoteToText(-1)).toBe('-0.000001')
  expect(() => integerToText(0.5, 2)).toThrow(RangeError)
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.nat(12), (integer, decimals) => {
      const text = integerToText(integer, decimals)
      expect(text).toMatch(/^(?:0|-?(?:0|[1-9]\d*)(?:\.\d*[1-9])?)$/)
      expect(text).not.toBe('-0')
    }),
  )
})

test('quotes and ratios', () => {
  expect(textToQuote('12.5')).toBe(12_500_000)
  expect(textToQuote('0.0000001')).toBe('not_multiple')
  expect(ratioToText(1n, 3n, 4)).toBe('0.3333')
  expect(ratioToText(-2n, 3n, 4)).toBe('-0.6666')
  expect(ratioToText(4n, 2n, 4)).toBe('2')
  expect(() => textToE8('1.000000001')).toThrow(RangeError)
  expect(() => textToE8('1.50')).toThrow(RangeError)
})
