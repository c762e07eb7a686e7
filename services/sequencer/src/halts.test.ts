import { createManualClock, silentLogger } from '@plumb/runtime'
import { describe, expect, test } from 'vitest'
import { watchHalts } from './halts.ts'
import { createStampClock } from './stamp-clock.ts'

const start = 1_700_000_000_000

const setUp = () => {
  const wall = createManualClock(start)
  const clock = createStampClock(wall, 0)
  const disk = { low: false }
  const halts = watchHalts({ isDiskLow: () => disk.low, clock, logger: silentLogger })
  /** The house's clock ticks each second, whatever the wall does. */
  const seconds = (count: number) => {
    for (let i = 0; i < count; i++) {
      wall.advance(1_000)
      clock.nextMs()
      halts.check()
    }
  }
  return { wall, disk, halts, seconds, orders: () => halts.halted(true) }
}

describe('orders are refused, cancels are not', () => {
  test('while the disk is below its low-water mark', () => {
    const { disk, halts, orders } = setUp()
    expect(orders()).toBeUndefined()
    disk.low = true
    halts.check()
    expect(orders()).toBe('disk-low')
    expect(halts.halted(false)).toBeUndefined()
    expect(halts.reasons).toEqual([expect.stringContaining('almost full')])
    disk.low = false
    halts.check()
    expect(orders()).toBeUndefined()
  })

  test.each([
    ['forward', 3_600_000],
    ['back', -3_600_000],
    ['by little more than a second', 1_100],
  ])('after the wall clock leapt %s, until it is set right', (_name, leapMs) => {
    const { wall, halts, seconds, orders } = setUp()
    seconds(3)
    expect(orders()).toBeUndefined()
    wall.jumpWall(leapMs)
    seconds(1)
    expect(orders()).toBe('clock-jumped')
    expect(halts.halted(false)).toBeUndefined()
    wall.jumpWall(-leapMs)
    seconds(2)
    expect(orders()).toBeUndefined()
  })

  test('a leap forward that stays is believed after 10 s; one back is waited for', () => {
    const forward = setUp()
    forward.wall.jumpWall(3_600_000)
    forward.seconds(9)
    expect(forward.orders()).toBe('clock-jumped')
    forward.seconds(3)
    expect(forward.orders()).toBeUndefined()
    const back = setUp()
    back.wall.jumpWall(-20_000)
    back.seconds(30)
    expect(back.orders()).toBe('clock-jumped')
    back.seconds(10)
    expect(back.orders()).toBeUndefined()
  })

  test('a second less than the limit is a correction', () => {
    const { wall, seconds, orders } = setUp()
    wall.jumpWall(900)
    seconds(1)
    expect(orders()).toBeUndefined()
  })
})

test('nothing passes once a follower has seen more than the journal holds', () => {
  const { halts, orders } = setUp()
  halts.onJournalBehind('the ledger has seen seq 9')
  expect(orders()).toBe('journal-behind')
  expect(halts.halted(false)).toBe('journal-behind')
  halts.check()
  expect(halts.reasons).toEqual(['the ledger has seen seq 9'])
})
