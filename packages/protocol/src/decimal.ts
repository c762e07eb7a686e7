//! Decimal text <-> integers, exact: no float ever stands between a trader's text and the engine's units.

/**
 * The one spelling of every decimal: no sign (but `-` for negatives), no exponent, no leading or trailing zeros, no
 * `-0`. Linear: no backtracking.
 */
export const canonicalDecimal = /^-?(?:0|[1-9]\d{0,19})(?:\.\d{0,17}[1-9])?$/

/** Why a text has no value in a unit: not canonical, not a multiple of the unit, or too large for exact numbers. */
export type DecimalFault = 'malformed' | 'not_multiple' | 'too_large'

const E8_DIGITS = 8

/**
 * Canonical non-negative decimal text in units of `unitE8` × 1e-8 (a market's `tickE8` or `lotE8`), exact, or why not.
 *
 * @example textToUnits('60000.5', 50_000_000) // 120001, a tick of 0.5
 */
export function textToUnits(text: string, unitE8: number): number | DecimalFault {
  if (!canonicalDecimal.test(text) || text.startsWith('-')) return 'malformed'
  const point = text.indexOf('.')
  const decimals = point < 0 ? 0 : text.length - point - 1
  if (decimals > E8_DIGITS) return 'not_multiple'
  const digits =
    (point < 0 ? text : text.slice(0, point) + text.slice(point + 1)) +
    '00000000'.slice(0, E8_DIGITS - decimals)
  const e8 = Number(digits)
  if (e8 <= Number.MAX_SAFE_INTEGER) {
    const units = Math.floor(e8 / unitE8)
    return units * unitE8 === e8 ? units : 'not_multiple'
  }
  const wide = BigInt(digits)
  const units = wide / BigInt(unitE8)
  if (units * BigInt(unitE8) !== wide) return 'not_multiple'
  return units > BigInt(Number.MAX_SAFE_INTEGER) ? 'too_large' : Number(units)
}

/** An amount of `units` × `unitE8` × 1e-8 as canonical text. `units` may be negative. */
export function unitsToText(units: number, unitE8: number): string {
  const product = units * unitE8
  return integerToText(
    Math.abs(product) <= Number.MAX_SAFE_INTEGER ? product : BigInt(units) * BigInt(unitE8),
    E8_DIGITS,
  )
}

/** `integer` × 10^-decimals as canonical text: `integerToText(-1500, 3)` is `-1.5`. */
export function integerToText(integer: number | bigint, decimals: number): string {
  if (typeof integer === 'number' && !Number.isSafeInteger(integer))
    throw new RangeError(`${integer} is not a safe integer`)
  const negative = integer < 0
  const digits = String(negative ? -integer : integer).padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  let end = digits.length
  while (end > whole.length && digits.charCodeAt(end - 1) === 0x30) end--
  const text = end === whole.length ? whole : `${whole}.${digits.slice(whole.length, end)}`
  return negative ? `-${text}` : text
}

/** Micro-USDC as USDC text. */
export function quoteToText(quote: number | bigint): string {
  return integerToText(quote, 6)
}

/** USDC text as micro-USDC, or why not. */
export function textToQuote(text: string): number | DecimalFault {
  return textToUnits(text, 100)
}

/** numerator ÷ denominator cut off (toward zero) after `decimals` places, as canonical text. */
export function ratioToText(numerator: bigint, denominator: bigint, decimals: number): string {
  return integerToText((numerator * 10n ** BigInt(decimals)) / denominator, decimals)
}

/**
 * The plain integer that stands in signed typed data: the decimal × 1e8, in decimal digits. Throws on text that is
 * not a canonical non-negative decimal of at most 8 places.
 */
export function textToE8(text: string): string {
  const point = text.indexOf('.')
  const decimals = point < 0 ? 0 : text.length - point - 1
  if (!canonicalDecimal.test(text) || text.startsWith('-') || decimals > E8_DIGITS)
    throw new RangeError(`not a canonical decimal of at most 8 places: ${text}`)
  return BigInt(text.replace('.', '') + '0'.repeat(E8_DIGITS - decimals)).toString()
}
