import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { limits } from './limits.ts'
import { liquidationPriceTicks } from './liquidation-price.ts'
import {
  areMarginTiers,
  maintenanceTierOf,
  marginTiersOf,
  TIER_BOUND_USDC_MAX,
  tieredInitialMarginQuote,
  tieredMaintenanceMarginQuote,
} from './margin-tiers.ts'
import { initialMarginQuote, maintenanceMarginQuote } from './risk.ts'
import {
  leverageMarginQuote,
  openInterestMarginQuote,
  volatilityMarginQuote,
} from './scaled-margin.ts'

const ceilDiv = (a: bigint, b: bigint) => (a + b - 1n) / b
const notional = fc.oneof(
  fc.integer({ min: 0, max: limits.notionalQuoteMax }),
  fc.integer({ min: 0, max: 1e9 }),
)

/** Valid tiers of every shape. */
const spec = fc
  .record({
    imBps: fc.integer({ min: 1, max: 5_000 }),
    mmShare: fc.integer({ min: 1, max: 50 }),
    bounds: fc.uniqueArray(fc.integer({ min: 1, max: TIER_BOUND_USDC_MAX }), { maxLength: 3 }),
    rises: fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 3, maxLength: 3 }),
  })
  .map(({ imBps, mmShare, bounds, rises }) => {
    const sorted = bounds.toSorted((a, b) => a - b)
    let imf = imBps * 100
    const imfPpm = sorted.map((_, i) => {
      imf = Math.min(1_000_000, imf + 2 * (rises[i] ?? 0))
      return imf
    })
    return {
      imBps,
      mmBps: Math.max(1, Math.floor((imBps * mmShare) / 100)),
      boundUsdc: sorted,
      imfPpm,
    }
  })

/** Tiers by the words of risk.md 1.5, in exact fractions of 1e6. */
function exactMargin(n: bigint, rates: readonly bigint[], bounds: readonly bigint[]): bigint {
  let tier = 0
  let deduction = 0n
  for (const [i, bound] of bounds.entries()) {
    if (n < bound * 1_000_000n) break
    deduction += bound * ((rates[i + 1] ?? 0n) - (rates[i] ?? 0n))
    tier = i + 1
  }
  return ceilDiv(n * (rates[tier] ?? 0n), 1_000_000n) - deduction
}

describe('margin tiers', () => {
  test('are the exact piecewise sums', () => {
    fc.assert(
      fc.property(spec, notional, (s, n) => {
        fc.pre(s.mmBps * 100 <= (s.imfPpm[0] ?? 1_000_000) / 2)
        expect(areMarginTiers(s)).toBe(true)
        const tiers = marginTiersOf(s)
        const bounds = s.boundUsdc.map(BigInt)
        const initial = [s.imBps * 100, ...s.imfPpm].map(BigInt)
        const maintenance = [s.mmBps * 100, ...s.imfPpm.map((x) => x / 2)].map(BigInt)
        expect(BigInt(tieredInitialMarginQuote(n, tiers))).toBe(
          exactMargin(BigInt(n), initial, bounds),
        )
        expect(BigInt(tieredMaintenanceMarginQuote(n, tiers))).toBe(
          exactMargin(BigInt(n), maintenance, bounds),
        )
      }),
      { numRuns: 3_000 },
    )
  })

  test('without extra tiers are the listing margins', () => {
    const tiers = marginTiersOf({ imBps: 501, mmBps: 251, boundUsdc: [], imfPpm: [] })
    fc.assert(
      fc.property(notional, (n) => {
        expect(tieredInitialMarginQuote(n, tiers)).toBe(initialMarginQuote(n, 501))
        expect(tieredMaintenanceMarginQuote(n, tiers)).toBe(maintenanceMarginQuote(n, 251))
      }),
    )
  })

  test('do not jump at a bound', () => {
    const tiers = marginTiersOf({
      imBps: 500,
      mmBps: 250,
      boundUsdc: [100, 1_000, 0],
      imfPpm: [100_000, 200_000, 0],
    })
    const margins = [99_999_999, 100_000_000, 100_000_001, 1_000_000_000, 1_000_000_001].map(
      (n) => [tieredInitialMarginQuote(n, tiers), tieredMaintenanceMarginQuote(n, tiers)],
    )
    expect(margins).toEqual([
      [5_000_000, 2_500_000],
      [5_000_000, 2_500_000],
      [5_000_001, 2_500_001],
      [95_000_000, 47_500_000],
      [95_000_001, 47_500_001],
    ])
    expect(maintenanceTierOf(1_000_000_000, tiers)).toEqual({
      lowerQuote: 1_000_000_000,
      ratePpm: 100_000,
      deductionQuote: 52_500_000,
    })
  })

  test.each<[string, number[], number[], boolean]>([
    ['none', [0, 0, 0], [0, 0, 0], true],
    ['one', [1, 0, 0], [100_000, 0, 0], true],
    ['the largest bound', [TIER_BOUND_USDC_MAX, 0, 0], [1_000_000, 0, 0], true],
    ['a bound too large', [TIER_BOUND_USDC_MAX + 1, 0, 0], [100_000, 0, 0], false],
    ['a bound that is no integer', [1.5, 0, 0], [100_000, 0, 0], false],
    ['bounds not ascending', [5, 5, 0], [100_000, 100_000, 0], false],
    ['a gap', [0, 5, 0], [0, 100_000, 0], false],
    ['a rate without a bound', [5, 0, 0], [100_000, 2, 0], false],
    ['an odd rate', [5, 0, 0], [100_001, 0, 0], false],
    ['a falling rate', [5, 6, 0], [100_000, 99_998, 0], false],
    ['a rate below the listing', [5, 0, 0], [49_998, 0, 0], false],
    ['maintenance below the listing', [5, 0, 0], [59_998, 0, 0], false],
    ['more than everything', [5, 0, 0], [1_000_002, 0, 0], false],
  ])('%s', (_, boundUsdc, imfPpm, valid) => {
    expect(areMarginTiers({ imBps: 500, mmBps: 300, boundUsdc, imfPpm })).toBe(valid)
  })

  test('a rate below the listing, though its half is not', () => {
    const listing = { imBps: 500, mmBps: 200, boundUsdc: [5, 0, 0] }
    expect(areMarginTiers({ ...listing, imfPpm: [50_000, 0, 0] })).toBe(true)
    expect(areMarginTiers({ ...listing, imfPpm: [49_998, 0, 0] })).toBe(false)
  })
})

describe('scaled margin is the exact ceiling', () => {
  const low = fc.integer({ min: 0, max: 2 ** 51 })

  test('open interest', () => {
    fc.assert(
      fc.property(
        notional,
        low,
        fc.integer({ min: 1, max: 2 ** 51 }),
        fc.double({ min: 0, max: 1.5, noNaN: true }),
        fc.integer({ min: 100, max: 1_000_000 }),
        (n, lo, width, share, base) => {
          const o = lo + Math.floor(share * width)
          const exact = ceilDiv(
            BigInt(n) *
              (BigInt(base) * BigInt(width) + (1_000_000n - BigInt(base)) * BigInt(o - lo)),
            1_000_000n * BigInt(width),
          )
          const expected = o <= lo ? 0n : o >= lo + width ? BigInt(n) : exact
          expect(BigInt(openInterestMarginQuote(n, o, lo, lo + width, base))).toBe(expected)
        },
      ),
      { numRuns: 5_000 },
    )
    expect(openInterestMarginQuote(1_000, 5, 0, 0, 50_000)).toBe(0)
    // 55 % of it, and a unit more than 55 % of what is one more.
    expect(openInterestMarginQuote(1_000_000, 5, 0, 10, 100_000)).toBe(550_000)
    expect(openInterestMarginQuote(1_000_001, 5, 0, 10, 100_000)).toBe(550_001)
  })

  test('volatility, up to the whole notional', () => {
    const depth = fc.integer({ min: 0, max: 2 ** 50 })
    fc.assert(
      fc.property(notional, fc.integer({ min: 0, max: 1_000_000 }), depth, (n, vol, dp) => {
        const weight = BigInt(dp) + BigInt(Math.min(n, 2 * dp))
        const exact =
          dp === 0
            ? ceilDiv(BigInt(n) * BigInt(vol) * 3n, 1_000_000n)
            : ceilDiv(BigInt(n) * BigInt(vol) * weight, 1_000_000n * BigInt(dp))
        const expected = exact > BigInt(n) ? BigInt(n) : exact
        expect(BigInt(Math.min(n, volatilityMarginQuote(n, vol, dp)))).toBe(expected)
      }),
      { numRuns: 5_000 },
    )
  })

  test('volatility of a whole number of units', () => {
    expect(volatilityMarginQuote(1_000_000, 10_000, 1_000_000)).toBe(20_000)
    expect(volatilityMarginQuote(1_000_000, 10_000, 0)).toBe(30_000)
  })

  test('leverage', () => {
    expect(leverageMarginQuote(1_001, 0)).toBe(0)
    expect(leverageMarginQuote(1_001, 1)).toBe(1_001)
    expect(leverageMarginQuote(1_001, 10)).toBe(101)
  })
})

describe('liquidation price', () => {
  test('is the last tick on the wrong side of maintenance', () => {
    fc.assert(
      fc.property(
        spec,
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: -1e15, max: 1e15 }),
        (s, lots, q, others) => {
          fc.pre(lots !== 0 && areMarginTiers(s))
          const tiers = marginTiersOf(s)
          const isBelow = (price: number) => {
            const n = BigInt(price) * BigInt(Math.abs(lots)) * BigInt(q)
            const value = lots > 0 ? n : -n
            const rates = [s.mmBps * 100, ...s.imfPpm.map((x) => x / 2)].map(BigInt)
            return BigInt(others) + value < exactMargin(n, rates, s.boundUsdc.map(BigInt))
          }
          const at = liquidationPriceTicks({
            lots,
            quotePerTickLot: q,
            tiers,
            othersQuote: others,
          })
          const outward = lots > 0 ? 1 : -1
          if (at === null) {
            expect(isBelow(lots > 0 ? 1 : limits.priceTicksMax)).toBe(false)
            return
          }
          expect(isBelow(at)).toBe(true)
          const beyond = at + outward
          if (beyond >= 1 && beyond <= limits.priceTicksMax) expect(isBelow(beyond)).toBe(false)
        },
      ),
      { numRuns: 3_000 },
    )
    expect(
      liquidationPriceTicks({
        lots: 0,
        quotePerTickLot: 1,
        tiers: marginTiersOf({ imBps: 500, mmBps: 250, boundUsdc: [], imfPpm: [] }),
        othersQuote: -1,
      }),
    ).toBeNull()
  })
})
