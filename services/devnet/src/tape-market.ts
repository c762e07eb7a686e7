//! Which market a tape is played on, and how its integers become that market's ticks and lots.
import { basename, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { textToUnits, unitsToText } from '@plumb/sdk'

/** Where the recorded tapes lie when they are at hand: beside the repository. */
export const sharedDataFolder = resolve(
  fileURLToPath(new URL('../../../../shared/data', import.meta.url)),
)

type TapeMarket = { market: string; pxPerTick: number; qtyPerLot: number }

// px of LOBSTER is 1e-4 USD, of the ARL tape 1e-9 USD, of Bitstamp 1e-2 USD; every tape market has ticks of 0.01.
const tapeMarkets: readonly (TapeMarket & { file: RegExp })[] = [
  { file: /AAPL/i, market: 'TAPE-AAPL', pxPerTick: 100, qtyPerLot: 1 },
  { file: /AMZN/i, market: 'TAPE-AMZN', pxPerTick: 100, qtyPerLot: 1 },
  { file: /ARL/i, market: 'TAPE-ARL', pxPerTick: 10_000_000, qtyPerLot: 1 },
  { file: /bitstamp|btcusd/i, market: 'TAPE-BTC', pxPerTick: 1, qtyPerLot: 1 },
]

/** The market of a tape by its file name. @throws Error when the name says nothing */
export function tapeMarketOf(path: string): TapeMarket {
  const found = tapeMarkets.find(({ file }) => file.test(basename(path)))
  if (found !== undefined) return found
  const names = tapeMarkets.map(({ market }) => market).join(', ')
  throw new Error(`${basename(path)} names none of the tape markets (${names})`)
}

/** Converts between a tape's integers and a market's decimal text. */
export type TapeScale = {
  price(px: number): string
  amount(qty: number): string
  px(price: string): number
  qty(amount: string): number
}

/** Scale of a tape on a listed market. `tickSize` and `stepSize` as in GET /v1/markets. */
export function tapeScale(
  { pxPerTick, qtyPerLot }: TapeMarket,
  { tickSize, stepSize }: { tickSize: string; stepSize: string },
): TapeScale {
  const tickE8 = units(tickSize, 1)
  const lotE8 = units(stepSize, 1)
  return {
    price: (px) => unitsToText(whole(px, pxPerTick, 'price'), tickE8),
    amount: (qty) => unitsToText(whole(qty, qtyPerLot, 'quantity'), lotE8),
    px: (price) => units(price, tickE8) * pxPerTick,
    qty: (amount) => units(amount, lotE8) * qtyPerLot,
  }
}

function whole(value: number, unit: number, what: string): number {
  if (value % unit !== 0) throw new Error(`the tape's ${what} ${value} is no multiple of ${unit}`)
  return value / unit
}

function units(text: string, unitE8: number): number {
  const found = textToUnits(text, unitE8)
  if (typeof found === 'number') return found
  throw new Error(`${text} is ${found} in units of ${unitE8}e-8`)
}
