//! Notices when the wall clock jumps: a publisher that does not know the time signs nothing.
import type { Clock } from '@plumb/runtime'

/** Words are stable. `clock_behind`: the clock was set back before the newest publication. */
export type ClockState = 'ok' | 'clock_jump' | 'clock_behind'

export type ClockGuardOptions = {
  clock: Clock
  /** A jump of more than this counts (R19: 1 s). */
  jumpMs?: number
  /** How long the clock must then run evenly before it is believed again. */
  holdMs?: number
}

export type ClockGuard = {
  /** Compares both clocks since the last call; call it before each publication. */
  check(): ClockState
  /** Remembers the time of a publication: later ones must be later. */
  published(timeMs: number): void
}

/** The wall clock against the one that cannot jump; a slow correction (slewing) is not a jump. */
export const createClockGuard = (options: ClockGuardOptions): ClockGuard => {
  const { clock, jumpMs = 1_000, holdMs = 10_000 } = options
  let wallMs = clock.nowMs()
  let monotonicMs = clock.monotonicMs()
  let heldUntilMs = Number.NEGATIVE_INFINITY
  let publishedMs = 0
  return {
    check: () => {
      const wallNow = clock.nowMs()
      const monotonicNow = clock.monotonicMs()
      const drift = wallNow - wallMs - (monotonicNow - monotonicMs)
      wallMs = wallNow
      monotonicMs = monotonicNow
      if (Math.abs(drift) > jumpMs) heldUntilMs = monotonicNow + holdMs
      if (monotonicNow < heldUntilMs) return 'clock_jump'
      // A timer may fire a little early, and the publication then bears the time that is about to begin.
      return wallNow + jumpMs < publishedMs ? 'clock_behind' : 'ok'
    },
    published: (timeMs) => {
      publishedMs = Math.max(publishedMs, timeMs)
    },
  }
}
