//! A made-up market for a devnet without a network: seeded random walks that move together, jump, and lean back.
import type { Ppm, TimeMs } from '@plumb/model'
import { seededNormal, seededUniform } from './seeded-draws.ts'

/** How one symbol walks. */
export type SimulatedSymbol = {
  /** Dollars for one unit of the underlying. */
  startPrice: number
  /** Standard deviation of one second's move, ppm. 120 ppm is about 67 % a year. */
  volatilityPpm: Ppm
  /** Part of the move that all symbols share, ppm: 1,000,000 moves with the market alone, 0 by itself. */
  correlationPpm: Ppm
  /** Sudden moves a day, on average, and their standard deviation. */
  jumpsPerDay: number
  jumpPpm: Ppm
}

export type SimulatedMarketOptions = {
  seed: number
  symbols: ReadonlyMap<string, SimulatedSymbol>
}

/** The true price that simulated venues quote around. */
export type SimulatedMarket = {
  /** Dollars for one unit at that time, for times that do not fall; undefined for a symbol it does not know. */
  price(symbol: string, timeMs: TimeMs): number | undefined
  /** Takes up a walk where an earlier process left it. */
  resume(symbol: string, price: number): void
}

const stepMs = 1_000
const secondsPerDay = 86_400
/** After a gap (a stopped devnet) the walk goes on from where it was, it does not make up for it. */
const stepsMax = 60
/** Part of the way back to the start price each second: half of a deviation is gone after 38 minutes. */
const reversion = 0.0003
/** No second takes more than this part of a price away: a walk stays positive. */
const lossMax = 0.5

/**
 * The move of each second depends on seed, symbol and second alone, so the same seed, starting point and times give
 * the same prices on every machine (only operations that IEEE 754 rounds one way).
 */
export const createSimulatedMarket = (options: SimulatedMarketOptions): SimulatedMarket => {
  const { seed, symbols } = options
  const walks = new Map<string, { price: number; step: number | undefined }>()
  for (const [symbol, { startPrice }] of symbols)
    walks.set(symbol, { price: startPrice, step: undefined })

  const shockOf = (symbol: string, settings: SimulatedSymbol, step: number): number => {
    const shared = settings.correlationPpm / 1e6
    const own = Math.sqrt(1 - shared * shared)
    const draw =
      shared * seededNormal(`${seed}/market`, step) + own * seededNormal(`${seed}/${symbol}`, step)
    const jumps =
      seededUniform(`${seed}/jump/${symbol}`, step) * secondsPerDay < settings.jumpsPerDay
    const jump = jumps ? seededNormal(`${seed}/jump size/${symbol}`, step) * settings.jumpPpm : 0
    return Math.max(-lossMax, (draw * settings.volatilityPpm + jump) / 1e6)
  }
  const move = (symbol: string, settings: SimulatedSymbol, price: number, step: number) =>
    price * (1 + shockOf(symbol, settings, step)) + (settings.startPrice - price) * reversion

  return {
    price: (symbol, timeMs) => {
      const walk = walks.get(symbol)
      const settings = symbols.get(symbol)
      if (walk === undefined || settings === undefined) return undefined
      const step = Math.floor(timeMs / stepMs)
      const from = Math.max(walk.step ?? step, step - stepsMax)
      for (let at = from + 1; at <= step; at++) walk.price = move(symbol, settings, walk.price, at)
      walk.step = Math.max(walk.step ?? step, step)
      return walk.price
    },
    resume: (symbol, price) => {
      const walk = walks.get(symbol)
      if (walk !== undefined) walk.price = price
    },
  }
}
