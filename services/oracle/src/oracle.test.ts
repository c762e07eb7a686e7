import type { Genesis, Market } from '@plumb/model'
import { describe, expect, test } from 'vitest'
import { openPublishers, publication, ticksOf } from './publisher.ts'
import { seededNormal } from './seeded-normal.ts'
import { createSimulator } from './simulator.ts'

const startMs = 1_790_000_000_000
const keys = ['01', '02', '03'].map((end) => `0x${end.padStart(64, '0')}`)
const addresses = [
  '7e5f4552091a69125d5dfcb7b8c2659029395bdf',
  '2b5ad5c4795c026514f8317c7a215e218dccd6cf',
  '6813eb9362372eef6200f3b1dbc3f819671cba69',
]
const genesis: Genesis = {
  kind: 'Genesis',
  chainId: 1337,
  settlementLagS: 600,
  publisherCount: 3,
  publisherQuorum: 2,
  contract: new Uint8Array(20).fill(0xc0),
  publishers: new Uint8Array(Buffer.from(addresses.join('').padEnd(200, '0'), 'hex')),
}
const market = (id: number, symbol: string, fixedIndexTicks = 0): Market => ({
  market: id,
  symbol,
  tickE8: 10_000_000,
  lotE8: 100_000,
  quotePerTickLot: 100,
  imBps: 200,
  mmBps: 100,
  takerFee: 45,
  makerFee: -5,
  minOrderLots: 1,
  maxOrderLots: 1_000_000,
  maxPositionLots: 10_000_000,
  minNotionalQuote: 0,
  maxOpenInterestLots: 0,
  priceBandPpm: 0,
  markBandPpm: 10_000,
  fixedIndexTicks,
})
const markets = [market(0, 'BTC-PERP'), market(2, 'TAPE', 5), market(33, 'ETH-PERP')]
const simulate = (seed: number, volatilityPpm = 60) =>
  createSimulator({ seed, startPrices: { 'BTC-PERP': 60_000, 'ETH-PERP': 3_000 }, volatilityPpm })
const walk = (seed: number, seconds: number) => {
  const source = simulate(seed)
  return Array.from({ length: seconds }, (_, i) => source.price('BTC-PERP', startMs + i * 1000))
}

describe('the simulator', () => {
  test('walks the same way for the same seed, another way for another', () => {
    expect(walk(7, 300)).toEqual(walk(7, 300))
    expect(walk(7, 300)).not.toEqual(walk(8, 300))
  })

  test('moves as much as it was told to and stays near its start', () => {
    const path = walk(3, 5_000).map(Number)
    const moves = path.slice(1).map((p, i) => p / (path[i] ?? p) - 1)
    const deviation = Math.sqrt(moves.reduce((sum, m) => sum + m * m, 0) / moves.length)
    expect(deviation * 1e6).toBeGreaterThan(55)
    expect(deviation * 1e6).toBeLessThan(65)
    expect(Math.min(...path)).toBeGreaterThan(57_000)
    expect(Math.max(...path)).toBeLessThan(63_000)
  })

  test('goes on from where the feed says the index stood', () => {
    const source = simulate(1, 0)
    source.resume('BTC-PERP', 58_000)
    expect(source.price('BTC-PERP', startMs)).toBe(58_000)
    expect(source.price('DOGE-PERP', startMs)).toBeUndefined()
  })

  test('draws are near the normal distribution', () => {
    const draws = Array.from({ length: 20_000 }, (_, i) => seededNormal('seed', i))
    const mean = draws.reduce((a, b) => a + b) / draws.length
    const variance = draws.reduce((a, b) => a + b * b, 0) / draws.length
    expect(Math.abs(mean)).toBeLessThan(0.03)
    expect(Math.abs(variance - 1)).toBeLessThan(0.04)
  })
})

const options = () => ({
  source: simulate(1),
  markets,
  publishers: openPublishers(keys, genesis),
  noisePpm: 20,
  seed: 1,
})

const open = (list: string[]) => openPublishers(list, genesis).map((p) => p.publisher)

describe('a publication', () => {
  test('is one signed vector for each publisher and page, fixed markets left out', () => {
    const messages = publication(options(), startMs)
    expect(messages.map((m) => [m.publisher, m.page, m.count])).toEqual([
      [0, 0, 1],
      [0, 1, 2],
      [1, 0, 1],
      [1, 1, 2],
      [2, 0, 1],
      [2, 1, 2],
    ])
    for (const { page, prices, signature } of messages) {
      expect(signature).toHaveLength(64)
      const [first = 0, second = 0] = prices
      expect(page === 0 ? first : second).toBeGreaterThan(page === 0 ? 590_000 : 29_500)
      expect(page === 0 ? first : second).toBeLessThan(page === 0 ? 610_000 : 30_500)
    }
    expect(new Set(messages.map((m) => m.prices.join())).size).toBeGreaterThan(2)
    expect(publication(options(), startMs)).toEqual(messages)
  })

  test('leaves a number to somebody else, and refuses a key that is not registered', () => {
    expect(open([...keys.slice(0, 1), '-', ...keys.slice(2)])).toEqual([0, 2])
    expect(() => open(keys.toReversed())).toThrow('key 0 is')
    expect(() => open([...keys, ...keys.slice(0, 1)])).toThrow('key 3 is')
  })

  test('rounds to ticks and drops what has no place', () => {
    const btc = market(0, 'BTC-PERP')
    expect(ticksOf(60_000.04, btc)).toBe(600_000)
    expect(ticksOf(60_000.06, btc)).toBe(600_001)
    expect(ticksOf(0.01, btc)).toBe(0)
    expect(ticksOf(1e12, btc)).toBe(0)
  })
})
