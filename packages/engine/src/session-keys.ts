//! RegisterKey and RevokeKey: what the relayer has seen of session keys on-chain, and when they are forgotten (RULES.md 1.9).
import { closeReason, eventKind, type RejectCode, rejectCode } from '@plumb/model'
import { closeCollected, collect } from './close-many.ts'
import { emit, reject } from './emit.ts'
import { countRecord, mixSessionKey } from './hash-state.ts'
import {
  endOf,
  findKey,
  hasFreeKey,
  indexKey,
  indexKeys,
  isKnown,
  openKey,
  releaseKeyRecord,
  sameWords,
} from './key-store.ts'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const {
  ADVANCED_W,
  A_KEY,
  A_SLOT,
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
  NONE,
  TIME_MS,
} = slabs

/** Word of a command at which a key's address stands, in an order its signer's; and its owner's. */
const SIGNER = 33
const OWNER = 38
/** 2^48: the contract keeps what is left in 48 bits. */
const NOTIONAL_END = 281_474_976_710_656

const isAmount = (value: number, end: number) =>
  Math.floor(value) === value && value >= 0 && value < end
const LARGEST = Number.MAX_SAFE_INTEGER + 1

export function registerKey(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const { keys } = state
  const code = refuseTerms(state, i32, f64, w, d)
  if (code !== 0) {
    reject(state, i32, f64, w, d, code)
    return
  }
  const key = openKey(keys, i32, w + SIGNER, w + OWNER)
  const k = key * KEY_W
  keys.f64[key * KEY_D + KD_LEFT] = f64[d + 4]!
  keys.f64[key * KEY_D + KD_MAX_POSITION] = f64[d + 5]!
  keys.f64[key * KEY_D + KD_MAX_ORDER] = f64[d + 6]!
  keys.i32[k + K_SUBACCOUNT] = i32[w + 14]!
  keys.i32[k + K_ALL] = i32[w + 15]!
  keys.i32[k + K_EXPIRY] = i32[w + 16]!
  keys.i32[k + K_REGISTERED] = i32[w + 16]!
  keys.i32[k + K_MARKETS] = i32[w + 17]!
  keys.i32[k + K_MARKETS + 1] = i32[w + 18]!
  indexKey(keys, key)
  countRecord(state, mixSessionKey, key, 1)
  const record = emit(state, eventKind.KeyRegistered, 0, 0)
  const { i32: words, f64: doubles } = state.events
  for (let i = 4; i <= 6; i++) doubles[record * 20 + i] = f64[d + i]!
  for (let i = 14; i <= 18; i++) words[record * 40 + i] = i32[w + i]!
  for (let i = 0; i < KEY_WORDS; i++) {
    words[record * 40 + 20 + i] = i32[w + SIGNER + i]!
    words[record * 40 + 25 + i] = i32[w + OWNER + i]!
  }
}

function refuseTerms(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): RejectCode | 0 {
  const subaccount = i32[w + 14]!
  const valid =
    isAmount(f64[d + 4]!, NOTIONAL_END) &&
    isAmount(f64[d + 5]!, LARGEST) &&
    isAmount(f64[d + 6]!, LARGEST) &&
    subaccount >= 0 &&
    subaccount <= 255 &&
    i32[w + 15]! >>> 0 <= 1 &&
    !isZero(i32, w + SIGNER) &&
    !isZero(i32, w + OWNER) &&
    !sameWords(i32, w + SIGNER, i32, w + OWNER)
  if (!valid) return rejectCode.INVALID_PARAMETER
  if (findKey(state.keys, i32, w + SIGNER) !== 0) return rejectCode.KEY_USED
  if ((i32[w + 16]! >>> 0) * 1_000 <= state.totals[TIME_MS]!) return rejectCode.KEY_EXPIRED
  return hasFreeKey(state.keys) ? 0 : rejectCode.CAPACITY
}

function isZero(words: Int32Array, at: number): boolean {
  for (let i = 0; i < KEY_WORDS; i++) if (words[at + i] !== 0) return false
  return true
}

export function revokeKey(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const { keys, advanced } = state
  const key = findKey(keys, i32, w + SIGNER)
  const k = key * KEY_W
  if (key === 0 || keys.i32[k + K_REVOKED] !== 0) {
    reject(
      state,
      i32,
      f64,
      w,
      d,
      key === 0 ? rejectCode.UNKNOWN_SESSION_KEY : rejectCode.KEY_REVOKED,
    )
    return
  }
  countRecord(state, mixSessionKey, key, -1)
  const expiryS = Math.min(keys.i32[k + K_EXPIRY]! >>> 0, i32[w + 16]! >>> 0)
  keys.i32[k + K_EXPIRY] = expiryS | 0
  keys.i32[k + K_REVOKED] = 1
  countRecord(state, mixSessionKey, key, 1)
  const record = emit(state, eventKind.KeyRevoked, 0, 0)
  const words = state.events.i32
  words[record * 40 + 8] = expiryS | 0
  for (let i = 0; i < KEY_WORDS; i++) {
    words[record * 40 + 16 + i] = keys.i32[k + K_ADDRESS + i]!
    words[record * 40 + 21 + i] = keys.i32[k + K_OWNER + i]!
  }
  let count = 0
  for (let a = 0; a < advanced.used; a++) {
    const slot = advanced.i32[a * ADVANCED_W + A_SLOT]!
    if (slot !== NONE && advanced.i32[a * ADVANCED_W + A_KEY] === key)
      count = collect(state, count, slot)
  }
  closeCollected(state, count, closeReason.keyRevoked)
}

/** At a tick: keys that were over, as registered, before this second are forgotten. All their orders are closed by then. */
export function forgetKeys(state: EngineState): void {
  const { keys } = state
  const nowS = Math.floor(state.totals[TIME_MS]! / 1_000)
  if (nowS <= keys.nextEndS) return
  for (let key = 1; key <= keys.used; key++) {
    if (!isKnown(keys, key) || endOf(keys, key) >= nowS) continue
    countRecord(state, mixSessionKey, key, -1)
    releaseKeyRecord(keys, key)
  }
  indexKeys(keys)
}
