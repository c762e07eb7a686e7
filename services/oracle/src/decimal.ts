//! Decimal text to exact integers: no float ever stands between a venue's price and a market's ticks.
import { limits, type Ticks } from '@plumb/model'

/** A price times 10^18, exact. */
export type PriceE18 = bigint

/** Dollars for one unit of a quote currency, times 10^8: 100,000,000 is one dollar. */
export type RateE8 = number

const DECIMALS = 18
const scale = 10n ** BigInt(DECIMALS)
/** Beyond this no price is one: it is a broken feed. */
const priceMax = 10n ** 15n * scale
const decimal = /^(\d{1,16})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,2}))?$/

/**
 * A positive price of decimal text, exact; undefined for anything else: a sign, zero, more than 18 decimals that say
 * something, more than 10^15, `NaN`, hexadecimal, white space, other scripts' digits. An exponent is read (`1e-7`).
 *
 * @example parsePrice('60000.50') // 60000500000000000000000n
 */
export const parsePrice = (text: string): PriceE18 | undefined => {
  const [, whole, fraction = '', exponent = '0'] = decimal.exec(text) ?? []
  if (whole === undefined) return undefined
  const shift = DECIMALS - fraction.length + Number(exponent)
  const digits = BigInt(whole + fraction)
  const divisor = shift < 0 ? 10n ** BigInt(-shift) : 1n
  if (digits % divisor !== 0n) return undefined
  const price = shift < 0 ? digits / divisor : digits * 10n ** BigInt(shift)
  return price > 0n && price <= priceMax ? price : undefined
}

/** Canonical decimal text of a price. */
export const priceToText = (price: PriceE18): string => {
  const fraction = (price % scale).toString().padStart(DECIMALS, '0').replace(/0+$/, '')
  return fraction === '' ? `${price / scale}` : `${price / scale}.${fraction}`
}

/** The price of a whole number of 10^-8 units (a `tickE8` multiple, a simulated price). */
export const priceOfE8 = (e8: number): PriceE18 => BigInt(e8) * 10n ** 10n

/**
 * A price in dollars in whole ticks: nearest, half up, the only rounding on the way from text to index (risk.md 1.1).
 * Undefined where it has no place: below half a tick, or beyond `priceTicksMax`.
 */
export const ticksOfPrice = (
  price: PriceE18,
  rateE8: RateE8,
  tickE8: number,
): Ticks | undefined => {
  const divisor = scale * BigInt(tickE8)
  const ticks = (2n * price * BigInt(rateE8) + divisor) / (2n * divisor)
  return ticks >= 1n && ticks <= BigInt(limits.priceTicksMax) ? Number(ticks) : undefined
}

/** The one in the middle of three. */
export const medianOfThree = (a: PriceE18, b: PriceE18, c: PriceE18): PriceE18 => {
  const low = a < b ? a : b
  const high = a < b ? b : a
  return c < low ? low : c > high ? high : c
}
