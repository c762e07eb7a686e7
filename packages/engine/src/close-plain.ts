//! The common path of closing: a plain order that rests, gone in one go.
// One long function on purpose, as in place-plain.ts: every slab is loaded once. rest-order.ts says the same in parts, for
// orders with more to them.
import { eventKind } from '@plumb/model'
import { clearLevel, PAGE_WORDS, priceAbove, priceBelow } from './book-store.ts'
import { retireClientId } from './client-id-store.ts'
import { touch } from './dirty-set.ts'
import { BLOCKS, LANES } from './lane-store.ts'
import { unpinPosition } from './position-store.ts'
import {
  ACCOUNT_W,
  CLOSES,
  D_BUY_LOTS,
  D_LOTS,
  D_REMAINING,
  D_SELL_LOTS,
  D_SIZE,
  L_ORDER,
  LANE_D,
  LANE_DIRTY,
  LANE_W,
  LD_FILLED,
  M_BEST_ASK,
  M_BEST_BID,
  M_QUOTE_PER_TICK_LOT,
  MARKET_D,
  NONE,
  ORDER_D,
  ORDER_W,
  P_BUY_MAX,
  P_FIRST_ORDER,
  P_ORDERS,
  P_SELL_MIN,
  POSITION_D,
  POSITION_W,
  SEQ,
  SLOT_RANGE,
  TIME_MS,
  W_ACCOUNT,
  W_CLIENT_ID,
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
} from './slabs.ts'
import type { EngineState } from './state.ts'

/**
 * Closes a plain order that rests (flags within the signed byte): off its level, its reservation given back, its lane
 * free, `OrderClosed` written, slot released. Equal to `closeResting`.
 */
export function closePlain(state: EngineState, slot: number, reason: number): void {
  const { accounts, orders, positions, lanes, markets, book, totals, events } = state
  const words = orders.i32
  const doubles = orders.f64
  const o = slot * ORDER_W
  const price = words[o + W_PRICE]! >>> 0
  const market = words[o + W_MARKET]!
  const account = words[o + W_ACCOUNT]!
  const side = words[o + W_SIDE]!
  const record = words[o + W_POSITION]!
  const remaining = doubles[slot * ORDER_D + D_REMAINING]!
  const m = market * MARKET_D

  // Off its level.
  const page = words[o + W_PAGE]!
  const level = page * PAGE_WORDS + 2 * (price & 1_023)
  const next = words[o + W_NEXT]!
  const prev = words[o + W_PREV]!
  if (next === NONE) book.levels[level + 1] = prev
  else words[next * ORDER_W + W_PREV] = prev
  if (prev === NONE) book.levels[level] = next
  else words[prev * ORDER_W + W_NEXT] = next
  if (next === NONE && prev === NONE) {
    clearLevel(book, market, page, price)
    if (side === 0) {
      if (price === markets[m + M_BEST_BID])
        markets[m + M_BEST_BID] = priceBelow(book, market, price)
    } else if (price === markets[m + M_BEST_ASK])
      markets[m + M_BEST_ASK] = priceAbove(book, market, price)
  }

  // Its reservation, unless it only reduces; its place among the account's orders.
  const pw = record * POSITION_W
  const p = record * POSITION_D
  const own = positions.i32
  if ((words[o + W_FLAGS]! & 1) === 0) {
    const quote = price * remaining * markets[m + M_QUOTE_PER_TICK_LOT]!
    const at = p + (side === 0 ? D_BUY_LOTS : D_SELL_LOTS)
    positions.f64[at] = positions.f64[at]! - remaining
    positions.f64[at + 1] = positions.f64[at + 1]! - quote
  }
  const ownNext = words[o + W_OWN_NEXT]!
  const ownPrev = words[o + W_OWN_PREV]!
  if (ownNext !== NONE) words[ownNext * ORDER_W + W_OWN_PREV] = ownPrev
  if (ownPrev !== NONE) words[ownPrev * ORDER_W + W_OWN_NEXT] = ownNext
  else {
    own[pw + P_FIRST_ORDER] = ownNext
    if (ownNext === NONE) {
      own[pw + P_BUY_MAX] = 0
      own[pw + P_SELL_MIN] = -1
    }
  }
  const a = account * ACCOUNT_W + W_OPEN_ORDERS
  accounts.i32[a] = accounts.i32[a]! - 1

  const leg = events.count - state.firstEvent
  const event = events.begin(
    totals[SEQ]!,
    totals[TIME_MS]!,
    eventKind.OrderClosed,
    leg,
    account,
    market,
  )
  events.f64[event * 20 + 4] = (words[o + W_GENERATION]! >>> 0) * SLOT_RANGE + slot
  events.f64[event * 20 + 5] = remaining
  events.f64[event * 20 + 6] = price
  events.i32[event * 40 + 14] = side
  events.i32[event * 40 + 15] = reason

  // Lane, client id, slot, record.
  const lane = words[o + W_LANE]!
  const place =
    lane < LANES
      ? account * LANES + lane
      : (lanes.index[account * BLOCKS + (lane >> 4)]! - 1) * LANES + (lane & (LANES - 1))
  const atLane = place * LANE_W + L_ORDER
  lanes.i32[atLane] = lanes.i32[atLane]! & LANE_DIRTY
  lanes.f64[place * LANE_D + LD_FILLED] = doubles[slot * ORDER_D + D_SIZE]! - remaining
  touch(lanes.dirty, place)
  const entry = words[o + W_CLIENT_ID]!
  if (entry !== NONE) retireClientId(state.clientIds, accounts, entry, ++totals[CLOSES]!)
  words[o + W_LIVE] = 0
  words[o + W_FREE_PLACE] = orders.freeCount
  orders.free[orders.freeCount++] = slot
  touch(orders.dirty, slot)
  const left = own[pw + P_ORDERS]!
  if (left !== 1 || positions.f64[p + D_LOTS] !== 0) own[pw + P_ORDERS] = left - 1
  else unpinPosition(positions, accounts, record)
}
