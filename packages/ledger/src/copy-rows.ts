//! Rows in Postgres' binary COPY format, written into one growing buffer.
import { finished } from 'node:stream/promises'
import type { LedgerTransaction } from './ledger-transaction.ts'

const HEADER = Uint8Array.from([
  ...new TextEncoder().encode('PGCOPY\n'),
  0xff,
  0x0d,
  0x0a,
  0x00,
  ...Array.from({ length: 8 }, () => 0),
])
const TWO_32 = 4_294_967_296
const encoder = new TextEncoder()

/**
 * Rows for one table. Each row: `begin()`, then one call per column, in the order of `columns`.
 *
 * @example const rows = new CopyRows('seq_times', ['seq', 'time_ms']); rows.begin().i64(1).i64(1_790_000_000_000)
 */
export class CopyRows {
  readonly table: string
  readonly columns: readonly string[]
  count = 0
  #bytes = new Uint8Array(4_096)
  #view = new DataView(this.#bytes.buffer)
  #length = HEADER.length

  constructor(table: string, columns: readonly string[]) {
    this.table = table
    this.columns = columns
    this.#bytes.set(HEADER)
  }

  begin(): this {
    this.#grow(2)
    this.#view.setInt16(this.#length, this.columns.length)
    this.#length += 2
    this.count += 1
    return this
  }

  /** int8: an integer below 2^53 in magnitude. */
  i64(value: number): this {
    this.#grow(12)
    const high = Math.floor(value / TWO_32)
    this.#view.setInt32(this.#length, 8)
    this.#view.setInt32(this.#length + 4, high)
    this.#view.setUint32(this.#length + 8, value - high * TWO_32)
    this.#length += 12
    return this
  }

  /** int4 */
  i32(value: number): this {
    this.#grow(8)
    this.#view.setInt32(this.#length, 4)
    this.#view.setInt32(this.#length + 4, value)
    this.#length += 8
    return this
  }

  /** int2 */
  i16(value: number): this {
    this.#grow(6)
    this.#view.setInt32(this.#length, 2)
    this.#view.setInt16(this.#length + 4, value)
    this.#length += 6
    return this
  }

  i64OrNull(value: number | null): this {
    return value === null ? this.null() : this.i64(value)
  }

  i16OrNull(value: number | null): this {
    return value === null ? this.null() : this.i16(value)
  }

  bytes(value: Uint8Array): this {
    this.#grow(4 + value.length)
    this.#view.setInt32(this.#length, value.length)
    this.#bytes.set(value, this.#length + 4)
    this.#length += 4 + value.length
    return this
  }

  text(value: string): this {
    return this.bytes(encoder.encode(value))
  }

  null(): this {
    this.#grow(4)
    this.#view.setInt32(this.#length, -1)
    this.#length += 4
    return this
  }

  /** Sends the rows; resolves when the server has taken them. No rows, no statement. */
  async copyInto(tx: LedgerTransaction): Promise<void> {
    if (this.count === 0) return
    this.#grow(2)
    this.#view.setInt16(this.#length, -1)
    const bytes = this.#bytes.subarray(0, this.#length + 2)
    const into = tx`COPY ${tx(this.table)} (${tx(this.columns)}) FROM STDIN WITH (FORMAT binary)`
    const failed = failureOf(into)
    const stream = await Promise.race([into.writable(), failed])
    stream.end(Buffer.from(bytes.buffer, 0, bytes.length))
    await Promise.race([finished(stream), failed])
  }

  #grow(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const bytes = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    bytes.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }
}

/**
 * Rejects with the error of a COPY. postgres.js tells nobody about one that comes after the last byte, which is when
 * triggers and keys are checked: it calls `reject` of a query that was resolved when its stream opened.
 */
function failureOf(query: object): Promise<never> {
  const failed = new Promise<never>((_, reject) => {
    Object.assign(query, { reject })
  })
  failed.catch(() => {})
  return failed
}
