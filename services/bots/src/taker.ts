//! Taker flow as markets see it: orders come in bursts, one side for a while, mostly small and now and then large.
import type { Metrics } from '@plumb/runtime'
import { PlumbError, type Position, type Ticker, type Trader } from '@plumb/sdk'
import type { BotMarket } from './bot-market.ts'

/** How far through the best price its limit lies, ppm. */
const SLIPPAGE_PPM = 500
/** Position, in orders, from which on it only trades back. */
const INVENTORY_ORDERS = 10

/** Chance of an order in a round when nothing happens, and what each order adds to the next round's. */
const CALM = 0.25
const EXCITEMENT = 0.35
/** Part of the excitement that is left a round later. */
const DECAY = 0.6
/** Orders of one round at most. */
const BURST_MAX = 4
/** Chance that an order goes the way of the market's last one. */
const PERSISTENCE = 0.65
/** Largest order, in usual ones. */
const SIZE_MAX = 6

/** What the taker uses of its account. */
export type TakerAccount = {
  ticker(market: string): Ticker | undefined
  position(market: string): Position | undefined
  trader: Pick<Trader, 'place'>
}

/** Takes from the books of a few markets. Call `take` periodically. */
export class Taker {
  readonly #account: TakerAccount
  readonly #markets: readonly BotMarket[]
  readonly #orderUsdc: number
  readonly #random: () => number
  readonly #orders
  readonly #lastSides = new Map<string, 'buy' | 'sell'>()
  #excitement = 0

  /** @param random a number in [0, 1), `Math.random` by default */
  constructor(
    account: TakerAccount,
    markets: readonly BotMarket[],
    orderUsdc: number,
    metrics: Metrics,
    random: () => number = Math.random,
  ) {
    this.#account = account
    this.#markets = markets
    this.#orderUsdc = orderUsdc
    this.#random = random
    this.#orders = metrics.counter('taker_orders_total', 'Orders by outcome.', ['outcome'])
  }

  /** A round: no order, one, or a burst; none in a market whose book is empty. */
  async take(): Promise<void> {
    let orders = 0
    while (orders < BURST_MAX && this.#random() < CALM + this.#excitement) {
      orders += 1
      await this.#takeOne()
    }
    this.#excitement = Math.min(
      0.7,
      this.#excitement * DECAY + orders * EXCITEMENT * this.#random(),
    )
  }

  async #takeOne(): Promise<void> {
    const market = this.#markets[Math.floor(this.#random() * this.#markets.length)]
    const ticker = market === undefined ? undefined : this.#account.ticker(market.id)
    if (market === undefined || ticker === undefined) return
    const side = this.#side(market)
    const best = side === 'buy' ? ticker.ask : ticker.bid
    if (best === null) return
    this.#lastSides.set(market.id, side)
    const bestTicks = market.ticks(best)
    const slippage = Math.ceil((bestTicks * SLIPPAGE_PPM) / 1_000_000)
    const price = market.price(side === 'buy' ? bestTicks + slippage : bestTicks - slippage)
    const orderLots = this.#orderUsdc / (bestTicks * market.lotUsdcPerTick)
    const amount = market.amount(Math.max(1, Math.round(orderLots * this.#size())))
    const order = { market: market.id, side, price, amount, timeInForce: 'IOC' } as const
    try {
      await this.#account.trader.place(order)
      this.#orders.inc({ outcome: 'ok' })
    } catch (error) {
      if (!(error instanceof PlumbError)) throw error
      this.#orders.inc({ outcome: error.code })
    }
  }

  /** In usual orders: most are a fraction, few are several (Pareto with exponent 1.5, cut). */
  #size(): number {
    return Math.min(SIZE_MAX, 0.25 / (1 - this.#random()) ** (1 / 1.5))
  }

  /** The last order's side more often than not, weighed against the position. */
  #side(market: BotMarket): 'buy' | 'sell' {
    const position = this.#account.position(market.id)
    const notional = position === undefined ? 0 : Number(position.notional)
    const held = (position?.side === 'short' ? -notional : notional) / this.#orderUsdc
    const last = this.#lastSides.get(market.id)
    const leaning = last === undefined ? 0.5 : last === 'buy' ? PERSISTENCE : 1 - PERSISTENCE
    return this.#random() < leaning - held / INVENTORY_ORDERS / 2 ? 'buy' : 'sell'
  }
}
