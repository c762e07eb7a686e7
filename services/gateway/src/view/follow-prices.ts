//! Index, mark, mean mark and the risk parameters that margin is computed from.
import { type Command, limits, marketState } from '@plumb/model'
import { INDEX_DEAD_MS, type IndexHealth, type MarketView } from './market-view.ts'
import { type EventOf, ViewError, type ViewState } from './view-state.ts'

/** A publisher silent for longer than this does not count (RULES 1.1). */
const PUBLISHER_FRESH_MS = 10_000
const MINUTE_MS = 60_000
const MEAN_BUCKETS = 5

type Page = { timeMs: number; prices: readonly number[] }
type Clock = { indexTimeMs: number; buckets: { minute: number; sum: number; count: number }[] }

/** What a mean mark needs beside the markets. */
export type PriceMemory = {
  pages: [string, Page][]
  clocks: (readonly [market: number, clock: Clock])[]
  publisherCount: number
  quorum: number
  settlementLagS: number
}

export class PriceFollower {
  readonly #state: ViewState
  readonly #pages = new Map<string, Page>()
  readonly #clocks = new Map<MarketView, Clock>()
  /** What the status last said of each market's index. */
  readonly #told = new Map<MarketView, IndexHealth>()
  publisherCount = 0
  quorum = 0
  settlementLagS = 0
  #second = 0

  constructor(state: ViewState) {
    this.#state = state
  }

  changed(event: EventOf<'IndexUpdated' | 'MarkUpdated' | 'PremiumSampled' | 'FundingApplied'>) {
    const market = this.#state.market(event.market)
    market.pricesAtMs = event.timeMs
    if (event.kind === 'PremiumSampled') market.predictedRate = event.predictedRate
    else {
      market.indexTicks = event.indexTicks
      market.indexCandles.add(event.timeMs, event.indexTicks, 0, 0)
    }
    if (event.kind === 'MarkUpdated') {
      market.markTicks = event.markTicks
      market.markCandles.add(event.timeMs, event.markTicks, 0, 0)
    }
    if (event.kind === 'FundingApplied') {
      market.fundingIndex = event.fundingIndex
      const { seq, leg, timeMs, rate, indexTicks, intervalS } = event
      const { markTicks } = market
      market.addFundingRate({ seq, leg, timeMs, rate, indexTicks, markTicks, intervalS })
    }
    this.#state.sink?.pricesChanged(market)
  }

  volatilityUpdated(event: EventOf<'VolatilityUpdated'>): void {
    const market = this.#state.market(event.market)
    market.volatilityPpm = event.volatilityPpm
    market.depthQuote = event.depthQuote
    market.isVolatile = true
  }

  riskSet(event: EventOf<'MarketRiskSet'>, command: Command): void {
    if (command.kind !== 'SetMarketRisk') throw new ViewError('MarketRiskSet without its command')
    const { kind: _kind, market: _market, ...risk } = command
    this.#state.market(event.market).setRisk(risk)
    this.#state.sink?.statusChanged()
  }

  /** Delisted: mark and index are the settlement price for ever. */
  settled(event: EventOf<'MarketSettled'>): void {
    const market = this.#state.market(event.market)
    market.markTicks = event.priceTicks
    market.indexTicks = event.priceTicks
    market.meanMarkTicks = 0
    market.isStale = false
    market.pricesAtMs = event.timeMs
    this.#state.sink?.pricesChanged(market)
    this.#state.sink?.statusChanged()
  }

  /** A publisher's page that was taken: which markets' indexes are fresh now. */
  observed(command: Extract<Command, { kind: 'ObservePrice' }>, timeMs: number): void {
    const { publisher, page, publishTimeMs, prices, count } = command
    this.#pages.set(`${publisher}/${page}`, { timeMs: publishTimeMs, prices })
    for (let i = 0; i < count; i++) {
      const market = this.#state.markets.get(page * limits.pricesPerPage + i)
      if (market === undefined || prices[i] === 0 || market.state === marketState.settled) continue
      let fresh = 0
      for (let p = 0; p < this.publisherCount; p++) {
        const seen = this.#pages.get(`${p}/${page}`)
        if (seen === undefined || timeMs - seen.timeMs > PUBLISHER_FRESH_MS) continue
        if ((seen.prices[i] ?? 0) !== 0) fresh += 1
      }
      if (fresh < this.quorum) continue
      this.#clock(market).indexTimeMs = timeMs
      market.indexTimeMs = timeMs
    }
  }

  /** A tick is done: the mark of each market with a live index counts into its mean (RULES 6.2). */
  ticked(timeMs: number): void {
    for (const market of this.#state.markets.values()) {
      if (market.definition.fixedIndexTicks !== 0 || market.state === marketState.settled) continue
      const clock = this.#clock(market)
      if (market.markTicks === null || timeMs - clock.indexTimeMs > INDEX_DEAD_MS) continue
      market.markSecond = Math.floor(timeMs / 1_000)
      market.isStale = false
      market.meanMarkTicks = addToMean(clock, market.markTicks, Math.floor(timeMs / MINUTE_MS))
    }
  }

  /** Time has passed: indexes that were not confirmed are told of, and marks that were not taken for longer than L, are stale. */
  passed(timeMs: number): void {
    const second = Math.floor(timeMs / 1_000)
    if (second === this.#second) return
    this.#second = second
    for (const market of this.#state.markets.values()) {
      const isKept = market.definition.fixedIndexTicks !== 0 || market.state === marketState.settled
      market.isStale = !isKept && second - market.markSecond > this.settlementLagS
      const health = market.indexHealth(timeMs)
      if (health === (this.#told.get(market) ?? 'alive')) continue
      this.#told.set(market, health)
      this.#state.sink?.statusChanged()
    }
  }

  #clock(market: MarketView): Clock {
    const known = this.#clocks.get(market)
    if (known !== undefined) return known
    const clock: Clock = { indexTimeMs: -Infinity, buckets: [] }
    this.#clocks.set(market, clock)
    return clock
  }

  /** What a snapshot must hold beside the markets. */
  get memory(): PriceMemory {
    return {
      pages: [...this.#pages],
      clocks: [...this.#clocks].map(
        ([market, clock]) => [market.definition.market, clock] as const,
      ),
      publisherCount: this.publisherCount,
      quorum: this.quorum,
      settlementLagS: this.settlementLagS,
    }
  }

  restore(memory: PriceMemory): void {
    for (const [key, page] of memory.pages) this.#pages.set(key, page)
    for (const [id, clock] of memory.clocks) this.#clocks.set(this.#state.market(id), clock)
    this.publisherCount = memory.publisherCount
    this.quorum = memory.quorum
    this.settlementLagS = memory.settlementLagS
  }
}

function addToMean({ buckets }: Clock, mark: number, minute: number): number {
  const own = buckets.find((bucket) => bucket.minute === minute)
  if (own === undefined) buckets.push({ minute, sum: mark, count: 1 })
  else {
    own.sum += mark
    own.count += 1
  }
  while ((buckets[0]?.minute ?? minute) <= minute - MEAN_BUCKETS) buckets.shift()
  let [sum, count] = [0, 0]
  for (const bucket of buckets) {
    sum += bucket.sum
    count += bucket.count
  }
  return Math.floor(sum / count)
}
