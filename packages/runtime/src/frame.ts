//! Frames on a byte stream: u32 length (little endian, of what follows), u8 type, payload.

/** Bytes before a frame's payload. */
export const FRAME_HEADER_BYTES = 5

/** No frame is longer than this, header included; a longer one is refused as hostile. Peers are our own services. */
export const frameBytesMax: number = 256 * 1024 * 1024

/** What went wrong on the wire, with a stable code. */
export class FrameError extends Error {
  readonly code: 'FRAME_TOO_LONG' | 'FRAME_MALFORMED'

  constructor(code: FrameError['code'], message: string) {
    super(message)
    this.name = 'FrameError'
    this.code = code
  }
}

/** One frame as bytes; the parts of the payload are copied behind one header. */
export const encodeFrame = (type: number, ...parts: readonly Uint8Array[]): Buffer => {
  let payloadBytes = 0
  for (const part of parts) payloadBytes += part.length
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payloadBytes)
  frame.writeUInt32LE(payloadBytes + 1, 0)
  frame[4] = type
  let offset = FRAME_HEADER_BYTES
  for (const part of parts) {
    frame.set(part, offset)
    offset += part.length
  }
  return frame
}

/**
 * A part of a received frame as a plain Uint8Array. Handing out Buffers would hand out their `slice`,
 * which does not copy: code written for Uint8Array then reads a neighbour's bytes.
 */
export const plainView = (payload: Buffer, start: number, end: number): Uint8Array =>
  new Uint8Array(payload.buffer, payload.byteOffset + start, end - start)

/** Takes chunks as they arrive and calls back with whole frames. */
export type FrameReader = {
  /** @throws FrameError when the stream is not ours */
  push(chunk: Buffer): void
}

/**
 * A reader that does not copy: a frame inside one chunk is handed over as a view of it. Only a
 * frame that spans chunks is gathered in a buffer of its own.
 */
export const createFrameReader = (
  bytesMax: number,
  onFrame: (type: number, payload: Buffer) => void,
): FrameReader => {
  const head = Buffer.alloc(4)
  let headFilled = 0
  let body: Buffer | undefined
  let bodyFilled = 0

  const judgeLength = (length: number) => {
    if (length < 1) throw new FrameError('FRAME_MALFORMED', 'a frame has no type')
    if (length + 4 > bytesMax)
      throw new FrameError('FRAME_TOO_LONG', `a frame of ${length + 4} bytes, limit ${bytesMax}`)
    return length
  }

  const fillBody = (gathered: Buffer, chunk: Buffer, offset: number) => {
    const taken = Math.min(gathered.length - bodyFilled, chunk.length - offset)
    chunk.copy(gathered, bodyFilled, offset, offset + taken)
    bodyFilled += taken
    if (bodyFilled === gathered.length) {
      body = undefined
      bodyFilled = 0
      onFrame(gathered.readUInt8(0), gathered.subarray(1))
    }
    return offset + taken
  }

  const fillHead = (chunk: Buffer, offset: number) => {
    const taken = Math.min(4 - headFilled, chunk.length - offset)
    chunk.copy(head, headFilled, offset, offset + taken)
    headFilled += taken
    if (headFilled === 4) {
      headFilled = 0
      body = Buffer.allocUnsafeSlow(judgeLength(head.readUInt32LE(0)))
    }
    return offset + taken
  }

  return {
    push: (chunk) => {
      let offset = 0
      while (offset < chunk.length) {
        if (body !== undefined) offset = fillBody(body, chunk, offset)
        else if (headFilled > 0 || chunk.length - offset < 4) offset = fillHead(chunk, offset)
        else {
          const end = offset + 4 + judgeLength(chunk.readUInt32LE(offset))
          if (end > chunk.length) offset = fillHead(chunk, offset)
          else {
            onFrame(chunk.readUInt8(offset + 4), chunk.subarray(offset + FRAME_HEADER_BYTES, end))
            offset = end
          }
        }
      }
    },
  }
}
