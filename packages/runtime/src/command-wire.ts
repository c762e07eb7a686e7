//! Layout of the command channel's frames.
import { FRAME_HEADER_BYTES, FrameError, plainView } from './frame.ts'
import { FrameType, ReplyStatus, readSeq, writeSeq } from './wire.ts'

// Commands: u32 id of the first, u16 count, then u16 length + bytes each; ids count up by one.
const commandsHeadBytes = 6
// Reply: u32 id, u8 status, 3 zero bytes, u64 seq, f64 timeMs, u32 length of the events, events.
const replyHeadBytes = 28

/** Commands gathered for one frame. */
export type CommandBatch = {
  /** Copies the command in. False when the batch is full. */
  add(id: number, command: Uint8Array): boolean
  /** The frame; the batch is empty afterwards. */
  take(): Buffer
  readonly count: number
}

const batchBytesMax = 64 * 1024

/** A reusable gatherer; frames are at most 64 KiB, so that no large buffer is kept alive by one reply. */
export const createCommandBatch = (): CommandBatch => {
  const bytes = Buffer.allocUnsafe(batchBytesMax)
  const start = FRAME_HEADER_BYTES + commandsHeadBytes
  let offset = start
  let count = 0
  return {
    add: (id, command) => {
      if (count === 0) bytes.writeUInt32LE(id, FRAME_HEADER_BYTES)
      else if (offset + 2 + command.length > batchBytesMax || count === 0xffff) return false
      bytes.writeUInt16LE(command.length, offset)
      bytes.set(command, offset + 2)
      offset += 2 + command.length
      count += 1
      return true
    },
    take: () => {
      bytes.writeUInt32LE(offset - 4, 0)
      bytes.writeUInt8(FrameType.Commands, 4)
      bytes.writeUInt16LE(count, FRAME_HEADER_BYTES + 4)
      const frame = Buffer.from(bytes.subarray(0, offset))
      offset = start
      count = 0
      return frame
    },
    get count() {
      return count
    },
  }
}

/**
 * Walks the commands of a frame.
 *
 * @throws FrameError when the lengths do not add up (nothing was visited then)
 */
export const visitCommands = (
  payload: Buffer,
  visit: (id: number, command: Buffer) => void,
): void => {
  if (payload.length < commandsHeadBytes)
    throw new FrameError('FRAME_MALFORMED', 'a commands frame ends too early')
  const firstId = payload.readUInt32LE(0)
  const count = payload.readUInt16LE(4)
  let end = commandsHeadBytes
  for (let i = 0; i < count; i++) {
    if (end + 2 > payload.length)
      throw new FrameError('FRAME_MALFORMED', 'a commands frame ends too early')
    end += 2 + payload.readUInt16LE(end)
  }
  if (end !== payload.length)
    throw new FrameError('FRAME_MALFORMED', 'a commands frame has a wrong length')
  let offset = commandsHeadBytes
  for (let i = 0; i < count; i++) {
    const next = offset + 2 + payload.readUInt16LE(offset)
    visit((firstId + i) % 2 ** 32, payload.subarray(offset + 2, next))
    offset = next
  }
}

/** One answer on the wire; `events` is empty unless the status is `Ok`. */
export type WireReply = {
  id: number
  status: ReplyStatus
  seq: number
  timeMs: number
  events: Uint8Array
}

/** Gathers replies into frames. */
export type ReplyBatch = {
  /** @param events holds them from `from` to `to`: by default all of it */
  add(
    id: number,
    status: ReplyStatus,
    seq: number,
    timeMs: number,
    events: Uint8Array,
    from?: number,
    to?: number,
  ): void
  /** The frame, or undefined when nothing was added; the batch is empty afterwards. */
  take(): Buffer | undefined
  readonly bytes: number
}

/** A reply batch that grows as needed. The caller takes it at the latest every few MiB. */
export const createReplyBatch = (): ReplyBatch => {
  let bytes = Buffer.allocUnsafe(4 * 1024)
  let offset = FRAME_HEADER_BYTES
  const reserve = (more: number) => {
    if (offset + more <= bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(bytes.length * 2, offset + more))
    bytes.copy(larger, 0, 0, offset)
    bytes = larger
  }
  return {
    add: (id, status, seq, timeMs, events, from = 0, to = events.length) => {
      reserve(replyHeadBytes + to - from)
      bytes.writeUInt32LE(id, offset)
      bytes.writeUInt32LE(status, offset + 4)
      writeSeq(bytes, offset + 8, seq)
      bytes.writeDoubleLE(timeMs, offset + 16)
      bytes.writeUInt32LE(to - from, offset + 24)
      bytes.set(
        from === 0 && to === events.length ? events : events.subarray(from, to),
        offset + replyHeadBytes,
      )
      offset += replyHeadBytes + to - from
    },
    take: () => {
      if (offset === FRAME_HEADER_BYTES) return undefined
      bytes.writeUInt32LE(offset - 4, 0)
      bytes.writeUInt8(FrameType.Replies, 4)
      const frame = Buffer.from(bytes.subarray(0, offset))
      offset = FRAME_HEADER_BYTES
      return frame
    },
    get bytes() {
      return offset
    },
  }
}

const toStatus = (code: number): ReplyStatus => {
  if (code === ReplyStatus.Ok || code === ReplyStatus.Overloaded || code === ReplyStatus.Invalid)
    return code
  throw new FrameError('FRAME_MALFORMED', `unknown reply status ${code}`)
}

/** Walks the replies of a frame; `events` is a view of it. @throws FrameError */
export const visitReplies = (payload: Buffer, visit: (reply: WireReply) => void): void => {
  let offset = 0
  while (offset < payload.length) {
    if (offset + replyHeadBytes > payload.length)
      throw new FrameError('FRAME_MALFORMED', 'a replies frame ends too early')
    const end = offset + replyHeadBytes + payload.readUInt32LE(offset + 24)
    if (end > payload.length)
      throw new FrameError('FRAME_MALFORMED', 'a replies frame has a wrong length')
    visit({
      id: payload.readUInt32LE(offset),
      status: toStatus(payload.readUInt8(offset + 4)),
      seq: readSeq(payload, offset + 8),
      timeMs: payload.readDoubleLE(offset + 16),
      events: plainView(payload, offset + replyHeadBytes, end),
    })
    offset = end
  }
}
