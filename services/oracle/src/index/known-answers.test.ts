//! The filter over real crashes: figures of ../shared/data/EXPECTED.json, where that folder is there.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Market } from '@plumb/model'
import { describe, expect, test } from 'vitest'
import { priceToText } from '../decimal.ts'
import { replayPlan, replaySchema } from '../replay-config.ts'
import {
  type RecordedPoint,
  type RecordedSeries,
  readRecording,
} from '../sources/read-recording.ts'
import { recordedColumnsSchema } from '../sources/recorded-columns.ts'
import { createRecordedSource } from '../sources/recorded-source.ts'
import { filterIndex } from './filter-index.ts'
import { IndexBoard } from './index-board.ts'

const data = fileURLToPath(new URL('../../../../../shared/data/', import.meta.url))

type Extreme = [price: string | number, time: string]
type Candles = { n: number; first: string; last: string; low: Extreme; high: Extreme }
type Medians = {
  n: number
  min: Extreme
  max: Extreme
  largest_venue_deviation: [number, string, string]
}
type Facts = Record<string, unknown>

const expectedOf = (file: string): Facts => {
  const { facts } = JSON.parse(readFileSync(`${data}EXPECTED.json`, 'utf8')) as {
    facts: ({ file: string } & Facts)[]
  }
  return facts.find((fact) => fact.file === `prices/${file}`) ?? {}
}
const recordings = new Map<string, ReturnType<typeof readRecording>>()
const read = (file: string, barPath: 'ohlc' | 'close' = 'close') => {
  const columns = recordedColumnsSchema.parse({})
  const key = `${file} ${barPath}`
  const reading =
    recordings.get(key) ?? readRecording(`${data}prices/${file}`, { columns, barPath })
  recordings.set(key, reading)
  return reading
}
const iso = (timeMs: number) => `${new Date(timeMs).toISOString().slice(0, 19)}Z`
const extremes = (points: readonly RecordedPoint[]) => {
  const by = (isBetter: (a: bigint, b: bigint) => boolean) =>
    points.reduce((best, point) => (isBetter(point.last, best.last) ? point : best))
  return { low: by((a, b) => a < b), high: by((a, b) => a > b) }
}
const plain = (text: string | number) => Number(text)

const say = ({ last, timeMs }: RecordedPoint) => [plain(priceToText(last)), iso(timeMs)]

const candleFiles: [file: string, series: Record<string, string>][] = [
  [
    'btc_2020-03-08_17_1h_4_venues.csv.gz',
    {
      'binance/BTCUSDT': 'binance||BTCUSDT',
      'gemini/BTCUSD': 'gemini||BTCUSD',
      'kraken/BTCUSD': 'kraken||BTCUSD',
      'bitstamp/BTCUSD': 'bitstamp||BTCUSD',
    },
  ],
  [
    'usdc_depeg_2023-03-10_13_1m.csv.gz',
    {
      'binance.us/BTCUSD': 'binance.us||BTCUSD',
      'binance.us/BTCUSDT': 'binance.us||BTCUSDT',
      'binance.us/BTCUSDC': 'binance.us||BTCUSDC',
      'kraken/BTCUSDC': 'kraken||BTCUSDC',
    },
  ],
  ['btc_binance_spot_5m_2025-10-10_11.csv.gz', { 'binance/BTCUSDT': 'binance||BTCUSDT' }],
  ['btc_okx_swap_1h_2024-08_2025-10.csv.gz', { 'okx-swap/BTCUSDT': 'okx-swap||BTCUSDT' }],
  ['binance_coinm_BTCUSD_PERP_markprice_1m_2025-10-09.csv.gz', { file: '' }],
  ['binance_coinm_BTCUSD_PERP_markprice_1m_2025-10-10.csv.gz', { file: '' }],
]
const tradeFiles: [file: string, series: string][] = [
  [
    'binance-delivery_trades_2025-10-10_AVAXUSD_PERP_2030_2300.csv.gz',
    'binance-delivery/AVAXUSD_PERP',
  ],
  ['coinbase_trades_2025-10-10_AVAX-USD_2030_2300.csv.gz', 'coinbase/AVAX-USD'],
  ['gemini_trades_2025-10-10_AVAXUSD_2030_2300.csv.gz', 'gemini/AVAXUSD'],
  ['gemini_trades_2025-10-10_BTCUSD_2030_2300.csv.gz', 'gemini/BTCUSD'],
]

describe.skipIf(!existsSync(data))('recorded prices', { timeout: 60_000 }, () => {
  test.each(candleFiles)(
    '%s: rows, first and last bar, low and high of each series',
    async (file, names) => {
      const expected = expectedOf(file)
      const series = await read(file, 'ohlc')
      expect([...series.keys()].toSorted()).toEqual(Object.keys(names).toSorted())
      for (const [id, key] of Object.entries(names)) {
        const wanted = (key === '' ? expected : expected[key]) as Candles
        const { points, barMs = 1 } = series.get(id) as RecordedSeries
        const bar = (timeMs: number) => iso(Math.floor(timeMs / barMs) * barMs)
        const { low, high } = extremes(points)
        // Newest-first files: "first" in EXPECTED.json is the file's first row.
        const ends = [bar(points[0]?.timeMs ?? 0), bar(points.at(-1)?.timeMs ?? 0)]
        expect({
          n: points.length / 4,
          ends,
          low: [plain(priceToText(low.last)), bar(low.timeMs)],
          high: [plain(priceToText(high.last)), bar(high.timeMs)],
        }).toEqual({
          n: wanted.n,
          ends: [wanted.first, wanted.last].toSorted(),
          low: [plain(wanted.low[0]), wanted.low[1]],
          high: [plain(wanted.high[0]), wanted.high[1]],
        })
      }
    },
  )

  test.each(tradeFiles)('%s: trades, first and last, low and high', async (file, id) => {
    const wanted = expectedOf(file) as Candles & { open: number; close: number }
    const { points, barMs } = (await read(file)).get(id) as RecordedSeries
    const { low, high } = extremes(points)
    expect(barMs).toBeUndefined()
    const ends = [points[0], points.at(-1), low, high].map((point) => say(point as RecordedPoint))
    expect([points.length, ...ends]).toEqual([
      wanted.n,
      [wanted.open, wanted.first],
      [wanted.close, wanted.last],
      wanted.low,
      wanted.high,
    ])
  })

  test('the five markets of 2022-12-13: bars of trades and of quotes in one file', async () => {
    const expected = expectedOf('btc_2022-12-13_1m_5_markets.csv.gz')
    const series = await read('btc_2022-12-13_1m_5_markets.csv.gz')
    expect(series.size).toBe(5)
    let rows = 0
    for (const [id, { points }] of series) {
      const trades = expected[id.replaceAll('/', '|')] as Candles
      const quotes = expected[`${id.replaceAll('/', '|')}|quote`] as Candles | undefined
      expect([id, points.length]).toEqual([id, trades.n + (quotes?.n ?? 0)])
      rows += points.length
      expect(points.every(({ bid, ask }) => bid <= ask)).toBe(true)
      expect(points.some(({ bid, ask }) => bid < ask)).toBe(quotes !== undefined)
    }
    expect(rows).toBe(8_510)
  })
})

/** Closes of every minute (or hour) by opening time, as EXPECTED.json counts them. */
const closesOf = (series: ReadonlyMap<string, RecordedSeries>) => {
  const byTime = new Map<number, { id: string; price: number; weight: number }[]>()
  for (const [id, { points, barMs = 1 }] of series)
    for (const { timeMs, last } of points) {
      const at = timeMs + 1 - barMs
      const list = byTime.get(at) ?? []
      byTime.set(at, list)
      // Ticks of 10^-4: finer than any of these prices.
      list.push({ id, price: Number(last / 10n ** 14n), weight: 1 })
    }
  return byTime
}
const median = (prices: readonly number[]) => {
  const sorted = prices.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle) - 1] ?? 0)) / 2
}

const avax = { symbol: 'AVAX-PERP', tickE8: 100_000 } as Market

describe.skipIf(!existsSync(data))('crashes', { timeout: 60_000 }, () => {
  test.each([
    'btc_2020-03-08_17_1h_4_venues.csv.gz',
    'usdc_depeg_2023-03-10_13_1m.csv.gz',
    'btc_2022-12-13_1m_5_markets.csv.gz',
  ])('%s: the published medians and the largest error of one venue', async (file) => {
    const wanted = expectedOf(file)['median_of_closes_where_3_or_more'] as Medians
    const series = await read(file)
    const closes = [...closesOf(series)].filter(([, list]) => list.length >= 3)
    const medians = closes.map(([at, list]) => ({
      at,
      value: median(list.map(({ price }) => price)) / 1e4,
      list,
    }))
    const low = medians.reduce((a, b) => (b.value < a.value ? b : a))
    const high = medians.reduce((a, b) => (b.value > a.value ? b : a))
    const errors = medians.flatMap(({ at, value, list }) =>
      list.map(({ id, price }) => ({ at, id, error: Math.abs(price / 1e4 / value - 1) })),
    )
    const worst = errors.reduce((a, b) => (b.error > a.error ? b : a))
    expect(closes.length).toBe(wanted.n)
    expect(low.value).toBeCloseTo(plain(wanted.min[0]), 6)
    expect(high.value).toBeCloseTo(plain(wanted.max[0]), 6)
    const [error, time, venue] = wanted.largest_venue_deviation
    if (!file.includes('2022')) {
      expect([iso(low.at), iso(high.at)]).toEqual([wanted.min[1], wanted.max[1]])
      expect([worst.id.replace('/', '||'), iso(worst.at)]).toEqual([venue, time])
      expect(worst.error).toBeCloseTo(error, 5)
    }
  })

  test('the USDC depeg: books 12 % off move nothing; where only two others are left, nothing is published', async () => {
    const closes = closesOf(await read('usdc_depeg_2023-03-10_13_1m.csv.gz'))
    let published = 0
    let dropped = 0
    let worstBelow = 0
    for (const list of closes.values()) {
      // Unnormalised on purpose: books in USDC beside those in dollars and in USDT, which held its peg.
      const honest = list.filter(({ id }) => !id.endsWith('BTCUSDC')).map(({ price }) => price)
      const { index = 0, used, outliers } = filterIndex(list)
      expect(index).toBeLessThanOrEqual(Math.max(...honest))
      worstBelow = Math.max(worstBelow, 1 - index / Math.min(...honest))
      expect(outliers.every(({ id }) => id.endsWith('BTCUSDC'))).toBe(true)
      dropped += outliers.length
      if (used.length >= 3) published += 1
    }
    expect([closes.size, published, dropped]).toEqual([5_760, 4_903, 1_859])
    // A book in USDC is the lower of two middles while the coin is worth a little more than a dollar.
    expect(worstBelow).toBeLessThan(0.0021)
  })

  test('2020-03-13: every hour has an index between the venues; the one 9 % off at 04:00 is dropped', async () => {
    const closes = closesOf(await read('btc_2020-03-08_17_1h_4_venues.csv.gz'))
    const hours = [...closes].map(([at, list]) =>
      Object.assign(filterIndex(list), { at: iso(at), list }),
    )
    expect(hours.every(({ used }) => used.length >= 3)).toBe(true)
    const lowest = hours.reduce((a, b) => ((b.index ?? 0) < (a.index ?? 0) ? b : a))
    // The lower middle of 4111.78, 4130.64, 4160, 4225.1; the mean of the middles is EXPECTED.json's 4145.32.
    expect([lowest.at, lowest.index]).toEqual(['2020-03-13T01:00:00Z', 41_306_400])
    const outliers = hours.flatMap(({ at, outliers: some }) => some.map(({ id }) => `${at} ${id}`))
    expect(outliers).toEqual(['2020-03-13T04:00:00Z gemini/BTCUSD'])
  })

  test.each([
    [3, { published: 3_378, perpLow: 6_020, indexLow: 20_340 }],
    [2, { published: 7_747, perpLow: 6_020, indexLow: 17_070 }],
  ])(
    '2025-10-10: the print of 6.02 on one venue moves nothing (at least %d sources)',
    async (sourcesMin, expected) => {
      const series = new Map<string, RecordedSeries>()
      for (const [file] of tradeFiles.filter(([name]) => name.includes('AVAX')))
        for (const [id, points] of await read(file)) series.set(id, points)
      const feeds = [...series.keys()].map((name) => ({ series: name }))
      const config = { files: [{ file: 'x' }], markets: { 'AVAX-PERP': { sourcesMin, feeds } } }
      const board = new IndexBoard(replayPlan(replaySchema.parse(config), series))
      // Gemini's rare trades stand for ten minutes.
      const options = { speed: 1, loop: false, startAtMs: undefined, anchorMs: undefined }
      const source = createRecordedSource({ name: 'replay', series, holdMs: 600_000, ...options })
      let now = { timeMs: 0, monotonicMs: 0 }
      source.start((quote) => board.observe(quote, now))
      const first = Math.min(...[...series.values()].map(({ points }) => points[0]?.timeMs ?? 0))
      const seen = {
        published: 0,
        perpLow: Number.POSITIVE_INFINITY,
        indexLow: Number.POSITIVE_INFINITY,
      }
      for (let second = 0; second < 9_000; second++) {
        now = { timeMs: first + second * 1_000, monotonicMs: second * 1_000 }
        source.advance(now.timeMs)
        const reading = board.readMarket(avax, new Map(), now)
        const ticks = reading.feeds.map(({ ticks: price }) => price ?? Number.POSITIVE_INFINITY)
        const [perp = 0, ...spot] = ticks
        seen.perpLow = Math.min(seen.perpLow, perp)
        if (reading.index === undefined) continue
        seen.published += 1
        seen.indexLow = Math.min(seen.indexLow, reading.index)
        // Never further than the 5 % of the filter below the lowest spot venue of the same second.
        expect(20 * reading.index).toBeGreaterThanOrEqual(19 * Math.min(...spot))
      }
      expect(seen).toEqual(expected)
    },
  )
})
