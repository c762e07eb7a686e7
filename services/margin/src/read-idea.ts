//! A what-if question from a query: `trade=MARKET:buy:LOTS[@TICKS]`, `shock=MARKET:PPM`, `shock=all:PPM`, `shock=MARKET@TICKS`.
import type { PriceShock, TradeIdea, WhatIf } from '@plumb/model'

/** Parts of a question: each costs a walk over the account. */
export const ideaPartsMax = 32

type Named = { market: number; symbol: string }

/**
 * Markets by symbol or number. Repeat `trade` and `shock` for more; trades are done in their order, then prices move.
 *
 * @throws RangeError naming the part that is wrong
 */
export const readIdea = (query: URLSearchParams, markets: readonly Named[]): WhatIf => {
  const trades = query.getAll('trade')
  const shocks = query.getAll('shock')
  if (trades.length + shocks.length > ideaPartsMax)
    throw new RangeError(`trade and shock together at most ${ideaPartsMax} times`)
  return {
    trades: trades.map((text) => tradeOf(text, markets)),
    shocks: shocks.map((text) => shockOf(text, markets)),
  }
}

const marketOf = (name: string, markets: readonly Named[], text: string): number => {
  const found = markets.find(({ market, symbol }) => symbol === name || String(market) === name)
  if (found === undefined) throw new RangeError(`${text}: there is no market ${name}`)
  return found.market
}

const tradeOf = (text: string, markets: readonly Named[]): TradeIdea => {
  const [, name = '', word, lots, ticks] =
    /^([^:@]+):(buy|sell):(\d{1,16})(?:@(\d{1,10}))?$/.exec(text) ?? []
  if (word === undefined) throw new RangeError(`${text} is not MARKET:buy|sell:LOTS[@TICKS]`)
  return {
    market: marketOf(name, markets, text),
    side: word === 'buy' ? 0 : 1,
    lots: Number(lots),
    ...(ticks === undefined ? {} : { priceTicks: Number(ticks) }),
  }
}

const shockOf = (text: string, markets: readonly Named[]): PriceShock => {
  const [, name = '', move, ticks] = /^([^:@]+)(?::([+-]?\d{1,9})|@(\d{1,10}))$/.exec(text) ?? []
  if (ticks !== undefined) return { market: marketOf(name, markets, text), ticks: Number(ticks) }
  if (move === undefined) throw new RangeError(`${text} is not MARKET:PPM, all:PPM or MARKET@TICKS`)
  const movePpm = Number(move)
  return name === 'all' ? { movePpm } : { market: marketOf(name, markets, text), movePpm }
}
