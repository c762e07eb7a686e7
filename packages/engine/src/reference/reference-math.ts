//! Exact integer arithmetic on BigInt, rounding spelled.

export function floorDiv(a: bigint, b: bigint): bigint {
  const q = a / b
  return a % b !== 0n && a < 0n !== b < 0n ? q - 1n : q
}

export function ceilDiv(a: bigint, b: bigint): bigint {
  return 0n - floorDiv(0n - a, b)
}

export const abs = (a: bigint): bigint => (a < 0n ? -a : a)
export const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
export const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)
export const clamp = (a: bigint, low: bigint, high: bigint): bigint => max(low, min(high, a))

/** Lower middle, of an odd number of values. */
export function median(...values: bigint[]): bigint {
  const sorted = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return sorted[(sorted.length - 1) >> 1] ?? 0n
}

/** Largest integer whose square is at most `a`. */
export function squareRoot(a: bigint): bigint {
  let root = BigInt(Math.floor(Math.sqrt(Number(a))))
  while (root * root > a) root--
  while ((root + 1n) * (root + 1n) <= a) root++
  return root
}
