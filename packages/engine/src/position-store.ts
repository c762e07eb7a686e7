//! One record for each (account, market) that has a position or an open order; an account's records form a list.
// Record a is account a's home: its first market lives there, at an address known before the account is even read.
import type { AccountRecords } from './account-records.ts'
import type { AccountStore } from './account-store.ts'
import { createDirtySet, type DirtySet, touch } from './dirty-set.ts'
import { createHeadroom, forgetHeadroom, type Headroom } from './headroom-store.ts'
import * as slabs from './slabs.ts'

const {
  ACCOUNT_W,
  D_BUY_LATER,
  D_BUY_LOTS,
  D_BUY_QUOTE,
  D_ENTRY,
  D_LOTS,
  D_PARTIAL_AT,
  D_SELL_LATER,
  D_SELL_LOTS,
  D_SELL_QUOTE,
  D_SNAPSHOT,
  NONE,
  POSITION_D,
  POSITION_W,
  P_ACCOUNT,
  P_BUY_MAX,
  P_DIRTY,
  P_FIRST_ORDER,
  P_LEVERAGE,
  P_MARKET,
  P_NEXT,
  P_ORDERS,
  P_PREV,
  P_SELL_MIN,
  W_FIRST_POSITION,
} = slabs

/** What a record holds of a position itself. */
const POSITION_DOUBLES = [
  D_LOTS,
  D_ENTRY,
  D_SNAPSHOT,
  D_BUY_LOTS,
  D_BUY_QUOTE,
  D_SELL_LOTS,
  D_SELL_QUOTE,
  D_BUY_LATER,
  D_SELL_LATER,
  D_PARTIAL_AT,
]

export type PositionStore = {
  /** Records that may be in use, homes included. */
  readonly capacity: number
  /** Records there are beyond them, for what the chain has done. */
  readonly reserve: number
  /** Records 0 … homes − 1 are homes. */
  readonly homes: number
  readonly markets: number
  readonly i32: Int32Array
  readonly f64: Float64Array
  /** (account, market) → record + 1. */
  readonly index: Int32Array
  /** (account, market) → leverage, 0 = none. */
  readonly leverage: Uint8Array
  readonly free: Int32Array
  readonly headroom: Headroom
  readonly dirty: DirtySet
  inUse: number
  used: number
  freeCount: number
}

export function createPositionStore(
  records: AccountRecords,
  markets: number,
  capacity: number,
): PositionStore {
  const { i32, f64, homes, positions } = records
  return {
    capacity,
    reserve: positions - capacity,
    homes,
    markets,
    i32,
    f64,
    index: new Int32Array(homes * markets),
    leverage: new Uint8Array(homes * markets),
    free: new Int32Array(positions),
    headroom: createHeadroom(homes, markets),
    dirty: createDirtySet(i32, POSITION_W, P_DIRTY, 1, homes + positions),
    inUse: 0,
    used: homes,
    freeCount: 0,
  }
}

/** Record 0, no account's home, stands for a position that does not exist. */
export function clearNoPosition(positions: PositionStore): void {
  positions.i32[P_SELL_MIN] = -1
}

/** Record of (account, market), NONE (−1) if there is none. */
export function findPosition(
  positions: PositionStore,
  accounts: AccountStore,
  account: number,
  market: number,
): number {
  if (positions.i32[account * POSITION_W + P_MARKET] === market) return account
  if (accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION] === NONE) return NONE
  return positions.index[account * positions.markets + market]! - 1
}

/** A new account's home is empty. */
export function clearHome(positions: PositionStore, account: number): void {
  positions.i32[account * POSITION_W + P_MARKET] = NONE
}

export function hasFreePosition(positions: PositionStore): boolean {
  return positions.inUse < positions.capacity
}

/** Whether so many records are free for what the chain has done. */
export function hasRoomForChain(positions: PositionStore, records: number): boolean {
  return positions.inUse + records <= positions.capacity + positions.reserve
}

/** Makes a record at the end of the account's list; the caller has asked whether one is free. */
export function openPosition(
  positions: PositionStore,
  accounts: AccountStore,
  account: number,
  market: number,
): number {
  const i32 = positions.i32
  let record = account
  if (i32[account * POSITION_W + P_MARKET] !== NONE)
    record = positions.freeCount > 0 ? positions.free[--positions.freeCount]! : positions.used++
  const w = record * POSITION_W
  positions.inUse++
  const head = account * ACCOUNT_W + W_FIRST_POSITION
  const first = accounts.i32[head]!
  const d = record * POSITION_D
  for (const field of POSITION_DOUBLES) positions.f64[d + field] = 0
  i32[w + P_ORDERS] = 0
  i32[w + P_ACCOUNT] = account
  i32[w + P_MARKET] = market
  i32[w + P_LEVERAGE] = positions.leverage[account * positions.markets + market]!
  i32[w + P_NEXT] = first
  i32[w + P_PREV] = NONE
  i32[w + P_FIRST_ORDER] = NONE
  i32[w + P_BUY_MAX] = 0
  i32[w + P_SELL_MIN] = -1
  if (first !== NONE) i32[first * POSITION_W + P_PREV] = record
  accounts.i32[head] = record
  positions.index[account * positions.markets + market] = record + 1
  touch(positions.dirty, record)
  return record
}

/** A live order holds on to its account's record, also while it is matched and off the book. */
export function pinPosition(positions: PositionStore, record: number): void {
  const at = record * POSITION_W + P_ORDERS
  positions.i32[at] = positions.i32[at]! + 1
}

/** The order is gone; the record goes back once it holds neither a position nor an order. */
export function unpinPosition(
  positions: PositionStore,
  accounts: AccountStore,
  record: number,
): void {
  const at = record * POSITION_W + P_ORDERS
  positions.i32[at] = positions.i32[at]! - 1
  releaseIfIdle(positions, accounts, record)
}

/** Gives a record back that holds neither a position nor an order. */
export function releaseIfIdle(
  positions: PositionStore,
  accounts: AccountStore,
  record: number,
): void {
  const w = record * POSITION_W
  const i32 = positions.i32
  if (i32[w + P_ORDERS] !== 0 || positions.f64[record * POSITION_D + D_LOTS] !== 0) return
  const next = i32[w + P_NEXT]!
  const prev = i32[w + P_PREV]!
  const account = i32[w + P_ACCOUNT]!
  if (next !== NONE) i32[next * POSITION_W + P_PREV] = prev
  if (prev === NONE) accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION] = next
  else i32[prev * POSITION_W + P_NEXT] = next
  positions.index[account * positions.markets + i32[w + P_MARKET]!] = 0
  const first = accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION]!
  if (first !== NONE && i32[first * POSITION_W + P_NEXT] === NONE)
    forgetHeadroom(positions.headroom, account)
  positions.inUse--
  if (record < positions.homes) i32[w + P_MARKET] = NONE
  else positions.free[positions.freeCount++] = record
  touch(positions.dirty, record)
}
