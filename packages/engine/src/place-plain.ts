//! The common path of a new order: a plain one, admitted and rested in one go.
// One long function on purpose: it says in one body what place-order.ts, order-admission.ts, margin.ts, rest-order.ts and
// others say in thirty, with every slab loaded once. What it does not recognise at sight it leaves to those, untouched, so
// there is one meaning of the command, and the differential tests hold both ways of writing it to that.
//
// Record numbers are masked before they become addresses: they never exceed the mask (createEngine sees to it), but so V8
// knows that sums with them stay below 2^31 and leaves out the overflow checks, a third of the instructions. What differs by
// side is reached by `+ side` and compared by `sign *`: a branch on a random side is guessed wrong every other time.
import { eventKind, limits as modelLimits } from '@plumb/model'
import { setLevel } from './book-store.ts'
import { findHashedClientId, hashClientId, rememberClientId } from './client-id-store.ts'
import { touch } from './dirty-set.ts'
import { hasHeadroom } from './headroom.ts'
import { lowerHeadroom } from './headroom-store.ts'
import { findLane } from './lane-store.ts'
import { INDEX_STALE_MS } from './order-admission.ts'
import { hasFreeOrder } from './order-store.ts'
import { openPosition } from './position-store.ts'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const {
  ACCOUNT_D,
  ACCOUNT_W,
  BITS,
  BLOCKS,
  CLIENT_TEXT_WORDS,
  COMMAND_MASK,
  DUE_BLOCK,
  D_BUY_LATER,
  D_BUY_LOTS,
  D_CASH,
  D_LOTS,
  D_PRIORITY,
  D_REMAINING,
  D_SELL_LOTS,
  D_SIZE,
  D_SNAPSHOT,
  EVENT_MASK,
  FIRST_PLACE,
  HOME_PLACES,
  LAG_S,
  LANES,
  LANE_DIRTY,
  LANE_FILLED,
  LANE_W,
  L_ORDER,
  L_SEQ,
  MARKET_D,
  MARKET_MASK,
  M_BAND_UP,
  M_BEST_ASK,
  M_BEST_BID,
  M_FIXED_INDEX,
  M_FUNDING_INDEX,
  M_IM_BPS,
  M_INDEX_TIME,
  M_LISTED,
  M_LONG_QUOTE,
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
  M_SHORT_QUOTE,
  M_STATE,
  M_TAKER_FEE,
  NODE,
  NONE,
  ORDER_D,
  ORDER_W,
  PAGE_MASK,
  PAGE_WORDS,
  PLACE_MASK,
  POSITION_D,
  POSITION_W,
  PRIORITIES,
  P_BUY_MAX,
  P_FIRST_ORDER,
  P_LEVERAGE,
  P_MARKET,
  P_NEXT,
  P_ORDERS,
  RECORD_MASK,
  SEQ,
  SINGLED_OUT_MASK,
  SLOT_MASK,
  SLOT_RANGE,
  THROTTLE_LEVEL,
  TIME_MS,
  W_ACCOUNT,
  W_CLIENT_ID,
  W_DIRTY,
  W_EXPIRY,
  W_FIRST_POSITION,
  W_FLAGS,
  W_GENERATION,
  W_LANE,
  W_LANE_SEQ,
  W_LIVE,
  W_MARKET,
  W_MAX_FEE,
  W_NEXT,
  W_OPEN_ORDERS,
  W_OWN_NEXT,
  W_OWN_PREV,
  W_PAGE,
  W_POSITION,
  W_PREV,
  W_PRICE,
  W_RISK,
  W_SIDE,
} = slabs
const { OrderPlaced } = eventKind
const { maxFeeMax } = modelLimits
const STALE_MS = INDEX_STALE_MS

/** Flags that the common path knows: good-till-cancelled, post-only, immediate-or-cancel. */
const GTC = 0
const POST_ONLY = 2
const IOC = 4
/** Far below where doubles stop being exact: a bound computed with a few roundings is off by less than `SLACK`. */
const SAFE_QUOTE = 2 ** 50
const SLACK = 4
/** Of rates in units of 1e-4 and of 10 ppm. */
const PER_BPS = 1e-4
const PER_FEE_UNIT = 1e-5

/** `Math.max(0, x)`, exact for every finite x, without its branch: half of the time the processor would guess it wrong. */
const positive = (x: number) => (x + Math.abs(x)) / 2

/**
 * Accepts the PlaceOrder at word `at` if it is a plain one that passes every check at sight: its slot, live
 * and with its `OrderPlaced` written, resting on the book unless it crosses (then it is to be matched). NONE (−1):
 * nothing was done, the general path decides.
 */
export function placePlain(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  at: number,
): number {
  const { accounts, positions, orders, lanes, markets, book, totals, events } = state
  // Accounts, positions and lanes are one slab.
  const records = accounts.i32
  const held = accounts.f64
  const w = at & COMMAND_MASK
  const d = w >> 1
  const flags = i32[w + 15]!
  // An option, a kind other than limit.
  if ((i32[w + 7]! | i32[w + 16]!) !== 0) return NONE
  if (flags !== GTC && flags !== POST_ONLY && flags !== IOC) return NONE
  const account = i32[w + 5]!
  const market = i32[w + 6]!
  const side = i32[w + 14]!
  const lane = i32[w + 18]!
  const maxFee = i32[w + 17]!
  if (account < 1 || account > accounts.used || market < 0 || market >= state.limits.markets)
    return NONE
  if (
    side >>> 1 !== 0 ||
    i32[w + 21]! >>> 0 > 2 ||
    lane >>> 0 >= LANES * BLOCKS ||
    f64[d + 6] !== 0
  )
    return NONE

  // Its client id, if it has one: one that is known is a repeated request.
  const named = i32[w + 24]! !== 0
  const idHash = named ? hashClientId(account, i32, w) : 0
  if (named && findHashedClientId(state.clientIds, idHash, account, i32, w) !== NONE) return NONE

  // The market: trading, priced, nothing special about its risk.
  const m = (market & MARKET_MASK) * MARKET_D
  const now = totals[TIME_MS]!
  if (markets[m + M_LISTED] !== 1 || markets[m + M_STATE] !== 0 || markets[m + M_RISK_FLAGS] !== 0)
    return NONE
  if (totals[THROTTLE_LEVEL] !== 0 || markets[m + M_MAX_OPEN_INTEREST] !== 0) return NONE
  if (now > state.headroom.settlesUntilMs) return NONE
  const mark = markets[m + M_MARK]!
  if (mark === 0) return NONE
  if (now - markets[m + M_INDEX_TIME]! > STALE_MS && markets[m + M_FIXED_INDEX] === 0) return NONE

  // The order's own numbers.
  const sign = 1 - 2 * (side & 1)
  const price = f64[d + 4]!
  const ticks = price | 0
  const lots = f64[d + 5]!
  const q = markets[m + M_QUOTE_PER_TICK_LOT]!
  const quote = price * lots * q
  if (ticks !== price || ticks < 1) return NONE
  if (!(lots >= markets[m + M_MIN_ORDER]! && Math.floor(lots) === lots)) return NONE
  if (!(lots <= markets[m + M_MAX_ORDER]! && quote >= markets[m + M_MIN_NOTIONAL]!)) return NONE
  const takerFee = markets[m + M_TAKER_FEE]!
  const fee = flags === POST_ONLY ? markets[m + M_MAKER_FEE]! : takerFee
  if (maxFee < fee || maxFee < 0 || maxFee > maxFeeMax) return NONE
  const expiry = i32[w + 20]! >>> 0
  const due = expiry - totals[LAG_S]!
  if (due * 1_000 <= now) return NONE
  if (markets[m + M_PRICE_BAND] !== 0) {
    if (sign * (price - markets[m + M_BAND_UP + side]!) > 0) return NONE
  }

  // The account: its record in this market (0, an empty one, if it has none yet), funding settled, no leverage of its own.
  const own = account & RECORD_MASK
  const a = own * ACCOUNT_W
  const firstRecord = records[a + W_FIRST_POSITION]!
  const cell = own * positions.markets + (market & MARKET_MASK)
  let record = own
  if (records[own * POSITION_W + P_MARKET] !== market) {
    const found = firstRecord === NONE ? 0 : positions.index[cell]!
    record = found === 0 ? 0 : (found - 1) & RECORD_MASK
  }
  const opens = record === 0
  let pw = record * POSITION_W
  let p = record * POSITION_D
  const lotsHeld = held[p + D_LOTS]!
  const isolated = records[a + W_RISK]! & SINGLED_OUT_MASK
  if ((opens ? positions.leverage[cell]! : records[pw + P_LEVERAGE]!) !== 0) return NONE
  if (opens && positions.inUse >= positions.capacity) return NONE
  if (isolated !== 0 && isolated !== market + 1) return NONE
  if (lotsHeld !== 0 && held[p + D_SNAPSHOT] !== markets[m + M_FUNDING_INDEX]) return NONE
  const openOrders = records[a + W_OPEN_ORDERS]!
  if (openOrders >= state.limits.ordersPerAccount || !hasFreeOrder(orders)) return NONE
  const home = own * HOME_PLACES + FIRST_PLACE + (lane & (LANES - 1))
  const found = lane < LANES ? home : findLane(lanes, account, lane)
  if (found === NONE) return NONE
  const place = found & PLACE_MASK
  const laneW = place * LANE_W
  const laneSeq = i32[w + 19]!
  if (laneSeq >>> 0 <= records[laneW + L_SEQ]! >>> 0) return NONE
  const laneOrder = records[laneW + L_ORDER]!
  if ((laneOrder & ~(LANE_DIRTY | LANE_FILLED)) !== 0) return NONE

  // Position limit, and margin by a bound that is at least the exact requirement (risk.md 1.5). Only the order's own side
  // can fall short by it: what the other side needs is what it needed before, which refuses nothing.
  const bound = records[pw + P_BUY_MAX + (side & 1)]! >>> 0
  const signed = sign * lotsHeld
  const mine = D_BUY_LOTS + 2 * (side & 1)
  const theirs = p + D_SELL_LOTS - 2 * (side & 1)
  const openLots = held[p + mine]! + lots
  const openQuote = held[p + mine + 1]! + quote
  const later = held[p + D_BUY_LATER + (side & 1)]!
  if (openLots + signed + later > markets[m + M_MAX_POSITION]!) return NONE
  const markQuote = markets[m + M_MARK_QUOTE]!
  const exposed = positive(openLots + signed) * markQuote
  const otherExposed = positive(held[theirs]! - signed) * markQuote
  const gap = sign * (price - mark)
  const loss = positive(gap) * lots * q
  const rate = markets[m + M_IM_BPS]! * PER_BPS
  const feeRate = takerFee * PER_FEE_UNIT
  if (!(openQuote + exposed < SAFE_QUOTE && held[theirs + 1]! + otherExposed < SAFE_QUOTE))
    return NONE
  const only = opens
    ? firstRecord === NONE
    : firstRecord === record && records[pw + P_NEXT] === NONE
  // What its open orders lose against mark, were all of them at the worst price of one.
  const openLoss = positive(sign * (bound - mark)) * held[p + mine]! * q
  // Of an account in several markets: by how much the order raises this market's requirement at most.
  const cost = lots * markQuote * (rate + feeRate) + quote * feeRate + loss + SLACK
  if (only) {
    const needed = exposed * rate + (openQuote + exposed) * feeRate + loss + openLoss + SLACK
    const cash = held[own * ACCOUNT_D + D_CASH]!
    const long = positive(lotsHeld)
    const equity =
      cash + long * markets[m + M_LONG_QUOTE]! + (lotsHeld - long) * markets[m + M_SHORT_QUOTE]!
    if (!(needed <= equity && equity < SAFE_QUOTE && Math.abs(cash) < SAFE_QUOTE)) return NONE
  } else {
    // The general path opens a second market.
    if (opens && records[(firstRecord & RECORD_MASK) * POSITION_W + P_NEXT] === NONE) return NONE
    if (!hasHeadroom(state, own, cost)) return NONE
  }

  // The book.
  const best = markets[m + M_BEST_ASK - (side & 1)]!
  const crossing = best !== 0 && sign * (price - best) >= 0
  if (crossing ? flags === POST_ONLY : flags === IOC) return NONE
  const node = book.nodes[(market & MARKET_MASK) * NODE + (ticks >>> 21)]! - 1
  if (node < 0) return NONE
  const page = book.nodes[(node & PAGE_MASK) * NODE + ((ticks >>> 10) & 2_047)]! - 1
  if (page < 0) return NONE

  // Admitted. The position's record, the slot, the lane, the record of it.
  if (opens) {
    record = openPosition(positions, accounts, own, market & MARKET_MASK) & RECORD_MASK
    pw = record * POSITION_W
    p = record * POSITION_D
  }
  const slot = (orders.freeCount > 0 ? orders.free[--orders.freeCount]! : orders.used++) & SLOT_MASK
  const o = slot * ORDER_W
  const od = slot * ORDER_D
  const words = orders.i32
  const doubles = orders.f64
  const generation = (words[o + W_GENERATION]! + 1) | 0
  words[o + W_GENERATION] = generation
  words[o + W_LIVE] = 1
  if (words[o + W_DIRTY] === 0) touch(orders.dirty, slot)
  doubles[od + D_REMAINING] = lots
  doubles[od + D_SIZE] = lots
  words[o + W_PRICE] = ticks
  words[o + W_MARKET] = market
  words[o + W_ACCOUNT] = account
  words[o + W_SIDE] = side
  words[o + W_FLAGS] = flags
  words[o + W_POSITION] = record
  words[o + W_EXPIRY] = expiry | 0
  words[o + W_LANE] = lane
  words[o + W_LANE_SEQ] = laneSeq
  words[o + W_MAX_FEE] = maxFee
  const orderId = (generation >>> 0) * SLOT_RANGE + slot
  words[o + W_CLIENT_ID] = named
    ? rememberClientId(state.clientIds, accounts, i32, f64, w, d, orderId, idHash)
    : NONE
  records[pw + P_ORDERS] = records[pw + P_ORDERS]! + 1
  records[laneW + L_SEQ] = laneSeq
  records[laneW + L_ORDER] = (laneOrder & LANE_DIRTY) | (slot + 1)
  if ((laneOrder & LANE_DIRTY) === 0) touch(lanes.dirty, place)
  const event = events.next() & EVENT_MASK
  const ed = event * 20
  const ew = event * 40
  const eventWords = events.i32
  const eventDoubles = events.f64
  eventDoubles[ed] = totals[SEQ]!
  eventDoubles[ed + 1] = now
  eventWords[ew + 4] = OrderPlaced
  eventWords[ew + 5] = event - state.firstEvent
  eventWords[ew + 6] = account
  eventWords[ew + 7] = market
  eventDoubles[ed + 4] = orderId
  eventDoubles[ed + 5] = price
  eventDoubles[ed + 6] = lots
  eventWords[ew + 14] = side
  eventWords[ew + 15] = flags
  eventWords[ew + 17] = maxFee
  eventWords[ew + 18] = lane
  eventWords[ew + 19] = laneSeq
  eventWords[ew + 20] = expiry | 0
  if (named) for (let i = 0; i < CLIENT_TEXT_WORDS; i++) eventWords[ew + 24 + i] = i32[w + 24 + i]!
  if (crossing) {
    doubles[od + D_PRIORITY] = 0
    return slot
  }

  // At the tail of its price.
  doubles[od + D_PRIORITY] = ++totals[PRIORITIES]!
  words[o + W_PAGE] = page
  words[o + W_NEXT] = NONE
  const level = (page & PAGE_MASK) * PAGE_WORDS + 2 * (ticks & 1_023)
  const levels = book.levels
  const bit = 1 << (ticks & 31)
  if ((book.bits[(page & PAGE_MASK) * BITS + ((ticks >>> 5) & 31)]! & bit) !== 0) {
    const tail = levels[level + 1]! & SLOT_MASK
    words[o + W_PREV] = tail
    words[tail * ORDER_W + W_NEXT] = slot
  } else {
    words[o + W_PREV] = NONE
    levels[level] = slot
    setLevel(book, page, ticks)
    const top = markets[m + M_BEST_BID + (side & 1)]!
    if (top === 0 || sign * (price - top) > 0) markets[m + M_BEST_BID + (side & 1)] = price
  }
  levels[level + 1] = slot

  // What it reserves, and that it is one of the account's open orders.
  held[p + mine] = openLots
  held[p + mine + 1] = openQuote
  if (!only) lowerHeadroom(state.headroom, own, cost, lots * markets[m + M_SHORT_QUOTE]!)
  if (sign * (price - bound) > 0) records[pw + P_BUY_MAX + (side & 1)] = ticks
  const first = records[pw + P_FIRST_ORDER]!
  words[o + W_OWN_NEXT] = first
  words[o + W_OWN_PREV] = NONE
  if (first !== NONE) words[(first & SLOT_MASK) * ORDER_W + W_OWN_PREV] = slot
  records[pw + P_FIRST_ORDER] = slot
  records[a + W_OPEN_ORDERS] = openOrders + 1
  orders.dueS[slot] = due
  const block = (slot / DUE_BLOCK) | 0
  if (due < orders.blockDueS[block]!) orders.blockDueS[block] = due
  return slot
}
