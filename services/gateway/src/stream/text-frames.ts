//! WebSocket text frames made once: what is sent to many is encoded once, what leaves together is one buffer.

const FIN_TEXT = 0x81
const SHORT_MAX = 125
const WIDE_MAX = 65_535

/** A whole frame with this text. */
export function textFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafe(headBytes(bytes) + bytes)
  writeFrame(frame, 0, text, bytes)
  return frame
}

/** The frames of several texts, one behind the other. */
export function textFrames(texts: readonly string[]): Buffer {
  const sizes = texts.map((text) => Buffer.byteLength(text))
  const total = sizes.reduce((sum, bytes) => sum + headBytes(bytes) + bytes, 0)
  const frames = Buffer.allocUnsafe(total)
  let at = 0
  for (const [i, text] of texts.entries()) at = writeFrame(frames, at, text, sizes[i] ?? 0)
  return frames
}

function headBytes(bytes: number): number {
  return bytes <= SHORT_MAX ? 2 : bytes <= WIDE_MAX ? 4 : 10
}

/** Answers where the next frame goes. */
function writeFrame(out: Buffer, at: number, text: string, bytes: number): number {
  const body = at + headBytes(bytes)
  out[at] = FIN_TEXT
  if (bytes <= SHORT_MAX) out[at + 1] = bytes
  else if (bytes <= WIDE_MAX) {
    out[at + 1] = 126
    out.writeUInt16BE(bytes, at + 2)
  } else {
    out[at + 1] = 127
    out.writeBigUInt64BE(BigInt(bytes), at + 2)
  }
  out.write(text, body)
  return body + bytes
}
