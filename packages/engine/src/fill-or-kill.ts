//! Whether an order would fill whole now: the match played through without touching anything.
import { feeQuote, orderStyle } from '@plumb/model'
import { freePlaces, pageOf, priceAbove, priceBelow } from './book-store.ts'
import { bestOpposite } from './effective-limit.ts'
import { makerRate, takerRate, tierOf, today } from './fee-tiers.ts'
import { keyAdmits } from './key-orders.ts'
import { admitsFill, fundingDue, sumOthers } from './margin.ts'
import { isExpired, isReduceOnly, reducible } from './match.ts'
import { remainingLots, shownLots } from './order-lots.ts'
import { isPrice, levelLots, levelPrice, priceBehind } from './parts.ts'
import { headOf } from './rest-order.ts'
import {
  A_COUNT,
  A_SIBLING,
  A_SLOT,
  A_STYLE,
  ACCOUNT_D,
  ACCOUNT_W,
  AD_DISPLAY,
  ADVANCED_D,
  ADVANCED_W,
  D_CASH,
  D_LOTS,
  D_REMAINING,
  M_QUOTE_PER_TICK_LOT,
  MARKET_D,
  NONE,
  ORDER_ADVANCED,
  ORDER_D,
  ORDER_W,
  POSITION_D,
  W_ACCOUNT,
  W_ADVANCED,
  W_FLAGS,
  W_MARKET,
  W_NEXT,
  W_POSITION,
  W_PRICE,
  W_SELF_TRADE,
  W_SIDE,
} from './slabs.ts'
import type { EngineState } from './state.ts'

/**
 * Mirrors `matchOrder` step by step, with at most `fillsMax` fills; cash and positions of touched accounts live in the
 * scratch, and so do the parts that icebergs and scales would show on the way and what OCO siblings would lose.
 */
export function fillsWhole(
  state: EngineState,
  taker: number,
  selfTrade: number,
  fillsMax: number,
): boolean {
  const { i32, f64 } = state.orders
  const { book, scratch } = state
  const o = taker * ORDER_W
  const market = i32[o + W_MARKET]!
  const side = i32[o + W_SIDE]!
  const limit = i32[o + W_PRICE]! >>> 0
  scratch.epoch = (scratch.epoch + 1) | 0
  scratch.parts = 0
  scratch.losses = 0
  scratch.levels = 0
  scratch.fillsLeft = fillsMax
  scratch.wanted = f64[taker * ORDER_D + D_REMAINING]!
  mark(state, i32[o + W_ACCOUNT]!, i32[o + W_POSITION]!)
  let price = bestOpposite(state, market, side)
  let maker = headAt(state, market, price)
  for (;;) {
    const part = bestPart(state, side)
    const partPrice = part === NONE ? 0 : scratch.partPrices[part]!
    // A part stands behind the orders that were at its price before it.
    const partFirst = part !== NONE && (price === 0 || isBetter(side, partPrice, price))
    const at = partFirst ? partPrice : price
    if (at === 0 || isBetter(side, limit, at)) return false
    const outcome = partFirst
      ? fillPart(state, taker, selfTrade, part)
      : fillMaker(
          state,
          taker,
          selfTrade,
          maker,
          price,
          shownLots(state, maker),
          remainingLots(state, maker),
        )
    if (outcome !== GOES_ON) return outcome === WHOLE
    if (partFirst) continue
    maker = i32[maker * ORDER_W + W_NEXT]!
    if (maker !== NONE) continue
    price = side === 0 ? priceAbove(book, market, price) : priceBelow(book, market, price)
    maker = headAt(state, market, price)
  }
}

// How the play of one maker ends.
const GOES_ON = 0
const WHOLE = 1
const STOPS = 2

/** Whether a taker of `side` prefers price `a` to `b`. */
function isBetter(side: number, a: number, b: number): boolean {
  return side === 0 ? a < b : a > b
}

/** First order at a price, NONE (−1) for price 0: there is none. */
function headAt(state: EngineState, market: number, price: number): number {
  return price === 0 ? NONE : headOf(state, pageOf(state.book, market, price), price)
}

/** The part that would be matched next, the earliest of those at the best price; NONE (−1) if there is none. */
function bestPart(state: EngineState, side: number): number {
  const { parts, partPrices } = state.scratch
  let best = NONE
  for (let i = 0; i < parts; i++) {
    const price = partPrices[i]!
    if (price !== 0 && (best === NONE || isBetter(side, price, partPrices[best]!))) best = i
  }
  return best
}

function fillPart(state: EngineState, taker: number, selfTrade: number, part: number): number {
  const { scratch } = state
  const maker = scratch.partMakers[part]!
  const price = scratch.partPrices[part]!
  const rest = scratch.partRests[part]!
  scratch.partPrices[part] = 0
  const shown = Math.min(rest, partLots(state, maker))
  return fillMaker(state, taker, selfTrade, maker, price, shown, rest)
}

/** One maker that offers `shown` of `rest` lots. */
function fillMaker(
  state: EngineState,
  taker: number,
  selfTrade: number,
  maker: number,
  price: number,
  shown: number,
  rest: number,
): number {
  const { i32 } = state.orders
  const { accounts, markets, scratch } = state
  if (isExpired(state, maker)) return GOES_ON
  const o = taker * ORDER_W
  const k = maker * ORDER_W
  const side = i32[o + W_SIDE]!
  const takerAccount = i32[o + W_ACCOUNT]!
  const makerAccount = i32[k + W_ACCOUNT]!
  const group = accounts.i32[takerAccount * ACCOUNT_W + W_SELF_TRADE]!
  if (accounts.i32[makerAccount * ACCOUNT_W + W_SELF_TRADE] === group)
    return selfTrade === 1 ? GOES_ON : STOPS
  mark(state, makerAccount, i32[k + W_POSITION]!)
  let lots = Math.min(scratch.wanted, shown - lostLots(state, maker))
  if (lots <= 0) return GOES_ON
  if (isReduceOnly(i32, taker))
    lots = Math.min(lots, reducible(scratch.markedLots[takerAccount]!, side))
  if (lots === 0) return STOPS
  const makerReduces = isReduceOnly(i32, maker)
  if (makerReduces) lots = Math.min(lots, reducible(scratch.markedLots[makerAccount]!, 1 - side))
  if (lots === 0) return GOES_ON
  if (scratch.fillsLeft === 0) return STOPS
  if (!keyAdmits(state, taker, scratch.markedLots[takerAccount]!, lots)) return STOPS
  if (!keyAdmits(state, maker, scratch.markedLots[makerAccount]!, lots)) return GOES_ON
  const market = i32[o + W_MARKET]!
  const m = market * MARKET_D
  const quote = price * lots * markets[m + M_QUOTE_PER_TICK_LOT]!
  const day = today(state)
  const takerFee = feeQuote(quote, takerRate(state, market, tierOf(state, takerAccount, day)))
  const makerFee = feeQuote(quote, makerRate(state, market, tierOf(state, makerAccount, day)))
  const takerRecord = i32[o + W_POSITION]!
  if (!wouldAdmit(state, takerAccount, market, side, lots, quote, takerFee, takerRecord))
    return STOPS
  const makerRecord = i32[k + W_POSITION]!
  if (!wouldAdmit(state, makerAccount, market, 1 - side, lots, quote, makerFee, makerRecord))
    return GOES_ON
  move(state, takerAccount, side, lots, quote, takerFee)
  move(state, makerAccount, 1 - side, lots, quote, makerFee)
  scratch.fillsLeft--
  scratch.wanted -= lots
  noteLoss(state, maker, lots === rest ? Infinity : lots)
  const ends = makerReduces && scratch.markedLots[makerAccount] === 0
  if (!ends && lots === shown && rest > lots && !notePart(state, maker, price, rest - lots))
    return STOPS
  return scratch.wanted === 0 ? WHOLE : GOES_ON
}

/** Size of an iceberg's or scale's next part, if that much is left. */
function partLots(state: EngineState, maker: number): number {
  const record = state.orders.i32[maker * ORDER_W + W_ADVANCED]!
  const display = state.advanced.f64[record * ADVANCED_D + AD_DISPLAY]!
  return display !== 0 ? display : levelLots(state, maker)
}

/**
 * An iceberg's next part stands at the same price, a scale's next level at its own, which may even be better. False:
 * the book may have no room for so many levels, and the order is not taken.
 */
function notePart(state: EngineState, maker: number, price: number, rest: number): boolean {
  const { scratch, orders, advanced } = state
  const record = orders.i32[maker * ORDER_W + W_ADVANCED]!
  const scale = advanced.i32[record * ADVANCED_W + A_STYLE] === orderStyle.scale
  const market = orders.i32[maker * ORDER_W + W_MARKET]!
  const side = orders.i32[maker * ORDER_W + W_SIDE]!
  const level = scale ? levelPrice(state, maker, nextStep(state, maker, rest)) : price
  const at = scale ? priceBehind(state, market, side, level) : price
  // Every level asks for a page and a directory: with as many free before the order, none can be refused on the way.
  if (scale && ++scratch.levels >= freePlaces(state.book)) return false
  if (!isPrice(at)) return true
  const i = scratch.parts++
  scratch.partMakers[i] = maker
  scratch.partPrices[i] = at
  scratch.partRests[i] = rest
  return true
}

/** All levels of a scale but the first are equal: what is left says which one comes next. */
function nextStep(state: EngineState, maker: number, rest: number): number {
  const record = state.orders.i32[maker * ORDER_W + W_ADVANCED]!
  return state.advanced.i32[record * ADVANCED_W + A_COUNT]! - rest / levelLots(state, maker)
}

/** What fills of its OCO sibling, earlier in this play, have taken off a maker. */
function lostLots(state: EngineState, maker: number): number {
  const { losses, lossOrders, lossLots } = state.scratch
  let sum = 0
  for (let i = 0; i < losses; i++) if (lossOrders[i] === maker) sum += lossLots[i]!
  return sum
}

/** A maker with an OCO sibling was filled: the sibling loses as much, or everything. */
function noteLoss(state: EngineState, maker: number, lots: number): void {
  const { orders, advanced, scratch } = state
  const o = maker * ORDER_W
  if ((orders.i32[o + W_FLAGS]! & ORDER_ADVANCED) === 0) return
  const sibling = advanced.i32[orders.i32[o + W_ADVANCED]! * ADVANCED_W + A_SIBLING]!
  if (sibling === NONE) return
  scratch.lossOrders[scratch.losses] = advanced.i32[sibling * ADVANCED_W + A_SLOT]!
  scratch.lossLots[scratch.losses++] = lots
}

function mark(state: EngineState, account: number, record: number): void {
  const { scratch, accounts, positions } = state
  if (scratch.marked[account] === scratch.epoch) return
  scratch.marked[account] = scratch.epoch
  scratch.markedCash[account] =
    accounts.f64[account * ACCOUNT_D + D_CASH]! - fundingDue(state, record)
  scratch.markedLots[account] = positions.f64[record * POSITION_D + D_LOTS]!
}

function wouldAdmit(
  state: EngineState,
  account: number,
  market: number,
  side: number,
  lots: number,
  quote: number,
  fee: number,
  record: number,
): boolean {
  const cash = state.scratch.markedCash[account]!
  const held = state.scratch.markedLots[account]!
  sumOthers(state, account, record)
  return side === 0
    ? admitsFill(state, market, cash, held, cash - quote - fee, held + lots)
    : admitsFill(state, market, cash, held, cash + quote - fee, held - lots)
}

function move(
  state: EngineState,
  account: number,
  side: number,
  lots: number,
  quote: number,
  fee: number,
): void {
  const { markedCash, markedLots } = state.scratch
  markedCash[account] = markedCash[account]! - fee + (side === 0 ? 0 - quote : quote)
  markedLots[account] = markedLots[account]! + (side === 0 ? lots : 0 - lots)
}
