//! Snapshots beside the journal: whole, checked, never the only one.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { JournalFiles } from './file-system.ts'
import { syncDirectory } from './file-system.ts'
import type { JournalId } from './layout.ts'
import { readU64, viewOf, writeU64 } from './layout.ts'

/** The state after `seq`. `bytes` are the engine's own, opaque here. */
export type Snapshot = { seq: number; stateHash: { hi: number; lo: number }; bytes: Buffer }

// Header: magic, version, journal id (8), seq, state hash hi + lo, length u64, sha256 of the header
// before it and of the body.
const magic = 0x4e534c50 // 'PLSN'
const version = 1
const digestAt = 40
const headerBytes = 72

/** Fewer would leave nothing to fall back on when the newest is bad. */
const keptMin = 3

const pattern = /^snapshot-(\d{16})\.snap$/

const nameOf = (seq: number) => `snapshot-${String(seq).padStart(16, '0')}.snap`

/** The file of the snapshot of `seq`. */
export const snapshotPath = (directory: string, seq: number): string => join(directory, nameOf(seq))

const digestOf = (header: Uint8Array, body: Uint8Array) =>
  createHash('sha256').update(header.subarray(0, digestAt)).update(body).digest()

/** The seqs of the snapshot files of a directory, newest first; they may be bad. */
export const listSnapshots = (directory: string): number[] =>
  readdirSync(directory)
    .flatMap((name) => {
      const seq = pattern.exec(name)?.[1]
      return seq === undefined ? [] : [Number(seq)]
    })
    .toSorted((a, b) => b - a)

/** Writes, syncs, renames, syncs the directory; then removes all but the newest `kept`. */
export const writeSnapshotFile = async (
  directory: string,
  journalId: JournalId,
  snapshot: Omit<Snapshot, 'bytes'> & { bytes: Uint8Array },
  files: JournalFiles,
  kept: number = keptMin,
): Promise<void> => {
  const header = Buffer.alloc(headerBytes)
  const view = viewOf(header)
  view.setUint32(0, magic, true)
  view.setUint32(4, version, true)
  header.set(journalId, 8)
  writeU64(view, 16, snapshot.seq)
  view.setUint32(24, snapshot.stateHash.hi, true)
  view.setUint32(28, snapshot.stateHash.lo, true)
  writeU64(view, 32, snapshot.bytes.length)
  header.set(digestOf(header, snapshot.bytes), digestAt)

  const path = snapshotPath(directory, snapshot.seq)
  const temporary = `${path}.tmp`
  const file = await open(temporary, 'w')
  try {
    files.reached('journal:snapshot-begun')
    await files.write(file.fd, header, 0)
    files.reached('journal:snapshot-half')
    await files.write(file.fd, snapshot.bytes, headerBytes)
    await file.sync()
  } finally {
    await file.close()
  }
  files.reached('journal:snapshot-written')
  renameSync(temporary, path)
  syncDirectory(directory)
  files.reached('journal:snapshot-renamed')
  for (const seq of listSnapshots(directory).slice(Math.max(kept, keptMin)))
    rmSync(snapshotPath(directory, seq))
  files.reached('journal:snapshot-pruned')
}

/** The snapshot of `seq`, or undefined when its file does not verify or is another journal's. */
export const readSnapshotFile = (
  directory: string,
  journalId: JournalId,
  seq: number,
): Snapshot | undefined => {
  const file = readFileSync(snapshotPath(directory, seq))
  if (file.length < headerBytes) return undefined
  const view = viewOf(file)
  const bytes = file.subarray(headerBytes)
  const good =
    view.getUint32(0, true) === magic &&
    view.getUint32(4, true) === version &&
    readU64(view, 16) === seq &&
    readU64(view, 32) === bytes.length &&
    journalId.equals(file.subarray(8, 16)) &&
    digestOf(file, bytes).equals(file.subarray(digestAt, headerBytes))
  if (!good) return undefined
  return { seq, stateHash: { hi: view.getUint32(24, true), lo: view.getUint32(28, true) }, bytes }
}
