//! Which sources price what: the plan that configuration makes and the board follows.
import type { Ppm } from '@plumb/model'
import type { PriceE18, RateE8 } from '../decimal.ts'

/** One source's symbol as a feed of an instrument. */
export type Feed = {
  source: string
  symbol: string
  /** Currency of its prices: `USD`, or one that the plan has a rate for. */
  quote: string
  /** Positive integer. */
  weight: number
}

/** How one instrument (a market, or a currency against the dollar) is priced. */
export type InstrumentPlan = {
  feeds: readonly Feed[]
  /** Fewer different sources than this: no update. */
  sourcesMin: number
  /** Hard bounds: an index outside is never published. */
  priceMin: PriceE18
  priceMax: PriceE18
  /** Furthest move from one publication to the next; undefined: unlimited (recorded files). */
  stepMaxPpm: Ppm | undefined
}

/** Everything that is priced. Currencies are priced first, in dollars, by their own sources. */
export type FeedPlan = {
  /** By market symbol. */
  markets: ReadonlyMap<string, InstrumentPlan>
  /** By currency (`USDT`). */
  currencies: ReadonlyMap<string, InstrumentPlan>
}

/** The currency that everything is normalised to. */
export const dollar = 'USD'
/** One dollar. */
export const dollarRateE8: RateE8 = 100_000_000

export const feedId = ({ source, symbol }: { source: string; symbol: string }) =>
  `${source}/${symbol}`
