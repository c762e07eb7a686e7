//! The relayer's mind at one sequence number: open orders, marks, signed prices, and the contract's twin.
import {
  domainSeparator,
  type PriceVectorBody,
  SettlementTwin,
  type TwinAccount,
  type TwinLane,
  type TwinMarket,
  type TwinRequest,
  type TwinSessionKey,
  type TwinTotals,
} from '@plumb/chain'
import type { Genesis, OrderId, Quote, Seq } from '@plumb/model'
import type { NoticePlace } from './follow-contract.ts'
import { type AccountName, createOrderStore, type OrderStore } from './order-store.ts'
import { createPriceBook, type PriceBook, type QuotedMark } from './price-book.ts'
import type { StateRecord, StoredRelayer } from './relayer-store.ts'
import type { SettlementStep } from './settlement-step.ts'

/** Journal and engine as of the end of a durable group: what a batch commits to. */
type JournalMark = { hashSeq: Seq; journalHash: string; stateHash: bigint }

/** Single facts. */
type RelayerFacts = {
  journal: JournalMark
  /** Last deposit the engine has credited. */
  depositId: number
  /** Undefined until the feed's first command was read. */
  exchange: { chainId: number; contract: string; settlementLagS: number } | undefined
  publishers: readonly string[]
  quorum: number
  /** What the last command read still asks for: its batch had no room for it. */
  carried: readonly SettlementStep[]
  /** Block of the last notice the engine has followed. */
  noticeBlock: number
  /** As the engine was last told. */
  throttle: { level: number; minNotionalQuote: Quote }
}

export type RelayerState = {
  readonly orderStore: OrderStore
  readonly prices: PriceBook
  facts: RelayerFacts
  readonly twin: SettlementTwin
  /** Twin accounts and lanes that changed since the last save, by their keys. */
  readonly touchedAccounts: Set<string>
  readonly touchedLanes: Map<string, { account: string; lane: number }>
  /** Session keys whose terms or rest changed since. */
  readonly touchedKeys: Set<string>
  readonly touchedRequests: Set<string>
}

/** Kinds of stored records; numbers never change meaning. */
const recordKind = {
  order: 1,
  account: 2,
  vector: 3,
  mark: 4,
  facts: 5,
  basis: 6,
  twinAccount: 10,
  twinLane: 11,
  twinMarket: 12,
  twinPublisherTime: 13,
  twinTotals: 14,
  twinKey: 15,
  twinRequest: 16,
  /** How far the contract's log is followed; of the follower alone, outside of checkpoints. */
  notices: 20,
} as const

const text = new TextDecoder()
const bytes = new TextEncoder()

// Amounts of the twin are BigInt: written as digits with an n, which nothing else here looks like.
const encode = (value: unknown): Uint8Array =>
  bytes.encode(
    JSON.stringify(value, (_key, part: unknown) => {
      if (typeof part === 'bigint') return `${part}n`
      if (part instanceof Uint8Array) return { hex: Buffer.from(part).toString('hex') }
      return part instanceof Map ? { map: [...part] } : part
    }),
  )

const revive = (_key: string, part: unknown): unknown => {
  if (typeof part === 'string') return /^-?\d+n$/.test(part) ? BigInt(part.slice(0, -1)) : part
  if (typeof part !== 'object' || part === null) return part
  if ('hex' in part && typeof part.hex === 'string')
    return new Uint8Array(Buffer.from(part.hex, 'hex'))
  return 'map' in part && Array.isArray(part.map) ? new Map(part.map) : part
}

const noFacts: RelayerFacts = {
  journal: { hashSeq: 0, journalHash: `0x${'00'.repeat(32)}`, stateHash: 0n },
  depositId: 0,
  exchange: undefined,
  publishers: [],
  quorum: 0,
  carried: [],
  noticeBlock: 0,
  throttle: { level: 0, minNotionalQuote: 0 },
}

/** What the contract was deployed with and the feed does not say. */
export type DeployedTerms = {
  markAgeMaxS: number
  backstop: string
  forceFeePpm: number
  directDelayS: number
  forceDelayS: number
}

/** The state as stored, empty when nothing was. */
export const restoreState = (stored: StoredRelayer, deployed: DeployedTerms): RelayerState => {
  const ofKind = <V>(kind: number): [string, V][] =>
    stored.records
      .filter((record) => record.kind === kind)
      .map(({ key, body }) => [key, JSON.parse(text.decode(body), revive)])
  const numbered = <V>(kind: number): [number, V][] =>
    ofKind<V>(kind).map(([key, value]) => [Number(key), value])
  const orders = stored.records
    .filter(({ kind }) => kind === recordKind.order)
    .map(({ key, body }): [OrderId, Uint8Array] => [Number(key), body])
  const accounts = numbered<AccountName>(recordKind.account)
  const [[, facts] = ['', noFacts]] = ofKind<RelayerFacts>(recordKind.facts)
  const state: RelayerState = {
    orderStore: createOrderStore(orders, accounts),
    prices: createPriceBook({
      vectors: ofKind<PriceVectorBody>(recordKind.vector),
      bases: numbered<readonly PriceVectorBody[]>(recordKind.basis),
      marks: numbered<QuotedMark>(recordKind.mark),
    }),
    facts: { ...noFacts, ...facts },
    twin: new SettlementTwin({
      settlementLagS: facts.exchange?.settlementLagS ?? 0,
      ...deployed,
    }),
    touchedAccounts: new Set(),
    touchedLanes: new Map(),
    touchedKeys: new Set(),
    touchedRequests: new Set(),
  }
  restoreTwin(state, ofKind)
  return state
}

// What a market stored by an older version does not say.
const unsettled = { isDelisting: false, isSettled: false, badDebt: 0n }

const restoreTwin = (state: RelayerState, ofKind: <V>(kind: number) => [string, V][]) => {
  const { twin, facts } = state
  twin.setPublishers(facts.publishers, facts.quorum)
  for (const [key, account] of ofKind<TwinAccount>(recordKind.twinAccount))
    twin.state.setAccount(key, account)
  for (const [, { account, lane, ...value }] of ofKind<
    TwinLane & { account: string; lane: number }
  >(recordKind.twinLane))
    twin.state.setLane(account, lane, value)
  for (const [id, market] of ofKind<TwinMarket>(recordKind.twinMarket))
    twin.state.setMarket(Number(id), { ...unsettled, ...market })
  for (const [key, request] of ofKind<TwinRequest>(recordKind.twinRequest)) {
    const at = key.lastIndexOf('/')
    twin.state.setRequest(key.slice(0, at), Number(key.slice(at + 1)), request)
  }
  for (const [key, timeMs] of ofKind<number>(recordKind.twinPublisherTime))
    twin.state.setPublisherTime(Number(key), timeMs)
  for (const [key, terms] of ofKind<TwinSessionKey>(recordKind.twinKey))
    twin.state.setSessionKey(key, terms)
  for (const [, totals] of ofKind<TwinTotals>(recordKind.twinTotals)) twin.state.setTotals(totals)
}

/** What a checkpoint writes: all that changed since the last one. */
export const stateChanges = (state: RelayerState) => {
  const upserts: StateRecord[] = []
  const deletes: { kind: number; key: string }[] = []
  const put = (kind: number, key: string | number, value: unknown) =>
    upserts.push({ kind, key: String(key), body: encode(value) })
  const { orderStore, prices, facts, twin } = state

  const orders = orderStore.orders.changes()
  for (const [id, body] of orders.upserts)
    upserts.push({ kind: recordKind.order, key: String(id), body })
  for (const id of orders.deletes) deletes.push({ kind: recordKind.order, key: String(id) })
  for (const [id, name] of orderStore.accounts.changes().upserts) put(recordKind.account, id, name)
  for (const [key, vector] of prices.vectors.changes().upserts) put(recordKind.vector, key, vector)
  for (const [market, basis] of prices.bases.changes().upserts) put(recordKind.basis, market, basis)
  for (const [market, mark] of prices.marks.changes().upserts) put(recordKind.mark, market, mark)
  put(recordKind.facts, 'facts', facts)

  for (const key of state.touchedAccounts) put(recordKind.twinAccount, key, twin.state.account(key))
  for (const [key, { account, lane }] of state.touchedLanes)
    put(recordKind.twinLane, key, { account, lane, ...twin.state.lane(account, lane) })
  for (const key of state.touchedKeys) {
    const terms = twin.state.sessionKey(key)
    if (terms !== undefined) put(recordKind.twinKey, key, terms)
  }
  for (const [id, market] of twin.state.markets()) put(recordKind.twinMarket, id, market)
  for (const [key, request] of twin.state.requests())
    if (state.touchedRequests.has(key)) put(recordKind.twinRequest, key, request)
  for (const [key, timeMs] of twin.state.publisherTimes())
    put(recordKind.twinPublisherTime, key, timeMs)
  put(recordKind.twinTotals, 'totals', twin.totals)
  return { upserts, deletes }
}

/** The checkpoint is durable: changes count from here. */
export const stateSaved = (state: RelayerState): void => {
  state.orderStore.orders.saved()
  state.orderStore.accounts.saved()
  state.prices.vectors.saved()
  state.prices.bases.saved()
  state.prices.marks.saved()
  state.touchedAccounts.clear()
  state.touchedLanes.clear()
  state.touchedKeys.clear()
  state.touchedRequests.clear()
}

/** Where the contract's log stands; its beginning when nothing was followed yet. */
export const restoreNotices = (stored: StoredRelayer, deployBlock: number): NoticePlace => {
  const record = stored.records.find(({ kind }) => kind === recordKind.notices)
  if (record === undefined)
    return { noticeId: 0, blockNumber: Math.max(deployBlock - 1, 0), followed: [] }
  return JSON.parse(text.decode(record.body))
}

export const noticesRecord = (place: NoticePlace): StateRecord => ({
  kind: recordKind.notices,
  key: 'place',
  body: bytes.encode(JSON.stringify(place)),
})

const hex = (part: Uint8Array) => `0x${Buffer.from(part).toString('hex')}`

/** Takes the deployment's constants from the first command of the feed. */
export const openExchange = (state: RelayerState, genesis: Genesis): void => {
  const publishers = Array.from({ length: genesis.publisherCount }, (_, i) =>
    hex(genesis.publishers.subarray(i * 20, i * 20 + 20)),
  )
  const { chainId, settlementLagS, publisherQuorum: quorum } = genesis
  const exchange = { chainId, contract: hex(genesis.contract), settlementLagS }
  state.facts = { ...state.facts, exchange, publishers, quorum }
  state.twin.state.genesis.settlementLagS = settlementLagS
  state.twin.setPublishers(publishers, quorum)
}

/** Domain of the exchange's signed messages. @throws RangeError before the genesis was read */
export const exchangeDomain = ({ facts }: RelayerState): Uint8Array => {
  if (facts.exchange === undefined) throw new RangeError('the genesis was not read')
  return domainSeparator(facts.exchange)
}
