//! An order as the gateway remembers it.
import type { OrderKind, OrderPlaced } from '@plumb/model'
import type { OrderRecord } from '@plumb/protocol'
import type { AccountView } from './account-view.ts'
import type { MarketView } from './market-view.ts'

export type OrderView = OrderRecord & {
  readonly owner: AccountView
  readonly market: MarketView
  kind: OrderKind
  /** Seq of the command that placed it: rises with time, which order ids do not. */
  readonly placedSeq: number
  /** Size as signed last; with amends it is not filled + remaining. */
  signedLots: number
  /** What it adds to its book level; 0 while it does not rest. */
  bookLots: number
}

/** A new order, before its fills. */
export function newOrder(
  event: Omit<OrderPlaced, 'kind'> & { seq: number },
  timeMs: number,
  owner: AccountView,
  market: MarketView,
): OrderView {
  return {
    owner,
    market,
    placedSeq: event.seq,
    orderId: event.orderId,
    clientOrderId: event.clientOrderId,
    digest: null,
    account: owner.address,
    subaccount: owner.subaccount,
    createdAtMs: timeMs,
    updatedAtMs: timeMs,
    lastTradeAtMs: null,
    side: event.side,
    flags: event.flags,
    kind: event.orderKind,
    priceTicks: event.priceTicks,
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
  }
}
