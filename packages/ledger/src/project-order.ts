//! The life of an order: placed, amended, triggered, moved on the book, reduced, closed.
import {
  type Command,
  closeReason,
  commandLayouts,
  decodeCommand,
  type EventHeader,
  type OrderAmended,
  type OrderClosed,
  type OrderPlaced,
  type OrderReduced,
  type OrderRequeued,
  type OrderTriggered,
  orderStyle,
} from '@plumb/model'
import { LedgerError } from './ledger-error.ts'
import {
  type AdvancedTerms,
  type LedgerState,
  type OrderState,
  orderStatus,
} from './ledger-state.ts'
import type { PendingRows } from './pending-rows.ts'

const signerAt = commandLayouts.PlaceOrder.fields['signer'] ?? { at: 0, length: 0 }
const amendSignerAt = commandLayouts.AmendOrder.fields['signer'] ?? { at: 0, length: 0 }

/** @param command the stored PlaceOrder or PlaceAdvancedOrder, which knows the signer, both in the same place */
export function projectOrderPlaced(
  state: LedgerState,
  rows: PendingRows,
  event: EventHeader & OrderPlaced,
  command: Uint8Array,
): void {
  const { seq, timeMs, clientOrderId, limitTicks = 0 } = event
  const decoded = limitTicks === 0 ? undefined : decodeCommand(command).command
  const placed: OrderState = {
    orderId: event.orderId,
    accountId: event.accountId,
    market: event.market,
    side: event.side,
    orderKind: event.orderKind,
    createdMs: timeMs,
    createdSeq: seq,
    signer: partOf(command, signerAt),
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
    terms: decoded === undefined ? null : termsOf(event, decoded),
  }
  state.orders.set(placed.orderId, placed)
  rows.newOrders.add(placed)
  if (decoded !== undefined) projectTerms(rows, event, decoded)
}

const partOf = (command: Uint8Array, { at, length = 0 }: { at: number; length?: number }) =>
  command.slice(at, at + length)

/** What the event of an order leaves out: a twap's interval, a slippage, links. Most orders have none of it. */
function projectTerms(
  rows: PendingRows,
  { seq, orderId }: EventHeader & OrderPlaced,
  command: Command,
): void {
  if (command.kind !== 'PlaceAdvancedOrder') return
  const { seconds, slippagePpm, ocoLane, ocoSeq, parentLane, parentSeq } = command
  if (seconds === 0 && slippagePpm === 0 && ocoLane === 0 && parentLane === 0) return
  rows.orderTerms
    .begin()
    .i64(orderId)
    .i64(seq)
    .i32(seconds)
    .i32(slippagePpm)
    .i64(ocoSeq)
    .i64(parentSeq)
    // Lanes are signed plus one, 0 = no link.
    .i16OrNull(ocoLane === 0 ? null : ocoLane - 1)
    .i16OrNull(parentLane === 0 ? null : parentLane - 1)
}

/** A market order made by PlaceOrder has them too: its signed limit is not where it is matched. */
function termsOf(event: OrderPlaced, command: Command): AdvancedTerms {
  const { limitTicks = 0, triggerTicks = 0, style = orderStyle.plain } = event
  return {
    style: command.kind === 'PlaceOrder' ? orderStyle.market : style,
    triggerKind: event.triggerKind ?? 0,
    triggerSource: event.triggerSource ?? 0,
    triggerTicks: triggerTicks === 0 ? null : triggerTicks,
    limitTicks,
    offsetTicks: event.offsetTicks ?? 0,
    parts: event.count ?? 0,
    displayLots: event.displayLots ?? 0,
    triggeredMs: null,
  }
}

export function projectOrderAmended(
  state: LedgerState,
  rows: PendingRows,
  event: EventHeader & OrderAmended,
  command: Uint8Array,
): void {
  const amended = openOrder(state, event)
  amended.signer = partOf(command, amendSignerAt)
  amended.flags = event.flags
  amended.priceTicks = event.priceTicks
  amended.sizeLots = amended.filledLots + event.sizeLots
  amended.maxFee = event.maxFee
  amended.lane = event.lane
  amended.laneSeq = event.laneSeq
  amended.expiryS = event.expiryS
  const { terms } = amended
  if (terms !== null) {
    terms.limitTicks = event.priceTicks
    const { triggerTicks = 0 } = event
    if (triggerTicks !== 0) terms.triggerTicks = triggerTicks
  }
  touchOrder(rows, amended, event)
  if (rows.changedOrders.has(amended)) rows.amendedOrders.add(amended)
}

/** A twap's slice says how many lots it is for, another order's moment how many it still has: a bracket child's armed ones. */
export function projectOrderTriggered(
  state: LedgerState,
  rows: PendingRows,
  event: EventHeader & OrderTriggered,
): void {
  const triggered = openOrder(state, event)
  const { terms } = triggered
  if (terms === null)
    throw new LedgerError('DIVERGED', `seq ${event.seq}: order ${event.orderId} has no trigger`)
  terms.triggeredMs = event.timeMs
  if (terms.style !== orderStyle.twap) {
    triggered.sizeLots = triggered.filledLots + event.lots
    triggered.priceTicks = event.limitTicks
  }
  touchOrder(rows, triggered, event)
}

/** Off the book the price stays where it was. */
export function projectOrderRequeued(
  state: LedgerState,
  rows: PendingRows,
  event: EventHeader & OrderRequeued,
): void {
  const moved = openOrder(state, event)
  if (event.priceTicks !== 0) moved.priceTicks = event.priceTicks
  touchOrder(rows, moved, event)
}

export function projectOrderReduced(
  state: LedgerState,
  rows: PendingRows,
  event: EventHeader & OrderReduced,
): void {
  const reduced = openOrder(state, event)
  reduced.sizeLots = reduced.filledLots + event.remainingLots
  touchOrder(rows, reduced, event)
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
  const { seq, orderId, rejectCode = 0 } = event
  if (rejectCode !== 0) rows.orderRefusals.begin().i64(orderId).i64(seq).i16(rejectCode)
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
