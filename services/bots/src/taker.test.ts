import { createMetrics } from '@plumb/runtime'
import type { NewOrder, Position, Ticker } from '@plumb/sdk'
import { expect, test } from 'vitest'
import { Taker, type TakerAccount } from './taker.ts'

const seeds = [1, 7, 2_026]
const orderUsdc = 1_000
const market = {
  id: 'X-PERP',
  takerFeePpm: 450,
  lotUsdcPerTick: 0.001,
  maxOrderLots: 1_000_000,
  minNotionalUsdc: 1,
  ticks: (price: string) => Math.round(Number(price) * 100),
  lots: Number,
  price: (ticks: number) => String(ticks / 100),
  amount: String,
}

/** Mulberry32. */
const dice = (seed: number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** An exchange that fills everything at a price of 100. */
const play = async (seed: number, rounds: number) => {
  const orders: { order: NewOrder; round: number }[] = []
  let lots = 0
  let round = 0
  const account: TakerAccount = {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the taker reads these fields only
    ticker: () => ({ bid: '99.99', ask: '100.01' }) as Ticker,
    position: () =>
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
      ({ side: lots < 0 ? 'short' : 'long', notional: String(Math.abs(lots) * 10) }) as Position,
    trader: {
      place: (order) => {
        orders.push({ order, round })
        lots += order.side === 'buy' ? Number(order.amount) : -Number(order.amount)
        return Promise.resolve({ order: {}, fills: [], seq: 1 } as never)
      },
    },
  }
  const taker = new Taker(account, [market], orderUsdc, createMetrics('test'), dice(seed))
  let worst = 0
  for (; round < rounds; round++) {
    await taker.take()
    worst = Math.max(worst, Math.abs(lots) * 10)
  }
  return { orders, worst }
}

test.each(seeds)(
  'seed %i: bursts, one way for a while, mostly small, and its position comes back',
  async (seed) => {
    const rounds = 4_000
    const { orders, worst } = await play(seed, rounds)
    const perRound = new Map<number, number>()
    for (const { round } of orders) perRound.set(round, (perRound.get(round) ?? 0) + 1)
    const counts = Array.from({ length: rounds }, (_, i) => perRound.get(i) ?? 0)
    const mean = orders.length / rounds
    const variance = counts.reduce((sum, n) => sum + (n - mean) ** 2, 0) / rounds
    expect(Math.max(...counts)).toBeLessThanOrEqual(4)
    // Poisson orders would have a variance equal to their mean.
    expect(variance).toBeGreaterThan(1.1 * mean)
    const same = orders.filter(({ order }, i) => i > 0 && order.side === orders[i - 1]?.order.side)
    expect(same.length / orders.length).toBeGreaterThan(0.53)
    const sizes = orders.map(({ order }) => Number(order.amount) * 10).toSorted((a, b) => a - b)
    expect(sizes[Math.floor(sizes.length / 2)]).toBeLessThan(orderUsdc)
    expect(sizes.at(-1)).toBeLessThanOrEqual(6 * orderUsdc * 1.01)
    expect(worst).toBeLessThan(40 * orderUsdc)
  },
)
