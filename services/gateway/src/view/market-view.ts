//! One market as followers see it: definition, state, prices, risk parameters, book, recent trades.
import {
  type Command,
  type FundingIndex,
  type Market,
  type MarketState,
  marketState,
  type RiskMarket,
  type SetMarketRisk,
  type Side,
} from '@plumb/model'
import { BookView } from './book-view.ts'
import { CandleView } from './candle-view.ts'

const TRADES_KEPT = 1_000
const FUNDING_KEPT = 720
const PPM = 1_000_000
/** Two hours of second candles; minutes are kept for a week. */
const SECONDS_KEPT = 7_200

export type TradeView = {
  tradeId: number
  seq: number
  leg: number
  timeMs: number
  priceTicks: number
  sizeLots: number
  takerSide: Side
  /** The taker was liquidated. */
  liquidation: boolean
}
export type FundingRateView = {
  seq: number
  leg: number
  timeMs: number
  /** 8-hour rate, 1e-10. */
  rate: number
  indexTicks: number
  markTicks: number | null
  intervalS: number
}
/** Open interest at the end of a minute in which it moved. */
export type OpenInterestView = { timeMs: number; lots: number; markTicks: number | null }

const OPEN_INTEREST_KEPT = 1_440
const MINUTE_MS = 60_000

/** Parameters of a market until its first `SetMarketRisk` (RULES 2.1). */
const noRisk: Omit<SetMarketRisk, 'market' | 'kind'> = {
  boundUsdc: [0, 0, 0],
  imfPpm: [0, 0, 0],
  oiLowUsdc: 0,
  oiHighUsdc: 0,
  partialAboveQuote: 100_000_000_000,
  volatilitySeed: 0,
  openingGainPpm: PPM,
  scopePpm: 0,
  volatility: 0,
  liquidation: 0,
  liquidationFeePpm: 15_000,
  cancelOnlyS: 0,
  postOnlyS: 0,
  rearmS: 0,
}

/** An index older than this is stale: only orders that reduce are taken. Older still it is dead (RULES 6). */
const INDEX_STALE_MS = 5_000
export const INDEX_DEAD_MS = 30_000

export type IndexHealth = 'alive' | 'stale' | 'lost'

/** Who put a market into its state, or why it left trading by itself. */
export type StateCause = 'operator' | 'prices' | 'pause' | 'reopening'

/** Why an order may meet less than an open market; `open`: it is one. */
export type MarketReason = 'open' | 'stale' | 'lost' | StateCause

/** What an order meets. */
export type MarketOpening = {
  state: MarketState
  sinceMs: number
  reason: MarketReason
  /** Before this the state does not change by itself; null: nobody knows. */
  untilMs: number | null
}

export class MarketView {
  definition: Market
  readonly createdAtMs: number
  readonly book = new BookView()
  /** Of trades by minute and by second, of mark and index by minute. */
  readonly candles = new CandleView()
  readonly secondCandles = new CandleView(1_000, SECONDS_KEPT)
  readonly markCandles = new CandleView()
  readonly indexCandles = new CandleView()
  readonly trades: TradeView[] = []
  readonly liquidations: TradeView[] = []
  readonly fundingRates: FundingRateView[] = []
  readonly openInterests: OpenInterestView[] = []
  /** As set; orders meet `openState`. */
  state: MarketState = marketState.trading
  stateSinceMs: number
  stateCause: StateCause = 'operator'
  /** When enough publishers last agreed on its index; 0: never, or it is fixed. */
  indexTimeMs = 0
  markTicks: number | null
  indexTicks: number | null
  /** Mean mark of the last five minutes; 0 = none yet. */
  meanMarkTicks = 0
  /** Second of the last mark, 0 before the first; stale: more than L ago (RULES 2.2). */
  markSecond = 0
  isStale = false
  lastTicks: number | null = null
  /** Trades and rates after this seq are all remembered, up to what is kept; 0: from the first on. */
  historySinceSeq = 0
  fundingIndex: FundingIndex = 0
  /** F8 so far this hour, 1e-10; null before the first sample. */
  predictedRate: number | null = null
  pricesAtMs: number
  /** Lots of all longs. */
  openInterestLots = 0
  /** The insurance tranche and deficits nobody bore, micro-USDC. */
  insuranceQuote = 0
  badDebtQuote = 0
  volatilityPpm = 0
  depthQuote = 0
  /** Whether volatility margin has its first depth sample. */
  isVolatile = false
  #risk = noRisk

  constructor(definition: Market, createdAtMs: number) {
    this.definition = definition
    this.createdAtMs = createdAtMs
    this.stateSinceMs = createdAtMs
    this.pricesAtMs = createdAtMs
    const fixed = definition.fixedIndexTicks === 0 ? null : definition.fixedIndexTicks
    this.markTicks = fixed
    this.indexTicks = fixed
  }

  /** Whether its index is confirmed, silent for more than 5 s, or for more than 30 s. */
  indexHealth(nowMs: number): IndexHealth {
    if (this.definition.fixedIndexTicks !== 0 || this.state === marketState.settled) return 'alive'
    const ageMs = nowMs - this.indexTimeMs
    return ageMs > INDEX_DEAD_MS ? 'lost' : ageMs > INDEX_STALE_MS ? 'stale' : 'alive'
  }

  /** It is in another state; `command`: what led to it. The engine tells of its own doing at a tick (RULES 5). */
  setState(state: MarketState, timeMs: number, command: Command['kind']): void {
    this.state = state
    this.stateSinceMs = timeMs
    this.stateCause = causeOf(state, command)
  }

  /** What an order meets: without an index only what reduces is taken, later nothing. */
  open(nowMs: number): MarketOpening {
    const health = this.indexHealth(nowMs)
    const isClosed = this.state >= marketState.cancelOnly
    if (health === 'alive' || isClosed || (health === 'stale' && this.#isReduceOnly))
      return this.#asSet()
    const [state, afterMs] =
      health === 'lost'
        ? [marketState.halted, INDEX_DEAD_MS]
        : [marketState.reduceOnly, INDEX_STALE_MS]
    const sinceMs = Math.max(this.createdAtMs, this.indexTimeMs + afterMs)
    return { state, sinceMs, reason: health, untilMs: null }
  }

  get #isReduceOnly(): boolean {
    return this.state === marketState.reduceOnly
  }

  #asSet(): MarketOpening {
    const { state, stateSinceMs: sinceMs, stateCause: cause } = this
    const { cancelOnlyS, postOnlyS } = this.#risk
    const stageS = state === marketState.cancelOnly ? cancelOnlyS : postOnlyS
    const untilMs = cause === 'reopening' ? sinceMs + stageS * 1_000 : null
    return { state, sinceMs, reason: state === marketState.trading ? 'open' : cause, untilMs }
  }

  get risk(): Omit<SetMarketRisk, 'market' | 'kind'> {
    return this.#risk
  }

  setRisk(risk: Omit<SetMarketRisk, 'market' | 'kind'>): void {
    if (risk.volatility === 1 && this.#risk.volatility === 0) {
      this.volatilityPpm = 0
      this.depthQuote = 0
      this.isVolatile = false
    }
    this.#risk = risk
  }

  /** What margin is computed from. */
  riskMarket(): RiskMarket {
    const { market, quotePerTickLot, imBps, mmBps, takerFee } = this.definition
    const { boundUsdc, imfPpm, oiLowUsdc, oiHighUsdc, openingGainPpm, volatility } = this.#risk
    const markTicks = this.markTicks ?? 0
    return {
      market,
      quotePerTickLot,
      imBps,
      mmBps,
      takerFee,
      markTicks,
      indexTicks: this.indexTicks ?? 0,
      meanMarkTicks: this.meanMarkTicks === 0 ? markTicks : this.meanMarkTicks,
      openInterestLots: this.openInterestLots,
      boundUsdc,
      imfPpm,
      oiLowUsdc,
      oiHighUsdc,
      openingGainPpm,
      isVolatile: volatility === 1 && this.isVolatile,
      volatilityPpm: this.volatilityPpm,
      depthQuote: this.depthQuote,
      isStale: this.isStale,
    }
  }

  addTrade(trade: TradeView, quote: number): void {
    keep(this.trades, trade, TRADES_KEPT)
    if (trade.liquidation) keep(this.liquidations, trade, TRADES_KEPT)
    this.lastTicks = trade.priceTicks
    this.candles.add(trade.timeMs, trade.priceTicks, trade.sizeLots, quote)
    this.secondCandles.add(trade.timeMs, trade.priceTicks, trade.sizeLots, quote)
  }

  addFundingRate(rate: FundingRateView): void {
    keep(this.fundingRates, rate, FUNDING_KEPT)
  }

  /** Long lots became more or fewer. */
  moveOpenInterest(lots: number, timeMs: number): void {
    if (lots === 0) return
    this.openInterestLots += lots
    const { openInterestLots, markTicks } = this
    const last = this.openInterests.at(-1)
    const minute = Math.floor(timeMs / MINUTE_MS)
    if (last !== undefined && Math.floor(last.timeMs / MINUTE_MS) === minute)
      Object.assign(last, { timeMs, lots: openInterestLots, markTicks })
    else keep(this.openInterests, { timeMs, lots: openInterestLots, markTicks }, OPEN_INTEREST_KEPT)
  }
}

function causeOf(state: MarketState, command: Command['kind']): StateCause {
  const isStage = state === marketState.cancelOnly || state === marketState.postOnly
  if (isStage && (command === 'ReopenMarket' || command === 'Tick')) return 'reopening'
  if (command === 'Tick' && state === marketState.halted) return 'prices'
  const isHeld = state === marketState.reduceOnly
  return isHeld && (command === 'Tick' || command === 'ChainNotice') ? 'pause' : 'operator'
}

function keep<T>(list: T[], item: T, most: number): void {
  list.push(item)
  if (list.length > most) list.shift()
}
