import { createManualClock } from '@plumb/runtime'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createStampClock } from './stamp-clock.ts'

const start = 1_700_000_000_000

describe('stamps', () => {
  test('follow the wall, and begin no earlier than the journal ended', () => {
    const clock = createManualClock(start)
    expect(createStampClock(clock, 0).nextMs()).toBe(start)
    const stamps = createStampClock(clock, start + 500)
    expect(stamps.nextMs()).toBe(start + 500)
    clock.advance(600)
    expect(stamps.nextMs()).toBe(start + 600)
  })

  test('small corrections of the wall are followed, but never backwards', () => {
    const clock = createManualClock(start)
    const stamps = createStampClock(clock, 0)
    clock.jumpWall(-300)
    clock.advance(100)
    expect(stamps.nextMs()).toBe(start)
    clock.advance(400)
    expect(stamps.nextMs()).toBe(start + 200)
  })

  test('a leap forward is held back for 10 s, then believed', () => {
    const clock = createManualClock(start)
    const stamps = createStampClock(clock, 0)
    clock.jumpWall(3_600_000)
    clock.advance(1_000)
    expect(stamps.nextMs()).toBe(start + 1_000)
    expect(stamps.skewMs).toBe(-3_600_000)
    clock.advance(9_000)
    expect(stamps.nextMs()).toBe(start + 10_000)
    clock.advance(1_000)
    expect(stamps.nextMs()).toBe(start + 3_611_000)
  })

  test('after a leap back time runs at half its pace until the wall has caught up', () => {
    const clock = createManualClock(start)
    const stamps = createStampClock(clock, 0)
    clock.jumpWall(-10_000)
    clock.advance(4_000)
    expect(stamps.nextMs()).toBe(start + 2_000)
    clock.advance(16_000)
    expect(stamps.nextMs()).toBe(start + 10_000)
    clock.advance(1_000)
    expect(stamps.nextMs()).toBe(start + 11_000)
  })

  test('never fall, whatever the wall does', () => {
    const step = fc.record({
      advance: fc.integer({ min: 0, max: 20_000 }),
      jump: fc.integer({ min: -5_000_000, max: 5_000_000 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const clock = createManualClock(start)
        const stamps = createStampClock(clock, 0)
        let last = stamps.nextMs()
        for (const { advance, jump } of steps) {
          clock.advance(advance)
          clock.jumpWall(jump)
          const next = stamps.nextMs()
          expect(next).toBeGreaterThanOrEqual(last)
          expect(Number.isSafeInteger(next)).toBe(true)
          last = next
        }
      }),
    )
  })
})
