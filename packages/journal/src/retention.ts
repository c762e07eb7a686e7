//! Moves segments that nobody needs for a start any more into the `archive` folder beside the journal.
//!
//! An archived segment is still part of the journal: whoever reads from the first command on finds it there. A start needs
//! only what follows the oldest kept snapshot. `retained` names the first segment that must be here: it is written before
//! anything moves, so that a segment which somebody removed is told from one that was archived.
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import type { JournalFiles } from './file-system.ts'
import { syncDirectory } from './file-system.ts'
import type { SegmentFile } from './segment-files.ts'
import { archiveOf } from './segment-files.ts'

const retainedPath = (directory: string) => join(directory, 'retained')

/** Ordinal of the first segment that may not be missing; 1 where nothing was ever archived. */
export const readRetained = (directory: string): number => {
  try {
    const [, ordinal] =
      /^first segment (\d+)\n$/.exec(readFileSync(retainedPath(directory), 'utf8')) ?? []
    return ordinal === undefined ? 1 : Number(ordinal)
  } catch {
    return 1
  }
}

const writeRetained = (directory: string, ordinal: number) => {
  const temporary = `${retainedPath(directory)}.tmp`
  const fd = openSync(temporary, 'w')
  try {
    writeSync(fd, `first segment ${ordinal}\n`)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(temporary, retainedPath(directory))
  syncDirectory(directory)
}

/** The segments whose records all stand at or below `floorSeq`; never the newest two. */
export const segmentsBelow = (
  segments: readonly SegmentFile[],
  floorSeq: number,
): readonly SegmentFile[] => {
  const firstNeeded = segments.findIndex(
    (_, i) => (segments[i + 1]?.firstSeq ?? Infinity) > floorSeq + 1,
  )
  return segments.slice(0, Math.min(Math.max(firstNeeded, 0), Math.max(segments.length - 2, 0)))
}

/**
 * Moves `gone`, the oldest segments of a journal, into its archive; safe to be killed anywhere and to be repeated.
 *
 * @throws Error when a rename fails, e.g. across file systems: nothing is lost, the files stay where they are
 */
export const archiveSegments = (
  directory: string,
  gone: readonly SegmentFile[],
  files: JournalFiles,
): void => {
  const last = gone.at(-1)
  if (last === undefined) return
  const archive = archiveOf(directory)
  if (mkdirSync(archive, { recursive: true }) !== undefined) syncDirectory(directory)
  writeRetained(directory, last.ordinal + 1)
  files.reached('journal:retention-noted')
  for (const { path } of gone) renameSync(path, join(archive, basename(path)))
  syncDirectory(archive)
  syncDirectory(directory)
  files.reached('journal:segments-archived')
}
