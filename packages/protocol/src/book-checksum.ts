//! CRC-32 over the best levels of a book, so that a client can tell that its copy is the exchange's.

/** Levels of each side that count. */
export const CHECKSUM_LEVELS = 25

/** Price and size × 1e8, in decimal digits. */
type Level = readonly [priceE8: string, sizeE8: string]

const POLYNOMIAL = 0xedb88320
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1
  return value
})

/**
 * CRC-32 (IEEE) of the ASCII text `price:size,price:size,…`: bids best first, then asks best first, at most 25 of each,
 * both × 1e8 as plain integers.
 */
export function bookChecksum(bids: readonly Level[], asks: readonly Level[]): number {
  let crc = 0xffffffff
  let isFirst = true
  const add = (text: string) => {
    for (let i = 0; i < text.length; i++)
      crc = (table[(crc ^ text.charCodeAt(i)) & 0xff] ?? 0) ^ (crc >>> 8)
  }
  for (const side of [bids, asks])
    for (const [price, size] of side.slice(0, CHECKSUM_LEVELS)) {
      add(`${isFirst ? '' : ','}${price}:${size}`)
      isFirst = false
    }
  return (crc ^ 0xffffffff) >>> 0
}
