//! What does not fit is refused: slots, pairs, pages and lanes counted from what is there.
import { limits, timeInForce, timeInForceOf } from '@plumb/model'
import {
  countedOf,
  isReduceOnly,
  isResting,
  marketOf,
  ordersOf,
  type ReferenceAccount,
  type ReferenceOrder,
  type ReferenceState,
  type Refusal,
  refuse,
  restingOrders,
} from './reference-state.ts'

/** Whether an order could rest at a price: pages of 1,024 prices and ranges of 2^21 are limited; a new one needs `least` free. */
export function pageFree(s: ReferenceState, market: number, price: number, least = 1): boolean {
  const pages = new Set<string>()
  const ranges = new Set<string>()
  for (const order of restingOrders(s)) {
    pages.add(`${order.market}:${Math.floor(order.price / 1_024)}`)
    ranges.add(`${order.market}:${Math.floor(order.price / 2_097_152)}`)
  }
  const newRange = !ranges.has(`${market}:${Math.floor(price / 2_097_152)}`)
  const newPage = !pages.has(`${market}:${Math.floor(price / 1_024)}`)
  const full =
    (newRange && ranges.size + least > s.limits.pageDirectories) ||
    (newPage && pages.size + least > s.limits.pages)
  return !full
}

/** Whether an account's orders of a side in a market, this one at `price` among them, are worth less than 2^52. */
export function countable(
  s: ReferenceState,
  order: ReferenceOrder,
  lots: number,
  price: number,
): boolean {
  const q = BigInt(marketOf(s, order.market).quotePerTickLot)
  const others = ordersOf(s, order.accountId).filter(
    (o) =>
      o !== order &&
      o.market === order.market &&
      o.side === order.side &&
      isResting(s, o) &&
      !isReduceOnly(o),
  )
  const worth = (ticks: number, size: number) => BigInt(ticks) * BigInt(size) * q
  const sum = others.reduce((total, o) => total + worth(o.price, countedOf(o)), worth(price, lots))
  return sum < BigInt(limits.notionalQuoteMax)
}

/** Pages that are free, or ranges if those are fewer. */
export function freePlaces(s: ReferenceState): number {
  const resting = [...restingOrders(s)]
  const pages = new Set(resting.map((o) => `${o.market}:${Math.floor(o.price / 1_024)}`))
  const ranges = new Set(resting.map((o) => `${o.market}:${Math.floor(o.price / 2_097_152)}`))
  return Math.min(s.limits.pages - pages.size, s.limits.pageDirectories - ranges.size)
}

/** Whether an account may have something in a market: pairs with a position or an order are limited. */
export function pairFree(s: ReferenceState, accountId: number, market: number): boolean {
  return pairKnown(s, accountId, market) || pairsLeft(s) > 0
}

function pairsOf(s: ReferenceState): Set<string> {
  const pairs = new Set<string>()
  for (const a of s.accounts) for (const m of a.positions.keys()) pairs.add(`${a.accountId}:${m}`)
  for (const order of s.orders.values()) pairs.add(`${order.accountId}:${order.market}`)
  return pairs
}

export const pairKnown = (s: ReferenceState, accountId: number, market: number): boolean =>
  pairsOf(s).has(`${accountId}:${market}`)

export const pairsLeft = (s: ReferenceState): number => s.limits.positions - pairsOf(s).size

/** Pairs that what the chain has done may still add: beyond the limit one for each account and two for each market. */
export const chainPairsLeft = (s: ReferenceState): number =>
  pairsLeft(s) + s.limits.accounts + 2 * s.limits.markets

/** `restingPrice`: where the order may come to rest, 0 if it will not. */
export function checkCapacity(
  s: ReferenceState,
  account: ReferenceAccount,
  market: number,
  restingPrice: number,
): Refusal | undefined {
  if (ordersOf(s, account.accountId).length >= s.limits.ordersPerAccount)
    return refuse('OPEN_ORDERS_LIMIT', s.limits.ordersPerAccount)
  const noSlot = s.freeSlots.length === 0 && s.generations.length >= s.limits.openOrders
  if (noSlot || !pairFree(s, account.accountId, market)) return refuse('CAPACITY')
  return restingPrice === 0 || pageFree(s, market, restingPrice) ? undefined : refuse('CAPACITY')
}

export const restingPriceOf = (flags: number, price: number): number =>
  timeInForceOf(flags) === timeInForce.gtc ? price : 0

/** Whether a lane that was never used can be remembered: blocks of 16 above the first are limited. */
export function laneFree(s: ReferenceState, account: ReferenceAccount, lane: number): boolean {
  if (lane < 16) return true
  const blocks = new Set<string>()
  for (const { accountId, lanes } of s.accounts)
    for (const used of lanes.keys())
      if (used >= 16) blocks.add(`${accountId}:${Math.floor(used / 16)}`)
  const mine = blocks.has(`${account.accountId}:${Math.floor(lane / 16)}`)
  return mine || blocks.size < s.limits.lanePages
}

export function checkLane(
  s: ReferenceState,
  account: ReferenceAccount,
  lane: number,
  laneSeq: number,
  ownOrder: number,
): Refusal | undefined {
  if (lane < 0 || lane >= limits.lanesPerAccountMax)
    return refuse('INVALID_LANE', limits.lanesPerAccountMax - 1)
  const known = account.lanes.get(lane)
  const last = Math.max(known?.seq ?? 0, account.minSeq - 1)
  if (laneSeq <= last) return refuse('NONCE_USED', last)
  if (known === undefined) return laneFree(s, account, lane) ? undefined : refuse('CAPACITY')
  return known.orderId !== 0 && known.orderId !== ownOrder ? refuse('LANE_BUSY') : undefined
}
