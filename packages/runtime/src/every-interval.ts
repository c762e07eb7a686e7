//! A heartbeat on the wall clock's whole intervals.
import type { Clock } from './clock.ts'

/** A running heartbeat. */
export type Heartbeat = { stop(): void }

/**
 * Calls `beat` with the time at every multiple of `intervalMs`, never twice for one, never two at once: what falls
 * behind is left out. Times handed over always rise, even where the wall clock is set back.
 */
export const everyInterval = (
  clock: Clock,
  intervalMs: number,
  beat: (timeMs: number) => Promise<void>,
  fail: (error: unknown) => void,
): Heartbeat => {
  let timer: NodeJS.Timeout
  let stopped = false
  let last = 0
  const schedule = () => {
    if (stopped) return
    const now = clock.nowMs()
    timer = setTimeout(run, intervalMs - (now % intervalMs))
  }
  const run = () => {
    const now = clock.nowMs()
    // A timer may fire a little early: that is the interval which is about to begin.
    const due = Math.round(now / intervalMs) * intervalMs
    if (due <= last) return schedule()
    last = due
    beat(due).catch(fail).finally(schedule)
  }
  schedule()
  return {
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}
