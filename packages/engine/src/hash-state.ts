//! The state hash, brought up to date from the records that changed since it was last asked for.
import { hashedRecord, type RecordMixer, type StateHash } from '@plumb/model'
import { EXTRA_WORDS, HAS_EXTRA } from './client-id-store.ts'
import type { DirtySet } from './dirty-set.ts'
import { accountOfLane, filledOfLane, numberOfLane, seqOfLane } from './lane-store.ts'
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
  AD_PARENT_FILLED,
  AD_PARENT_TOTAL,
  AD_START,
  AD_WAITING_PRIORITY,
  A_COUNT,
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
  DAY_SHIFT,
  D_CASH,
  D_DEAD_MAN,
  D_ENTRY,
  D_LOTS,
  D_PARTIAL_AT,
  D_PRIORITY,
  D_SIZE,
  D_SNAPSHOT,
  D_VOLUME,
  ISOLATED_MASK,
  LISTING_FIRST,
  LISTING_LAST,
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
  OPENED,
  ORDER_D,
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
  W_RISK,
  W_SELF_TRADE,
  W_SIDE,
  W_SUBACCOUNT,
} = slabs

type MixRecord = (state: EngineState, record: number, mixer: RecordMixer) => boolean

export function stateHash(state: EngineState): StateHash {
  refresh(state, state.accounts.dirty, mixAccount)
  refresh(state, state.positions.dirty, mixPosition)
  refresh(state, state.orders.dirty, mixOrder)
  refresh(state, state.advanced.dirty, mixAdvanced)
  refresh(state, state.lanes.dirty, mixLane)
  refresh(state, state.clientIds.dirty, mixClientId)
  refresh(state, state.dirtyMarkets, mixMarket, mixMarketRisk, mixMarketClock, mixSafety)
  refresh(state, state.dirtyPublishers, mixPublisher)
  const { mixer, hi, lo } = state.hash
  mixer.begin(hashedRecord.totals)
  for (let i = OPENED; i < TOTALS; i++) mixer.integer(state.totals[i]!)
  mixer.end()
  return { hi: (hi + mixer.hi) >>> 0, lo: (lo + mixer.lo) >>> 0 }
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

/** Replaces each changed record's old share of the sum by its new one; a record may be hashed as several. */
function refresh(state: EngineState, dirty: DirtySet, ...mixes: MixRecord[]): void {
  const { hash } = state
  const { mixer } = hash
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
  const risk = i32[account * ACCOUNT_W + W_RISK]!
  mixer.integer(Math.max(0, 0 - i32[account * ACCOUNT_W + W_SELF_TRADE]!))
  mixer.integer(risk & ISOLATED_MASK)
  mixer.integer((risk & TIER_MASK) >>> TIER_SHIFT)
  mixer.integer(f64[account * ACCOUNT_D + D_VOLUME]!)
  mixer.integer(risk >>> DAY_SHIFT)
  mixer.integer(f64[account * ACCOUNT_D + D_DEAD_MAN]!)
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
  mixer.integer(f64[p + D_PARTIAL_AT]!)
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
  mixer.integer(i32[o + W_FLAGS]! & SIGNED_FLAGS)
  mixer.integer(i32[o + W_PRICE]! >>> 0)
  mixer.integer(f64[slot * ORDER_D + D_SIZE]!)
  mixer.integer(remainingLots(state, slot))
  mixer.integer(i32[o + W_MAX_FEE]!)
  mixer.integer(i32[o + W_LANE]!)
  mixer.integer(i32[o + W_LANE_SEQ]! >>> 0)
  mixer.integer(i32[o + W_EXPIRY]! >>> 0)
  mixer.integer(f64[slot * ORDER_D + D_PRIORITY]!)
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

function mixLane(state: EngineState, place: number, mixer: RecordMixer): boolean {
  const { lanes } = state
  const seq = seqOfLane(lanes, place)
  if (seq === 0) return false
  mixer.begin(hashedRecord.lane)
  mixer.integer(accountOfLane(lanes, place))
  mixer.integer(numberOfLane(lanes, place))
  mixer.integer(seq)
  mixer.integer(filledOfLane(lanes, place))
  return true
}

function mixClientId(state: EngineState, entry: number, mixer: RecordMixer): boolean {
  const { i32, f64, closeNumbers, extra } = state.clientIds
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
    ((i32[e + C_SELF_TRADE]! & ~HAS_EXTRA) << 24)
  mixer.integer(modes)
  mixer.integer(i32[e + C_MAX_FEE]!)
  mixer.integer(i32[e + C_LANE]!)
  mixer.integer(i32[e + C_LANE_SEQ]! >>> 0)
  mixer.integer(i32[e + C_EXPIRY]! >>> 0)
  mixer.integer(closeNumbers[entry]!)
  if ((i32[e + C_SELF_TRADE]! & HAS_EXTRA) !== 0)
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
