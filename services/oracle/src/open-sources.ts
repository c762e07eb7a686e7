//! Builds the sources and the plan that the configuration asks for.
import type { Clock, Logger } from '@plumb/runtime'
import type { OracleConfig } from './config.ts'
import { parsePrice } from './decimal.ts'
import { instrumentPlan } from './feed-config.ts'
import type { FeedPlan, InstrumentPlan } from './index/feed-plan.ts'
import type { PriceSource } from './price-source.ts'
import { replayPlan, seriesName } from './replay-config.ts'
import { createLiveSource } from './sources/live-source.ts'
import { type RecordedSeries, readRecording } from './sources/read-recording.ts'
import { createRecordedSource } from './sources/recorded-source.ts'
import {
  createSimulatedMarket,
  type SimulatedMarket,
  type SimulatedSymbol,
} from './sources/simulated-market.ts'
import { createSimulatedVenue } from './sources/simulated-venue.ts'
import { venues } from './venues/venues.ts'

/** Everything that speaks of prices. */
export type OpenSources = {
  plan: FeedPlan
  /** Heard by all publishers of this process. */
  shared: readonly PriceSource[]
  /** Made for one publisher: no two publishers' simulated venues say the same. */
  ownSources: (publisher: number) => readonly PriceSource[]
  /** The truth behind simulated venues, to be resumed where the exchange stood. */
  simulated: SimulatedMarket
}

const simulatedVenues = ['sim-1', 'sim-2', 'sim-3', 'sim-4', 'sim-5'] as const
const simulatedSourcesMin = 3
const simulatedStepMaxPpm = 50_000
/** A walk this far from its start is a broken simulator. */
const simulatedRange = 100

const withDefaults = (config: OracleConfig): Map<string, SimulatedSymbol> =>
  new Map(
    Object.entries(config.PLUMB_ORACLE_PRICES).map(([symbol, { price, ...own }]) => [
      symbol,
      {
        startPrice: price,
        volatilityPpm: own.volatilityPpm ?? config.PLUMB_ORACLE_VOLATILITY_PPM,
        correlationPpm: own.correlationPpm ?? config.PLUMB_ORACLE_CORRELATION_PPM,
        jumpsPerDay: own.jumpsPerDay ?? config.PLUMB_ORACLE_JUMPS_PER_DAY,
        jumpPpm: own.jumpPpm ?? config.PLUMB_ORACLE_JUMP_PPM,
      },
    ]),
  )

const bound = (price: number) => parsePrice(price.toFixed(8))

const simulatedPlan = (symbol: string, startPrice: number): InstrumentPlan => {
  const min = bound(startPrice / simulatedRange)
  const max = bound(startPrice * simulatedRange)
  return instrumentPlan(
    {
      feeds: simulatedVenues.map((source) => ({ source, symbol, quote: 'USD', weight: 1 })),
      sourcesMin: simulatedSourcesMin,
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
    },
    simulatedStepMaxPpm,
  )
}

const openLive = (config: OracleConfig, clock: Clock, logger: Logger): PriceSource[] => {
  const { markets, currencies } = config.PLUMB_ORACLE_FEEDS
  const feeds = [...markets.values(), ...currencies.values()].flatMap((plan) => plan.feeds)
  return [...venues].flatMap(([name, venue]) => {
    const symbols = [...new Set(feeds.filter((f) => f.source === name).map((f) => f.symbol))]
    const url = config.PLUMB_ORACLE_VENUE_URLS[name]
    return symbols.length === 0 ? [] : [createLiveSource({ venue, symbols, url, clock, logger })]
  })
}

const openReplay = async (config: OracleConfig) => {
  const replay = config.PLUMB_ORACLE_REPLAY
  if (replay === undefined) throw new Error('mode replay without a replay document')
  const series = new Map<string, RecordedSeries>()
  for (const { file, columns } of replay.files)
    for (const [id, points] of await readRecording(file, { columns, barPath: replay.barPath }))
      series.set(seriesName(file, id), points)
  const { speed, loop, startAt: startAtMs, anchor: anchorMs, holdMs } = replay
  const plan = replayPlan(replay, series)
  const wanted = [...plan.markets.values(), ...plan.currencies.values()].flatMap((p) => p.feeds)
  const names = new Set(wanted.map(({ source }) => source))
  const played = new Map([...series].filter(([name]) => names.has(name)))
  const options = { name: 'replay', series: played, speed, loop, startAtMs, anchorMs, holdMs }
  return { plan, shared: [createRecordedSource(options)] }
}

/**
 * Opens what the mode says; symbols of PLUMB_ORACLE_PRICES that it has no feed for are simulated.
 *
 * @throws RecordedFileError, or an error naming a series that the recording does not have
 */
export const openSources = async (
  config: OracleConfig,
  clock: Clock,
  logger: Logger,
): Promise<OpenSources> => {
  const nothing = { plan: { markets: new Map(), currencies: new Map() }, shared: [] }
  const mode = config.PLUMB_ORACLE_MODE
  const { plan, shared } =
    mode === 'live'
      ? { plan: config.PLUMB_ORACLE_FEEDS, shared: openLive(config, clock, logger) }
      : mode === 'replay'
        ? await openReplay(config)
        : nothing
  const symbols = withDefaults(config)
  for (const symbol of plan.markets.keys()) symbols.delete(symbol)
  if (mode !== 'simulator' && symbols.size > 0)
    logger.warn({ symbols: [...symbols.keys()] }, 'prices of these markets are made up')
  const seed = config.PLUMB_ORACLE_SEED
  const simulated = createSimulatedMarket({ seed, symbols })
  const made = [...symbols].map(([s, { startPrice }]) => [s, simulatedPlan(s, startPrice)] as const)
  return {
    plan: { ...plan, markets: new Map([...plan.markets, ...made]) },
    shared,
    simulated,
    ownSources: (publisher) =>
      symbols.size === 0
        ? []
        : simulatedVenues.map((name) =>
            createSimulatedVenue({
              name,
              market: simulated,
              symbols: [...symbols.keys()],
              seed: `${seed}/${publisher}/${name}`,
              noisePpm: config.PLUMB_ORACLE_NOISE_PPM,
            }),
          ),
  }
}
