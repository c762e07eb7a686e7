//! Finds the end of the journal on disk, or says why it cannot be trusted.
//!
//! Only the newest batch may be unproven: a batch is written after the one before it is durable, an
//! empty batch follows when the writer falls idle, stops or starts. So, at the first place where the
//! walk finds no good batch:
//!
//! | what stands there           | nothing but zeros after it | junk after it, no later batch | a later batch verifies | not the last segment |
//! |-----------------------------|----------------------------|-------------------------------|------------------------|----------------------|
//! | zeros                       | the end                    | torn write: cut               | damage: refuse         | the end, if the next segment continues |
//! | header fails its checksum   | -                          | torn write: cut               | damage: refuse         | damage: refuse       |
//! | records fail, header good   | torn write: cut            | torn write: cut               | damage: refuse         | damage: refuse       |
//! | good batch, wrong seq/chain | misplaced: refuse          | misplaced: refuse             | misplaced: refuse      | misplaced: refuse    |
//!
//! And for the files: a segment shorter or longer than its header says was cut by somebody: refuse; a
//! header that fails: refuse; a missing segment: refuse; a cut that would lose a seq which a snapshot
//! or a follower has seen: refuse. Temporary files are leftovers of a crash: remove.
import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { JournalBatch } from './batch.ts'
import { JournalError } from './journal-error.ts'
import type { SegmentHeader, Witness } from './layout.ts'
import { batchBytes, decodeSegmentHeader, segmentHeaderBytes } from './layout.ts'
import type { ScanResult, ScanState } from './scan.ts'
import { scanSegment } from './scan.ts'
import { readSegmentFile, type SegmentFile } from './segment-files.ts'

/** The end of a recovered journal, and what had to be done. */
export type Recovered = {
  state: ScanState
  /** Where the next batch goes in the last segment. */
  offset: number
  /** Size of the last segment. */
  fileBytes: number
  /** A torn tail to cut before anything is written: [offset, end of the file). */
  torn: { path: string; problem: string } | undefined
  lastWitness: Witness
  lastTimeMs: number
}

const restoreAdvice =
  'Nothing was changed. Keep the files, and restore this journal from a copy (standby or backup).'

const damaged = (path: string, problem: string, offset = 0, seq = 0) => {
  const place = { path, offset, seq, problem }
  return new JournalError('JOURNAL_DAMAGED', `${path}: ${problem}. ${restoreAdvice}`, { place })
}

/** Reads a segment whole and checks its header and size. @throws JournalError */
export const readSegment = (segment: SegmentFile): { bytes: Buffer; header: SegmentHeader } => {
  const bytes = readSegmentFile(segment)
  const header = decodeSegmentHeader(bytes)
  if (typeof header === 'string') throw damaged(segment.path, header)
  if (header.firstSeq !== segment.firstSeq)
    throw damaged(segment.path, `the file is named after another seq than ${header.firstSeq}`)
  if (bytes.length !== header.segmentBytes)
    throw damaged(
      segment.path,
      `${bytes.length} bytes long, made with ${header.segmentBytes}`,
      Math.min(bytes.length, header.segmentBytes),
      header.firstSeq,
    )
  return { bytes, header }
}

/** Older segments may be archived, `firstOrdinal` says from which one on all must be here. */
const startOf = (segment: SegmentFile, header: SegmentHeader, firstOrdinal: number): ScanState => {
  const isFirst = header.firstSeq === 1 && segment.ordinal === 1
  if (!isFirst && segment.ordinal > firstOrdinal)
    throw damaged(
      segment.path,
      `the journal starts at seq ${header.firstSeq}; older files are missing`,
      0,
      1,
    )
  return {
    journalId: header.journalId,
    nextSeq: header.firstSeq,
    chainHash: header.previousChainHash,
    epoch: header.epoch,
    lastIsUnproven: false,
  }
}

const continuationProblem = (
  segment: SegmentFile,
  ordinal: number,
  header: SegmentHeader,
  state: ScanState,
): string | undefined => {
  if (segment.ordinal !== ordinal) return `segment file ${ordinal} is missing`
  if (!header.journalId.equals(state.journalId)) return 'it belongs to another journal'
  if (header.firstSeq !== state.nextSeq)
    return `it starts at seq ${header.firstSeq}, but ${state.nextSeq} comes next`
  if (!header.previousChainHash.equals(state.chainHash))
    return 'it does not continue the hash chain'
  return undefined
}

const requireContinuation = (
  segment: SegmentFile,
  ordinal: number,
  header: SegmentHeader,
  state: ScanState,
) => {
  const problem = continuationProblem(segment, ordinal, header, state)
  if (problem !== undefined) throw damaged(segment.path, problem, 0, state.nextSeq)
}

/**
 * Verifies every segment in order and calls `onBatch` for each batch.
 *
 * @throws JournalError `JOURNAL_DAMAGED`, per the table above
 */
export const verifySegments = (
  segments: readonly SegmentFile[],
  onBatch?: (batch: JournalBatch, segment: SegmentFile) => void,
  onSegment?: (segment: SegmentFile, header: SegmentHeader, result: ScanResult) => void,
  firstOrdinal = 1,
): { state: ScanState; last: ScanResult; path: string; fileBytes: number } | undefined => {
  let found: { state: ScanState; last: ScanResult; path: string; fileBytes: number } | undefined
  for (const [index, segment] of segments.entries()) {
    const { bytes, header } = readSegment(segment)
    const before = found?.state ?? startOf(segment, header, firstOrdinal)
    requireContinuation(segment, (segments[0]?.ordinal ?? 1) + index, header, before)
    const result = scanSegment(bytes, segmentHeaderBytes, before, (batch) =>
      onBatch?.(batch, segment),
    )
    onSegment?.(segment, header, result)
    const { end } = result
    const isLast = index === segments.length - 1
    if (end.kind === 'damaged' || (end.kind === 'torn' && !isLast))
      throw damaged(segment.path, end.problem, result.offset, result.state.nextSeq)
    found = { state: result.state, last: result, path: segment.path, fileBytes: bytes.length }
  }
  return found
}

/** Time of the last record of a batch, 0 without one. */
export const timeOfLast = (batch: JournalBatch | undefined): number => {
  let timeMs = 0
  for (const record of batch?.records() ?? []) timeMs = record.timeMs
  return timeMs
}

/**
 * Finds the end of the journal in `segments`; undefined when there are none.
 *
 * @param provenSeq a seq that somebody outside has already seen; the journal must reach it
 * @param firstOrdinal the first segment that must be there, when older ones are archived
 * @throws JournalError `JOURNAL_DAMAGED` or `JOURNAL_BEHIND`
 */
export const recover = (
  segments: readonly SegmentFile[],
  provenSeq: number,
  firstOrdinal = 1,
): Recovered | undefined => {
  let lastWitness: Witness = { seq: 0, hi: 0, lo: 0 }
  let lastFilled: JournalBatch | undefined
  const found = verifySegments(
    segments,
    (batch) => {
      lastWitness = batch.witness
      if (batch.count > 0) lastFilled = batch
    },
    undefined,
    firstOrdinal,
  )
  if (found === undefined) return undefined
  const { state, last, path, fileBytes } = found
  const lastSeq = state.nextSeq - 1
  if (lastSeq < provenSeq) {
    const torn = last.end.kind === 'torn' ? ` (${last.end.problem})` : ''
    const message = `${path}: the journal ends at seq ${lastSeq}${torn}, but seq ${provenSeq} was already seen by a snapshot, the ledger, the relayer or the contract. ${restoreAdvice}`
    throw new JournalError('JOURNAL_BEHIND', message)
  }
  const torn = last.end.kind === 'torn' ? { path, problem: last.end.problem } : undefined
  return {
    state,
    offset: last.offset,
    fileBytes,
    torn,
    lastWitness,
    lastTimeMs: timeOfLast(lastFilled),
  }
}

/** Zeroes everything from `offset` on, durably, so that no later walk finds the torn bytes. */
export const cutTail = (path: string, offset: number): void => {
  const fd = openSync(path, 'r+')
  try {
    const length = readFileSync(path).length
    const zeros = Buffer.alloc(Math.min(length - offset, batchBytes(4 * 1024 * 1024)))
    for (let at = offset; at < length; at += zeros.length)
      writeSync(fd, zeros, 0, Math.min(zeros.length, length - at), at)
    fdatasyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
