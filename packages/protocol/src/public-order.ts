//! Orders and fills as the API shows them.
import {
  type CloseReason,
  closeReason,
  type Market,
  type OrderStyle,
  orderFlag,
  orderStyle,
  rejectName,
  type Side,
  side,
  type TriggerKind,
  type TriggerSource,
  timeInForce,
  timeInForceOf,
  triggerKind,
  triggerSource,
} from '@plumb/model'
import { integerToText, quoteToText, ratioToText, unitsToText } from './decimal.ts'
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
  [closeReason.keyRevoked]: 'key_revoked',
  [closeReason.keyPosition]: 'key_position',
  [closeReason.onChain]: 'on_chain',
}

/** The public word of a close reason. */
export function closeReasonWord(reason: CloseReason): string {
  return reasonWords[reason]
}

/** The public word of a side. */
export function sideWord(value: Side): 'buy' | 'sell' {
  return value === side.buy ? 'buy' : 'sell'
}

/** What an order of `PlaceAdvancedOrder` has beyond a plain one, in engine units; 0 = none. */
export type AdvancedRecord = {
  style: OrderStyle
  triggerKind: TriggerKind
  triggerSource: TriggerSource
  triggerTicks: number
  /** The signed limit; an order's `priceTicks` is where it rests. */
  limitTicks: number
  offsetTicks: number
  count: number
  seconds: number
  slippagePpm: number
  displayLots: number
  /** Lane and sequence number of the order it is linked to. */
  oco: { lane: number; seq: number } | null
  parent: { lane: number; seq: number } | null
}

/** An order in engine units, as a view or the ledger keeps it. `amountLots` = filled + remaining. */
export type OrderRecord = {
  orderId: number
  clientOrderId: string
  digest: string | null
  account: string
  /** Session key that signed it last; absent or null: the owner did. */
  signer?: string | null
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
  /** Why a triggered order was refused (`rejectCode` of the model); 0 = it was not. */
  rejectCode: number
  isMarketOrder: boolean
  /** Accepted, and not on the book until its trigger, price or time comes. */
  waiting: boolean
  /** Triggers of its live bracket children. */
  stopLossTicks: number | null
  takeProfitTicks: number | null
  /** null for a plain order. */
  advanced: AdvancedRecord | null
}

const styleWords: Record<OrderStyle, OrderObject['style']> = {
  [orderStyle.plain]: 'plain',
  [orderStyle.market]: 'plain',
  [orderStyle.slide]: 'slide',
  [orderStyle.peg]: 'peg',
  [orderStyle.trailing]: 'trailing',
  [orderStyle.twap]: 'twap',
  [orderStyle.iceberg]: 'iceberg',
  [orderStyle.scale]: 'scale',
}
const triggerKindWords: Record<TriggerKind, OrderObject['triggerKind']> = {
  [triggerKind.none]: null,
  [triggerKind.stop]: 'stop',
  [triggerKind.takeProfit]: 'take_profit',
}
const triggerSourceWords: Record<TriggerSource, NonNullable<OrderObject['triggerBy']>> = {
  [triggerSource.mark]: 'mark',
  [triggerSource.index]: 'index',
  [triggerSource.last]: 'last',
}

/** The terms of an advanced order; all null (or plain) for another. */
function termsOf(record: OrderRecord, market: Market) {
  const { advanced } = record
  const ticks = (value: number | null) =>
    value === null || value === 0 ? null : unitsToText(value, market.tickE8)
  const kind = triggerKindWords[advanced?.triggerKind ?? triggerKind.none]
  return {
    style: styleWords[advanced?.style ?? orderStyle.plain],
    limitPrice: unitsToText(advanced?.limitTicks ?? record.priceTicks, market.tickE8),
    waiting: record.waiting,
    triggerKind: kind,
    triggerPrice: ticks(advanced?.triggerTicks ?? null),
    triggerBy: kind === null ? null : triggerSourceWords[advanced?.triggerSource ?? 0],
    stopLossPrice: ticks(record.stopLossTicks),
    takeProfitPrice: ticks(record.takeProfitTicks),
    offset: ticks(advanced?.offsetTicks ?? null),
    count: orNull(advanced?.count),
    intervalS: orNull(advanced?.seconds),
    slippage:
      advanced === null || advanced.slippagePpm === 0
        ? null
        : integerToText(advanced.slippagePpm, 6),
    displayAmount:
      advanced === null || advanced.displayLots === 0
        ? null
        : unitsToText(advanced.displayLots, market.lotE8),
    oco: advanced?.oco ?? null,
    parent: advanced?.parent ?? null,
    rejectCode: record.rejectCode === 0 ? null : rejectName(record.rejectCode),
  }
}

function orNull(value: number | undefined): number | null {
  return value === undefined || value === 0 ? null : value
}

/** Words of the signed flags. */
export function flagWords(
  flags: number,
): Pick<OrderObject, 'timeInForce' | 'postOnly' | 'reduceOnly'> {
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
    type: record.isMarketOrder ? 'market' : 'limit',
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
    ...termsOf(record, market),
    expiresAt: record.expiryS * MS,
    status: reason === null ? 'open' : reason === closeReason.filled ? 'closed' : 'canceled',
    reason: reason === null ? null : closeReasonWord(reason),
    fee: { cost: quoteToText(record.feeQuote), currency: quoteCurrency },
    signer: record.signer ?? record.account,
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
  /** 0: the exchange's own order of a liquidation. */
  orderId: number
  clientOrderId: string
  account: string
  subaccount: number
  side: Side
  liquidity: 'maker' | 'taker'
  liquidation: boolean
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
    orderId: record.orderId === 0 ? null : String(record.orderId),
    clientOrderId: record.clientOrderId === '' ? null : record.clientOrderId,
    account: record.account,
    subaccount: record.subaccount,
    market: market.symbol,
    side: sideWord(record.side),
    price: unitsToText(record.priceTicks, market.tickE8),
    amount: unitsToText(record.sizeLots, market.lotE8),
    cost: quoteToText(record.quote),
    liquidity: record.liquidity,
    liquidation: record.liquidation,
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
