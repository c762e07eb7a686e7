//! Whether an order would fill whole now: the match played through without touching anything.
import { feeQuote, limits } from '@plumb/model'
import { pageOf, priceAbove, priceBelow } from './book-store.ts'
import { admitsFill, fundingDue, sumOthers } from './margin.ts'
import { isExpired, isReduceOnly, reducible } from './match.ts'
import { headOf } from './rest-order.ts'
import {
  ACCOUNT_D,
  ACCOUNT_W,
  D_CASH,
  D_LOTS,
  D_REMAINING,
  M_BEST_ASK,
  M_BEST_BID,
  M_MAKER_FEE,
  M_QUOTE_PER_TICK_LOT,
  M_TAKER_FEE,
  MARKET_D,
  NONE,
  ORDER_D,
  ORDER_W,
  POSITION_D,
  W_ACCOUNT,
  W_MARKET,
  W_NEXT,
  W_OWNER,
  W_POSITION,
  W_PRICE,
  W_SIDE,
} from './slabs.ts'
import type { EngineState } from './state.ts'

/** Mirrors `matchOrder` step by step; cash and positions of touched accounts live in the scratch. */
export function fillsWhole(state: EngineState, taker: number, selfTrade: number): boolean {
  const { i32, f64 } = state.orders
  const { markets, accounts, scratch } = state
  const o = taker * ORDER_W
  const market = i32[o + W_MARKET]!
  const m = market * MARKET_D
  const side = i32[o + W_SIDE]!
  const limit = i32[o + W_PRICE]! >>> 0
  const takerAccount = i32[o + W_ACCOUNT]!
  const owner = accounts.i32[takerAccount * ACCOUNT_W + W_OWNER]!
  scratch.epoch = (scratch.epoch + 1) | 0
  mark(state, takerAccount, i32[o + W_POSITION]!)
  let remaining = f64[taker * ORDER_D + D_REMAINING]!
  let fills = 0
  let price = side === 0 ? markets[m + M_BEST_ASK]! : markets[m + M_BEST_BID]!
  while (price !== 0 && (side === 0 ? price <= limit : price >= limit)) {
    let maker = headOf(state, pageOf(state.book, market, price), price)
    for (; maker !== NONE; maker = i32[maker * ORDER_W + W_NEXT]!) {
      if (isExpired(state, maker)) continue
      const makerAccount = i32[maker * ORDER_W + W_ACCOUNT]!
      if (accounts.i32[makerAccount * ACCOUNT_W + W_OWNER] === owner) {
        if (selfTrade !== 1) return false
        continue
      }
      mark(state, makerAccount, i32[maker * ORDER_W + W_POSITION]!)
      let lots = Math.min(remaining, f64[maker * ORDER_D + D_REMAINING]!)
      if (isReduceOnly(i32, taker))
        lots = Math.min(lots, reducible(scratch.markedLots[takerAccount]!, side))
      if (lots === 0) return false
      if (isReduceOnly(i32, maker))
        lots = Math.min(lots, reducible(scratch.markedLots[makerAccount]!, 1 - side))
      if (lots === 0) continue
      if (fills === limits.fillsPerCommandMax) return false
      const quote = price * lots * markets[m + M_QUOTE_PER_TICK_LOT]!
      const takerFee = feeQuote(quote, markets[m + M_TAKER_FEE]!)
      const makerFee = feeQuote(quote, markets[m + M_MAKER_FEE]!)
      if (
        !wouldAdmit(state, takerAccount, market, side, lots, quote, takerFee, i32[o + W_POSITION]!)
      )
        return false
      const makerRecord = i32[maker * ORDER_W + W_POSITION]!
      if (!wouldAdmit(state, makerAccount, market, 1 - side, lots, quote, makerFee, makerRecord))
        continue
      move(state, takerAccount, side, lots, quote, takerFee)
      move(state, makerAccount, 1 - side, lots, quote, makerFee)
      fills++
      remaining -= lots
      if (remaining === 0) return true
    }
    price =
      side === 0 ? priceAbove(state.book, market, price) : priceBelow(state.book, market, price)
  }
  return false
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
