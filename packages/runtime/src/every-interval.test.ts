import { expect, test } from 'vitest'
import { createManualClock } from './clock.ts'
import { everyInterval } from './every-interval.ts'

const startMs = 1_790_000_000_000
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('the heartbeat beats on whole intervals, once each, with rising times', async () => {
  const clock = createManualClock(startMs)
  const beats: number[] = []
  const failures: unknown[] = []
  const heartbeat = everyInterval(
    clock,
    20,
    (timeMs) => {
      beats.push(timeMs)
      return beats.length === 2 ? Promise.reject(new Error('once')) : Promise.resolve()
    },
    (error) => failures.push(error),
  )
  for (const move of [20, 20, 0, -40, 60, 20]) {
    clock.jumpWall(move)
    await wait(45)
  }
  heartbeat.stop()
  expect(beats).toEqual([20, 40, 60, 80].map((ms) => startMs + ms))
  expect(failures).toHaveLength(1)
})
