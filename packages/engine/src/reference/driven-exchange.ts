//! An exchange that a test drives: commands get their stamps, every event goes into books kept from events alone, and the
//! reference engine may have to agree with each.
import {
  type Command,
  CommandBuffer,
  decodeCommand,
  decodeEvent,
  decodeEvents,
  type EngineEvent,
  encodeCommand,
  type Market,
  orderFlags,
  type SetMarketRisk,
  type Side,
} from '@plumb/model'
import { createEngine, type Engine, restoreEngine } from '../engine.ts'
import type { EngineLimits } from '../engine-limits.ts'
import { EventBooks } from './event-books.ts'
import { ReferenceEngine } from './reference-engine.ts'

const zeros = (length: number) => new Uint8Array(length)

/** Place of the first event that differs, −1 if none does. */
function differenceAt(events: readonly EngineEvent[], expected: readonly EngineEvent[]): number {
  return events.findIndex((event, i) => JSON.stringify(event) !== JSON.stringify(expected[i]))
}

/** Liquidation armed, everything else off. */
const armed: Omit<SetMarketRisk, 'market'> = {
  kind: 'SetMarketRisk',
  boundUsdc: [0, 0, 0],
  imfPpm: [0, 0, 0],
  oiLowUsdc: 0,
  oiHighUsdc: 0,
  partialAboveQuote: 100_000_000_000,
  volatilitySeed: 0,
  openingGainPpm: 1_000_000,
  scopePpm: 0,
  volatility: 0,
  liquidation: 1,
  liquidationFeePpm: 15_000,
  cancelOnlyS: 0,
  postOnlyS: 0,
  rearmS: 0,
}

export type OrderTerms = {
  accountId: number
  market: number
  side: Side
  priceTicks: number
  sizeLots: number
  reduceOnly?: boolean
  ioc?: boolean
}

export class DrivenExchange {
  readonly limits: Partial<EngineLimits>
  engine: Engine
  readonly books: EventBooks = new EventBooks()
  timeMs: number
  readonly #reference: ReferenceEngine | undefined
  readonly #buffer = new CommandBuffer(1)
  readonly #laneSeqs = new Map<string, number>()
  #deposits = 0

  /** Opened with `publisherCount` price publishers, of which `quorum` must be fresh. `reference`: held against it. */
  constructor(
    markets: readonly Market[],
    options: {
      accounts: number
      publisherCount: number
      quorum: number
      timeMs: number
      reference: boolean
    },
  ) {
    this.timeMs = options.timeMs
    this.limits = {
      accounts: options.accounts,
      markets: markets.length,
      openOrders: 2_048,
      positions: 2 * options.accounts,
      pages: 512,
      pageDirectories: 32,
      lanePages: 1_024,
      clientIds: 2_100,
      pendingWithdrawals: 8,
    }
    this.engine = createEngine(this.limits)
    this.#reference = options.reference ? new ReferenceEngine(this.limits) : undefined
    const binding = { chainId: 1_337, settlementLagS: 600, contract: zeros(20) }
    const { publisherCount, quorum: publisherQuorum } = options
    const publishers = zeros(100)
    this.send({ kind: 'Genesis', ...binding, publisherCount, publisherQuorum, publishers })
    for (const market of markets) this.send({ kind: 'ListMarket', ...market })
  }

  send(command: Command): EngineEvent[] {
    this.engine.events.clear()
    const stored = encodeCommand(command, this.engine.seq + 1, this.timeMs)
    this.#buffer.load(0, stored)
    this.engine.apply(this.#buffer, 0)
    const events = decodeEvents(this.engine.events.bytes())
    this.books.follow(events)
    if (this.#reference !== undefined) {
      const expected = this.#reference
        .apply(decodeCommand(stored))
        .map((bytes) => decodeEvent(bytes))
      const at = expected.length === events.length ? differenceAt(events, expected) : 0
      if (at >= 0)
        throw new Error(
          `seq ${this.engine.seq} ${command.kind}\nengine ${JSON.stringify(events.slice(at))}\nreference ${JSON.stringify(expected.slice(at))}`,
        )
    }
    return events
  }

  /** Money for the account of owner number `account`; the first deposits open accounts 1, 2, 3 … in this order. */
  deposit(account: number, amountQuote: number): void {
    const owner = zeros(20).fill(account % 256)
    owner[0] = Math.floor(account / 256)
    this.send({
      kind: 'CreditDeposit',
      owner,
      subaccount: 0,
      amountQuote,
      depositId: ++this.#deposits,
      blockNumber: 1,
      txHash: zeros(32),
    })
  }

  #signed(accountId: number, lane: number, lifeS = 100_000) {
    const key = `${accountId}:${lane}`
    const laneSeq = (this.#laneSeqs.get(key) ?? 0) + 1
    this.#laneSeqs.set(key, laneSeq)
    const expiryS = Math.floor(this.timeMs / 1_000) + lifeS
    return { accountId, lane, laneSeq, expiryS, signer: zeros(20), signature: zeros(64) }
  }

  /** An order in `lane`; `lifeS` seconds until its signature expires (600 before that it leaves the book). */
  place(terms: OrderTerms, lane: number, lifeS?: number): EngineEvent[] {
    const { reduceOnly = false, ioc = false, ...rest } = terms
    return this.send({
      kind: 'PlaceOrder',
      orderId: 0,
      ...rest,
      ...this.#signed(terms.accountId, lane, lifeS),
      flags: orderFlags({ timeInForce: ioc ? 1 : 0, reduceOnly }),
      orderKind: 0,
      triggerTicks: 0,
      maxFee: 45,
      selfTrade: 0,
      clientOrderId: '',
    })
  }

  cancelAll(accountId: number, market = -1): void {
    this.send({ kind: 'CancelAll', accountId, market, side: -1 })
  }

  arm(market: number, risk: Partial<SetMarketRisk> = {}): void {
    this.send({ ...armed, ...risk, market })
  }

  backstop(market: number, accountId: number): void {
    this.send({ kind: 'SetAccountMode', accountId, isolatedMarket: market })
    this.send({ kind: 'SetBackstop', accountId, market })
  }

  fund(market: number, accountId: number, amountQuote: number, lane: number): void {
    this.send({ kind: 'FundInsurance', market, amountQuote, ...this.#signed(accountId, lane) })
  }

  /** One publisher's prices of all markets; 0 = it has none. */
  observe(publisher: number, prices: readonly number[]): void {
    this.send({
      kind: 'ObservePrice',
      publisher,
      page: 0,
      count: prices.length,
      publishTimeMs: this.timeMs,
      signature: zeros(64),
      prices,
    })
  }

  tick(): EngineEvent[] {
    return this.send({ kind: 'Tick' })
  }

  /** Throws unless the reference's state has the same hash. */
  compareHash(): void {
    const own = this.engine.stateHash()
    const theirs = this.#reference?.stateHash() ?? own
    if (own.hi !== theirs.hi || own.lo !== theirs.lo)
      throw new Error(`state hash differs from the reference's at seq ${this.engine.seq}`)
  }

  /** Goes on with an engine restored from a snapshot of this one. */
  restore(): void {
    this.engine = restoreEngine(this.engine.snapshot())
  }
}
