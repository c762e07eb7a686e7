//! A small table language for stories: one command a row, its outcome after `=>`.
import {
  type Command,
  closeReason,
  type EngineEvent,
  type Market,
  type NoticeKind,
  noticeKind,
  orderFlags,
  rejectName,
  type SelfTradePrevention,
  type Side,
  type TimeInForce,
} from '@plumb/model'
import type { Engine } from '../engine.ts'
import type { EngineLimits } from '../engine-limits.ts'
import { Duel } from './duel.ts'
import { advancedTerms, type Place } from './scenario-terms.ts'

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
const usdc = (value: number) => plain(value / USDC)
const size = (value: number) => plain(value * LOT)
const price = (value: number) => plain(value * TICK)
const three = (values: readonly number[]) => [...values, 0, 0, 0].slice(0, 3)

const reasons = new Map<number, string>(
  Object.entries(closeReason).map(([name, code]) => [code, name]),
)

/** `volume:taker off:maker off` for each tier, offs in units of 10 ppm. */
function feeTiers(tiers: readonly string[]): Command {
  const parts = tiers.map((tier) => tier.replaceAll('_', '').split(':').map(Number))
  const seven = (place: number, scale: number) =>
    Array.from({ length: 7 }, (_, i) => (parts[i]?.[place] ?? 0) * scale)
  return {
    kind: 'SetFeeTiers',
    volumeQuote: seven(0, USDC),
    takerOff: seven(1, 1),
    makerOff: seven(2, 1),
  }
}

/** A notice of the contract about nobody; its terms where nothing else is said. */
function noticeOf(part: { noticeId: number; what?: NoticeKind; dueS?: number }): Command {
  return {
    kind: 'ChainNotice',
    what: noticeKind.terms,
    market: 0,
    subaccount: 0,
    owner: zeros(20),
    backstop: zeros(20),
    blockNumber: 1,
    txHash: zeros(32),
    ...part,
  }
}

/** A different address for each number. */
function ownerAddress(number: number): Uint8Array {
  const address = zeros(20).fill(number % 256)
  address[0] = Math.floor(number / 256)
  return address
}

/** Market of a row: `m=1`, else 0. */
function marketOf(words: readonly string[]): number {
  return Number(words.find((word) => word.startsWith('m='))?.slice(2) ?? 0)
}

/** Plays rows against a fresh engine and the reference, which must agree; every row is a test expectation. */
export class Scenario {
  timeMs: number = START_MS
  readonly #duel: Duel
  /** Who is which account; `alice/1` is alice's subaccount 1. */
  readonly #accounts = new Map<string, number>()
  readonly #owners: string[] = []
  readonly #orders = new Map<string, number>()
  readonly #places = new Map<string, Place>()
  readonly #laneSeqs = new Map<string, number>()
  #lane = 0
  #deposits = 0
  #hasTerms = false

  constructor(
    engineLimits: Partial<EngineLimits> = {},
    markets: readonly Market[] = [scenarioMarket],
  ) {
    this.#duel = new Duel({ accounts: 64, openOrders: 4_096, ...engineLimits })
    const publishers = { publisherCount: 3, publisherQuorum: 2, publishers: zeros(100) }
    const binding = { chainId: 1_337, settlementLagS: 600, contract: zeros(20) }
    this.send({ kind: 'Genesis', ...binding, ...publishers })
    for (const market of markets) this.send({ kind: 'ListMarket', ...market })
  }

  get engine(): Engine {
    return this.#duel.engine
  }

  /** Throws where the two engines do not say the same. */
  send(command: Command): EngineEvent[] {
    const { events, difference } = this.#duel.step({ timeMs: this.timeMs, command })
    if (difference !== undefined) throw new Error(difference)
    return events
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
    // A second later two publishers say so (a price for each market), and the clock ticks.
    if (verb === 'at') {
      this.timeMs += 1_000
      for (const publisher of [0, 1]) this.run(`index ${who} ${publisher}`)
      return this.run('tick')
    }
    return this.#tell(this.send(this.#command(verb, who, words)), words)
  }

  /** Plays a table and answers it with the outcomes there really were; both engines then have the same hash. */
  play(table: string): string[] {
    const played = rowsOf(table).map((row) => {
      const command = row.split('=>')[0]?.trim() ?? ''
      const outcome = this.run(command)
      return outcome === '' ? command : `${command} => ${outcome}`
    })
    const difference = this.#duel.hashDifference()
    if (difference !== undefined) throw new Error(difference)
    return played
  }

  #command(verb: string, who: string, words: readonly string[]): Command {
    switch (verb) {
      case 'deposit':
        return this.#deposit(who, words[2] ?? '')
      case 'index':
        return this.#index(Number(words[2] ?? 0), who.split('/').map(ticks))
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
      case 'deadman':
        return {
          kind: 'SetDeadMan',
          accountId: this.#account(who),
          scope: words.some((word) => word.startsWith('m=')) ? marketOf(words) + 1 : 0,
          timeoutMs: Number((words[2] ?? '').replace('s', '')) * 1_000,
        }
      case 'group':
        return { kind: 'SetSelfTradeGroup', accountId: this.#account(who), group: Number(words[2]) }
      case 'throttle':
        return { kind: 'SetThrottle', level: Number(who), minNotionalQuote: quote(words[2] ?? '') }
      case 'risk':
        return this.#risk(words)
      case 'leverage':
        return {
          kind: 'SetLeverage',
          accountId: this.#account(who),
          market: Number(words[3] ?? 0),
          leverage: Number(words[2]),
        }
      case 'mode':
        return {
          kind: 'SetAccountMode',
          accountId: this.#account(who),
          isolatedMarket: words[2] === 'cross' ? -1 : Number(words[2]),
        }
      case 'fees':
        return feeTiers(words.slice(1))
      case 'transfer':
        return {
          kind: 'Transfer',
          accountId: this.#account(who),
          toSubaccount: Number(words[2]),
          amountQuote: quote(words[3] ?? ''),
          ...this.#lanePair(who, words),
          expiryS: this.#expiry(words),
          signer: zeros(20),
          signature: zeros(64),
        }
      case 'backstop':
        return {
          kind: 'SetBackstop',
          accountId: who === 'none' ? 0 : this.#account(who),
          market: marketOf(words),
        }
      case 'fund':
        return {
          kind: 'FundInsurance',
          market: marketOf(words),
          accountId: this.#account(who),
          amountQuote: quote(words[2] ?? ''),
          ...this.#lanePair(who, words),
          expiryS: this.#expiry(words),
          signer: zeros(20),
          signature: zeros(64),
        }
      case 'heard':
        return this.#heard(Number(who.replace('s', '')))
      case 'reopen':
        return { kind: 'ReopenMarket', market: marketOf(words) }
      case 'settle':
        return { kind: 'SettleMarket', market: marketOf(words) }
      case 'state':
        return { kind: 'SetMarketState', market: marketOf(words), state: Number(who) }
      default:
        throw new Error(`no verb ${verb}`)
    }
  }

  /**
   * `risk tier=1_000:0.1 oi=10:20 vol=seed gain=0.5 scope=0.4 armed partial=100_000 penalty=0.015 stages=60:120:300 m=0`:
   * what is not named is off, or the default.
   */
  #risk(words: readonly string[]): Command {
    const named = (name: string) =>
      words.filter((word) => word.startsWith(`${name}=`)).map((word) => word.slice(name.length + 1))
    const tiers = named('tier').map((tier) => tier.replaceAll('_', '').split(':').map(Number))
    const [oiLow = 0, oiHigh = 0] = named('oi').flatMap((oi) =>
      oi.replaceAll('_', '').split(':').map(Number),
    )
    const [cancelOnlyS = 0, postOnlyS = 0, rearmS = 0] = named('stages').flatMap((stages) =>
      stages.split(':').map(Number),
    )
    return {
      kind: 'SetMarketRisk',
      market: marketOf(words),
      boundUsdc: three(tiers.map(([bound = 0]) => bound)),
      imfPpm: three(tiers.map(([, rate = 0]) => Math.round(rate * 1e6))),
      oiLowUsdc: oiLow,
      oiHighUsdc: oiHigh,
      partialAboveQuote: quote(named('partial')[0] ?? '100_000'),
      volatilitySeed: Number(named('vol')[0] ?? 0),
      openingGainPpm: Math.round(Number(named('gain')[0] ?? 1) * 1e6),
      scopePpm: Math.round(Number(named('scope')[0] ?? 0) * 1e6),
      volatility: named('vol').length,
      liquidation: words.includes('armed') ? 1 : 0,
      liquidationFeePpm: Math.round(Number(named('penalty')[0] ?? 0.015) * 1e6),
      cancelOnlyS,
      postOnlyS,
      rearmS,
    }
  }

  /** `heard 30s`: the relayer tells that its oldest step has waited for 30 s (0s: none waits); the contract's terms first. */
  #heard(seconds: number): Command {
    if (!this.#hasTerms) this.send(noticeOf({ noticeId: 1 }))
    this.#hasTerms = true
    const dueS = seconds === 0 ? 0 : this.timeMs - seconds * 1_000
    return noticeOf({ noticeId: 0, what: noticeKind.settlement, dueS })
  }

  #account(who: string): number {
    return this.#accounts.get(who) ?? 999
  }

  #deposit(who: string, amount: string): Command {
    const [owner = '', sub = '0'] = who.split('/')
    if (!this.#owners.includes(owner)) this.#owners.push(owner)
    return {
      kind: 'CreditDeposit',
      owner: ownerAddress(this.#owners.indexOf(owner) + 1),
      subaccount: Number(sub),
      amountQuote: quote(amount),
      depositId: ++this.#deposits,
      blockNumber: 1,
      txHash: zeros(32),
    }
  }

  #index(publisher: number, prices: readonly number[]): Command {
    return {
      kind: 'ObservePrice',
      publisher,
      page: 0,
      count: prices.length,
      publishTimeMs: this.timeMs,
      signature: zeros(64),
      prices,
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
    const advanced = advancedTerms(words, { ticks, lots }, (name) => this.#placeOf(name))
    const terms = {
      accountId: this.#account(who),
      market: verb === 'amend' ? (old?.market ?? 0) : marketOf(words),
      side,
      flags,
      orderKind: advanced?.orderKind ?? 0,
      options: has('market') ? 1 : 0,
      priceTicks: ticks(words[at + 1] ?? ''),
      sizeLots: lots(words[at - 1] ?? ''),
      triggerTicks: advanced?.triggerTicks ?? 0,
      maxFee: Number(words.find((word) => word.startsWith('fee='))?.slice(4) ?? 45),
      ...lane,
      expiryS: this.#expiry(words),
      selfTrade,
      clientOrderId: words.find((word) => word.startsWith('id='))?.slice(3) ?? '',
      signer: zeros(20),
      signature: zeros(64),
    } as const
    if (verb === 'amend') return { kind: 'AmendOrder', ...terms, orderId }
    return advanced === undefined
      ? { kind: 'PlaceOrder', ...terms, orderId: 0 }
      : { kind: 'PlaceAdvancedOrder', ...terms, ...advanced, orderId: 0 }
  }

  #placeOf(name: string): Place {
    const [lane = 0, laneSeq = 0] = name.split(':').map(Number)
    return this.#places.get(name) ?? { lane, laneSeq }
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
      if (event.kind === 'AccountOpened')
        this.#accounts.set(words[0] === 'transfer' ? `${who}/${words[2]}` : who, event.accountId)
      else if (event.kind === 'OrderPlaced' || event.kind === 'OrderAmended') {
        own = event.orderId
        rests = event.kind === 'OrderAmended' || event.waiting !== 1
        if (!rests) said.push('waits')
        const moved = event.kind === 'OrderPlaced' && (event.limitTicks ?? 0) !== 0
        if (moved && event.limitTicks !== event.priceTicks)
          said.push(`at ${plain(event.priceTicks * TICK)}`)
        this.#laneSeqs.set(`${who}:${event.lane}`, event.laneSeq)
        const as = words.indexOf('as')
        if (as >= 0) this.#orders.set(words[as + 1] ?? '', own)
        this.#places.set(this.#nameOf(own), { lane: event.lane, laneSeq: event.laneSeq })
        if (event.kind === 'OrderAmended')
          said.push(event.keepsPriority === 1 ? 'keeps' : 'requeues')
      } else if (event.kind === 'OrderClosed' && event.orderId === own) {
        rests = false
        if (event.reason !== closeReason.filled) said.push(reasons.get(event.reason) ?? '?')
      } else said.push(...this.#say(event, words))
    }
    if (rests && !said.includes('keeps')) said.push('rests')
    return said.join(', ')
  }

  /** What happens in a liquidation or a delisting; '' for any other event. */
  #sayLiquidation(event: EngineEvent): string {
    if (event.kind === 'LiquidationExplained') {
      const limit = event.limitTicks === 0 ? '' : ` @ ${price(event.limitTicks)}`
      const meant = event.sizeLots === 0 ? '' : ` ${size(event.sizeLots)}`
      return `${this.#whoIs(event.accountId)} stage ${event.stage}${meant}${limit}`
    }
    if (event.kind === 'LiquidationFilled')
      return `liquidates ${this.#nameOf(event.makerOrderId)} ${size(event.sizeLots)} @ ${price(event.priceTicks)} insurance ${usdc(event.insuranceQuote)}`
    if (event.kind === 'PositionTakenOver')
      return `taken over ${size(event.sizeLots)} for ${usdc(event.quote)} insurance ${usdc(event.insuranceQuote)}`
    if (event.kind === 'AdlExecuted')
      return `adl ${event.rank} ${this.#whoIs(event.accountId)} ${size(event.sizeLots)} share ${usdc(event.deficitQuote)}`
    if (event.kind === 'AdlRound')
      return `round ${size(event.closedLots)} deficit ${usdc(event.deficitQuote)} insurance ${usdc(event.insuranceQuote)}`
    if (event.kind === 'BadDebt')
      return `${this.#whoIs(event.accountId)} owes ${usdc(event.amountQuote)} insurance ${usdc(event.insuranceQuote)}`
    if (event.kind === 'MarketSettled') return `settles @ ${price(event.priceTicks)}`
    if (event.kind === 'PositionSettled')
      return `${this.#whoIs(event.accountId)} settles ${size(event.sizeLots)} for ${usdc(event.quote)}`
    return event.kind === 'InsuranceFunded' ? `tranche ${usdc(event.trancheQuote)}` : ''
  }

  #say(event: EngineEvent, words: readonly string[]): string[] {
    if (event.kind === 'CommandRejected') return [`reject ${rejectName(event.code)}`]
    if (event.kind === 'TradeExecuted') {
      const lotsFilled = size(event.sizeLots)
      return [`fill ${this.#nameOf(event.makerOrderId)} ${lotsFilled} @ ${price(event.priceTicks)}`]
    }
    if (event.kind === 'OrderClosed' && event.reason !== closeReason.filled) {
      const code = event.rejectCode ?? 0
      const why = code === 0 ? '' : ` ${rejectName(code)}`
      return [`${this.#nameOf(event.orderId)} closes ${reasons.get(event.reason)}${why}`]
    }
    if (event.kind === 'OrderTriggered') {
      const limit = plain(event.limitTicks * TICK)
      return [`${this.#nameOf(event.orderId)} triggers ${plain(event.lots * LOT)} @ ${limit}`]
    }
    if (event.kind === 'OrderReduced')
      return [`${this.#nameOf(event.orderId)} left ${plain(event.remainingLots * LOT)}`]
    if (event.kind === 'OrderRequeued') {
      const name = this.#nameOf(event.orderId)
      if (event.priceTicks === 0) return [`${name} off`]
      return [`${name} shows ${plain(event.shownLots * LOT)} @ ${plain(event.priceTicks * TICK)}`]
    }
    if (event.kind === 'DeadManSet') {
      const of = event.scope === 0 ? '' : `m=${event.scope - 1} `
      const when =
        event.deadlineMs === 0 ? 'off' : `in ${(event.deadlineMs - this.timeMs) / 1_000}s`
      return [`${of}${when}`]
    }
    if (event.kind === 'FundingSettled')
      return [`${this.#whoIs(event.accountId)} pays ${plain(event.paymentQuote / USDC)}`]
    if (event.kind === 'WithdrawalPaid') return [`paid ${plain(event.amountQuote / USDC)}`]
    if (event.kind === 'WithdrawalAccepted') {
      this.#laneSeqs.set(`${this.#whoIs(event.accountId)}:${event.lane}`, event.laneSeq)
      return ['accepted']
    }
    if (event.kind === 'FeeTierChanged')
      return [`${this.#whoIs(event.accountId)} tier ${event.tier}`]
    if (event.kind === 'TransferBooked') {
      this.#laneSeqs.set(`${this.#whoIs(event.accountId)}:${event.lane}`, event.laneSeq)
      return ['booked']
    }
    const liquidation = this.#sayLiquidation(event)
    if (liquidation !== '') return [liquidation]
    if (event.kind === 'MarketStateChanged' && words[0] !== 'state') return [`state ${event.state}`]
    if (event.kind === 'DustCollected') return [`dust ${plain(event.amountQuote / USDC)}`]
    if (event.kind === 'VolatilityUpdated') return [`volatility ${event.volatilityPpm}`]
    if (event.kind === 'MarkUpdated') return [`mark ${plain(event.markTicks * TICK)}`]
    if (event.kind === 'DuplicateRequest') return [`same as ${this.#nameOf(event.orderId)}`]
    return []
  }
}

const rowsOf = (table: string): string[] =>
  table
    .split('\n')
    .map((row) => row.trim().replaceAll(/\s+/g, ' '))
    .filter((row) => row !== '' && !row.startsWith('//'))

/** A table as `play` answers it when everything in it comes true. */
export const asPlayed = (table: string): string[] =>
  rowsOf(table).map((row) => row.replace(/ =>$/, ''))
