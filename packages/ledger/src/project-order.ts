//! The life of an order: placed, amended, closed.
import {
  closeReason,
  commandLayouts,
  type EventHeader,
  type OrderAmended,
  type OrderClosed,
  type OrderPlaced,
} from '@plumb/model'
import { LedgerError } from './ledger-error.ts'
import { type LedgerState, type OrderState, orderStatus } from './ledger-state.ts'
import type { PendingRows } from './pending-rows.ts'

const signerAt = commandLayouts.PlaceOrder.fields['signer'] ?? { at: 0, length: 0 }

/** @param command the stored PlaceOrder, which knows the signer */
export function projectOrderPlaced(
  state: LedgerState,
  rows: PendingRows,
  event: EventHeader & OrderPlaced,
  command: Uint8Array,
): void {
  const { seq, timeMs, clientOrderId } = event
  const placed: OrderState = {
    orderId: event.orderId,
    accountId: event.accountId,
    market: event.market,
    side: event.side,
    orderKind: event.orderKind,
    createdMs: timeMs,
    createdSeq: seq,
    signer: command.slice(signerAt.at, signerAt.at + (signerAt.length ?? 0)),
    clientOrderId: clientOrderId === '' ? null : clientOrderId,
    flags: event.flags,
    priceTicks: event.priceTicks,
    sizeLots: event.sizeLots,
    filledLots: 0,
    costQuote: 0,
    feeQuote: 0,
    maxFee: event.maxFee,
    lane: event.lane,
    laneSeq: event.laneSeq,
    expiryS: event.expiryS,
    updatedMs: timeMs,
    lastTradeMs: null,
    updatedSeq: seq,
    status: orderStatus.open,
    reason: null,
  }
  state.orders.set(placed.orderId, placed)
  rows.newOrders.add(placed)
}

export function projectOrderAmended(
  state: LedgerState,
  rows: PendingRows,
  event: EventHeader & OrderAmended,
): void {
  const amended = openOrder(state, event)
  amended.flags = event.flags
  amended.priceTicks = event.priceTicks
  amended.sizeLots = amended.filledLots + event.sizeLots
  amended.maxFee = event.maxFee
  amended.lane = event.lane
  amended.laneSeq = event.laneSeq
  amended.expiryS = event.expiryS
  touchOrder(rows, amended, event)
}

export function projectOrderClosed(
  state: LedgerState,
  rows: PendingRows,
  event: EventHeader & OrderClosed,
): void {
  const closed = openOrder(state, event)
  const remainingLots = closed.sizeLots - closed.filledLots
  if (remainingLots !== event.remainingLots)
    throw new LedgerError(
      'DIVERGED',
      `seq ${event.seq}: order ${event.orderId} closes with ${event.remainingLots} lots in the engine, ${remainingLots} in the ledger`,
    )
  closed.status = event.reason === closeReason.filled ? orderStatus.closed : orderStatus.canceled
  closed.reason = event.reason
  touchOrder(rows, closed, event)
  state.orders.delete(event.orderId)
}

/** The open order an event is about. */
export function openOrder(
  state: LedgerState,
  { seq, orderId }: { seq: number; orderId: number },
): OrderState {
  const found = state.orders.get(orderId)
  if (found === undefined)
    throw new LedgerError('DIVERGED', `seq ${seq}: order ${orderId} is not open in the ledger`)
  return found
}

export function touchOrder(
  rows: PendingRows,
  touched: OrderState,
  { seq, timeMs }: { seq: number; timeMs: number },
): void {
  touched.updatedSeq = seq
  touched.updatedMs = timeMs
  if (!rows.newOrders.has(touched)) rows.changedOrders.add(touched)
}
