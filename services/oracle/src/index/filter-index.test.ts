import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { confidencePpm, filterIndex, type WeightedPrice } from './filter-index.ts'

const prices = (...list: [price: number, weight?: number][]): WeightedPrice[] =>
  list.map(([price, weight = 1], i) => ({ id: `s${i}`, price, weight }))

describe('the filter of risk.md 1.1', () => {
  test.each([
    ['one', prices([100]), 100, 0],
    ['an odd number: the middle', prices([101], [100], [102]), 101, 0],
    ['an even number: the lower middle', prices([100], [101], [102], [103]), 101, 0],
    [
      'weights: first with twice the sum at the whole',
      prices([100, 3], [101, 2], [102, 2]),
      101,
      0,
    ],
    ['weights: half is enough', prices([100, 3], [101, 1], [102, 2]), 100, 0],
    ['5 % away is kept', prices([100], [100], [105]), 100, 0],
    ['more is dropped', prices([1_000], [1_000], [1_051]), 1_000, 1],
    [
      'taken once more: without the outlier the lower one is the median',
      prices([98], [100], [200], [201]),
      98,
      2,
    ],
    ['taken once more, not again', prices([950], [955], [1_000], [1_040], [1_051]), 955, 1],
    ['5 % below is kept', prices([95], [100], [100]), 100, 0],
    ['more below is dropped', prices([94], [100], [100]), 100, 1],
  ])('%s', (_name, list, index, outliers) => {
    const filtered = filterIndex(list)
    expect([filtered.index, filtered.outliers.length]).toEqual([index, outliers])
    expect(filterIndex(list.toReversed())).toEqual(filtered)
  })

  test('of nothing is nothing', () => {
    expect(filterIndex([])).toEqual({ index: undefined, used: [], outliers: [] })
  })

  test('confidence is the used part of all weight, rounded down', () => {
    expect(confidencePpm(prices([1, 2]), 3)).toBe(666_666)
    expect(confidencePpm([], 3)).toBe(0)
  })
})

/** Honest sources within 5 % of each other, liars of less weight than they. */
const crowd = fc
  .record({
    base: fc.integer({ min: 1_000, max: 4_000_000_000 }),
    honest: fc.array(
      fc.record({
        off: fc.double({ min: 0, max: 0.0499, noNaN: true }),
        weight: fc.integer({ min: 1, max: 9 }),
      }),
      { minLength: 1, maxLength: 9 },
    ),
    liars: fc.array(
      fc.record({
        price: fc.oneof(
          fc.integer({ min: 1, max: 4_294_967_295 }),
          fc.integer({ min: -999, max: 999 }),
        ),
        weight: fc.integer({ min: 1, max: 9 }),
      }),
      { maxLength: 6 },
    ),
  })
  .map(({ base, honest, liars }) => {
    const truth = honest.map(({ off, weight }, i): WeightedPrice => {
      return { id: `honest ${i}`, price: Math.floor(base * (1 + off)), weight }
    })
    let room = truth.reduce((sum, { weight }) => sum + weight, 0) - 1
    const lies = liars.flatMap(({ price, weight }, i): WeightedPrice[] => {
      const w = Math.min(weight, room)
      if (w < 1) return []
      room -= w
      // Some lie wildly, some just a little.
      const said = price < 1_000 ? Math.max(1, base + price) : price
      return [{ id: `liar ${i}`, price: said, weight: w }]
    })
    return { truth, lies }
  })

const range = (list: readonly WeightedPrice[]) => {
  const all = list.map(({ price }) => price)
  return [Math.min(...all), Math.max(...all)] as const
}

test('whatever a minority of liars says, the index lies between honest prices', {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(crowd, ({ truth, lies }) => {
      const [low, high] = range(truth)
      const { index = 0 } = filterIndex([...truth, ...lies])
      expect(index).toBeGreaterThanOrEqual(low)
      expect(index).toBeLessThanOrEqual(high)
    }),
    { numRuns: 4_000 },
  )
})

const weight = (some: readonly WeightedPrice[]) => some.reduce((sum, s) => sum + s.weight, 0)

test('whatever anybody says, the index is the lower weighted median of what was used', {
  timeout: 60_000,
}, () => {
  const anybody = fc.array(
    fc.record({
      id: fc.string({ minLength: 1, maxLength: 2 }),
      price: fc.integer({ min: 1, max: 1_000 }),
      weight: fc.integer({ min: 1, max: 5 }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  fc.assert(
    fc.property(anybody, (list) => {
      const { index = 0, used, outliers } = filterIndex(list)
      expect(used.length + outliers.length).toBe(list.length)
      expect(used.map(({ price }) => price)).toContain(index)
      // Its definition, said without sorting: at most half lies strictly on either side.
      expect(2 * weight(used.filter((s) => s.price < index))).toBeLessThan(weight(used))
      expect(2 * weight(used.filter((s) => s.price > index))).toBeLessThanOrEqual(weight(used))
    }),
    { numRuns: 2_000 },
  )
})
