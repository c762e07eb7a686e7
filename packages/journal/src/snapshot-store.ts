//! Snapshots of a journal that another thread of its writer replays: found, and stored, without the journal object.
import { closeSync, openSync, readSync } from 'node:fs'
import type { JournalFiles } from './file-system.ts'
import { JournalError } from './journal-error.ts'
import type { JournalId } from './layout.ts'
import { decodeSegmentHeader, segmentHeaderBytes } from './layout.ts'
import { listSegments } from './segment-files.ts'
import type { Snapshot } from './snapshots.ts'
import { listSnapshots, readSnapshotFile, writeSnapshotFile } from './snapshots.ts'

const readJournalId = (directory: string): JournalId => {
  const [first] = listSegments(directory)
  if (first === undefined)
    throw new JournalError('JOURNAL_DAMAGED', `${directory} holds no journal`)
  const bytes = Buffer.alloc(segmentHeaderBytes)
  const fd = openSync(first.path, 'r')
  try {
    readSync(fd, bytes, 0, bytes.length, 0)
  } finally {
    closeSync(fd)
  }
  const header = decodeSegmentHeader(bytes)
  if (typeof header === 'string')
    throw new JournalError('JOURNAL_DAMAGED', `${first.path}: ${header}`)
  return header.journalId
}

/**
 * The newest snapshot that verifies, at or below `atMost`.
 *
 * @throws JournalError when the folder holds no journal
 */
export const newestSnapshot = (directory: string, atMost: number): Snapshot | undefined => {
  const id = readJournalId(directory)
  for (const seq of listSnapshots(directory)) {
    const snapshot = seq <= atMost ? readSnapshotFile(directory, id, seq) : undefined
    if (snapshot !== undefined) return snapshot
  }
  return undefined
}

/**
 * Stores the state after `seq`, which must be durable. The newest three (or more) are kept.
 *
 * @throws JournalError when the folder holds no journal, Error when a write fails: the older ones stay
 */
export const storeSnapshot = (
  directory: string,
  snapshot: { seq: number; stateHash: { hi: number; lo: number }; bytes: Uint8Array },
  files: JournalFiles,
): Promise<void> => writeSnapshotFile(directory, readJournalId(directory), snapshot, files)
