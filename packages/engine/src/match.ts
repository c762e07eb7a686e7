//! Price-time matching with every check of a fill in the same step.
import { closeReason, eventKind, feeQuote, orderFlag } from '@plumb/model'
import { pageOf } from './book-store.ts'
import { touch } from './dirty-set.ts'
import { emit } from './emit.ts'
import { countVolume, makerRate, takerRate, tierOf, today } from './fee-tiers.ts'
import { forgetHeadroom } from './headroom-store.ts'
import { keyAdmits } from './key-orders.ts'
import { admitsFill, fundingDue, sumOthers } from './margin.ts'
import { matchPlain } from './match-plain.ts'
import { remainingLots, shownLots } from './order-lots.ts'
import { orderIdOf } from './order-store.ts'
import { showNextPart } from './parts.ts'
import { realize } from './realize.ts'
import { reduceSibling } from './reduce-siblings.ts'
import { closeResting, goodTillS, headOf, reserve } from './rest-order.ts'
import { settleFunding } from './settle-funding.ts'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const {
  ACCOUNT_D,
  ACCOUNT_W,
  D_CASH,
  D_LOTS,
  D_REMAINING,
  FEES,
  MARKET_D,
  M_BEST_ASK,
  M_BEST_BID,
  M_LAST,
  M_OPEN_INTEREST,
  M_QUOTE_PER_TICK_LOT,
  NONE,
  ORDER_D,
  ORDER_PARTS,
  ORDER_W,
  POSITION_D,
  SIGNED_FLAGS,
  TIME_MS,
  TRADES,
  W_ACCOUNT,
  W_FLAGS,
  W_MARKET,
  W_POSITION,
  W_PRICE,
  W_SELF_TRADE,
  W_SIDE,
} = slabs

/** Whether the best opposite price is within an order's limit. */
export function crosses(
  markets: Float64Array,
  market: number,
  side: number,
  price: number,
): boolean {
  const m = market * MARKET_D
  if (side === 0) {
    const ask = markets[m + M_BEST_ASK]!
    return ask !== 0 && ask <= price
  }
  return markets[m + M_BEST_BID]! >= price
}

/** Lots by which a fill of `side` could reduce a position. */
export function reducible(lots: number, side: number): number {
  return Math.max(0, side === 0 ? 0 - lots : lots)
}

/** Whether an order is past its matching time (its tick has not come yet). */
export function isExpired(state: EngineState, slot: number): boolean {
  return goodTillS(state, slot) * 1_000 <= state.totals[TIME_MS]!
}

export function isReduceOnly(orders: Int32Array, slot: number): boolean {
  return (orders[slot * ORDER_W + W_FLAGS]! & orderFlag.reduceOnly) !== 0
}

/**
 * Matches a taker (live, not on the book) as far as its limit goes. Answers why the rest must close, or NONE (−1) if
 * it is filled or may rest. `selfTrade`: its self-trade prevention mode; `fillsMax`: how many fills it may make.
 */
export function matchOrder(
  state: EngineState,
  taker: number,
  selfTrade: number,
  fillsMax: number,
): number {
  const { i32, f64 } = state.orders
  let fills = matchPlain(state, taker, fillsMax)
  if (f64[taker * ORDER_D + D_REMAINING] === 0) return NONE
  const { markets, positions, accounts } = state
  const o = taker * ORDER_W
  const market = i32[o + W_MARKET]!
  const m = market * MARKET_D
  const side = i32[o + W_SIDE]!
  const price = i32[o + W_PRICE]! >>> 0
  const takerAccount = i32[o + W_ACCOUNT]!
  const takerRecord = i32[o + W_POSITION]!
  const takerReduces = isReduceOnly(i32, taker)
  const group = accounts.i32[takerAccount * ACCOUNT_W + W_SELF_TRADE]!
  const day = today(state)
  const takerFeeRate = takerRate(state, market, tierOf(state, takerAccount, day))
  while (f64[taker * ORDER_D + D_REMAINING]! > 0) {
    if (!crosses(markets, market, side, price)) return NONE
    const best = side === 0 ? markets[m + M_BEST_ASK]! : markets[m + M_BEST_BID]!
    const maker = headOf(state, pageOf(state.book, market, best), best)
    if (isExpired(state, maker)) {
      closeResting(state, maker, closeReason.expired)
      continue
    }
    const makerAccount = i32[maker * ORDER_W + W_ACCOUNT]!
    if (accounts.i32[makerAccount * ACCOUNT_W + W_SELF_TRADE] === group) {
      if (selfTrade !== 0) closeResting(state, maker, closeReason.selfTrade)
      if (selfTrade !== 1) return closeReason.selfTrade
      continue
    }
    const makerFlags = i32[maker * ORDER_W + W_FLAGS]!
    const advanced = makerFlags > SIGNED_FLAGS
    const offered = advanced ? shownLots(state, maker) : f64[maker * ORDER_D + D_REMAINING]!
    let lots = Math.min(f64[taker * ORDER_D + D_REMAINING]!, offered)
    const makerRecord = i32[maker * ORDER_W + W_POSITION]!
    if (takerReduces) {
      lots = Math.min(lots, reducible(positions.f64[takerRecord * POSITION_D + D_LOTS]!, side))
      if (lots === 0) return closeReason.reduceOnly
    }
    const makerReduces = (makerFlags & orderFlag.reduceOnly) !== 0
    if (makerReduces) {
      lots = Math.min(lots, reducible(positions.f64[makerRecord * POSITION_D + D_LOTS]!, 1 - side))
      if (lots === 0) {
        closeResting(state, maker, closeReason.reduceOnly)
        continue
      }
    }
    if (fills === fillsMax) return closeReason.fillLimit
    if (!keyAdmits(state, taker, positions.f64[takerRecord * POSITION_D + D_LOTS]!, lots))
      return closeReason.keyPosition
    if (!keyAdmits(state, maker, positions.f64[makerRecord * POSITION_D + D_LOTS]!, lots)) {
      closeResting(state, maker, closeReason.keyPosition)
      continue
    }
    const quote = best * lots * markets[m + M_QUOTE_PER_TICK_LOT]!
    const takerFee = feeQuote(quote, takerFeeRate)
    const makerFee = feeQuote(quote, makerRate(state, market, tierOf(state, makerAccount, day)))
    if (!sideAdmits(state, takerAccount, takerRecord, market, side, lots, quote, takerFee))
      return closeReason.notSettleable
    if (!sideAdmits(state, makerAccount, makerRecord, market, 1 - side, lots, quote, makerFee)) {
      closeResting(state, maker, closeReason.notSettleable)
      continue
    }
    trade(state, taker, maker, best, lots, quote, takerFee, makerFee)
    fills++
    if (f64[maker * ORDER_D + D_REMAINING] === 0 && (makerFlags & ORDER_PARTS) === 0)
      closeResting(state, maker, closeReason.filled)
    else if (makerReduces && positions.f64[makerRecord * POSITION_D + D_LOTS] === 0)
      closeResting(state, maker, closeReason.reduceOnly)
    else if (advanced) showNextPart(state, maker)
  }
  return NONE
}

/** `settleable` for one side of a fill (contracts.md R3). */
export function sideAdmits(
  state: EngineState,
  account: number,
  record: number,
  market: number,
  side: number,
  lots: number,
  quote: number,
  fee: number,
): boolean {
  const cash = state.accounts.f64[account * ACCOUNT_D + D_CASH]! - fundingDue(state, record)
  const held = state.positions.f64[record * POSITION_D + D_LOTS]!
  sumOthers(state, account, record)
  return side === 0
    ? admitsFill(state, market, cash, held, cash - quote - fee, held + lots)
    : admitsFill(state, market, cash, held, cash + quote - fee, held - lots)
}

/** Books one fill on both sides: funding first, then cash, position, entry cost, fees, and the record of it. */
function trade(
  state: EngineState,
  taker: number,
  maker: number,
  price: number,
  lots: number,
  quote: number,
  takerFee: number,
  makerFee: number,
): void {
  const { i32, f64 } = state.orders
  const { markets, totals, positions } = state
  const t = taker * ORDER_W
  const k = maker * ORDER_W
  const market = i32[t + W_MARKET]!
  const m = market * MARKET_D
  const side = i32[t + W_SIDE]!
  const takerRecord = i32[t + W_POSITION]!
  const makerRecord = i32[k + W_POSITION]!
  settleFunding(state, takerRecord)
  settleFunding(state, makerRecord)
  const day = today(state)
  countVolume(state, i32[t + W_ACCOUNT]!, day, quote)
  countVolume(state, i32[k + W_ACCOUNT]!, day, quote)
  const record = emit(state, eventKind.TradeExecuted, i32[t + W_ACCOUNT]!, market)
  const events = state.events.f64
  const words = state.events.i32
  const d = record * 20
  const w = record * 40
  reserve(state, maker, lots, -1)
  events[d + 12] = bookFill(
    state,
    i32[t + W_ACCOUNT]!,
    takerRecord,
    market,
    side,
    lots,
    quote,
    takerFee,
  )
  events[d + 13] = bookFill(
    state,
    i32[k + W_ACCOUNT]!,
    makerRecord,
    market,
    1 - side,
    lots,
    quote,
    makerFee,
  )
  const takerRemaining = f64[taker * ORDER_D + D_REMAINING]! - lots
  const makerRemaining = f64[maker * ORDER_D + D_REMAINING]! - lots
  f64[taker * ORDER_D + D_REMAINING] = takerRemaining
  f64[maker * ORDER_D + D_REMAINING] = makerRemaining
  totals[FEES] = totals[FEES]! + takerFee + makerFee
  markets[m + M_LAST] = price
  touch(state.orders.dirty, maker)
  touch(state.dirtyMarkets, market)
  events[d + 4] = ++totals[TRADES]!
  events[d + 5] = price
  events[d + 6] = lots
  events[d + 7] = quote
  events[d + 8] = orderIdOf(state.orders, taker)
  events[d + 9] = orderIdOf(state.orders, maker)
  events[d + 10] = takerFee
  events[d + 11] = makerFee
  events[d + 16] = positions.f64[takerRecord * POSITION_D + D_LOTS]!
  events[d + 17] = positions.f64[makerRecord * POSITION_D + D_LOTS]!
  const advanced = i32[t + W_FLAGS]! > SIGNED_FLAGS || i32[k + W_FLAGS]! > SIGNED_FLAGS
  events[d + 18] = advanced ? remainingLots(state, taker) : takerRemaining
  events[d + 19] = advanced ? remainingLots(state, maker) : makerRemaining
  words[w + 28] = i32[k + W_ACCOUNT]!
  words[w + 29] = side
  words[w + 30] = takerRate(state, market, tierOf(state, i32[t + W_ACCOUNT]!, day))
  words[w + 31] = makerRate(state, market, tierOf(state, i32[k + W_ACCOUNT]!, day))
  if (!advanced) return
  reduceSibling(state, taker, lots)
  reduceSibling(state, maker, lots)
}

/**
 * Moves one account's cash and position by a fill of `lots` for `quote`; answers the realized price PnL against entry
 * cost. `fee` comes off the cash besides (negative: is added to it).
 */
export function bookFill(
  state: EngineState,
  account: number,
  record: number,
  market: number,
  side: number,
  lots: number,
  quote: number,
  fee: number,
): number {
  const { accounts, markets } = state
  const positions = state.positions.f64
  const p = record * POSITION_D
  const a = account * ACCOUNT_D + D_CASH
  const held = positions[p + D_LOTS]!
  const after = side === 0 ? held + lots : held - lots
  const flow = side === 0 ? 0 - quote : quote
  accounts.f64[a] = accounts.f64[a]! + flow - fee
  positions[p + D_LOTS] = after
  const m = market * MARKET_D + M_OPEN_INTEREST
  markets[m] = markets[m]! + Math.max(0, after) - Math.max(0, held)
  touch(accounts.dirty, account)
  touch(state.positions.dirty, record)
  forgetHeadroom(state.headroom, account)
  return realize(positions, p, held, after, lots, flow)
}
