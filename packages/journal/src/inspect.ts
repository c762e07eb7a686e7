//! What lies in a journal's directory, file by file, without writing or locking anything; damage is a finding, not an error.
import { existsSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import type { JournalBatch } from './batch.ts'
import type { FaultPlace } from './journal-error.ts'
import { JournalError } from './journal-error.ts'
import type { Witness } from './layout.ts'
import { lockHolder } from './lock.ts'
import { readSnapshots } from './read-snapshots.ts'
import { timeOfLast, verifySegments } from './recover.ts'
import { listAllSegments } from './segment-files.ts'
import { listSnapshots } from './snapshots.ts'

/** One segment file. `lastSeq` is `firstSeq` - 1 while it holds no record. */
export type SegmentSummary = {
  file: string
  firstSeq: number
  lastSeq: number
  records: number
  /** Batches that hold records, and empty ones, which only prove what stands before them. */
  batches: number
  proofs: number
  firstEpoch: number
  lastEpoch: number
  usedBytes: number
  fileBytes: number
}

/** One snapshot file; without a state hash it does not verify. */
export type SnapshotSummary = {
  seq: number
  bytes: number
  stateHash: { hi: number; lo: number } | undefined
}

/** The findings; what stands after `fault` was not looked at. */
export type JournalInspection = {
  journalId: string | undefined
  /** Process that writes to it now. */
  writerPid: number | undefined
  segments: SegmentSummary[]
  snapshots: SnapshotSummary[]
  lastSeq: number
  lastTimeMs: number
  chainHash: string
  witness: Witness
  /** A write that a crash cut short after the last whole batch: the next start cuts it, nothing acknowledged is in it. */
  torn: string | undefined
  fault: FaultPlace | undefined
}

const emptySegment = (path: string, firstSeq: number): SegmentSummary => ({
  file: basename(path),
  firstSeq,
  lastSeq: firstSeq - 1,
  records: 0,
  batches: 0,
  proofs: 0,
  firstEpoch: 0,
  lastEpoch: 0,
  usedBytes: 0,
  fileBytes: statSync(path).size,
})

/**
 * Reads every bit of a journal and says what is there, up to the first fault.
 *
 * @throws Error when the directory does not exist
 * @example const { segments, fault } = await inspectJournal('.devnet/sequencer/journal')
 */
export const inspectJournal = async (directory: string): Promise<JournalInspection> => {
  const found = await inspectOnce(directory)
  // A batch that is written while its file is read may look like damage: what is damaged stays damaged.
  if (found.fault === undefined || found.writerPid === undefined) return found
  return inspectOnce(directory)
}

const inspectOnce = async (directory: string): Promise<JournalInspection> => {
  // First of all: one that is written meanwhile is of commands that are written meanwhile.
  const [newest = 0] = listSnapshots(directory)
  const files = listAllSegments(directory)
  const summaries = new Map(files.map(({ path, firstSeq }) => [path, emptySegment(path, firstSeq)]))
  const found: JournalInspection = {
    journalId: undefined,
    writerPid: await lockHolder(directory),
    segments: [...summaries.values()],
    snapshots: [],
    lastSeq: 0,
    lastTimeMs: 0,
    chainHash: '0'.repeat(64),
    witness: { seq: 0, hi: 0, lo: 0 },
    torn: undefined,
    fault: undefined,
  }
  let lastFilled: JournalBatch | undefined
  try {
    verifySegments(
      files,
      (batch, { path }) => {
        const segment = summaries.get(path)
        if (segment === undefined) return
        if (batch.count > 0) {
          segment.batches += 1
          segment.lastSeq = batch.lastSeq
          segment.records += batch.count
          lastFilled = batch
        } else segment.proofs += 1
        segment.lastEpoch = batch.epoch
        found.lastSeq = batch.lastSeq
        found.chainHash = batch.chainHash.toString('hex')
        found.witness = batch.witness
      },
      ({ path }, { journalId, epoch }, { offset, end }) => {
        found.journalId = journalId.toString('hex')
        const segment = summaries.get(path)
        if (segment === undefined) return
        segment.firstEpoch = epoch
        segment.usedBytes = offset
        found.torn = end.kind === 'torn' ? end.problem : undefined
      },
    )
  } catch (error) {
    if (!(error instanceof JournalError) || error.place === undefined) throw error
    found.fault = error.place
    found.torn = undefined
  }
  found.lastTimeMs = timeOfLast(lastFilled)
  found.snapshots = snapshotsOf(directory)
  found.fault ??= missingEnd(directory, newest, found.lastSeq)
  return found
}

/** A snapshot is of what was durable: a journal that ends before it has lost its last segments. */
const missingEnd = (directory: string, newest: number, lastSeq: number): FaultPlace | undefined => {
  if (newest <= lastSeq) return undefined
  const problem = `segment files are missing: there is a snapshot of seq ${newest}, and no command after ${lastSeq}`
  return { path: directory, offset: 0, seq: lastSeq + 1, problem }
}

const snapshotsOf = (directory: string): SnapshotSummary[] => {
  try {
    return readSnapshots(directory).map(({ seq, snapshot, path }) => ({
      seq,
      bytes: existsSync(path) ? statSync(path).size : 0,
      stateHash: snapshot?.stateHash,
    }))
  } catch (error) {
    // The first segment says whose they are; without it nothing can be said.
    if (error instanceof JournalError) return []
    throw error
  }
}
