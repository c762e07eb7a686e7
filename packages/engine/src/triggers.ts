//! Triggers: at each tick, which waiting orders the market has reached, and what becomes of them (RULES.md 1.4).
import {
  closeReason,
  eventKind,
  orderFlag,
  orderStyle,
  type RejectCode,
  rejectCode,
  timeInForce,
  triggerKind,
  triggerSource,
} from '@plumb/model'
import { canHold } from './book-store.ts'
import { touch } from './dirty-set.ts'
import { bestOpposite, cappedLimit } from './effective-limit.ts'
import { emit } from './emit.ts'
import { fillsWhole } from './fill-or-kill.ts'
import { armedLots, leaveParent } from './links.ts'
import { crosses } from './match.ts'
import { refuseMarket } from './order-admission.ts'
import { orderIdOf, slotOfOrder } from './order-store.ts'
import { refuseRisk } from './place-order.ts'
import { closeOrder, closeResting, joinOwner, leaveOwner } from './rest-order.ts'
import {
  A_LIMIT,
  A_OFFSET,
  A_PARENT,
  A_SELF_TRADE,
  A_SLIPPAGE,
  A_SLOT,
  A_STYLE,
  A_TRIGGER,
  A_TRIGGER_KIND,
  A_TRIGGER_SOURCE,
  AD_EXTREME,
  ADVANCED_D,
  ADVANCED_W,
  D_REMAINING,
  D_SIZE,
  M_INDEX,
  M_LAST,
  M_MARK,
  M_TRIGGERS,
  MARKET_D,
  NONE,
  ORDER_D,
  ORDER_W,
  ORDER_WAITING,
  W_ACCOUNT,
  W_FLAGS,
  W_MARKET,
  W_POSITION,
  W_PRICE,
  W_SIDE,
} from './slabs.ts'
import { type EngineState, REACHED_MAX } from './state.ts'
import { fillsLeft } from './tick-budget.ts'
import { firstWaiting, nextWaiting } from './waiting-list.ts'
import { workOrder } from './work-order.ts'

/** The price a trigger of this source looks at, 0 if there is none yet. */
export function sourcePrice(state: EngineState, market: number, source: number): number {
  const field =
    source === triggerSource.mark ? M_MARK : source === triggerSource.index ? M_INDEX : M_LAST
  return state.markets[market * MARKET_D + field]!
}

/** Activates the orders of a market whose trigger is reached, by ascending waiting priority. */
export function runTriggers(state: EngineState, market: number): void {
  const { reached, reachedIds, reachedPrices } = state.scratch
  const count = noteReached(state, market)
  for (let i = 0; i < count; i++) {
    if (fillsLeft(state) === 0) return
    if (slotOfOrder(state.orders, reachedIds[i]!) !== NONE)
      activate(state, reached[i]!, reachedPrices[i]!)
  }
}

function noteReached(state: EngineState, market: number): number {
  const { advanced, scratch } = state
  let count = 0
  let record = firstWaiting(state, market, M_TRIGGERS)
  for (; record !== NONE; record = nextWaiting(state, record)) {
    const a = record * ADVANCED_W
    const price = sourcePrice(state, market, advanced.i32[a + A_TRIGGER_SOURCE]!)
    if (price === 0 || !isReached(state, record, price)) continue
    if (count === REACHED_MAX || armedLots(state, record) === 0) continue
    scratch.reached[count] = record
    scratch.reachedIds[count] = orderIdOf(state.orders, advanced.i32[a + A_SLOT]!)
    scratch.reachedPrices[count++] = price
  }
  return count
}

/** Whether `price` reaches the order's trigger; a trailing one follows it first. */
function isReached(state: EngineState, record: number, price: number): boolean {
  const { i32 } = state.advanced
  const a = record * ADVANCED_W
  const buys = state.orders.i32[i32[a + A_SLOT]! * ORDER_W + W_SIDE] === 0
  if (i32[a + A_STYLE] === orderStyle.trailing) {
    const extreme = followExtreme(state, record, price, buys)
    const offset = i32[a + A_OFFSET]!
    return buys ? price >= extreme + offset : extreme > offset && price <= extreme - offset
  }
  const trigger = i32[a + A_TRIGGER]! >>> 0
  const above = buys === (i32[a + A_TRIGGER_KIND] === triggerKind.stop)
  return above ? price >= trigger : price <= trigger
}

function followExtreme(state: EngineState, record: number, price: number, buys: boolean): number {
  const { f64, dirty } = state.advanced
  const at = record * ADVANCED_D + AD_EXTREME
  const before = f64[at]!
  if (before !== 0 && (buys ? price >= before : price <= before)) return before
  f64[at] = price
  touch(dirty, record)
  return price
}

/** The moment of a waiting order: armed, admitted anew at its effective limit, matched. */
function activate(state: EngineState, record: number, seen: number): void {
  const { orders, advanced } = state
  const a = record * ADVANCED_W
  const slot = advanced.i32[a + A_SLOT]!
  const o = slot * ORDER_W
  const parent = advanced.i32[a + A_PARENT]!
  if (parent !== NONE) {
    const armed = armedLots(state, record)
    orders.f64[slot * ORDER_D + D_REMAINING] = armed
    orders.f64[slot * ORDER_D + D_SIZE] = armed
    leaveParent(state, record)
  }
  const limit = limitNow(state, record, slot)
  leaveOwner(state, slot)
  setWaiting(state, record, slot, false, limit)
  const event = emit(
    state,
    eventKind.OrderTriggered,
    orders.i32[o + W_ACCOUNT]!,
    orders.i32[o + W_MARKET]!,
  )
  const d = event * 20
  state.events.f64[d + 4] = orderIdOf(orders, slot)
  state.events.f64[d + 5] = seen
  state.events.f64[d + 6] = orders.f64[slot * ORDER_D + D_REMAINING]!
  state.events.f64[d + 7] = limit
  if (parent !== NONE)
    closeResting(state, advanced.i32[parent * ADVANCED_W + A_SLOT]!, closeReason.linked)
  const code = refuseActivation(state, slot, advanced.i32[a + A_SELF_TRADE]!)
  if (code !== 0) closeOrder(state, slot, closeReason.triggerRefused, code)
  else if (!workOrder(state, slot, advanced.i32[a + A_SELF_TRADE]!, fillsLeft(state))) {
    setWaiting(state, record, slot, true, advanced.i32[a + A_LIMIT]!)
    joinOwner(state, slot)
  }
}

function limitNow(state: EngineState, record: number, slot: number): number {
  const { i32 } = state.advanced
  const a = record * ADVANCED_W
  const limit = i32[a + A_LIMIT]! >>> 0
  if (i32[a + A_STYLE] !== orderStyle.market) return limit
  const market = state.orders.i32[slot * ORDER_W + W_MARKET]!
  const side = state.orders.i32[slot * ORDER_W + W_SIDE]!
  const best = bestOpposite(state, market, side)
  return cappedLimit(state, market, side, limit, i32[a + A_SLIPPAGE]!, best)
}

/** Moves an order into or out of waiting; `price` is where it counts from now on. */
export function setWaiting(
  state: EngineState,
  record: number,
  slot: number,
  waiting: boolean,
  price: number,
): void {
  const { i32, dirty } = state.orders
  const o = slot * ORDER_W
  const flags = i32[o + W_FLAGS]!
  i32[o + W_FLAGS] = waiting ? flags | ORDER_WAITING : flags & ~ORDER_WAITING
  i32[o + W_PRICE] = price | 0
  touch(dirty, slot)
  touch(state.advanced.dirty, record)
}

/** As for a new order of what remains, at the price it has now; 0 = admitted. */
function refuseActivation(state: EngineState, slot: number, selfTrade: number): RejectCode | 0 {
  const { i32, f64 } = state.orders
  const o = slot * ORDER_W
  const market = i32[o + W_MARKET]!
  const side = i32[o + W_SIDE]!
  const flags = i32[o + W_FLAGS]!
  const price = i32[o + W_PRICE]! >>> 0
  const lots = f64[slot * ORDER_D + D_REMAINING]!
  const now = refuseMarket(state, market, side, flags, price, Infinity)
  if (now !== 0) return now
  const record = i32[o + W_POSITION]!
  const risk = refuseRisk(state, i32[o + W_ACCOUNT]!, record, market, side, flags, price, lots)
  if (risk !== 0) return risk
  const crossing = crosses(state.markets, market, side, price)
  if ((flags & orderFlag.postOnly) !== 0 && crossing) return rejectCode.POST_ONLY_WOULD_CROSS
  const tif = (flags >> 2) & 3
  if (tif === timeInForce.gtc) return canHold(state.book, market, price) ? 0 : rejectCode.CAPACITY
  const fills =
    crossing && (tif !== timeInForce.fok || fillsWhole(state, slot, selfTrade, fillsLeft(state)))
  return fills ? 0 : rejectCode.NOT_FILLABLE
}
