//! A made-up venue: quotes the simulated market with a scatter of its own.
import type { Ppm } from '@plumb/model'
import { priceOfE8 } from '../decimal.ts'
import type { PriceSource, Quote } from '../price-source.ts'
import { seededNormal } from './seeded-draws.ts'
import type { SimulatedMarket } from './simulated-market.ts'

export type SimulatedVenueOptions = {
  name: string
  market: SimulatedMarket
  symbols: readonly string[]
  /** Its own, so that no two venues and no two publishers say the same. */
  seed: string
  /** Standard deviation of its quotes around the true price, ppm. */
  noisePpm: Ppm
}

/** Half of the distance between bid and ask, ppm of the price. */
const halfSpreadPpm = 50
const e8Max = 9e15

const priceOf = (price: number) => priceOfE8(Math.max(1, Math.min(e8Max, Math.round(price * 1e8))))

/** Quotes each symbol at every `advance`. */
export const createSimulatedVenue = (options: SimulatedVenueOptions): PriceSource => {
  const { name, market, symbols, seed, noisePpm } = options
  let emit: ((quote: Quote) => void) | undefined
  let quotes = 0
  return {
    name,
    start: (listener) => {
      emit = listener
    },
    advance: (timeMs) => {
      for (const symbol of symbols) {
        const price = market.price(symbol, timeMs)
        if (price === undefined || emit === undefined) continue
        const middle = price * (1 + (seededNormal(`${seed}/${symbol}`, timeMs) * noisePpm) / 1e6)
        const half = (middle * halfSpreadPpm) / 1e6
        quotes += 1
        emit({
          source: name,
          symbol,
          bid: priceOf(middle - half),
          ask: priceOf(middle + half),
          last: priceOf(middle),
          timeMs,
        })
      }
    },
    health: () => ({
      name,
      state: emit === undefined ? 'stopped' : 'open',
      connections: 0,
      quotes,
      badMessages: 0,
    }),
    stop: () => {
      emit = undefined
      return Promise.resolve()
    },
  }
}
