import { createManualClock } from '@plumb/runtime'
import { describe, expect, test } from 'vitest'
import { createClockGuard } from './clock-guard.ts'

const startMs = 1_790_000_000_000

describe('the clock guard', () => {
  test.each([
    [1_000, 'ok'],
    [1_001, 'clock_jump'],
    [-1_000, 'ok'],
    [-1_001, 'clock_jump'],
    [3_600_000, 'clock_jump'],
  ])('a jump of %d ms is %s', (ms, state) => {
    const clock = createManualClock(startMs)
    const guard = createClockGuard({ clock })
    expect(guard.check()).toBe('ok')
    clock.advance(1_000)
    clock.jumpWall(ms)
    expect(guard.check()).toBe(state)
  })

  test('a clock that was corrected must run evenly for 10 s; each further jump begins anew', () => {
    const clock = createManualClock(startMs)
    const guard = createClockGuard({ clock })
    clock.jumpWall(5_000)
    expect(guard.check()).toBe('clock_jump')
    clock.advance(6_000)
    clock.jumpWall(-5_000)
    expect(guard.check()).toBe('clock_jump')
    clock.advance(9_999)
    expect(guard.check()).toBe('clock_jump')
    clock.advance(1)
    expect(guard.check()).toBe('ok')
  })

  test('slewing is no jump: half a second each second is followed', () => {
    const clock = createManualClock(startMs)
    const guard = createClockGuard({ clock })
    for (let i = 0; i < 100; i++) {
      clock.advance(1_000)
      clock.jumpWall(500)
      expect(guard.check()).toBe('ok')
    }
  })

  test('set back behind the last publication, nothing may be published until that time has passed', () => {
    const clock = createManualClock(startMs)
    const guard = createClockGuard({ clock })
    guard.published(startMs)
    clock.jumpWall(-60_000)
    guard.check()
    clock.advance(20_000)
    expect(guard.check()).toBe('clock_behind')
    clock.advance(40_000)
    expect(guard.check()).toBe('ok')
  })
})
