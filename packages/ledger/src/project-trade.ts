//! A trade: its row, both orders, both positions, the minute's candle.
import {
  type EventHeader,
  type OrderId,
  type Quote,
  type Side,
  side,
  type TradeExecuted,
} from '@plumb/model'
import { LedgerError } from './ledger-error.ts'
import { type LedgerState, type PositionState, positionKey } from './ledger-state.ts'
import type { PendingRows } from './pending-rows.ts'
import { openOrder, touchOrder } from './project-order.ts'

type Trade = EventHeader & TradeExecuted
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

export function projectTrade(state: LedgerState, rows: PendingRows, trade: Trade): void {
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
  const filled = openOrder(state, { seq: trade.seq, orderId: fill.orderId })
  filled.filledLots += trade.sizeLots
  filled.costQuote += trade.quote
  filled.feeQuote += fill.feeQuote
  filled.lastTradeMs = trade.timeMs
  touchOrder(rows, filled, trade)
  const position = positionOf(state, fill.accountId, trade.market)
  movePosition(position, trade, fill)
  rows.positions.add(position)
}

function positionOf(state: LedgerState, accountId: number, market: number): PositionState {
  const key = positionKey(accountId, market)
  let position = state.positions.get(key)
  if (position === undefined) {
    position = {
      accountId,
      market,
      positionLots: 0,
      entryCostQuote: 0,
      realizedQuote: 0,
      feesQuote: 0,
      fundingQuote: 0,
      sinceRealizedQuote: 0,
      sinceFundingQuote: 0,
      openedMs: 0,
      updatedSeq: 0,
    }
    state.positions.set(key, position)
  }
  return position
}

/** Cost rises by what was paid and falls by what was received, less what was realised: exact, so flat costs nothing. */
function movePosition(position: PositionState, trade: Trade, fill: Fill): void {
  const direction = fill.side === side.buy ? 1 : -1
  const before = position.positionLots
  const after = before + direction * trade.sizeLots
  const entryCost = position.entryCostQuote + direction * trade.quote + fill.realizedQuote
  if (after !== fill.positionLots || (after === 0 && entryCost !== 0))
    throw new LedgerError(
      'DIVERGED',
      `seq ${trade.seq}: trade ${trade.tradeId} leaves account ${fill.accountId} ${fill.positionLots} lots in the engine, ${after} costing ${entryCost} in the ledger`,
    )
  position.positionLots = after
  position.entryCostQuote = entryCost
  position.realizedQuote += fill.realizedQuote
  position.feesQuote += fill.feeQuote
  position.sinceRealizedQuote += fill.realizedQuote
  if (after !== 0 && (before === 0 || before > 0 !== after > 0)) {
    position.openedMs = trade.timeMs
    position.sinceRealizedQuote = 0
    position.sinceFundingQuote = 0
  }
  position.updatedSeq = trade.seq
}
