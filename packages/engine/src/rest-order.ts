//! Orders on a book: rest at the tail of a level, leave it, and everything that hangs on being open.
import { closeReason, eventKind, limits, orderFlag } from '@plumb/model'
import { releaseAdvanced } from './advanced-store.ts'
import { clearLevel, levelUsed, makePage, priceAbove, priceBelow, setLevel } from './book-store.ts'
import { retireClientId } from './client-id-store.ts'
import { closePlain } from './close-plain.ts'
import { touch } from './dirty-set.ts'
import { emit, emitOrderClosed } from './emit.ts'
import { forgetHeadroom } from './headroom-store.ts'
import { unbindKey } from './key-orders.ts'
import { findLane, freeLane } from './lane-store.ts'
import { armedLots, leaveParent, leaveSibling } from './links.ts'
import { hiddenLots, remainingLots } from './order-lots.ts'
import { orderIdOf, releaseOrder } from './order-store.ts'
import { unpinPosition } from './position-store.ts'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'
import { delist } from './waiting-list.ts'

const {
  ACCOUNT_W,
  ADVANCED_W,
  A_FIRST_CHILD,
  A_LISTED,
  A_NEXT_CHILD,
  A_PARENT,
  A_SLOT,
  CLOSES,
  DUE_BLOCK,
  D_BUY_LATER,
  D_BUY_LOTS,
  D_BUY_QUOTE,
  D_PRIORITY,
  D_REMAINING,
  D_SELL_LATER,
  D_SELL_LOTS,
  D_SELL_QUOTE,
  D_SIZE,
  LAG_S,
  MARKET_D,
  M_BEST_ASK,
  M_BEST_BID,
  M_QUOTE_PER_TICK_LOT,
  NONE,
  ORDER_D,
  ORDER_PARTS,
  ORDER_W,
  ORDER_WAITING,
  PAGE_WORDS,
  POSITION_D,
  POSITION_W,
  PRIORITIES,
  P_BUY_MAX,
  P_FIRST_ORDER,
  P_SELL_MIN,
  SIGNED_FLAGS,
  W_ACCOUNT,
  W_ADVANCED,
  W_CLIENT_ID,
  W_EXPIRY,
  W_FLAGS,
  W_LANE,
  W_MARKET,
  W_NEXT,
  W_OPEN_ORDERS,
  W_OWN_NEXT,
  W_OWN_PREV,
  W_PAGE,
  W_POSITION,
  W_PREV,
  W_PRICE,
  W_SIDE,
} = slabs

/** First order of a level that is in use. */
export function headOf(state: EngineState, page: number, price: number): number {
  return state.book.levels[page * PAGE_WORDS + 2 * (price & 1_023)]!
}

/** Puts an order at the tail of its price. The caller has asked `canHold`. */
export function enqueue(state: EngineState, slot: number): void {
  const { i32, f64 } = state.orders
  const { book, totals, markets } = state
  const o = slot * ORDER_W
  const price = i32[o + W_PRICE]! >>> 0
  const market = i32[o + W_MARKET]!
  const page = makePage(book, market, price)
  const level = page * PAGE_WORDS + 2 * (price & 1_023)
  f64[slot * ORDER_D + D_PRIORITY] = ++totals[PRIORITIES]!
  i32[o + W_PAGE] = page
  i32[o + W_NEXT] = NONE
  if (levelUsed(book, page, price)) {
    const tail = book.levels[level + 1]!
    i32[o + W_PREV] = tail
    i32[tail * ORDER_W + W_NEXT] = slot
    book.levels[level + 1] = slot
    return
  }
  i32[o + W_PREV] = NONE
  book.levels[level] = slot
  book.levels[level + 1] = slot
  setLevel(book, page, price)
  const m = market * MARKET_D
  if (i32[o + W_SIDE] === 0) {
    if (price > markets[m + M_BEST_BID]!) markets[m + M_BEST_BID] = price
  } else if (markets[m + M_BEST_ASK] === 0 || price < markets[m + M_BEST_ASK]!)
    markets[m + M_BEST_ASK] = price
}

/** Takes an order out of its level. */
export function dequeue(state: EngineState, slot: number): void {
  const i32 = state.orders.i32
  const { book, markets } = state
  const o = slot * ORDER_W
  const price = i32[o + W_PRICE]! >>> 0
  const page = i32[o + W_PAGE]!
  const level = page * PAGE_WORDS + 2 * (price & 1_023)
  const next = i32[o + W_NEXT]!
  const prev = i32[o + W_PREV]!
  if (next === NONE) book.levels[level + 1] = prev
  else i32[next * ORDER_W + W_PREV] = prev
  if (prev === NONE) book.levels[level] = next
  else i32[prev * ORDER_W + W_NEXT] = next
  if (next !== NONE || prev !== NONE) return
  const market = i32[o + W_MARKET]!
  const m = market * MARKET_D
  clearLevel(book, market, page, price)
  if (i32[o + W_SIDE] === 0) {
    if (price === markets[m + M_BEST_BID]) markets[m + M_BEST_BID] = priceBelow(book, market, price)
  } else if (price === markets[m + M_BEST_ASK])
    markets[m + M_BEST_ASK] = priceAbove(book, market, price)
}

/** Adds (sign 1) or takes back (sign −1) what `lots` of a resting order reserve; reduce-only orders reserve nothing. */
export function reserve(state: EngineState, slot: number, lots: number, sign: number): void {
  const i32 = state.orders.i32
  const o = slot * ORDER_W
  if ((i32[o + W_FLAGS]! & orderFlag.reduceOnly) !== 0) return
  const p = i32[o + W_POSITION]! * POSITION_D
  const price = i32[o + W_PRICE]! >>> 0
  const q = state.markets[i32[o + W_MARKET]! * MARKET_D + M_QUOTE_PER_TICK_LOT]!
  const positions = state.positions.f64
  const quote = price * lots * q
  if (sign > 0) forgetHeadroom(state.headroom, i32[o + W_ACCOUNT]!)
  if (i32[o + W_SIDE] === 0) {
    positions[p + D_BUY_LOTS] = positions[p + D_BUY_LOTS]! + sign * lots
    positions[p + D_BUY_QUOTE] = positions[p + D_BUY_QUOTE]! + sign * quote
  } else {
    positions[p + D_SELL_LOTS] = positions[p + D_SELL_LOTS]! + sign * lots
    positions[p + D_SELL_QUOTE] = positions[p + D_SELL_QUOTE]! + sign * quote
  }
}

/**
 * Whether an order that is off the book may rest at a price that nobody has judged its margin at: with it, what the
 * account's orders of its side in the market are worth stays below 2^52, so that it can be counted (model's `limits.ts`).
 */
export function isCountable(
  state: EngineState,
  slot: number,
  lots: number,
  price: number,
): boolean {
  const o = slot * ORDER_W
  const { i32 } = state.orders
  const q = state.markets[i32[o + W_MARKET]! * MARKET_D + M_QUOTE_PER_TICK_LOT]!
  const at =
    i32[o + W_POSITION]! * POSITION_D + (i32[o + W_SIDE] === 0 ? D_BUY_QUOTE : D_SELL_QUOTE)
  return state.positions.f64[at]! + price * lots * q < limits.notionalQuoteMax
}

/** Adds (sign 1) or takes back (sign −1) the later levels of a resting scale that may open a position. */
function countLater(state: EngineState, slot: number, sign: number): void {
  const i32 = state.orders.i32
  const o = slot * ORDER_W
  if ((i32[o + W_FLAGS]! & (ORDER_PARTS | orderFlag.reduceOnly)) !== ORDER_PARTS) return
  const later = i32[o + W_SIDE] === 0 ? D_BUY_LATER : D_SELL_LATER
  const at = i32[o + W_POSITION]! * POSITION_D + later
  state.positions.f64[at] = state.positions.f64[at]! + sign * hiddenLots(state, slot)
}

/** Lots of an account's open orders of a side in a market that may open a position, scales whole. */
export function openLots(state: EngineState, record: number, side: number): number {
  const positions = state.positions.f64
  const p = record * POSITION_D
  return side === 0
    ? positions[p + D_BUY_LOTS]! + positions[p + D_BUY_LATER]!
    : positions[p + D_SELL_LOTS]! + positions[p + D_SELL_LATER]!
}

/** Widens the price bounds of the account's orders in the market by this order's price. */
export function widenPriceBounds(state: EngineState, slot: number): void {
  const i32 = state.orders.i32
  const o = slot * ORDER_W
  const at = i32[o + W_POSITION]! * POSITION_W
  const positions = state.positions.i32
  const price = i32[o + W_PRICE]! >>> 0
  if (i32[o + W_SIDE] === 0) {
    if (price > positions[at + P_BUY_MAX]! >>> 0) positions[at + P_BUY_MAX] = price
  } else if (price < positions[at + P_SELL_MIN]! >>> 0) positions[at + P_SELL_MIN] = price
}

/** The remainder of an accepted order comes to rest: level, reservation, owner's list, expiry. */
export function restOrder(state: EngineState, slot: number): void {
  enqueue(state, slot)
  reserve(state, slot, state.orders.f64[slot * ORDER_D + D_REMAINING]!, 1)
  widenPriceBounds(state, slot)
  countLater(state, slot, 1)
  joinOwner(state, slot)
}

/** The order is one of its account's open ones: listed, counted, expiring. */
export function joinOwner(state: EngineState, slot: number): void {
  linkToOwner(state, slot)
  noteDue(state, slot)
  const a = state.orders.i32[slot * ORDER_W + W_ACCOUNT]! * ACCOUNT_W + W_OPEN_ORDERS
  state.accounts.i32[a] = state.accounts.i32[a]! + 1
}

/** Undoes `joinOwner`. */
export function leaveOwner(state: EngineState, slot: number): void {
  unlinkFromOwner(state, slot)
  const a = state.orders.i32[slot * ORDER_W + W_ACCOUNT]! * ACCOUNT_W + W_OPEN_ORDERS
  state.accounts.i32[a] = state.accounts.i32[a]! - 1
}

function linkToOwner(state: EngineState, slot: number): void {
  const i32 = state.orders.i32
  const positions = state.positions.i32
  const o = slot * ORDER_W
  const at = i32[o + W_POSITION]! * POSITION_W
  const first = positions[at + P_FIRST_ORDER]!
  i32[o + W_OWN_NEXT] = first
  i32[o + W_OWN_PREV] = NONE
  if (first !== NONE) i32[first * ORDER_W + W_OWN_PREV] = slot
  positions[at + P_FIRST_ORDER] = slot
}

function unlinkFromOwner(state: EngineState, slot: number): void {
  const i32 = state.orders.i32
  const positions = state.positions.i32
  const o = slot * ORDER_W
  const at = i32[o + W_POSITION]! * POSITION_W
  const next = i32[o + W_OWN_NEXT]!
  const prev = i32[o + W_OWN_PREV]!
  if (next !== NONE) i32[next * ORDER_W + W_OWN_PREV] = prev
  if (prev === NONE) positions[at + P_FIRST_ORDER] = next
  else i32[prev * ORDER_W + W_OWN_NEXT] = next
  if (positions[at + P_FIRST_ORDER] !== NONE) return
  positions[at + P_BUY_MAX] = 0
  positions[at + P_SELL_MIN] = -1
}

/** Second in which an order stops matching: L before its signature expires. */
export function goodTillS(state: EngineState, slot: number): number {
  return (state.orders.i32[slot * ORDER_W + W_EXPIRY]! >>> 0) - state.totals[LAG_S]!
}

/** Notes when a resting order must leave. A closed order's note stays until the scan finds it dead. */
export function noteDue(state: EngineState, slot: number): void {
  const due = goodTillS(state, slot)
  const { dueS, blockDueS } = state.orders
  const block = Math.floor(slot / DUE_BLOCK)
  dueS[slot] = due
  if (due < blockDueS[block]!) blockDueS[block] = due
}

/** Undoes `restOrder`; the order stays live (it is being amended or closed). */
export function unrestOrder(state: EngineState, slot: number): void {
  dequeue(state, slot)
  reserve(state, slot, state.orders.f64[slot * ORDER_D + D_REMAINING]!, -1)
  countLater(state, slot, -1)
  leaveOwner(state, slot)
}

/** Closes an open order, on the book or waiting: event, then everything of it is given back. */
export function closeResting(state: EngineState, slot: number, reason: number): void {
  const flags = state.orders.i32[slot * ORDER_W + W_FLAGS]!
  if (flags <= SIGNED_FLAGS) {
    closePlain(state, slot, reason, true)
    return
  }
  if ((flags & ORDER_WAITING) === 0) unrestOrder(state, slot)
  else leaveOwner(state, slot)
  closeOrder(state, slot, reason)
}

/** Closes an order that is not open (a taker, or one just taken off). `code`: why a triggered order was refused. */
export function closeOrder(state: EngineState, slot: number, reason: number, code = 0): void {
  const { i32, f64 } = state.orders
  const o = slot * ORDER_W
  if (code === 0 && i32[o + W_FLAGS]! <= SIGNED_FLAGS) {
    closePlain(state, slot, reason, false)
    return
  }
  emitOrderClosed(state, slot, reason, code)
  unbindKey(state, slot)
  const { lanes, clientIds } = state
  const lane = findLane(lanes, i32[o + W_ACCOUNT]!, i32[o + W_LANE]!)
  freeLane(lanes, lane, f64[slot * ORDER_D + D_SIZE]! - remainingLots(state, slot))
  touch(lanes.dirty, lane)
  const entry = i32[o + W_CLIENT_ID]!
  if (entry !== NONE) retireClientId(clientIds, state.accounts, entry, ++state.totals[CLOSES]!)
  releaseOrder(state.orders, slot)
  unpinPosition(state.positions, state.accounts, i32[o + W_POSITION]!)
  if (i32[o + W_FLAGS]! > SIGNED_FLAGS) endAdvanced(state, i32[o + W_ADVANCED]!, reason)
}

/** What hangs on an advanced order when it closes: its list, its sibling, its children, its record. */
function endAdvanced(state: EngineState, record: number, reason: number): void {
  const links = state.advanced.i32
  const a = record * ADVANCED_W
  if (links[a + A_LISTED] === 1) delist(state, record)
  if (links[a + A_PARENT] !== NONE) leaveParent(state, record)
  const sibling = leaveSibling(state, record)
  if (sibling !== NONE && reason === closeReason.filled)
    closeResting(state, links[sibling * ADVANCED_W + A_SLOT]!, closeReason.linked)
  for (;;) {
    const child = oldestChild(state, record)
    if (child === NONE) break
    const armed = armedLots(state, child)
    leaveParent(state, child)
    const slot = links[child * ADVANCED_W + A_SLOT]!
    if (armed === 0) closeResting(state, slot, closeReason.linked)
    else reduceOrder(state, slot, state.orders.f64[slot * ORDER_D + D_REMAINING]! - armed)
  }
  releaseAdvanced(state.advanced, record)
}

/** Child with the lowest order id, NONE (−1) if there is none. */
function oldestChild(state: EngineState, record: number): number {
  const links = state.advanced.i32
  let oldest = NONE
  let least = Infinity
  let child = links[record * ADVANCED_W + A_FIRST_CHILD]!
  for (; child !== NONE; child = links[child * ADVANCED_W + A_NEXT_CHILD]!) {
    const id = orderIdOf(state.orders, links[child * ADVANCED_W + A_SLOT]!)
    if (id >= least) continue
    least = id
    oldest = child
  }
  return oldest
}

/** Takes lots off an open order that its links no longer leave it, and says so; it stays open. */
export function reduceOrder(state: EngineState, slot: number, lots: number): void {
  if (lots === 0) return
  const { i32, f64, dirty } = state.orders
  const o = slot * ORDER_W
  if ((i32[o + W_FLAGS]! & ORDER_WAITING) === 0) reserve(state, slot, lots, -1)
  const remaining = f64[slot * ORDER_D + D_REMAINING]! - lots
  f64[slot * ORDER_D + D_REMAINING] = remaining
  f64[slot * ORDER_D + D_SIZE] = f64[slot * ORDER_D + D_SIZE]! - lots
  touch(dirty, slot)
  const record = emit(state, eventKind.OrderReduced, i32[o + W_ACCOUNT]!, i32[o + W_MARKET]!)
  const events = state.events
  events.f64[record * 20 + 4] = orderIdOf(state.orders, slot)
  events.f64[record * 20 + 5] = remaining
  events.f64[record * 20 + 6] = lots
  events.i32[record * 40 + 14] = i32[o + W_SIDE]!
}
