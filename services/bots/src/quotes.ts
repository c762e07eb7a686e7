//! What the market maker wants on the book: levels around the index, leaning against its position.
import type { Lots, Ticks } from '@plumb/model'

export type QuoteSide = 'buy' | 'sell'

/** One wanted order. `level` 0 is the innermost. */
export type Quote = { side: QuoteSide; level: number; priceTicks: Ticks; sizeLots: Lots }

export type QuoteStyle = {
  levels: number
  spreadPpm: number
  stepPpm: number
  /** Notional of a quote at the innermost level, USDC. */
  quoteUsdc: number
  /** Position at which one side stops, USDC. */
  inventoryUsdc: number
}

/** The market in the units of quoting. `lotUsdcPerTick` = USDC value of one tick × one lot. */
export type QuoteMarket = { lotUsdcPerTick: number; maxOrderLots: Lots; minNotionalUsdc: number }

const PPM = 1_000_000

/**
 * Bids and asks around `indexTicks`. A long position moves both sides down by up to half a spread (so that it is sold
 * sooner than it grows), a full one stops the bids; a short one the other way round. Bids round down, asks up.
 *
 * @param positionLots signed
 */
export function wantedQuotes(
  market: QuoteMarket,
  style: QuoteStyle,
  indexTicks: Ticks,
  positionLots: Lots,
): Quote[] {
  const { levels, spreadPpm, stepPpm, quoteUsdc, inventoryUsdc } = style
  const lotUsdc = indexTicks * market.lotUsdcPerTick
  const held = Math.max(-1, Math.min(1, (positionLots * lotUsdc) / inventoryUsdc))
  const centre = indexTicks * (1 - (held * spreadPpm) / 2 / PPM)
  const quotes: Quote[] = []
  for (let level = 0; level < levels; level++) {
    const away = (indexTicks * (spreadPpm / 2 + level * stepPpm)) / PPM
    const wantedLots = Math.round((quoteUsdc * (1 + level)) / lotUsdc)
    const sizeLots = Math.min(Math.max(wantedLots, 1), market.maxOrderLots)
    if (sizeLots * lotUsdc < market.minNotionalUsdc * 1.05) continue
    const bid = Math.floor(centre - away)
    const ask = Math.ceil(centre + away)
    if (held < 1 && bid > 0) quotes.push({ side: 'buy', level, priceTicks: bid, sizeLots })
    if (held > -1) quotes.push({ side: 'sell', level, priceTicks: ask, sizeLots })
  }
  return quotes
}
