//! Everything the exchange knows, in slabs.
import { limits, RecordMixer } from '@plumb/model'
import { createAccountRecords } from './account-records.ts'
import { type AccountStore, createAccountStore } from './account-store.ts'
import { type AdvancedStore, createAdvancedStore } from './advanced-store.ts'
import { type BookStore, createBookStore } from './book-store.ts'
import { type ClientIdStore, createClientIdStore } from './client-id-store.ts'
import { createDirtySet, type DirtySet } from './dirty-set.ts'
import { chainPositions, type EngineLimits } from './engine-limits.ts'
import { EventBuffer } from './event-buffer.ts'
import type { Headroom } from './headroom-store.ts'
import { createKeyStore, type KeyStore } from './key-store.ts'
import { createLaneStore, type LaneStore } from './lane-store.ts'
import { createOrderStore, type OrderStore } from './order-store.ts'
import { createPairList, type PairList } from './pair-list.ts'
import { clearNoPosition, createPositionStore, type PositionStore } from './position-store.ts'
import { CHAIN_D, CLOCK_D, MARKET_D, TOTALS } from './slabs.ts'

/** Doubles of a publisher's page: publish time, then 32 prices. */
export const PUBLISHER_D = 40

/** Fee tiers: 0, which takes nothing off, and seven. */
export const FEE_TIERS = 8
/** Doubles of a fee tier: volume, taker off, maker off. */
export const FEE_TIER_D = 3
/** Behind the tiers: the largest taker off of all. */
export const LARGEST_TAKER_OFF: number = FEE_TIERS * FEE_TIER_D

export type EngineState = {
  readonly limits: EngineLimits
  readonly totals: Float64Array
  readonly chain: Float64Array
  readonly markets: Float64Array
  readonly clocks: Float64Array
  /** Tier t at t × FEE_TIER_D: volume, taker off, maker off; tier 0 is all zero. */
  readonly feeTiers: Float64Array
  readonly symbols: Uint8Array
  readonly publishers: Float64Array
  readonly orders: OrderStore
  readonly advanced: AdvancedStore
  readonly keys: KeyStore
  /** Dead man's switches of single markets that are set, by their deadlines. */
  readonly switches: PairList
  /** Reductions that stand on-chain and are the chain's to carry out, by the money asked for along with them. */
  readonly reductions: PairList
  readonly book: BookStore
  readonly accounts: AccountStore
  readonly positions: PositionStore
  readonly lanes: LaneStore
  readonly clientIds: ClientIdStore
  readonly headroom: Headroom
  readonly withdrawals: Withdrawals
  readonly dirtyMarkets: DirtySet
  readonly dirtyPublishers: DirtySet
  readonly events: EventBuffer
  readonly hash: HashSum
  readonly scratch: Scratch
  /** Events before the present command. */
  firstEvent: number
  /** Trades before the present tick. */
  firstTrade: number
  /** No dead man's switch is due before; a lower bound, made anew by every scan. */
  nextDeadManMs: number
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
  /** What `readAhead` saw: nobody wants it. */
  seen: number
  /** Orders whose trigger the present walk found reached: record, order id, price seen. */
  readonly reached: Int32Array
  readonly reachedIds: Float64Array
  readonly reachedPrices: Float64Array
  /** A fill-or-kill order played through: lots wanted, fills it may make, parts that would have come to the book. */
  wanted: number
  fillsLeft: number
  parts: number
  /** Levels of scales among those parts. */
  levels: number
  readonly partMakers: Int32Array
  readonly partPrices: Float64Array
  readonly partRests: Float64Array
  /** And what OCO siblings would have lost. */
  losses: number
  readonly lossOrders: Int32Array
  readonly lossLots: Float64Array
  /** Markets where liquidation is possible in the present tick. */
  readonly qualifying: Uint8Array
  /** Accounts short of maintenance margin, and by account what was noted of them. */
  readonly short: Int32Array
  readonly shortEquity: Float64Array
  readonly shortMaintenance: Float64Array
  /** `accountHealth` of the account being liquidated, and of another one. */
  readonly health: Float64Array
  readonly otherHealth: Float64Array
  /** Takeovers and participants of ADL in the present tick: they count as fills. */
  transfers: number
}

/** Orders of one market that one tick can trigger. */
export const REACHED_MAX = 64

export const LIMIT_VALUE = 0
export const OTHER_VALUE = 1
export const OTHER_MARGIN = 2
export const OTHER_GROSS = 3
/** 1: one of the other markets is stale. */
export const OTHER_STALE = 4

export function createState(engineLimits: EngineLimits): EngineState {
  const { accounts, markets, openOrders, positions } = engineLimits
  const held = positions + chainPositions(engineLimits)
  const records = createAccountRecords(accounts, held, engineLimits.lanePages)
  const pages = Math.ceil(markets / limits.pricesPerPage)
  const positionStore = createPositionStore(records, markets, positions)
  clearNoPosition(positionStore)
  return {
    limits: engineLimits,
    totals: new Float64Array(TOTALS),
    chain: new Float64Array(CHAIN_D),
    markets: new Float64Array(markets * MARKET_D),
    clocks: new Float64Array(markets * CLOCK_D),
    feeTiers: new Float64Array(LARGEST_TAKER_OFF + 1),
    symbols: new Uint8Array(markets * limits.symbolLengthMax),
    publishers: new Float64Array(limits.publishersMax * pages * PUBLISHER_D),
    orders: createOrderStore(openOrders),
    advanced: createAdvancedStore(openOrders),
    keys: createKeyStore(engineLimits.sessionKeys),
    switches: createPairList(accounts, markets),
    reductions: createPairList(accounts, markets),
    book: createBookStore(markets, engineLimits.pages, engineLimits.pageDirectories),
    accounts: createAccountStore(records),
    positions: positionStore,
    lanes: createLaneStore(records),
    clientIds: createClientIdStore(engineLimits.clientIds),
    headroom: positionStore.headroom,
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
      seen: 0,
      reached: new Int32Array(REACHED_MAX),
      reachedIds: new Float64Array(REACHED_MAX),
      reachedPrices: new Float64Array(REACHED_MAX),
      wanted: 0,
      fillsLeft: 0,
      parts: 0,
      levels: 0,
      partMakers: new Int32Array(limits.fillsPerCommandMax),
      partPrices: new Float64Array(limits.fillsPerCommandMax),
      partRests: new Float64Array(limits.fillsPerCommandMax),
      losses: 0,
      lossOrders: new Int32Array(limits.fillsPerCommandMax),
      lossLots: new Float64Array(limits.fillsPerCommandMax),
      qualifying: new Uint8Array(markets),
      short: new Int32Array(accounts + 1),
      shortEquity: new Float64Array(accounts + 1),
      shortMaintenance: new Float64Array(accounts + 1),
      health: new Float64Array(3),
      otherHealth: new Float64Array(3),
      transfers: 0,
    },
    firstEvent: 0,
    firstTrade: 0,
    nextDeadManMs: Infinity,
  }
}
