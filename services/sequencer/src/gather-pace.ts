//! How long commands gather before they are applied: not at all while few come; under load no more than a millisecond.
//!
//! A batch costs the sequencer, its followers and their sockets some hundreds of microseconds, however few commands it
//! has, and a good disk would take thousands of batches a second. Where orders come faster than that is worth, a
//! millisecond's worth of them shares one batch.

/** Units follow each other no faster than this under load. */
const SPACING_MS = 1
/** Commands a millisecond from which on it is load. */
const BUSY_PER_MS = 4
/** How far back the rate looks. */
const MEMORY_MS = 5

/** The recent rate of commands, and what follows from it. Times in ms of one steady clock. */
export class GatherPace {
  #lastMs = Number.NEGATIVE_INFINITY
  #perMs = 0

  /** A unit of so many commands was applied. */
  applied(count: number, nowMs: number): void {
    const elapsedMs = Math.min(MEMORY_MS, nowMs - this.#lastMs)
    // What lies further back than the memory counts for nothing; a unit of the same instant adds up.
    this.#perMs = this.#perMs * (1 - elapsedMs / MEMORY_MS) + count / MEMORY_MS
    this.#lastMs = nowMs
  }

  /** Whether the next unit should wait for the next millisecond instead of being applied in this turn. */
  waits(nowMs: number): boolean {
    const sinceMs = nowMs - this.#lastMs
    if (sinceMs >= SPACING_MS) return false
    return this.#perMs * (1 - sinceMs / MEMORY_MS) >= BUSY_PER_MS
  }
}
