//! What an order signed by a session key is held to, so that the contract takes its every fill (RULES.md 1.9, KeyOrders.sol).
import { orderFlag, type RejectCode, rejectCode } from '@plumb/model'
import { advancedOf } from './advanced-store.ts'
import { touch } from './dirty-set.ts'
import { refusal } from './emit.ts'
import { countRecord, mixSessionKey } from './hash-state.ts'
import { findKey, leftOf, sameWords } from './key-store.ts'
import { remainingLots } from './order-lots.ts'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const {
  ACCOUNT_W,
  ADVANCED_D,
  ADVANCED_W,
  AD_KEY_LOTS,
  A_KEY,
  A_LIMIT,
  D_LOTS,
  D_SIZE,
  KD_LEFT,
  KD_MAX_ORDER,
  KD_MAX_POSITION,
  KEY_D,
  KEY_W,
  KEY_WORDS,
  K_ALL,
  K_EXPIRY,
  K_MARKETS,
  K_OWNER,
  K_REVOKED,
  K_SUBACCOUNT,
  MARKET_D,
  M_QUOTE_PER_TICK_LOT,
  NONE,
  ORDER_ADVANCED,
  ORDER_D,
  ORDER_W,
  POSITION_D,
  W_ADVANCED,
  W_FLAGS,
  W_MARKET,
  W_SIDE,
  W_SUBACCOUNT,
} = slabs

/** Word of an order at which its signer stands. */
const SIGNER = 33

const isKeyed = (flags: number): boolean => (flags & orderFlag.sessionKey) !== 0

/**
 * Whether the key that signed the order at word `w` may sign it, its shape and expiry judged before; 0 = it may.
 * `replaced`: the order it takes the place of, NONE (−1) if it is new.
 */
export function refuseKey(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
  replaced: number,
): RejectCode | 0 {
  if (!isKeyed(i32[w + 15]!)) return 0
  const { keys, accounts } = state
  const key = findKey(keys, i32, w + SIGNER)
  const account = i32[w + 5]!
  const k = key * KEY_W
  const owns = key !== 0 && sameWords(keys.i32, k + K_OWNER, accounts.owners, account * KEY_WORDS)
  if (!owns) return rejectCode.UNKNOWN_SESSION_KEY
  if (keys.i32[k + K_REVOKED] !== 0) return rejectCode.KEY_REVOKED
  const expiryS = keys.i32[k + K_EXPIRY]! >>> 0
  if (i32[w + 20]! >>> 0 > expiryS) return refusal(state, rejectCode.KEY_EXPIRED, expiryS)
  const subaccount = keys.i32[k + K_SUBACCOUNT]!
  if (keys.i32[k + K_ALL] === 0 && accounts.i32[account * ACCOUNT_W + W_SUBACCOUNT] !== subaccount)
    return refusal(state, rejectCode.KEY_SUBACCOUNT, subaccount)
  const market = i32[w + 6]!
  if (((keys.i32[k + K_MARKETS + (market >> 5)]! >>> (market & 31)) & 1) === 0)
    return rejectCode.KEY_MARKET
  const q = state.markets[market * MARKET_D + M_QUOTE_PER_TICK_LOT]!
  const notional = f64[d + 4]! * f64[d + 5]! * q
  const most = keys.f64[key * KEY_D + KD_MAX_ORDER]!
  if (notional > most) return refusal(state, rejectCode.KEY_ORDER_NOTIONAL, most)
  const own = replaced !== NONE && keyOf(state, replaced) === key ? reserved(state, replaced) : 0
  const left = leftOf(keys, key) + own
  return notional > left ? refusal(state, rejectCode.KEY_NOTIONAL, left) : 0
}

/** Whether all of an order signed by a key would take the position beyond what the key may hold; 0 = it would not. */
export function refuseKeyPosition(
  state: EngineState,
  i32: Int32Array,
  w: number,
  record: number,
  lots: number,
): RejectCode | 0 {
  const flags = i32[w + 15]!
  if (!isKeyed(flags) || (flags & orderFlag.reduceOnly) !== 0) return 0
  const held = record === NONE ? 0 : state.positions.f64[record * POSITION_D + D_LOTS]!
  const key = findKey(state.keys, i32, w + SIGNER)
  const most = state.keys.f64[key * KEY_D + KD_MAX_POSITION]!
  const after = i32[w + 14] === 0 ? held + lots : held - lots
  return grows(held, after, most) ? refusal(state, rejectCode.KEY_POSITION, most) : 0
}

/** KeyOrders.checkPosition: beyond `most`, and not within what was held. */
const grows = (held: number, after: number, most: number) =>
  Math.abs(after) > most && !(held >= 0 ? after >= 0 && after <= held : after <= 0 && after >= held)

/** Whether the key that signed a live order, if one did, lets a fill of it by `lots` happen when `held` lots are held. */
export function keyAdmits(state: EngineState, slot: number, held: number, lots: number): boolean {
  const { i32 } = state.orders
  const o = slot * ORDER_W
  if (!isKeyed(i32[o + W_FLAGS]!)) return true
  const key = keyOf(state, slot)
  // None yet: an order that is being admitted, which was held to it whole.
  if (key === 0) return true
  const after = i32[o + W_SIDE] === 0 ? held + lots : held - lots
  return !grows(held, after, state.keys.f64[key * KEY_D + KD_MAX_POSITION]!)
}

/** Number of the key that signed a live order, 0 if its owner did. */
function keyOf(state: EngineState, slot: number): number {
  const o = slot * ORDER_W
  const flags = state.orders.i32[o + W_FLAGS]!
  if ((flags & ORDER_ADVANCED) === 0) return 0
  return state.advanced.i32[state.orders.i32[o + W_ADVANCED]! * ADVANCED_W + A_KEY]!
}

/** What an order keeps of its key's notional: all that it may still fill, at its limit price. */
export function reserved(state: EngineState, slot: number): number {
  const { orders, advanced, markets } = state
  const record = orders.i32[slot * ORDER_W + W_ADVANCED]!
  const filled = orders.f64[slot * ORDER_D + D_SIZE]! - remainingLots(state, slot)
  const lots = advanced.f64[record * ADVANCED_D + AD_KEY_LOTS]! - filled
  const q = markets[orders.i32[slot * ORDER_W + W_MARKET]! * MARKET_D + M_QUOTE_PER_TICK_LOT]!
  return lots * (advanced.i32[record * ADVANCED_W + A_LIMIT]! >>> 0) * q
}

/** A live order stands under its signed terms, at word `w`: what it may fill comes off its key's notional. */
export function bindKey(
  state: EngineState,
  slot: number,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  if (!isKeyed(i32[w + 15]!)) return
  const { advanced } = state
  const record = advancedOf(state, slot)
  const key = findKey(state.keys, i32, w + SIGNER)
  advanced.i32[record * ADVANCED_W + A_KEY] = key
  advanced.i32[record * ADVANCED_W + A_LIMIT] = f64[d + 4]! | 0
  advanced.f64[record * ADVANCED_D + AD_KEY_LOTS] = f64[d + 5]!
  touch(advanced.dirty, record)
  moveLeft(state, key, 0 - reserved(state, slot))
}

/** A live order ends, or other terms take its place: what it has not filled is its key's again. */
export function unbindKey(state: EngineState, slot: number): void {
  const key = keyOf(state, slot)
  if (key === 0) return
  const { advanced, orders } = state
  moveLeft(state, key, reserved(state, slot))
  const record = orders.i32[slot * ORDER_W + W_ADVANCED]!
  advanced.i32[record * ADVANCED_W + A_KEY] = 0
  touch(advanced.dirty, record)
}

function moveLeft(state: EngineState, key: number, change: number): void {
  const { keys } = state
  countRecord(state, mixSessionKey, key, -1)
  keys.f64[key * KEY_D + KD_LEFT] = keys.f64[key * KEY_D + KD_LEFT]! + change
  countRecord(state, mixSessionKey, key, 1)
}
