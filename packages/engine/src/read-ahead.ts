//! Brings the records of coming commands into the cache, all at once: alone, each would be waited for in its turn.
// An account's lines are cold when its command comes (10,000 accounts are megabytes), and a load from memory costs as much
// as everything else in a command. Loads that do not depend on each other overlap, so a group's are asked for together.
// Every instruction here is paid for each command: it reads what is far away, not the levels of the book, which are near.
import { commandKind } from '@plumb/model'
import { pageOf } from './book-store.ts'
import { HEADROOM_D } from './headroom-store.ts'
import { findLane } from './lane-store.ts'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const {
  ACCOUNT_W,
  BLOCKS,
  COMMAND_MASK,
  D_CASH,
  D_REMAINING,
  D_VOLUME,
  FIRST_LANE_W,
  LANES,
  LANE_W,
  MARKET_D,
  MARKET_MASK,
  M_BEST_ASK,
  M_BEST_BID,
  NONE,
  ORDER_D,
  ORDER_W,
  PAGE_MASK,
  PAGE_WORDS,
  P_FIRST_ORDER,
  POSITION_W,
  P_MARKET,
  RECORD_MASK,
  SLOT_MASK,
  W_ACCOUNT,
  W_LANE,
  W_NEXT,
  W_OWN_NEXT,
  W_OWN_PREV,
  W_POSITION,
  W_PREV,
  W_PRICE,
} = slabs
const { PlaceOrder, CancelOrder } = commandKind
const LANE_MASK = LANES * BLOCKS - 1

/** With more orders than these their slab does not stay in the cache, and an order's neighbours are far away as well. */
const ORDERS_NEAR = 16_384

/** As many records of accounts and positions stay there themselves. */
const RECORDS_NEAR = 16_384

/** Reads what `count` commands from slot `from` on will need; changes nothing. */
export function readAhead(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  from: number,
  count: number,
): void {
  const records = state.accounts.i32
  const words = state.orders.i32
  const accounts = state.accounts.used
  const orders = state.orders.used
  const others = state.positions.used - state.positions.homes
  const { lanes, markets } = state
  const { index, markets: perAccount } = state.positions
  const severalMarkets = state.limits.markets > 1 && state.positions.used > state.positions.homes
  const headroom = state.headroom.f64
  let seen = 0
  for (let slot = from; slot < from + count; slot++) {
    const w = (slot * 64) & COMMAND_MASK
    const kind = i32[w + 4]!
    const account = i32[w + 5]!
    if (account < 1 || account > accounts) continue
    const a = (account & RECORD_MASK) * ACCOUNT_W
    seen ^= records[a + 2 * D_CASH]! ^ records[a + P_MARKET]!
    if (kind === PlaceOrder) {
      const lane = i32[w + 18]! & LANE_MASK
      if (severalMarkets)
        seen ^= index[(account & RECORD_MASK) * perAccount + (i32[w + 6]! & MARKET_MASK)]!
      if (lane < LANES) seen ^= records[a + FIRST_LANE_W + LANE_W * lane]!
      else seen ^= lanes.index[(account & RECORD_MASK) * BLOCKS + (lane >> 4)]!
    } else if (kind === CancelOrder) {
      const order = f64[(w >> 1) + 11]! & SLOT_MASK
      if (order >= orders) continue
      seen ^= words[order * ORDER_W + W_PRICE]! ^ words[order * ORDER_W + W_LANE]!
    }
  }
  if (accounts + others <= RECORDS_NEAR && orders <= ORDERS_NEAR) {
    state.scratch.seen = seen
    return
  }
  // What stands behind those: lanes, the makers that a crossing order will meet, neighbours if they are far.
  for (let slot = from; slot < from + count; slot++) {
    const w = (slot * 64) & COMMAND_MASK
    const kind = i32[w + 4]!
    const account = i32[w + 5]!
    if (account < 1 || account > accounts) continue
    const a = (account & RECORD_MASK) * ACCOUNT_W
    if (kind === CancelOrder) {
      const order = f64[(w >> 1) + 11]! & SLOT_MASK
      if (order >= orders) continue
      const lane = words[order * ORDER_W + W_LANE]! & LANE_MASK
      if (lane < LANES) seen ^= records[a + FIRST_LANE_W + LANE_W * lane]!
      else seen ^= lanes.index[(account & RECORD_MASK) * BLOCKS + (lane >> 4)]!
      if (orders > ORDERS_NEAR) seen ^= neighbours(words, order)
      if (severalMarkets) seen ^= positionLines(records, words[order * ORDER_W + W_POSITION]!)
    } else if (kind === PlaceOrder) {
      const lane = i32[w + 18]! & LANE_MASK
      const market = i32[w + 6]!
      if (market < 0 || market >= state.limits.markets) continue
      if (severalMarkets) {
        const record = index[(account & RECORD_MASK) * perAccount + (market & MARKET_MASK)]! - 1
        if (record >= 0) seen ^= positionLines(records, record)
        seen ^= headroom[(account & RECORD_MASK) * HEADROOM_D]!
      }
      if (lane >= LANES) {
        const place = findLane(lanes, account, lane)
        if (place !== NONE) seen ^= records[LANE_W * place]!
      }
      const m = (market & MARKET_MASK) * MARKET_D
      const price = f64[(w >> 1) + 4]!
      const buys = i32[w + 14] === 0
      const best = markets[m + (buys ? M_BEST_ASK : M_BEST_BID)]!
      if (best !== 0 && (buys ? best <= price : best >= price))
        seen ^= records[a + 2 * D_VOLUME]! ^ makersAhead(state, market, best, f64[(w >> 1) + 5]!)
      else if (orders > ORDERS_NEAR) {
        const first = records[a + P_FIRST_ORDER]!
        if (first !== NONE) seen ^= words[(first & SLOT_MASK) * ORDER_W + W_OWN_PREV]!
        const page = pageOf(state.book, market, price)
        if (page < 0) continue
        const tail = state.book.levels[(page & PAGE_MASK) * PAGE_WORDS + 2 * (price & 1_023) + 1]!
        seen ^= words[(tail & SLOT_MASK) * ORDER_W + W_NEXT]!
      }
    }
  }
  // Used, so that the compiler cannot leave the reads out.
  state.scratch.seen = seen
}

/** Reads the two lines of a position that an order touches. */
function positionLines(records: Int32Array, record: number): number {
  const at = (record & RECORD_MASK) * POSITION_W
  return records[at]! ^ records[at + P_MARKET]!
}

/** Reads the orders before and behind one, at its price and among its account's. */
function neighbours(words: Int32Array, order: number): number {
  const o = order * ORDER_W
  const next = words[o + W_NEXT]!
  const prev = words[o + W_PREV]!
  const ownNext = words[o + W_OWN_NEXT]!
  const ownPrev = words[o + W_OWN_PREV]!
  let seen = 0
  if (next >= 0) seen ^= words[(next & SLOT_MASK) * ORDER_W + W_PREV]!
  if (prev >= 0) seen ^= words[(prev & SLOT_MASK) * ORDER_W + W_NEXT]!
  if (ownNext >= 0) seen ^= words[(ownNext & SLOT_MASK) * ORDER_W + W_OWN_PREV]!
  if (ownPrev >= 0) seen ^= words[(ownPrev & SLOT_MASK) * ORDER_W + W_OWN_NEXT]!
  return seen
}

/** Makers of a level whose records are read for one order. */
const MAKERS_AHEAD = 6

/** Reads the records of the makers at a price that is in use, as far as `lots` go. */
function makersAhead(state: EngineState, market: number, price: number, lots: number): number {
  const records = state.accounts.i32
  const words = state.orders.i32
  const doubles = state.orders.f64
  const page = pageOf(state.book, market, price) & PAGE_MASK
  let maker = state.book.levels[page * PAGE_WORDS + 2 * (price & 1_023)]!
  let left = lots
  let seen = 0
  for (let n = 0; n < MAKERS_AHEAD && maker !== NONE && left > 0; n++) {
    const slot = maker & SLOT_MASK
    const o = slot * ORDER_W
    const a = (words[o + W_ACCOUNT]! & RECORD_MASK) * ACCOUNT_W
    const lane = words[o + W_LANE]! & (LANES - 1)
    seen ^= records[a]! ^ records[a + P_MARKET]! ^ records[a + 2 * D_VOLUME]!
    seen ^= positionLines(records, words[o + W_POSITION]!)
    seen ^= records[a + FIRST_LANE_W + LANE_W * lane]!
    left -= doubles[slot * ORDER_D + D_REMAINING]!
    maker = words[o + W_NEXT]!
  }
  return seen
}
