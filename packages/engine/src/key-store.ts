//! Session keys by address: what the chain lets each of them sign, and what it may still fill.
import { K_ADDRESS, K_OWNER, K_REGISTERED, KEY_D, KEY_W, KEY_WORDS } from './slabs.ts'

export type KeyStore = {
  readonly capacity: number
  readonly i32: Int32Array
  readonly f64: Float64Array
  readonly free: Int32Array
  /** Open addressing over the first word of the address: numbers of keys, 0 = free. */
  readonly index: Int32Array
  /** Numbers that were ever used: 1 … used. */
  used: number
  freeCount: number
  /** No key is over before this second; a lower bound, made anew by every sweep. */
  nextEndS: number
}

export function createKeyStore(capacity: number): KeyStore {
  const buffer = new ArrayBuffer((capacity + 1) * KEY_W * 4)
  return {
    capacity,
    i32: new Int32Array(buffer),
    f64: new Float64Array(buffer),
    free: new Int32Array(capacity),
    index: new Int32Array(2 ** Math.ceil(Math.log2(2 * capacity + 2))),
    used: 0,
    freeCount: 0,
    nextEndS: Infinity,
  }
}

const bucketOf = (words: Int32Array, at: number) => Math.imul(words[at + 1]!, 0x9e3779b1 | 0) >>> 8

/** Number of the key whose address stands at word `at`; 0 if there is no such key. */
export function findKey(keys: KeyStore, words: Int32Array, at: number): number {
  const mask = keys.index.length - 1
  for (let bucket = bucketOf(words, at) & mask; ; bucket = (bucket + 1) & mask) {
    const key = keys.index[bucket]!
    if (key === 0 || sameWords(keys.i32, key * KEY_W + K_ADDRESS, words, at)) return key
  }
}

/** Whether two addresses are the same. */
export function sameWords(a: Int32Array, at: number, b: Int32Array, other: number): boolean {
  for (let i = 0; i < KEY_WORDS; i++) if (a[at + i] !== b[other + i]) return false
  return true
}

export const hasFreeKey = (keys: KeyStore): boolean =>
  keys.freeCount > 0 || keys.used < keys.capacity

/** A number for a new key, its record empty but for the addresses of key and owner; the caller has asked `hasFreeKey`. */
export function openKey(keys: KeyStore, words: Int32Array, key: number, owner: number): number {
  const number = keys.freeCount > 0 ? keys.free[--keys.freeCount]! : ++keys.used
  const k = number * KEY_W
  keys.i32.fill(0, k, k + KEY_W)
  for (let i = 0; i < KEY_WORDS; i++) {
    keys.i32[k + K_ADDRESS + i] = words[key + i]!
    keys.i32[k + K_OWNER + i] = words[owner + i]!
  }
  return number
}

/** Makes a key whose record is complete known by its address. */
export function indexKey(keys: KeyStore, key: number): void {
  const mask = keys.index.length - 1
  let bucket = bucketOf(keys.i32, key * KEY_W + K_ADDRESS) & mask
  while (keys.index[bucket] !== 0) bucket = (bucket + 1) & mask
  keys.index[bucket] = key
  keys.nextEndS = Math.min(keys.nextEndS, keys.i32[key * KEY_W + K_REGISTERED]! >>> 0)
}

/** Gives a key's number back; `indexKeys` has to follow. */
export function releaseKeyRecord(keys: KeyStore, key: number): void {
  keys.i32[key * KEY_W + K_REGISTERED] = 0
  keys.free[keys.freeCount++] = key
}

/** Makes the index anew: after keys have gone, and in a restored state. */
export function indexKeys(keys: KeyStore): void {
  keys.index.fill(0)
  keys.nextEndS = Infinity
  for (let key = 1; key <= keys.used; key++) if (isKnown(keys, key)) indexKey(keys, key)
}

/** Whether a number is a key's now; no key expires in second 0. */
export const isKnown = (keys: KeyStore, key: number): boolean =>
  keys.i32[key * KEY_W + K_REGISTERED] !== 0

/** Second after which a key is forgotten. */
export const endOf = (keys: KeyStore, key: number): number =>
  keys.i32[key * KEY_W + K_REGISTERED]! >>> 0

/** What a key's orders may still reserve, micro-USDC. */
export const leftOf = (keys: KeyStore, key: number): number => keys.f64[key * KEY_D]!
