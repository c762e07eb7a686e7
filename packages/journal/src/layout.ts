//! Where each field of a segment, a batch and a record stands. Little endian; sequence numbers are u64.
import type { Seq, TimeMs } from '@plumb/model'
import { crc32c } from './crc32c.ts'

/** Raised with every change of a layout; a reader refuses what it does not know. */
const journalVersion = 1

/**
 * Batches start at multiples of this, the smallest unit a disk writes whole: a torn write of one
 * batch cannot touch the sectors of an older, durable one.
 */
export const sectorBytes = 512

/** `bytes` rounded up to whole sectors. */
export const toSectors = (bytes: number): number => Math.ceil(bytes / sectorBytes) * sectorBytes

// Segment header: magic, version, journal id (8), segment bytes u64, first seq, epoch u32, previous
// chain hash (32), CRC of all that; the rest of the sector is zero.
const segmentMagic = 0x534a4c50 // 'PLJS'
const segmentCrcAt = 68
export const segmentHeaderBytes: number = toSectors(segmentCrcAt + 4)

// Batch header: magic, version, epoch, count, first seq, record bytes u32, reserved u32, journal id
// (8), durable seq, witness seq, state hash hi + lo, previous chain hash (32), reserved, CRC.
const batchMagic = 0x424a4c50 // 'PLJB'
const batchCrcAt = 124
export const batchHeaderBytes = 128

// Record: payload length u32, CRC u32 of all that follows it, seq, timeMs u64, kind u16, reserved u16, payload.
export const recordHeaderBytes = 28

/** An 8-byte random name of a journal, in each of its segments and batches. */
export type JournalId = Buffer

/** A state hash and the seq after which it was taken. */
export type Witness = { seq: Seq; hi: number; lo: number }

/** A segment's first sector. */
export type SegmentHeader = {
  journalId: JournalId
  segmentBytes: number
  firstSeq: number
  epoch: number
  previousChainHash: Buffer
}

/** A batch's header. An empty batch (count 0) only proves what stands before it. */
export type BatchHeader = {
  epoch: number
  count: number
  firstSeq: number
  recordsBytes: number
  durableSeq: number
  witness: Witness
  previousChainHash: Buffer
}

const two32 = 2 ** 32

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

export const readU64 = (view: DataView, at: number): number =>
  view.getUint32(at, true) + view.getUint32(at + 4, true) * two32

export const writeU64 = (view: DataView, at: number, value: number): void => {
  view.setUint32(at, value % two32, true)
  view.setUint32(at + 4, Math.floor(value / two32), true)
}

/** How many bytes a batch takes in its segment, padding included. */
export const batchBytes = (recordsBytes: number): number =>
  toSectors(batchHeaderBytes + recordsBytes)

/** Whether `bytes[start, end)` is all zero. */
export const isZero = (bytes: Buffer, start: number, end: number): boolean => {
  const zeros = Buffer.alloc(Math.min(end - start, 64 * 1024))
  for (let at = start; at < end; at += zeros.length) {
    const stop = Math.min(end, at + zeros.length)
    if (bytes.compare(zeros, 0, stop - at, at, stop) !== 0) return false
  }
  return true
}

export const encodeSegmentHeader = (header: SegmentHeader): Buffer => {
  const bytes = Buffer.alloc(segmentHeaderBytes)
  const view = viewOf(bytes)
  view.setUint32(0, segmentMagic, true)
  view.setUint32(4, journalVersion, true)
  bytes.set(header.journalId, 8)
  writeU64(view, 16, header.segmentBytes)
  writeU64(view, 24, header.firstSeq)
  view.setUint32(32, header.epoch, true)
  bytes.set(header.previousChainHash, 36)
  view.setUint32(segmentCrcAt, crc32c(view, 0, segmentCrcAt), true)
  return bytes
}

/** The header, or a sentence that says why it is none. */
export const decodeSegmentHeader = (bytes: Buffer): SegmentHeader | string => {
  if (bytes.length < segmentHeaderBytes) return 'the file is shorter than its header'
  const view = viewOf(bytes)
  if (view.getUint32(0, true) !== segmentMagic) return 'this is not a journal segment'
  if (view.getUint32(segmentCrcAt, true) !== crc32c(view, 0, segmentCrcAt))
    return 'the segment header fails its checksum'
  const version = view.getUint32(4, true)
  if (version !== journalVersion) return `format version ${version}, known is ${journalVersion}`
  if (!isZero(bytes, segmentCrcAt + 4, segmentHeaderBytes)) return 'the header sector is not clean'
  return {
    journalId: Buffer.from(bytes.subarray(8, 16)),
    segmentBytes: readU64(view, 16),
    firstSeq: readU64(view, 24),
    epoch: view.getUint32(32, true),
    previousChainHash: Buffer.from(bytes.subarray(36, 68)),
  }
}

/** Writes the header at the start of `bytes`. */
export const writeBatchHeader = (bytes: Buffer, id: JournalId, header: BatchHeader): void => {
  const view = viewOf(bytes)
  bytes.fill(0, 0, batchHeaderBytes)
  view.setUint32(0, batchMagic, true)
  view.setUint32(4, journalVersion, true)
  view.setUint32(8, header.epoch, true)
  view.setUint32(12, header.count, true)
  writeU64(view, 16, header.firstSeq)
  view.setUint32(24, header.recordsBytes, true)
  bytes.set(id, 32)
  writeU64(view, 40, header.durableSeq)
  writeU64(view, 48, header.witness.seq)
  view.setUint32(56, header.witness.hi, true)
  view.setUint32(60, header.witness.lo, true)
  bytes.set(header.previousChainHash, 64)
  view.setUint32(batchCrcAt, crc32c(view, 0, batchCrcAt), true)
}

/** The batch header at `at`, or undefined when none of this journal stands there. */
export const readBatchHeader = (
  bytes: Buffer,
  view: DataView,
  at: number,
  id: JournalId,
): BatchHeader | undefined => {
  if (at + batchHeaderBytes > bytes.length) return undefined
  if (view.getUint32(at, true) !== batchMagic || bytes.compare(id, 0, 8, at + 32, at + 40) !== 0)
    return undefined
  if (view.getUint32(at + batchCrcAt, true) !== crc32c(view, at, at + batchCrcAt)) return undefined
  if (view.getUint32(at + 4, true) !== journalVersion) return undefined
  return {
    epoch: view.getUint32(at + 8, true),
    count: view.getUint32(at + 12, true),
    firstSeq: readU64(view, at + 16),
    recordsBytes: view.getUint32(at + 24, true),
    durableSeq: readU64(view, at + 40),
    witness: {
      seq: readU64(view, at + 48),
      hi: view.getUint32(at + 56, true),
      lo: view.getUint32(at + 60, true),
    },
    previousChainHash: bytes.subarray(at + 64, at + 96),
  }
}

/** One command as the journal keeps it; `payload` is opaque here. */
export type JournalRecord = { seq: Seq; timeMs: TimeMs; kind: number; payload: Uint8Array }

/** Writes a record at `at`. @returns where the next one goes */
export const writeRecord = (
  bytes: Buffer,
  view: DataView,
  at: number,
  record: JournalRecord,
): number => {
  const { seq, timeMs, kind, payload } = record
  const end = at + recordHeaderBytes + payload.length
  view.setUint32(at, payload.length, true)
  writeU64(view, at + 8, seq)
  writeU64(view, at + 16, timeMs)
  view.setUint32(at + 24, kind, true)
  bytes.set(payload, at + recordHeaderBytes)
  view.setUint32(at + 4, crc32c(view, at + 8, end), true)
  return end
}
