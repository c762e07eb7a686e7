//! A small table language for stories: one command a row, its outcome after `=>`.
import {
  type Command,
  CommandBuffer,
  closeReason,
  decodeEvents,
  type EngineEvent,
  encodeCommand,
  type Market,
  orderFlags,
  rejectName,
  type SelfTradePrevention,
  type Side,
  type TimeInForce,
} from '@plumb/model'
import { createEngine, type Engine } from '../engine.ts'
import type { EngineLimits } from '../engine-limits.ts'

/** Tick 0.1, lot 0.001, so a tick × lot is 100 micro-USDC. */
export const scenarioMarket: Market = {
  market: 0,
  symbol: 'BTC-PERP',
  tickE8: 10_000_000,
  lotE8: 100_000,
  quotePerTickLot: 100,
  imBps: 500,
  mmBps: 250,
  takerFee: 45,
  makerFee: 15,
  minOrderLots: 1,
  maxOrderLots: 1_000_000,
  maxPositionLots: 100_000,
  minNotionalQuote: 0,
  maxOpenInterestLots: 0,
  priceBandPpm: 50_000,
  markBandPpm: 30_000,
  fixedIndexTicks: 0,
}

const START_MS = 1_790_000_000_000
const TICK = 0.1
const LOT = 0.001
const USDC = 1_000_000
const zeros = (length: number) => new Uint8Array(length)
const ticks = (text: string) => Math.round(Number(text.replaceAll('_', '')) / TICK)
const lots = (text: string) => Math.round(Number(text.replaceAll('_', '')) / LOT)
const quote = (text: string) => Math.round(Number(text.replaceAll('_', '')) * USDC)
const plain = (value: number) => String(Number(value.toFixed(6)))

const reasons = new Map<number, string>(
  Object.entries(closeReason).map(([name, code]) => [code, name]),
)

/** Plays rows against a fresh engine; every row is a test expectation. */
export class Scenario {
  readonly engine: Engine
  timeMs: number = START_MS
  readonly #buffer = new CommandBuffer(1)
  /** Who is which account; `alice/1` is alice's subaccount 1. */
  readonly #accounts = new Map<string, number>()
  readonly #owners: string[] = []
  readonly #orders = new Map<string, number>()
  readonly #laneSeqs = new Map<string, number>()
  #lane = 0
  #deposits = 0

  constructor(
    engineLimits: Partial<EngineLimits> = {},
    markets: readonly Market[] = [scenarioMarket],
  ) {
    this.engine = createEngine({ accounts: 64, openOrders: 4_096, ...engineLimits })
    const publishers = { publisherCount: 3, publisherQuorum: 2, publishers: zeros(100) }
    const binding = { chainId: 1_337, settlementLagS: 600, contract: zeros(20) }
    this.send({ kind: 'Genesis', ...binding, ...publishers })
    for (const market of markets) this.send({ kind: 'ListMarket', ...market })
  }

  send(command: Command): EngineEvent[] {
    this.engine.events.clear()
    this.#buffer.load(0, encodeCommand(command, this.engine.seq + 1, this.timeMs))
    this.engine.apply(this.#buffer, 0)
    return decodeEvents(this.engine.events.bytes())
  }

  /** The outcome of one row's command, as text. */
  run(row: string): string {
    const words = row.split(/\s+/)
    const [verb = '', who = ''] = words
    if (verb === 'wait') {
      this.timeMs += Number(who.replace('s', '')) * 1_000
      return ''
    }
    if (verb === 'has') return this.#has(who)
    return this.#tell(this.send(this.#command(verb, who, words)), words)
  }

  /** Plays a table and answers it with the outcomes there really were. */
  play(table: string): string[] {
    return rowsOf(table).map((row) => {
      const command = row.split('=>')[0]?.trim() ?? ''
      const outcome = this.run(command)
      return outcome === '' ? command : `${command} => ${outcome}`
    })
  }

  #command(verb: string, who: string, words: readonly string[]): Command {
    switch (verb) {
      case 'deposit':
        return this.#deposit(who, words[2] ?? '')
      case 'index':
        return this.#index(Number(words[2] ?? 0), ticks(who))
      case 'tick':
        return { kind: 'Tick' }
      case 'place':
      case 'amend':
        return this.#order(verb, who, words)
      case 'cancel': {
        const orderId = this.#orders.get(words[2] ?? '') ?? 0
        const clientOrderId = orderId === 0 ? (words[2] ?? '') : ''
        return { kind: 'CancelOrder', accountId: this.#account(who), orderId, clientOrderId }
      }
      case 'cancelAll':
        return { kind: 'CancelAll', accountId: this.#account(who), market: -1, side: -1 }
      case 'withdraw':
        return {
          kind: 'RequestWithdrawal',
          accountId: this.#account(who),
          amountQuote: quote(words[2] ?? ''),
          ...this.#lanePair(who, words),
          expiryS: this.#expiry(words),
          signer: zeros(20),
          signature: zeros(64),
        }
      case 'confirm':
        return {
          kind: 'ConfirmBatch',
          batchNo: Number(who),
          toSeq: this.engine.seq,
          gasUsed: 1,
          blockNumber: 1,
          txHash: zeros(32),
        }
      case 'state':
        return { kind: 'SetMarketState', market: 0, state: Number(who) }
      default:
        throw new Error(`no verb ${verb}`)
    }
  }

  #account(who: string): number {
    return this.#accounts.get(who) ?? 999
  }

  #deposit(who: string, amount: string): Command {
    const [owner = '', sub = '0'] = who.split('/')
    if (!this.#owners.includes(owner)) this.#owners.push(owner)
    return {
      kind: 'CreditDeposit',
      owner: zeros(20).fill(this.#owners.indexOf(owner) + 1),
      subaccount: Number(sub),
      amountQuote: quote(amount),
      depositId: ++this.#deposits,
      blockNumber: 1,
      txHash: zeros(32),
    }
  }

  #index(publisher: number, price: number): Command {
    return {
      kind: 'ObservePrice',
      publisher,
      page: 0,
      count: 1,
      publishTimeMs: this.timeMs,
      signature: zeros(64),
      prices: [price],
    }
  }

  #lanePair(who: string, words: readonly string[]): { lane: number; laneSeq: number } {
    const named = words.find((word) => word.startsWith('lane='))
    const lane = named === undefined ? this.#lane++ : Number(named.slice(5).split(':')[0])
    const wanted = named?.split(':')[1]
    const laneSeq =
      wanted === undefined ? (this.#laneSeqs.get(`${who}:${lane}`) ?? 0) + 1 : Number(wanted)
    return { lane, laneSeq }
  }

  #expiry(words: readonly string[]): number {
    const named = words.find((word) => word.startsWith('till='))?.slice(5) ?? '100000'
    return Math.floor(this.timeMs / 1_000) + Number(named)
  }

  #order(verb: 'place' | 'amend', who: string, words: readonly string[]): Command {
    const has = (word: string) => words.includes(word)
    const at = words.indexOf('@')
    const tif: TimeInForce = has('ioc') ? 1 : has('fok') ? 2 : 0
    const selfTrade: SelfTradePrevention = has('stp-maker') ? 1 : has('stp-both') ? 2 : 0
    const orderId = verb === 'amend' ? (this.#orders.get(words[2] ?? '') ?? 0) : 0
    const old = this.engine.order(orderId)
    const lane =
      verb === 'amend' && old !== undefined
        ? { lane: old.lane, laneSeq: old.laneSeq + 1 }
        : this.#lanePair(who, words)
    const side: Side = verb === 'amend' ? (old?.side ?? 0) : has('buy') ? 0 : 1
    const flags = orderFlags({ timeInForce: tif, postOnly: has('post'), reduceOnly: has('reduce') })
    const terms = {
      accountId: this.#account(who),
      market: 0,
      side,
      flags,
      orderKind: 0,
      priceTicks: ticks(words[at + 1] ?? ''),
      sizeLots: lots(words[at - 1] ?? ''),
      triggerTicks: 0,
      maxFee: Number(words.find((word) => word.startsWith('fee='))?.slice(4) ?? 45),
      ...lane,
      expiryS: this.#expiry(words),
      selfTrade,
      clientOrderId: words.find((word) => word.startsWith('id='))?.slice(3) ?? '',
      signer: zeros(20),
      signature: zeros(64),
    } as const
    return verb === 'amend'
      ? { kind: 'AmendOrder', ...terms, orderId }
      : { kind: 'PlaceOrder', ...terms, orderId: 0 }
  }

  #has(who: string): string {
    const account = this.engine.account(this.#account(who))
    const position = account?.positions.map((p) => plain(p.lots * LOT)).join(' ') ?? ''
    return `${plain((account?.cashQuote ?? 0) / USDC)} USDC${position === '' ? '' : ` ${position} BTC`}`
  }

  #nameOf(orderId: number): string {
    for (const [name, id] of this.#orders) if (id === orderId) return name
    return `#${orderId}`
  }

  #whoIs(accountId: number): string {
    for (const [who, id] of this.#accounts) if (id === accountId) return who
    return `account ${accountId}`
  }

  #tell(events: readonly EngineEvent[], words: readonly string[]): string {
    const [, who = ''] = words
    let own = 0
    let rests = false
    const said: string[] = []
    for (const event of events) {
      if (event.kind === 'AccountOpened') this.#accounts.set(who, event.accountId)
      else if (event.kind === 'OrderPlaced' || event.kind === 'OrderAmended') {
        own = event.orderId
        rests = true
        this.#laneSeqs.set(`${who}:${event.lane}`, event.laneSeq)
        const as = words.indexOf('as')
        if (as >= 0) this.#orders.set(words[as + 1] ?? '', own)
        if (event.kind === 'OrderAmended')
          said.push(event.keepsPriority === 1 ? 'keeps' : 'requeues')
      } else if (event.kind === 'OrderClosed' && event.orderId === own) {
        rests = false
        if (event.reason !== closeReason.filled) said.push(reasons.get(event.reason) ?? '?')
      } else said.push(...this.#say(event))
    }
    if (rests && !said.includes('keeps')) said.push('rests')
    return said.join(', ')
  }

  #say(event: EngineEvent): string[] {
    if (event.kind === 'CommandRejected') return [`reject ${rejectName(event.code)}`]
    if (event.kind === 'TradeExecuted') {
      const price = plain(event.priceTicks * TICK)
      return [`fill ${this.#nameOf(event.makerOrderId)} ${plain(event.sizeLots * LOT)} @ ${price}`]
    }
    if (event.kind === 'OrderClosed' && event.reason !== closeReason.filled)
      return [`${this.#nameOf(event.orderId)} closes ${reasons.get(event.reason)}`]
    if (event.kind === 'FundingSettled')
      return [`${this.#whoIs(event.accountId)} pays ${plain(event.paymentQuote / USDC)}`]
    if (event.kind === 'WithdrawalPaid') return [`paid ${plain(event.amountQuote / USDC)}`]
    if (event.kind === 'WithdrawalAccepted') {
      this.#laneSeqs.set(`${this.#whoIs(event.accountId)}:${event.lane}`, event.laneSeq)
      return ['accepted']
    }
    if (event.kind === 'MarkUpdated') return [`mark ${plain(event.markTicks * TICK)}`]
    if (event.kind === 'DuplicateRequest') return [`same as ${this.#nameOf(event.orderId)}`]
    return []
  }
}

export const rowsOf = (table: string): string[] =>
  table
    .split('\n')
    .map((row) => row.trim().replaceAll(/\s+/g, ' '))
    .filter((row) => row !== '' && !row.startsWith('//'))
