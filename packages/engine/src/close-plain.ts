//! The common path of closing: a plain order that rests, or one that was just matched, gone in one go.
// Long functions on purpose, as in place-plain.ts: every slab is loaded once. rest-order.ts says the same in parts, for
// orders with more to them.
import { eventKind } from '@plumb/model'
import { clearLevel, priceAbove, priceBelow } from './book-store.ts'
import { retireClientId } from './client-id-store.ts'
import { touch } from './dirty-set.ts'
import { findLane, freeLane } from './lane-store.ts'
import { unpinPosition } from './position-store.ts'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const {
  ACCOUNT_W,
  CLOSES,
  D_BUY_LOTS,
  D_LOTS,
  D_REMAINING,
  D_SIZE,
  EVENT_MASK,
  FIRST_PLACE,
  HOME_PLACES,
  LANES,
  LANE_DIRTY,
  LANE_W,
  L_ORDER,
  MARKET_D,
  MARKET_MASK,
  M_BEST_ASK,
  M_BEST_BID,
  M_QUOTE_PER_TICK_LOT,
  NONE,
  ORDER_D,
  ORDER_W,
  PAGE_MASK,
  PAGE_WORDS,
  PLACE_MASK,
  POSITION_D,
  POSITION_W,
  P_BUY_MAX,
  P_FIRST_ORDER,
  P_ORDERS,
  P_SELL_MIN,
  RECORD_MASK,
  SEQ,
  SLOT_MASK,
  SLOT_RANGE,
  TIME_MS,
  W_ACCOUNT,
  W_CLIENT_ID,
  W_DIRTY,
  W_FLAGS,
  W_FREE_PLACE,
  W_GENERATION,
  W_LANE,
  W_LIVE,
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
const { OrderClosed } = eventKind

/**
 * Closes a plain order (flags within the signed byte). One that `rests` leaves its level and its account's open orders and
 * its reservation is given back, as in `closeResting`; then, as in `closeOrder`: its lane is free, `OrderClosed` written,
 * the slot released.
 */
export function closePlain(
  state: EngineState,
  closing: number,
  reason: number,
  rests: boolean,
): void {
  const { accounts, orders, positions, markets, book, totals, events, lanes } = state
  const words = orders.i32
  const records = accounts.i32
  const held = accounts.f64
  const slot = closing & SLOT_MASK
  const o = slot * ORDER_W
  const ticks = words[o + W_PRICE]!
  const market = words[o + W_MARKET]! & MARKET_MASK
  const side = words[o + W_SIDE]! & 1
  const account = words[o + W_ACCOUNT]! & RECORD_MASK
  const record = words[o + W_POSITION]! & RECORD_MASK
  const remaining = orders.f64[slot * ORDER_D + D_REMAINING]!
  const pw = record * POSITION_W

  if (rests) {
    // Off its level.
    const m = market * MARKET_D
    const page = words[o + W_PAGE]! & PAGE_MASK
    const level = page * PAGE_WORDS + 2 * (ticks & 1_023)
    const next = words[o + W_NEXT]!
    const prev = words[o + W_PREV]!
    const levels = book.levels
    if (next === NONE) levels[level + 1] = prev
    else words[(next & SLOT_MASK) * ORDER_W + W_PREV] = prev
    if (prev === NONE) levels[level] = next
    else words[(prev & SLOT_MASK) * ORDER_W + W_NEXT] = next
    if ((next & prev) === NONE) {
      const price = ticks >>> 0
      clearLevel(book, market, page, price)
      if (side === 0) {
        if (price === markets[m + M_BEST_BID])
          markets[m + M_BEST_BID] = priceBelow(book, market, price)
      } else if (price === markets[m + M_BEST_ASK])
        markets[m + M_BEST_ASK] = priceAbove(book, market, price)
    }

    // Its reservation, unless it only reduces; its place among the account's orders.
    if ((words[o + W_FLAGS]! & 1) === 0) {
      const at = record * POSITION_D + D_BUY_LOTS + 2 * side
      held[at] = held[at]! - remaining
      held[at + 1] = held[at + 1]! - (ticks >>> 0) * remaining * markets[m + M_QUOTE_PER_TICK_LOT]!
    }
    const ownNext = words[o + W_OWN_NEXT]!
    const ownPrev = words[o + W_OWN_PREV]!
    if (ownNext !== NONE) words[(ownNext & SLOT_MASK) * ORDER_W + W_OWN_PREV] = ownPrev
    if (ownPrev !== NONE) words[(ownPrev & SLOT_MASK) * ORDER_W + W_OWN_NEXT] = ownNext
    else {
      records[pw + P_FIRST_ORDER] = ownNext
      if (ownNext === NONE) {
        records[pw + P_BUY_MAX] = 0
        records[pw + P_SELL_MIN] = -1
      }
    }
    const open = account * ACCOUNT_W + W_OPEN_ORDERS
    records[open] = records[open]! - 1
  }

  const event = events.next() & EVENT_MASK
  const ed = event * 20
  const ew = event * 40
  const eventWords = events.i32
  const eventDoubles = events.f64
  eventDoubles[ed] = totals[SEQ]!
  eventDoubles[ed + 1] = totals[TIME_MS]!
  eventWords[ew + 4] = OrderClosed
  eventWords[ew + 5] = event - state.firstEvent
  eventWords[ew + 6] = account
  eventWords[ew + 7] = market
  eventDoubles[ed + 4] = (words[o + W_GENERATION]! >>> 0) * SLOT_RANGE + slot
  eventDoubles[ed + 5] = remaining
  eventDoubles[ed + 6] = ticks >>> 0
  eventWords[ew + 14] = side
  eventWords[ew + 15] = reason

  // Lane, client id, slot, and what the account's record counts of live orders.
  const lane = words[o + W_LANE]!
  const home = account * HOME_PLACES + FIRST_PLACE + (lane & (LANES - 1))
  const place = lane < LANES ? home : findLane(lanes, account, lane) & PLACE_MASK
  const filledLots = orders.f64[slot * ORDER_D + D_SIZE]! - remaining
  const laneOrder = place * LANE_W + L_ORDER
  const laneDirty = records[laneOrder]! & LANE_DIRTY
  if (filledLots === 0) records[laneOrder] = laneDirty
  else freeLane(lanes, place, filledLots)
  if (laneDirty === 0) touch(lanes.dirty, place)
  const entry = words[o + W_CLIENT_ID]!
  if (entry !== NONE) retireClientId(state.clientIds, accounts, entry, ++totals[CLOSES]!)
  words[o + W_LIVE] = 0
  words[o + W_FREE_PLACE] = orders.freeCount
  orders.free[orders.freeCount++] = slot
  if (words[o + W_DIRTY] === 0) touch(orders.dirty, slot)
  const left = records[pw + P_ORDERS]!
  if (left !== 1 || held[record * POSITION_D + D_LOTS] !== 0) records[pw + P_ORDERS] = left - 1
  else unpinPosition(positions, accounts, record)
}
