//! What is fixed about a market when it is listed, the same in engine, contract and API.
import type { Lots, MarketId, Ppm, Quote, Ticks } from './units.ts'

/**
 * A listed market. `tickE8` and `lotE8` scale ticks and lots to the plain integers of the signed order (price × 1e8,
 * size × 1e8). `quotePerTickLot` is the integer micro-USDC value of one tick × one lot; contract size =
 * quotePerTickLot / (tick × lot × 1e6), which is 1 for ordinary markets.
 */
export type Market = {
  market: MarketId
  symbol: string
  tickE8: number
  lotE8: number
  quotePerTickLot: number
  /** Initial margin, basis points of notional (also on-chain), even. */
  imBps: number
  /** Maintenance margin, basis points of notional. */
  mmBps: number
  /** Fees in units of 10 ppm; maker negative = rebate. */
  takerFee: number
  makerFee: number
  minOrderLots: Lots
  maxOrderLots: Lots
  maxPositionLots: Lots
  minNotionalQuote: Quote
  /** Open interest cap, lots (0 = none). */
  maxOpenInterestLots: Lots
  /** A price further than this from mark is refused; 0 = no band. */
  priceBandPpm: Ppm
  /** Mark stays within this of the index (risk.md 1.2); also the contract's bound. */
  markBandPpm: Ppm
  /** Non-zero: index and mark are this constant (tape replays). */
  fixedIndexTicks: Ticks
}
