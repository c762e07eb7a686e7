//! The oracle: sources speak, boards judge, publishers sign.
import type { Market, MarketId, ObservePrice, Ticks, TimeMs } from '@plumb/model'
import type { Clock } from '@plumb/runtime'
import { type ClockState, createClockGuard } from './clock-guard.ts'
import type { FeedPlan } from './index/feed-plan.ts'
import { IndexBoard, type IndexReading, type QuoteRefusal } from './index/index-board.ts'
import { limitStep } from './limit-step.ts'
import type { PriceSource, Quote, SourceHealth } from './price-source.ts'
import { type Publisher, signPrices } from './publisher.ts'

export type OracleOptions = {
  plan: FeedPlan
  publishers: readonly Publisher[]
  /** Sources that all publishers of this process hear. */
  shared: readonly PriceSource[]
  /** Sources of one publisher alone. */
  ownSources: (publisher: number) => readonly PriceSource[]
  /** Markets of the exchange now; the list may grow. */
  markets: () => Iterable<Market>
  /** Where the exchange's index stood at the start. */
  lastIndex: (market: MarketId) => Ticks | undefined
  clock: Clock
  onRefusedQuote?: (source: string, reason: QuoteRefusal) => void
}

/** What a publisher last said of a market; `published` is the index within the step limit. */
export type MarketReading = IndexReading & { published: Ticks | undefined }

/** One publisher's last judgement. */
export type PublisherStatus = {
  publisher: number
  currencies: ReadonlyMap<string, IndexReading>
  markets: ReadonlyMap<string, MarketReading>
  sources: readonly SourceHealth[]
}

export type OracleStatus = {
  clock: ClockState
  publishers: readonly PublisherStatus[]
  sources: readonly SourceHealth[]
}

/** One publisher with what it alone hears and judges. */
type Desk = {
  publisher: Publisher
  board: IndexBoard
  sources: readonly PriceSource[]
  lastTicks: Map<MarketId, Ticks>
  currencies: ReadonlyMap<string, IndexReading>
  markets: ReadonlyMap<string, MarketReading>
}

export class Oracle {
  readonly #options: OracleOptions
  readonly #desks: readonly Desk[]
  readonly #guard
  #clockState: ClockState = 'ok'
  #publishedMs = 0

  constructor(options: OracleOptions) {
    this.#options = options
    this.#guard = createClockGuard({ clock: options.clock })
    this.#desks = options.publishers.map((publisher) => ({
      publisher,
      board: new IndexBoard(options.plan),
      sources: options.ownSources(publisher.publisher),
      lastTicks: new Map(),
      currencies: new Map(),
      markets: new Map(),
    }))
  }

  start(): void {
    const listener = (desks: readonly Desk[]) => (quote: Quote) => {
      const now = this.#moment(this.#options.clock.nowMs())
      for (const { board } of desks) {
        const refusal = board.observe(quote, now)
        if (refusal !== undefined) this.#options.onRefusedQuote?.(quote.source, refusal)
      }
    }
    for (const source of this.#options.shared) source.start(listener(this.#desks))
    for (const desk of this.#desks)
      for (const source of desk.sources) source.start(listener([desk]))
  }

  /**
   * Judges all sources and signs, for each publisher, what may be published at that time: nothing while the clock
   * is in doubt, and nothing at a time that is not after the last.
   */
  publish(timeMs: TimeMs): ObservePrice[] {
    this.#clockState = this.#guard.check()
    if (this.#clockState !== 'ok' || timeMs <= this.#publishedMs) return []
    for (const source of this.#allSources()) source.advance(timeMs)
    const markets = [...this.#options.markets()].filter((m) => m.fixedIndexTicks === 0)
    const messages = this.#desks.flatMap((desk) => this.#publishDesk(desk, markets, timeMs))
    this.#publishedMs = timeMs
    this.#guard.published(timeMs)
    return messages
  }

  status(): OracleStatus {
    return {
      clock: this.#clockState === 'ok' ? this.#guard.check() : this.#clockState,
      publishers: this.#desks.map(({ publisher, currencies, markets, sources }) => ({
        publisher: publisher.publisher,
        currencies,
        markets,
        sources: sources.map((source) => source.health()),
      })),
      sources: this.#options.shared.map((source) => source.health()),
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#allSources().map((source) => source.stop()))
  }

  #allSources(): readonly PriceSource[] {
    return [...this.#options.shared, ...this.#desks.flatMap(({ sources }) => sources)]
  }

  #moment(timeMs: TimeMs) {
    return { timeMs, monotonicMs: this.#options.clock.monotonicMs() }
  }

  #publishDesk(desk: Desk, markets: readonly Market[], timeMs: TimeMs): ObservePrice[] {
    const now = this.#moment(timeMs)
    desk.currencies = desk.board.readCurrencies(now)
    const prices = new Map<MarketId, Ticks>()
    const readings = new Map<string, MarketReading>()
    for (const market of markets) {
      const reading = desk.board.readMarket(market, desk.currencies, now)
      const { index } = reading
      const before = desk.lastTicks.get(market.market) ?? this.#options.lastIndex(market.market)
      const stepMaxPpm = this.#options.plan.markets.get(market.symbol)?.stepMaxPpm
      const published = index === undefined ? undefined : limitStep(index, before, stepMaxPpm)
      readings.set(market.symbol, { ...reading, published })
      if (published === undefined) continue
      prices.set(market.market, published)
      desk.lastTicks.set(market.market, published)
    }
    desk.markets = readings
    return signPrices(desk.publisher, prices, timeMs)
  }
}
