//! Links between an account's orders: OCO siblings, and bracket children armed as their parent fills.
import {
  limits,
  mulDivFloor,
  orderFlag,
  orderStyle,
  type RejectCode,
  rejectCode,
  timeInForce,
  timeInForceOf,
} from '@plumb/model'
import { advancedOf } from './advanced-store.ts'
import { touch } from './dirty-set.ts'
import { refusal } from './emit.ts'
import { filledOfLane, findLane, orderOfLane, seqOfLane } from './lane-store.ts'
import { remainingLots } from './order-lots.ts'
import {
  A_FIRST_CHILD,
  A_NEXT_CHILD,
  A_PARENT,
  A_PARENT_LANE,
  A_PARENT_SEQ,
  A_PREV_CHILD,
  A_SIBLING,
  A_SLOT,
  A_STYLE,
  AD_PARENT_FILLED,
  AD_PARENT_TOTAL,
  ADVANCED_D,
  ADVANCED_W,
  D_REMAINING,
  D_SIZE,
  NONE,
  ORDER_ADVANCED,
  ORDER_D,
  ORDER_W,
  W_ADVANCED,
  W_FLAGS,
  W_LANE,
  W_LANE_SEQ,
  W_MARKET,
  W_SIDE,
} from './slabs.ts'
import type { EngineState } from './state.ts'

/** Live children one order may have. */
const CHILDREN_MAX = 8

// Places of the links in the command: lanes (plus one) share word 55.
const parentLaneOf = (i32: Int32Array, w: number) => i32[w + 55]! & 0xffff
const ocoLaneOf = (i32: Int32Array, w: number) => i32[w + 55]! >>> 16
const PARENT_SEQ = 56
const OCO_SEQ = 57

/** Whether the links of the command at word `w` may be written so; `triggered`: the order has a trigger. */
export function areLinksShaped(
  i32: Int32Array,
  w: number,
  style: number,
  triggered: boolean,
): boolean {
  const parent = parentLaneOf(i32, w)
  const oco = ocoLaneOf(i32, w)
  if (parent > limits.lanesPerAccountMax || (parent === 0 && i32[w + PARENT_SEQ] !== 0))
    return false
  if (oco > limits.lanesPerAccountMax || (oco === 0 && i32[w + OCO_SEQ] !== 0)) return false
  if (oco !== 0 && style !== orderStyle.trailing && style > orderStyle.market) return false
  // On-chain it fills whole as signed or not at all: no link may make it smaller.
  if (parent + oco !== 0 && timeInForceOf(i32[w + 15]!) === timeInForce.fok) return false
  return parent === 0 || (triggered && (i32[w + 15]! & orderFlag.reduceOnly) !== 0)
}

/** Live order of an account's lane (plus one) with this sequence number, NONE (−1) if it is not that one. */
function liveOrder(state: EngineState, account: number, lane: number, seq: number): number {
  const place = findLane(state.lanes, account, lane - 1)
  if (place === NONE || seqOfLane(state.lanes, place) !== seq >>> 0) return NONE
  return orderOfLane(state.lanes, place)
}

/** Filled by the closed order that was a lane's last, 0 if that was another. */
function filledBefore(state: EngineState, account: number, lane: number, seq: number): number {
  const place = findLane(state.lanes, account, lane - 1)
  if (place === NONE || seqOfLane(state.lanes, place) !== seq >>> 0) return 0
  return filledOfLane(state.lanes, place)
}

/** Whether the orders the command at word `w` links to are there and may be linked to; 0 = fine. */
export function refuseLinks(
  state: EngineState,
  i32: Int32Array,
  w: number,
  lots: number,
): RejectCode | 0 {
  if (i32[w + 55] === 0) return 0
  const account = i32[w + 5]!
  const market = i32[w + 6]!
  const side = i32[w + 14]!
  if (ocoLaneOf(i32, w) !== 0) {
    const other = liveOrder(state, account, ocoLaneOf(i32, w), i32[w + OCO_SEQ]!)
    if (other === NONE || !mayBeSibling(state, other, market, side))
      return rejectCode.LINK_NOT_FOUND
  }
  const lane = parentLaneOf(i32, w)
  if (lane === 0) return 0
  const seq = i32[w + PARENT_SEQ]!
  const parent = liveOrder(state, account, lane, seq)
  if (parent !== NONE && !mayBeParent(state, parent, market, side)) return rejectCode.LINK_NOT_FOUND
  const total =
    parent === NONE
      ? filledBefore(state, account, lane, seq)
      : state.orders.f64[parent * ORDER_D + D_SIZE]!
  if (total === 0) return rejectCode.LINK_NOT_FOUND
  if (lots > total) return refusal(state, rejectCode.INVALID_PARAMETER, total)
  if (parent !== NONE && childrenOf(state, parent) >= CHILDREN_MAX)
    return refusal(state, rejectCode.OPEN_ORDERS_LIMIT, CHILDREN_MAX)
  return 0
}

function mayBeSibling(state: EngineState, slot: number, market: number, side: number): boolean {
  const orders = state.orders.i32
  const o = slot * ORDER_W
  if (orders[o + W_MARKET] !== market || orders[o + W_SIDE] !== side) return false
  if (timeInForceOf(orders[o + W_FLAGS]!) === timeInForce.fok) return false
  if ((orders[o + W_FLAGS]! & ORDER_ADVANCED) === 0) return true
  const a = orders[o + W_ADVANCED]! * ADVANCED_W
  const style = state.advanced.i32[a + A_STYLE]!
  const known = style <= orderStyle.market || style === orderStyle.trailing
  return known && state.advanced.i32[a + A_SIBLING] === NONE
}

function mayBeParent(state: EngineState, slot: number, market: number, side: number): boolean {
  const orders = state.orders.i32
  const o = slot * ORDER_W
  if (orders[o + W_MARKET] !== market || orders[o + W_SIDE] === side) return false
  if ((orders[o + W_FLAGS]! & ORDER_ADVANCED) === 0) return true
  const a = orders[o + W_ADVANCED]! * ADVANCED_W
  return state.advanced.i32[a + A_SIBLING] === NONE && state.advanced.i32[a + A_PARENT] === NONE
}

function childrenOf(state: EngineState, slot: number): number {
  if ((state.orders.i32[slot * ORDER_W + W_FLAGS]! & ORDER_ADVANCED) === 0) return 0
  const links = state.advanced.i32
  let count = 0
  let child = links[state.orders.i32[slot * ORDER_W + W_ADVANCED]! * ADVANCED_W + A_FIRST_CHILD]!
  for (; child !== NONE; child = links[child * ADVANCED_W + A_NEXT_CHILD]!) count++
  return count
}

/** Ties a new live order to those the command at word `w` names; `refuseLinks` has said that they may. */
export function makeLinks(state: EngineState, slot: number, i32: Int32Array, w: number): void {
  if (i32[w + 55] === 0) return
  const links = state.advanced.i32
  const record = advancedOf(state, slot)
  const account = i32[w + 5]!
  if (ocoLaneOf(i32, w) !== 0) {
    const other = liveOrder(state, account, ocoLaneOf(i32, w), i32[w + OCO_SEQ]!)
    const sibling = advancedOf(state, other)
    links[record * ADVANCED_W + A_SIBLING] = sibling
    links[sibling * ADVANCED_W + A_SIBLING] = record
    touch(state.advanced.dirty, sibling)
  }
  if (parentLaneOf(i32, w) === 0) return
  const parent = liveOrder(state, account, parentLaneOf(i32, w), i32[w + PARENT_SEQ]!)
  if (parent !== NONE) addChild(state, advancedOf(state, parent), record)
}

function addChild(state: EngineState, parent: number, child: number): void {
  const { orders, advanced } = state
  const links = advanced.i32
  const c = child * ADVANCED_W
  const p = parent * ADVANCED_W
  const slot = links[p + A_SLOT]!
  const first = links[p + A_FIRST_CHILD]!
  links[c + A_PARENT] = parent
  links[c + A_PARENT_LANE] = orders.i32[slot * ORDER_W + W_LANE]! + 1
  links[c + A_PARENT_SEQ] = orders.i32[slot * ORDER_W + W_LANE_SEQ]!
  advanced.f64[child * ADVANCED_D + AD_PARENT_TOTAL] = orders.f64[slot * ORDER_D + D_SIZE]!
  links[c + A_PREV_CHILD] = NONE
  links[c + A_NEXT_CHILD] = first
  if (first !== NONE) links[first * ADVANCED_W + A_PREV_CHILD] = child
  links[p + A_FIRST_CHILD] = child
}

/** Takes a child out of its parent's list; it has no parent any more. */
export function leaveParent(state: EngineState, child: number): void {
  const { advanced } = state
  const links = advanced.i32
  const c = child * ADVANCED_W
  const parent = links[c + A_PARENT]!
  const next = links[c + A_NEXT_CHILD]!
  const previous = links[c + A_PREV_CHILD]!
  if (next !== NONE) links[next * ADVANCED_W + A_PREV_CHILD] = previous
  if (previous === NONE) links[parent * ADVANCED_W + A_FIRST_CHILD] = next
  else links[previous * ADVANCED_W + A_NEXT_CHILD] = next
  links[c + A_PARENT] = NONE
  links[c + A_PARENT_LANE] = 0
  links[c + A_PARENT_SEQ] = 0
  advanced.f64[child * ADVANCED_D + AD_PARENT_TOTAL] = 0
  advanced.f64[child * ADVANCED_D + AD_PARENT_FILLED] = 0
  touch(advanced.dirty, child)
}

/** The sibling is on its own again; answers its record, NONE (−1) if there was none. */
export function leaveSibling(state: EngineState, record: number): number {
  const links = state.advanced.i32
  const sibling = links[record * ADVANCED_W + A_SIBLING]!
  if (sibling === NONE) return NONE
  links[record * ADVANCED_W + A_SIBLING] = NONE
  links[sibling * ADVANCED_W + A_SIBLING] = NONE
  touch(state.advanced.dirty, sibling)
  return sibling
}

/** What the parent's fills have armed of a waiting order: all of it without a parent, else floor(size · F / T). */
export function armedLots(state: EngineState, record: number): number {
  const { orders, advanced } = state
  const slot = advanced.i32[record * ADVANCED_W + A_SLOT]!
  const lots = orders.f64[slot * ORDER_D + D_REMAINING]!
  const parent = advanced.i32[record * ADVANCED_W + A_PARENT]!
  if (parent === NONE) return lots
  const filled = filledOf(state, advanced.i32[parent * ADVANCED_W + A_SLOT]!)
  const before = advanced.f64[record * ADVANCED_D + AD_PARENT_FILLED]!
  return mulDivFloor(lots, before + filled, advanced.f64[record * ADVANCED_D + AD_PARENT_TOTAL]!)
}

function filledOf(state: EngineState, slot: number): number {
  return state.orders.f64[slot * ORDER_D + D_SIZE]! - remainingLots(state, slot)
}

/** A parent is amended to `lots` under a new sequence number: its children go on counting. Called before it changes. */
export function carryChildren(state: EngineState, record: number, lots: number, seq: number): void {
  const { advanced } = state
  const links = advanced.i32
  const filled = filledOf(state, links[record * ADVANCED_W + A_SLOT]!)
  let child = links[record * ADVANCED_W + A_FIRST_CHILD]!
  for (; child !== NONE; child = links[child * ADVANCED_W + A_NEXT_CHILD]!) {
    const c = child * ADVANCED_D
    const before = advanced.f64[c + AD_PARENT_FILLED]! + filled
    advanced.f64[c + AD_PARENT_FILLED] = before
    advanced.f64[c + AD_PARENT_TOTAL] = before + lots
    links[child * ADVANCED_W + A_PARENT_SEQ] = seq
    touch(advanced.dirty, child)
  }
}
