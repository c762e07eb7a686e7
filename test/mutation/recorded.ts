//! A recorded stream: commands, and a digest of what the unchanged engine said to each.
import type { EngineLimits } from '../../packages/engine/src/index.ts'

export type Recorded = {
  name: string
  limits: Partial<EngineLimits>
  commands: Uint8Array
  answers: number[]
  hash: string
}

/** A 32-bit digest of event records (FNV-1a over words). */
export function digest(bytes: Uint8Array): number {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
  let hash = 0x811c9dc5
  for (const word of words) hash = Math.imul(hash ^ word, 0x01000193)
  return hash ^ words.length
}
