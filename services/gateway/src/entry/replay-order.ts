//! An order and its fills as the one command that placed it left them, whatever has happened since.
import {
  closeReason,
  type EngineEvent,
  type PlaceAdvancedOrder,
  timeInForce,
  timeInForceOf,
} from '@plumb/model'
import type { AccountView, FillView } from '../view/account-view.ts'
import type { MarketView } from '../view/market-view.ts'
import { newOrder, type OrderView } from '../view/order-view.ts'
import type { Answer } from './submission.ts'

export function replayOrder(
  placed: Extract<EngineEvent, { kind: 'OrderPlaced' }>,
  { events, seq, timeMs }: Answer,
  account: AccountView,
  market: MarketView,
  terms: PlaceAdvancedOrder | null,
  isMarketOrder: boolean,
): { order: OrderView; fills: FillView[] } {
  const order = newOrder(placed, timeMs, account, market, terms, isMarketOrder)
  const fills: FillView[] = []
  for (const event of events) {
    if (event.kind === 'TradeExecuted' && event.takerOrderId === order.orderId) {
      order.filledLots += event.sizeLots
      order.remainingLots -= event.sizeLots
      order.filledQuote += event.quote
      order.feeQuote += event.takerFeeQuote
      order.lastTradeAtMs = timeMs
      const { tradeId, priceTicks, sizeLots, quote, leg } = event
      const { orderId, clientOrderId, side } = order
      fills.push({
        market,
        tradeId,
        seq,
        leg,
        timeMs,
        orderId,
        clientOrderId,
        side,
        liquidity: 'taker',
        liquidation: false,
        priceTicks,
        sizeLots,
        quote,
        feeQuote: event.takerFeeQuote,
        fee: event.takerFee,
        realizedQuote: event.takerRealizedQuote,
      })
      if (order.remainingLots === 0) order.closeReason = closeReason.filled
    }
    if (event.kind === 'OrderRequeued' && event.orderId === order.orderId)
      order.priceTicks = event.priceTicks
    if (event.kind === 'OrderClosed' && event.orderId === order.orderId) {
      order.closeReason = event.reason
      order.remainingLots = event.remainingLots
    }
  }
  return { order, fills }
}

/** An immediate order that closed because nothing matched it. */
export function foundNothing({ flags, filledLots, closeReason: reason }: OrderView): boolean {
  if (filledLots > 0) return false
  const tif = timeInForceOf(flags)
  return (
    (tif === timeInForce.ioc && reason === closeReason.ioc) ||
    (tif === timeInForce.fok && reason === closeReason.fok)
  )
}
