//! A durable batch as it is read back, and the check of its records.
import { createHash } from 'node:crypto'
import { crc32c } from './crc32c.ts'
import type { BatchHeader, JournalRecord, Witness } from './layout.ts'
import { batchBytes, batchHeaderBytes, isZero, readU64, recordHeaderBytes } from './layout.ts'
import type { PayloadReader } from './payload-reader.ts'

/** A batch of the journal. Its records are views of one buffer, which belongs to the reader. */
export type JournalBatch = {
  firstSeq: number
  /** firstSeq - 1 when the batch is empty. */
  lastSeq: number
  count: number
  epoch: number
  /** sha256(previous chain hash ‖ the batch's bytes). */
  chainHash: Buffer
  witness: Witness
  /** The records in order. */
  records(): Generator<JournalRecord, void, void>
  /** The records' payloads alone, for a replay. */
  payloads(): PayloadReader
}

/** The chain's next link. */
export const chainHashOf = (previous: Uint8Array, bytes: Uint8Array): Buffer =>
  createHash('sha256').update(previous).update(bytes).digest()

/**
 * What is wrong with the records of the batch at `at`, if anything. Lengths, sequence, checksums,
 * time and padding are all looked at, so that every bit of the batch is covered.
 */
export const recordsProblem = (
  bytes: Buffer,
  view: DataView,
  at: number,
  header: BatchHeader,
): string | undefined => {
  const end = at + batchHeaderBytes + header.recordsBytes
  const paddedEnd = at + batchBytes(header.recordsBytes)
  if (paddedEnd > bytes.length) return 'the batch runs past the end of its segment'
  let next = at + batchHeaderBytes
  for (let i = 0; i < header.count; i++) {
    const seq = header.firstSeq + i
    if (next + recordHeaderBytes > end) return `record ${seq} runs past its batch`
    const recordEnd = next + recordHeaderBytes + view.getUint32(next, true)
    if (recordEnd > end) return `record ${seq} runs past its batch`
    if (view.getUint32(next + 4, true) !== crc32c(view, next + 8, recordEnd))
      return `record ${seq} fails its checksum`
    if (readU64(view, next + 8) !== seq) return `record ${seq} carries another seq`
    next = recordEnd
  }
  if (next !== end) return 'the records do not fill their batch'
  if (!isZero(bytes, end, paddedEnd)) return 'the padding is not zero'
  return undefined
}

/** Walks the records of a verified batch that starts at `at`. */
export function* recordsOf(
  bytes: Buffer,
  view: DataView,
  at: number,
  count: number,
): Generator<JournalRecord, void, void> {
  let next = at + batchHeaderBytes
  for (let i = 0; i < count; i++) {
    const end = next + recordHeaderBytes + view.getUint32(next, true)
    yield {
      seq: readU64(view, next + 8),
      timeMs: readU64(view, next + 16),
      kind: view.getUint16(next + 24, true),
      payload: bytes.subarray(next + recordHeaderBytes, end),
    }
    next = end
  }
}
