//! The configured replay: which recorded files, how fast, and which series prices which market.
import { basename } from 'node:path'
import { z } from 'zod'
import { boundFields, instrumentPlan, marketSymbol } from './feed-config.ts'
import { dollar, type FeedPlan } from './index/feed-plan.ts'
import type { RecordedSeries } from './sources/read-recording.ts'
import { recordedColumnsSchema } from './sources/recorded-columns.ts'

const seriesFeed = z.strictObject({
  /** As the header mapping names it: `binance/BTCUSDT`. */
  series: z.string().min(1).max(200),
  quote: z.string().default(dollar),
  weight: z.int().min(1).max(1_000).default(1),
})

const instrument = z.strictObject({
  ...boundFields,
  /** A recording may have fewer than three series: the number is the operator's to choose. */
  sourcesMin: z.int().min(1).max(16).default(3),
  feeds: z.array(seriesFeed).min(1).max(64),
})

const timeField = z.union([
  z.int().nonnegative(),
  z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
])

/** The document of PLUMB_ORACLE_REPLAY. */
export const replaySchema = z.strictObject({
  files: z
    .array(z.strictObject({ file: z.string().min(1), columns: recordedColumnsSchema.prefault({}) }))
    .min(1)
    .max(16),
  /** Recorded seconds for one of ours. */
  speed: z.number().positive().max(1_000_000).default(1),
  startAt: timeField.optional(),
  /** Our time at which the recording begins: publishers with the same anchor replay in step. */
  anchor: timeField.optional(),
  loop: z.boolean().default(false),
  holdMs: z.int().min(1).optional(),
  barPath: z.enum(['ohlc', 'close']).default('ohlc'),
  /** None: every series prices BASE-PERP, by the base asset in its name, each with weight 1. */
  markets: z.record(marketSymbol, instrument).optional(),
  currencies: z.record(z.string(), instrument).default({}),
})

export type ReplayConfig = z.output<typeof replaySchema>

/** The base asset that a series' name speaks of: `BTC` of `gemini/BTCUSD`, of `kraken/XBT-USD`, of `okx/BTC/USDT`. */
export const baseAsset = (series: string): string | undefined => {
  const [, base] = /([A-Z0-9]{2,10}?)[-_/]?(?:USDT|USDC|FDUSD|BUSD|USD)/.exec(series) ?? []
  return base === 'XBT' ? 'BTC' : base
}

/** A series' name where the file names none: the file's own. */
export const seriesName = (file: string, id: string): string =>
  id === 'file' ? basename(file).replace(/\.csv(\.gz)?$/, '') : id

const feedsOf = (feeds: readonly z.output<typeof seriesFeed>[]) =>
  feeds.map(({ series, quote, weight }) => ({ source: series, symbol: series, quote, weight }))

const derivedMarkets = (series: Iterable<string>): NonNullable<ReplayConfig['markets']> => {
  const markets: NonNullable<ReplayConfig['markets']> = {}
  for (const name of series) {
    const base = baseAsset(name)
    if (base === undefined) continue
    const market = (markets[`${base}-PERP`] ??= { sourcesMin: 3, feeds: [] })
    market.feeds.push({ series: name, quote: dollar, weight: 1 })
    market.sourcesMin = Math.min(3, market.feeds.length)
  }
  return markets
}

/** Thrown where a plan names a series that no file has. */
class UnknownSeriesError extends Error {
  readonly code = 'REPLAY_UNKNOWN_SERIES'
}

/** @throws UnknownSeriesError naming what there is */
export const replayPlan = (
  config: ReplayConfig,
  series: ReadonlyMap<string, RecordedSeries>,
): FeedPlan => {
  const markets = config.markets ?? derivedMarkets(series.keys())
  const plan = (instruments: NonNullable<ReplayConfig['markets']>) =>
    new Map(
      Object.entries(instruments).map(([name, { feeds, ...rest }]) => [
        name,
        // What was recorded happened, however fast: no step is too far.
        instrumentPlan({ ...rest, feeds: feedsOf(feeds) }, undefined),
      ]),
    )
  const wanted = [...Object.values(markets), ...Object.values(config.currencies)]
  for (const { feeds } of wanted)
    for (const feed of feeds)
      if (!series.has(feed.series))
        throw new UnknownSeriesError(
          `no series ${feed.series} in the files; there are ${[...series.keys()].join(', ')}`,
        )
  return { markets: plan(markets), currencies: plan(config.currencies) }
}
