//! Exact a·b/c for products beyond 2^53, without BigInt on the hot path.

/**
 * floor(a·b/c) for integers 0 ≤ a, b < 2^53 and 0 < c < 2^53, exact. The quotient must be below 2^53
 * (callers bound it by `limits`); a larger one throws, since a wrong amount must never be booked.
 */
export function mulDivFloor(a: number, b: number, c: number): number {
  const product = a * b
  if (product <= Number.MAX_SAFE_INTEGER) return Math.floor(product / c)
  return mulDivWide(a, b, c, false)
}

/** ceil(a·b/c), same ranges as `mulDivFloor`. */
export function mulDivCeil(a: number, b: number, c: number): number {
  const product = a * b
  if (product <= Number.MAX_SAFE_INTEGER) {
    const quotient = Math.floor(product / c)
    return quotient * c === product ? quotient : quotient + 1
  }
  return mulDivWide(a, b, c, true)
}

/** floor(a·b/c) of a signed `a`: rounds toward minus infinity. Never −0, whose bytes differ from 0. */
export function mulDivFloorSigned(a: number, b: number, c: number): number {
  return a < 0 ? 0 - mulDivCeil(-a, b, c) : mulDivFloor(a, b, c)
}

/** ceil(a·b/c) of a signed `a`: rounds toward plus infinity. */
export function mulDivCeilSigned(a: number, b: number, c: number): number {
  return a < 0 ? 0 - mulDivFloor(-a, b, c) : mulDivCeil(a, b, c)
}

function mulDivWide(a: number, b: number, c: number, up: boolean): number {
  if ((c - 1) * b <= Number.MAX_SAFE_INTEGER) return mulDivSplit(a, b, c, up)
  // BigInt is exact and this branch is rare: two wide factors and a wide divisor.
  const product = BigInt(a) * BigInt(b)
  const divisor = BigInt(c)
  const quotient = product / divisor
  const result = Number(up && quotient * divisor !== product ? quotient + 1n : quotient)
  if (result > Number.MAX_SAFE_INTEGER) throw new RangeError(`mulDiv: ${a}*${b}/${c} exceeds 2^53`)
  return result
}

// A rate over a round divisor: a = q·c + r, so a·b/c = q·b + r·b/c with r·b below 2^53. The quotient q is exact because
// two neighbouring multiples of 1/c below 2^53 are never one double.
function mulDivSplit(a: number, b: number, c: number, up: boolean): number {
  const whole = Math.floor(a / c)
  const rest = (a - whole * c) * b
  const part = Math.floor(rest / c)
  const result = whole * b + (up && part * c !== rest ? part + 1 : part)
  if (result > Number.MAX_SAFE_INTEGER) throw new RangeError(`mulDiv: ${a}*${b}/${c} exceeds 2^53`)
  return result
}

/** Sign of a·b − c·d for integers below 2^53 in magnitude, exact (margin ratios are compared so). */
export function compareProducts(a: number, b: number, c: number, d: number): number {
  const left = a * b
  const right = c * d
  // Rounding is monotone: products that differ as doubles differ the same way.
  if (left !== right) return left > right ? 1 : -1
  const exact = BigInt(a) * BigInt(b) - BigInt(c) * BigInt(d)
  return exact < 0n ? -1 : exact > 0n ? 1 : 0
}
