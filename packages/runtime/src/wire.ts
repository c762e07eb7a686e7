//! What the frames on the sequencer's socket mean: layouts of both protocols, little endian.
import { COMMAND_STRIDE } from '@plumb/model'
import { FrameError } from './frame.ts'

/** The frame types. 1-15 are common, 16-31 the command channel, 32-47 the feed. */
export const FrameType = {
  Hello: 1,
  Welcome: 2,
  Refused: 3,
  Heartbeat: 4,
  Commands: 16,
  Replies: 17,
  FeedEntries: 32,
  FeedGroupEnd: 33,
} as const

/** What a connection is for; its first frame says so. */
export const Role = { Commands: 1, Feed: 2 } as const
export type Role = (typeof Role)[keyof typeof Role]

/** How a command was received. Only `Ok` means that it was sequenced (and is durable). */
export const ReplyStatus = { Ok: 0, Overloaded: 1, Invalid: 2 } as const
export type ReplyStatus = (typeof ReplyStatus)[keyof typeof ReplyStatus]

/** Raised with every change of a layout below; both sides must agree. */
const wireVersion = 1

const helloMagic = 0x424d4c50 // 'PLMB'
const helloBytes = 18

/** A command's bytes on the wire are at most one slot of the model's command buffer. */
export const commandBytesMax: number = COMMAND_STRIDE

/** Reads a sequence number: u64 of which 53 bits are used. */
export const readSeq = (bytes: Buffer, offset: number): number =>
  bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 2 ** 32

/** Writes a sequence number. */
export const writeSeq = (bytes: Buffer, offset: number, seq: number): void => {
  bytes.writeUInt32LE(seq % 2 ** 32, offset)
  bytes.writeUInt32LE(Math.floor(seq / 2 ** 32), offset + 4)
}

const needs = (payload: Buffer, bytes: number) => {
  if (payload.length < bytes) throw new FrameError('FRAME_MALFORMED', 'a frame ends too early')
}

/** The first frame of a connection. `fromSeq` is the feed's first wanted seq. */
export type Hello = { role: Role; fromSeq: number; name: string }

export const encodeHello = ({ role, fromSeq, name }: Hello): Buffer => {
  const text = Buffer.from(name, 'utf8').subarray(0, 255)
  const bytes = Buffer.alloc(helloBytes + text.length)
  bytes.writeUInt32LE(helloMagic, 0)
  bytes.writeUInt32LE(wireVersion, 4)
  bytes.writeUInt8(role, 8)
  bytes.writeUInt8(text.length, 9)
  writeSeq(bytes, 10, fromSeq)
  bytes.set(text, helloBytes)
  return bytes
}

/** @throws FrameError when the peer does not speak this protocol and version */
export const decodeHello = (payload: Buffer): Hello => {
  needs(payload, helloBytes)
  const version = payload.readUInt32LE(4)
  const role = payload.readUInt8(8)
  if (payload.readUInt32LE(0) !== helloMagic || version !== wireVersion)
    throw new FrameError('FRAME_MALFORMED', `not a Plumb peer of wire version ${wireVersion}`)
  if (role !== Role.Commands && role !== Role.Feed)
    throw new FrameError('FRAME_MALFORMED', `unknown role ${role}`)
  return { role, fromSeq: readSeq(payload, 10), name: payload.toString('utf8', helloBytes) }
}

/** A server's sequence numbers: sent as welcome and with each heartbeat. */
export const encodeDurableSeq = (durableSeq: number): Buffer => {
  const bytes = Buffer.alloc(8)
  writeSeq(bytes, 0, durableSeq)
  return bytes
}

/** The durable seq in a welcome or heartbeat, or undefined when it carries none. */
export const decodeDurableSeq = (payload: Buffer): number | undefined =>
  payload.length < 8 ? undefined : readSeq(payload, 0)

/** Why a peer was turned away: a stable code and a sentence. */
export type Refusal = { code: string; message: string }

export const encodeRefusal = ({ code, message }: Refusal): Buffer =>
  Buffer.from(`${code}\n${message}`, 'utf8')

export const decodeRefusal = (payload: Buffer): Refusal => {
  const [code = 'REFUSED', ...rest] = payload.toString('utf8').split('\n')
  return { code, message: rest.join('\n') }
}
