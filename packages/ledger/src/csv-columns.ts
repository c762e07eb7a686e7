//! Columns of CSV exports: decimals as people read them, exact to the last digit.
import type { MarketRow } from './list-markets.ts'

/** What a column needs to know beside the row. */
export type CsvMarkets = ReadonlyMap<number, MarketRow>
type Cell = string | number | null
export type CsvColumns<T> = readonly (readonly [
  name: string,
  read: (row: T, markets: CsvMarkets) => Cell,
])[]

const QUOTE_DECIMALS = 6
const E8_DECIMALS = 8

/** `units` × 10^−decimals, exactly; zeros at the end of the fraction are left out. */
export function decimalText(units: bigint, decimals: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '')
  return `${units < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

/** Micro-USDC as USDC. */
export const usdc = (quote: number | bigint): string => decimalText(BigInt(quote), QUOTE_DECIMALS)

export const timeText = (ms: number | null): string | null =>
  ms === null ? null : new Date(ms).toISOString()

export const hexText = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : `0x${Buffer.from(bytes).toString('hex')}`

export const symbolOf = (market: number | null, markets: CsvMarkets): string | null =>
  market === null ? null : (markets.get(market)?.symbol ?? String(market))

/** Ticks as a price. */
export const priceText = (ticks: number | null, market: number, markets: CsvMarkets) =>
  ticks === null ? null : scaled(ticks, markets.get(market)?.tickE8)

/** Lots as a size in the base asset. */
export const sizeText = (lots: number, market: number, markets: CsvMarkets) =>
  scaled(lots, markets.get(market)?.lotE8)

const scaled = (units: number, stepE8 = 0) =>
  decimalText(BigInt(units) * BigInt(stepE8), E8_DECIMALS)

/** One line, RFC 4180. Text that a spreadsheet would take for a formula is led by an apostrophe. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(cellText).join(',')}\r\n`
}

function cellText(cell: Cell): string {
  if (cell === null) return ''
  const text = String(cell)
  const isNumber = /^-?\d+(\.\d+)?$/.test(text)
  const safe = !isNumber && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
