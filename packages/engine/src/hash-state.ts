//! The state hash, brought up to date from the records that changed since it was last asked for.
import { hashedRecord, type RecordMixer, type StateHash } from '@plumb/model'
import { EXTRA_WORDS, HAS_EXTRA } from './client-id-store.ts'
import type { DirtySet } from './dirty-set.ts'
import { accountOfLane, filledOfLane, numberOfLane } from './lane-store.ts'
import { remainingLots } from './order-lots.ts'
import { orderIdOf } from './order-store.ts'
import * as slabs from './slabs.ts'
import { type EngineState, FEE_TIER_D, PUBLISHER_D } from './state.ts'

const {
  ACCOUNT_D,
  ACCOUNT_W,
  ADVANCED_D,
  ADVANCED_W,
  AD_DISPLAY,
  AD_EXTREME,
  AD_HIDDEN,
  AD_KEY_LOTS,
  AD_PARENT_FILLED,
  AD_PARENT_TOTAL,
  AD_START,
  AD_WAITING_PRIORITY,
  A_COUNT,
  A_KEY,
  A_LIMIT,
  A_OFFSET,
  A_PARENT_LANE,
  A_PARENT_SEQ,
  A_SECONDS,
  A_SELF_TRADE,
  A_SIBLING,
  A_SLIPPAGE,
  A_SLOT,
  A_STEP,
  A_STYLE,
  A_TRIGGER,
  A_TRIGGER_KIND,
  A_TRIGGER_SOURCE,
  CD_CLOSE_NUMBER,
  CD_ORDER_ID,
  CD_SIZE,
  CD_TRIGGER,
  CK_LAST,
  CLIENT_D,
  CLIENT_TEXT_WORDS,
  CLIENT_W,
  CLOCK_D,
  C_ACCOUNT,
  C_EXPIRY,
  C_LANE,
  C_LANE_SEQ,
  C_MARKET,
  C_MAX_FEE,
  C_MODES,
  C_PRICE,
  C_STATE,
  C_TEXT,
  DAY_SHIFT,
  D_CASH,
  D_DEAD_MAN,
  D_ENTRY,
  D_LOTS,
  D_PARTIAL_AT,
  D_PRIORITY,
  D_REMAINING,
  D_SIZE,
  D_SNAPSHOT,
  D_VOLUME,
  ISOLATED_MASK,
  MONEY_ASKED,
  KD_LEFT,
  KD_MAX_ORDER,
  KD_MAX_POSITION,
  KEY_D,
  KEY_W,
  KEY_WORDS,
  K_ADDRESS,
  K_ALL,
  K_EXPIRY,
  K_MARKETS,
  K_OWNER,
  K_REGISTERED,
  K_REVOKED,
  K_SUBACCOUNT,
  LANE_W,
  LISTING_FIRST,
  LISTING_LAST,
  L_SEQ,
  MARKET_D,
  M_FIXED_INDEX,
  M_LAST,
  M_LAST_PREMIUM,
  M_RISK_FIRST,
  M_RISK_LAST,
  M_RISK_SET,
  M_SETTLE_PRICE,
  M_STATE,
  M_TRANCHE,
  NONE,
  NOTICES,
  OPENED,
  ORDER_D,
  ORDER_PARTS,
  ORDER_W,
  ORDER_WAITING,
  POSITION_D,
  POSITION_W,
  P_ACCOUNT,
  P_MARKET,
  SIGNED_FLAGS,
  TIER_MASK,
  TIER_SHIFT,
  TOTALS,
  WATCHED,
  W_ACCOUNT,
  W_EXPIRY,
  W_FLAGS,
  W_FREE_PLACE,
  W_GENERATION,
  W_LANE,
  W_LANE_SEQ,
  W_LIVE,
  W_LOCKED,
  W_MARKET,
  W_MAX_FEE,
  W_MIN_SEQ,
  W_PRICE,
  W_RISK,
  W_SELF_TRADE,
  W_SIDE,
  W_SUBACCOUNT,
} = slabs
const kinds = hashedRecord

type MixRecord = (state: EngineState, record: number, mixer: RecordMixer) => boolean

export function stateHash(state: EngineState): StateHash {
  refreshOrders(state)
  refreshLanes(state)
  refresh(state, state.accounts.dirty, mixAccount, mixDirect)
  refresh(state, state.positions.dirty, mixPosition)
  refresh(state, state.advanced.dirty, mixAdvanced, mixKeyedOrder)
  refresh(state, state.clientIds.dirty, mixClientId)
  refresh(state, state.dirtyMarkets, mixMarket, mixMarketRisk, mixMarketClock, mixSafety)
  refresh(state, state.dirtyPublishers, mixPublisher)
  const { mixer, hi, lo } = state.hash
  mixer.begin(hashedRecord.totals)
  for (let i = OPENED; i < TOTALS; i++) mixer.integer(state.totals[i]!)
  mixer.end()
  const [high, low] = [hi + mixer.hi, lo + mixer.lo]
  if (state.chain[NOTICES] === 0) return { hi: high >>> 0, lo: low >>> 0 }
  mixer.begin(hashedRecord.chain)
  for (const value of state.chain) mixer.integer(value)
  mixer.end()
  return { hi: (high + mixer.hi) >>> 0, lo: (low + mixer.lo) >>> 0 }
}

/** Adds (sign 1) or takes out (−1) a record that changes so rarely that its command keeps the sum itself. */
export function countRecord(
  state: EngineState,
  mix: MixRecord,
  record: number,
  sign: number,
): void {
  const { hash } = state
  if (!mix(state, record, hash.mixer)) return
  hash.mixer.end()
  hash.hi = (hash.hi + sign * hash.mixer.hi) | 0
  hash.lo = (hash.lo + sign * hash.mixer.lo) | 0
}

// Orders and lanes are nearly all that changes: with a loop of their own their mix is compiled into it.

function refreshOrders(state: EngineState): void {
  const { dirty } = state.orders
  const { mixer } = state.hash
  fetchTerms(state, dirty)
  for (let i = 0; i < dirty.count; i++) {
    const slot = dirty.list[i]!
    if (!mixOrder(state, slot, mixer)) replaceTerm(state, dirty, slot, 0, 0)
    else {
      mixer.end()
      replaceTerm(state, dirty, slot, mixer.hi, mixer.lo)
    }
  }
  dirty.count = 0
}

function refreshLanes(state: EngineState): void {
  const { dirty } = state.lanes
  const { mixer } = state.hash
  fetchTerms(state, dirty)
  for (let i = 0; i < dirty.count; i++) {
    const place = dirty.list[i]!
    if (!mixLane(state, place, mixer)) replaceTerm(state, dirty, place, 0, 0)
    else {
      mixer.end()
      replaceTerm(state, dirty, place, mixer.hi, mixer.lo)
    }
  }
  dirty.count = 0
}

/** Brings the terms of the changed records into the cache, all at once (read-ahead.ts). */
function fetchTerms(state: EngineState, { list, terms, count }: DirtySet): void {
  let seen = 0
  for (let i = 0; i < count; i++) seen ^= terms[2 * list[i]!]!
  state.scratch.seen = seen
}

/** Puts a record's new share of the sum in the place of its old one; the record is no longer on the list. */
function replaceTerm(
  state: EngineState,
  { terms, words, stride, flag, mask }: DirtySet,
  record: number,
  hi: number,
  lo: number,
): void {
  const { hash } = state
  hash.hi = (hash.hi + hi - terms[2 * record]!) | 0
  hash.lo = (hash.lo + lo - terms[2 * record + 1]!) | 0
  terms[2 * record] = hi
  terms[2 * record + 1] = lo
  const at = record * stride + flag
  words[at] = words[at]! & ~mask
}

/** Replaces each changed record's old share of the sum by its new one; a record may be hashed as several. */
function refresh(state: EngineState, dirty: DirtySet, ...mixes: MixRecord[]): void {
  const { mixer } = state.hash
  fetchTerms(state, dirty)
  for (let i = 0; i < dirty.count; i++) {
    const record = dirty.list[i]!
    let hi = 0
    let lo = 0
    for (const mix of mixes) {
      if (!mix(state, record, mixer)) continue
      mixer.end()
      hi = (hi + mixer.hi) | 0
      lo = (lo + mixer.lo) | 0
    }
    replaceTerm(state, dirty, record, hi, lo)
  }
  dirty.count = 0
}

// The records that most commands change are written out as words at once (low, high for each integer): through `integer`
// they would take three times as long.

const TWO_32 = 4_294_967_296

/** Upper word of an integer. */
const upper = (value: number) => Math.floor(value / TWO_32) | 0

function mixAccount(state: EngineState, account: number, mixer: RecordMixer): boolean {
  const { owners, i32, f64 } = state.accounts
  const { words } = mixer
  const a = account * ACCOUNT_W
  const d = account * ACCOUNT_D
  const risk = i32[a + W_RISK]!
  words[0] = kinds.account
  words[1] = account
  words[2] = 0
  for (let i = 0; i < 5; i++) words[3 + i] = owners[account * 5 + i]!
  words[8] = i32[a + W_SUBACCOUNT]!
  words[9] = 0
  words[10] = f64[d + D_CASH]! | 0
  words[11] = upper(f64[d + D_CASH]!)
  words[12] = Math.max(0, 0 - i32[a + W_SELF_TRADE]!)
  words[13] = 0
  words[14] = risk & ISOLATED_MASK
  words[15] = 0
  words[16] = (risk & TIER_MASK) >>> TIER_SHIFT
  words[17] = 0
  words[18] = f64[d + D_VOLUME]! | 0
  words[19] = upper(f64[d + D_VOLUME]!)
  words[20] = risk >>> DAY_SHIFT
  words[21] = 0
  words[22] = f64[d + D_DEAD_MAN]! | 0
  words[23] = upper(f64[d + D_DEAD_MAN]!)
  mixer.take(24)
  return true
}

function mixDirect(state: EngineState, account: number, mixer: RecordMixer): boolean {
  const { i32 } = state.accounts
  const a = account * ACCOUNT_W
  if ((i32[a + W_RISK]! & WATCHED) === 0) return false
  const locked = i32[a + W_LOCKED]! & MONEY_ASKED
  if (i32[a + W_MIN_SEQ] === 0 && locked === 0) return false
  mixer.begin(hashedRecord.direct)
  mixer.integer(account)
  mixer.integer(i32[a + W_MIN_SEQ]! >>> 0)
  mixer.integer(locked)
  return true
}

function mixPosition(state: EngineState, record: number, mixer: RecordMixer): boolean {
  const { i32, f64 } = state.positions
  const { words } = mixer
  const p = record * POSITION_D
  const lots = f64[p + D_LOTS]!
  if (lots === 0) return false
  words[0] = kinds.position
  words[1] = i32[record * POSITION_W + P_ACCOUNT]!
  words[2] = 0
  words[3] = i32[record * POSITION_W + P_MARKET]!
  words[4] = 0
  words[5] = lots | 0
  words[6] = upper(lots)
  words[7] = f64[p + D_ENTRY]! | 0
  words[8] = upper(f64[p + D_ENTRY]!)
  words[9] = f64[p + D_SNAPSHOT]! | 0
  words[10] = upper(f64[p + D_SNAPSHOT]!)
  words[11] = f64[p + D_PARTIAL_AT]! | 0
  words[12] = upper(f64[p + D_PARTIAL_AT]!)
  mixer.take(13)
  return true
}

function mixOrder(state: EngineState, slot: number, mixer: RecordMixer): boolean {
  const { i32, f64 } = state.orders
  const { words } = mixer
  const o = slot * ORDER_W
  const d = slot * ORDER_D
  const generation = i32[o + W_GENERATION]!
  if (generation === 0) return false
  if (i32[o + W_LIVE] === 0) {
    words[0] = kinds.freeSlot
    words[1] = slot
    words[2] = 0
    words[3] = generation
    words[4] = 0
    words[5] = i32[o + W_FREE_PLACE]!
    words[6] = 0
    mixer.take(7)
    return true
  }
  const parts = (i32[o + W_FLAGS]! & ORDER_PARTS) !== 0
  const remaining = parts ? remainingLots(state, slot) : f64[d + D_REMAINING]!
  words[0] = kinds.order
  // The order id is generation × 2^20 + slot.
  words[1] = (generation << 20) | slot
  words[2] = generation >>> 12
  words[3] = i32[o + W_ACCOUNT]!
  words[4] = 0
  words[5] = i32[o + W_MARKET]!
  words[6] = 0
  words[7] = i32[o + W_SIDE]!
  words[8] = 0
  words[9] = i32[o + W_FLAGS]! & SIGNED_FLAGS
  words[10] = 0
  words[11] = i32[o + W_PRICE]!
  words[12] = 0
  words[13] = f64[d + D_SIZE]! | 0
  words[14] = upper(f64[d + D_SIZE]!)
  words[15] = remaining | 0
  words[16] = upper(remaining)
  words[17] = i32[o + W_MAX_FEE]!
  words[18] = 0
  words[19] = i32[o + W_LANE]!
  words[20] = 0
  words[21] = i32[o + W_LANE_SEQ]!
  words[22] = 0
  words[23] = i32[o + W_EXPIRY]!
  words[24] = 0
  words[25] = f64[d + D_PRIORITY]! | 0
  words[26] = upper(f64[d + D_PRIORITY]!)
  mixer.take(27)
  return true
}

function mixAdvanced(state: EngineState, record: number, mixer: RecordMixer): boolean {
  const { i32, f64 } = state.advanced
  const a = record * ADVANCED_W
  const d = record * ADVANCED_D
  const slot = i32[a + A_SLOT]!
  const sibling = i32[a + A_SIBLING]!
  const links = sibling !== NONE || i32[a + A_PARENT_LANE] !== 0
  if (slot === NONE || (i32[a + A_STYLE] === 0 && i32[a + A_TRIGGER_KIND] === 0 && !links))
    return false
  const waiting = (state.orders.i32[slot * ORDER_W + W_FLAGS]! & ORDER_WAITING) !== 0
  mixer.begin(hashedRecord.advancedOrder)
  mixer.integer(orderIdOf(state.orders, slot))
  mixer.integer(waiting ? 1 : 0)
  mixer.integer(i32[a + A_STYLE]!)
  mixer.integer(i32[a + A_TRIGGER_KIND]!)
  mixer.integer(i32[a + A_TRIGGER_SOURCE]!)
  mixer.integer(i32[a + A_TRIGGER]! >>> 0)
  mixer.integer(f64[d + AD_EXTREME]!)
  mixer.integer(i32[a + A_LIMIT]! >>> 0)
  mixer.integer(i32[a + A_OFFSET]!)
  mixer.integer(i32[a + A_COUNT]!)
  mixer.integer(i32[a + A_SECONDS]!)
  mixer.integer(i32[a + A_SLIPPAGE]!)
  mixer.integer(f64[d + AD_DISPLAY]!)
  mixer.integer(f64[d + AD_HIDDEN]!)
  mixer.integer(i32[a + A_STEP]!)
  mixer.integer(f64[d + AD_START]!)
  mixer.integer(i32[a + A_PARENT_LANE]!)
  mixer.integer(i32[a + A_PARENT_SEQ]! >>> 0)
  mixer.integer(f64[d + AD_PARENT_TOTAL]!)
  mixer.integer(f64[d + AD_PARENT_FILLED]!)
  mixer.integer(sibling === NONE ? 0 : orderIdOf(state.orders, i32[sibling * ADVANCED_W + A_SLOT]!))
  mixer.integer(f64[d + AD_WAITING_PRIORITY]!)
  mixer.integer(waiting ? i32[a + A_SELF_TRADE]! : 0)
  return true
}

function mixKeyedOrder(state: EngineState, record: number, mixer: RecordMixer): boolean {
  const { i32, f64 } = state.advanced
  const a = record * ADVANCED_W
  const slot = i32[a + A_SLOT]!
  const key = i32[a + A_KEY]!
  if (slot === NONE || key === 0) return false
  mixer.begin(hashedRecord.keyedOrder)
  mixer.integer(orderIdOf(state.orders, slot))
  for (let i = 0; i < KEY_WORDS; i++) mixer.word(state.keys.i32[key * KEY_W + K_ADDRESS + i]!)
  mixer.integer(i32[a + A_LIMIT]! >>> 0)
  mixer.integer(f64[record * ADVANCED_D + AD_KEY_LOTS]!)
  return true
}

/** Keys change so rarely that their commands and orders keep the sum themselves (`countRecord`). */
export function mixSessionKey(state: EngineState, key: number, mixer: RecordMixer): boolean {
  const { i32, f64 } = state.keys
  const k = key * KEY_W
  const d = key * KEY_D
  mixer.begin(hashedRecord.sessionKey)
  for (let i = 0; i < KEY_WORDS; i++) mixer.word(i32[k + K_ADDRESS + i]!)
  for (let i = 0; i < KEY_WORDS; i++) mixer.word(i32[k + K_OWNER + i]!)
  mixer.integer(i32[k + K_SUBACCOUNT]!)
  mixer.integer(i32[k + K_ALL]!)
  mixer.integer(i32[k + K_EXPIRY]! >>> 0)
  mixer.integer(i32[k + K_REGISTERED]! >>> 0)
  mixer.integer(i32[k + K_REVOKED]!)
  mixer.integer(f64[d + KD_MAX_POSITION]!)
  mixer.integer(f64[d + KD_MAX_ORDER]!)
  mixer.integer(f64[d + KD_LEFT]!)
  mixer.word(i32[k + K_MARKETS]!)
  mixer.word(i32[k + K_MARKETS + 1]!)
  return true
}

function mixLane(state: EngineState, place: number, mixer: RecordMixer): boolean {
  const { lanes } = state
  const { words } = mixer
  const seq = lanes.i32[place * LANE_W + L_SEQ]!
  if (seq === 0) return false
  const filled = filledOfLane(lanes, place)
  words[0] = kinds.lane
  words[1] = accountOfLane(lanes, place)
  words[2] = 0
  words[3] = numberOfLane(lanes, place)
  words[4] = 0
  words[5] = seq
  words[6] = 0
  words[7] = filled | 0
  words[8] = upper(filled)
  mixer.take(9)
  return true
}

function mixClientId(state: EngineState, entry: number, mixer: RecordMixer): boolean {
  const { i32, f64, extra } = state.clientIds
  const e = entry * CLIENT_W
  const c = entry * CLIENT_D
  if (i32[e + C_STATE] === 0) return false
  mixer.begin(hashedRecord.clientId)
  mixer.integer(i32[e + C_ACCOUNT]!)
  for (let i = 0; i < CLIENT_TEXT_WORDS; i++) mixer.word(i32[e + C_TEXT + i]!)
  mixer.integer(f64[c + CD_ORDER_ID]!)
  mixer.integer(i32[e + C_MARKET]!)
  mixer.integer(i32[e + C_PRICE]! >>> 0)
  mixer.integer(f64[c + CD_SIZE]!)
  mixer.integer(f64[c + CD_TRIGGER]!)
  const modes = i32[e + C_MODES]!
  mixer.integer(modes & ~HAS_EXTRA)
  mixer.integer(i32[e + C_MAX_FEE]!)
  mixer.integer(i32[e + C_LANE]!)
  mixer.integer(i32[e + C_LANE_SEQ]! >>> 0)
  mixer.integer(i32[e + C_EXPIRY]! >>> 0)
  mixer.integer(f64[c + CD_CLOSE_NUMBER]!)
  if ((modes & HAS_EXTRA) !== 0)
    for (let i = 0; i < EXTRA_WORDS; i++) mixer.word(extra[entry * EXTRA_WORDS + i]!)
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

function mixMarketRisk(state: EngineState, market: number, mixer: RecordMixer): boolean {
  const m = market * MARKET_D
  if (state.markets[m + M_RISK_SET] === 0) return false
  mixer.begin(hashedRecord.marketRisk)
  mixer.integer(market)
  for (let i = M_RISK_FIRST; i <= M_RISK_LAST; i++) mixer.integer(state.markets[m + i]!)
  return true
}

function mixMarketClock(state: EngineState, market: number, mixer: RecordMixer): boolean {
  if (state.markets[market * MARKET_D + M_FIXED_INDEX] !== 0) return false
  const c = market * CLOCK_D
  mixer.begin(hashedRecord.marketClock)
  mixer.integer(market)
  for (let i = 0; i <= CK_LAST; i++) mixer.integer(state.clocks[c + i]!)
  return true
}

/** `cell`: account × markets + market. */
export function mixLeverage(state: EngineState, cell: number, mixer: RecordMixer): boolean {
  const { leverage, markets } = state.positions
  if (leverage[cell] === 0) return false
  mixer.begin(hashedRecord.leverage)
  mixer.integer(Math.floor(cell / markets))
  mixer.integer(cell % markets)
  mixer.integer(leverage[cell]!)
  return true
}

export function mixFeeTier(state: EngineState, tier: number, mixer: RecordMixer): boolean {
  const t = tier * FEE_TIER_D
  if (state.feeTiers[t] === 0) return false
  mixer.begin(hashedRecord.feeTier)
  mixer.integer(tier)
  for (let i = 0; i < FEE_TIER_D; i++) mixer.integer(state.feeTiers[t + i]!)
  return true
}

function mixSafety(state: EngineState, market: number, mixer: RecordMixer): boolean {
  const { markets } = state
  const m = market * MARKET_D
  let any = false
  for (let i = M_TRANCHE; i <= M_SETTLE_PRICE; i++) if (markets[m + i] !== 0) any = true
  if (!any) return false
  mixer.begin(hashedRecord.safety)
  mixer.integer(market)
  for (let i = M_TRANCHE; i <= M_SETTLE_PRICE; i++) mixer.integer(markets[m + i]!)
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
