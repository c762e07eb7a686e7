//! What an order must satisfy before it is matched: shape, limits, lane, market state, bands, risk. In this order.
import {
  commandKind,
  limits,
  marketState,
  mulDivCeil,
  mulDivFloor,
  orderFlag,
  orderKind,
  orderOption,
  type RejectCode,
  rejectCode,
  timeInForce,
} from '@plumb/model'
import { isSettlementStopped } from './chain-state.ts'
import { refusal } from './emit.ts'
import { findLane, orderOfLane, seqOfLane } from './lane-store.ts'
import { reducible } from './match.ts'
import { isReductionAsked } from './requested-reduction.ts'
import { openLots } from './rest-order.ts'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const {
  ACCOUNT_W,
  D_LOTS,
  ISOLATED_MASK,
  LAG_S,
  MARKET_D,
  M_BAND_DOWN,
  M_BAND_UP,
  M_FIXED_INDEX,
  M_INDEX_TIME,
  M_LISTED,
  M_MAKER_FEE,
  M_MARK,
  M_MAX_OPEN_INTEREST,
  M_MAX_ORDER,
  M_MAX_POSITION,
  M_MIN_NOTIONAL,
  M_MIN_ORDER,
  M_OPEN_INTEREST,
  M_PRICE_BAND,
  M_QUOTE_PER_TICK_LOT,
  M_RISK_FLAGS,
  M_SCOPE,
  M_SCOPE_DOWN,
  M_SCOPE_UP,
  M_STATE,
  MONEY_ASKED,
  MONEY_ASKED_ALONG,
  M_TAKER_FEE,
  NONE,
  POSITION_D,
  SCOPED,
  THROTTLE_LEVEL,
  THROTTLE_NOTIONAL,
  TIME_MS,
  W_LOCKED,
  W_MIN_SEQ,
  W_RISK,
} = slabs

/** An index older than this opens only reduce-only orders (risk.md 1.1). */
export const INDEX_STALE_MS = 5_000
/** An index older than this halts the market. */
export const INDEX_DEAD_MS = 30_000

const PPM = 1_000_000
/** Bits of the signed flags. */
const KNOWN_FLAGS = 0x1f

const isInteger = (x: number) => Math.floor(x) === x && Math.abs(x) <= Number.MAX_SAFE_INTEGER

/**
 * Market exists and the order's fields are in range for it; 0 = fine. `w`, `d`: the command's first word, double.
 * `advanced`: its kind and trigger are another's to judge.
 */
export function refuseShape(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
  advanced: boolean,
): RejectCode | 0 {
  const market = i32[w + 6]!
  if (!(market >= 0 && market < state.limits.markets)) return rejectCode.UNKNOWN_MARKET
  const markets = state.markets
  const m = market * MARKET_D
  if (markets[m + M_LISTED] === 0) return rejectCode.UNKNOWN_MARKET
  const flags = i32[w + 15]!
  const plain = advanced || i32[w + 16] === orderKind.limit
  if (!plain || (flags & ~KNOWN_FLAGS) !== 0) return rejectCode.UNSUPPORTED
  const side = i32[w + 14]!
  const selfTrade = i32[w + 21]!
  const tif = (flags >> 2) & 3
  if (side < 0 || side > 1 || selfTrade < 0 || selfTrade > 2 || tif === 3)
    return rejectCode.INVALID_PARAMETER
  if (!advanced && f64[d + 6] !== 0) return rejectCode.INVALID_PARAMETER
  const options = i32[w + 7]!
  if (options !== 0 && !isMarketOrder(options, tif, i32[w + 4]!))
    return rejectCode.INVALID_PARAMETER
  const postOnly = (flags & orderFlag.postOnly) !== 0
  if (postOnly && tif !== timeInForce.gtc) return rejectCode.INVALID_PARAMETER
  const price = f64[d + 4]!
  if (!(isInteger(price) && price >= 1 && price <= limits.priceTicksMax))
    return refusal(state, rejectCode.INVALID_TICK, limits.priceTicksMax)
  const lots = f64[d + 5]!
  const q = markets[m + M_QUOTE_PER_TICK_LOT]!
  if (!(isInteger(lots) && lots >= markets[m + M_MIN_ORDER]!))
    return refusal(state, rejectCode.INVALID_STEP, markets[m + M_MIN_ORDER]!)
  if (lots > markets[m + M_MAX_ORDER]!)
    return refusal(state, rejectCode.MAX_SIZE, markets[m + M_MAX_ORDER]!)
  const notional = price * lots * q
  if (notional < markets[m + M_MIN_NOTIONAL]!)
    return refusal(state, rejectCode.MIN_NOTIONAL, markets[m + M_MIN_NOTIONAL]!)
  if (notional > limits.notionalQuoteMax)
    return refusal(state, rejectCode.MAX_NOTIONAL, limits.notionalQuoteMax)
  const maxFee = i32[w + 17]!
  if (maxFee < 0 || maxFee > limits.maxFeeMax)
    return refusal(state, rejectCode.INVALID_PARAMETER, limits.maxFeeMax)
  const fee = markets[m + (postOnly ? M_MAKER_FEE : M_TAKER_FEE)]!
  if (fee > maxFee) return refusal(state, rejectCode.FEE_ABOVE_MAX, fee)
  return 0
}

/**
 * An isolated account takes new orders of its one market only, one that has asked on-chain for more than is free only
 * those that reduce, and none where the chain is to reduce its position; checked after shape.
 */
export function refuseIsolated(
  state: EngineState,
  account: number,
  market: number,
  flags: number,
): RejectCode | 0 {
  const { i32 } = state.accounts
  if (isReductionAsked(state, account, market)) return rejectCode.ASKED_ON_CHAIN
  const money = i32[account * ACCOUNT_W + W_LOCKED]! & (MONEY_ASKED | MONEY_ASKED_ALONG)
  if (money !== 0 && (flags & orderFlag.reduceOnly) === 0) return rejectCode.CLOSE_ONLY
  const isolated = i32[account * ACCOUNT_W + W_RISK]! & ISOLATED_MASK
  return isolated === 0 || isolated === market + 1 ? 0 : rejectCode.ISOLATED_MARKET
}

/** Whether a command of this kind may carry these options. */
function isMarketOrder(options: number, tif: number, kind: number): boolean {
  const taken = options === orderOption.market && tif === timeInForce.ioc
  return taken && kind !== commandKind.AmendOrder
}

/** The lane accepts this sequence number: higher than the last, and no order lives in it but `ownSlot`. */
export function refuseLane(
  state: EngineState,
  account: number,
  lane: number,
  laneSeq: number,
  ownSlot: number,
): RejectCode | 0 {
  if (!(lane >= 0 && lane < limits.lanesPerAccountMax))
    return refusal(state, rejectCode.INVALID_LANE, limits.lanesPerAccountMax - 1)
  const place = findLane(state.lanes, account, lane)
  const least = state.accounts.i32[account * ACCOUNT_W + W_MIN_SEQ]! >>> 0
  const seq = Math.max(place === NONE ? 0 : seqOfLane(state.lanes, place), least - 1)
  if (laneSeq <= seq) return refusal(state, rejectCode.NONCE_USED, seq)
  if (place === NONE) return state.lanes.used === state.lanes.capacity ? rejectCode.CAPACITY : 0
  const live = orderOfLane(state.lanes, place)
  return live !== NONE && live !== ownSlot ? rejectCode.LANE_BUSY : 0
}

/** The signature outlives the settlement lag: something signed now can still be settled. */
export function refuseExpiry(state: EngineState, expiryS: number): RejectCode | 0 {
  const { totals } = state
  const tooEarly = (expiryS - totals[LAG_S]!) * 1_000 <= totals[TIME_MS]!
  return tooEarly ? refusal(state, rejectCode.SIGNATURE_EXPIRED, totals[LAG_S]!) : 0
}

/**
 * The market takes such an order now: its state, settlement, the throttle, the age of its index, the band around mark.
 * `quote`: the order's notional, Infinity for one that is not throttled.
 */
export function refuseMarket(
  state: EngineState,
  market: number,
  side: number,
  flags: number,
  price: number,
  quote: number,
): RejectCode | 0 {
  const markets = state.markets
  const m = market * MARKET_D
  const reduceOnly = (flags & orderFlag.reduceOnly) !== 0
  const now = markets[m + M_STATE]!
  if (now >= marketState.halted) return rejectCode.MARKET_HALTED
  if (now === marketState.cancelOnly) return rejectCode.CANCEL_ONLY
  if (now === marketState.reduceOnly && !reduceOnly) return rejectCode.CLOSE_ONLY
  if (now === marketState.postOnly && (flags & orderFlag.postOnly) === 0)
    return rejectCode.POST_ONLY_STATE
  if ((flags & orderFlag.postOnly) === 0 && isSettlementStopped(state))
    return refusal(state, rejectCode.SETTLEMENT_LAG, state.totals[LAG_S]!)
  const throttled = refuseThrottled(state, flags, quote)
  if (throttled !== 0) return throttled
  if (markets[m + M_MARK] === 0) return rejectCode.NO_MARK_PRICE
  if (markets[m + M_FIXED_INDEX] === 0) {
    const age = state.totals[TIME_MS]! - markets[m + M_INDEX_TIME]!
    if (age > INDEX_DEAD_MS) return rejectCode.MARKET_HALTED
    if (age > INDEX_STALE_MS && !reduceOnly) return rejectCode.CLOSE_ONLY
  }
  if ((markets[m + M_RISK_FLAGS]! & SCOPED) !== 0 && !reduceOnly) {
    const edge = markets[m + (side === 0 ? M_SCOPE_DOWN : M_SCOPE_UP)]!
    if (side === 0 ? price < edge : price > edge) return refusal(state, rejectCode.PRICE_BAND, edge)
  }
  if (markets[m + M_PRICE_BAND] === 0) return 0
  if (side === 0 && price > markets[m + M_BAND_UP]!)
    return refusal(state, rejectCode.PRICE_BAND, markets[m + M_BAND_UP]!)
  if (side === 1 && price < markets[m + M_BAND_DOWN]!)
    return refusal(state, rejectCode.PRICE_BAND, markets[m + M_BAND_DOWN]!)
  return 0
}

/** Under settlement pressure only larger orders, or only post-only ones, may add positions (RULES.md 1.7). */
export function refuseThrottled(state: EngineState, flags: number, quote: number): RejectCode | 0 {
  const { totals } = state
  if (totals[THROTTLE_LEVEL] === 0 || quote === Infinity) return 0
  if ((flags & orderFlag.reduceOnly) !== 0) return 0
  const least = totals[THROTTLE_NOTIONAL]!
  if (quote < least) return refusal(state, rejectCode.THROTTLED, least)
  const taking = totals[THROTTLE_LEVEL] === 2 && (flags & orderFlag.postOnly) === 0
  return taking ? rejectCode.THROTTLED : 0
}

/**
 * Position and open-interest limits of an order of `lots`, given what the account holds and has open on that side
 * (without the order itself).
 */
export function refuseSize(
  state: EngineState,
  record: number,
  market: number,
  side: number,
  lots: number,
): RejectCode | 0 {
  const positions = state.positions.f64
  const p = record * POSITION_D
  const m = market * MARKET_D
  const held = record === NONE ? 0 : positions[p + D_LOTS]!
  const open = record === NONE ? 0 : openLots(state, record, side)
  const limit = state.markets[m + M_MAX_POSITION]!
  if (lots + open + (side === 0 ? held : 0 - held) > limit)
    return refusal(state, rejectCode.POSITION_LIMIT, limit)
  const interest = state.markets[m + M_MAX_OPEN_INTEREST]!
  if (interest === 0) return 0
  const growth = lots - Math.min(lots, reducible(held, side))
  if (growth > 0 && state.markets[m + M_OPEN_INTEREST]! + growth > interest)
    return refusal(state, rejectCode.OPEN_INTEREST_LIMIT, interest)
  return 0
}

/** Price band and scope around a mark (risk.md 1.12), kept with it. */
export function updateBands(state: EngineState, market: number): void {
  const markets = state.markets
  const m = market * MARKET_D
  const mark = markets[m + M_MARK]!
  const band = markets[m + M_PRICE_BAND]!
  const scope = markets[m + M_SCOPE]!
  markets[m + M_BAND_UP] = mulDivFloor(mark, PPM + band, PPM)
  markets[m + M_BAND_DOWN] = mulDivCeil(mark, PPM - band, PPM)
  markets[m + M_SCOPE_UP] = mulDivFloor(mark, PPM + scope, PPM)
  markets[m + M_SCOPE_DOWN] = mulDivCeil(mark, PPM - scope, PPM)
}
