//! The state hash, brought up to date from the records that changed since it was last asked for.
import { hashedRecord, type RecordMixer, type StateHash } from '@plumb/model'
import type { DirtySet } from './dirty-set.ts'
import { accountOfLane, numberOfLane } from './lane-store.ts'
import { orderIdOf } from './order-store.ts'
import {
  ACCOUNT_D,
  ACCOUNT_W,
  C_ACCOUNT,
  C_EXPIRY,
  C_FLAGS,
  C_KIND,
  C_LANE,
  C_LANE_SEQ,
  C_MARKET,
  C_MAX_FEE,
  C_PRICE,
  C_SELF_TRADE,
  C_SIDE,
  C_STATE,
  CD_ORDER_ID,
  CD_SIZE,
  CD_TRIGGER,
  CLIENT_D,
  CLIENT_TEXT_WORDS,
  CLIENT_W,
  D_CASH,
  D_ENTRY,
  D_LOTS,
  D_PRIORITY,
  D_REMAINING,
  D_SIZE,
  D_SNAPSHOT,
  L_SEQ,
  LANE_D,
  LANE_W,
  LD_FILLED,
  LISTING_FIRST,
  LISTING_LAST,
  M_LAST,
  M_LAST_PREMIUM,
  M_STATE,
  MARKET_D,
  OPENED,
  ORDER_D,
  ORDER_W,
  P_ACCOUNT,
  P_MARKET,
  POSITION_D,
  POSITION_W,
  TOTALS,
  W_ACCOUNT,
  W_EXPIRY,
  W_FLAGS,
  W_FREE_PLACE,
  W_GENERATION,
  W_LANE,
  W_LANE_SEQ,
  W_LIVE,
  W_MARKET,
  W_MAX_FEE,
  W_PRICE,
  W_SIDE,
  W_SUBACCOUNT,
} from './slabs.ts'
import { type EngineState, PUBLISHER_D } from './state.ts'

type MixRecord = (state: EngineState, record: number, mixer: RecordMixer) => boolean

export function stateHash(state: EngineState): StateHash {
  refresh(state, state.accounts.dirty, mixAccount)
  refresh(state, state.positions.dirty, mixPosition)
  refresh(state, state.orders.dirty, mixOrder)
  refresh(state, state.lanes.dirty, mixLane)
  refresh(state, state.clientIds.dirty, mixClientId)
  refresh(state, state.dirtyMarkets, mixMarket)
  refresh(state, state.dirtyPublishers, mixPublisher)
  const { mixer, hi, lo } = state.hash
  mixer.begin(hashedRecord.totals)
  for (let i = OPENED; i < TOTALS; i++) mixer.integer(state.totals[i]!)
  mixer.end()
  return { hi: (hi + mixer.hi) >>> 0, lo: (lo + mixer.lo) >>> 0 }
}

/** Replaces each changed record's old share of the sum by its new one. */
function refresh(state: EngineState, dirty: DirtySet, mix: MixRecord): void {
  const { hash } = state
  const { mixer } = hash
  for (let i = 0; i < dirty.count; i++) {
    const record = dirty.list[i]!
    const counts = mix(state, record, mixer)
    if (counts) mixer.end()
    const hi = counts ? mixer.hi : 0
    const lo = counts ? mixer.lo : 0
    hash.hi = (hash.hi + hi - dirty.terms[2 * record]!) | 0
    hash.lo = (hash.lo + lo - dirty.terms[2 * record + 1]!) | 0
    dirty.terms[2 * record] = hi
    dirty.terms[2 * record + 1] = lo
    const at = record * dirty.stride + dirty.flag
    dirty.words[at] = dirty.words[at]! & ~dirty.mask
  }
  dirty.count = 0
}

function mixAccount(state: EngineState, account: number, mixer: RecordMixer): boolean {
  const { owners, i32, f64 } = state.accounts
  mixer.begin(hashedRecord.account)
  mixer.integer(account)
  for (let i = 0; i < 5; i++) mixer.word(owners[account * 5 + i]!)
  mixer.integer(i32[account * ACCOUNT_W + W_SUBACCOUNT]!)
  mixer.integer(f64[account * ACCOUNT_D + D_CASH]!)
  return true
}

function mixPosition(state: EngineState, record: number, mixer: RecordMixer): boolean {
  const { i32, f64 } = state.positions
  const p = record * POSITION_D
  if (f64[p + D_LOTS] === 0) return false
  mixer.begin(hashedRecord.position)
  mixer.integer(i32[record * POSITION_W + P_ACCOUNT]!)
  mixer.integer(i32[record * POSITION_W + P_MARKET]!)
  mixer.integer(f64[p + D_LOTS]!)
  mixer.integer(f64[p + D_ENTRY]!)
  mixer.integer(f64[p + D_SNAPSHOT]!)
  return true
}

function mixOrder(state: EngineState, slot: number, mixer: RecordMixer): boolean {
  const { i32, f64 } = state.orders
  const o = slot * ORDER_W
  const generation = i32[o + W_GENERATION]! >>> 0
  if (generation === 0) return false
  if (i32[o + W_LIVE] === 0) {
    mixer.begin(hashedRecord.freeSlot)
    mixer.integer(slot)
    mixer.integer(generation)
    mixer.integer(i32[o + W_FREE_PLACE]!)
    return true
  }
  mixer.begin(hashedRecord.order)
  mixer.integer(orderIdOf(state.orders, slot))
  mixer.integer(i32[o + W_ACCOUNT]!)
  mixer.integer(i32[o + W_MARKET]!)
  mixer.integer(i32[o + W_SIDE]!)
  mixer.integer(i32[o + W_FLAGS]!)
  mixer.integer(i32[o + W_PRICE]! >>> 0)
  mixer.integer(f64[slot * ORDER_D + D_SIZE]!)
  mixer.integer(f64[slot * ORDER_D + D_REMAINING]!)
  mixer.integer(i32[o + W_MAX_FEE]!)
  mixer.integer(i32[o + W_LANE]!)
  mixer.integer(i32[o + W_LANE_SEQ]! >>> 0)
  mixer.integer(i32[o + W_EXPIRY]! >>> 0)
  mixer.integer(f64[slot * ORDER_D + D_PRIORITY]!)
  return true
}

function mixLane(state: EngineState, place: number, mixer: RecordMixer): boolean {
  const { lanes } = state
  const seq = lanes.i32[place * LANE_W + L_SEQ]! >>> 0
  if (seq === 0) return false
  mixer.begin(hashedRecord.lane)
  mixer.integer(accountOfLane(lanes, place))
  mixer.integer(numberOfLane(lanes, place))
  mixer.integer(seq)
  mixer.integer(lanes.f64[place * LANE_D + LD_FILLED]!)
  return true
}

function mixClientId(state: EngineState, entry: number, mixer: RecordMixer): boolean {
  const { i32, f64, closeNumbers } = state.clientIds
  const e = entry * CLIENT_W
  const c = entry * CLIENT_D
  if (i32[e + C_STATE] === 0) return false
  mixer.begin(hashedRecord.clientId)
  mixer.integer(i32[e + C_ACCOUNT]!)
  for (let i = 0; i < CLIENT_TEXT_WORDS; i++) mixer.word(i32[e + i]!)
  mixer.integer(f64[c + CD_ORDER_ID]!)
  mixer.integer(i32[e + C_MARKET]!)
  mixer.integer(i32[e + C_PRICE]! >>> 0)
  mixer.integer(f64[c + CD_SIZE]!)
  mixer.integer(f64[c + CD_TRIGGER]!)
  const modes =
    i32[e + C_SIDE]! |
    (i32[e + C_FLAGS]! << 8) |
    (i32[e + C_KIND]! << 16) |
    (i32[e + C_SELF_TRADE]! << 24)
  mixer.integer(modes)
  mixer.integer(i32[e + C_MAX_FEE]!)
  mixer.integer(i32[e + C_LANE]!)
  mixer.integer(i32[e + C_LANE_SEQ]! >>> 0)
  mixer.integer(i32[e + C_EXPIRY]! >>> 0)
  mixer.integer(closeNumbers[entry]!)
  return true
}

function mixMarket(state: EngineState, market: number, mixer: RecordMixer): boolean {
  const { markets } = state
  const m = market * MARKET_D
  mixer.begin(hashedRecord.market)
  mixer.integer(market)
  mixer.integer(markets[m + M_STATE]!)
  for (let i = LISTING_FIRST; i <= LISTING_LAST; i++) mixer.integer(markets[m + i]!)
  for (let i = M_LAST; i <= M_LAST_PREMIUM; i++) mixer.integer(markets[m + i]!)
  return true
}

function mixPublisher(state: EngineState, record: number, mixer: RecordMixer): boolean {
  const pages = state.dirtyPublishers.list.length / 5
  const at = record * PUBLISHER_D
  mixer.begin(hashedRecord.publisher)
  mixer.integer(Math.floor(record / pages))
  mixer.integer(record % pages)
  for (let i = 0; i < 33; i++) mixer.integer(state.publishers[at + i]!)
  return true
}
