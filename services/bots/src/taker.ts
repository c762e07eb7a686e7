//! A small random taker, so that there are trades: one immediate order at a time, at the best price.
import type { Metrics } from '@plumb/runtime'
import { PlumbError } from '@plumb/sdk'
import type { BotAccount } from './bot-account.ts'
import type { BotMarket } from './bot-market.ts'

/** How far through the best price its limit lies, ppm. */
const SLIPPAGE_PPM = 500
/** Position, in orders, from which on it only trades back. */
const INVENTORY_ORDERS = 10

/** Takes from the books of a few markets. Call `take` periodically. */
export class Taker {
  readonly #account: BotAccount
  readonly #markets: readonly BotMarket[]
  readonly #orderUsdc: number
  readonly #random: () => number
  readonly #orders

  /** @param random a number in [0, 1), `Math.random` by default */
  constructor(
    account: BotAccount,
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

  /** One order in one market, or none when its book is empty. */
  async take(): Promise<void> {
    const market = this.#markets[Math.floor(this.#random() * this.#markets.length)]
    const ticker = market === undefined ? undefined : this.#account.ticker(market.id)
    if (market === undefined || ticker === undefined) return
    const side = this.#side(market)
    const best = side === 'buy' ? ticker.ask : ticker.bid
    if (best === null) return
    const bestTicks = market.ticks(best)
    const slippage = Math.ceil((bestTicks * SLIPPAGE_PPM) / 1_000_000)
    const price = market.price(side === 'buy' ? bestTicks + slippage : bestTicks - slippage)
    const orderLots = this.#orderUsdc / (bestTicks * market.lotUsdcPerTick)
    const amount = market.amount(Math.max(1, Math.round(orderLots * (0.2 + this.#random()))))
    const order = { market: market.id, side, price, amount, timeInForce: 'IOC' } as const
    try {
      await this.#account.trader.place(order)
      this.#orders.inc({ outcome: 'ok' })
    } catch (error) {
      if (!(error instanceof PlumbError)) throw error
      this.#orders.inc({ outcome: error.code })
    }
  }

  /** A coin, weighed against the position. */
  #side(market: BotMarket): 'buy' | 'sell' {
    const position = this.#account.position(market.id)
    const notional = position === undefined ? 0 : Number(position.notional)
    const held = (position?.side === 'short' ? -notional : notional) / this.#orderUsdc
    return this.#random() < 0.5 - held / INVENTORY_ORDERS / 2 ? 'buy' : 'sell'
  }
}
