//! Which lane the next order of an account takes: free lanes, and the sequence number each has reached.
import { limits } from '@plumb/model'

/** A place an order can be signed for. */
export type LaneSlot = { lane: number; seq: number }

/** Which of the account's 1,024 lanes a process uses. */
export type LaneManagerOptions = {
  /** First lane of this process, 0 by default: processes sharing an account take ranges that do not overlap. */
  from?: number
  /** Number of lanes of this process; all from `from` on by default. */
  count?: number
}

/**
 * Hands out lanes. The lowest free lane is used first, so an account with few orders keeps touching the same storage
 * words on-chain. A slot is taken until `release`; its sequence number is never handed out again, whether the order
 * was accepted or not, so a rejected or lost order never blocks the next one.
 */
export class LaneManager {
  readonly #from: number
  readonly #seqs: Float64Array
  readonly #taken: Uint8Array
  #takenCount = 0
  #lowestFree = 0

  /** @throws RangeError when the range leaves 0 … 1,023 */
  constructor({ from = 0, count = limits.lanesPerAccountMax - from }: LaneManagerOptions = {}) {
    if (from < 0 || count < 1 || from + count > limits.lanesPerAccountMax)
      throw new RangeError(`lanes run from 0 to ${limits.lanesPerAccountMax - 1}`)
    this.#from = from
    this.#seqs = new Float64Array(count)
    this.#taken = new Uint8Array(count)
  }

  /** Lanes that an order could take now. */
  get free(): number {
    return this.#seqs.length - this.#takenCount
  }

  /** One above the last lane of the range. */
  get end(): number {
    return this.#from + this.#seqs.length
  }

  /** Takes the lowest free lane, or undefined when every lane of the range holds an order. */
  take(): LaneSlot | undefined {
    for (let i = this.#lowestFree; i < this.#seqs.length; i++)
      if (this.#taken[i] === 0 && (this.#seqs[i] ?? 0) < limits.laneSeqMax) {
        this.#lowestFree = i + 1
        this.#mark(i, 1)
        return this.#next(i)
      }
    this.#lowestFree = this.#seqs.length
    return undefined
  }

  /** The next sequence number of a lane that is in use: for an amend. */
  advance(lane: number): LaneSlot {
    const i = this.#index(lane)
    if (i === undefined) throw new RangeError(`lane ${lane} is not in this process's range`)
    return this.#next(i)
  }

  /** The lane's order is gone. Lanes of other processes are ignored, and so is a second release. */
  release(lane: number): void {
    const i = this.#index(lane)
    if (i === undefined || this.#taken[i] === 0) return
    this.#mark(i, 0)
    if (i < this.#lowestFree) this.#lowestFree = i
  }

  /** The lane holds a live order (seen in open orders, or the exchange said LANE_BUSY). */
  occupy(lane: number): void {
    const i = this.#index(lane)
    if (i !== undefined && this.#taken[i] === 0) this.#mark(i, 1)
  }

  /** The exchange has seen `seq` in `lane`: later numbers start above it. */
  observe(lane: number, seq: number): void {
    const i = this.#index(lane)
    if (i !== undefined && seq > (this.#seqs[i] ?? 0)) this.#seqs[i] = seq
  }

  #next(i: number): LaneSlot {
    const seq = (this.#seqs[i] ?? 0) + 1
    if (seq > limits.laneSeqMax) throw new RangeError(`lane ${i + this.#from} is spent`)
    this.#seqs[i] = seq
    return { lane: i + this.#from, seq }
  }

  #mark(i: number, taken: 0 | 1): void {
    this.#taken[i] = taken
    this.#takenCount += taken === 1 ? 1 : -1
  }

  #index(lane: number): number | undefined {
    const i = lane - this.#from
    return i >= 0 && i < this.#seqs.length ? i : undefined
  }
}
