//! Client order ids: remembered while open and for the last ones of an account, so a repeated request is recognised.
import { commandKind, limits } from '@plumb/model'
import { LINE_SHIFT } from './account-records.ts'
import { type AccountStore, tableSize } from './account-store.ts'
import { createDirtySet, type DirtySet, touch } from './dirty-set.ts'
import * as slabs from './slabs.ts'

const {
  ACCOUNT_W,
  CD_CLOSE_NUMBER,
  CD_ORDER_ID,
  CD_SIZE,
  CD_TRIGGER,
  CLIENT_D,
  CLIENT_TEXT_WORDS,
  CLIENT_W,
  C_ACCOUNT,
  C_ACCOUNT_NEXT,
  C_DIRTY,
  C_EXPIRY,
  C_HASH,
  C_LANE,
  C_LANE_SEQ,
  C_MARKET,
  C_MAX_FEE,
  C_MODES,
  C_NEXT,
  C_PREV,
  C_PRICE,
  C_STATE,
  C_TEXT,
  NONE,
  W_CLOSED_HEAD,
  W_CLOSED_IDS,
  W_CLOSED_TAIL,
} = slabs

/** First text word of a client order id in an order command. */
const TEXT_AT = 24
/** Words of an order command beyond a plain order's: its options, then the advanced fields. */
const OPTIONS_AT = 7
const ADVANCED_AT = 54
export const EXTRA_WORDS = 11
/** Set in C_MODES when one of them is not 0, and all are kept. */
export const HAS_EXTRA = 0x4000_0000

export type ClientIdStore = {
  readonly capacity: number
  readonly i32: Int32Array
  readonly f64: Float64Array
  /** What a request says beyond a plain order, EXTRA_WORDS an entry. */
  readonly extra: Int32Array
  /** Open addressing on (account, text): entry + 1 and hash, side by side, so that a search reads no other's entry. */
  readonly index: Int32Array
  readonly free: Int32Array
  readonly dirty: DirtySet
  used: number
  freeCount: number
  /** Oldest and newest remembered id whose order is closed. */
  head: number
  tail: number
}

export function createClientIdStore(capacity: number): ClientIdStore {
  const buffer = new ArrayBuffer(LINE_SHIFT + capacity * CLIENT_W * 4)
  const i32 = new Int32Array(buffer, LINE_SHIFT)
  return {
    capacity,
    i32,
    f64: new Float64Array(buffer, LINE_SHIFT),
    extra: new Int32Array(capacity * EXTRA_WORDS),
    index: new Int32Array(2 * tableSize(capacity)),
    free: new Int32Array(capacity),
    dirty: createDirtySet(i32, CLIENT_W, C_DIRTY),
    used: 0,
    freeCount: 0,
    head: NONE,
    tail: NONE,
  }
}

/** Hash of the account and the id in the order command at word `w`. */
export function hashClientId(account: number, i32: Int32Array, w: number): number {
  let h = Math.imul(account, 0x9e3779b1)
  for (let i = 0; i < CLIENT_TEXT_WORDS; i++) {
    h = Math.imul(h ^ i32[w + TEXT_AT + i]!, 0x85ebca6b)
    h ^= h >>> 15
  }
  return h
}

/** Entry of the id in the order command at word `w`, NONE (−1) if unknown. */
export function findClientId(
  ids: ClientIdStore,
  account: number,
  i32: Int32Array,
  w: number,
): number {
  return findHashedClientId(ids, hashClientId(account, i32, w), account, i32, w)
}

/** The same for who has its hash already. */
export function findHashedClientId(
  ids: ClientIdStore,
  hash: number,
  account: number,
  i32: Int32Array,
  w: number,
): number {
  const { index } = ids
  const mask = index.length - 1
  let bucket = (hash << 1) & mask
  for (;;) {
    const entry = index[bucket]! - 1
    if (entry < 0) return NONE
    if (index[bucket + 1] === hash && matches(ids.i32, entry * CLIENT_W, account, i32, w))
      return entry
    bucket = (bucket + 2) & mask
  }
}

function matches(
  entries: Int32Array,
  e: number,
  account: number,
  i32: Int32Array,
  w: number,
): boolean {
  if (entries[e + C_ACCOUNT] !== account) return false
  for (let i = 0; i < CLIENT_TEXT_WORDS; i++)
    if (entries[e + C_TEXT + i] !== i32[w + TEXT_AT + i]) return false
  return true
}

/** Word `i` of EXTRA_WORDS of the order command at word `w`. */
function extraWord(i32: Int32Array, w: number, i: number): number {
  if (i === 0) return i32[w + OPTIONS_AT]!
  return i32[w + 4] === commandKind.PlaceAdvancedOrder ? i32[w + ADVANCED_AT + i - 1]! : 0
}

function hasExtra(i32: Int32Array, w: number): boolean {
  for (let i = 0; i < EXTRA_WORDS; i++) if (extraWord(i32, w, i) !== 0) return true
  return false
}

function sameExtra(ids: ClientIdStore, entry: number, i32: Int32Array, w: number): boolean {
  const kept = (ids.i32[entry * CLIENT_W + C_MODES]! & HAS_EXTRA) !== 0
  if (kept !== hasExtra(i32, w)) return false
  if (!kept) return true
  for (let i = 0; i < EXTRA_WORDS; i++)
    if (ids.extra[entry * EXTRA_WORDS + i] !== extraWord(i32, w, i)) return false
  return true
}

/** Whether the entry was made by a request with the same body as the order command at word `w`, double `d`. */
export function sameBody(
  ids: ClientIdStore,
  entry: number,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): boolean {
  const e = entry * CLIENT_W
  const entries = ids.i32
  const modes = entries[e + C_MODES]!
  return (
    entries[e + C_MARKET] === i32[w + 6] &&
    entries[e + C_PRICE]! >>> 0 === f64[d + 4] &&
    ids.f64[entry * CLIENT_D + CD_SIZE] === f64[d + 5] &&
    ids.f64[entry * CLIENT_D + CD_TRIGGER] === f64[d + 6] &&
    (modes & 0xff) === i32[w + 14] &&
    ((modes >> 8) & 0xff) === i32[w + 15] &&
    ((modes >> 16) & 0xff) === i32[w + 16] &&
    entries[e + C_MAX_FEE] === i32[w + 17] &&
    entries[e + C_LANE] === i32[w + 18] &&
    entries[e + C_LANE_SEQ] === i32[w + 19] &&
    entries[e + C_EXPIRY] === i32[w + 20] &&
    (modes & ~HAS_EXTRA) >> 24 === i32[w + 21] &&
    sameExtra(ids, entry, i32, w)
  )
}

/**
 * Remembers the id of an accepted order. There is always room: capacity exceeds the orders that can be open, and the
 * oldest closed one makes place.
 */
export function rememberClientId(
  ids: ClientIdStore,
  accounts: AccountStore,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
  orderId: number,
  hash: number = hashClientId(i32[w + 5]!, i32, w),
): number {
  if (ids.freeCount === 0 && ids.used === ids.capacity)
    forgetOldest(ids, accounts, ids.i32[ids.head * CLIENT_W + C_ACCOUNT]!)
  const entry = ids.freeCount > 0 ? ids.free[--ids.freeCount]! : ids.used++
  const e = entry * CLIENT_W
  const account = i32[w + 5]!
  const entries = ids.i32
  for (let i = 0; i < CLIENT_TEXT_WORDS; i++) entries[e + C_TEXT + i] = i32[w + TEXT_AT + i]!
  entries[e + C_ACCOUNT] = account
  entries[e + C_STATE] = 1
  entries[e + C_HASH] = hash
  entries[e + C_MARKET] = i32[w + 6]!
  entries[e + C_PRICE] = f64[d + 4]! | 0
  entries[e + C_MAX_FEE] = i32[w + 17]!
  entries[e + C_LANE] = i32[w + 18]!
  entries[e + C_LANE_SEQ] = i32[w + 19]!
  entries[e + C_EXPIRY] = i32[w + 20]!
  const modes = i32[w + 14]! | (i32[w + 15]! << 8) | (i32[w + 16]! << 16) | (i32[w + 21]! << 24)
  entries[e + C_MODES] = modes
  if (hasExtra(i32, w)) {
    entries[e + C_MODES] = modes | HAS_EXTRA
    for (let i = 0; i < EXTRA_WORDS; i++) ids.extra[entry * EXTRA_WORDS + i] = extraWord(i32, w, i)
  }
  const c = entry * CLIENT_D
  ids.f64[c + CD_SIZE] = f64[d + 5]!
  ids.f64[c + CD_ORDER_ID] = orderId
  ids.f64[c + CD_TRIGGER] = f64[d + 6]!
  ids.f64[c + CD_CLOSE_NUMBER] = 0
  indexClientId(ids, entry)
  touch(ids.dirty, entry)
  return entry
}

export function indexClientId(ids: ClientIdStore, entry: number): void {
  const { index } = ids
  const mask = index.length - 1
  const hash = ids.i32[entry * CLIENT_W + C_HASH]!
  let bucket = (hash << 1) & mask
  while (index[bucket] !== 0) bucket = (bucket + 2) & mask
  index[bucket] = entry + 1
  index[bucket + 1] = hash
}

/** The order of an entry closed: the id is remembered for the account's last ones. */
export function retireClientId(
  ids: ClientIdStore,
  accounts: AccountStore,
  entry: number,
  closeNumber: number,
): void {
  const entries = ids.i32
  const e = entry * CLIENT_W
  const account = entries[e + C_ACCOUNT]!
  const a = account * ACCOUNT_W
  entries[e + C_STATE] = 2
  entries[e + C_ACCOUNT_NEXT] = NONE
  entries[e + C_NEXT] = NONE
  entries[e + C_PREV] = ids.tail
  ids.f64[entry * CLIENT_D + CD_CLOSE_NUMBER] = closeNumber
  if (ids.tail === NONE) ids.head = entry
  else entries[ids.tail * CLIENT_W + C_NEXT] = entry
  ids.tail = entry
  const last = accounts.i32[a + W_CLOSED_TAIL]!
  if (last === NONE) accounts.i32[a + W_CLOSED_HEAD] = entry
  else entries[last * CLIENT_W + C_ACCOUNT_NEXT] = entry
  accounts.i32[a + W_CLOSED_TAIL] = entry
  const remembered = accounts.i32[a + W_CLOSED_IDS]! + 1
  accounts.i32[a + W_CLOSED_IDS] = remembered
  touch(ids.dirty, entry)
  if (remembered > limits.clientIdsRememberedPerAccount) forgetOldest(ids, accounts, account)
}

// The oldest closed id of all is also the oldest of its account, so one way of forgetting serves both.
function forgetOldest(ids: ClientIdStore, accounts: AccountStore, account: number): void {
  const entries = ids.i32
  const a = account * ACCOUNT_W
  const entry = accounts.i32[a + W_CLOSED_HEAD]!
  const e = entry * CLIENT_W
  const following = entries[e + C_ACCOUNT_NEXT]!
  accounts.i32[a + W_CLOSED_HEAD] = following
  if (following === NONE) accounts.i32[a + W_CLOSED_TAIL] = NONE
  accounts.i32[a + W_CLOSED_IDS] = accounts.i32[a + W_CLOSED_IDS]! - 1
  const next = entries[e + C_NEXT]!
  const prev = entries[e + C_PREV]!
  if (prev === NONE) ids.head = next
  else entries[prev * CLIENT_W + C_NEXT] = next
  if (next === NONE) ids.tail = prev
  else entries[next * CLIENT_W + C_PREV] = prev
  removeFromIndex(ids, entry)
  entries[e + C_STATE] = 0
  ids.free[ids.freeCount++] = entry
  touch(ids.dirty, entry)
}

// Backward shift: entries behind the hole move up if their home bucket allows, so no tombstones pile up.
function removeFromIndex(ids: ClientIdStore, entry: number): void {
  const { index } = ids
  const mask = index.length - 1
  let hole = (ids.i32[entry * CLIENT_W + C_HASH]! << 1) & mask
  while (index[hole] !== entry + 1) hole = (hole + 2) & mask
  for (let bucket = (hole + 2) & mask; index[bucket] !== 0; bucket = (bucket + 2) & mask) {
    const home = (index[bucket + 1]! << 1) & mask
    if (((bucket - home) & mask) < ((bucket - hole) & mask)) continue
    index[hole] = index[bucket]!
    index[hole + 1] = index[bucket + 1]!
    hole = bucket
  }
  index[hole] = 0
}
