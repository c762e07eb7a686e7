//! Reads the snapshots beside a journal, without writing or locking anything.
import { readSegment } from './recover.ts'
import { listSegments } from './segment-files.ts'
import { listSnapshots, readSnapshotFile, type Snapshot, snapshotPath } from './snapshots.ts'

/**
 * Every snapshot file of a directory, newest first; `snapshot` is undefined where the file does not verify or belongs
 * to another journal.
 *
 * @throws JournalError when the journal's first segment cannot be read
 */
export const readSnapshots = (
  directory: string,
): { seq: number; path: string; snapshot: Snapshot | undefined }[] => {
  const [first] = listSegments(directory)
  if (first === undefined) return []
  const { journalId } = readSegment(first).header
  return listSnapshots(directory).map((seq) => ({
    seq,
    path: snapshotPath(directory, seq),
    snapshot: readSnapshotFile(directory, journalId, seq),
  }))
}
