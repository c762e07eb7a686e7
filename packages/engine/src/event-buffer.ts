//! Fixed-size event records in one growing slab; what is not written is zero.
import { EVENT_STRIDE } from '@plumb/model'

const WORDS = EVENT_STRIDE / 4
const DOUBLES = EVENT_STRIDE / 8

/** Events of the commands applied since the last `clear`. */
export class EventBuffer {
  count = 0
  i32: Int32Array
  f64: Float64Array
  #bytes: Uint8Array
  #capacity: number

  constructor(capacity = 4_096) {
    const buffer = new ArrayBuffer(capacity * EVENT_STRIDE)
    this.#capacity = capacity
    this.#bytes = new Uint8Array(buffer)
    this.i32 = new Int32Array(buffer)
    this.f64 = new Float64Array(buffer)
  }

  /** The records written: a view, valid until the next `apply` or `clear`. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.count * EVENT_STRIDE)
  }

  /** Forgets the records and zeroes their bytes. */
  clear(): void {
    this.i32.fill(0, 0, this.count * WORDS)
    this.count = 0
  }

  /** Starts a record and answers its number. Doubles of record r start at 20·r, words at 40·r. */
  begin(
    seq: number,
    timeMs: number,
    kind: number,
    leg: number,
    account: number,
    market: number,
  ): number {
    const record = this.next()
    const d = record * DOUBLES
    const w = record * WORDS
    this.f64[d] = seq
    this.f64[d + 1] = timeMs
    this.i32[w + 4] = kind
    this.i32[w + 5] = leg
    this.i32[w + 6] = account
    this.i32[w + 7] = market
    return record
  }

  /** Starts a record and leaves all of it to be written; its number. */
  next(): number {
    if (this.count === this.#capacity) this.#grow()
    return this.count++
  }

  // One command can close every order on the books (expiry): rare, so the slab doubles instead of being that large.
  #grow(): void {
    const larger = new EventBuffer(this.#capacity * 2)
    larger.i32.set(this.i32)
    this.#capacity = larger.#capacity
    this.#bytes = larger.#bytes
    this.i32 = larger.i32
    this.f64 = larger.f64
  }
}
