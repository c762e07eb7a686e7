//! The time that commands are stamped with: the wall's, but it never falls and never leaps.
import type { Clock } from '@plumb/runtime'

/** Stamps that never fall. */
export type StampClock = {
  nextMs(): number
  /** How far the stamps are off the wall clock; beyond a second something is wrong with the machine. */
  readonly skewMs: number
}

/** A wall that differs from the steady clock by more than this has jumped. */
const leapMs = 1_000
/** A leap forward that lasts this long is believed: the machine slept, or was set right. */
const believedAfterMs = 10_000

/**
 * Follows the wall while it agrees with the steady clock. After a leap the stamps go on at the
 * steady clock's pace: a leap forward is followed once it has lasted 10 s, a leap back never
 * (time runs at half its pace until the wall has caught up).
 *
 * @param lastMs the journal's last stamp
 */
export const createStampClock = (clock: Clock, lastMs: number): StampClock => {
  let last = lastMs
  let steady = clock.monotonicMs()
  let stamp = Math.max(lastMs, clock.nowMs())
  let leaptAt: number | undefined

  const advance = (wall: number, now: number, elapsed: number) => {
    const ahead = stamp + elapsed - wall
    if (Math.abs(ahead) <= leapMs) {
      leaptAt = undefined
      return Math.max(stamp, wall)
    }
    if (ahead > 0) return stamp + elapsed / 2
    leaptAt ??= now
    return now - leaptAt >= believedAfterMs ? wall : stamp + elapsed
  }

  return {
    nextMs: () => {
      const now = clock.monotonicMs()
      stamp = advance(clock.nowMs(), now, now - steady)
      steady = now
      last = Math.max(last, Math.floor(stamp))
      return last
    },
    get skewMs() {
      // What the next stamp would be: an idle sequencer has not jumped.
      return Math.round(stamp + clock.monotonicMs() - steady - clock.nowMs())
    },
  }
}
