//! Orders and fills as the API shows them.
import {
  type CloseReason,
  closeReason,
  type Market,
  orderFlag,
  type Side,
  side,
  timeInForce,
  timeInForceOf,
} from '@plumb/model'
import { quoteToText, ratioToText, unitsToText } from './decimal.ts'
import type { FillObject, OrderObject } from './object-schemas.ts'
import { feeRateText, quoteCurrency } from './public-market.ts'

const MS = 1_000
const AVERAGE_DECIMALS = 12

const reasonWords: Record<CloseReason, string> = {
  [closeReason.filled]: 'filled',
  [closeReason.user]: 'user',
  [closeReason.ioc]: 'ioc',
  [closeReason.fok]: 'fok',
  [closeReason.selfTrade]: 'self_trade',
  [closeReason.reduceOnly]: 'reduce_only',
  [closeReason.margin]: 'margin',
  [closeReason.expired]: 'expired',
  [closeReason.liquidation]: 'liquidation',
  [closeReason.disconnect]: 'disconnect',
  [closeReason.marketClosed]: 'market_closed',
  [closeReason.fillLimit]: 'fill_limit',
  [closeReason.notSettleable]: 'not_settleable',
  [closeReason.deadMan]: 'dead_man',
  [closeReason.linked]: 'linked',
  [closeReason.triggerRefused]: 'trigger_refused',
}

/** The public word of a close reason. */
export function closeReasonWord(reason: CloseReason): string {
  return reasonWords[reason]
}

/** The public word of a side. */
export function sideWord(value: Side): 'buy' | 'sell' {
  return value === side.buy ? 'buy' : 'sell'
}

/** An order in engine units, as a view or the ledger keeps it. `amountLots` = filled + remaining. */
export type OrderRecord = {
  orderId: number
  clientOrderId: string
  digest: string | null
  account: string
  subaccount: number
  createdAtMs: number
  updatedAtMs: number
  lastTradeAtMs: number | null
  side: Side
  flags: number
  priceTicks: number
  filledLots: number
  remainingLots: number
  /** Σ price × size × quotePerTickLot of its fills, micro-USDC. */
  filledQuote: number
  feeQuote: number
  maxFee: number
  lane: number
  laneSeq: number
  expiryS: number
  /** null while open. */
  closeReason: CloseReason | null
}

/** Words of the signed flags. */
function flagWords(flags: number): Pick<OrderObject, 'timeInForce' | 'postOnly' | 'reduceOnly'> {
  const tif = timeInForceOf(flags)
  const postOnly = (flags & orderFlag.postOnly) !== 0
  return {
    timeInForce:
      tif === timeInForce.ioc ? 'IOC' : tif === timeInForce.fok ? 'FOK' : postOnly ? 'PO' : 'GTC',
    postOnly,
    reduceOnly: (flags & orderFlag.reduceOnly) !== 0,
  }
}

/** Mean fill price: Σ quote ÷ (Σ lots × quotePerTickLot) ticks, cut off after 12 decimals. */
export function averagePriceText(market: Market, filledQuote: number, filledLots: number): string {
  return ratioToText(
    BigInt(filledQuote) * BigInt(market.tickE8),
    BigInt(filledLots) * BigInt(market.quotePerTickLot) * 100_000_000n,
    AVERAGE_DECIMALS,
  )
}

/** An order as the API shows it. `status`: open, closed (filled) or canceled. */
export function publicOrder(record: OrderRecord, market: Market): OrderObject {
  const reason = record.closeReason
  return {
    id: String(record.orderId),
    clientOrderId: record.clientOrderId === '' ? null : record.clientOrderId,
    digest: record.digest,
    account: record.account,
    subaccount: record.subaccount,
    market: market.symbol,
    createdAt: record.createdAtMs,
    updatedAt: record.updatedAtMs,
    lastTradeAt: record.lastTradeAtMs,
    type: 'limit',
    side: sideWord(record.side),
    price: unitsToText(record.priceTicks, market.tickE8),
    amount: unitsToText(record.filledLots + record.remainingLots, market.lotE8),
    filled: unitsToText(record.filledLots, market.lotE8),
    remaining: unitsToText(record.remainingLots, market.lotE8),
    average:
      record.filledLots === 0
        ? null
        : averagePriceText(market, record.filledQuote, record.filledLots),
    cost: quoteToText(record.filledQuote),
    ...flagWords(record.flags),
    triggerPrice: null,
    triggerBy: null,
    stopLossPrice: null,
    takeProfitPrice: null,
    expiresAt: record.expiryS * MS,
    status: reason === null ? 'open' : reason === closeReason.filled ? 'closed' : 'canceled',
    reason: reason === null ? null : closeReasonWord(reason),
    fee: { cost: quoteToText(record.feeQuote), currency: quoteCurrency },
    signer: record.account,
    maxFee: record.maxFee,
    lane: record.lane,
    laneSeq: record.laneSeq,
  }
}

/** One side of a trade in engine units. */
export type FillRecord = {
  tradeId: number
  seq: number
  timeMs: number
  orderId: number
  clientOrderId: string
  account: string
  subaccount: number
  side: Side
  liquidity: 'maker' | 'taker'
  priceTicks: number
  sizeLots: number
  quote: number
  feeQuote: number
  /** Units of 10 ppm. */
  fee: number
  realizedQuote: number
  settlement: FillObject['settlement']
  txHash: string | null
}

/** Id of one side of a trade: 2 × tradeId for the taker, one more for the maker, so that ids ascend with time. */
export function fillIdOf(tradeId: number, liquidity: 'maker' | 'taker'): string {
  return String(tradeId * 2 + (liquidity === 'maker' ? 1 : 0))
}

/** A fill as the API shows it; a rebate is a negative fee. */
export function publicFill(record: FillRecord, market: Market): FillObject {
  return {
    id: fillIdOf(record.tradeId, record.liquidity),
    ts: record.timeMs,
    tradeId: String(record.tradeId),
    orderId: String(record.orderId),
    clientOrderId: record.clientOrderId === '' ? null : record.clientOrderId,
    account: record.account,
    subaccount: record.subaccount,
    market: market.symbol,
    side: sideWord(record.side),
    price: unitsToText(record.priceTicks, market.tickE8),
    amount: unitsToText(record.sizeLots, market.lotE8),
    cost: quoteToText(record.quote),
    liquidity: record.liquidity,
    fee: {
      cost: quoteToText(record.feeQuote),
      currency: quoteCurrency,
      rate: feeRateText(record.fee),
    },
    realizedPnl: quoteToText(record.realizedQuote),
    settlement: record.settlement,
    txHash: record.txHash,
    seq: record.seq,
  }
}
