import type { Market } from '@plumb/model'
import { describe, expect, test } from 'vitest'
import { parsePrice } from '../decimal.ts'
import type { Quote } from '../price-source.ts'
import type { Feed, FeedPlan, InstrumentPlan } from './feed-plan.ts'
import { IndexBoard } from './index-board.ts'

const startMs = 1_790_000_000_000
const market = { symbol: 'BTC-PERP', tickE8: 10_000_000 } as Market
const feed = (source: string, weight = 1, quote = 'USD', symbol = 'BTC'): Feed => ({
  source,
  symbol,
  quote,
  weight,
})
const instrument = (feeds: Feed[], bounds: Partial<InstrumentPlan> = {}): InstrumentPlan => ({
  feeds,
  sourcesMin: 3,
  priceMin: 1n,
  priceMax: 10n ** 33n,
  stepMaxPpm: undefined,
  ...bounds,
})
const planOf = (feeds: Feed[], bounds?: Partial<InstrumentPlan>): FeedPlan => ({
  markets: new Map([['BTC-PERP', instrument(feeds, bounds)]]),
  currencies: new Map([
    ['USDT', instrument(['k', 'c', 'b'].map((source) => feed(source, 1, 'USD', 'USDT')))],
  ]),
})
const price = (text: string) => parsePrice(text) ?? 0n

/** A board with a clock of its own. */
const open = (plan: FeedPlan) => {
  const board = new IndexBoard(plan)
  let now = { timeMs: startMs, monotonicMs: 0 }
  const quote = (source: string, prices: string, rest: Partial<Quote> = {}): Quote => {
    const [bid = '', ask = bid, last = bid] = prices.split(' ')
    const words = { bid: price(bid), ask: price(ask), last: price(last) }
    return { source, symbol: 'BTC', timeMs: now.timeMs, ...words, ...rest }
  }
  return {
    say: (source: string, prices: string, rest?: Partial<Quote>) =>
      board.observe(quote(source, prices, rest), now),
    wait: (ms: number, wallMs = ms) => {
      now = { timeMs: now.timeMs + wallMs, monotonicMs: now.monotonicMs + ms }
    },
    read: () => board.readMarket(market, board.readCurrencies(now), now),
    states: () =>
      board.readMarket(market, board.readCurrencies(now), now).feeds.map(({ state }) => state),
  }
}

const five = ['a', 'b', 'c', 'd', 'e'].map((source) => feed(source))

describe('a market’s index', () => {
  test('is the median of medians of bid, ask and last, in ticks', () => {
    const board = open(planOf(five.slice(0, 3)))
    board.say('a', '60000 60010 60030')
    board.say('b', '60001 60002 59000')
    board.say('c', '60004.96 60020 60004.94')
    expect(board.read()).toMatchObject({
      index: 600_050,
      withheld: undefined,
      confidencePpm: 1_000_000,
    })
  })

  test('a source that lies alone moves nothing, and is named', () => {
    const board = open(planOf(five))
    for (const { source } of five) board.say(source, '60000')
    for (const lie of ['0.1', '400000', '63000.1', '56999.9']) {
      board.say('c', lie)
      expect(board.read()).toMatchObject({ index: 600_000, confidencePpm: 800_000 })
      expect(board.states()).toEqual(['used', 'used', 'outlier', 'used', 'used'])
    }
    board.say('c', '6000000000')
    expect(board.states()[2]).toBe('not_in_ticks')
  })

  test('is withheld with fewer than three sources: two books of one venue are one witness', () => {
    const board = open(planOf([feed('a'), feed('a', 1, 'USD', 'BTC2'), feed('b'), feed('c')]))
    board.say('a', '60000')
    board.say('a', '60000', { symbol: 'BTC2' })
    board.say('b', '60000')
    expect(board.read()).toMatchObject({ index: undefined, withheld: 'too_few_sources' })
    board.say('c', '60000')
    expect(board.read()).toMatchObject({ index: 600_000, withheld: undefined })
  })

  test('is withheld when the majority of the weight has vanished, even with three left', () => {
    const board = open(planOf([feed('a', 4), ...five.slice(1)]))
    for (const { source } of five) board.say(source, '60000')
    board.wait(9_000)
    for (const source of ['b', 'c', 'd']) board.say(source, '60000')
    expect(board.read().withheld).toBeUndefined()
    board.wait(1_001)
    expect(board.states()).toEqual(['silent', 'used', 'used', 'used', 'silent'])
    expect(board.read()).toMatchObject({
      index: undefined,
      withheld: 'majority_missing',
      confidencePpm: 375_000,
    })
  })

  test.each([
    [10_000, 'used'],
    [10_001, 'silent'],
  ])('a source silent for %d ms is %s', (ms, state) => {
    const board = open(planOf(five))
    board.say('a', '60000')
    board.wait(ms)
    expect(board.states()[0]).toBe(state)
    expect(board.states()[1]).toBe('no_data')
  })

  test('silence does not depend on the wall clock', () => {
    const board = open(planOf(five))
    board.say('a', '60000')
    board.wait(11_000, -3_600_000)
    expect(board.states()[0]).toBe('silent')
  })

  test('words with an old time are stale however often they are said', () => {
    const board = open(planOf(five))
    const timeMs = startMs
    board.wait(10_000)
    board.say('a', '60000', { timeMs })
    expect(board.states()[0]).toBe('used')
    board.wait(1)
    board.say('a', '60000', { timeMs })
    expect(board.states()[0]).toBe('stale')
  })

  test.each<[string, string, Partial<Quote>, string | undefined]>([
    ['an unknown source', 'z', {}, 'unknown_feed'],
    ['an unknown symbol', 'a', { symbol: 'ETH' }, 'unknown_feed'],
    ['a crossed book', 'a', { bid: price('60001'), ask: price('60000') }, 'crossed'],
    ['a time ahead of ours', 'a', { timeMs: startMs + 5_001 }, 'future_time'],
    ['a time a little ahead', 'a', { timeMs: startMs + 5_000 }, undefined],
    ['a replayed message', 'a', { timeMs: startMs - 1 }, 'out_of_order'],
  ])('%s is refused: %s', (_name, source, rest, reason) => {
    const board = open(planOf(five))
    board.say('a', '60000')
    expect(board.say(source, '60000', rest)).toBe(reason)
  })

  test.each([
    ['59999.9', undefined],
    ['60000', 600_000],
    ['60100', 601_000],
    ['60100.1', undefined],
  ])('hard bounds: %s gives %s', (text, index) => {
    const board = open(planOf(five, { priceMin: price('60000'), priceMax: price('60100') }))
    for (const { source } of five) board.say(source, text)
    expect(board.read()).toMatchObject({
      index,
      withheld: index === undefined ? 'out_of_bounds' : undefined,
    })
  })

  test('a market without a feed says so', () => {
    const board = new IndexBoard({ markets: new Map(), currencies: new Map() })
    const reading = board.readMarket(market, new Map(), { timeMs: startMs, monotonicMs: 0 })
    expect(reading).toMatchObject({ index: undefined, withheld: 'no_feed' })
  })
})

describe('stablecoin quotes', () => {
  const mixed = ['a', 'b', 'c'].map((source) => feed(source, 1, 'USDT'))

  test('are normalised by the median of the coin’s own sources', () => {
    const board = open(planOf(mixed))
    for (const source of ['a', 'b', 'c']) board.say(source, '60000')
    expect(board.states()).toEqual(['no_rate', 'no_rate', 'no_rate'])
    board.say('k', '0.9', { symbol: 'USDT' })
    board.say('c', '0.91', { symbol: 'USDT' })
    board.say('b', '0.89', { symbol: 'USDT' })
    expect(board.read()).toMatchObject({ index: 540_000, withheld: undefined })
  })

  test('one that breaks its peg at one venue moves nothing; one without a rate drops its books', () => {
    const dollars = ['d', 'e', 'f'].map((source) => feed(source))
    const board = open(planOf([...mixed, ...dollars]))
    for (const source of ['a', 'b', 'c', 'd', 'e', 'f']) board.say(source, '60000')
    for (const [source, rate] of [
      ['k', '1'],
      ['c', '1'],
      ['b', '0.5'],
    ] as const)
      board.say(source, rate, { symbol: 'USDT' })
    // Two sources of the rate are left: fewer than three, so no rate.
    expect(board.states().slice(0, 3)).toEqual(['no_rate', 'no_rate', 'no_rate'])
    expect(board.read()).toMatchObject({ index: 600_000, confidencePpm: 500_000 })
  })
})
