//! Earns funding against a simulated spot leg: short the perpetual where longs pay, long where shorts pay, hedged at the index.
import type { Logger, Metrics } from '@plumb/runtime'
import { type Client, PlumbError, type Trader } from '@plumb/sdk'
import type { BotMarket } from './bot-market.ts'
import { type Attribution, CaptureBook, type CaptureState } from './capture-book.ts'
import { type CaptureStyle, wantedLots } from './capture-plan.ts'
import type { TakerAccount } from './taker.ts'

/** What the capture uses of its account. */
export type CaptureAccount = Omit<TakerAccount, 'trader'> & {
  trader: TakerAccount['trader'] & { read: Pick<Trader['read'], 'fundingPayments'> }
}

export type FundingCaptureOptions = {
  client: Pick<Client, 'funding'>
  account: CaptureAccount
  markets: readonly BotMarket[]
  style: CaptureStyle
  /** Cost of the spot leg, ppm of what it trades. */
  spotCostPpm: number
  /** What a former run left; saved after each round that changed something. */
  saved: CaptureRecord
  save: (record: CaptureRecord) => Promise<void>
  logger: Logger
  metrics: Metrics
}

/** By market: its books, and the newest funding payment that is in them. */
export type CaptureRecord = Record<string, { state: CaptureState; lastPaymentMs: number }>

const PPM = 1_000_000
/** How far through the best price an order may go. */
const slippagePpm = 300
/** Parts in which a position is built, so that one does not sweep the book. */
const clips = 5
const eightHours = 8

type Desk = {
  market: BotMarket
  book: CaptureBook
  lastPaymentMs: number
  /** What the exchange held beyond the books a round ago. */
  strayLots: number
}

/** USDC text as micro-USDC, signed. */
const quoteOf = (text: string): number => Math.round(Number(text) * PPM)

/** Call `round` periodically. */
export class FundingCapture {
  readonly #options: FundingCaptureOptions
  readonly #desks: Desk[]
  readonly #pnl
  readonly #orders

  constructor(options: FundingCaptureOptions) {
    const { markets, saved, spotCostPpm, metrics } = options
    this.#options = options
    this.#desks = markets.map((market): Desk => {
      const { state, lastPaymentMs = Date.now() } = saved[market.id] ?? {}
      const q = Math.round(market.lotUsdcPerTick * PPM)
      return { market, book: new CaptureBook(q, spotCostPpm, state), lastPaymentMs, strayLots: 0 }
    })
    this.#pnl = metrics.gauge('capture_pnl_usdc', 'PnL by its source.', ['market', 'part'])
    this.#orders = metrics.counter('capture_orders_total', 'Orders by outcome.', ['outcome'])
  }

  /** PnL of every market at the present prices; those without a price are left out. */
  report(): Record<string, Attribution & { perpLots: number; spotLots: number }> {
    return Object.fromEntries(
      this.#desks.flatMap(({ market, book }) => {
        const prices = this.#prices(market)
        if (prices === undefined) return []
        const { perpLots, spotLots } = book.state
        const parts = book.attribution(prices.markTicks, prices.indexTicks)
        return [[market.id, { ...parts, perpLots, spotLots }]]
      }),
    )
  }

  /** Books what happened, then trades toward what the rate is worth, in every market. */
  async round(): Promise<void> {
    let changed = false
    for (const desk of this.#desks) changed = (await this.#work(desk)) || changed
    if (changed) await this.#options.save(this.#record())
    for (const [market, parts] of Object.entries(this.report()))
      for (const [part, value] of Object.entries(parts))
        if (part.endsWith('Quote'))
          this.#pnl.set({ market, part: part.slice(0, -'Quote'.length) }, value / PPM)
  }

  #record(): CaptureRecord {
    return Object.fromEntries(
      this.#desks.map(({ market, book, lastPaymentMs }) => [
        market.id,
        { state: book.state, lastPaymentMs },
      ]),
    )
  }

  #prices(market: BotMarket): { markTicks: number; indexTicks: number } | undefined {
    const { mark = null, index = null } = this.#options.account.ticker(market.id) ?? {}
    if (mark === null || index === null) return undefined
    return { markTicks: market.ticks(mark), indexTicks: market.ticks(index) }
  }

  async #work(desk: Desk): Promise<boolean> {
    const { market, book } = desk
    const prices = this.#prices(market)
    // Without a fresh price nothing is traded and nothing can be hedged.
    if (prices === undefined) return false
    const before = JSON.stringify(book.state)
    await this.#bookFunding(desk)
    // While the two disagree nothing is traded: the stream may only be late.
    if (!this.#agrees(desk, prices.markTicks)) return false
    const { rate } = await this.#options.client.funding(market.id)
    const hourlyPpm = (Number(rate ?? 0) * PPM) / eightHours
    const lotUsdc = prices.indexTicks * market.lotUsdcPerTick
    const wanted = wantedLots(this.#options.style, hourlyPpm, lotUsdc, book.state.perpLots)
    const gap = wanted - book.state.perpLots
    if (gap !== 0)
      await this.#trade(desk, gap, Math.ceil(this.#options.style.notionalUsdc / lotUsdc / clips))
    book.hedge(prices.indexTicks)
    return JSON.stringify(book.state) !== before
  }

  /**
   * Whether the exchange holds what the books say. A difference that stays for two rounds (a kill between order and save, a
   * liquidation) counts as traded at mark.
   */
  #agrees(desk: Desk, markTicks: number): boolean {
    const { market, book } = desk
    const position = this.#options.account.position(market.id)
    const size = position === undefined ? 0 : market.lots(position.contracts)
    const lots = (position?.side === 'short' ? -size : size) - book.state.perpLots
    const before = desk.strayLots
    desk.strayLots = lots
    if (lots === 0) return true
    if (lots !== before) return false
    this.#options.logger.warn({ market: market.id, lots }, 'adopted a position')
    book.take({ lots, priceTicks: markTicks, feeQuote: 0 })
    desk.strayLots = 0
    return true
  }

  async #bookFunding(desk: Desk): Promise<void> {
    const since = desk.lastPaymentMs + 1
    const { items } = await this.#options.account.trader.read.fundingPayments({
      since,
      limit: 1_000,
    })
    for (const { market, amount, ts } of items) {
      if (market === desk.market.id) desk.book.funding(quoteOf(amount))
      desk.lastPaymentMs = Math.max(desk.lastPaymentMs, ts)
    }
  }

  async #trade({ market, book }: Desk, gapLots: number, clipLots: number): Promise<void> {
    const { account } = this.#options
    const side = gapLots > 0 ? 'buy' : 'sell'
    const ticker = account.ticker(market.id)
    const best = side === 'buy' ? ticker?.ask : ticker?.bid
    if (best === undefined || best === null) return
    const bestTicks = market.ticks(best)
    const through = Math.ceil((bestTicks * slippagePpm) / PPM)
    const price = market.price(side === 'buy' ? bestTicks + through : bestTicks - through)
    const amount = market.amount(Math.min(Math.abs(gapLots), clipLots, market.maxOrderLots))
    try {
      const order = { market: market.id, side, price, amount, timeInForce: 'IOC' } as const
      const { fills } = await account.trader.place(order)
      for (const fill of fills)
        book.take({
          lots: side === 'buy' ? market.lots(fill.amount) : -market.lots(fill.amount),
          priceTicks: market.ticks(fill.price),
          feeQuote: quoteOf(fill.fee.cost),
        })
      this.#orders.inc({ outcome: 'ok' })
    } catch (error) {
      if (!(error instanceof PlumbError)) throw error
      this.#orders.inc({ outcome: error.code })
    }
  }
}
