//! What the reference engine knows, as plain objects. Money and sizes are BigInt: nothing here can round.
import {
  type EventBody,
  type Market,
  orderFlag,
  type RegisterKey,
  type RejectName,
  type SetMarketRisk,
  timeInForce,
  timeInForceOf,
} from '@plumb/model'
import type { EngineLimits } from '../engine-limits.ts'
import { ReferenceBook } from './reference-book.ts'

export type Emit = (event: EventBody) => void
export type Refusal = { refuse: RejectName; limitValue?: number }
export const refuse = (name: RejectName, limitValue = 0): Refusal => ({ refuse: name, limitValue })
export const INVALID: Refusal = { refuse: 'INVALID_PARAMETER' }

/** A live order: on its market's book, or waiting for a price or a time. */
export type ReferenceOrder = {
  orderId: number
  slot: number
  accountId: number
  market: number
  side: 0 | 1
  flags: number
  /** Where it rests; the signed limit while it waits. */
  price: number
  size: number
  remaining: number
  /** Lots of `remaining` that do not show: an iceberg's next parts, a scale's next levels. */
  hidden: number
  maxFee: number
  lane: number
  laneSeq: number
  expiryS: number
  priority: number
  clientId: string
  selfTrade: number
  waiting: boolean
  waitingPriority: number
  style: number
  triggerKind: number
  triggerSource: number
  trigger: number
  /** Best price a trailing stop has seen, 0 before the first. */
  extreme: number
  /** The signed limit. */
  limit: number
  offset: number
  count: number
  seconds: number
  slippage: number
  display: number
  /** Slices done (twap), levels done (scale). */
  step: number
  startMs: number
  /** Lane plus one; 0: no parent. */
  parentLane: number
  parentSeq: number
  parentTotal: number
  parentFilledBefore: number
  /** Order id of its OCO sibling, 0 if none. */
  sibling: number
  /** Session key that signed it (hex), '' if its owner did; then also the lots it signed. */
  key: string
  keyLots: number
}
/** A session key, as the chain has it; `left`: of its notional, without what was filled or is reserved by open orders. */
export type ReferenceKey = Omit<RegisterKey, 'kind'> & {
  markets: bigint
  registeredExpiryS: number
  isRevoked: boolean
  left: bigint
}
export type ReferencePosition = {
  lots: bigint
  entry: bigint
  snapshot: bigint
  partialAtMs: number
}
export type ReferenceLane = { seq: number; filled: number; orderId: number }
export type ReferenceAccount = {
  accountId: number
  owner: Uint8Array
  ownerHex: string
  subaccount: number
  cash: bigint
  group: number
  /** −1: cross margin. */
  isolatedMarket: number
  tier: number
  volume: bigint
  volumeDay: number
  /** Deadline by scope: 0 the account's switch, m + 1 that of market m; 0 or none = off. */
  deadMan: Map<number, number>
  positions: Map<number, ReferencePosition>
  lanes: Map<number, ReferenceLane>
  leverage: Map<number, number>
  /** Orders with a lower lane sequence number are dead on-chain. */
  minSeq: number
  /** Only what reduces. */
  locked: boolean
  /** Markets where a reduction stands on-chain, with the money asked for along with it. */
  reductionsAsked: Map<number, bigint>
}
/** What the contract has told. */
export type ReferenceChain = {
  notices: number
  pausedUntilS: number
  forceFeePpm: number
  backstopHex: string
  heardMs: number
  unsettledMs: number
}
export type MarketRisk = Omit<SetMarketRisk, 'kind' | 'market'>
/** A weighted mean in integers: n/d, and when it was last fed. */
export type Average = { n: bigint; d: bigint; timeMs: number }
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
  /** Basis of the mid over 150 s, and of the traded price over 30 s. */
  ema150: Average
  ema30: Average
  fundingHour: number
  lastRate: bigint
  lastPremium: bigint
  /** Undefined until the first `SetMarketRisk`. */
  risk: MarketRisk | undefined
  bookWeight: number
  markSecond: number
  /** M̄ as of the last mark; 0 before the first. */
  meanMark: number
  minutes: { minute: number; sum: bigint; count: number }[]
  volatility: { minute: number; index: number; variance: bigint; ppm: number }
  depths: { taken: number; ring: bigint[] }
  tranche: bigint
  badDebt: bigint
  backstop: number
  reopeningSinceMs: number
  goodTicks: number
  rearmedAtMs: number
  settlementPrice: number
}
/** What a repeated request is compared by; `options` are the words that the engine alone reads. */
export type RequestBody = { signed: readonly number[]; options: readonly number[] }
export type RememberedId = {
  accountId: number
  text: string
  orderId: number
  body: RequestBody
  /** 0 while its order is open. */
  closeNumber: number
}
export type FeeTier = { volume: number; takerOff: number; makerOff: number }
export type ReferenceState = {
  limits: EngineLimits
  seq: number
  timeMs: number
  /** Fills of the present command so far. */
  fills: number
  opened: boolean
  chainId: number
  lagS: number
  publisherCount: number
  quorum: number
  accounts: ReferenceAccount[]
  markets: Map<number, ReferenceMarket>
  /** Live orders by id. */
  orders: Map<number, ReferenceOrder>
  /** Session keys by address (hex). */
  keys: Map<string, ReferenceKey>
  generations: number[]
  freeSlots: number[]
  /** By account and text. */
  clientIds: Map<string, RememberedId>
  /** `publisher:page` → publish time and prices. */
  publishers: Map<string, { timeMs: number; prices: number[] }>
  withdrawals: { seq: number; accountId: number; amount: bigint }[]
  /** Tiers 1 … 7. */
  feeTiers: FeeTier[]
  throttle: { level: number; minNotional: number }
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
  chain: ReferenceChain
}

export function emptyState(limits: EngineLimits): ReferenceState {
  return {
    limits,
    seq: 0,
    timeMs: 0,
    fills: 0,
    opened: false,
    chainId: 0,
    lagS: 0,
    publisherCount: 0,
    quorum: 0,
    accounts: [],
    markets: new Map(),
    orders: new Map(),
    keys: new Map(),
    generations: [],
    freeSlots: [],
    clientIds: new Map(),
    publishers: new Map(),
    withdrawals: [],
    feeTiers: Array.from({ length: 7 }, () => ({ volume: 0, takerOff: 0, makerOff: 0 })),
    throttle: { level: 0, minNotional: 0 },
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
    chain: {
      notices: 0,
      pausedUntilS: 0,
      forceFeePpm: 0,
      backstopHex: '00'.repeat(20),
      heardMs: 0,
      unsettledMs: 0,
    },
  }
}

export const noDepths = (): ReferenceMarket['depths'] => ({
  taken: 0,
  ring: Array.from({ length: 24 }, () => 0n),
})

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
    ema150: { n: 0n, d: 0n, timeMs: 0 },
    ema30: { n: 0n, d: 0n, timeMs: 0 },
    fundingHour: 0,
    lastRate: 0n,
    lastPremium: 0n,
    risk: undefined,
    bookWeight: 0,
    markSecond: 0,
    meanMark: 0,
    minutes: Array.from({ length: 5 }, () => ({ minute: 0, sum: 0n, count: 0 })),
    volatility: { minute: 0, index: 0, variance: 0n, ppm: 0 },
    depths: noDepths(),
    tranche: 0n,
    badDebt: 0n,
    backstop: 0,
    reopeningSinceMs: 0,
    goodTicks: 0,
    rearmedAtMs: 0,
    settlementPrice: 0,
  }
}

const NO_RISK: MarketRisk = {
  boundUsdc: [0, 0, 0],
  imfPpm: [0, 0, 0],
  oiLowUsdc: 0,
  oiHighUsdc: 0,
  partialAboveQuote: 100_000_000_000,
  volatilitySeed: 0,
  openingGainPpm: 1_000_000,
  scopePpm: 0,
  volatility: 0,
  liquidation: 0,
  liquidationFeePpm: 15_000,
  cancelOnlyS: 0,
  postOnlyS: 0,
  rearmS: 0,
}

export const riskOf = (market: ReferenceMarket): MarketRisk => market.risk ?? NO_RISK

export const accountOf = (s: ReferenceState, id: number): ReferenceAccount | undefined =>
  s.accounts[id - 1]

/** A market that a position or an order names. */
export function marketOf(s: ReferenceState, id: number): ReferenceMarket {
  const market = s.markets.get(id)
  if (market === undefined) throw new Error(`no market ${id}`)
  return market
}

export const marketsAscending = (s: ReferenceState): ReferenceMarket[] =>
  [...s.markets.values()].toSorted((a, b) => a.market - b.market)

export const ordersOf = (s: ReferenceState, accountId: number): ReferenceOrder[] =>
  [...s.orders.values()].filter((order) => order.accountId === accountId)

/** On its book: not waiting, and not just being matched. */
export const isResting = (s: ReferenceState, order: ReferenceOrder): boolean =>
  marketOf(s, order.market).book.get(order.orderId) !== undefined

export const restingOrders = (s: ReferenceState): ReferenceOrder[] =>
  [...s.orders.values()].filter((order) => isResting(s, order))

export const byOrderId = (a: ReferenceOrder, b: ReferenceOrder): number => a.orderId - b.orderId

/** What of an order can be matched where it rests. */
export const shownOf = (order: ReferenceOrder): number => order.remaining - order.hidden
/** What margin counts: all of an iceberg, since it can be filled from there, but of a scale one level. */
export const countedOf = (order: ReferenceOrder): number =>
  order.display === 0 ? shownOf(order) : order.remaining
export const filledOf = (order: ReferenceOrder): number => order.size - order.remaining

export const isReduceOnly = (order: { flags: number }): boolean =>
  (order.flags & orderFlag.reduceOnly) !== 0
export const isFok = (order: { flags: number }): boolean =>
  timeInForceOf(order.flags) === timeInForce.fok
export const isPostOnly = (order: { flags: number }): boolean =>
  (order.flags & orderFlag.postOnly) !== 0

export const heldBy = (account: ReferenceAccount, market: number): bigint =>
  account.positions.get(market)?.lots ?? 0n

/** Lots by which a fill of `side` would reduce the position. */
export function reducible(account: ReferenceAccount, market: number, side: 0 | 1): bigint {
  const held = heldBy(account, market)
  if (side === 0) return held < 0n ? -held : 0n
  return held > 0n ? held : 0n
}

/** Whether an order of `side` within `price` meets the other side of the book. */
export function crossing(market: ReferenceMarket, side: 0 | 1, price: number): boolean {
  const best = market.book.best(side === 0 ? 1 : 0)
  if (best === 0) return false
  return side === 0 ? best <= price : best >= price
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

/** Index younger than `ageMs`, or fixed. */
export const indexWithin = (s: ReferenceState, market: ReferenceMarket, ageMs: number): boolean =>
  market.fixedIndexTicks !== 0 || (market.index !== 0 && s.timeMs - market.indexTimeMs <= ageMs)

/** A copy deep enough for a match to be tried on. */
export function copyState(s: ReferenceState): ReferenceState {
  const orders = new Map([...s.orders].map(([id, order]) => [id, { ...order }]))
  const markets = new Map<number, ReferenceMarket>()
  for (const [id, market] of s.markets) {
    const book = new ReferenceBook<ReferenceOrder>()
    for (const side of [0, 1] as const)
      for (const { orderId } of market.book.orders(side)) book.add(orders.get(orderId)!)
    markets.set(id, { ...market, book })
  }
  return {
    ...s,
    markets,
    orders,
    keys: new Map([...s.keys].map(([address, key]) => [address, { ...key }])),
    accounts: s.accounts.map((a) => ({
      ...a,
      positions: new Map([...a.positions].map(([m, p]) => [m, { ...p }])),
      lanes: new Map([...a.lanes].map(([lane, l]) => [lane, { ...l }])),
    })),
    generations: [...s.generations],
    freeSlots: [...s.freeSlots],
    clientIds: new Map([...s.clientIds].map(([key, id]) => [key, { ...id }])),
  }
}
