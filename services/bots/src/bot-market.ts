//! A market in the bots' units: decimal text of the API to ticks and lots, and back.
import { type Client, textToUnits, unitsToText } from '@plumb/sdk'
import type { QuoteMarket } from './quotes.ts'

export type BotMarket = QuoteMarket & {
  id: string
  takerFeePpm: number
  ticks(price: string): number
  lots(amount: string): number
  price(ticks: number): string
  amount(lots: number): string
}

/** Reads a market. @throws UnknownMarketError */
export async function readMarket(client: Client, id: string): Promise<BotMarket> {
  const { tickSize, stepSize, contractSize, maxAmount, minNotional, takerFeeUnits } =
    await client.market(id)
  const tickE8 = units(tickSize, 1)
  const lotE8 = units(stepSize, 1)
  return {
    id,
    takerFeePpm: 10 * takerFeeUnits,
    lotUsdcPerTick: Number(tickSize) * Number(stepSize) * Number(contractSize),
    maxOrderLots: units(maxAmount, lotE8),
    minNotionalUsdc: Number(minNotional),
    ticks: (price) => units(price, tickE8),
    lots: (amount) => units(amount, lotE8),
    price: (ticks) => unitsToText(ticks, tickE8),
    amount: (lots) => unitsToText(lots, lotE8),
  }
}

function units(text: string, unitE8: number): number {
  const found = textToUnits(text, unitE8)
  if (typeof found === 'number') return found
  throw new RangeError(`${text} is ${found} in units of ${unitE8}e-8`)
}
