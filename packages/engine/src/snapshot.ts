//! A snapshot is the used part of every slab, one after the other; restoring copies them back and rebuilds the indexes.
import { indexAccount } from './account-store.ts'
import { bookSections } from './book-store.ts'
import { EXTRA_WORDS, indexClientId } from './client-id-store.ts'
import { scanDeadMen } from './dead-man.ts'
import type { DirtySet } from './dirty-set.ts'
import { defaultLimits, type EngineLimits } from './engine-limits.ts'
import { stateHash } from './hash-state.ts'
import { indexKeys } from './key-store.ts'
import { clearNoPosition } from './position-store.ts'
import {
  ACCOUNT_W,
  ADVANCED_W,
  BLOCKS,
  C_STATE,
  CLIENT_W,
  DUE_BLOCK,
  HOME_PLACES,
  KEY_W,
  LANE_W,
  LANES,
  POSITION_W,
} from './slabs.ts'
import { createState, type EngineState } from './state.ts'

/** 'PLSN' little-endian, then the format's version. */
const MAGIC = 0x4e534c50
const VERSION = 8
const HEADER_WORDS = 48

const limitNames = [
  'accounts',
  'markets',
  'openOrders',
  'ordersPerAccount',
  'positions',
  'pages',
  'pageDirectories',
  'lanePages',
  'clientIds',
  'pendingWithdrawals',
  'sessionKeys',
] as const satisfies readonly (keyof EngineLimits)[]

type Slab = Uint8Array | Int32Array | Uint32Array | Float64Array

/** How much of the slabs is in use, in the order of `counters`. */
function counters(state: EngineState): number[] {
  const { accounts, orders, book, positions, lanes, clientIds, withdrawals, hash } = state
  return [
    accounts.used,
    orders.used,
    orders.freeCount,
    book.pagesUsed,
    book.freePageCount,
    book.nodesUsed,
    book.freeNodeCount,
    positions.inUse,
    positions.used,
    positions.freeCount,
    lanes.used,
    clientIds.used,
    clientIds.freeCount,
    clientIds.head,
    clientIds.tail,
    withdrawals.head,
    withdrawals.count,
    hash.hi,
    hash.lo,
    state.advanced.used,
    state.advanced.freeCount,
    state.keys.used,
    state.keys.freeCount,
    state.switches.used,
    state.reductions.used,
  ]
}

function restoreCounters(state: EngineState, values: Int32Array): void {
  const next = values.values()
  const take = () => next.next().value ?? 0
  const { accounts, orders, book, positions, lanes, clientIds, withdrawals, hash } = state
  accounts.used = take()
  orders.used = take()
  orders.freeCount = take()
  book.pagesUsed = take()
  book.freePageCount = take()
  book.nodesUsed = take()
  book.freeNodeCount = take()
  positions.inUse = take()
  positions.used = take()
  positions.freeCount = take()
  lanes.used = take()
  clientIds.used = take()
  clientIds.freeCount = take()
  clientIds.head = take()
  clientIds.tail = take()
  withdrawals.head = take()
  withdrawals.count = take()
  hash.hi = take()
  hash.lo = take()
  state.advanced.used = take()
  state.advanced.freeCount = take()
  state.keys.used = take()
  state.keys.freeCount = take()
  state.switches.used = take()
  state.reductions.used = take()
}

const used = (slab: Slab, records: number, perRecord: number): Slab =>
  slab.subarray(0, records * perRecord)

const between = (slab: Slab, from: number, to: number): Slab => slab.subarray(from, to)

const terms = (dirty: DirtySet, records: number): Slab => dirty.terms.subarray(0, 2 * records)

/** Every section of a snapshot, in order: views of the slabs, so the same list writes and reads. */
function sections(state: EngineState): Slab[] {
  const { accounts, orders, advanced, keys, positions, lanes, clientIds, limits } = state
  const placesUsed = lanes.pagePlaces + lanes.used * LANES
  return [
    state.totals,
    state.chain,
    state.markets,
    state.clocks,
    state.feeTiers,
    state.symbols,
    state.publishers,
    state.withdrawals.ring,
    state.dirtyMarkets.terms,
    state.dirtyPublishers.terms,
    ...bookSections(state.book),
    used(accounts.i32, accounts.used + 1, ACCOUNT_W),
    used(accounts.owners, accounts.used + 1, 5),
    terms(accounts.dirty, accounts.used + 1),
    used(orders.i32, orders.used, 32),
    used(orders.dueS, orders.used, 1),
    used(orders.blockDueS, Math.ceil(orders.used / DUE_BLOCK), 1),
    used(orders.free, orders.freeCount, 1),
    terms(orders.dirty, orders.used),
    used(advanced.i32, advanced.used, ADVANCED_W),
    used(advanced.free, advanced.freeCount, 1),
    terms(advanced.dirty, advanced.used),
    used(keys.i32, keys.used + 1, KEY_W),
    used(keys.free, keys.freeCount, 1),
    between(positions.i32, positions.homes * POSITION_W, positions.used * POSITION_W),
    used(positions.free, positions.freeCount, 1),
    used(positions.index, accounts.used + 1, limits.markets),
    used(positions.leverage, accounts.used + 1, limits.markets),
    terms(positions.dirty, positions.used),
    used(lanes.index, accounts.used + 1, BLOCKS),
    used(lanes.places, lanes.used, 1),
    between(lanes.i32, lanes.pagePlaces * LANE_W, placesUsed * LANE_W),
    used(lanes.filled, accounts.used + 1, LANES),
    between(lanes.filled, lanes.homes * LANES, (lanes.homes + lanes.used) * LANES),
    terms(lanes.dirty, (accounts.used + 1) * HOME_PLACES),
    between(lanes.dirty.terms, 2 * lanes.pagePlaces, 2 * placesUsed),
    used(clientIds.i32, clientIds.used, CLIENT_W),
    used(clientIds.extra, clientIds.used, EXTRA_WORDS),
    used(clientIds.free, clientIds.freeCount, 1),
    terms(clientIds.dirty, clientIds.used),
    used(state.switches.f64, state.switches.used, 2),
    used(state.reductions.f64, state.reductions.used, 2),
  ]
}

const bytesOf = (slab: Slab) => new Uint8Array(slab.buffer, slab.byteOffset, slab.byteLength)

/** The whole state as bytes; the limits are in it. */
export function takeSnapshot(state: EngineState): Uint8Array {
  stateHash(state) // leaves nothing dirty
  const parts = sections(state)
  const length = parts.reduce((sum, part) => sum + part.byteLength, HEADER_WORDS * 4)
  const out = new Uint8Array(length)
  const header = new Int32Array(out.buffer, 0, HEADER_WORDS)
  const limits = limitNames.map((name) => state.limits[name])
  header.set([MAGIC, VERSION, ...limits, ...counters(state)])
  let at = HEADER_WORDS * 4
  for (const part of parts) {
    out.set(bytesOf(part), at)
    at += part.byteLength
  }
  return out
}

/** A state equal to the one the snapshot was taken of. Throws on bytes that are not one of this version. */
export function stateFromSnapshot(bytes: Uint8Array): EngineState {
  if (bytes.length < HEADER_WORDS * 4) throw new RangeError('snapshot is too short')
  const header = new Int32Array(new Uint8Array(bytes.subarray(0, HEADER_WORDS * 4)).buffer)
  if (header[0] !== MAGIC || header[1] !== VERSION)
    throw new RangeError(`not a snapshot of version ${VERSION}`)
  const limits = { ...defaultLimits }
  for (const [i, name] of limitNames.entries()) limits[name] = header[2 + i]!
  const state = createState(limits)
  restoreCounters(state, header.subarray(2 + limitNames.length))
  let at = HEADER_WORDS * 4
  for (const part of sections(state)) {
    if (at + part.byteLength > bytes.length) throw new RangeError('snapshot is cut short')
    bytesOf(part).set(bytes.subarray(at, at + part.byteLength))
    at += part.byteLength
  }
  if (at !== bytes.length) throw new RangeError('snapshot has trailing bytes')
  rebuildIndexes(state)
  return state
}

function rebuildIndexes(state: EngineState): void {
  const { accounts, clientIds } = state
  for (let account = 1; account <= accounts.used; account++) indexAccount(accounts, account)
  for (let entry = 0; entry < clientIds.used; entry++)
    if (clientIds.i32[entry * CLIENT_W + C_STATE] !== 0) indexClientId(clientIds, entry)
  indexKeys(state.keys)
  clearNoPosition(state.positions)
  scanDeadMen(state)
}
