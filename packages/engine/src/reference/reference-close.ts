//! How an order ends, and what its end does to the orders linked with it (RULES.md 1.6).
import { type CloseReason, closeReason, limits } from '@plumb/model'
import {
  accountOf,
  byOrderId,
  type Emit,
  filledOf,
  marketOf,
  ordersOf,
  type ReferenceOrder,
  type ReferenceState,
} from './reference-state.ts'

export const idKey = (accountId: number, text: string): string => `${accountId}:${text}`

/** Takes a live order out of the exchange: off its book, its lane and slot free, its links ended. */
export function close(
  s: ReferenceState,
  order: ReferenceOrder,
  reason: CloseReason,
  emit: Emit,
  rejectCode = 0,
): void {
  const { accountId, market, orderId, side } = order
  marketOf(s, market).book.remove(orderId)
  s.orders.delete(orderId)
  emit({
    kind: 'OrderClosed',
    accountId,
    market,
    orderId,
    remainingLots: order.remaining,
    priceTicks: order.price,
    side,
    reason,
    rejectCode,
  })
  const lane = accountOf(s, accountId)!.lanes.get(order.lane)!
  lane.orderId = 0
  lane.filled = filledOf(order)
  s.freeSlots.push(order.slot)
  releaseKey(s, order)
  closeClientId(s, order)
  const sibling = s.orders.get(order.sibling)
  if (sibling !== undefined) {
    sibling.sibling = 0
    if (reason === closeReason.filled) close(s, sibling, closeReason.linked, emit)
  }
  orphanChildren(s, order, emit)
}

/** What an order has not filled is its session key's again. */
export function releaseKey(s: ReferenceState, order: ReferenceOrder): void {
  const key = s.keys.get(order.key)
  if (key === undefined) return
  const lots = BigInt(order.keyLots - filledOf(order))
  const { quotePerTickLot } = marketOf(s, order.market)
  key.left += lots * BigInt(order.limit) * BigInt(quotePerTickLot)
}

/** Closes in ascending id; an order that a link has closed by then is skipped. */
export function closeMany(
  s: ReferenceState,
  orders: readonly ReferenceOrder[],
  reason: CloseReason,
  emit: Emit,
): void {
  for (const order of orders.toSorted(byOrderId))
    if (s.orders.has(order.orderId)) close(s, order, reason, emit)
}

export const childrenOf = (
  s: ReferenceState,
  parent: { accountId: number; lane: number; laneSeq: number },
): ReferenceOrder[] =>
  ordersOf(s, parent.accountId)
    .filter((o) => o.parentLane === parent.lane + 1 && o.parentSeq === parent.laneSeq)
    .toSorted(byOrderId)

/** Children that are not armed at all go with their parent; the others keep what is armed and are on their own. */
function orphanChildren(s: ReferenceState, parent: ReferenceOrder, emit: Emit): void {
  for (const child of childrenOf(s, parent)) {
    const armed = armedOf(child, filledOf(parent))
    if (armed === 0) close(s, child, closeReason.linked, emit)
    else {
      if (armed < child.remaining) reduce(child, child.remaining - armed, emit)
      leaveParent(child)
    }
  }
}

export function leaveParent(child: ReferenceOrder): void {
  Object.assign(child, { parentLane: 0, parentSeq: 0, parentTotal: 0, parentFilledBefore: 0 })
}

/** The live order a child names as its parent. */
export const parentOf = (s: ReferenceState, child: ReferenceOrder): ReferenceOrder | undefined =>
  ordersOf(s, child.accountId).find(
    (o) => o.lane + 1 === child.parentLane && o.laneSeq === child.parentSeq,
  )

/** How much of a waiting order its trigger may release: all, or a child's share of what its parent has filled. */
export function armedLots(s: ReferenceState, order: ReferenceOrder): number {
  const parent = order.parentLane === 0 ? undefined : parentOf(s, order)
  return parent === undefined ? order.remaining : armedOf(order, filledOf(parent))
}

function armedOf(child: ReferenceOrder, parentFilled: number): number {
  const filled = BigInt(child.parentFilledBefore + parentFilled)
  return Number((BigInt(child.size) * filled) / BigInt(child.parentTotal))
}

/** An order's fill takes as many lots off its OCO sibling. */
export function reduceSibling(
  s: ReferenceState,
  order: ReferenceOrder,
  lots: number,
  emit: Emit,
): void {
  const sibling = s.orders.get(order.sibling)
  if (sibling === undefined) return
  reduce(sibling, Math.min(lots, sibling.remaining), emit)
  if (sibling.remaining === 0) close(s, sibling, closeReason.linked, emit)
}

function reduce(order: ReferenceOrder, byLots: number, emit: Emit): void {
  order.remaining -= byLots
  order.size -= byLots
  const { accountId, market, orderId, remaining, side } = order
  emit({
    kind: 'OrderReduced',
    accountId,
    market,
    orderId,
    remainingLots: remaining,
    byLots,
    side,
  })
}

function closeClientId(s: ReferenceState, { accountId, clientId }: ReferenceOrder): void {
  const id = s.clientIds.get(idKey(accountId, clientId))
  if (clientId === '' || id === undefined) return
  id.closeNumber = ++s.closes
  let remembered = 0
  for (const other of s.clientIds.values())
    if (other.accountId === accountId && other.closeNumber > 0) remembered++
  if (remembered > limits.clientIdsRememberedPerAccount)
    forgetFirstClosed(s, (other) => other === accountId)
}

/** Forgets the client id that closed first. */
export function forgetFirstClosed(s: ReferenceState, among: (accountId: number) => boolean): void {
  const closed = [...s.clientIds.values()].filter((id) => id.closeNumber > 0 && among(id.accountId))
  const first = closed.toSorted((a, b) => a.closeNumber - b.closeNumber)[0]
  if (first !== undefined) s.clientIds.delete(idKey(first.accountId, first.text))
}
