//! The common path of a new order: a plain one of an account that trades one market, admitted and rested in one go.
// One long function on purpose: it says in one body what place-order.ts, order-admission.ts, margin.ts, rest-order.ts and
// others say in thirty, with every slab loaded once. What it does not recognise at sight it leaves to those, untouched, so
// there is one meaning of the command, and the differential tests hold both ways of writing it to that.
import { eventKind, limits } from '@plumb/model'
import { BITS, NODE, PAGE_WORDS, setLevel } from './book-store.ts'
import { touch } from './dirty-set.ts'
import { LANES } from './lane-store.ts'
import { INDEX_STALE_MS } from './order-admission.ts'
import { DUE_BLOCK } from './order-store.ts'
import {
  ACCOUNT_D,
  ACCOUNT_W,
  D_BUY_LATER,
  D_BUY_LOTS,
  D_BUY_QUOTE,
  D_CASH,
  D_LOTS,
  D_PRIORITY,
  D_REMAINING,
  D_SELL_LATER,
  D_SELL_LOTS,
  D_SELL_QUOTE,
  D_SIZE,
  D_SNAPSHOT,
  ISOLATED_MASK,
  L_ORDER,
  L_SEQ,
  LAG_S,
  LANE_D,
  LANE_DIRTY,
  LANE_W,
  LD_FILLED,
  M_BAND_DOWN,
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
  MARKET_D,
  NONE,
  ORDER_D,
  ORDER_W,
  P_BUY_MAX,
  P_FIRST_ORDER,
  P_LEVERAGE,
  P_MARKET,
  P_NEXT,
  P_ORDERS,
  P_SELL_MIN,
  POSITION_D,
  POSITION_W,
  PRIORITIES,
  SEQ,
  SLOT_RANGE,
  THROTTLE_LEVEL,
  TIME_MS,
  W_ACCOUNT,
  W_CLIENT_ID,
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
} from './slabs.ts'
import type { EngineState } from './state.ts'

/** Flags that the common path knows: good-till-cancelled, post-only, immediate-or-cancel. */
const GTC = 0
const POST_ONLY = 2
const IOC = 4
/** Far below where doubles stop being exact: a bound computed with a few roundings is off by less than `SLACK`. */
const SAFE_QUOTE = 2 ** 50
const SLACK = 4

/**
 * Accepts the PlaceOrder at word `w`, double `d` if it is a plain one that passes every check at sight: its slot, live
 * and with its `OrderPlaced` written, resting on the book unless it crosses (then it is to be matched). NONE (−1):
 * nothing was done, the general path decides.
 */
export function placePlain(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): number {
  const { accounts, orders, positions, lanes, markets, book, totals, events } = state
  const flags = i32[w + 15]!
  // A client id, an option, a kind other than limit.
  if ((i32[w + 24]! | i32[w + 7]! | i32[w + 16]!) !== 0) return NONE
  if (flags !== GTC && flags !== POST_ONLY && flags !== IOC) return NONE
  const account = i32[w + 5]!
  const market = i32[w + 6]!
  const side = i32[w + 14]!
  const selfTrade = i32[w + 21]!
  const lane = i32[w + 18]!
  const maxFee = i32[w + 17]!
  if (account < 1 || account > accounts.used || market < 0 || market >= state.limits.markets)
    return NONE
  if (side >>> 1 !== 0 || selfTrade >>> 0 > 2 || lane >>> 0 >= LANES || f64[d + 6] !== 0)
    return NONE

  // The market: trading, priced, nothing special about its risk.
  const m = market * MARKET_D
  const now = totals[TIME_MS]!
  if (markets[m + M_LISTED] !== 1 || markets[m + M_STATE] !== 0 || markets[m + M_RISK_FLAGS] !== 0)
    return NONE
  if (totals[THROTTLE_LEVEL] !== 0 || markets[m + M_MAX_OPEN_INTEREST] !== 0) return NONE
  const mark = markets[m + M_MARK]!
  if (mark === 0) return NONE
  if (now - markets[m + M_INDEX_TIME]! > INDEX_STALE_MS && markets[m + M_FIXED_INDEX] === 0)
    return NONE

  // The order's own numbers.
  const price = f64[d + 4]!
  const lots = f64[d + 5]!
  const q = markets[m + M_QUOTE_PER_TICK_LOT]!
  const quote = price * lots * q
  if (!(price >= 1 && price <= limits.priceTicksMax && Math.floor(price) === price)) return NONE
  if (!(lots >= markets[m + M_MIN_ORDER]! && Math.floor(lots) === lots)) return NONE
  if (!(lots <= markets[m + M_MAX_ORDER]! && quote >= markets[m + M_MIN_NOTIONAL]!)) return NONE
  const takerFee = markets[m + M_TAKER_FEE]!
  const fee = flags === POST_ONLY ? markets[m + M_MAKER_FEE]! : takerFee
  if (maxFee < fee || maxFee < 0 || maxFee > limits.maxFeeMax) return NONE
  const expiry = i32[w + 20]! >>> 0
  const due = expiry - totals[LAG_S]!
  if (due * 1_000 <= now) return NONE
  if (markets[m + M_PRICE_BAND] !== 0) {
    if (side === 0 ? price > markets[m + M_BAND_UP]! : price < markets[m + M_BAND_DOWN]!)
      return NONE
  }

  // The account: this market only, in its home record, funding settled, no leverage of its own.
  const a = account * ACCOUNT_W
  const record = account
  const pw = record * POSITION_W
  const p = record * POSITION_D
  const own = positions.i32
  const held = positions.f64[p + D_LOTS]!
  const isolated = accounts.i32[a + W_RISK]! & ISOLATED_MASK
  if (own[pw + P_MARKET] !== market || own[pw + P_NEXT] !== NONE || own[pw + P_LEVERAGE] !== 0)
    return NONE
  if (accounts.i32[a + W_FIRST_POSITION] !== record || (isolated !== 0 && isolated !== market + 1))
    return NONE
  if (held !== 0 && positions.f64[p + D_SNAPSHOT] !== markets[m + M_FUNDING_INDEX]) return NONE
  const openOrders = accounts.i32[a + W_OPEN_ORDERS]!
  if (openOrders >= state.limits.ordersPerAccount || orders.freeCount === 0) return NONE
  const laneW = (account * LANES + lane) * LANE_W
  const laneSeq = i32[w + 19]!
  if (laneSeq >>> 0 <= lanes.i32[laneW + L_SEQ]! >>> 0) return NONE
  if ((lanes.i32[laneW + L_ORDER]! & ~LANE_DIRTY) !== 0) return NONE

  // Position limit, and margin by a bound that is at least the exact requirement (risk.md 1.5).
  const buyMax = own[pw + P_BUY_MAX]! >>> 0
  const sellMin = own[pw + P_SELL_MIN]! >>> 0
  if (buyMax > mark || sellMin < mark) return NONE
  const oldBuyLots = positions.f64[p + D_BUY_LOTS]!
  const oldBuyQuote = positions.f64[p + D_BUY_QUOTE]!
  const oldSellLots = positions.f64[p + D_SELL_LOTS]!
  const oldSellQuote = positions.f64[p + D_SELL_QUOTE]!
  const buys = side === 0
  const buyLots = buys ? oldBuyLots + lots : oldBuyLots
  const buyQuote = buys ? oldBuyQuote + quote : oldBuyQuote
  const sellLots = buys ? oldSellLots : oldSellLots + lots
  const sellQuote = buys ? oldSellQuote : oldSellQuote + quote
  const later = positions.f64[p + (buys ? D_BUY_LATER : D_SELL_LATER)]!
  if ((buys ? buyLots + held : sellLots - held) + later > markets[m + M_MAX_POSITION]!) return NONE
  const markQuote = markets[m + M_MARK_QUOTE]!
  const longQuote = Math.max(0, held + buyLots) * markQuote
  const shortQuote = Math.max(0, sellLots - held) * markQuote
  const gap = buys ? price - mark : mark - price
  const loss = gap > 0 ? gap * lots * q : 0
  const rate = markets[m + M_IM_BPS]! / 10_000
  const feeRate = takerFee / 100_000
  const needLong = longQuote * rate + (buyQuote + longQuote) * feeRate + (buys ? loss : 0)
  const needShort = shortQuote * rate + (sellQuote + shortQuote) * feeRate + (buys ? 0 : loss)
  const cash = accounts.f64[account * ACCOUNT_D + D_CASH]!
  const equity = cash + held * markets[m + (held > 0 ? M_LONG_QUOTE : M_SHORT_QUOTE)]!
  if (!(needLong + SLACK <= equity && needShort + SLACK <= equity)) return NONE
  if (!(equity < SAFE_QUOTE && Math.abs(cash) < SAFE_QUOTE)) return NONE
  if (!(buyQuote + longQuote < SAFE_QUOTE && sellQuote + shortQuote < SAFE_QUOTE)) return NONE

  // The book.
  const bid = markets[m + M_BEST_BID]!
  const ask = markets[m + M_BEST_ASK]!
  const crossing = buys ? ask !== 0 && ask <= price : bid >= price
  if (crossing ? flags === POST_ONLY : flags === IOC) return NONE
  const node = book.nodes[market * NODE + (price >>> 21)]! - 1
  if (node < 0) return NONE
  const page = book.nodes[node * NODE + ((price >>> 10) & 2_047)]! - 1
  if (page < 0) return NONE

  // Admitted. The slot, the lane, the record of it.
  const slot = orders.free[--orders.freeCount]!
  const o = slot * ORDER_W
  const od = slot * ORDER_D
  const words = orders.i32
  const doubles = orders.f64
  const generation = (words[o + W_GENERATION]! + 1) | 0
  words[o + W_GENERATION] = generation
  words[o + W_LIVE] = 1
  touch(orders.dirty, slot)
  doubles[od + D_REMAINING] = lots
  doubles[od + D_SIZE] = lots
  words[o + W_PRICE] = price | 0
  words[o + W_MARKET] = market
  words[o + W_ACCOUNT] = account
  words[o + W_SIDE] = side
  words[o + W_FLAGS] = flags
  words[o + W_POSITION] = record
  words[o + W_EXPIRY] = expiry | 0
  words[o + W_LANE] = lane
  words[o + W_LANE_SEQ] = laneSeq
  words[o + W_MAX_FEE] = maxFee
  words[o + W_CLIENT_ID] = NONE
  own[pw + P_ORDERS] = own[pw + P_ORDERS]! + 1
  lanes.i32[laneW + L_SEQ] = laneSeq
  lanes.i32[laneW + L_ORDER] = (lanes.i32[laneW + L_ORDER]! & LANE_DIRTY) | (slot + 1)
  lanes.f64[(account * LANES + lane) * LANE_D + LD_FILLED] = 0
  touch(lanes.dirty, account * LANES + lane)
  const leg = events.count - state.firstEvent
  const event = events.begin(totals[SEQ]!, now, eventKind.OrderPlaced, leg, account, market)
  const ed = event * 20
  const ew = event * 40
  events.f64[ed + 4] = (generation >>> 0) * SLOT_RANGE + slot
  events.f64[ed + 5] = price
  events.f64[ed + 6] = lots
  events.i32[ew + 14] = side
  events.i32[ew + 15] = flags
  events.i32[ew + 17] = maxFee
  events.i32[ew + 18] = lane
  events.i32[ew + 19] = laneSeq
  events.i32[ew + 20] = expiry | 0
  if (crossing) {
    doubles[od + D_PRIORITY] = 0
    return slot
  }

  // At the tail of its price.
  doubles[od + D_PRIORITY] = ++totals[PRIORITIES]!
  words[o + W_PAGE] = page
  words[o + W_NEXT] = NONE
  const place = price & 1_023
  const level = page * PAGE_WORDS + 2 * place
  if ((book.bits[page * BITS + (place >>> 5)]! & (1 << (place & 31))) !== 0) {
    const tail = book.levels[level + 1]!
    words[o + W_PREV] = tail
    words[tail * ORDER_W + W_NEXT] = slot
  } else {
    words[o + W_PREV] = NONE
    book.levels[level] = slot
    setLevel(book, page, price)
    if (buys) {
      if (price > bid) markets[m + M_BEST_BID] = price
    } else if (ask === 0 || price < ask) markets[m + M_BEST_ASK] = price
  }
  book.levels[level + 1] = slot

  // What it reserves, and that it is one of the account's open orders.
  if (buys) {
    positions.f64[p + D_BUY_LOTS] = buyLots
    positions.f64[p + D_BUY_QUOTE] = buyQuote
    if (price > buyMax) own[pw + P_BUY_MAX] = price | 0
  } else {
    positions.f64[p + D_SELL_LOTS] = sellLots
    positions.f64[p + D_SELL_QUOTE] = sellQuote
    if (price < sellMin) own[pw + P_SELL_MIN] = price | 0
  }
  const first = own[pw + P_FIRST_ORDER]!
  words[o + W_OWN_NEXT] = first
  words[o + W_OWN_PREV] = NONE
  if (first !== NONE) words[first * ORDER_W + W_OWN_PREV] = slot
  own[pw + P_FIRST_ORDER] = slot
  accounts.i32[a + W_OPEN_ORDERS] = openOrders + 1
  orders.dueS[slot] = due
  const block = (slot / DUE_BLOCK) | 0
  if (due < orders.blockDueS[block]!) orders.blockDueS[block] = due
  return slot
}
