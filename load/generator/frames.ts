//! WebSocket frames by hand: a load generator that shares the machine must cost little for each message.

/** One masked text frame. The mask is zero, which is allowed and leaves the text as it is. */
export function textFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text)
  const wide = bytes > 125
  const head = wide ? 8 : 6
  const frame = Buffer.allocUnsafe(head + bytes)
  frame.writeUInt8(0x81, 0)
  frame.writeUInt8(0x80 | (wide ? 126 : bytes), 1)
  if (wide) frame.writeUInt16BE(bytes, 2)
  frame.writeUInt32BE(0, head - 4)
  frame.write(text, head, 'latin1')
  return frame
}

export const opcode = { text: 1, close: 8, ping: 9, pong: 10 } as const

/** Called with each whole frame: its payload is `bytes[start … end)`. */
export type FrameSink = (op: number, bytes: Buffer, start: number, end: number) => void

/** Splits what a server sends into frames, without copying those that lie within a chunk. */
export class FrameSplitter {
  readonly #sink: FrameSink
  #rest: Buffer | undefined

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  push(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    for (;;) {
      const left = bytes.length - at
      if (left < 2) break
      const short = bytes[at + 1]! & 0x7f
      const head = short < 126 ? 2 : short === 126 ? 4 : 10
      if (left < head) break
      const size =
        short < 126
          ? short
          : short === 126
            ? bytes.readUInt16BE(at + 2)
            : Number(bytes.readBigUInt64BE(at + 2))
      if (left < head + size) break
      this.#sink(bytes[at]! & 0x0f, bytes, at + head, at + head + size)
      at += head + size
    }
    this.#rest = at === bytes.length ? undefined : Buffer.from(bytes.subarray(at))
  }
}
