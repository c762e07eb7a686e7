//! The mean mark of the last five minutes (RULES 6.2), in five buckets of a minute.

import { CK_BUCKETS, CLOCK_D, TIME_MS } from './slabs.ts'
import type { EngineState } from './state.ts'

const MINUTE_MS = 60_000
const BUCKETS = 5
const BUCKET_D = 3

/** Adds a mark to its minute and answers the mean over this minute and the four before, rounded down. */
export function addToMean(state: EngineState, market: number, mark: number): number {
  const { clocks } = state
  const minute = Math.floor(state.totals[TIME_MS]! / MINUTE_MS)
  const first = market * CLOCK_D + CK_BUCKETS
  const own = first + (minute % BUCKETS) * BUCKET_D
  const restarts = clocks[own] !== minute
  clocks[own] = minute
  clocks[own + 1] = (restarts ? 0 : clocks[own + 1]!) + mark
  clocks[own + 2] = (restarts ? 0 : clocks[own + 2]!) + 1
  let sum = 0
  let count = 0
  for (let bucket = first; bucket < first + BUCKETS * BUCKET_D; bucket += BUCKET_D) {
    if (clocks[bucket]! <= minute - BUCKETS) continue
    sum += clocks[bucket + 1]!
    count += clocks[bucket + 2]!
  }
  return Math.floor(sum / count)
}
