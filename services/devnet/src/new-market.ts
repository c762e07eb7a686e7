//! A market from a symbol and a price: tick, lot and limits that suit it, unless they are given.
import type { Market } from '@plumb/model'
import { DevnetError } from './devnet-error.ts'

const e8 = 100_000_000
const microUsdc = 1_000_000

/** What an operator may say of a new market. Prices, ticks and lots in decimal numbers. */
export type NewMarket = {
  symbol: string
  /** Today's price, dollars. */
  price: number
  tick?: number
  lot?: number
  imBps?: number
  mmBps?: number
}

const isWhole = Number.isSafeInteger

/** The power of ten at or below a number. */
const powerBelow = (value: number) => 10 ** Math.floor(Math.log10(value))

const inE8 = (value: number, name: string): number => {
  const units = Math.round(value * e8)
  if (units >= 1 && Number.isSafeInteger(units)) return units
  throw new DevnetError('BAD_OPTION', `${name} ${value} is no multiple of 0.00000001`)
}

/** Largest order, position and open interest at the price, USDC. */
const sizesUsdc = { order: 5_000_000, position: 25_000_000, openInterest: 250_000_000 }

/**
 * Ticks of 1/10,000 to 1/100,000 of the price, lots of about 1 to 10 USDC. A tick times a lot must be a whole micro-USDC.
 *
 * @throws DevnetError BAD_OPTION naming what does not fit
 */
export const newMarket = (wanted: NewMarket, market: number): Market => {
  const { symbol, price, imBps = 500, mmBps = 250 } = wanted
  if (!/^[A-Z0-9]{1,11}-PERP$/.test(symbol))
    throw new DevnetError('BAD_OPTION', `${symbol} is no symbol: 1 to 11 capitals and -PERP`)
  if (!(price > 0 && price <= 10_000_000))
    throw new DevnetError('BAD_OPTION', `the price must be above 0 and at most 10,000,000`)
  if (!(isWhole(imBps) && isWhole(mmBps) && mmBps >= 1 && mmBps <= imBps && imBps <= 10_000))
    throw new DevnetError(
      'BAD_OPTION',
      `--im-bps must be a whole number up to 10,000, --mm-bps one from 1 to --im-bps; not ${imBps} and ${mmBps}`,
    )
  const tick = wanted.tick ?? powerBelow(price) / 10_000
  const tickE8 = inE8(tick, 'the tick')
  const lotE8 = inE8(wanted.lot ?? powerBelow(1 / price) * 10, 'the lot')
  const quotePerTickLot = (tickE8 / e8) * (lotE8 / e8) * microUsdc
  const whole = Math.round(quotePerTickLot)
  if (whole < 1 || Math.abs(quotePerTickLot - whole) > 1e-9)
    throw new DevnetError(
      'BAD_OPTION',
      `a tick of ${tickE8 / e8} on a lot of ${lotE8 / e8} is ${quotePerTickLot} micro-USDC, not a whole number: choose larger ones`,
    )
  const lotUsdc = (price * lotE8) / e8
  const lotsOf = (usdc: number) => Math.max(1, Math.round(usdc / lotUsdc))
  return {
    market,
    symbol,
    tickE8,
    lotE8,
    quotePerTickLot: whole,
    imBps,
    mmBps,
    takerFee: 45,
    makerFee: 15,
    minOrderLots: 1,
    maxOrderLots: lotsOf(sizesUsdc.order),
    maxPositionLots: lotsOf(sizesUsdc.position),
    minNotionalQuote: 1_000_000,
    maxOpenInterestLots: lotsOf(sizesUsdc.openInterest),
    priceBandPpm: 50_000,
    markBandPpm: 10_000,
    fixedIndexTicks: 0,
  }
}
