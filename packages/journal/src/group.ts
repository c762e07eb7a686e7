//! The records that will be committed together: one batch in the making.

import type { JournalRecord, Witness } from './layout.ts'
import { batchHeaderBytes, recordHeaderBytes, toSectors, viewOf, writeRecord } from './layout.ts'

/** A batch that is durable. */
export type Commit = { firstSeq: number; lastSeq: number; count: number; chainHash: Buffer }

const initialBytes = 64 * 1024

/** A growing buffer of records, and the promise of everybody who waits for it. */
export class Group {
  readonly done: Promise<Commit>
  resolve: (commit: Commit) => void = () => {}
  reject: (error: Error) => void = () => {}
  bytes: Buffer
  view: DataView
  firstSeq: number
  count = 0
  end: number = batchHeaderBytes
  witness: Witness

  constructor(firstSeq: number, witness: Witness, bytes: Buffer = Buffer.alloc(initialBytes)) {
    this.firstSeq = firstSeq
    this.witness = witness
    this.bytes = bytes
    this.view = viewOf(bytes)
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    // A group may fail before anybody waits for it; whoever waits still sees the rejection.
    this.done.catch(() => {})
  }

  add(record: JournalRecord): void {
    this.reserve(recordHeaderBytes + record.payload.length)
    this.end = writeRecord(this.bytes, this.view, this.end, record)
    this.count += 1
  }

  /** Pads with zeros to whole sectors. @returns the batch's bytes, its header still to be written */
  pad(): Buffer {
    const end = toSectors(this.end)
    this.reserve(end - this.end)
    this.bytes.fill(0, this.end, end)
    return this.bytes.subarray(0, end)
  }

  private reserve(more: number): void {
    const needed = this.end + more
    if (needed <= this.bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, toSectors(needed)))
    this.bytes.copy(larger, 0, 0, this.end)
    this.bytes = larger
    this.view = viewOf(larger)
  }
}
