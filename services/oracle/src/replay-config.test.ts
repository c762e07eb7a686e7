import { describe, expect, test } from 'vitest'
import { baseAsset, replayPlan, replaySchema, seriesName } from './replay-config.ts'
import type { RecordedSeries } from './sources/read-recording.ts'

const seriesOf = (...names: string[]) =>
  new Map(names.map((name): [string, RecordedSeries] => [name, { points: [], barMs: undefined }]))
const parse = (rest: object = {}) => replaySchema.parse({ files: [{ file: 'x.csv' }], ...rest })

test.each([
  ['binance/BTCUSDT', 'BTC'],
  ['binance.us/BTCUSDC', 'BTC'],
  ['kraken/XBT-USD', 'BTC'],
  ['okx/ETH/USDT', 'ETH'],
  ['binance-delivery/AVAXUSD_PERP', 'AVAX'],
  ['binance/spot/BTCBUSD', 'BTC'],
  ['binance_coinm_BTCUSD_PERP_markprice_1m_2025-10-09', 'BTC'],
  ['x/1000PEPEUSDT', '1000PEPE'],
  ['file', undefined],
])('%s speaks of %s', (series, base) => {
  expect(baseAsset(series)).toBe(base)
})

test('a file without series columns is named after itself', () => {
  expect(seriesName('/data/my_ETHUSD.csv.gz', 'file')).toBe('my_ETHUSD')
  expect(seriesName('/data/x.csv', 'a/B')).toBe('a/B')
})

describe('a replay’s plan', () => {
  test('prices BASE-PERP by all series of that base unless told otherwise', () => {
    const plan = replayPlan(
      parse(),
      seriesOf('a/BTCUSD', 'b/BTCUSDT', 'a/ETHUSD', 'c/BTCUSD', 'd/BTCUSD', 'e/??'),
    )
    expect(
      [...plan.markets].map(([name, { feeds, sourcesMin }]) => [name, feeds.length, sourcesMin]),
    ).toEqual([
      ['BTC-PERP', 4, 3],
      ['ETH-PERP', 1, 1],
    ])
    expect(plan.markets.get('BTC-PERP')?.stepMaxPpm).toBeUndefined()
  })

  test('takes markets, weights, quotes and rates as configured', () => {
    const markets = {
      'X-PERP': {
        sourcesMin: 1,
        max: '5',
        feeds: [{ series: 'a/BTCUSD', weight: 2, quote: 'USDC' }],
      },
    }
    const currencies = { USDC: { sourcesMin: 1, feeds: [{ series: 'b/USDCUSD' }] } }
    const plan = replayPlan(parse({ markets, currencies }), seriesOf('a/BTCUSD', 'b/USDCUSD'))
    expect(plan.markets.get('X-PERP')).toMatchObject({
      feeds: [{ source: 'a/BTCUSD', symbol: 'a/BTCUSD', quote: 'USDC', weight: 2 }],
      sourcesMin: 1,
      priceMax: 5n * 10n ** 18n,
    })
    expect([...plan.currencies.keys()]).toEqual(['USDC'])
  })

  test('a series that is not in the files is refused, with those that are', () => {
    const markets = { 'X-PERP': { feeds: [{ series: 'a/b' }] } }
    expect(() => replayPlan(parse({ markets }), seriesOf('a/BTCUSD'))).toThrow(
      'no series a/b in the files; there are a/BTCUSD',
    )
  })
})

test('times are milliseconds or ISO 8601 with a zone', () => {
  expect(parse({ startAt: '2020-03-13T02:00:00Z' }).startAt).toBe(1_584_064_800_000)
  expect(parse({ startAt: 1_584_064_800_000 }).startAt).toBe(1_584_064_800_000)
  expect(() => parse({ startAt: '2020-03-13' })).toThrow()
  expect(() => parse({ speed: 0 })).toThrow()
})
