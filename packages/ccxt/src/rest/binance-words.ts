//! Words of Binance's futures that ccxt's bots pass on: those that mean exactly something here, in ccxt's own words.
import type { Raw } from '../ccxt-module.ts'

/** Order type -> ccxt's, and which price its `stopPrice` is. */
const types: Record<string, { type: 'limit' | 'market'; trigger: string }> = {
  STOP: { type: 'limit', trigger: 'stopLossPrice' },
  STOP_MARKET: { type: 'market', trigger: 'stopLossPrice' },
  TAKE_PROFIT: { type: 'limit', trigger: 'takeProfitPrice' },
  TAKE_PROFIT_MARKET: { type: 'market', trigger: 'takeProfitPrice' },
}
const sources: Record<string, string> = { MARK_PRICE: 'mark', CONTRACT_PRICE: 'last' }

/**
 * Type and parameters of an order in ccxt's words. What has no exact meaning here (`positionSide: 'LONG'`,
 * `closePosition`) is left as it is, and refused like any parameter that is not known.
 */
export function unifiedWords(type: string, given: Raw): { type: string; params: Raw } {
  const { newClientOrderId, workingType, positionSide, timeInForce, ...rest } = given
  const params: Raw = { ...rest }
  if (timeInForce !== undefined) params.timeInForce = timeInForce === 'GTX' ? 'PO' : timeInForce
  if (newClientOrderId !== undefined) params.clientOrderId ??= newClientOrderId
  if (workingType !== undefined) {
    const source = sources[workingType]
    if (source === undefined) params.workingType = workingType
    else params.triggerPriceType ??= source
  }
  // One position a market: what Binance calls BOTH.
  if (positionSide !== undefined && positionSide !== 'BOTH') params.positionSide = positionSide
  const known = types[type.toUpperCase()]
  const { stopPrice, triggerPrice = stopPrice, ...others } = params
  // Without its price a stop would be an order at once: refused as an unknown type.
  if (known === undefined || triggerPrice === undefined) return { type: type.toLowerCase(), params }
  // Binance's stops may open a position: only ccxt's stopLossPrice always closes.
  const asked = { reduceOnly: false, ...others, [known.trigger]: triggerPrice }
  return { type: known.type, params: asked }
}
