//! A listed market as the API shows it.
import { limits, type Market, type MarketState, marketState } from '@plumb/model'
import { integerToText, quoteToText, ratioToText, unitsToText } from './decimal.ts'
import type { MarketObject } from './object-schemas.ts'

const FUNDING_INTERVAL_MS = 3_600_000

/** The one collateral and quote currency. */
export const quoteCurrency = 'USDC'

const stateWords: Record<MarketState, MarketObject['state']> = {
  [marketState.trading]: 'trading',
  [marketState.postOnly]: 'post_only',
  [marketState.reduceOnly]: 'reduce_only',
  [marketState.cancelOnly]: 'cancel_only',
  [marketState.halted]: 'halted',
  [marketState.settled]: 'settled',
}

/** The public word of a market state. */
export function marketStateWord(state: MarketState): MarketObject['state'] {
  return stateWords[state]
}

/** Fee in units of 10 ppm as a rate: 45 is `0.00045`. */
export function feeRateText(fee10ppm: number): string {
  return integerToText(fee10ppm, 5)
}

/**
 * Units of the base asset that one unit of `amount` stands for: quotePerTickLot / (tick × lot), 1 for ordinary
 * markets.
 */
export function contractSizeText(
  market: Pick<Market, 'tickE8' | 'lotE8' | 'quotePerTickLot'>,
): string {
  const denominator = BigInt(market.tickE8) * BigInt(market.lotE8)
  return ratioToText(BigInt(market.quotePerTickLot) * 10n ** 10n, denominator, 18)
}

/** Base asset of a symbol: what stands before `-PERP`, or all of it, so that two markets never share one by accident. */
export function baseOfSymbol(symbol: string): string {
  return symbol.replace(/(?<=.)-PERP$/, '')
}

/** A market as `GET /v1/markets` lists it. */
export function publicMarket(
  market: Market,
  state: MarketState,
  createdAtMs: number,
): MarketObject {
  const base = baseOfSymbol(market.symbol)
  const lots = (size: number) => unitsToText(size, market.lotE8)
  const ticks = (price: number) => unitsToText(price, market.tickE8)
  return {
    id: market.symbol,
    index: market.market,
    base,
    quote: quoteCurrency,
    settle: quoteCurrency,
    baseId: base,
    quoteId: quoteCurrency,
    settleId: quoteCurrency,
    type: 'swap',
    linear: true,
    active: state !== marketState.halted && state !== marketState.settled,
    state: marketStateWord(state),
    contractSize: contractSizeText(market),
    tickSize: ticks(1),
    stepSize: lots(1),
    minAmount: lots(market.minOrderLots),
    maxAmount: lots(market.maxOrderLots),
    minPrice: ticks(1),
    maxPrice: ticks(limits.priceTicksMax),
    minNotional: quoteToText(market.minNotionalQuote),
    maxNotional: quoteToText(limits.notionalQuoteMax),
    maxLeverage: ratioToText(10_000n, BigInt(market.imBps), 2),
    makerFee: feeRateText(market.makerFee),
    takerFee: feeRateText(market.takerFee),
    makerFeeUnits: market.makerFee,
    takerFeeUnits: market.takerFee,
    initialMarginRate: integerToText(market.imBps, 4),
    maintenanceMarginRate: integerToText(market.mmBps, 4),
    marginModes: ['cross', 'isolated'],
    fundingInterval: FUNDING_INTERVAL_MS,
    priceBand: market.priceBandPpm === 0 ? null : integerToText(market.priceBandPpm, 6),
    positionLimit: lots(market.maxPositionLots),
    openInterestLimit: market.maxOpenInterestLots === 0 ? null : lots(market.maxOpenInterestLots),
    createdAt: createdAtMs,
  }
}
