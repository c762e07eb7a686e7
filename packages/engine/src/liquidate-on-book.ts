//! A liquidation on the book: like an immediate-or-cancel order that nobody signed (RULES.md 4, risk.md 1.9).
import {
  bankruptcyQuote,
  closeReason,
  eventKind,
  feeQuote,
  type LiquidationState,
  liquidationFeeQuote,
  liquidationLimitTicks,
} from '@plumb/model'
import { accountHealth, HEALTH_EQUITY, HEALTH_MAINTENANCE } from './account-health.ts'
import { pageOf } from './book-store.ts'
import { touch } from './dirty-set.ts'
import { emit } from './emit.ts'
import { countVolume, makerRate, tierOf, today } from './fee-tiers.ts'
import { maintenanceMargin } from './initial-margin.ts'
import { keyAdmits } from './key-orders.ts'
import { fillsLeft, openAction, stage } from './liquidation-scope.ts'
import { bookFill, crosses, isReduceOnly, reducible, sideAdmits } from './match.ts'
import { remainingLots, shownLots } from './order-lots.ts'
import { orderIdOf } from './order-store.ts'
import { showNextPart } from './parts.ts'
import { releaseIfIdle } from './position-store.ts'
import { reduceSibling } from './reduce-siblings.ts'
import { closeResting, headOf, reserve } from './rest-order.ts'
import { settleFunding } from './settle-funding.ts'
import {
  ACCOUNT_W,
  D_LOTS,
  D_PARTIAL_AT,
  D_REMAINING,
  FEES,
  M_BEST_ASK,
  M_BEST_BID,
  M_LAST,
  M_LIQUIDATION_FEE,
  M_MARK_QUOTE,
  M_QUOTE_PER_TICK_LOT,
  M_TRANCHE,
  MARKET_D,
  ORDER_D,
  ORDER_PARTS,
  ORDER_W,
  P_MARKET,
  POSITION_D,
  POSITION_W,
  SIGNED_FLAGS,
  TIME_MS,
  TRADES,
  W_ACCOUNT,
  W_FLAGS,
  W_POSITION,
  W_SELF_TRADE,
} from './slabs.ts'
import type { EngineState } from './state.ts'

/** What does not change while one liquidation is matched. */
type Taker = {
  readonly account: number
  readonly record: number
  readonly market: number
  /** The account's: a long sells. */
  readonly side: number
}

/**
 * Matches `size` lots of the position in `record` against the book, within the limit of `point`; `partial` notes when.
 * Answers whether there was a fill.
 */
export function liquidateOnBook(
  state: EngineState,
  account: number,
  record: number,
  point: LiquidationState,
  size: number,
  partial: boolean,
): boolean {
  const market = state.positions.i32[record * POSITION_W + P_MARKET]!
  const side = point.lots > 0 ? 1 : 0
  const taker: Taker = { account, record, market, side }
  const limit = liquidationLimitTicks(point)
  let now = point
  let remaining = size
  while (remaining > 0 && fillsLeft(state) > 0 && crosses(state.markets, market, side, limit)) {
    const maker = bestMaker(state, market, side)
    const lots = takeable(state, taker, maker, remaining)
    if (lots === 0) continue
    const price = bestPrice(state, market, side)
    const insurance = insuranceOf(state, taker, now, price, lots)
    if (insurance + state.markets[market * MARKET_D + M_TRANCHE]! < 0) break
    if (remaining === size) {
      openAction(state, account, market, point.lots, size, limit, stage.book)
      if (partial) state.positions.f64[record * POSITION_D + D_PARTIAL_AT] = state.totals[TIME_MS]!
    }
    fill(state, taker, maker, price, lots, insurance)
    remaining -= lots
    const next = pointAfter(state, taker, point)
    if (next === undefined) break
    now = next
  }
  releaseIfIdle(state.positions, state.accounts, record)
  return remaining < size
}

function bestPrice(state: EngineState, market: number, side: number): number {
  return state.markets[market * MARKET_D + (side === 0 ? M_BEST_ASK : M_BEST_BID)]!
}

function bestMaker(state: EngineState, market: number, side: number): number {
  const price = bestPrice(state, market, side)
  return headOf(state, pageOf(state.book, market, price), price)
}

/** Lots that the maker at the head of the book can give; 0 once it was closed instead. What expired left at the tick's start. */
function takeable(state: EngineState, taker: Taker, maker: number, wanted: number): number {
  const { i32 } = state.orders
  const { accounts, markets, positions } = state
  const { market } = taker
  const side = 1 - taker.side
  const account = i32[maker * ORDER_W + W_ACCOUNT]!
  const group = accounts.i32[account * ACCOUNT_W + W_SELF_TRADE]
  if (group === accounts.i32[taker.account * ACCOUNT_W + W_SELF_TRADE])
    return drop(state, maker, closeReason.selfTrade)
  const record = i32[maker * ORDER_W + W_POSITION]!
  let lots = Math.min(wanted, shownLots(state, maker))
  if (isReduceOnly(i32, maker)) {
    lots = Math.min(lots, reducible(positions.f64[record * POSITION_D + D_LOTS]!, side))
    if (lots === 0) return drop(state, maker, closeReason.reduceOnly)
  }
  if (!keyAdmits(state, maker, positions.f64[record * POSITION_D + D_LOTS]!, lots))
    return drop(state, maker, closeReason.keyPosition)
  const q = markets[market * MARKET_D + M_QUOTE_PER_TICK_LOT]!
  const quote = bestPrice(state, market, taker.side) * lots * q
  const fee = feeQuote(quote, rateOf(state, market, account))
  if (sideAdmits(state, account, record, market, side, lots, quote, fee)) return lots
  return drop(state, maker, closeReason.notSettleable)
}

function drop(state: EngineState, maker: number, reason: number): 0 {
  closeResting(state, maker, reason)
  return 0
}

/** The maker's fee rate, 10 ppm; the victim pays no trading fee, so there is nothing to pay a rebate from. */
function rateOf(state: EngineState, market: number, maker: number): number {
  return Math.max(0, makerRate(state, market, tierOf(state, maker, today(state))))
}

/** What the fill would move between the account and the tranche: positive = to the tranche. */
function insuranceOf(
  state: EngineState,
  taker: Taker,
  point: LiquidationState,
  price: number,
  lots: number,
): number {
  const { markets } = state
  const m = taker.market * MARKET_D
  const quote = price * lots * markets[m + M_QUOTE_PER_TICK_LOT]!
  const delta = taker.side === 0 ? lots : 0 - lots
  const left = Math.abs(point.lots + delta)
  const after = maintenanceMargin(markets, m, left * markets[m + M_MARK_QUOTE]!)
  const beta = bankruptcyQuote(point, delta, point.marketMaintenanceQuote - after)
  const receipt = taker.side === 0 ? 0 - quote : quote
  return liquidationFeeQuote(receipt, beta, markets[m + M_LIQUIDATION_FEE]!)
}

/** The account after a fill; undefined when it is healthy again (or beyond exact arithmetic). */
function pointAfter(
  state: EngineState,
  taker: Taker,
  before: LiquidationState,
): LiquidationState | undefined {
  const { markets, scratch } = state
  const { health } = scratch
  const m = taker.market * MARKET_D
  const exact = accountHealth(state, taker.account, health)
  if (!exact || health[HEALTH_EQUITY]! >= health[HEALTH_MAINTENANCE]!) return undefined
  const lots = state.positions.f64[taker.record * POSITION_D + D_LOTS]!
  return {
    ...before,
    equityQuote: health[HEALTH_EQUITY]!,
    maintenanceQuote: health[HEALTH_MAINTENANCE]!,
    marketMaintenanceQuote: maintenanceMargin(
      markets,
      m,
      Math.abs(lots) * markets[m + M_MARK_QUOTE]!,
    ),
    lots,
  }
}

/** Books the fill on both sides and in the tranche, and says so. */
function fill(
  state: EngineState,
  taker: Taker,
  maker: number,
  price: number,
  lots: number,
  insurance: number,
): void {
  const { i32, f64 } = state.orders
  const { markets, totals, positions } = state
  const { account, record, market, side } = taker
  const m = market * MARKET_D
  const makerAccount = i32[maker * ORDER_W + W_ACCOUNT]!
  const makerRecord = i32[maker * ORDER_W + W_POSITION]!
  const quote = price * lots * markets[m + M_QUOTE_PER_TICK_LOT]!
  const rate = rateOf(state, market, makerAccount)
  const makerFee = feeQuote(quote, rate)
  settleFunding(state, makerRecord)
  countVolume(state, makerAccount, today(state), quote)
  const event = emit(state, eventKind.LiquidationFilled, account, market)
  const events = state.events.f64
  const words = state.events.i32
  const d = event * 20
  const w = event * 40
  reserve(state, maker, lots, -1)
  events[d + 11] = bookFill(state, account, record, market, side, lots, quote, insurance)
  events[d + 12] = bookFill(
    state,
    makerAccount,
    makerRecord,
    market,
    1 - side,
    lots,
    quote,
    makerFee,
  )
  const makerRemaining = f64[maker * ORDER_D + D_REMAINING]! - lots
  f64[maker * ORDER_D + D_REMAINING] = makerRemaining
  totals[FEES] = totals[FEES]! + makerFee
  markets[m + M_TRANCHE] = markets[m + M_TRANCHE]! + insurance
  markets[m + M_LAST] = price
  touch(state.orders.dirty, maker)
  touch(state.dirtyMarkets, market)
  const makerLots = positions.f64[makerRecord * POSITION_D + D_LOTS]!
  events[d + 4] = ++totals[TRADES]!
  events[d + 5] = price
  events[d + 6] = lots
  events[d + 7] = quote
  events[d + 8] = orderIdOf(state.orders, maker)
  events[d + 9] = insurance
  events[d + 10] = makerFee
  events[d + 13] = positions.f64[record * POSITION_D + D_LOTS]!
  events[d + 14] = makerLots
  events[d + 15] = remainingLots(state, maker)
  events[d + 18] = markets[m + M_TRANCHE]!
  words[w + 32] = makerAccount
  words[w + 33] = side
  words[w + 34] = rate
  reduceSibling(state, maker, lots)
  const flags = i32[maker * ORDER_W + W_FLAGS]!
  if (makerRemaining === 0 && (flags & ORDER_PARTS) === 0)
    closeResting(state, maker, closeReason.filled)
  else if (isReduceOnly(i32, maker) && makerLots === 0)
    closeResting(state, maker, closeReason.reduceOnly)
  else if (flags > SIGNED_FLAGS) showNextPart(state, maker)
}
