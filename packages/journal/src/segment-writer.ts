//! Appends batches to the newest segment and moves on to the next one before it overflows.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import type { JournalFiles } from './file-system.ts'
import type { SegmentHeader } from './layout.ts'
import { encodeSegmentHeader, segmentHeaderBytes } from './layout.ts'
import { nameSegment, prepareSegment } from './segment-files.ts'

/** A file with room, and where its next batch goes. */
type Current = { fd: number; offset: number; bytes: number }

/** The writing end of the segments. One call at a time. */
export type SegmentWriter = {
  /** Writes and syncs one batch; when it returns, the batch is durable. */
  write(batch: Buffer, nextHeader: () => SegmentHeader): Promise<void>
  close(): Promise<void>
}

/** How a segment writer is made; `current` is the recovered last segment, if there is one. */
export type SegmentWriterOptions = {
  directory: string
  segmentBytes: number
  files: JournalFiles
  current: { path: string; offset: number; bytes: number } | undefined
}

/** Prepares the spare segment ahead of need, so that no commit waits for 64 MiB of zeros. */
export const createSegmentWriter = (options: SegmentWriterOptions): SegmentWriter => {
  const { directory, segmentBytes, files } = options
  let current: Current | undefined
  if (options.current !== undefined) {
    const { path, offset, bytes } = options.current
    current = { fd: openSync(path, 'r+'), offset, bytes }
  }
  let spare: Promise<string> | undefined

  const prepare = () => {
    spare ??= prepareSegment(directory, segmentBytes, files)
    // Whoever needs the spare sees the error; until then it is not unhandled.
    spare.catch(() => {})
    return spare
  }
  const roll = async (header: SegmentHeader) => {
    const temporary = await prepare()
    spare = undefined
    files.reached('journal:segment-prepared')
    const fd = openSync(temporary, 'r+')
    writeSync(fd, encodeSegmentHeader(header), 0, segmentHeaderBytes, 0)
    files.reached('journal:segment-headed')
    nameSegment(temporary, directory, header.firstSeq)
    if (current !== undefined) closeSync(current.fd)
    current = { fd, offset: segmentHeaderBytes, bytes: segmentBytes }
    files.reached('journal:segment-opened')
    return current
  }

  return {
    write: async (batch, nextHeader) => {
      let target = current
      if (target === undefined || target.offset + batch.length > target.bytes)
        target = await roll(nextHeader())
      files.reached('journal:before-write')
      await files.write(target.fd, batch, target.offset)
      files.reached('journal:after-write')
      await files.fdatasync(target.fd)
      files.reached('journal:after-sync')
      target.offset += batch.length
      if (target.offset > target.bytes / 2) void prepare()
    },
    close: async () => {
      if (current !== undefined) closeSync(current.fd)
      current = undefined
      const unused = await spare?.catch(() => undefined)
      if (unused !== undefined) rmSync(unused, { force: true })
    },
  }
}
