//! The feed on disk: what each durable batch told the followers, so that any of them can come late.
//!
//! Not the record: it is a pure function of the journal, synced only when a snapshot is taken, cut
//! back to that snapshot at start and written anew from there. Each group of frames stands as it goes
//! over the wire, behind its length and CRC.
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32c, systemFiles } from '@plumb/journal'
import { decodeFeedGroupEnd, FRAME_HEADER_BYTES, faultPoint } from '@plumb/runtime'

/** A batch as followers receive it: whole frames. */
export type FeedGroupBytes = { firstSeq: number; lastSeq: number; bytes: Buffer }

type Segment = { path: string; ordinal: number; firstSeq: number }

const recordHeaderBytes = 8
const groupEndBytes = FRAME_HEADER_BYTES + 48
const pattern = /^feed-(\d{8})-(\d{16})\.log$/

/** Groups kept in memory: those on their way to the disk, and a little more for quick returns. */
const tailBytesMax = 8 * 1024 * 1024

/** Groups gather this long, or until they are so many bytes: every write of a few would cost as much as one of all. */
const writeAfterMs = 20
const writeAtOnceBytes = 256 * 1024

const viewOf = (bytes: Buffer) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const readSeq = (bytes: Buffer, at: number) =>
  bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32

/** The group in a record's bytes: its first frame names the first seq, its last frame the last. */
const toGroup = (bytes: Buffer): FeedGroupBytes => {
  const end = decodeFeedGroupEnd(bytes.subarray(bytes.length - groupEndBytes + FRAME_HEADER_BYTES))
  return { firstSeq: readSeq(bytes, FRAME_HEADER_BYTES), lastSeq: end.lastSeq, bytes }
}

const listFeedSegments = (directory: string): Segment[] =>
  readdirSync(directory)
    .flatMap((name) => {
      const match = pattern.exec(name)
      if (match === null) return []
      const path = join(directory, name)
      return [{ path, ordinal: Number(match[1]), firstSeq: Number(match[2]) }]
    })
    .toSorted((a, b) => a.ordinal - b.ordinal)

const readBytes = 1024 * 1024

/** Bytes of the record that `held` begins with: its header's, while that is incomplete. */
const neededBytes = (held: Buffer) =>
  held.length < recordHeaderBytes ? recordHeaderBytes : recordHeaderBytes + held.readUInt32LE(0)

/** The whole groups of a file and where the last of them ends. Stops at the first bad one. */
function* groupsOf(bytes: Buffer): Generator<{ group: FeedGroupBytes; end: number }, void, void> {
  const view = viewOf(bytes)
  let at = 0
  while (at + recordHeaderBytes + groupEndBytes <= bytes.length) {
    const start = at + recordHeaderBytes
    const end = start + view.getUint32(at, true)
    if (end > bytes.length || end < start + groupEndBytes) return
    if (crc32c(view, start, end) !== view.getUint32(at + 4, true)) return
    yield { group: toGroup(bytes.subarray(start, end)), end }
    at = end
  }
}

/** The groups of a file whose last seq is at least `fromSeq`, read in chunks. Stops at a bad one. */
async function* readGroups(
  path: string,
  fromSeq: number,
): AsyncGenerator<FeedGroupBytes, void, void> {
  const file = await open(path, 'r')
  try {
    let held: Buffer = Buffer.alloc(0)
    for (;;) {
      const chunk = Buffer.allocUnsafe(Math.max(readBytes, neededBytes(held) - held.length))
      const { bytesRead } = await file.read(chunk, 0, chunk.length)
      if (bytesRead === 0) return
      const bytes = Buffer.concat([held, chunk.subarray(0, bytesRead)])
      let at = 0
      for (;;) {
        const end = at + neededBytes(bytes.subarray(at))
        if (end > bytes.length) break
        const start = at + recordHeaderBytes
        if (end < start + groupEndBytes) return
        at = end
        const group = toGroup(bytes.subarray(start, end))
        if (group.lastSeq < fromSeq) continue
        if (crc32c(viewOf(bytes), start, end) !== bytes.readUInt32LE(start - 4)) return
        yield group
      }
      held = bytes.subarray(at)
    }
  } finally {
    await file.close()
  }
}

const retire = async (fd: number): Promise<void> => {
  try {
    await systemFiles.fdatasync(fd)
  } finally {
    closeSync(fd)
  }
}

/** How a feed log is opened. */
export type FeedLogOptions = { segmentBytes?: number; onFatal?: (error: unknown) => void }

/** The feed's files. */
export class FeedLog {
  readonly directory: string
  private readonly segmentBytes: number
  private readonly onFatal: (error: unknown) => void
  private readonly tail: FeedGroupBytes[] = []
  private tailBytes = 0
  private unwritten: FeedGroupBytes[] = []
  private waitingBytes = 0
  private writing: Promise<void> | undefined
  private timer: NodeJS.Timeout | undefined
  private fd: number | undefined
  /** Finished files on their way to the disk: a snapshot waits for them, the feed does not. */
  private readonly retired: Promise<void>[] = []
  private fdOffset = 0
  private ordinal = 0
  private written = 0
  private appended = 0

  constructor(directory: string, options: FeedLogOptions = {}) {
    this.directory = directory
    this.segmentBytes = options.segmentBytes ?? 64 * 1024 * 1024
    this.onFatal = options.onFatal ?? (() => {})
    mkdirSync(directory, { recursive: true })
  }

  /** The seq up to which the files are whole. Each of them was durable in the journal once. */
  findLastSeq(): number {
    for (const { path } of listFeedSegments(this.directory).toReversed()) {
      let lastSeq = 0
      for (const { group } of groupsOf(readFileSync(path))) lastSeq = group.lastSeq
      if (lastSeq > 0) return lastSeq
    }
    return 0
  }

  /**
   * Cuts the files back so that they end with the group that ends at `seq`, and opens them there.
   *
   * @returns false when no group ends there or a file before it is bad (nothing usable is left then)
   */
  cutAfter(seq: number): boolean {
    const segments = listFeedSegments(this.directory)
    for (const segment of segments.splice(seq === 0 ? 0 : segments.length)) rmSync(segment.path)
    let next = 1
    for (const [index, { path, ordinal, firstSeq }] of segments.entries()) {
      if (firstSeq > seq || next > seq) {
        rmSync(path)
        continue
      }
      const following = segments[index + 1]
      // A file that another one continues was closed whole; its groups are checked when they are read.
      if (following !== undefined && following.firstSeq <= seq) {
        next = following.firstSeq
        continue
      }
      if (firstSeq !== next) return false
      const end = this.endOf(path, firstSeq, seq)
      if (end === undefined) return false
      this.openAt(path, ordinal, end)
      next = seq + 1
    }
    this.written = seq
    this.appended = seq
    return next === seq + 1
  }

  private endOf(path: string, firstSeq: number, seq: number): number | undefined {
    let next = firstSeq
    for (const { group, end } of groupsOf(readFileSync(path))) {
      if (group.firstSeq !== next) return undefined
      next = group.lastSeq + 1
      if (group.lastSeq === seq) return end
    }
    return undefined
  }

  private openAt(path: string, ordinal: number, end: number): void {
    this.fd = openSync(path, 'r+')
    ftruncateSync(this.fd, end)
    faultPoint('sequencer:feed-cut')
    this.fdOffset = end
    this.ordinal = ordinal
  }

  /** Removes everything; the journal regenerates it. */
  clear(): void {
    for (const { path } of listFeedSegments(this.directory)) rmSync(path)
    this.written = 0
    this.appended = 0
  }

  /** Adds a group; it can be read at once, and reaches the disk off-thread a little later. */
  append(group: FeedGroupBytes): void {
    if (group.firstSeq !== this.appended + 1)
      throw new RangeError(`feed group ${group.firstSeq} where ${this.appended + 1} comes next`)
    this.appended = group.lastSeq
    this.tail.push(group)
    this.tailBytes += group.bytes.length
    this.unwritten.push(group)
    this.waitingBytes += group.bytes.length
    if (this.waitingBytes >= writeAtOnceBytes) void this.startWriting()
    else this.timer ??= setTimeout(() => void this.startWriting(), writeAfterMs)
  }

  private startWriting(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    // With nothing to write it would end before it is remembered, and be remembered for ever.
    if (this.unwritten.length > 0) this.writing ??= this.writeAll()
    return this.writing ?? Promise.resolve()
  }

  private trimTail(): void {
    for (let oldest = this.tail[0]; oldest !== undefined; oldest = this.tail[0]) {
      if (this.tailBytes <= tailBytesMax || oldest.lastSeq > this.written) return
      this.tail.shift()
      this.tailBytes -= oldest.bytes.length
    }
  }

  private async writeAll(): Promise<void> {
    try {
      while (this.unwritten.length > 0) {
        const groups = this.unwritten
        this.unwritten = []
        this.waitingBytes = 0
        await this.write(groups)
        this.written = groups.at(-1)?.lastSeq ?? this.written
        this.trimTail()
      }
    } catch (error) {
      this.onFatal(error)
    } finally {
      this.writing = undefined
    }
  }

  private async write(groups: readonly FeedGroupBytes[]): Promise<void> {
    if (this.fd === undefined || this.fdOffset >= this.segmentBytes) this.roll(groups[0])
    const parts = groups.flatMap(({ bytes }) => {
      const head = Buffer.alloc(recordHeaderBytes)
      head.writeUInt32LE(bytes.length, 0)
      head.writeUInt32LE(crc32c(viewOf(bytes), 0, bytes.length), 4)
      return [head, bytes]
    })
    const chunk = Buffer.concat(parts)
    await systemFiles.write(this.fd ?? -1, chunk, this.fdOffset)
    this.fdOffset += chunk.length
    faultPoint('sequencer:feed-written')
  }

  private roll(first: FeedGroupBytes | undefined): void {
    if (this.fd !== undefined) this.retired.push(retire(this.fd))
    this.ordinal += 1
    const ordinal = String(this.ordinal).padStart(8, '0')
    const name = `feed-${ordinal}-${String(first?.firstSeq ?? 0).padStart(16, '0')}.log`
    this.fd = openSync(join(this.directory, name), 'w+')
    this.fdOffset = 0
    faultPoint('sequencer:feed-rolled')
  }

  /** Bytes appended and not yet handed to the disk. */
  get unwrittenBytes(): number {
    return this.waitingBytes
  }

  /** Waits until everything appended so far is written. */
  async flush(): Promise<void> {
    while (this.writing !== undefined || this.unwritten.length > 0) await this.startWriting()
  }

  /** Waits until everything appended so far survives whatever happens to the machine. */
  async sync(): Promise<void> {
    await this.flush()
    await Promise.all(this.retired.splice(0))
    faultPoint('sequencer:feed-flushed')
    if (this.fd !== undefined) await systemFiles.fdatasync(this.fd)
    const directory = await open(this.directory, 'r')
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  }

  /** The groups in memory from the one that holds `seq`; undefined when that one is only on disk. */
  recent(seq: number): readonly FeedGroupBytes[] | undefined {
    if (seq > this.appended) return []
    const first = this.tail[0]
    if (first === undefined || first.firstSeq > seq) return undefined
    return this.tail.filter((group) => group.lastSeq >= seq)
  }

  /**
   * The groups on disk from the one that holds `seq`, up to what is written by now. Reads in chunks
   * off-thread: a follower that comes late must not hold up the sequencer.
   *
   * @throws when a file is bad: the feed must be regenerated
   */
  async *read(seq: number): AsyncGenerator<FeedGroupBytes, void, void> {
    const upTo = this.written
    const segments = listFeedSegments(this.directory)
    let next = seq
    for (const [index, { path }] of segments.entries()) {
      const following = segments[index + 1]
      if (following !== undefined && following.firstSeq <= seq) continue
      for await (const group of readGroups(path, next)) {
        if (group.firstSeq > next) break
        yield group
        next = group.lastSeq + 1
        if (next > upTo) return
      }
    }
    if (next <= upTo)
      throw new Error(`the feed log is bad after seq ${next - 1} in ${this.directory}`)
  }

  async close(): Promise<void> {
    await this.sync()
    if (this.fd !== undefined) closeSync(this.fd)
    this.fd = undefined
  }
}
