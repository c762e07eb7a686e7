//! What the settlement contract stores, as the twin models it. Values are immutable; changing one replaces it.
import type { Owner } from './batch.ts'
import type { BatchCodeName } from './generated/batch-code.ts'
import { UndoLog, UndoMap } from './undo-map.ts'

export type TwinPosition = { readonly size: bigint; readonly fundingSnapshot: bigint }
/** Cash in micro-USDC, open positions by market. */
export type TwinAccount = {
  readonly cash: bigint
  readonly positions: ReadonlyMap<number, TwinPosition>
}
export type TwinLane = { readonly seq: number; readonly filled: number }
/** Initial margin fraction from a notional of `boundUsdc` whole USDC on. */
export type TwinTier = { readonly boundUsdc: bigint; readonly imfPpm: bigint }
export type TwinMarket = {
  readonly quotePerTickLot: bigint
  readonly imBps: bigint
  readonly mmBps: bigint
  /** Above the market's own fractions, ascending; at most three. */
  readonly tiers: readonly TwinTier[]
  readonly liquidationFeePpm: bigint
  /** The insurance tranche, never negative. */
  readonly insurance: bigint
  readonly markBandPpm: bigint
  readonly fixedMark: boolean
  readonly maxOrderLots: number
  readonly maxPositionLots: bigint
  /** 0 = none yet. */
  readonly mark: number
  readonly markTimeS: number
  readonly fundingIndex: bigint
  readonly fundingCreditTimeS: number
  readonly fundingPool: bigint
  /** Sum of the long positions. */
  readonly openInterest: bigint
  /** A batch may end the market; it has, and the mark is the price for good; what its holders owed and nobody bore. */
  readonly isDelisting: boolean
  readonly isSettled: boolean
  readonly badDebt: bigint
}
/** What an owner asked for on-chain: micro-USDC or lots still to come, and the block time until which a batch may serve it. */
export type TwinRequest = {
  readonly amount: bigint
  readonly lots: bigint
  readonly isLong: boolean
  readonly untilS: number
}
/** A deposit as the contract remembers it: its number, block time, micro-USDC. */
export type TwinDeposit = { readonly id: number; readonly timeS: number; readonly amount: bigint }
type MarkRange = { readonly low: number; readonly high: number }
/** What a session key may do. Amounts in micro-USDC, sizes in lots; `markets` is a map. */
export type TwinSessionKey = {
  readonly owner: Owner
  readonly subaccount: number
  readonly allSubaccounts: boolean
  readonly expiryS: number
  readonly notionalLeft: bigint
  readonly markets: bigint
  readonly maxPosition: bigint
  readonly maxOrderNotional: bigint
}
/** Everything stored once. */
export type TwinTotals = {
  readonly deposited: bigint
  readonly withdrawn: bigint
  readonly fees: bigint
  readonly batchNo: number
  readonly toSeq: number
  readonly hashSeq: number
}
/** Fixed at deployment, seconds; the backstop's account pays nothing out by a batch. */
export type TwinGenesis = {
  settlementLagS: number
  markAgeMaxS: number
  backstop?: Owner
  /** What a forced reduction costs, ppm of its notional; 5,000 when absent. */
  forceFeePpm?: number
}

/** Why the contract refuses: its code, the segment, and the place in it (order, fill, withdrawal, vector or mark). */
export type BatchError = { code: BatchCodeName; segment: number; index: number }
/** A refusal inside one segment. */
export type SegmentError = { code: BatchCodeName; index: number }

export const zeroOwner: Owner = `0x${'0'.repeat(40)}`
const UNCREDITED_AGE_MAX_S = 1_800
const emptyAccount: TwinAccount = { cash: 0n, positions: new Map() }
const freshLane: TwinLane = { seq: 0, filled: 0 }

export const accountKey = (owner: Owner, subaccount: number): string => `${owner}/${subaccount}`

/** The contract's storage. */
export class SettlementState {
  readonly genesis: TwinGenesis
  readonly log = new UndoLog()
  readonly #accounts: UndoMap<string, TwinAccount>
  readonly #lanes: UndoMap<string, TwinLane>
  readonly #markets: UndoMap<number, TwinMarket>
  /** Newest time accepted of a publisher's page, by `page * 5 + publisher`. */
  readonly #publisherTimes: UndoMap<number, number>
  readonly #totals: UndoMap<'totals', TwinTotals>
  /** In memory while a batch runs, not in storage: accepted marks, and fill-or-kill orders not yet filled whole. */
  readonly #batchMarks: UndoMap<number, MarkRange | null>
  readonly #openFoks: UndoMap<'count', number>
  readonly #firstUncredited: UndoMap<'id', number>
  /** By account, oldest first: only of deposits that were told with their id. */
  readonly #deposits: UndoMap<string, readonly TwinDeposit[]>
  /** By the key's address. */
  readonly #sessionKeys: UndoMap<Owner, TwinSessionKey>
  /** By account and market (255: a withdrawal). */
  readonly #requests: UndoMap<string, TwinRequest>
  publishers: readonly Owner[] = []
  quorum = 0

  constructor(genesis: TwinGenesis, from?: SettlementState) {
    this.genesis = genesis
    this.#accounts = new UndoMap(this.log, from?.accounts())
    this.#lanes = new UndoMap(this.log, from?.lanes())
    this.#markets = new UndoMap(this.log, from?.markets())
    this.#publisherTimes = new UndoMap(this.log, from?.publisherTimes())
    this.#totals = new UndoMap(this.log)
    this.#batchMarks = new UndoMap(this.log)
    this.#openFoks = new UndoMap(this.log)
    this.#firstUncredited = new UndoMap(this.log)
    this.#deposits = new UndoMap(this.log, from?.deposits())
    this.#sessionKeys = new UndoMap(this.log, from?.sessionKeys())
    this.#requests = new UndoMap(this.log, from?.requests())
    if (from === undefined) return
    this.publishers = from.publishers
    this.quorum = from.quorum
    this.#totals.set('totals', from.totals)
  }

  account(key: string): TwinAccount {
    return this.#accounts.get(key) ?? emptyAccount
  }

  setAccount(key: string, account: TwinAccount): void {
    this.#accounts.set(key, account)
  }

  lane(key: string, lane: number): TwinLane {
    return this.#lanes.get(`${key}/${lane}`) ?? freshLane
  }

  setLane(key: string, lane: number, value: TwinLane): void {
    this.#lanes.set(`${key}/${lane}`, value)
  }

  /** A market that is known to be listed. @throws RangeError when it is not */
  listedMarket(id: number): TwinMarket {
    const market = this.market(id)
    if (market === undefined) throw new RangeError(`market ${id} is not listed in the twin`)
    return market
  }

  market(id: number): TwinMarket | undefined {
    return this.#markets.get(id)
  }

  setMarket(id: number, market: TwinMarket): void {
    this.#markets.set(id, market)
  }

  publisherTime(key: number): number {
    return this.#publisherTimes.get(key) ?? 0
  }

  setPublisherTime(key: number, timeMs: number): void {
    this.#publisherTimes.set(key, timeMs)
  }

  /** Fill-or-kill orders that this batch has filled in part so far: at its end there may be none. */
  get openFoks(): number {
    return this.#openFoks.get('count') ?? 0
  }

  set openFoks(count: number) {
    this.#openFoks.set('count', count)
  }

  /** Forgets what only the batch before knew. */
  beginBatch(): void {
    this.firstUncredited = 0
    this.forgetMarks()
  }

  /** Deposits from this one on do not count for victims; 0: all do. */
  get firstUncredited(): number {
    return this.#firstUncredited.get('id') ?? 0
  }

  set firstUncredited(id: number) {
    this.#firstUncredited.set('id', id)
  }

  noteDeposit(key: string, deposit: TwinDeposit): void {
    this.#deposits.set(key, [...(this.#deposits.get(key) ?? []), deposit])
  }

  /** What an account deposited that the engine had not credited, and not longer ago than the contract allows. */
  uncredited(key: string, timeS: number): bigint {
    const from = this.firstUncredited
    if (from === 0) return 0n
    return (this.#deposits.get(key) ?? [])
      .filter((deposit) => deposit.id >= from && deposit.timeS + UNCREDITED_AGE_MAX_S > timeS)
      .reduce((sum, { amount }) => sum + amount, 0n)
  }

  deposits(): Iterable<[string, readonly TwinDeposit[]]> {
    return this.#deposits.entries()
  }

  /** Marks of earlier segments, and fill-or-kill orders filled in part. */
  forgetMarks(): void {
    for (const [id] of this.#batchMarks.entries()) this.#batchMarks.set(id, null)
    this.openFoks = 0
  }

  /** Lowest and highest mark accepted so far in this batch; null before the first. */
  batchMarks(market: number): MarkRange | null {
    return this.#batchMarks.get(market) ?? null
  }

  noteMark(market: number, mark: number): void {
    const known = this.batchMarks(market) ?? { low: mark, high: mark }
    const range = { low: Math.min(known.low, mark), high: Math.max(known.high, mark) }
    this.#batchMarks.set(market, range)
  }

  get totals(): TwinTotals {
    return this.#totals.get('totals') ?? emptyTotals
  }

  setTotals(totals: TwinTotals): void {
    this.#totals.set('totals', totals)
  }

  sessionKey(key: Owner): TwinSessionKey | undefined {
    return this.#sessionKeys.get(key)
  }

  setSessionKey(key: Owner, terms: TwinSessionKey): void {
    this.#sessionKeys.set(key, terms)
  }

  sessionKeys(): Iterable<[Owner, TwinSessionKey]> {
    return this.#sessionKeys.entries()
  }

  request(key: string, market: number): TwinRequest | undefined {
    return this.#requests.get(`${key}/${market}`)
  }

  setRequest(key: string, market: number, request: TwinRequest): void {
    this.#requests.set(`${key}/${market}`, request)
  }

  requests(): Iterable<[string, TwinRequest]> {
    return this.#requests.entries()
  }

  accounts(): Iterable<[string, TwinAccount]> {
    return this.#accounts.entries()
  }

  lanes(): Iterable<[string, TwinLane]> {
    return this.#lanes.entries()
  }

  markets(): Iterable<[number, TwinMarket]> {
    return this.#markets.entries()
  }

  publisherTimes(): Iterable<[number, number]> {
    return this.#publisherTimes.entries()
  }
}

const emptyTotals: TwinTotals = {
  deposited: 0n,
  withdrawn: 0n,
  fees: 0n,
  batchNo: 0,
  toSeq: 0,
  hashSeq: 0,
}
