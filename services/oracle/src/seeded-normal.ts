//! Chance as a function: the same seed and place give the same draw on every machine.

/** 32 mixed bits of a text and a number (FNV-1a, then the finalizer of MurmurHash3). */
const mixedBits = (text: string, number: number): number => {
  let hash = 2_166_136_261
  const mix = (byte: number) => {
    hash = Math.imul(hash ^ byte, 16_777_619)
  }
  for (let i = 0; i < text.length; i++) mix(text.charCodeAt(i))
  for (let rest = number, i = 0; i < 7; i++, rest = Math.floor(rest / 256)) mix(rest % 256)
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/**
 * A draw near the standard normal distribution: the sum of twelve uniform ones less six. Additions only, so the same
 * everywhere, and never beyond ±6.
 */
export const seededNormal = (text: string, number: number): number => {
  let sum = 0
  for (let i = 0; i < 12; i++) sum += mixedBits(`${text}/${i}`, number) / 4_294_967_296
  return sum - 6
}
