//! The common path of an amend: a plain resting order gets smaller at its price and keeps its place.
// One long function on purpose, as in place-plain.ts. amend-order.ts says the same in parts, and more.
import { eventKind, limits as modelLimits } from '@plumb/model'
import { touch } from './dirty-set.ts'
import { findLane } from './lane-store.ts'
import { INDEX_STALE_MS } from './order-admission.ts'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const {
  COMMAND_MASK,
  DUE_BLOCK,
  D_BUY_LATER,
  D_BUY_LOTS,
  D_LOTS,
  D_REMAINING,
  D_SELL_LOTS,
  D_SIZE,
  EVENT_MASK,
  FIRST_PLACE,
  HOME_PLACES,
  LAG_S,
  LANES,
  LANE_DIRTY,
  LANE_W,
  L_ORDER,
  L_SEQ,
  MARKET_D,
  MARKET_MASK,
  M_BAND_DOWN,
  M_BAND_UP,
  M_FIXED_INDEX,
  M_INDEX_TIME,
  M_LISTED,
  M_MAKER_FEE,
  M_MARK,
  M_MARK_QUOTE,
  M_MAX_OPEN_INTEREST,
  M_MAX_ORDER,
  M_MAX_POSITION,
  M_MIN_NOTIONAL,
  M_MIN_ORDER,
  M_PRICE_BAND,
  M_QUOTE_PER_TICK_LOT,
  M_RISK_FLAGS,
  M_STATE,
  M_TAKER_FEE,
  ORDER_D,
  ORDER_W,
  PLACE_MASK,
  POSITION_D,
  RECORD_MASK,
  SEQ,
  SLOT_MASK,
  SLOT_RANGE,
  THROTTLE_LEVEL,
  TIME_MS,
  W_ACCOUNT,
  W_DIRTY,
  W_EXPIRY,
  W_FLAGS,
  W_GENERATION,
  W_LANE,
  W_LANE_SEQ,
  W_LIVE,
  W_MARKET,
  W_MAX_FEE,
  W_POSITION,
  W_PRICE,
  W_SIDE,
} = slabs
const { OrderAmended } = eventKind
const { maxFeeMax } = modelLimits
const STALE_MS = INDEX_STALE_MS
/** Flags that the common path knows: good-till-cancelled, and post-only. */
const GTC = 0
const POST_ONLY = 2
const SAFE_QUOTE = 2 ** 50

/** Amends at sight; false: nothing was done, the general path decides. */
export function amendPlain(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  at: number,
): boolean {
  const { accounts, orders, lanes, markets, totals, events } = state
  const w = at & COMMAND_MASK
  const d = w >> 1
  const flags = i32[w + 15]!
  if ((i32[w + 7]! | i32[w + 16]!) !== 0 || f64[d + 6] !== 0) return false
  if ((flags !== GTC && flags !== POST_ONLY) || i32[w + 21]! >>> 0 > 2) return false

  // The order: plain, resting, and what it is to be is no larger and at the same price.
  const orderId = f64[d + 11]!
  const slot = orderId & SLOT_MASK
  if (slot >= orders.used) return false
  const words = orders.i32
  const doubles = orders.f64
  const records = accounts.i32
  const held = accounts.f64
  const o = slot * ORDER_W
  const od = slot * ORDER_D
  if (words[o + W_LIVE] !== 1 || words[o + W_ACCOUNT] !== i32[w + 5]) return false
  if ((words[o + W_GENERATION]! >>> 0) * SLOT_RANGE + slot !== orderId) return false
  if (words[o + W_FLAGS]! !== GTC && words[o + W_FLAGS]! !== POST_ONLY) return false
  const lane = i32[w + 18]!
  const side = i32[w + 14]!
  const market = i32[w + 6]!
  if (words[o + W_MARKET] !== market || words[o + W_SIDE] !== side) return false
  if (words[o + W_LANE] !== lane) return false
  const price = f64[d + 4]!
  const lots = f64[d + 5]!
  const remaining = doubles[od + D_REMAINING]!
  if (price !== words[o + W_PRICE]! >>> 0 || !(lots <= remaining)) return false

  // The market and the order's own numbers, as in place-plain.ts.
  const m = (market & MARKET_MASK) * MARKET_D
  const now = totals[TIME_MS]!
  if (markets[m + M_LISTED] !== 1 || markets[m + M_STATE] !== 0 || markets[m + M_RISK_FLAGS] !== 0)
    return false
  if (totals[THROTTLE_LEVEL] !== 0 || markets[m + M_MAX_OPEN_INTEREST] !== 0) return false
  if (now > state.headroom.settlesUntilMs) return false
  if (markets[m + M_MARK] === 0) return false
  if (now - markets[m + M_INDEX_TIME]! > STALE_MS && markets[m + M_FIXED_INDEX] === 0) return false
  const q = markets[m + M_QUOTE_PER_TICK_LOT]!
  if (!(lots >= markets[m + M_MIN_ORDER]! && Math.floor(lots) === lots)) return false
  if (!(lots <= markets[m + M_MAX_ORDER]!)) return false
  if (!(price * lots * q >= markets[m + M_MIN_NOTIONAL]!)) return false
  const maxFee = i32[w + 17]!
  const fee = markets[m + (flags === POST_ONLY ? M_MAKER_FEE : M_TAKER_FEE)]!
  if (maxFee < fee || maxFee < 0 || maxFee > maxFeeMax) return false
  const expiry = i32[w + 20]! >>> 0
  const due = expiry - totals[LAG_S]!
  if (due * 1_000 <= now) return false
  if (markets[m + M_PRICE_BAND] !== 0) {
    if (side === 0 ? price > markets[m + M_BAND_UP]! : price < markets[m + M_BAND_DOWN]!)
      return false
  }

  // Its lane; the position limit. Margin cannot refuse it: no part of the requirement grows, and all of it is finite.
  const account = words[o + W_ACCOUNT]! & RECORD_MASK
  const home = account * HOME_PLACES + FIRST_PLACE + (lane & (LANES - 1))
  const place = lane < LANES ? home : findLane(lanes, account, lane) & PLACE_MASK
  const laneSeq = i32[w + 19]!
  if (laneSeq >>> 0 <= records[place * LANE_W + L_SEQ]! >>> 0) return false
  const p = (words[o + W_POSITION]! & RECORD_MASK) * POSITION_D
  const mine = p + D_BUY_LOTS + 2 * (side & 1)
  const theirs = p + D_SELL_LOTS - 2 * (side & 1)
  const signed = (1 - 2 * (side & 1)) * held[p + D_LOTS]!
  const openLots = held[mine]! - remaining + lots
  const later = held[p + D_BUY_LATER + (side & 1)]!
  if (openLots + signed + later > markets[m + M_MAX_POSITION]!) return false
  const markQuote = markets[m + M_MARK_QUOTE]!
  const exposed = Math.max(Math.abs(held[mine]! + signed), Math.abs(held[theirs]! - signed))
  if (!(exposed * markQuote < SAFE_QUOTE)) return false
  if (!(held[mine + 1]! < SAFE_QUOTE && held[theirs + 1]! < SAFE_QUOTE)) return false

  // Admitted.
  held[mine] = openLots
  held[mine + 1] = held[mine + 1]! - price * (remaining - lots) * q
  words[o + W_FLAGS] = flags
  words[o + W_EXPIRY] = expiry | 0
  words[o + W_LANE_SEQ] = laneSeq
  words[o + W_MAX_FEE] = maxFee
  doubles[od + D_SIZE] = lots
  doubles[od + D_REMAINING] = lots
  if (words[o + W_DIRTY] === 0) touch(orders.dirty, slot)
  records[place * LANE_W + L_SEQ] = laneSeq
  if ((records[place * LANE_W + L_ORDER]! & LANE_DIRTY) === 0) touch(lanes.dirty, place)
  orders.dueS[slot] = due
  const block = (slot / DUE_BLOCK) | 0
  if (due < orders.blockDueS[block]!) orders.blockDueS[block] = due
  const event = events.next() & EVENT_MASK
  const ed = event * 20
  const ew = event * 40
  const eventWords = events.i32
  const eventDoubles = events.f64
  eventDoubles[ed] = totals[SEQ]!
  eventDoubles[ed + 1] = now
  eventWords[ew + 4] = OrderAmended
  eventWords[ew + 5] = event - state.firstEvent
  eventWords[ew + 6] = account
  eventWords[ew + 7] = market
  eventDoubles[ed + 4] = orderId
  eventDoubles[ed + 5] = price
  eventDoubles[ed + 6] = lots
  eventDoubles[ed + 11] = price
  eventDoubles[ed + 12] = remaining
  eventWords[ew + 14] = side
  eventWords[ew + 15] = flags
  eventWords[ew + 16] = 1
  eventWords[ew + 17] = maxFee
  eventWords[ew + 18] = lane
  eventWords[ew + 19] = laneSeq
  eventWords[ew + 20] = expiry | 0
  return true
}
