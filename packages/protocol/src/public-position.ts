//! Positions as the API shows them.
import { type Market, notionalQuote } from '@plumb/model'
import { integerToText, quoteToText, ratioToText, unitsToText } from './decimal.ts'
import type { PositionObject } from './object-schemas.ts'
import { contractSizeText } from './public-market.ts'
import { averagePriceText } from './public-order.ts'

const RATIO_DECIMALS = 8

/** A position in engine units. `costQuote` is what was paid for it (negative for shorts), fees excluded. */
export type PositionRecord = {
  account: string
  subaccount: number
  timeMs: number
  sizeLots: number
  costQuote: number
  realizedQuote: number
  fundingPaidQuote: number
  /** null before the first mark. */
  markTicks: number | null
  /** Equity of the account, micro-USDC. */
  equityQuote: number
  /** Margin of this position, at the market's tiers and scaling. */
  initialQuote: number
  maintenanceQuote: number
  /** Leverage chosen for the market; 0: none. */
  chosenLeverage: number
  /** Its account trades this market only. */
  isIsolated: boolean
  liquidationTicks: number | null
  /** Place in the queue of auto-deleveraging, 1 = first; null: not in profit, or not asked for. */
  adlRank: number | null
}

/** ratio of two quotes as text, null where the denominator is not positive. */
function quoteRatio(numerator: number, denominator: number, scale = 1n): string | null {
  if (denominator <= 0) return null
  return ratioToText(BigInt(numerator) * scale, BigInt(denominator), RATIO_DECIMALS)
}

/** A position as the API shows it, the closing one (size 0) included. */
export function publicPosition(record: PositionRecord, market: Market): PositionObject {
  const { sizeLots, markTicks } = record
  const size = Math.abs(sizeLots)
  const notional = markTicks === null ? 0 : notionalQuote(markTicks, size, market.quotePerTickLot)
  const signedNotional = sizeLots < 0 ? -notional : notional
  const unrealized = markTicks === null ? 0 : signedNotional - record.costQuote
  const { initialQuote: initial, maintenanceQuote: maintenance, chosenLeverage } = record
  return {
    account: record.account,
    subaccount: record.subaccount,
    market: market.symbol,
    ts: record.timeMs,
    side: sizeLots < 0 ? 'short' : 'long',
    contracts: unitsToText(size, market.lotE8),
    contractSize: contractSizeText(market),
    entryPrice: size === 0 ? null : averagePriceText(market, Math.abs(record.costQuote), size),
    markPrice: markTicks === null ? null : unitsToText(markTicks, market.tickE8),
    notional: quoteToText(notional),
    leverage:
      chosenLeverage === 0 ? ratioToText(10_000n, BigInt(market.imBps), 2) : String(chosenLeverage),
    unrealizedPnl: quoteToText(unrealized),
    realizedPnl: quoteToText(record.realizedQuote),
    percentage: quoteRatio(unrealized, initial, 100n),
    collateral: record.equityQuote > 0 ? quoteToText(record.equityQuote) : null,
    marginMode: record.isIsolated ? 'isolated' : 'cross',
    initialMargin: quoteToText(initial),
    initialMarginRate: quoteRatio(initial, notional) ?? integerToText(market.imBps, 4),
    maintenanceMargin: quoteToText(maintenance),
    maintenanceMarginRate: quoteRatio(maintenance, notional) ?? integerToText(market.mmBps, 4),
    marginRatio: quoteRatio(maintenance, record.equityQuote),
    liquidationPrice:
      record.liquidationTicks === null ? null : unitsToText(record.liquidationTicks, market.tickE8),
    fundingPaid: quoteToText(record.fundingPaidQuote),
    adlRank: record.adlRank,
  }
}
