//! Everything the exchange knows, in slabs.
import { limits, RecordMixer } from '@plumb/model'
import { type AccountStore, createAccountStore } from './account-store.ts'
import { type BookStore, createBookStore } from './book-store.ts'
import { type ClientIdStore, createClientIdStore } from './client-id-store.ts'
import { createDirtySet, type DirtySet } from './dirty-set.ts'
import type { EngineLimits } from './engine-limits.ts'
import { EventBuffer } from './event-buffer.ts'
import { createLaneStore, type LaneStore } from './lane-store.ts'
import { createOrderStore, type OrderStore } from './order-store.ts'
import { createPositionStore, type PositionStore } from './position-store.ts'
import { MARKET_D, TOTALS } from './slabs.ts'

/** Doubles of a publisher's page: publish time, then 32 prices. */
export const PUBLISHER_D = 40

export type EngineState = {
  readonly limits: EngineLimits
  readonly totals: Float64Array
  readonly markets: Float64Array
  readonly symbols: Uint8Array
  readonly publishers: Float64Array
  readonly orders: OrderStore
  readonly book: BookStore
  readonly accounts: AccountStore
  readonly positions: PositionStore
  readonly lanes: LaneStore
  readonly clientIds: ClientIdStore
  readonly withdrawals: Withdrawals
  readonly dirtyMarkets: DirtySet
  readonly dirtyPublishers: DirtySet
  readonly events: EventBuffer
  readonly hash: HashSum
  readonly scratch: Scratch
  /** Events before the present command. */
  firstEvent: number
}

/** Withdrawals accepted and not yet paid, oldest first: (request seq, account, amount) in a ring. */
export type Withdrawals = { readonly ring: Float64Array; head: number; count: number }

/** The sum so far, and the mixer of single records. */
export type HashSum = { hi: number; lo: number; readonly mixer: RecordMixer }

/** What a step leaves for the next one; nothing in it outlives a command. */
export type Scratch = {
  /** The limit a refusal names; then value, initial margin and gross of an account's other markets. */
  readonly f64: Float64Array
  /** Slots being closed together. */
  readonly orderIds: Float64Array
  readonly marked: Int32Array
  readonly markedCash: Float64Array
  readonly markedLots: Float64Array
  epoch: number
}

export const LIMIT_VALUE = 0
export const OTHER_VALUE = 1
export const OTHER_MARGIN = 2
export const OTHER_GROSS = 3

export function createState(engineLimits: EngineLimits): EngineState {
  const { accounts, markets, openOrders, positions } = engineLimits
  const pages = Math.ceil(markets / limits.pricesPerPage)
  return {
    limits: engineLimits,
    totals: new Float64Array(TOTALS),
    markets: new Float64Array(markets * MARKET_D),
    symbols: new Uint8Array(markets * limits.symbolLengthMax),
    publishers: new Float64Array(limits.publishersMax * pages * PUBLISHER_D),
    orders: createOrderStore(openOrders),
    book: createBookStore(markets, engineLimits.pages, engineLimits.pageDirectories),
    accounts: createAccountStore(accounts),
    positions: createPositionStore(accounts, markets, positions),
    lanes: createLaneStore(accounts, engineLimits.lanePages),
    clientIds: createClientIdStore(engineLimits.clientIds),
    withdrawals: {
      ring: new Float64Array(3 * engineLimits.pendingWithdrawals),
      head: 0,
      count: 0,
    },
    dirtyMarkets: createDirtySet(new Int32Array(markets), 1, 0),
    dirtyPublishers: createDirtySet(new Int32Array(limits.publishersMax * pages), 1, 0),
    events: new EventBuffer(),
    hash: { hi: 0, lo: 0, mixer: new RecordMixer() },
    scratch: {
      f64: new Float64Array(8),
      orderIds: new Float64Array(openOrders),
      marked: new Int32Array(accounts + 1),
      markedCash: new Float64Array(accounts + 1),
      markedLots: new Float64Array(accounts + 1),
      epoch: 0,
    },
    firstEvent: 0,
  }
}
