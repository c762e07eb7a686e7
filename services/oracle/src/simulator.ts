//! A made-up market for a devnet without a network: a seeded random walk that leans back to its start price.
import type { TimeMs } from '@plumb/model'
import type { PriceSource } from './price-source.ts'
import { seededNormal } from './seeded-normal.ts'

export type SimulatorOptions = {
  seed: number
  /** Symbol to start price, USDC. */
  startPrices: Readonly<Record<string, number>>
  /** Standard deviation of one second's move, ppm. */
  volatilityPpm: number
}

/** Also takes up a walk where an earlier process left it. */
export type Simulator = PriceSource & { resume(symbol: string, price: number): void }

const stepMs = 1_000
/** After a gap (a stopped devnet) the walk goes on from where it was, it does not make up for it. */
const stepsMax = 60
/** Part of the way back to the start price each second: half of a deviation is gone after 38 minutes. */
const reversion = 0.0003

/**
 * The move of each second depends on seed, symbol and second alone, so the same seed, starting point and times give
 * the same prices.
 */
export const createSimulator = (options: SimulatorOptions): Simulator => {
  const { seed, startPrices, volatilityPpm } = options
  const walks = new Map<string, { price: number; step: number | undefined }>()
  for (const [symbol, price] of Object.entries(startPrices))
    walks.set(symbol, { price, step: undefined })

  const move = (symbol: string, price: number, step: number) => {
    const start = startPrices[symbol] ?? price
    const shock = (seededNormal(`${seed}/${symbol}`, step) * volatilityPpm) / 1e6
    return price * (1 + shock) + (start - price) * reversion
  }

  return {
    name: 'simulator',
    resume: (symbol, price) => {
      const walk = walks.get(symbol)
      if (walk !== undefined) walk.price = price
    },
    price: (symbol: string, timeMs: TimeMs) => {
      const walk = walks.get(symbol)
      if (walk === undefined) return undefined
      const step = Math.floor(timeMs / stepMs)
      const from = Math.max(walk.step ?? step, step - stepsMax)
      for (let at = from + 1; at <= step; at++) walk.price = move(symbol, walk.price, at)
      walk.step = step
      return walk.price
    },
  }
}
