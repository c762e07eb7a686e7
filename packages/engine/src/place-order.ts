//! PlaceOrder: admit, then match, then rest or close.
import {
  closeReason,
  eventKind,
  limits,
  orderFlag,
  orderOption,
  type RejectCode,
  rejectCode,
  timeInForce,
} from '@plumb/model'
import { canHold } from './book-store.ts'
import { findClientId, rememberClientId, sameBody } from './client-id-store.ts'
import { touch } from './dirty-set.ts'
import { bandedLimit } from './effective-limit.ts'
import { emit, emitOrderPlaced, refusal, reject } from './emit.ts'
import { fillsWhole } from './fill-or-kill.ts'
import { coversMargin } from './headroom.ts'
import { bindKey, refuseKey, refuseKeyPosition } from './key-orders.ts'
import { makeLane, takeLane } from './lane-store.ts'
import { marketRequirement } from './margin.ts'
import { crosses, matchOrder, reducible } from './match.ts'
import {
  refuseExpiry,
  refuseIsolated,
  refuseLane,
  refuseMarket,
  refuseShape,
  refuseSize,
} from './order-admission.ts'
import { hasFreeOrder, orderIdOf, returnOrder, takeOrder } from './order-store.ts'
import { placePlain } from './place-plain.ts'
import {
  findPosition,
  hasFreePosition,
  openPosition,
  pinPosition,
  unpinPosition,
} from './position-store.ts'
import { closeOrder, restOrder } from './rest-order.ts'
import * as slabs from './slabs.ts'
import { type EngineState, LIMIT_VALUE } from './state.ts'

const {
  ACCOUNT_W,
  CD_ORDER_ID,
  CLIENT_D,
  CLIENT_TEXT_WORDS,
  D_LOTS,
  D_PRIORITY,
  D_REMAINING,
  D_SIZE,
  MARKET_D,
  M_QUOTE_PER_TICK_LOT,
  NONE,
  ORDER_D,
  ORDER_W,
  POSITION_D,
  W_ACCOUNT,
  W_CLIENT_ID,
  W_EXPIRY,
  W_FLAGS,
  W_LANE,
  W_LANE_SEQ,
  W_MARKET,
  W_MAX_FEE,
  W_OPEN_ORDERS,
  W_POSITION,
  W_PRICE,
  W_SIDE,
} = slabs

export function placeOrder(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const plain = placePlain(state, i32, f64, w)
  if (plain !== NONE) {
    // Resting already, or crossing: then it has no priority yet.
    if (state.orders.f64[plain * ORDER_D + D_PRIORITY] === 0)
      matchAndRest(state, plain, i32[w + 21]!, (i32[w + 15]! >> 2) & 3)
    return
  }
  placeAny(state, i32, f64, w, d)
}

/** Every new order, checked rule by rule. */
function placeAny(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const account = i32[w + 5]!
  if (!(account >= 1 && account <= state.accounts.used)) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_ACCOUNT)
    return
  }
  if (i32[w + 24] !== 0 && answeredBefore(state, i32, f64, w, d)) return
  state.scratch.f64[LIMIT_VALUE] = 0
  const shape = refuseShape(state, i32, f64, w, d, false)
  if (shape !== 0) {
    reject(state, i32, f64, w, d, shape, state.scratch.f64[LIMIT_VALUE])
    return
  }
  const isMarket = i32[w + 7] === orderOption.market
  const price = isMarket ? bandedLimit(state, i32[w + 6]!, i32[w + 14]!, f64[d + 4]!) : f64[d + 4]!
  const code = refuseOrder(state, i32, f64, w, d, price)
  if (code !== 0) {
    reject(state, i32, f64, w, d, code, state.scratch.f64[LIMIT_VALUE])
    return
  }
  const slot = acceptOrder(state, i32, f64, w, d, price)
  const tif = (i32[w + 15]! >> 2) & 3
  if (
    tif === timeInForce.fok &&
    !fillsWhole(state, slot, i32[w + 21]!, limits.fillsPerCommandMax)
  ) {
    withdrawAcceptance(state, slot)
    reject(state, i32, f64, w, d, rejectCode.NOT_FILLABLE)
    return
  }
  beginLife(state, slot, i32, f64, w, d)
  bindKey(state, slot, i32, f64, w, d)
  const placed = emitOrderPlaced(state, slot, i32, w)
  if (isMarket) state.events.f64[placed * 20 + 11] = f64[d + 4]!
  matchAndRest(state, slot, i32[w + 21]!, tif)
}

function matchAndRest(state: EngineState, slot: number, selfTrade: number, tif: number): void {
  const stopped = matchOrder(state, slot, selfTrade, limits.fillsPerCommandMax)
  if (state.orders.f64[slot * ORDER_D + D_REMAINING] === 0)
    closeOrder(state, slot, closeReason.filled)
  else if (stopped !== NONE) closeOrder(state, slot, stopped)
  else if (tif !== timeInForce.gtc) closeOrder(state, slot, closeReason.ioc)
  else restOrder(state, slot)
}

/** A client order id seen before: the same request again changes nothing, another body is refused. */
export function answeredBefore(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): boolean {
  const ids = state.clientIds
  const entry = findClientId(ids, i32[w + 5]!, i32, w)
  if (entry === NONE) return false
  if (!sameBody(ids, entry, i32, f64, w, d)) {
    reject(state, i32, f64, w, d, rejectCode.DUPLICATE_CLIENT_ORDER_ID)
    return true
  }
  const record = emit(state, eventKind.DuplicateRequest, i32[w + 5]!, 0)
  state.events.f64[record * 20 + 4] = ids.f64[entry * CLIENT_D + CD_ORDER_ID]!
  for (let i = 0; i < CLIENT_TEXT_WORDS; i++)
    state.events.i32[record * 40 + 16 + i] = i32[w + 24 + i]!
  return true
}

/** Every check of a new order after its shape, in the order their codes take precedence; 0 = admitted. */
function refuseOrder(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
  price: number,
): RejectCode | 0 {
  const account = i32[w + 5]!
  const isolated = refuseIsolated(state, account, i32[w + 6]!, i32[w + 15]!)
  if (isolated !== 0) return isolated
  const lane = refuseLane(state, account, i32[w + 18]!, i32[w + 19]! >>> 0, NONE)
  if (lane !== 0) return lane
  const expiry = refuseExpiry(state, i32[w + 20]! >>> 0)
  if (expiry !== 0) return expiry
  const key = refuseKey(state, i32, f64, w, d, NONE)
  if (key !== 0) return key
  const market = i32[w + 6]!
  const side = i32[w + 14]!
  const flags = i32[w + 15]!
  const lots = f64[d + 5]!
  const quote = f64[d + 4]! * lots * state.markets[market * MARKET_D + M_QUOTE_PER_TICK_LOT]!
  const now = refuseMarket(state, market, side, flags, price, quote)
  if (now !== 0) return now
  const record = findPosition(state.positions, state.accounts, account, market)
  const position = refuseKeyPosition(state, i32, w, record, lots)
  if (position !== 0) return position
  const risk = refuseRisk(state, account, record, market, side, flags, price, lots)
  if (risk !== 0) return risk
  const crossing = crosses(state.markets, market, side, price)
  if ((flags & orderFlag.postOnly) !== 0 && crossing) return rejectCode.POST_ONLY_WOULD_CROSS
  const tif = (flags >> 2) & 3
  if (tif !== timeInForce.gtc && !crossing) return rejectCode.NOT_FILLABLE
  if (state.accounts.i32[account * ACCOUNT_W + W_OPEN_ORDERS]! >= state.limits.ordersPerAccount)
    return refusal(state, rejectCode.OPEN_ORDERS_LIMIT, state.limits.ordersPerAccount)
  if (!hasFreeOrder(state.orders) || (record === NONE && !hasFreePosition(state.positions)))
    return rejectCode.CAPACITY
  return tif === timeInForce.gtc && !canHold(state.book, market, price) ? rejectCode.CAPACITY : 0
}

/** Reduce-only, position limit, open interest, initial margin. Record NONE: the account has nothing in the market. */
export function refuseRisk(
  state: EngineState,
  account: number,
  record: number,
  market: number,
  side: number,
  flags: number,
  price: number,
  lots: number,
): RejectCode | 0 {
  if ((flags & orderFlag.reduceOnly) !== 0) {
    const held = record === NONE ? 0 : state.positions.f64[record * POSITION_D + D_LOTS]!
    return reducible(held, side) === 0 ? rejectCode.REDUCE_ONLY : 0
  }
  const size = refuseSize(state, record, market, side, lots)
  if (size !== 0) return size
  const after = marketRequirement(state, account, record, market, side, price, lots)
  if (coversMargin(state, account, record, after)) return 0
  // Short of margin, an order still passes that does not raise the requirement.
  const before = marketRequirement(state, account, record, market, NONE, 0, 0)
  const passes = after < Infinity && after <= before
  return passes ? 0 : rejectCode.INSUFFICIENT_MARGIN
}

/** Fills a slot (and the account's record in the market) for an admitted order; nothing else changes yet. */
export function acceptOrder(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
  price: number,
): number {
  const { orders, positions, accounts } = state
  const account = i32[w + 5]!
  const market = i32[w + 6]!
  const slot = takeOrder(orders)
  const o = slot * ORDER_W
  const to = orders.i32
  let record = findPosition(positions, accounts, account, market)
  if (record === NONE) record = openPosition(positions, accounts, account, market)
  pinPosition(positions, record)
  orders.f64[slot * ORDER_D + D_REMAINING] = f64[d + 5]!
  orders.f64[slot * ORDER_D + D_SIZE] = f64[d + 5]!
  orders.f64[slot * ORDER_D + D_PRIORITY] = 0
  to[o + W_PRICE] = price | 0
  to[o + W_MARKET] = market
  to[o + W_ACCOUNT] = account
  to[o + W_SIDE] = i32[w + 14]!
  to[o + W_FLAGS] = i32[w + 15]!
  to[o + W_POSITION] = record
  to[o + W_EXPIRY] = i32[w + 20]!
  to[o + W_LANE] = i32[w + 18]!
  to[o + W_LANE_SEQ] = i32[w + 19]!
  to[o + W_MAX_FEE] = i32[w + 17]!
  to[o + W_CLIENT_ID] = NONE
  return slot
}

/** The order lives: its lane is taken, its client id remembered. */
export function beginLife(
  state: EngineState,
  slot: number,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const { lanes, clientIds, accounts, orders } = state
  const place = makeLane(lanes, i32[w + 5]!, i32[w + 18]!)
  takeLane(lanes, place, i32[w + 19]!, slot)
  touch(lanes.dirty, place)
  if (i32[w + 24] === 0) return
  const id = orderIdOf(orders, slot)
  orders.i32[slot * ORDER_W + W_CLIENT_ID] = rememberClientId(
    clientIds,
    accounts,
    i32,
    f64,
    w,
    d,
    id,
  )
}

/** Undoes `acceptOrder`, generation included: a refused order leaves no trace. */
export function withdrawAcceptance(state: EngineState, slot: number): void {
  const record = state.orders.i32[slot * ORDER_W + W_POSITION]!
  returnOrder(state.orders, slot)
  unpinPosition(state.positions, state.accounts, record)
}
