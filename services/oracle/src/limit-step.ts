//! Bounds how far one publication may move the index: the last wall when a majority of the sources lies.
import type { Ppm, Ticks } from '@plumb/model'

/**
 * The index, at most `stepMaxPpm` away from the last published one, rounded toward it; a real move further than that
 * arrives in the following publications.
 */
export const limitStep = (
  index: Ticks,
  lastTicks: Ticks | undefined,
  stepMaxPpm: Ppm | undefined,
): Ticks => {
  if (lastTicks === undefined || stepMaxPpm === undefined) return index
  // At least a tick, or a price of few ticks could never move.
  const step = Math.max(1, Math.floor((lastTicks * stepMaxPpm) / 1_000_000))
  return Math.min(lastTicks + step, Math.max(lastTicks - step, index))
}
