//! The latest word of every feed, and the index that follows from it at a moment.
import type { Market, Ppm, Ticks, TimeMs } from '@plumb/model'
import { medianOfThree, type PriceE18, type RateE8, ticksOfPrice } from '../decimal.ts'
import type { Quote } from '../price-source.ts'
import {
  dollar,
  dollarRateE8,
  type Feed,
  type FeedPlan,
  feedId,
  type InstrumentPlan,
} from './feed-plan.ts'
import { confidencePpm, filterIndex, type WeightedPrice } from './filter-index.ts'

/** What became of a feed. Words are stable: status pages and alarms name them. */
export type FeedState =
  | 'used'
  /** It never said anything. */
  | 'no_data'
  /** It said nothing for more than 10 s. */
  | 'silent'
  /** What it says carries a time more than 10 s old. */
  | 'stale'
  /** More than 5 % from the median. */
  | 'outlier'
  /** Its quote currency has no rate now. */
  | 'no_rate'
  /** Its price does not fit the market's ticks. */
  | 'not_in_ticks'

/** Why an instrument has no index. Words are stable. */
export type WithheldReason =
  | 'no_feed'
  /** Fewer sources left than the plan wants. */
  | 'too_few_sources'
  /** What is left weighs less than half of all. */
  | 'majority_missing'
  | 'out_of_bounds'

/** One feed as the board sees it; undefined where it has no price. */
export type FeedReading = Feed & {
  state: FeedState
  ticks: Ticks | undefined
  /** Since it last said something, milliseconds. */
  ageMs: number | undefined
  /** From the filter's median (the index, where it is not withheld), signed, toward zero. */
  deviationPpm: Ppm | undefined
}

/** The index of one instrument at one moment, or why there is none. */
export type IndexReading = {
  index: Ticks | undefined
  withheld: WithheldReason | undefined
  confidencePpm: Ppm
  feeds: readonly FeedReading[]
}

/** Now, on both clocks: silence is counted on the one that never jumps. */
export type Moment = { timeMs: TimeMs; monotonicMs: number }

/** A source that says nothing for longer than this is dropped (risk.md 1.1). */
const SILENT_MS = 10_000
/** A quote whose own time is further ahead than this is refused: no clock is that wrong. */
const AHEAD_MS = 5_000

/** Why a quote was not taken. */
export type QuoteRefusal = 'unknown_feed' | 'crossed' | 'future_time' | 'out_of_order'

type Word = { price: PriceE18; timeMs: TimeMs; heardMs: number }

/** Collects quotes; `read` answers the index of an instrument. */
export class IndexBoard {
  readonly plan: FeedPlan
  #words = new Map<string, Word | undefined>()

  constructor(plan: FeedPlan) {
    this.plan = plan
    for (const { feeds } of [...plan.markets.values(), ...plan.currencies.values()])
      for (const feed of feeds) this.#words.set(feedId(feed), undefined)
  }

  /** Takes a quote, or says why not. Its price is the median of bid, ask and last, still in its own currency. */
  observe(quote: Quote, now: Moment): QuoteRefusal | undefined {
    const id = feedId(quote)
    if (!this.#words.has(id)) return 'unknown_feed'
    if (quote.bid > quote.ask) return 'crossed'
    if (quote.timeMs > now.timeMs + AHEAD_MS) return 'future_time'
    const word = this.#words.get(id)
    if (word !== undefined && quote.timeMs < word.timeMs) return 'out_of_order'
    const price = medianOfThree(quote.bid, quote.ask, quote.last)
    this.#words.set(id, { price, timeMs: quote.timeMs, heardMs: now.monotonicMs })
    return undefined
  }

  /** Dollars of each currency, in 10^-8. */
  readCurrencies(now: Moment): Map<string, IndexReading> {
    const rates = new Map([[dollar, dollarRateE8]])
    const readings = new Map<string, IndexReading>()
    for (const [currency, plan] of this.plan.currencies)
      readings.set(currency, this.#read(plan, 1, rates, now))
    return readings
  }

  /** The index of a market in its ticks. `currencies` is what `readCurrencies` answered for this moment. */
  readMarket(
    market: Market,
    currencies: ReadonlyMap<string, IndexReading>,
    now: Moment,
  ): IndexReading {
    const plan = this.plan.markets.get(market.symbol)
    if (plan === undefined)
      return { index: undefined, withheld: 'no_feed', confidencePpm: 0, feeds: [] }
    const rates = new Map([[dollar, dollarRateE8]])
    for (const [currency, { index }] of currencies)
      if (index !== undefined) rates.set(currency, index)
    return this.#read(plan, market.tickE8, rates, now)
  }

  #read(
    plan: InstrumentPlan,
    tickE8: number,
    rates: ReadonlyMap<string, RateE8>,
    now: Moment,
  ): IndexReading {
    const judged = plan.feeds.map((feed) => this.#judge(feed, tickE8, rates, now))
    const prices = judged.flatMap(({ state, ticks, ...feed }): WeightedPrice[] =>
      state !== 'used' || ticks === undefined
        ? []
        : [{ id: feedId(feed), price: ticks, weight: feed.weight }],
    )
    const { index, used, outliers } = filterIndex(prices)
    const dropped = new Set(outliers.map(({ id }) => id))
    const feeds = judged.map((feed): FeedReading => {
      const state = dropped.has(feedId(feed)) ? 'outlier' : feed.state
      return Object.assign(feed, { state, deviationPpm: deviationOf(feed.ticks, index) })
    })
    const withheld = reasonToWithhold(plan, feeds, index, tickE8)
    return {
      index: withheld === undefined ? index : undefined,
      withheld,
      confidencePpm: confidencePpm(used, weightOf(plan.feeds)),
      feeds,
    }
  }

  #judge(
    feed: Feed,
    tickE8: number,
    rates: ReadonlyMap<string, RateE8>,
    now: Moment,
  ): Omit<FeedReading, 'deviationPpm'> {
    const word = this.#words.get(feedId(feed))
    if (word === undefined) return { ...feed, state: 'no_data', ticks: undefined, ageMs: undefined }
    const ageMs = now.monotonicMs - word.heardMs
    const rateE8 = rates.get(feed.quote)
    const ticks = rateE8 === undefined ? undefined : ticksOfPrice(word.price, rateE8, tickE8)
    const state: FeedState =
      ageMs > SILENT_MS
        ? 'silent'
        : now.timeMs - word.timeMs > SILENT_MS
          ? 'stale'
          : rateE8 === undefined
            ? 'no_rate'
            : ticks === undefined
              ? 'not_in_ticks'
              : 'used'
    return { ...feed, state, ticks, ageMs }
  }
}

const deviationOf = (ticks: Ticks | undefined, index: Ticks | undefined): Ppm | undefined =>
  ticks === undefined || index === undefined
    ? undefined
    : Math.trunc(((ticks - index) * 1_000_000) / index)

const weightOf = (feeds: readonly Feed[]) => feeds.reduce((sum, feed) => sum + feed.weight, 0)

const reasonToWithhold = (
  plan: InstrumentPlan,
  feeds: readonly FeedReading[],
  index: Ticks | undefined,
  tickE8: number,
): WithheldReason | undefined => {
  const used = feeds.filter(({ state }) => state === 'used')
  // Two books of one venue are one witness.
  const sources = new Set(used.map(({ source }) => source))
  if (index === undefined || sources.size < plan.sourcesMin) return 'too_few_sources'
  if (2 * weightOf(used) < weightOf(feeds)) return 'majority_missing'
  const price = BigInt(index) * BigInt(tickE8) * 10n ** 10n
  return price < plan.priceMin || price > plan.priceMax ? 'out_of_bounds' : undefined
}
