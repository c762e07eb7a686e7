import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GatherPace } from './gather-pace.ts'

/** Feeds a steady rate, a unit every `everyMs`, for 50 ms; answers the pace and the time of the last unit. */
const steady = (perMs: number, everyMs: number) => {
  const pace = new GatherPace()
  let nowMs = 1_000
  for (; nowMs < 1_050; nowMs += everyMs) pace.applied(perMs * everyMs, nowMs)
  return { pace, lastMs: nowMs - everyMs }
}

describe('GatherPace', () => {
  test('does not wait before anything came, nor after a pause', () => {
    expect(new GatherPace().waits(5)).toBe(false)
    const { pace, lastMs } = steady(20, 0.25)
    expect(pace.waits(lastMs + 100)).toBe(false)
  })

  test('does not make few commands wait, however they are cut into units', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 2, noNaN: true }), (everyMs) => {
        const { pace, lastMs } = steady(2, everyMs)
        expect(pace.waits(lastMs + 0.1)).toBe(false)
      }),
    )
  })

  test('makes many wait for the next millisecond, and no longer', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 1.2, noNaN: true }),
        fc.double({ min: 8, max: 100, noNaN: true }),
        (everyMs, perMs) => {
          const { pace, lastMs } = steady(perMs, everyMs)
          expect(pace.waits(lastMs + 0.1)).toBe(true)
          expect(pace.waits(lastMs + 1)).toBe(false)
        },
      ),
    )
  })

  test('one large unit is load at once, and forgotten in a few milliseconds', () => {
    const pace = new GatherPace()
    pace.applied(64, 10)
    expect(pace.waits(10.5)).toBe(true)
    pace.applied(1, 20)
    expect(pace.waits(20.5)).toBe(false)
  })
})
