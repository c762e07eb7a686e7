import { describe, expect, test } from 'vitest'
import type { Quote } from '../price-source.ts'
import { seededNormal, seededUniform } from './seeded-draws.ts'
import { createSimulatedMarket, type SimulatedSymbol } from './simulated-market.ts'
import { createSimulatedVenue } from './simulated-venue.ts'

const startMs = 1_790_000_000_000
const calm: SimulatedSymbol = {
  startPrice: 60_000,
  volatilityPpm: 60,
  correlationPpm: 700_000,
  jumpsPerDay: 0,
  jumpPpm: 0,
}
const simulate = (seed: number, settings: Partial<SimulatedSymbol> = {}) =>
  createSimulatedMarket({
    seed,
    symbols: new Map([
      ['BTC-PERP', { ...calm, ...settings }],
      ['ETH-PERP', { ...calm, startPrice: 3_000, ...settings }],
    ]),
  })
const walk = (
  seed: number,
  seconds: number,
  settings?: Partial<SimulatedSymbol>,
  symbol = 'BTC-PERP',
) => {
  const market = simulate(seed, settings)
  return Array.from({ length: seconds }, (_, i) =>
    Number(market.price(symbol, startMs + i * 1_000)),
  )
}
const movesOf = (path: readonly number[]) => path.slice(1).map((p, i) => p / (path[i] ?? p) - 1)
const deviationOf = (moves: readonly number[]) =>
  Math.sqrt(moves.reduce((sum, m) => sum + m * m, 0) / moves.length)

describe('the simulated market', { timeout: 60_000 }, () => {
  test('walks the same way for the same seed, another way for another', () => {
    expect(walk(7, 300)).toEqual(walk(7, 300))
    expect(walk(7, 300)).not.toEqual(walk(8, 300))
  })

  test('does not depend on how often it is asked, nor on the other symbols', () => {
    const often = simulate(7)
    for (let ms = 0; ms <= 50_000; ms += 100) often.price('BTC-PERP', startMs + ms)
    const seldom = simulate(7)
    seldom.price('BTC-PERP', startMs)
    expect(seldom.price('BTC-PERP', startMs + 50_000)).toBe(
      often.price('BTC-PERP', startMs + 50_000),
    )
  })

  test('moves as much as it was told to and stays near its start', () => {
    const path = walk(3, 5_000)
    expect(deviationOf(movesOf(path)) * 1e6).toBeGreaterThan(55)
    expect(deviationOf(movesOf(path)) * 1e6).toBeLessThan(65)
    expect(Math.min(...path)).toBeGreaterThan(57_000)
    expect(Math.max(...path)).toBeLessThan(63_000)
  })

  test.each([
    [0, -0.05, 0.05],
    [700_000, 0.45, 0.53],
    [1_000_000, 0.99, 1.01],
  ])('symbols with correlation %d ppm each move together', (correlationPpm, low, high) => {
    const [btc, eth] = ['BTC-PERP', 'ETH-PERP'].map((symbol) =>
      movesOf(walk(5, 8_000, { correlationPpm }, symbol)),
    )
    const product =
      (btc ?? []).reduce((sum, move, i) => sum + move * (eth?.[i] ?? 0), 0) / (btc?.length ?? 1)
    const correlation = product / (deviationOf(btc ?? []) * deviationOf(eth ?? []))
    expect(correlation).toBeGreaterThan(low)
    expect(correlation).toBeLessThan(high)
  })

  test('jumps as often as it was told to, and stays positive whatever happens', () => {
    const jumpy = { volatilityPpm: 0, jumpsPerDay: 864, jumpPpm: 10_000 }
    const jumps = movesOf(walk(9, 10_000, jumpy)).filter((move) => Math.abs(move) > 0.0005)
    // 864 a day are one in a hundred seconds.
    expect(jumps.length).toBeGreaterThan(70)
    expect(jumps.length).toBeLessThan(125)
    const wild = walk(9, 2_000, { volatilityPpm: 100_000, jumpsPerDay: 86_400, jumpPpm: 500_000 })
    expect(Math.min(...wild)).toBeGreaterThan(0)
  })

  test('goes on from where the feed says the index stood, and does not make up for a gap', () => {
    const market = simulate(1, { volatilityPpm: 0 })
    market.resume('BTC-PERP', 58_000)
    expect(market.price('BTC-PERP', startMs)).toBe(58_000)
    const afterAnHour = Number(market.price('BTC-PERP', startMs + 3_600_000))
    expect(afterAnHour).toBeGreaterThan(58_000)
    expect(afterAnHour).toBeLessThan(58_040)
    expect(market.price('DOGE-PERP', startMs)).toBeUndefined()
  })
})

const say = (seed: string, noisePpm = 20) => {
  const quotes: Quote[] = []
  const venue = createSimulatedVenue({
    name: seed,
    market: simulate(1),
    symbols: ['BTC-PERP', 'ETH-PERP', 'DOGE-PERP'],
    seed,
    noisePpm,
  })
  venue.start((quote) => quotes.push(quote))
  venue.advance(startMs)
  return quotes
}

describe('simulated venues', { timeout: 60_000 }, () => {
  test('scatter around the market, each in its own way, with a spread', () => {
    expect(say('a')).toEqual(say('a'))
    const [a, b] = [say('a')[0], say('b')[0]]
    expect(a?.last).not.toBe(b?.last)
    for (const quote of [a, b]) {
      expect(quote?.bid).toBeLessThan(Number(quote?.last))
      expect(quote?.ask).toBeGreaterThan(Number(quote?.last))
      expect(Math.abs(Number(quote?.last) / 60_000e18 - 1) * 1e6).toBeLessThan(6 * 20)
    }
    expect(say('a')).toHaveLength(2)
  })

  test('say nothing after they were stopped', async () => {
    const quotes: Quote[] = []
    const venue = createSimulatedVenue({
      name: 'v',
      market: simulate(1),
      symbols: ['BTC-PERP'],
      seed: 's',
      noisePpm: 0,
    })
    venue.start((quote) => quotes.push(quote))
    await venue.stop()
    venue.advance(startMs)
    expect([quotes.length, venue.health().state]).toEqual([0, 'stopped'])
  })
})

test('draws are near the normal and the uniform distribution', { timeout: 60_000 }, () => {
  const normal = Array.from({ length: 20_000 }, (_, i) => seededNormal('seed', i))
  const mean = normal.reduce((a, b) => a + b) / normal.length
  const variance = normal.reduce((a, b) => a + b * b, 0) / normal.length
  expect(Math.abs(mean)).toBeLessThan(0.03)
  expect(Math.abs(variance - 1)).toBeLessThan(0.04)
  const uniform = Array.from({ length: 20_000 }, (_, i) => seededUniform('seed', i))
  expect(Math.abs(uniform.reduce((a, b) => a + b) / uniform.length - 0.5)).toBeLessThan(0.01)
  expect(Math.max(...uniform)).toBeLessThan(1)
})
