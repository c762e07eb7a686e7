//! An order as JSON without the object in between: what every answer and every private stream is made of.
import { closeReason, type Market, side } from '@plumb/model'
import { quoteToText, unitsToText } from './decimal.ts'
import { quoteCurrency } from './public-market.ts'
import {
  averagePriceText,
  closeReasonWord,
  flagWords,
  type OrderRecord,
  publicOrder,
} from './public-order.ts'

const MS = 1_000
/** What an order has not that is a plain one. */
const NO_TERMS =
  '"triggerKind":null,"triggerPrice":null,"triggerBy":null,"stopLossPrice":null,"takeProfitPrice":null,' +
  '"offset":null,"count":null,"intervalS":null,"slippage":null,"displayAmount":null,"oco":null,"parent":null,' +
  '"rejectCode":null'
/** By symbol, of which there are few. */
const symbolTexts = new Map<string, string>()
/** By flags, of which there are few. */
const flagTexts = new Map<number, string>()

/**
 * The very text of `JSON.stringify(publicOrder(record, market))`, several times as fast for a plain order. Every part
 * of it that is not a number or of a fixed set is escaped.
 */
export function orderText(record: OrderRecord, market: Market): string {
  if (!isPlain(record)) return JSON.stringify(publicOrder(record, market))
  const { tickE8, lotE8 } = market
  const { clientOrderId, digest, account, filledLots, remainingLots, closeReason: reason } = record
  const price = unitsToText(record.priceTicks, tickE8)
  const amount = unitsToText(filledLots + remainingLots, lotE8)
  const filled = filledLots === 0 ? '0' : unitsToText(filledLots, lotE8)
  const remaining = filledLots === 0 ? amount : unitsToText(remainingLots, lotE8)
  const average =
    filledLots === 0 ? 'null' : `"${averagePriceText(market, record.filledQuote, filledLots)}"`
  const status = reason === null ? 'open' : reason === closeReason.filled ? 'closed' : 'canceled'
  return (
    `{"id":"${record.orderId}","clientOrderId":${clientOrderId === '' ? 'null' : JSON.stringify(clientOrderId)},` +
    `"digest":${digest === null ? 'null' : `"${digest}"`},"account":"${account}","subaccount":${record.subaccount},` +
    `"market":${symbolText(market.symbol)},"createdAt":${record.createdAtMs},"updatedAt":${record.updatedAtMs},` +
    `"lastTradeAt":${record.lastTradeAtMs},"type":"${record.isMarketOrder ? 'market' : 'limit'}",` +
    `"side":"${record.side === side.buy ? 'buy' : 'sell'}","price":"${price}","amount":"${amount}",` +
    `"filled":"${filled}","remaining":"${remaining}","average":${average},` +
    `"cost":"${record.filledQuote === 0 ? '0' : quoteToText(record.filledQuote)}",${flagText(record.flags)},` +
    `"style":"plain","limitPrice":"${price}","waiting":${record.waiting},${NO_TERMS},` +
    `"expiresAt":${record.expiryS * MS},"status":"${status}",` +
    `"reason":${reason === null ? 'null' : `"${closeReasonWord(reason)}"`},` +
    `"fee":{"cost":"${record.feeQuote === 0 ? '0' : quoteToText(record.feeQuote)}","currency":"${quoteCurrency}"},` +
    `"signer":"${record.signer ?? account}","maxFee":${record.maxFee},"lane":${record.lane},"laneSeq":${record.laneSeq}}`
  )
}

function isPlain(record: OrderRecord): boolean {
  const { advanced, rejectCode, stopLossTicks, takeProfitTicks } = record
  return advanced === null && rejectCode === 0 && stopLossTicks === null && takeProfitTicks === null
}

function flagText(flags: number): string {
  const known = flagTexts.get(flags)
  if (known !== undefined) return known
  const text = JSON.stringify(flagWords(flags)).slice(1, -1)
  flagTexts.set(flags, text)
  return text
}

function symbolText(symbol: string): string {
  const known = symbolTexts.get(symbol)
  if (known !== undefined) return known
  const text = JSON.stringify(symbol)
  symbolTexts.set(symbol, text)
  return text
}
