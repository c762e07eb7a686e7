//! An order as the gateway remembers it.
import {
  type Lots,
  type OrderKind,
  type OrderPlaced,
  orderStyle,
  type PlaceAdvancedOrder,
  type Ticks,
} from '@plumb/model'
import type { OrderRecord } from '@plumb/protocol'
import type { AccountView } from './account-view.ts'
import type { MarketView } from './market-view.ts'

export type OrderView = OrderRecord & {
  readonly owner: AccountView
  readonly market: MarketView
  /** Session key that signed it last; null: the owner did. */
  signer: string | null
  kind: OrderKind
  /** Seq of the command that placed it: rises with time, which order ids do not. */
  readonly placedSeq: number
  /** Size as signed last; with amends it is not filled + remaining. */
  signedLots: Lots
  /** Limit as signed last; `priceTicks` is where the order rests. */
  signedTicks: Ticks
  /** What it adds to its book level; 0 while it does not rest. */
  bookLots: Lots
}

/** A new order, before its fills. `terms`: its command, where that was an advanced one. */
export function newOrder(
  event: Omit<OrderPlaced, 'kind'> & { seq: number },
  timeMs: number,
  owner: AccountView,
  market: MarketView,
  terms: PlaceAdvancedOrder | null,
  isMarketOrder: boolean,
): OrderView {
  const signedTicks =
    event.limitTicks === undefined || event.limitTicks === 0 ? event.priceTicks : event.limitTicks
  return {
    owner,
    market,
    placedSeq: event.seq,
    orderId: event.orderId,
    clientOrderId: event.clientOrderId,
    digest: null,
    account: owner.address,
    signer: null,
    subaccount: owner.subaccount,
    createdAtMs: timeMs,
    updatedAtMs: timeMs,
    lastTradeAtMs: null,
    side: event.side,
    flags: event.flags,
    kind: event.orderKind,
    isMarketOrder: isMarketOrder || event.style === orderStyle.market,
    priceTicks: event.priceTicks,
    signedTicks,
    signedLots: event.sizeLots,
    filledLots: 0,
    remainingLots: event.sizeLots,
    bookLots: 0,
    filledQuote: 0,
    feeQuote: 0,
    maxFee: event.maxFee,
    lane: event.lane,
    laneSeq: event.laneSeq,
    expiryS: event.expiryS,
    closeReason: null,
    rejectCode: 0,
    waiting: event.waiting === 1,
    stopLossTicks: null,
    takeProfitTicks: null,
    advanced: terms === null ? null : advancedOf(event, terms, signedTicks),
  }
}

function advancedOf(
  event: Omit<OrderPlaced, 'kind'>,
  terms: PlaceAdvancedOrder,
  limitTicks: Ticks,
): NonNullable<OrderRecord['advanced']> {
  const { style, triggerKind, triggerSource, offsetTicks, count, seconds, slippagePpm } = terms
  const { displayLots, ocoLane, ocoSeq, parentLane, parentSeq } = terms
  return {
    style,
    triggerKind,
    triggerSource,
    triggerTicks: event.triggerTicks ?? 0,
    limitTicks,
    offsetTicks,
    count,
    seconds,
    slippagePpm,
    displayLots,
    oco: ocoLane === 0 ? null : { lane: ocoLane - 1, seq: ocoSeq },
    parent: parentLane === 0 ? null : { lane: parentLane - 1, seq: parentSeq },
  }
}

/** What the book shows of an order that comes to rest now (RULES 1.5). */
export function shownLots(order: OrderView): Lots {
  const { advanced, remainingLots, filledLots } = order
  if (advanced?.style === orderStyle.iceberg) return Math.min(advanced.displayLots, remainingLots)
  if (advanced?.style !== orderStyle.scale) return remainingLots
  // It rests by itself at its first level only: the later ones are queued by events that say how much shows.
  const size = filledLots + remainingLots
  const later = Math.floor(size / advanced.count) * (advanced.count - 1)
  return remainingLots - later
}
