//! A trade, of two orders or of a liquidation with one: its row, the orders, both positions, the minute's candle.
import {
  type EventHeader,
  type LiquidationFilled,
  type OrderId,
  type Quote,
  type Side,
  side,
  type TradeExecuted,
} from '@plumb/model'
import type { LedgerState } from './ledger-state.ts'
import type { PendingRows } from './pending-rows.ts'
import { openOrder, touchOrder } from './project-order.ts'
import { movePosition } from './project-position.ts'

/** Numbers of trades.kind. */
export const tradeKind = { orders: 0, liquidation: 1 } as const

/** What trade rows have: a liquidation's victim is its taker, without an order (0) and without a fee. */
type Trade = EventHeader &
  Omit<TradeExecuted, 'kind' | 'takerRemainingLots' | 'makerRemainingLots'> & {
    /** Into the tranche, or negative out of it; null between orders. */
    insuranceQuote: Quote | null
  }
/** One side of a trade. */
type Fill = {
  accountId: number
  orderId: OrderId
  side: Side
  feeQuote: Quote
  realizedQuote: Quote
  positionLots: number
}

const MINUTE_MS = 60_000

export function projectTradeExecuted(
  state: LedgerState,
  rows: PendingRows,
  event: EventHeader & TradeExecuted,
): void {
  projectTrade(state, rows, { ...event, insuranceQuote: null })
}

export function projectLiquidationFilled(
  state: LedgerState,
  rows: PendingRows,
  event: EventHeader & LiquidationFilled,
): void {
  projectTrade(state, rows, {
    ...event,
    takerAccountId: event.accountId,
    takerSide: event.side,
    takerOrderId: 0,
    takerFee: 0,
    takerFeeQuote: 0,
    takerRealizedQuote: event.realizedQuote,
    takerPositionLots: event.positionLots,
  })
}

function projectTrade(state: LedgerState, rows: PendingRows, trade: Trade): void {
  addTradeRow(rows, trade)
  addToCandle(rows, trade)
  const { takerSide } = trade
  projectFill(state, rows, trade, {
    accountId: trade.takerAccountId,
    orderId: trade.takerOrderId,
    side: takerSide,
    feeQuote: trade.takerFeeQuote,
    realizedQuote: trade.takerRealizedQuote,
    positionLots: trade.takerPositionLots,
  })
  projectFill(state, rows, trade, {
    accountId: trade.makerAccountId,
    orderId: trade.makerOrderId,
    side: takerSide === side.buy ? side.sell : side.buy,
    feeQuote: trade.makerFeeQuote,
    realizedQuote: trade.makerRealizedQuote,
    positionLots: trade.makerPositionLots,
  })
}

function addTradeRow(rows: PendingRows, trade: Trade): void {
  rows.trades
    .begin()
    .i64(trade.seq)
    .i32(trade.leg)
    .i64(trade.timeMs)
    .i64(trade.tradeId)
    .i64(trade.priceTicks)
    .i64(trade.sizeLots)
    .i64(trade.quote)
    .i64(trade.takerOrderId)
    .i64(trade.makerOrderId)
    .i64(trade.takerFeeQuote)
    .i64(trade.makerFeeQuote)
    .i64(trade.takerRealizedQuote)
    .i64(trade.makerRealizedQuote)
    .i32(trade.takerAccountId)
    .i32(trade.makerAccountId)
    .i16(trade.market)
    .i16(trade.takerSide)
    .i16(trade.takerFee)
    .i16(trade.makerFee)
    .i16(trade.insuranceQuote === null ? tradeKind.orders : tradeKind.liquidation)
    .i64OrNull(trade.insuranceQuote)
}

function addToCandle(
  rows: PendingRows,
  { market, timeMs, priceTicks, sizeLots, quote }: Trade,
): void {
  const openTimeMs = timeMs - (timeMs % MINUTE_MS)
  const key = `${market}:${openTimeMs}`
  const candle = rows.candles.get(key)
  if (candle === undefined) {
    rows.candles.set(key, {
      market,
      openTimeMs,
      open: priceTicks,
      high: priceTicks,
      low: priceTicks,
      close: priceTicks,
      baseLots: sizeLots,
      quote,
      trades: 1,
    })
    return
  }
  candle.high = Math.max(candle.high, priceTicks)
  candle.low = Math.min(candle.low, priceTicks)
  candle.close = priceTicks
  candle.baseLots += sizeLots
  candle.quote += quote
  candle.trades += 1
}

function projectFill(state: LedgerState, rows: PendingRows, trade: Trade, fill: Fill): void {
  if (fill.orderId !== 0) {
    const filled = openOrder(state, { seq: trade.seq, orderId: fill.orderId })
    filled.filledLots += trade.sizeLots
    filled.costQuote += trade.quote
    filled.feeQuote += fill.feeQuote
    filled.lastTradeMs = trade.timeMs
    touchOrder(rows, filled, trade)
  }
  const direction = fill.side === side.buy ? 1 : -1
  const position = movePosition(state, rows, trade, fill.accountId, {
    lots: direction * trade.sizeLots,
    paidQuote: direction * trade.quote,
    realizedQuote: fill.realizedQuote,
    positionLots: fill.positionLots,
  })
  position.feesQuote += fill.feeQuote
}
