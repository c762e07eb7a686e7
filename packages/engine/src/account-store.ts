//! Accounts, found by (owner, subaccount) through an open-addressed index.
import type { AccountRecords } from './account-records.ts'
import { createDirtySet, type DirtySet, touch } from './dirty-set.ts'
import {
  ACCOUNT_W,
  DAY_SHIFT,
  NONE,
  W_ACCOUNT_DIRTY,
  W_CLOSED_HEAD,
  W_CLOSED_TAIL,
  W_FIRST_POSITION,
  W_OWNER,
  W_RISK,
  W_SELF_TRADE,
  W_SUBACCOUNT,
} from './slabs.ts'

/** Bytes of an owner address, kept as five words. */
export const OWNER_WORDS = 5

export type AccountStore = {
  readonly capacity: number
  /** Accounts are 1 … used; record 0 is never used. */
  used: number
  readonly i32: Int32Array
  readonly f64: Float64Array
  readonly owners: Int32Array
  readonly index: Int32Array
  readonly dirty: DirtySet
}

export function createAccountStore({ i32, f64, homes }: AccountRecords): AccountStore {
  const capacity = homes - 1
  return {
    capacity,
    used: 0,
    i32,
    f64,
    owners: new Int32Array(homes * OWNER_WORDS),
    index: new Int32Array(tableSize(capacity)),
    dirty: createDirtySet(i32, ACCOUNT_W, W_ACCOUNT_DIRTY, 1, homes),
  }
}

/** Smallest power of two at least twice `records`. */
export function tableSize(records: number): number {
  let size = 16
  while (size < 2 * records) size *= 2
  return size
}

function bucketOf(words: Int32Array, at: number, subaccount: number): number {
  let h = subaccount | 0
  for (let i = 0; i < OWNER_WORDS; i++) {
    h = Math.imul(h ^ words[at + i]!, 0x85ebca6b)
    h ^= h >>> 15
  }
  return h >>> 0
}

function sameOwner(
  accounts: AccountStore,
  account: number,
  words: Int32Array,
  at: number,
): boolean {
  for (let i = 0; i < OWNER_WORDS; i++)
    if (accounts.owners[account * OWNER_WORDS + i] !== words[at + i]) return false
  return true
}

/** Account of the owner whose address stands at word `at`; 0 if it was never opened. */
export function findAccount(
  accounts: AccountStore,
  words: Int32Array,
  at: number,
  subaccount: number,
): number {
  const mask = accounts.index.length - 1
  let bucket = bucketOf(words, at, subaccount) & mask
  for (;;) {
    const account = accounts.index[bucket]!
    if (account === 0) return 0
    if (
      accounts.i32[account * ACCOUNT_W + W_SUBACCOUNT] === subaccount &&
      sameOwner(accounts, account, words, at)
    )
      return account
    bucket = (bucket + 1) & mask
  }
}

/** Takes the next account into use; `day`: of its opening. The caller has checked the capacity and that it does not exist. */
export function openAccount(
  accounts: AccountStore,
  words: Int32Array,
  at: number,
  subaccount: number,
  day: number,
): number {
  const account = ++accounts.used
  const w = account * ACCOUNT_W
  for (let i = 0; i < OWNER_WORDS; i++) accounts.owners[account * OWNER_WORDS + i] = words[at + i]!
  accounts.i32[w + W_SUBACCOUNT] = subaccount
  accounts.i32[w + W_FIRST_POSITION] = NONE
  accounts.i32[w + W_CLOSED_HEAD] = NONE
  accounts.i32[w + W_CLOSED_TAIL] = NONE
  const owner = ownerOf(accounts, account, words, at)
  accounts.i32[w + W_OWNER] = owner
  // The owner's first account carries the group of all of them.
  const group = owner === account ? owner : accounts.i32[owner * ACCOUNT_W + W_SELF_TRADE]!
  accounts.i32[w + W_SELF_TRADE] = group
  accounts.i32[w + W_RISK] = day << DAY_SHIFT
  indexAccount(accounts, account)
  touch(accounts.dirty, account)
  return account
}

export function indexAccount(accounts: AccountStore, account: number): void {
  const mask = accounts.index.length - 1
  const subaccount = accounts.i32[account * ACCOUNT_W + W_SUBACCOUNT]!
  let bucket = bucketOf(accounts.owners, account * OWNER_WORDS, subaccount) & mask
  while (accounts.index[bucket] !== 0) bucket = (bucket + 1) & mask
  accounts.index[bucket] = account
}

// Self-trade prevention compares owners: the number of an owner is its lowest account. Opening is rare, 256 lookups are fine.
function ownerOf(accounts: AccountStore, account: number, words: Int32Array, at: number): number {
  let owner = account
  for (let sub = 0; sub < 256; sub++) {
    const other = findAccount(accounts, words, at, sub)
    if (other !== 0) owner = Math.min(owner, accounts.i32[other * ACCOUNT_W + W_OWNER]!)
  }
  return owner
}

/** Copies an owner's words, e.g. into an event. */
export function copyOwner(
  accounts: AccountStore,
  account: number,
  into: Int32Array,
  at: number,
): void {
  for (let i = 0; i < OWNER_WORDS; i++) into[at + i] = accounts.owners[account * OWNER_WORDS + i]!
}
