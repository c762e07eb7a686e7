//! Layout of the feed's frames; the sequencer's feed log keeps the same bytes.
import type { StateHash } from '@plumb/model'
import { encodeFrame, FRAME_HEADER_BYTES, FrameError, plainView } from './frame.ts'
import { FrameType, readSeq, writeSeq } from './wire.ts'

// Entries: u64 seq of the first, u32 count, then u32 command length, u32 events length, both each.
const entriesHeadBytes = 12
const entryHeadBytes = 8
const groupEndBytes = 48

/** What one command was and did. Both are views of the received bytes and may be kept. */
export type FeedEntry = { seq: number; command: Uint8Array; events: Uint8Array }

/** The end of a durable journal batch and its two witnesses. */
export type FeedGroupEnd = { lastSeq: number; chainHash: Uint8Array; stateHash: StateHash }

/** Gathers entries of consecutive seqs into one frame. */
export type FeedEntriesWriter = {
  /**
   * Copies an entry in.
   * @returns where its events stand in the frame that `take` will return
   */
  add(seq: number, command: Uint8Array, events: Uint8Array): number
  /** The frame; the writer is empty afterwards. */
  take(): Buffer
  readonly count: number
  readonly bytes: number
}

/** A writer that grows as needed. The caller takes the frame well before the frame limit. */
export const createFeedEntriesWriter = (): FeedEntriesWriter => {
  const start = FRAME_HEADER_BYTES + entriesHeadBytes
  let bytes = Buffer.allocUnsafe(64 * 1024)
  let offset = start
  let count = 0
  const reserve = (more: number) => {
    if (offset + more <= bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(bytes.length * 2, offset + more))
    bytes.copy(larger, 0, 0, offset)
    bytes = larger
  }
  return {
    add: (seq, command, events) => {
      if (count === 0) writeSeq(bytes, FRAME_HEADER_BYTES, seq)
      reserve(entryHeadBytes + command.length + events.length)
      bytes.writeUInt32LE(command.length, offset)
      bytes.writeUInt32LE(events.length, offset + 4)
      bytes.set(command, offset + entryHeadBytes)
      const eventsAt = offset + entryHeadBytes + command.length
      bytes.set(events, eventsAt)
      offset = eventsAt + events.length
      count += 1
      return eventsAt
    },
    take: () => {
      bytes.writeUInt32LE(offset - 4, 0)
      bytes.writeUInt8(FrameType.FeedEntries, 4)
      bytes.writeUInt32LE(count, FRAME_HEADER_BYTES + 8)
      const frame = Buffer.from(bytes.subarray(0, offset))
      offset = start
      count = 0
      return frame
    },
    get count() {
      return count
    },
    get bytes() {
      return offset
    },
  }
}

/** The entries of a frame, as views of it. @throws FrameError when the lengths do not add up */
export const decodeFeedEntries = (payload: Buffer): FeedEntry[] => {
  if (payload.length < entriesHeadBytes)
    throw new FrameError('FRAME_MALFORMED', 'a feed frame ends too early')
  const firstSeq = readSeq(payload, 0)
  const count = payload.readUInt32LE(8)
  const entries: FeedEntry[] = []
  let offset = entriesHeadBytes
  for (let i = 0; i < count; i++) {
    const commandAt = offset + entryHeadBytes
    if (commandAt > payload.length)
      throw new FrameError('FRAME_MALFORMED', 'a feed frame ends too early')
    const eventsAt = commandAt + payload.readUInt32LE(offset)
    offset = eventsAt + payload.readUInt32LE(offset + 4)
    if (offset > payload.length)
      throw new FrameError('FRAME_MALFORMED', 'a feed frame has a wrong length')
    const command = plainView(payload, commandAt, eventsAt)
    entries.push({ seq: firstSeq + i, command, events: plainView(payload, eventsAt, offset) })
  }
  if (offset !== payload.length)
    throw new FrameError('FRAME_MALFORMED', 'a feed frame has a wrong length')
  return entries
}

/** The frame that closes a group. */
export const encodeFeedGroupEnd = ({ lastSeq, chainHash, stateHash }: FeedGroupEnd): Buffer => {
  const payload = Buffer.alloc(groupEndBytes)
  writeSeq(payload, 0, lastSeq)
  payload.writeUInt32LE(stateHash.hi, 8)
  payload.writeUInt32LE(stateHash.lo, 12)
  payload.set(chainHash, 16)
  return encodeFrame(FrameType.FeedGroupEnd, payload)
}

/** @throws FrameError */
export const decodeFeedGroupEnd = (payload: Buffer): FeedGroupEnd => {
  if (payload.length !== groupEndBytes)
    throw new FrameError('FRAME_MALFORMED', 'a group end has a wrong length')
  return {
    lastSeq: readSeq(payload, 0),
    stateHash: { hi: payload.readUInt32LE(8), lo: payload.readUInt32LE(12) },
    chainHash: Buffer.from(payload.subarray(16)),
  }
}
