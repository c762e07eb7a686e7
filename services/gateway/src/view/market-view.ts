//! One market as followers see it: definition, state, prices, book, recent trades.
import {
  type FundingIndex,
  type Market,
  type MarketState,
  marketState,
  type Side,
} from '@plumb/model'
import { BookView } from './book-view.ts'
import { CandleView } from './candle-view.ts'

const TRADES_KEPT = 1_000
const FUNDING_KEPT = 720

export type TradeView = {
  tradeId: number
  seq: number
  leg: number
  timeMs: number
  priceTicks: number
  sizeLots: number
  takerSide: Side
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

export class MarketView {
  readonly definition: Market
  readonly createdAtMs: number
  readonly book = new BookView()
  readonly candles = new CandleView()
  readonly trades: TradeView[] = []
  readonly fundingRates: FundingRateView[] = []
  state: MarketState = marketState.trading
  markTicks: number | null
  indexTicks: number | null
  fundingIndex: FundingIndex = 0
  /** F8 so far this hour, 1e-10; null before the first sample. */
  predictedRate: number | null = null
  pricesAtMs: number
  /** Lots of all longs. */
  openInterestLots = 0

  constructor(definition: Market, createdAtMs: number) {
    this.definition = definition
    this.createdAtMs = createdAtMs
    this.pricesAtMs = createdAtMs
    const fixed = definition.fixedIndexTicks === 0 ? null : definition.fixedIndexTicks
    this.markTicks = fixed
    this.indexTicks = fixed
  }

  addTrade(trade: TradeView, quote: number): void {
    this.trades.push(trade)
    if (this.trades.length > TRADES_KEPT) this.trades.shift()
    this.candles.add(trade.timeMs, trade.priceTicks, trade.sizeLots, quote)
  }

  addFundingRate(rate: FundingRateView): void {
    this.fundingRates.push(rate)
    if (this.fundingRates.length > FUNDING_KEPT) this.fundingRates.shift()
  }
}
