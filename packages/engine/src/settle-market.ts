//! SettleMarket: a market ends. Its positions are closed at one last price, some at each tick (RULES.md 5).
import {
  closeReason,
  eventKind,
  limits,
  marketState,
  mulDivCeil,
  mulDivFloor,
  type RejectCode,
  rejectCode,
} from '@plumb/model'
import { closeCollected, collect } from './close-many.ts'
import { touch } from './dirty-set.ts'
import { emit, refusal, reject } from './emit.ts'
import { collectDust } from './funding.ts'
import { isListed } from './list-market.ts'
import { placeMark } from './mark.ts'
import { bookFill } from './match.ts'
import { INDEX_STALE_MS } from './order-admission.ts'
import { findPosition, releaseIfIdle } from './position-store.ts'
import { changeState } from './set-market-state.ts'
import { settleFunding } from './settle-funding.ts'
import {
  ACCOUNT_D,
  ACCOUNT_W,
  D_CASH,
  D_LOTS,
  M_BAD_DEBT,
  M_FIXED_INDEX,
  M_INDEX,
  M_INDEX_TIME,
  M_MARK,
  M_MARK_BAND,
  M_MARK_QUOTE,
  M_MEAN_MARK,
  M_OPEN_INTEREST,
  M_QUOTE_PER_TICK_LOT,
  M_SETTLE_PRICE,
  M_STATE,
  M_TRANCHE,
  M_UNSETTLED,
  MARKET_D,
  NONE,
  ORDER_W,
  P_NEXT,
  POSITION_D,
  POSITION_W,
  TIME_MS,
  W_FIRST_POSITION,
  W_LIVE,
  W_MARKET,
} from './slabs.ts'
import { type EngineState, LIMIT_VALUE } from './state.ts'

/** Positions that one tick closes, over all markets. */
const POSITIONS_PER_TICK = 256
const PPM = 1_000_000

export function settleMarket(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const market = i32[w + 6]!
  state.scratch.f64[LIMIT_VALUE] = 0
  const code = refuse(state, market)
  if (code !== 0) return reject(state, i32, f64, w, d, code, state.scratch.f64[LIMIT_VALUE])
  const { markets } = state
  const m = market * MARKET_D
  const price = settlementPrice(markets, m)
  changeState(state, market, marketState.settled)
  markets[m + M_SETTLE_PRICE] = price
  markets[m + M_INDEX] = price
  placeMark(state, market, price, price)
  markets[m + M_UNSETTLED] = countPositions(state, market)
  touch(state.dirtyMarkets, market)
  const event = emit(state, eventKind.MarketSettled, 0, market)
  state.events.f64[event * 20 + 4] = price
  closeOrders(state, market)
}

function refuse(state: EngineState, market: number): RejectCode | 0 {
  if (!isListed(state, market)) return rejectCode.UNKNOWN_MARKET
  const { markets } = state
  const m = market * MARKET_D
  const now = markets[m + M_STATE]!
  const may = now === marketState.halted || now === marketState.reduceOnly
  const isFixed = markets[m + M_FIXED_INDEX] !== 0
  // The contract takes the price near a mark of the publishers only.
  const isFresh = isFixed || state.totals[TIME_MS]! - markets[m + M_INDEX_TIME]! <= INDEX_STALE_MS
  if (!may || !isFresh || markets[m + M_MARK] === 0) return rejectCode.INVALID_PARAMETER
  const q = markets[m + M_QUOTE_PER_TICK_LOT]!
  const worth = markets[m + M_OPEN_INTEREST]! * settlementPrice(markets, m) * q
  // Beyond it a position's value would leave exact integers.
  if (worth < limits.notionalQuoteMax) return 0
  return refusal(state, rejectCode.MAX_NOTIONAL, limits.notionalQuoteMax)
}

/** The mean mark, brought as near to the mark as the contract wants it; or the index that was fixed. */
function settlementPrice(markets: Float64Array, m: number): number {
  if (markets[m + M_FIXED_INDEX] !== 0) return markets[m + M_INDEX]!
  const mark = markets[m + M_MARK]!
  const band = markets[m + M_MARK_BAND]!
  const least = mulDivCeil(mark, PPM - band, PPM)
  return Math.max(least, Math.min(markets[m + M_MEAN_MARK]!, mulDivFloor(mark, PPM + band, PPM)))
}

/** Positions there are in a market. */
export function countPositions(state: EngineState, market: number): number {
  const { accounts, positions } = state
  let count = 0
  for (let account = 1; account <= accounts.used; account++) {
    const record = findPosition(positions, accounts, account, market)
    if (record !== NONE && positions.f64[record * POSITION_D + D_LOTS] !== 0) count++
  }
  return count
}

function closeOrders(state: EngineState, market: number): void {
  const { i32, used } = state.orders
  let count = 0
  for (let slot = 0; slot < used; slot++) {
    const o = slot * ORDER_W
    if (i32[o + W_LIVE] === 1 && i32[o + W_MARKET] === market) count = collect(state, count, slot)
  }
  closeCollected(state, count, closeReason.marketClosed)
}

/** A tick's part of closing the positions of markets that have ended. */
export function settlePositions(state: EngineState): void {
  const { markets } = state
  let left = POSITIONS_PER_TICK
  for (let market = 0; market < state.limits.markets; market++) {
    const m = market * MARKET_D
    if (markets[m + M_STATE] !== marketState.settled) continue
    if (markets[m + M_UNSETTLED]! > 0) left = settleSome(state, market, left)
    if (markets[m + M_UNSETTLED] === 0) collectDust(state, market)
  }
}

/** Closes up to `most` positions of the market by ascending account; answers how many more may be closed. */
function settleSome(state: EngineState, market: number, most: number): number {
  const { accounts, positions, markets } = state
  const m = market * MARKET_D
  let left = most
  for (let account = 1; account <= accounts.used && left > 0; account++) {
    const record = findPosition(positions, accounts, account, market)
    if (record === NONE || positions.f64[record * POSITION_D + D_LOTS] === 0) continue
    settlePosition(state, account, record, market)
    left--
    markets[m + M_UNSETTLED] = markets[m + M_UNSETTLED]! - 1
  }
  return left
}

function settlePosition(state: EngineState, account: number, record: number, market: number): void {
  const { accounts, positions, markets } = state
  const m = market * MARKET_D
  settleFunding(state, record)
  const lots = positions.f64[record * POSITION_D + D_LOTS]!
  const value = lots * markets[m + M_MARK_QUOTE]!
  const side = lots > 0 ? 1 : 0
  const event = emit(state, eventKind.PositionSettled, account, market)
  const events = state.events.f64
  const d = event * 20
  events[d + 7] = bookFill(state, account, record, market, side, Math.abs(lots), Math.abs(value), 0)
  touch(state.dirtyMarkets, market)
  events[d + 4] = lots
  events[d + 5] = markets[m + M_SETTLE_PRICE]!
  events[d + 6] = value
  events[d + 8] = accounts.f64[account * ACCOUNT_D + D_CASH]!
  releaseIfIdle(positions, accounts, record)
  coverDeficit(state, account, market)
}

/** An account that has nothing left but a debt: the market's tranche pays, the rest is noted as bad debt. */
function coverDeficit(state: EngineState, account: number, market: number): void {
  const { accounts, positions, markets } = state
  const deficit = 0 - accounts.f64[account * ACCOUNT_D + D_CASH]!
  if (deficit <= 0) return
  let record = accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION]!
  for (; record !== NONE; record = positions.i32[record * POSITION_W + P_NEXT]!)
    if (positions.f64[record * POSITION_D + D_LOTS] !== 0) return
  const m = market * MARKET_D
  const insurance = Math.min(deficit, markets[m + M_TRANCHE]!)
  markets[m + M_TRANCHE] = markets[m + M_TRANCHE]! - insurance
  markets[m + M_BAD_DEBT] = markets[m + M_BAD_DEBT]! + deficit - insurance
  accounts.f64[account * ACCOUNT_D + D_CASH] = 0
  touch(accounts.dirty, account)
  touch(state.dirtyMarkets, market)
  const d = emit(state, eventKind.BadDebt, account, market) * 20
  const events = state.events.f64
  events[d + 4] = deficit - insurance
  events[d + 5] = markets[m + M_BAD_DEBT]!
  events[d + 6] = insurance
  events[d + 7] = markets[m + M_TRANCHE]!
}
