//! The common path of a fill: two plain orders, checked and booked in one go.
// One long function on purpose, as in place-plain.ts: match.ts says the same in parts. It goes on while every check passes
// at sight, and leaves the fill that it does not recognise to match.ts, with nothing of it done.
import { closeReason, eventKind, feeQuote } from '@plumb/model'
import { closePlain } from './close-plain.ts'
import { touch } from './dirty-set.ts'
import { hasHeadroom } from './headroom.ts'
import { lowerHeadroom } from './headroom-store.ts'
import { isStale } from './margin.ts'
import { realize } from './realize.ts'
import * as slabs from './slabs.ts'
import {
  type EngineState,
  LARGEST_TAKER_OFF as LARGEST_OFF,
  FEE_TIER_D as TIER_D,
} from './state.ts'

const {
  ACCOUNT_D,
  ACCOUNT_W,
  DAY_SHIFT,
  D_BUY_LOTS,
  D_CASH,
  D_LOTS,
  D_REMAINING,
  D_SNAPSHOT,
  D_VOLUME,
  EVENT_MASK,
  FEES,
  LAG_S,
  MARKET_D,
  MARKET_MASK,
  M_BEST_ASK,
  M_BEST_BID,
  M_FUNDING_INDEX,
  M_IM_BPS,
  M_LAST,
  M_LONG_QUOTE,
  M_MAKER_FEE,
  M_MARK_QUOTE,
  M_OPEN_INTEREST,
  M_QUOTE_PER_TICK_LOT,
  M_RISK_FLAGS,
  M_SHORT_QUOTE,
  M_TAKER_FEE,
  NODE,
  NONE,
  ORDER_D,
  ORDER_W,
  PAGE_MASK,
  PAGE_WORDS,
  POSITION_D,
  POSITION_W,
  P_DIRTY,
  P_LEVERAGE,
  P_NEXT,
  RECORD_MASK,
  SEQ,
  SIGNED_FLAGS,
  SLOT_MASK,
  SLOT_RANGE,
  TIER_MASK,
  TIER_SHIFT,
  TIME_MS,
  TRADES,
  W_ACCOUNT,
  W_ACCOUNT_DIRTY,
  W_DIRTY,
  W_EXPIRY,
  W_FIRST_POSITION,
  W_FLAGS,
  W_GENERATION,
  W_MARKET,
  W_POSITION,
  W_PRICE,
  W_RISK,
  W_SELF_TRADE,
  W_SIDE,
} = slabs
const { TradeExecuted } = eventKind
const { filled } = closeReason
const FEE_TIER_D = TIER_D
const LARGEST_TAKER_OFF = LARGEST_OFF
const DAY_MS = 86_400_000
/** Bit of a flag byte: the order only reduces. */
const REDUCE_ONLY = 1
/** Far below where doubles stop being exact: a bound computed with a few roundings is off by less than `SLACK`. */
const SAFE_QUOTE = 2 ** 50
const SLACK = 4
const PER_BPS = 1e-4
const PER_FEE_UNIT = 1e-5

/** Whether the account holds and has open nothing in other markets. */
function isOnly(records: Int32Array, account: number, record: number): boolean {
  return (
    records[account * ACCOUNT_W + W_FIRST_POSITION] === record &&
    records[record * POSITION_W + P_NEXT] === NONE
  )
}

/** Of lots at the worse of mark and mean mark. */
function worthOf(markets: Float64Array, m: number, lots: number): number {
  return lots * markets[m + (lots > 0 ? M_LONG_QUOTE : M_SHORT_QUOTE)]!
}

/** Matches a taker (live, not on the book) against makers while both are plain; answers how many fills it made. */
export function matchPlain(state: EngineState, taking: number, fillsMax: number): number {
  const { accounts, orders, positions, markets, book, totals, feeTiers, events } = state
  const words = orders.i32
  const doubles = orders.f64
  // Accounts and positions are one slab.
  const records = accounts.i32
  const held = accounts.f64
  const taker = taking & SLOT_MASK
  const t = taker * ORDER_W
  const takerFlags = words[t + W_FLAGS]!
  const market = words[t + W_MARKET]! & MARKET_MASK
  const m = market * MARKET_D
  if (takerFlags > SIGNED_FLAGS || (takerFlags & REDUCE_ONLY) !== 0) return 0
  if (markets[m + M_RISK_FLAGS] !== 0 || isStale(state, market)) return 0
  const side = words[t + W_SIDE]! & 1
  const limit = words[t + W_PRICE]! >>> 0
  const takerAccount = words[t + W_ACCOUNT]! & RECORD_MASK
  const takerRecord = words[t + W_POSITION]! & RECORD_MASK
  const ta = takerAccount * ACCOUNT_W
  const tp = takerRecord * POSITION_D
  const now = totals[TIME_MS]!
  const day = Math.floor(now / DAY_MS)
  const fundingIndex = markets[m + M_FUNDING_INDEX]!
  const takerRisk = records[ta + W_RISK]!
  if (takerRisk >>> DAY_SHIFT !== day) return 0
  if (held[tp + D_LOTS] !== 0 && held[tp + D_SNAPSHOT] !== fundingIndex) return 0
  const q = markets[m + M_QUOTE_PER_TICK_LOT]!
  const rate = markets[m + M_IM_BPS]! * PER_BPS
  const markQuote = markets[m + M_MARK_QUOTE]!
  const listedTaker = markets[m + M_TAKER_FEE]!
  const opening = rate + listedTaker * PER_FEE_UNIT
  const takerTier = (takerRisk & TIER_MASK) >>> TIER_SHIFT
  const takerRate = Math.max(0, listedTaker - feeTiers[takerTier * FEE_TIER_D + 1]!)
  const lowest = Math.max(0, listedTaker - feeTiers[LARGEST_TAKER_OFF]!)
  const group = records[ta + W_SELF_TRADE]!
  const lag = totals[LAG_S]!
  // Of a buy lots come in and quote goes out.
  const sign = 1 - 2 * side
  const takerOnly = isOnly(records, takerAccount, takerRecord)
  const areFresh = Math.floor(now / 1_000) <= state.headroom.freshUntilS
  // Leverage of its own makes a position cost more than `opening`.
  if (!takerOnly && (!areFresh || records[takerRecord * POSITION_W + P_LEVERAGE] !== 0)) return 0
  let fills = 0
  while (fills < fillsMax) {
    const takerLeft = doubles[taker * ORDER_D + D_REMAINING]!
    if (takerLeft === 0) break
    const best = markets[m + (side === 0 ? M_BEST_ASK : M_BEST_BID)]!
    if (side === 0 ? best === 0 || best > limit : best < limit || best === 0) break
    const ticks = best >>> 0
    const node = book.nodes[market * NODE + (ticks >>> 21)]! - 1
    const page = book.nodes[(node & PAGE_MASK) * NODE + ((ticks >>> 10) & 2_047)]! - 1
    const maker = book.levels[(page & PAGE_MASK) * PAGE_WORDS + 2 * (ticks & 1_023)]! & SLOT_MASK
    const k = maker * ORDER_W
    const makerFlags = words[k + W_FLAGS]!
    if (makerFlags > SIGNED_FLAGS || (makerFlags & REDUCE_ONLY) !== 0) break
    if (((words[k + W_EXPIRY]! >>> 0) - lag) * 1_000 <= now) break
    const makerAccount = words[k + W_ACCOUNT]! & RECORD_MASK
    const makerRecord = words[k + W_POSITION]! & RECORD_MASK
    const ka = makerAccount * ACCOUNT_W
    const kp = makerRecord * POSITION_D
    const makerRisk = records[ka + W_RISK]!
    if (records[ka + W_SELF_TRADE] === group || makerRisk >>> DAY_SHIFT !== day) break
    const makerOnly = isOnly(records, makerAccount, makerRecord)
    if (!makerOnly && !areFresh) break
    const makerHeld = held[kp + D_LOTS]!
    if (makerHeld !== 0 && held[kp + D_SNAPSHOT] !== fundingIndex) break

    // The fill, its fees, and `settleable` for both sides (contracts.md R3) by a bound.
    const makerLeft = doubles[maker * ORDER_D + D_REMAINING]!
    const lots = Math.min(takerLeft, makerLeft)
    const quote = best * lots * q
    const makerTier = (makerRisk & TIER_MASK) >>> TIER_SHIFT
    const listedMaker = markets[m + M_MAKER_FEE]! - feeTiers[makerTier * FEE_TIER_D + 2]!
    const makerRate = Math.max(0 - lowest, listedMaker)
    const takerFee = feeQuote(quote, takerRate)
    const makerFee = feeQuote(quote, makerRate)
    const takerHeld = held[tp + D_LOTS]!
    const takerCash = held[takerAccount * ACCOUNT_D + D_CASH]!
    const makerCash = held[makerAccount * ACCOUNT_D + D_CASH]!
    const takerAfter = takerHeld + sign * lots
    const makerAfter = makerHeld - sign * lots
    const takerFlow = 0 - sign * quote
    const makerFlow = sign * quote
    const takerRest = takerCash + takerFlow - takerFee
    const makerRest = makerCash + makerFlow - makerFee
    const takerWorth = takerAfter * markQuote
    const makerWorth = makerAfter * markQuote
    const most = Math.max(
      Math.max(Math.abs(takerHeld * markQuote), Math.abs(makerHeld * markQuote)),
      Math.max(Math.abs(takerWorth), Math.abs(makerWorth)),
    )
    const cash = Math.max(Math.abs(takerCash), Math.abs(makerCash))
    if (!(most < SAFE_QUOTE && cash < SAFE_QUOTE && quote < SAFE_QUOTE)) break
    // What the fill takes, besides cash, off the headroom of an account in several markets. It raises the requirement of the
    // taker alone: the maker's order was counted as open.
    let takerCost = SLACK
    let makerCost = SLACK
    if (takerOnly) {
      if (!(takerRest + takerWorth >= Math.abs(takerWorth) * rate + SLACK)) break
    } else {
      takerCost += worthOf(markets, m, takerHeld) - worthOf(markets, m, takerAfter)
      takerCost += lots * markQuote * opening
      if (!hasHeadroom(state, takerAccount, takerCost + takerCash - takerRest)) break
    }
    if (makerOnly) {
      if (!(makerRest + makerWorth >= Math.abs(makerWorth) * rate + SLACK)) break
    } else {
      makerCost += worthOf(markets, m, makerHeld) - worthOf(markets, m, makerAfter)
      if (!hasHeadroom(state, makerAccount, makerCost + makerCash - makerRest)) break
      lowerHeadroom(state.headroom, makerAccount, makerCost, 0)
    }
    if (!takerOnly)
      lowerHeadroom(state.headroom, takerAccount, takerCost, lots * markets[m + M_SHORT_QUOTE]!)

    // Booked: funding (the snapshot of an empty position), volume, what the maker reserved, cash, position, fees.
    held[tp + D_SNAPSHOT] = fundingIndex
    held[kp + D_SNAPSHOT] = fundingIndex
    const takerVolume = takerAccount * ACCOUNT_D + D_VOLUME
    const makerVolume = makerAccount * ACCOUNT_D + D_VOLUME
    held[takerVolume] = Math.min(held[takerVolume]! + quote, Number.MAX_SAFE_INTEGER)
    held[makerVolume] = Math.min(held[makerVolume]! + quote, Number.MAX_SAFE_INTEGER)
    const reserved = kp + D_BUY_LOTS + 2 * (1 - side)
    held[reserved] = held[reserved]! - lots
    held[reserved + 1] = held[reserved + 1]! - quote
    held[takerAccount * ACCOUNT_D + D_CASH] = takerRest
    held[makerAccount * ACCOUNT_D + D_CASH] = makerRest
    held[tp + D_LOTS] = takerAfter
    held[kp + D_LOTS] = makerAfter
    markets[m + M_OPEN_INTEREST] =
      markets[m + M_OPEN_INTEREST]! +
      (Math.max(0, takerAfter) - Math.max(0, takerHeld)) +
      (Math.max(0, makerAfter) - Math.max(0, makerHeld))
    const event = events.next() & EVENT_MASK
    const ed = event * 20
    const ew = event * 40
    const eventWords = events.i32
    const eventDoubles = events.f64
    eventDoubles[ed + 12] = realize(held, tp, takerHeld, takerAfter, lots, takerFlow)
    eventDoubles[ed + 13] = realize(held, kp, makerHeld, makerAfter, lots, makerFlow)
    doubles[taker * ORDER_D + D_REMAINING] = takerLeft - lots
    doubles[maker * ORDER_D + D_REMAINING] = makerLeft - lots
    totals[FEES] = totals[FEES]! + takerFee + makerFee
    markets[m + M_LAST] = best
    if (records[ta + W_ACCOUNT_DIRTY] === 0) touch(accounts.dirty, takerAccount)
    if (records[ka + W_ACCOUNT_DIRTY] === 0) touch(accounts.dirty, makerAccount)
    if (records[takerRecord * POSITION_W + P_DIRTY] === 0) touch(positions.dirty, takerRecord)
    if (records[makerRecord * POSITION_W + P_DIRTY] === 0) touch(positions.dirty, makerRecord)
    if (words[k + W_DIRTY] === 0) touch(orders.dirty, maker)
    if (fills === 0) touch(state.dirtyMarkets, market)
    eventDoubles[ed] = totals[SEQ]!
    eventDoubles[ed + 1] = now
    eventWords[ew + 4] = TradeExecuted
    eventWords[ew + 5] = event - state.firstEvent
    eventWords[ew + 6] = takerAccount
    eventWords[ew + 7] = market
    eventDoubles[ed + 4] = ++totals[TRADES]!
    eventDoubles[ed + 5] = best
    eventDoubles[ed + 6] = lots
    eventDoubles[ed + 7] = quote
    eventDoubles[ed + 8] = (words[t + W_GENERATION]! >>> 0) * SLOT_RANGE + taker
    eventDoubles[ed + 9] = (words[k + W_GENERATION]! >>> 0) * SLOT_RANGE + maker
    eventDoubles[ed + 10] = takerFee
    eventDoubles[ed + 11] = makerFee
    eventWords[ew + 28] = makerAccount
    eventWords[ew + 29] = side
    eventWords[ew + 30] = takerRate
    eventWords[ew + 31] = makerRate
    eventDoubles[ed + 16] = takerAfter
    eventDoubles[ed + 17] = makerAfter
    eventDoubles[ed + 18] = takerLeft - lots
    eventDoubles[ed + 19] = makerLeft - lots
    fills++
    if (makerLeft === lots) closePlain(state, maker, filled, true)
  }
  return fills
}
