//! Chance as a function: the same seed and place give the same draw on every machine.

const mix = (hash: number, byte: number) => Math.imul(hash ^ byte, 16_777_619)

const hashOf = (text: string): number => {
  let hash = 2_166_136_261
  for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i))
  return hash
}

/** A uniform draw of a text's hash and a number: FNV-1a over the number's bytes, then the finalizer of MurmurHash3. */
const uniformOf = (textHash: number, number: number): number => {
  let hash = textHash
  for (let rest = number, i = 0; i < 7; i++, rest = Math.floor(rest / 256))
    hash = mix(hash, rest % 256)
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 4_294_967_296
}

/** A uniform draw, 0 up to but not 1. */
export const seededUniform = (text: string, number: number): number =>
  uniformOf(hashOf(text), number)

/**
 * A draw near the standard normal distribution: the sum of twelve uniform ones less six. Additions only, so the same
 * everywhere, and never beyond ±6.
 */
export const seededNormal = (text: string, number: number): number => {
  const textHash = hashOf(text)
  let sum = 0
  for (let i = 0; i < 12; i++) sum += uniformOf(mix(textHash, i), number)
  return sum - 6
}
