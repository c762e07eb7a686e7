import type { Market } from '@plumb/model'
import { createLogger, createManualClock, createMetrics, silentLogger } from '@plumb/runtime'
import { describe, expect, test } from 'vitest'
import { readConfig } from './config.ts'
import { parsePrice } from './decimal.ts'
import type { FeedPlan } from './index/feed-plan.ts'
import { openSources } from './open-sources.ts'
import { Oracle, type OracleOptions } from './oracle.ts'
import { degradedReasons, oracleRoutes } from './oracle-routes.ts'
import type { PriceSource, Quote } from './price-source.ts'
import { openPublishers, signPrices } from './publisher.ts'
import { createTelemetry } from './telemetry.ts'
import { genesis, market, publisherKeys } from './testing/market.ts'

const startMs = 1_790_000_000_000
const markets = [market(0, 'BTC-PERP'), market(2, 'TAPE', 5), market(33, 'ETH-PERP')]
const open = (list: string[]) => openPublishers(list, genesis).map((p) => p.publisher)

describe('publishers', () => {
  test('a number may be left to somebody else; a key that is not registered is refused', () => {
    const [first = '', , third = ''] = publisherKeys
    expect(open([first, '-', third])).toEqual([0, 2])
    expect(() => open(publisherKeys.toReversed())).toThrow('key 0 is')
    expect(() => open([...publisherKeys, first])).toThrow('key 3 is')
  })

  test('sign a vector for each page: no price is 0, a page of none is left out', () => {
    const publisher = openPublishers(publisherKeys, genesis)[1]
    if (publisher === undefined) throw new Error('no publisher')
    const prices = new Map([
      [63, 7],
      [3, 5],
      [1, 4_294_967_295],
    ])
    const messages = signPrices(publisher, prices, startMs)
    expect(
      messages.map(({ publisher: p, page, count, prices: ticks, publishTimeMs }) => [
        p,
        page,
        count,
        ticks.slice(-4),
        publishTimeMs,
      ]),
    ).toEqual([
      [1, 0, 4, [0, 4_294_967_295, 0, 5], startMs],
      [1, 1, 32, [0, 0, 0, 7], startMs],
    ])
    expect(messages.every(({ signature }) => signature.length === 64)).toBe(true)
    expect(signPrices(publisher, new Map(), startMs)).toEqual([])
  })
})

/** A source that says what the test tells it to. */
const puppet = (name: string) => {
  let emit: ((quote: Quote) => void) | undefined
  const source: PriceSource = {
    name,
    start: (listener) => {
      emit = listener
    },
    advance: () => {},
    health: () => ({ name, state: 'open', connections: 1, quotes: 0, badMessages: 0 }),
    stop: () => {
      emit = undefined
      return Promise.resolve()
    },
  }
  const say = (price: string, timeMs: number) => {
    const p = parsePrice(price) ?? 0n
    emit?.({ source: name, symbol: 'BTC', bid: p, ask: p, last: p, timeMs })
  }
  return { source, say }
}

const plan: FeedPlan = {
  markets: new Map([
    [
      'BTC-PERP',
      {
        feeds: ['a', 'b', 'c', 'd'].map((source) => ({
          source,
          symbol: 'BTC',
          quote: 'USD',
          weight: 1,
        })),
        sourcesMin: 3,
        priceMin: 1n,
        priceMax: 10n ** 33n,
        stepMaxPpm: 50_000,
      },
    ],
  ]),
  currencies: new Map(),
}

const start = (options: Partial<OracleOptions> = {}) => {
  const clock = createManualClock(startMs)
  const puppets = ['a', 'b', 'c', 'd'].map(puppet)
  const oracle = new Oracle({
    plan,
    publishers: openPublishers(publisherKeys, genesis),
    shared: puppets.map(({ source }) => source),
    ownSources: () => [],
    markets: () => markets,
    lastIndex: () => undefined,
    clock,
    ...options,
  })
  oracle.start()
  const sayAll = (...prices: string[]) => {
    for (const [i, { say }] of puppets.entries())
      say(prices[i] ?? prices.at(-1) ?? '', clock.nowMs())
  }
  /** Vectors of the first publisher after `ms`, or what is missing. */
  const publish = (ms = 1_000) => {
    clock.advance(ms)
    return oracle.publish(clock.nowMs())[0]?.prices
  }
  return { oracle, clock, sayAll, publish, puppets }
}

describe('the oracle', () => {
  test('publishes the index of what it heard, for every publisher, and nothing of a market without a feed', () => {
    const { oracle, sayAll, clock } = start()
    sayAll('60000', '60001', '60002', '60003')
    clock.advance(1_000)
    const messages = oracle.publish(clock.nowMs())
    expect(messages.map(({ publisher, page, prices }) => [publisher, page, prices])).toEqual([
      [0, 0, [600_010]],
      [1, 0, [600_010]],
      [2, 0, [600_010]],
    ])
    expect(degradedReasons(oracle)).toEqual(['ETH-PERP no_feed'])
  })

  test('never publishes one time twice, nor an earlier one', () => {
    const { oracle, sayAll, clock } = start()
    sayAll('60000')
    clock.advance(1_000)
    expect(oracle.publish(clock.nowMs())).toHaveLength(3)
    expect(oracle.publish(clock.nowMs())).toEqual([])
    expect(oracle.publish(clock.nowMs() - 1)).toEqual([])
  })

  test('stops while the clock is in doubt, and says so', () => {
    const { oracle, sayAll, clock, publish } = start()
    sayAll('60000')
    expect(publish()).toEqual([600_000])
    clock.jumpWall(3_000)
    expect(publish()).toBeUndefined()
    expect(oracle.status().clock).toBe('clock_jump')
    expect(degradedReasons(oracle)).toContain('clock_jump')
    for (let second = 0; second < 9; second++) {
      sayAll('60000')
      expect(publish()).toBeUndefined()
    }
    sayAll('60000')
    expect(publish()).toEqual([600_000])
  })

  test('a majority that vanishes stops the market with a reason; one that lies moves it a step at a time', () => {
    const { oracle, sayAll, publish, clock, puppets } = start()
    sayAll('60000')
    expect(publish()).toEqual([600_000])
    sayAll('60000', '90000', '90000', '90000')
    expect(publish()).toEqual([630_000])
    expect(publish()).toEqual([661_500])
    sayAll('60000')
    expect(publish()).toEqual([628_425])
    expect(publish()).toEqual([600_000])
    for (let second = 0; second < 9; second++) {
      for (const { say } of puppets.slice(0, 2)) say('60000', clock.nowMs())
      publish()
    }
    expect(publish(2_000)).toBeUndefined()
    expect(degradedReasons(oracle)).toEqual([
      'BTC-PERP c/BTC silent',
      'BTC-PERP d/BTC silent',
      'BTC-PERP too_few_sources',
      'ETH-PERP no_feed',
    ])
  })

  test('begins its steps from where the exchange’s index stood', () => {
    const { sayAll, publish } = start({ lastIndex: () => 500_000 })
    sayAll('60000')
    expect([publish(), publish()]).toEqual([[525_000], [551_250]])
  })

  test('prices a market that is listed later', () => {
    const listed: Market[] = []
    const { sayAll, publish } = start({ markets: () => listed })
    sayAll('60000')
    expect(publish()).toBeUndefined()
    listed.push(market(1, 'BTC-PERP'))
    expect(publish()).toEqual([0, 600_000])
  })

  test('counts what it refuses', () => {
    const refused: string[] = []
    const { puppets, clock } = start({
      onRefusedQuote: (source, why) => refused.push(`${source} ${why}`),
    })
    puppets[0]?.say('60000', clock.nowMs() + 60_000)
    // Three boards, one for each publisher.
    expect(refused).toEqual(Array.from({ length: 3 }, () => 'a future_time'))
  })

  test('is heard by nobody after its end', async () => {
    const { oracle, sayAll, publish } = start()
    await oracle.stop()
    sayAll('60000')
    expect(publish()).toBeUndefined()
  })
})

describe('what the operator sees', () => {
  test('every feed’s price, age, deviation and state; why a market has no index', () => {
    const { oracle, sayAll, publish } = start()
    sayAll('60000', '60060', '59940', '100')
    publish()
    const routes = oracleRoutes(
      'live',
      () => oracle,
      () => markets,
    )
    const answer = JSON.parse(JSON.stringify(routes('/prices')?.body))
    expect(answer).toMatchObject({
      mode: 'live',
      clock: 'ok',
      sources: [{ name: 'a' }, {}, {}, {}],
    })
    expect(answer.publishers[2].markets).toMatchObject({
      'BTC-PERP': {
        price: '60000',
        withheld: null,
        confidencePpm: 750_000,
        stepLimited: false,
        feeds: [
          { source: 'a', state: 'used', price: '60000', ageMs: 1_000, deviationPpm: 0 },
          { source: 'b', state: 'used', price: '60060', deviationPpm: 1_000 },
          { source: 'c', state: 'used', price: '59940', deviationPpm: -1_000 },
          { source: 'd', state: 'outlier', price: '100', deviationPpm: -998_333 },
        ],
      },
      'ETH-PERP': { price: null, withheld: 'no_feed', feeds: [] },
    })
    expect(routes('/other')).toBeUndefined()
    expect(
      oracleRoutes(
        'live',
        () => undefined,
        () => [],
      )('/prices')?.status,
    ).toBe(503)
  })

  test('metrics tell the same', async () => {
    const { oracle, sayAll, publish } = start()
    const metrics = createMetrics('oracle')
    const telemetry = createTelemetry(metrics, silentLogger)
    sayAll('60000', '60060', '59940', '100')
    publish()
    telemetry.observe(oracle)
    telemetry.refusedQuote('a', 'crossed')
    const text = await metrics.text()
    const labels = 'publisher="0",instrument="BTC-PERP",source="d",symbol="BTC",service="oracle"'
    expect(text).toContain(`plumb_oracle_feed_deviation_ppm{${labels}} -998333`)
    expect(text).toContain(`plumb_oracle_feed_used{${labels}} 0`)
    expect(text).toContain(`plumb_oracle_feed_age_seconds{${labels}} 1`)
    expect(text).toContain(
      'plumb_oracle_confidence_ppm{publisher="0",instrument="BTC-PERP",service="oracle"} 750000',
    )
    expect(text).toContain(
      'plumb_oracle_index_withheld_total{publisher="0",instrument="ETH-PERP",reason="no_feed",service="oracle"} 1',
    )
    expect(text).toContain(
      'plumb_oracle_quotes_refused_total{source="a",reason="crossed",service="oracle"} 1',
    )
    expect(text).toContain('plumb_oracle_clock_ok{service="oracle"} 1')
  })
})

const simulate = async (keys: string[]) => {
  const config = readConfig({
    PLUMB_SEQUENCER: 'unix:/s',
    PLUMB_PUBLISHER_KEYS: keys.join(),
    PLUMB_ORACLE_PRICES: '{"BTC-PERP":60000,"ETH-PERP":{"price":3000,"volatilityPpm":10}}',
  })
  const clock = createManualClock(startMs)
  const sources = await openSources(config, clock, silentLogger)
  const oracle = new Oracle({
    ...sources,
    publishers: openPublishers(config.PLUMB_PUBLISHER_KEYS, genesis),
    markets: () => markets,
    lastIndex: () => undefined,
    clock,
  })
  oracle.start()
  return (seconds: number) =>
    Array.from({ length: seconds }, () => {
      clock.advance(1_000)
      return oracle.publish(clock.nowMs())
    })
}

test('an index that is lost, or back, is said once in the log', () => {
  const lines: { msg: string; instrument?: string; reason?: string; publisher?: number }[] = []
  const destination = { write: (line: string) => lines.push(JSON.parse(line)) }
  const telemetry = createTelemetry(
    createMetrics('oracle'),
    createLogger('oracle', { destination }),
  )
  const { oracle, sayAll, publish, clock, puppets } = start({ markets: () => markets.slice(0, 1) })
  const say = (count: number) => {
    for (const { say: speak } of puppets.slice(0, count)) speak('60000', clock.nowMs())
    publish()
    telemetry.observe(oracle)
  }
  sayAll('60000')
  for (const count of [4, 4, 2, 2, 2, 4, 4]) {
    say(count)
    clock.advance(4_000)
  }
  const first = lines.filter(({ publisher }) => publisher === 0)
  expect(first.map(({ msg, instrument, reason }) => [msg, instrument, reason])).toEqual([
    ['index withheld', 'BTC-PERP', 'too_few_sources'],
    ['index is back', 'BTC-PERP', undefined],
  ])
})

describe('the simulator as a whole', { timeout: 60_000 }, () => {
  test('each publisher signs a vector of its own, near the others’', async () => {
    const [messages = []] = (await simulate(publisherKeys))(1)
    expect(messages.map((m) => [m.publisher, m.page, m.count])).toEqual([
      [0, 0, 1],
      [0, 1, 2],
      [1, 0, 1],
      [1, 1, 2],
      [2, 0, 1],
      [2, 1, 2],
    ])
    const btc = messages.flatMap(({ page, prices }) => (page === 0 ? prices : []))
    expect(new Set(btc).size).toBe(3)
    expect(Math.max(...btc) - Math.min(...btc)).toBeLessThan(200)
    for (const price of btc) expect(Math.abs(price / 600_000 - 1)).toBeLessThan(0.001)
  })

  test('is reproducible, and a publisher alone in its process says what it says in company', async () => {
    const together = (await simulate(publisherKeys))(20).flat()
    expect((await simulate(publisherKeys))(20).flat()).toEqual(together)
    const alone = (await simulate(['-', publisherKeys[1] ?? '']))(20).flat()
    expect(alone).toEqual(together.filter(({ publisher }) => publisher === 1))
  })
})
