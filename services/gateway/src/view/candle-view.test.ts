import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CandleView } from './candle-view.ts'

const MINUTE = 60_000
const filled = (...trades: [minute: number, price: number][]) => {
  const view = new CandleView()
  for (const [minute, price] of trades) view.add(minute * MINUTE + 1, price, 1, price)
  return view
}

describe('candles', () => {
  test('buckets, and quiet ones that repeat the close', () => {
    const view = filled([10, 5], [10, 9], [10, 7], [13, 4])
    const rows = view.list(MINUTE, undefined, 14 * MINUTE, 100)
    expect(
      rows.map((c) => [c.openTimeMs / MINUTE, c.open, c.high, c.low, c.close, c.trades]),
    ).toEqual([
      [10, 5, 9, 5, 7, 3],
      [11, 7, 7, 7, 7, 0],
      [12, 7, 7, 7, 7, 0],
      [13, 4, 4, 4, 4, 1],
      [14, 4, 4, 4, 4, 0],
    ])
    expect(view.list(5 * MINUTE, undefined, 14 * MINUTE, 100)).toMatchObject([
      { openTimeMs: 10 * MINUTE, open: 5, high: 9, low: 4, close: 4, trades: 4 },
    ])
    expect(view.since(13 * MINUTE)).toMatchObject({ open: 4, trades: 1 })
    expect(view.since(14 * MINUTE)).toBeNull()
  })

  test('with since the oldest, without the newest; a close from before is known', () => {
    const view = filled([10, 5], [20, 6])
    const starts = (rows: { openTimeMs: number }[]) => rows.map((c) => c.openTimeMs / MINUTE)
    expect(starts(view.list(MINUTE, 12 * MINUTE, 30 * MINUTE, 3))).toEqual([12, 13, 14])
    expect(view.list(MINUTE, 12 * MINUTE, 30 * MINUTE, 1)[0]?.close).toBe(5)
    expect(starts(view.list(MINUTE, undefined, 30 * MINUTE, 3))).toEqual([28, 29, 30])
    expect(starts(view.list(MINUTE, 0, 30 * MINUTE, 2))).toEqual([10, 11])
    expect(new CandleView().list(MINUTE, 0, 30 * MINUTE, 2)).toEqual([])
  })

  test('weeks begin on Mondays', () => {
    const monday = Date.UTC(2026, 10, 23)
    const view = new CandleView()
    view.add(monday + 3 * 86_400_000, 5, 1, 5)
    expect(view.list(604_800_000, undefined, monday + 4 * 86_400_000, 5)[0]?.openTimeMs).toBe(
      monday,
    )
  })

  test('any interval holds the same volume; bounds far away cost nothing', () => {
    const trades = fc.array(fc.tuple(fc.nat(3_000), fc.integer({ min: 1, max: 99 })), {
      minLength: 1,
      maxLength: 50,
    })
    fc.assert(
      fc.property(trades, fc.constantFrom(1, 5, 15, 60, 240), (unsorted, minutes) => {
        const sorted = unsorted.toSorted((a, b) => a[0] - b[0])
        const rows = filled(...sorted).list(minutes * MINUTE, 0, 4_000 * MINUTE, 10_000)
        expect(rows.reduce((sum, c) => sum + c.trades, 0)).toBe(sorted.length)
        const odd = rows.filter(
          (c) => c.low > Math.min(c.open, c.close) || c.high < Math.max(c.open, c.close),
        )
        expect(odd).toEqual([])
        const far = filled(...sorted).list(MINUTE, undefined, Number.MAX_SAFE_INTEGER, 1_000)
        expect(far).toHaveLength(1_000)
      }),
      { numRuns: 40 },
    )
  })
})
