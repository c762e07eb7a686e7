import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '@plumb/runtime'
import { describe, expect, test } from 'vitest'
import { readConfig } from './config.ts'

const key = (n: number) => `0x${String(n).padStart(64, '0')}`
const least = { PLUMB_SEQUENCER: 'unix:/s', PLUMB_PUBLISHER_KEYS: key(1) }
const feed = (source: string, rest: object = {}) => ({ source, symbol: 'BTCUSD', ...rest })
const three = [feed('kraken'), feed('bitstamp'), feed('coinbase')]
const problemsOf = (env: Record<string, string>): string[] => {
  try {
    readConfig({ ...least, ...env })
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((p) => `${p.key}: ${p.message}`)
    throw error
  }
}
const feeds = (document: object) =>
  problemsOf({ PLUMB_ORACLE_MODE: 'live', PLUMB_ORACLE_FEEDS: JSON.stringify(document) })

describe('the configuration', () => {
  test('needs little: the simulator with two markets', () => {
    expect(readConfig(least)).toMatchObject({
      PLUMB_ORACLE_MODE: 'simulator',
      PLUMB_ORACLE_INTERVAL_MS: 1_000,
      PLUMB_ORACLE_PRICES: { 'BTC-PERP': { price: 60_000 }, 'ETH-PERP': { price: 3_000 } },
    })
  })

  test('live has six venues and USDT by default, and nothing made up', () => {
    const { PLUMB_ORACLE_FEEDS: plan, PLUMB_ORACLE_PRICES: prices } = readConfig({
      ...least,
      PLUMB_ORACLE_MODE: 'live',
    })
    expect(prices).toEqual({})
    expect([...plan.markets.keys()]).toEqual(['BTC-PERP', 'ETH-PERP', 'SOL-PERP'])
    const btc = plan.markets.get('BTC-PERP')
    expect(new Set(btc?.feeds.map(({ source }) => source)).size).toBe(6)
    expect(btc).toMatchObject({ sourcesMin: 3, priceMin: 1_000n * 10n ** 18n, stepMaxPpm: 50_000 })
    const weightOf = (quote: string) =>
      btc?.feeds.filter((f) => f.quote === quote).reduce((sum, { weight }) => sum + weight, 0)
    expect([weightOf('USD'), weightOf('USDT')]).toEqual([7, 7])
  })

  test('takes documents from files', () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumb-oracle-config-'))
    const file = join(folder, 'feeds.json')
    writeFileSync(file, JSON.stringify({ markets: { 'DOGE-PERP': { min: '0.01', feeds: three } } }))
    const config = readConfig({
      ...least,
      PLUMB_ORACLE_MODE: 'live',
      PLUMB_ORACLE_FEEDS_FILE: file,
    })
    expect(config.PLUMB_ORACLE_FEEDS.markets.get('DOGE-PERP')).toMatchObject({
      priceMin: 10n ** 16n,
      sourcesMin: 3,
    })
    rmSync(folder, { recursive: true })
  })

  test('names every bad key at once', () => {
    const problems = problemsOf({
      PLUMB_SEQUENCER: 'nowhere',
      PLUMB_PUBLISHER_KEYS: '- -',
      PLUMB_ORACLE_MODE: 'magic',
      PLUMB_ORACLE_FEEDS: '{',
      PLUMB_ORACLE_PRICES: '{"BTC-PERP":-1}',
      PLUMB_ORACLE_VENUE_URLS: '{"binance":"https://x"}',
      PLUMB_ORACLE_REPLAY: '{"files":[]}',
      PLUMB_ORACLE_INTERVAL_MS: '1',
    })
    expect(problems.map((p) => p.split(':')[0]?.split('.')[0])).toEqual([
      'PLUMB_SEQUENCER',
      'PLUMB_PUBLISHER_KEYS',
      'PLUMB_ORACLE_MODE',
      'PLUMB_ORACLE_INTERVAL_MS',
      'PLUMB_ORACLE_FEEDS',
      'PLUMB_ORACLE_VENUE_URLS',
      'PLUMB_ORACLE_REPLAY',
      'PLUMB_ORACLE_PRICES',
    ])
  })

  test.each([
    [key(1), []],
    [`- ${key(1)},\n${key(2)}`, []],
    [
      `${key(1)} ${key(1)}`,
      ['PLUMB_PUBLISHER_KEYS: has the same key twice: k of n would be fewer'],
    ],
    ['0x12', ['PLUMB_PUBLISHER_KEYS.0: must be 0x and 64 hex digits']],
  ])('keys %j', (keys, problems) => {
    expect(problemsOf({ PLUMB_PUBLISHER_KEYS: keys })).toEqual(problems)
  })

  test('a key is never printed', () => {
    expect(problemsOf({ PLUMB_PUBLISHER_KEYS: `${key(1)} x${key(77)}` }).join()).not.toContain('77')
  })

  test('replay needs its document', () => {
    expect(problemsOf({ PLUMB_ORACLE_MODE: 'replay' })).toEqual([
      'PLUMB_ORACLE_REPLAY: is required in mode replay',
    ])
  })
})

describe('the feeds of live venues', () => {
  const market = (rest: object) => ({ markets: { 'BTC-PERP': { feeds: three, ...rest } } })

  test.each<[string, object, string[]]>([
    ['three sources', market({}), []],
    [
      'two sources',
      market({ feeds: three.slice(1) }),
      ['markets.BTC-PERP: has 2 different sources, needs 3'],
    ],
    [
      'two books of one venue among three',
      market({
        feeds: [
          ...three.slice(1),
          feed('kraken', { symbol: 'X' }),
          feed('bitstamp', { symbol: 'X' }),
        ],
      }),
      [],
    ],
    [
      'fewer venues than wanted',
      market({ sourcesMin: 4 }),
      ['markets.BTC-PERP: has 3 different sources, needs 4'],
    ],
    [
      'a venue that outweighs the others',
      market({ feeds: [feed('binance', { weight: 4 }), ...three] }),
      ['markets.BTC-PERP: binance has more than half of the weight'],
    ],
    ['half of the weight', market({ feeds: [feed('binance', { weight: 3 }), ...three] }), []],
    [
      'a feed named twice',
      market({ feeds: [...three, feed('kraken')] }),
      ['markets.BTC-PERP: kraken/BTCUSD is there twice'],
    ],
    [
      'bounds the wrong way',
      market({ min: '2', max: '1' }),
      ['markets.BTC-PERP: min must be below max'],
    ],
    [
      'a bound that is a number',
      market({ min: 2 }),
      ['markets.BTC-PERP.min: Invalid input: expected string, received number'],
    ],
    [
      'a currency without a rate',
      market({ feeds: [...three, feed('okx', { quote: 'USDT' })] }),
      ['markets.BTC-PERP: USDT has no entry under currencies'],
    ],
    [
      'a currency priced in another',
      {
        ...market({}),
        currencies: { USDT: { feeds: [...three, feed('okx', { quote: 'USDC' })] } },
      },
      ['currencies.USDT: a currency is priced in USD, and is not it'],
    ],
    ['a strange field', market({ wieght: 1 }), ['markets.BTC-PERP: Unrecognized key: "wieght"']],
  ])('%s', (_name, document, problems) => {
    expect(feeds(document)).toEqual(problems.map((problem) => `PLUMB_ORACLE_FEEDS.${problem}`))
  })

  test('an unknown venue is named', () => {
    expect(feeds(market({ feeds: [feed('ftx'), ...three] })).join()).toContain(
      'PLUMB_ORACLE_FEEDS.markets.BTC-PERP.feeds.0.source',
    )
  })
})
