//! The unsettled-gas budget: what was matched and is not on-chain yet, and how hard new orders are throttled for it.
import type { Quote, Seq, TimeMs } from '@plumb/model'

const usdc = 1_000_000

/** What the engine is told (`SetThrottle`): 0 nothing, 1 a least order value, 2 post-only besides. */
export type Throttle = { level: 0 | 1 | 2; minNotionalQuote: Quote }

/** From so many seconds of settlement capacity waiting, or so old a part of L, on. */
const stages: readonly { waitingS: number; ageOfLag: number; throttle: Throttle }[] = [
  { waitingS: 20, ageOfLag: 1 / 10, throttle: { level: 1, minNotionalQuote: 100 * usdc } },
  { waitingS: 40, ageOfLag: 1 / 5, throttle: { level: 1, minNotionalQuote: 1_000 * usdc } },
  { waitingS: 80, ageOfLag: 1 / 3, throttle: { level: 2, minNotionalQuote: 1_000 * usdc } },
]
const free: Throttle = { level: 0, minNotionalQuote: 0 }
/** A stage ends only below this part of where it began, so that it does not flicker. */
const releasePart = 0.5

export type Backlog = {
  /** Gas that what waits will use. */
  waitingGas: number
  /** Age of the oldest part of it, 0 when nothing waits. */
  oldestMs: number
}

/** What the budget is measured against. */
export type GasCapacity = {
  /** Gas that settles in a second, in the long run. */
  gasPerS: number
  /** L: matching halts where an unsettled fill is older. */
  settlementLagS: number
}

/** The stage a backlog asks for, 0 … 3; `held` is the present one, which is left later than it is entered. */
export const stageOf = (backlog: Backlog, capacity: GasCapacity, held = 0): number => {
  const waitingS = backlog.waitingGas / capacity.gasPerS
  const age = backlog.oldestMs / 1_000 / capacity.settlementLagS
  return stages.reduce((reached, stage, i) => {
    const part = i < held ? releasePart : 1
    return waitingS >= stage.waitingS * part || age >= stage.ageOfLag * part ? i + 1 : reached
  }, 0)
}

export const throttleOf = (stage: number): Throttle => stages[stage - 1]?.throttle ?? free

/** The stage that leads to this throttle; undefined where it is somebody else's, an operator's. */
export const stageWith = (level: number, minNotionalQuote: Quote): number | undefined => {
  const all = [free, ...stages.map(({ throttle }) => throttle)]
  const found = all.findIndex(
    (one) => one.level === level && one.minNotionalQuote === minNotionalQuote,
  )
  return found < 0 ? undefined : found
}

/** Counts what is matched and takes off what is mined. */
export class BacklogMeter {
  readonly #waiting: { seq: Seq; timeMs: TimeMs; gas: number }[] = []
  #gas = 0
  #settledSeq: Seq = 0

  /** Nothing where this is settled already: what tells so may be ahead of the feed. */
  add(seq: Seq, timeMs: TimeMs, gas: number): void {
    if (gas === 0 || seq <= this.#settledSeq) return
    this.#waiting.push({ seq, timeMs, gas })
    this.#gas += gas
  }

  /** Everything up to here is in a block. */
  settle(toSeq: Seq): void {
    this.#settledSeq = Math.max(this.#settledSeq, toSeq)
    let count = 0
    for (const { seq, gas } of this.#waiting) {
      if (seq > toSeq) break
      this.#gas -= gas
      count += 1
    }
    this.#waiting.splice(0, count)
  }

  /** When the oldest part of what waits was matched, 0 when nothing waits. */
  get oldestTimeMs(): TimeMs {
    return this.#waiting[0]?.timeMs ?? 0
  }

  at(nowMs: TimeMs): Backlog {
    const oldest = this.#waiting[0]
    return {
      waitingGas: this.#gas,
      oldestMs: oldest === undefined ? 0 : Math.max(0, nowMs - oldest.timeMs),
    }
  }
}
