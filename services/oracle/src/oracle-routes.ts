//! What an operator sees: every feed's price, age and deviation, and why a market has no index.
import type { Market } from '@plumb/model'
import type { StatusAnswer } from '@plumb/runtime'
import { priceOfE8, priceToText } from './decimal.ts'
import type { FeedReading, IndexReading } from './index/index-board.ts'
import type { MarketReading, Oracle, PublisherStatus } from './oracle.ts'

const priceText = (ticks: number | undefined, tickE8: number) =>
  ticks === undefined ? null : priceToText(BigInt(ticks) * priceOfE8(tickE8))

const feedBody = (feed: FeedReading, tickE8: number) => ({
  source: feed.source,
  symbol: feed.symbol,
  quote: feed.quote,
  weight: feed.weight,
  state: feed.state,
  price: priceText(feed.ticks, tickE8),
  ageMs: feed.ageMs === undefined ? null : Math.round(feed.ageMs),
  deviationPpm: feed.deviationPpm ?? null,
})

const readingBody = (reading: IndexReading, published: number | undefined, tickE8: number) => ({
  price: priceText(published, tickE8),
  /** Stable word, or null where the index is published. */
  withheld: reading.withheld ?? null,
  confidencePpm: reading.confidencePpm,
  stepLimited: published !== reading.index,
  feeds: reading.feeds.map((feed) => feedBody(feed, tickE8)),
})

const currencyBody = ([name, reading]: [string, IndexReading]) =>
  [name, readingBody(reading, reading.index, 1)] as const

const publisherBody = (status: PublisherStatus, tickE8Of: (symbol: string) => number) => {
  const market = ([symbol, reading]: [string, MarketReading]) =>
    [symbol, readingBody(reading, reading.published, tickE8Of(symbol))] as const
  return {
    publisher: status.publisher,
    markets: Object.fromEntries([...status.markets].map(market)),
    currencies: Object.fromEntries([...status.currencies].map(currencyBody)),
    sources: status.sources,
  }
}

/** Why markets are without an index, or rest on less than all of their sources: `BTC-PERP too_few_sources`. */
export const degradedReasons = (oracle: Oracle | undefined): string[] => {
  if (oracle === undefined) return ['starting']
  const { clock, publishers } = oracle.status()
  const reasons = new Set<string>(clock === 'ok' ? [] : [clock])
  for (const { markets, currencies } of publishers)
    for (const [name, { withheld, feeds }] of [...markets, ...currencies]) {
      if (withheld !== undefined) reasons.add(`${name} ${withheld}`)
      for (const { source, symbol, state } of feeds)
        if (state !== 'used') reasons.add(`${name} ${source}/${symbol} ${state}`)
    }
  return [...reasons].toSorted()
}

/** The short form in `GET /health`: what is wrong, and how each source does. */
export const healthBody = (mode: string, oracle: Oracle | undefined) => ({
  mode,
  degraded: degradedReasons(oracle),
  sources: oracle?.status().sources ?? [],
})

/** `GET /prices`. Prices are decimal strings in dollars; words (`state`, `withheld`, `clock`) are stable. */
export const oracleRoutes =
  (mode: string, oracle: () => Oracle | undefined, markets: () => Iterable<Market>) =>
  (path: string): StatusAnswer | undefined => {
    if (path !== '/prices') return undefined
    const running = oracle()
    if (running === undefined) return { status: 503, body: { error: 'STARTING' } }
    const { clock, publishers, sources } = running.status()
    const ticks = new Map([...markets()].map(({ symbol, tickE8 }) => [symbol, tickE8]))
    return {
      status: 200,
      body: {
        mode,
        clock,
        degraded: degradedReasons(running),
        sources,
        publishers: publishers.map((p) => publisherBody(p, (symbol) => ticks.get(symbol) ?? 1)),
      },
    }
  }
