//! What the reference engine knows, as plain objects. Money and sizes are BigInt: nothing here can round.
import type { Market } from '@plumb/model'
import type { EngineLimits } from '../engine-limits.ts'
import { ReferenceBook } from './reference-book.ts'

export type ReferenceOrder = {
  orderId: number
  slot: number
  accountId: number
  market: number
  side: 0 | 1
  flags: number
  price: number
  size: number
  remaining: number
  maxFee: number
  lane: number
  laneSeq: number
  expiryS: number
  priority: number
  clientId: string
}
export type ReferencePosition = { lots: bigint; entry: bigint; snapshot: bigint }
export type ReferenceLane = { seq: number; filled: number; orderId: number }
export type ReferenceAccount = {
  accountId: number
  owner: Uint8Array
  ownerHex: string
  subaccount: number
  cash: bigint
  positions: Map<number, ReferencePosition>
  lanes: Map<number, ReferenceLane>
}
export type ReferenceMarket = Market & {
  state: number
  book: ReferenceBook<ReferenceOrder>
  last: number
  index: number
  indexTimeMs: number
  mark: number
  fundingIndex: bigint
  pool: bigint
  premiumSum: bigint
  premiumCount: number
  sampleTimeMs: number
  sampledMs: number
  emaN: bigint
  emaD: bigint
  emaTimeMs: number
  fundingHour: number
  lastRate: bigint
  lastPremium: bigint
}
export type RememberedId = {
  accountId: number
  text: string
  orderId: number
  body: readonly number[]
  /** 0 while its order is open. */
  closeNumber: number
}
export type ReferenceState = {
  limits: EngineLimits
  seq: number
  timeMs: number
  opened: boolean
  chainId: number
  lagS: number
  publisherCount: number
  quorum: number
  accounts: ReferenceAccount[]
  markets: Map<number, ReferenceMarket>
  generations: number[]
  freeSlots: number[]
  /** By account and text. */
  clientIds: Map<string, RememberedId>
  /** `publisher:page` → publish time and prices. */
  publishers: Map<string, { timeMs: number; prices: number[] }>
  withdrawals: { seq: number; accountId: number; amount: bigint }[]
  lastDepositId: number
  deposits: bigint
  paid: bigint
  fees: bigint
  trades: number
  priorities: number
  closes: number
  paused: number
  lastBatch: number
  batchToSeq: number
  sweptS: number
}

export function emptyState(limits: EngineLimits): ReferenceState {
  return {
    limits,
    seq: 0,
    timeMs: 0,
    opened: false,
    chainId: 0,
    lagS: 0,
    publisherCount: 0,
    quorum: 0,
    accounts: [],
    markets: new Map(),
    generations: [],
    freeSlots: [],
    clientIds: new Map(),
    publishers: new Map(),
    withdrawals: [],
    lastDepositId: 0,
    deposits: 0n,
    paid: 0n,
    fees: 0n,
    trades: 0,
    priorities: 0,
    closes: 0,
    paused: 0,
    lastBatch: 0,
    batchToSeq: 0,
    sweptS: 0,
  }
}

export function listedMarket(terms: Market): ReferenceMarket {
  return {
    ...terms,
    state: 0,
    book: new ReferenceBook(),
    last: 0,
    index: terms.fixedIndexTicks,
    indexTimeMs: 0,
    mark: terms.fixedIndexTicks,
    fundingIndex: 0n,
    pool: 0n,
    premiumSum: 0n,
    premiumCount: 0,
    sampleTimeMs: 0,
    sampledMs: 0,
    emaN: 0n,
    emaD: 0n,
    emaTimeMs: 0,
    fundingHour: 0,
    lastRate: 0n,
    lastPremium: 0n,
  }
}

export const accountOf = (s: ReferenceState, id: number): ReferenceAccount | undefined =>
  s.accounts[id - 1]

/** Every open order of every market. */
export function* allOrders(s: ReferenceState): Generator<ReferenceOrder> {
  for (const market of s.markets.values()) {
    yield* market.book.orders(0)
    yield* market.book.orders(1)
  }
}

export function* ordersOf(s: ReferenceState, accountId: number): Generator<ReferenceOrder> {
  for (const order of allOrders(s)) if (order.accountId === accountId) yield order
}

/** Long open interest of a market, lots. */
export function openInterest(s: ReferenceState, market: number): bigint {
  let sum = 0n
  for (const { positions } of s.accounts) {
    const lots = positions.get(market)?.lots ?? 0n
    if (lots > 0n) sum += lots
  }
  return sum
}
