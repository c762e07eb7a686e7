//! The scenarios: whose prices, which hours, how fast, and who holds what when they begin.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Market } from '@plumb/model'
import { DevnetError } from './devnet-error.ts'
import { newMarket } from './new-market.ts'
import { writeSyntheticPrices } from './scenario-prices.ts'
import { sharedDataFolder } from './tape-market.ts'

/** A leveraged account. `usdc` is its deposit; its position is that times the leverage. */
export type CastMember = {
  name: string
  side: 'long' | 'short'
  usdc: number
  leverage: number
  /** Enters when the index has fallen below this part of the start instead of at the beginning. */
  entersBelow?: number
  /** What must have become of it. */
  fate: 'liquidated' | 'survives' | 'either'
  /** In a word, for the report. */
  note: string
}

export type ScenarioPlan = {
  name: string
  title: string
  /** What happened, in two sentences. */
  story: string
  /** The one market of the house. */
  market: Market
  /** Recorded files, and the series with their weights. */
  files: readonly { file: string; columns?: object }[]
  feeds: readonly { series: string; weight: number }[]
  startAt: string
  endAt: string
  /** Recorded seconds for one of ours. */
  speed: number
  /** How long a point of a series stands, recorded milliseconds. */
  holdMs?: number
  cast: readonly CastMember[]
  /** In the market's insurance tranche when the play begins, USDC. */
  insuranceUsdc: number
  /** Capital of the market's backstop, USDC. */
  backstopUsdc: number
  /** Notional of the maker's innermost quote, USDC; each level further out holds as much more. */
  makerQuoteUsdc: number
  /** A venue's print that must move nothing: the index and every mark stay above. */
  falsePrint?: { series: string; below: number; indexAbove: number }
}

const bitcoin = newMarket({ symbol: 'BTC-PERP', price: 7_300, tick: 0.1, lot: 0.0001 }, 0)

type PriceFile = (name: string) => string

const shorts = (bear: number, hedger: number): CastMember[] => [
  {
    name: 'bear',
    side: 'short',
    usdc: bear,
    leverage: 8,
    fate: 'either',
    note: 'the other side, high leverage: first in the ADL queue',
  },
  {
    name: 'hedger',
    side: 'short',
    usdc: hedger,
    leverage: 2,
    fate: 'survives',
    note: 'the other side, low leverage: last in the ADL queue',
  },
]

const long = (
  name: string,
  usdc: number,
  leverage: number,
  fate: CastMember['fate'],
  note: string,
): CastMember => ({ name, side: 'long', usdc, leverage, fate, note })

const covid = (priceFile: PriceFile): ScenarioPlan => ({
  name: 'covid-2020-03-13',
  title: 'Black Thursday, 12 and 13 March 2020',
  story:
    'Bitcoin fell from 7,300 to 3,782 dollars in eighteen hours and rose by half in the next. Four venues, hourly bars: each is played as open, nearer extreme, other extreme, close, so that the price jumps by up to a tenth at once.',
  market: bitcoin,
  files: [{ file: priceFile('btc_2020-03-08_17_1h_4_venues.csv.gz') }],
  feeds: [
    { series: 'binance/BTCUSDT', weight: 1 },
    { series: 'bitstamp/BTCUSD', weight: 1 },
    { series: 'gemini/BTCUSD', weight: 1 },
    { series: 'kraken/BTCUSD', weight: 1 },
  ],
  startAt: '2020-03-12T08:00:00Z',
  endAt: '2020-03-13T16:00:00Z',
  speed: 1_200,
  cast: [
    long('amy', 40_000, 1.3, 'survives', 'hardly leveraged'),
    long('ben', 30_000, 3, 'liquidated', 'three times'),
    long('cat', 20_000, 5, 'liquidated', 'five times'),
    long('dan', 15_000, 9, 'liquidated', 'nine times'),
    long('eva', 10_000, 17, 'liquidated', 'seventeen times'),
    long('moby', 300_000, 7, 'liquidated', 'a whale: more than the book and the backstop take'),
    ...shorts(200_000, 500_000),
    {
      name: 'late',
      side: 'short',
      usdc: 10_000,
      leverage: 3,
      entersBelow: 0.66,
      fate: 'either',
      note: 'sells the low, where volatility margin lets it in',
    },
  ],
  insuranceUsdc: 60_000,
  backstopUsdc: 20_000,
  makerQuoteUsdc: 10_000,
})

const crash = (priceFile: PriceFile): ScenarioPlan => ({
  name: 'crash-2025-10-10',
  title: 'The crash of 10 October 2025',
  story:
    'In twelve minutes AVAX fell from 23 to 17 dollars on the spot market, and on one perpetual to 6.02. Every trade of three venues is played; the perpetual is one of the sources of the index.',
  market: newMarket({ symbol: 'AVAX-PERP', price: 26.5 }, 0),
  files: [
    { file: priceFile('coinbase_trades_2025-10-10_AVAX-USD_2030_2300.csv.gz') },
    { file: priceFile('gemini_trades_2025-10-10_AVAXUSD_2030_2300.csv.gz') },
    { file: priceFile('binance-delivery_trades_2025-10-10_AVAXUSD_PERP_2030_2300.csv.gz') },
  ],
  feeds: [
    { series: 'coinbase/AVAX-USD', weight: 3 },
    { series: 'gemini/AVAXUSD', weight: 1 },
    { series: 'binance-delivery/AVAXUSD_PERP', weight: 1 },
  ],
  startAt: '2025-10-10T20:50:00Z',
  endAt: '2025-10-10T21:50:00Z',
  speed: 40,
  holdMs: 1_800_000,
  cast: [
    long('amy', 40_000, 2, 'survives', 'liquidated at 13.6: a mark at 6.02 would have'),
    long('ben', 30_000, 2.6, 'survives', 'liquidated at 16.7: just held'),
    long('cat', 20_000, 5, 'liquidated', 'five times'),
    long('dan', 15_000, 9, 'liquidated', 'nine times'),
    long('eva', 10_000, 17, 'liquidated', 'seventeen times'),
    long('moby', 300_000, 7, 'liquidated', 'a whale'),
    ...shorts(200_000, 500_000),
    {
      name: 'late',
      side: 'short',
      usdc: 10_000,
      leverage: 6,
      entersBelow: 0.72,
      fate: 'liquidated',
      note: 'sells the low, liquidated by the rebound',
    },
  ],
  insuranceUsdc: 10_000,
  backstopUsdc: 50_000,
  makerQuoteUsdc: 10_000,
  falsePrint: { series: 'binance-delivery/AVAXUSD_PERP', below: 8, indexAbove: 16.5 },
})

/** Needs no data: its prices are written by this program. */
const flash = (stateDir: string): ScenarioPlan => ({
  name: 'flash',
  title: 'A made-up flash crash',
  story:
    'Three venues fall by a quarter within twenty seconds and come a fifth of the way back; a fourth prints a third of the price for five seconds.',
  market: bitcoin,
  files: [{ file: writeSyntheticPrices(join(stateDir, 'flash.csv')) }],
  feeds: ['one', 'two', 'three', 'liar'].map((venue) => ({
    series: `${venue}/BTC-USD`,
    weight: 1,
  })),
  startAt: '2026-01-01T00:00:00Z',
  endAt: '2026-01-01T00:00:42Z',
  speed: 1,
  cast: [
    long('amy', 40_000, 2, 'survives', 'liquidated at 31,000: a mark of the liar would have'),
    long('cat', 20_000, 5, 'liquidated', 'five times'),
    long('eva', 10_000, 17, 'liquidated', 'seventeen times'),
    long('moby', 200_000, 7, 'liquidated', 'a whale: more than the book and the backstop take'),
    ...shorts(150_000, 300_000),
  ],
  insuranceUsdc: 1_000,
  backstopUsdc: 20_000,
  makerQuoteUsdc: 10_000,
  falsePrint: { series: 'liar/BTC-USD', below: 30_000, indexAbove: 44_000 },
})

export const scenarioNames = ['flash', 'covid-2020-03-13', 'crash-2025-10-10'] as const

/**
 * The plan of that name.
 *
 * @param dataFolder recorded data, beside the repository
 * @throws DevnetError BAD_OPTION, or NO_DATA when its recorded prices are not at hand
 */
export const scenarioPlan = (
  name: string,
  stateDir: string,
  dataFolder: string = sharedDataFolder,
): ScenarioPlan => {
  if (name === 'flash') return flash(stateDir)
  const priceFile = (file: string) => join(dataFolder, 'prices', file)
  const plan = [covid(priceFile), crash(priceFile)].find((one) => one.name === name)
  if (plan === undefined)
    throw new DevnetError('BAD_OPTION', `there is no scenario ${name}: ${scenarioNames.join(', ')}`)
  const missing = plan.files.find(({ file }) => !existsSync(file))
  if (missing !== undefined)
    throw new DevnetError(
      'NO_DATA',
      `${name} needs the recorded prices of ${missing.file}, which are not there. They belong in ../shared/data/prices beside the repository; the scenario "flash" needs none.`,
    )
  return plan
}
