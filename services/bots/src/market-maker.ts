//! Quotes several levels around the index of each market and moves them as it moves.
import type { Logger, Metrics } from '@plumb/runtime'
import { type Order, OrderNotFoundError, PlumbError } from '@plumb/sdk'
import type { BotAccount } from './bot-account.ts'
import type { BotMarket } from './bot-market.ts'
import { type QuoteStyle, wantedQuotes } from './quotes.ts'
import { type Requote, type Resting, requotes } from './requote.ts'

type OwnOrder = Resting & { order: Order }

/** A market maker on one account. Call `quote` periodically. */
export class MarketMaker {
  readonly #account: BotAccount
  readonly #markets: readonly BotMarket[]
  readonly #style: QuoteStyle
  readonly #logger: Logger
  readonly #actions
  #lastComplaint = ''

  constructor(
    account: BotAccount,
    markets: readonly BotMarket[],
    style: QuoteStyle,
    logger: Logger,
    metrics: Metrics,
  ) {
    this.#account = account
    this.#markets = markets
    this.#style = style
    this.#logger = logger
    this.#actions = metrics.counter('maker_actions_total', 'Orders placed, edited, cancelled.', [
      'action',
      'outcome',
    ])
  }

  /** Whether every market has orders of this maker resting in its book. */
  get quoting(): boolean {
    return this.#markets.every(({ id }) =>
      [...this.#account.orders.values()].some((order) => order.market === id),
    )
  }

  /** One round over every market; orders of a market go out together. */
  async quote(): Promise<void> {
    for (const market of this.#markets) await this.#quoteMarket(market)
  }

  /** Takes every quote back, as far as the exchange can be reached. */
  async stop(): Promise<void> {
    if (this.#account.current) await this.#account.trader.cancelAll()
  }

  async #quoteMarket(market: BotMarket): Promise<void> {
    const index = this.#account.ticker(market.id)?.index ?? null
    const indexTicks = index === null ? 0 : market.ticks(index)
    const resting = this.#resting(market)
    // Without a fresh price every quote is taken back.
    const wanted =
      index === null
        ? []
        : wantedQuotes(market, this.#style, indexTicks, this.#positionLots(market))
    const toleranceTicks = Math.floor((indexTicks * this.#style.stepPpm) / 4 / 1_000_000)
    const actions = requotes(resting, wanted, toleranceTicks)
    await Promise.all(actions.map((action) => this.#act(market, action)))
  }

  #resting(market: BotMarket): OwnOrder[] {
    return [...this.#account.orders.values()]
      .filter((order) => order.market === market.id)
      .map((order) => ({
        id: order.id,
        side: order.side,
        priceTicks: market.ticks(order.price),
        remainingLots: market.lots(order.remaining),
        order,
      }))
  }

  #positionLots(market: BotMarket): number {
    const position = this.#account.position(market.id)
    if (position === undefined) return 0
    const lots = market.lots(position.contracts)
    return position.side === 'long' ? lots : -lots
  }

  async #act(market: BotMarket, action: Requote<OwnOrder>): Promise<void> {
    try {
      const { order } = await this.#send(market, action)
      this.#account.note(order)
      this.#actions.inc({ action: action.kind, outcome: 'ok' })
    } catch (error) {
      if (!(error instanceof PlumbError)) throw error
      this.#actions.inc({ action: action.kind, outcome: error.code })
      if (error instanceof OrderNotFoundError && action.kind !== 'place')
        this.#account.orders.delete(action.order.id)
      else this.#complain(market, error)
    }
  }

  async #send(market: BotMarket, action: Requote<OwnOrder>) {
    const { trader } = this.#account
    if (action.kind === 'cancel') return await trader.cancel({ orderId: action.order.id })
    const { side, priceTicks, sizeLots } = action.quote
    const terms = { price: market.price(priceTicks), amount: market.amount(sizeLots) }
    if (action.kind === 'edit') return await trader.edit(action.order.order, terms)
    return await trader.place({ market: market.id, side, ...terms, postOnly: true })
  }

  /** One line for each new kind of trouble, not one for each order. */
  #complain(market: BotMarket, error: PlumbError): void {
    const complaint = `${market.id} ${error.code}`
    if (complaint === this.#lastComplaint || error.retryable) return
    this.#lastComplaint = complaint
    this.#logger.warn({ market: market.id, code: error.code, message: error.message }, 'refused')
  }
}
