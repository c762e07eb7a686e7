//! The segment files of a directory: names, order, preallocation.
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { JournalFiles } from './file-system.ts'
import { syncDirectory } from './file-system.ts'
import { JournalError } from './journal-error.ts'

/** A segment on disk. Several may start at one seq: an empty batch can be the first of its file. */
export type SegmentFile = { path: string; ordinal: number; firstSeq: number }

const pattern = /^journal-(\d{8})-(\d{16})\.seg$/

/** Where segments go that no start needs any more. */
export const archiveOf = (directory: string): string => join(directory, 'archive')

/** The segments of a directory and of its archive in order: all that there ever was, while the archive is at hand. */
export const listAllSegments = (directory: string): SegmentFile[] => {
  const archive = archiveOf(directory)
  // The journal may be running: a segment that moves between the two looks is seen in both places, never in neither.
  const here = listSegments(directory)
  const archived = existsSync(archive) ? listSegments(archive) : []
  const known = new Set(archived.map(({ ordinal }) => ordinal))
  return [...archived, ...here.filter(({ ordinal }) => !known.has(ordinal))]
}

/** A segment's bytes, from the archive if it moved there since it was listed. */
export const readSegmentFile = ({ path }: SegmentFile): Buffer => {
  try {
    return readFileSync(path)
  } catch (error) {
    const archived = join(archiveOf(dirname(path)), basename(path))
    if (!existsSync(archived)) throw error
    return readFileSync(archived)
  }
}

/** The segments of a directory in order. */
export const listSegments = (directory: string): SegmentFile[] =>
  readdirSync(directory)
    .flatMap((name) => {
      const match = pattern.exec(name)
      if (match === null) return []
      const path = join(directory, name)
      return [{ path, ordinal: Number(match[1]), firstSeq: Number(match[2]) }]
    })
    .toSorted((a, b) => a.ordinal - b.ordinal)

const segmentPath = (directory: string, ordinal: number, firstSeq: number): string => {
  const name = `journal-${String(ordinal).padStart(8, '0')}-${String(firstSeq).padStart(16, '0')}`
  return join(directory, `${name}.seg`)
}

/** Files that a crash left half made. */
export const removeTemporaryFiles = (directory: string): void => {
  for (const name of readdirSync(directory))
    if (name.endsWith('.tmp')) rmSync(join(directory, name))
}

/** Free bytes of the file system that holds `directory`. */
export const freeBytesOf = (directory: string): number => {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}

/**
 * A file of `bytes` real zeros under a temporary name. Zeros, not a hole: an fdatasync of a block
 * that exists already does not have to commit any metadata.
 */
export const prepareSegment = async (
  directory: string,
  bytes: number,
  files: JournalFiles,
): Promise<string> => {
  const path = join(directory, `spare-${randomBytes(4).toString('hex')}.tmp`)
  const zeros = Buffer.alloc(Math.min(bytes, 1024 * 1024))
  const file = await open(path, 'wx')
  try {
    for (let at = 0; at < bytes; at += zeros.length)
      await files.write(file.fd, zeros.subarray(0, bytes - at), at)
    files.reached('journal:segment-filled')
    await file.sync()
  } finally {
    await file.close()
  }
  return path
}

/** Gives a prepared and headed file its name, durably. */
export const nameSegment = (temporary: string, directory: string, firstSeq: number): string => {
  const ordinal = (listSegments(directory).at(-1)?.ordinal ?? 0) + 1
  const path = segmentPath(directory, ordinal, firstSeq)
  const fd = openSync(temporary, 'r+')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(temporary, path)
  syncDirectory(directory)
  return path
}

const mib = (bytes: number) => `${Math.floor(bytes / 2 ** 20)} MiB`

/** @throws JournalError `DISK_LOW` */
export const requireFree = (directory: string, bytes: number): void => {
  const free = freeBytesOf(directory)
  if (free >= bytes) return
  const message = `${directory} has ${mib(free)} free, the journal needs ${mib(bytes)}: make room and start again`
  throw new JournalError('DISK_LOW', message)
}
