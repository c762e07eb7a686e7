//! The engine's random streams through the relayer's drafting into the contract's twin: after every batch both hold the same.
import {
  type BatchHeader,
  bytesHex,
  createPriceSigner,
  NO_MARKET,
  type OrderRecord,
  type PriceSigner,
  type Segment,
  SettlementTwin,
} from '@plumb/chain'
import {
  type ChainNotice,
  type Command,
  CommandBuffer,
  decodeCommand,
  decodeEvents,
  type EngineEvent,
  encodeCommand,
  type Market,
  noticeKind,
  orderFlag,
  type SetMarketRisk,
} from '@plumb/model'
import { atMark, healthOf, openRun } from '../../packages/chain/src/risk-run.ts'
import { accountKey } from '../../packages/chain/src/settlement-state.ts'
import { createEngine, type Engine } from '../../packages/engine/src/engine.ts'
import { CommandStream } from '../../packages/engine/src/reference/command-stream.ts'
import { streamProfiles } from '../../packages/engine/src/reference/stream-profiles.ts'
import { BatchDraft } from '../../services/relayer/src/batch-draft.ts'
import { readGenesis, readSteps } from '../../services/relayer/src/read-steps.ts'
import {
  openExchange,
  type RelayerState,
  restoreState,
} from '../../services/relayer/src/relayer-state.ts'

export const BACKSTOP = `0x${'bb'.repeat(20)}`
const CHAIN_ID = 1_337
const CONTRACT = `0x${'cc'.repeat(20)}`
const MARK_AGE_MAX_S = 3_600
const BACKSTOP_CAPITAL = 50_000_000_000
const REVOCATION_DELAY_S = 1_800
/** What the engine did may not wait longer for its batch. */
const DRAFT_AGE_MS = 60_000

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex.slice(2), 'hex'))

/** Commands that an account gives by itself: the backstop's accounts give none. */
const hasAccount = (command: Command): command is Command & { accountId: number } =>
  'accountId' in command

/** Where the commands of a run come from. */
export type CommandSource = Pick<CommandStream, 'timeMs' | 'next' | 'observe'>

/** What a run has carried: segment kinds by how often. */
export type Carried = Map<string, number>

/** One stream on one exchange. */
export class EngineToTwin {
  readonly engine: Engine
  readonly state: RelayerState
  /** Settles whole batches on its own, as the contract would. */
  readonly mirror: SettlementTwin
  readonly carried: Carried = new Map()
  timeMs = 0
  readonly #stream: CommandSource
  readonly #buffer = new CommandBuffer(1)
  readonly #publishers: readonly PriceSigner[]
  readonly #backstops = new Map<number, number>()
  readonly #markets = new Map<number, Market>()
  readonly #keys = new Set<string>()
  #draft: BatchDraft
  #openedMs = 0
  #deposits = 0
  #notices = 0
  #batchNo = 0
  /** Requests by the last batch before them. */
  readonly #askedIn = new Map<string, number>()
  #drafted = false

  constructor(seed: number, profileName: string, commands?: CommandSource) {
    const profile = streamProfiles[profileName]
    if (profile === undefined) throw new RangeError(`no profile ${profileName}`)
    this.engine = createEngine(profile.limits)
    this.#stream = commands ?? new CommandStream(seed, profile)
    const terms = { forceFeePpm: 5_000, directDelayS: 1_800, forceDelayS: 3_600 }
    const markAgeMaxS = MARK_AGE_MAX_S - DRAFT_AGE_MS / 1_000
    const deployed = { markAgeMaxS, backstop: BACKSTOP, ...terms }
    const nothing = { cursorSeq: 0, deposits: undefined, records: [], batches: [] }
    this.state = restoreState(nothing, deployed)
    this.mirror = new SettlementTwin({
      settlementLagS: 600,
      markAgeMaxS: MARK_AGE_MAX_S,
      backstop: BACKSTOP,
    })
    this.#publishers = [1, 2, 3].map((n) =>
      createPriceSigner(`0x${String(n).repeat(64)}`, { chainId: CHAIN_ID, contract: CONTRACT }),
    )
    this.#draft = this.#newDraft()
  }

  /** Plays so many commands; `cutEvery`: commands that settle something, in one batch. */
  play(commands: number, cutEvery: () => number): void {
    let cut = cutEvery()
    for (let i = 0; i < commands; i++) {
      const next = this.#stream.next()
      if (this.#drafted && this.#stream.timeMs - this.#openedMs > DRAFT_AGE_MS) this.flush()
      this.timeMs = this.#stream.timeMs
      const command = this.#rewrite(next)
      if (command !== undefined) this.#take(command)
      if (this.#draft.commandCount >= cut || this.#draft.gasEstimate > 8_000_000) {
        this.flush()
        cut = cutEvery()
      }
    }
    this.flush()
  }

  #newDraft(): BatchDraft {
    const nowS = () => Math.floor(this.timeMs / 1_000)
    this.#drafted = false
    return new BatchDraft({
      state: this.state,
      nowS,
      refreshAgeS: MARK_AGE_MAX_S / 2,
      fresh: undefined,
    })
  }

  // Real publishers and one backstop's owner, as the contract knows them.
  #rewrite(drawn: Command): Command | undefined {
    // As it will be stored: a number that does not fit its field is another one there.
    const { command } = decodeCommand(encodeCommand(drawn, 1, 1))
    if (command.kind === 'Genesis') {
      const publishers = new Uint8Array(100)
      for (const [i, { address }] of this.#publishers.entries())
        publishers.set(bytesOf(address), i * 20)
      return { ...command, contract: bytesOf(CONTRACT), publishers }
    }
    if (command.kind === 'ObservePrice') {
      const { publisher, page, publishTimeMs, prices, count } = command
      const signer = this.#publishers[publisher]
      if (signer === undefined || !Number.isSafeInteger(publishTimeMs)) return command
      if (!(count >= 1 && count <= 32 && page >= 0 && page < 2)) return command
      const message = { page, timestampMs: publishTimeMs, prices: prices.slice(0, count) }
      return { ...command, signature: signer.sign(message) }
    }
    if (command.kind === 'SetBackstop') return this.#backstop(command)
    // On-chain a key ends D after its owner has said so, never at once.
    if (command.kind === 'RevokeKey') {
      const soonest = Math.floor(this.timeMs / 1_000) + REVOCATION_DELAY_S
      return { ...command, expiryS: Math.max(command.expiryS, soonest) }
    }
    if (command.kind === 'ChainNotice') return this.#notice(command)
    const isBackstops =
      hasAccount(command) && [...this.#backstops.values()].includes(command.accountId)
    return isBackstops ? undefined : command
  }

  /**
   * As the contract would have logged it: requests stand there before the engine hears of them, and what the contract has
   * done by itself it has done before, by what the engine held at its last batch.
   */
  #notice(drawn: ChainNotice): Command | undefined {
    const command = { ...drawn, backstop: bytesOf(BACKSTOP), feePpm: 5_000 }
    const {
      what,
      owner,
      subaccount,
      market,
      amountQuote = 0,
      lots = 0,
      isLong = 0,
      dueS = 0,
    } = command
    if (what === noticeKind.terms && this.#notices === 0) this.#fundBackstop()
    const isRequest = what === noticeKind.withdrawRequested || what === noticeKind.reduceRequested
    // What the engine will refuse the contract has not logged.
    const { priceTicks = 0, feeQuote = 0, fundingIndex = 0, leftQuote = 0 } = command
    const numbers = [amountQuote, lots, dueS, priceTicks, feeQuote, fundingIndex, leftQuote]
    if (!numbers.every((x) => Number.isSafeInteger(x))) return command
    if (isRequest && !(amountQuote >= 0 && lots >= 0 && dueS >= 0)) return command
    if (what !== noticeKind.settlement && command.noticeId !== this.#notices + 1) return command
    const name = bytesHex(owner)
    if (isRequest) {
      const isReduction = what === noticeKind.reduceRequested
      const of = isReduction ? market : NO_MARKET
      if (this.#stands(name, subaccount, of)) return undefined
      const amount = BigInt(amountQuote)
      this.#askedIn.set(`${accountKey(name, subaccount)}/${of}`, this.#batchNo)
      const asked = { amount, lots: isReduction ? BigInt(lots) : 0n }
      this.mirror.noteRequest(name, subaccount, of, {
        ...asked,
        isLong: isLong === 1,
        untilS: dueS,
      })
    }
    if (what === noticeKind.withdrawClaimed)
      return this.#claim({ ...command, ...this.#ripe(false) })
    if (what === noticeKind.reduced) return this.#reduce({ ...command, ...this.#ripe(true) })
    if (what === noticeKind.takenOver) return this.#takeOver(command)
    return command
  }

  /**
   * A request that somebody may carry out: reductions, or withdrawals. On-chain that is D later at least, so what was matched
   * before the engine heard of it has settled. Nothing if there is none.
   */
  #ripe(isReduction: boolean): Partial<ChainNotice> {
    for (const [key, { lots, amount }] of this.mirror.state.requests()) {
      const [owner = '', subaccount, of] = key.split('/')
      const isSuch = (Number(of) !== NO_MARKET) === isReduction
      const stands = isSuch && (isReduction ? lots : amount) > 0n
      if (!stands || (this.#askedIn.get(key) ?? 0) === this.#batchNo) continue
      const market = isReduction ? Number(of) : 0
      return { owner: bytesOf(owner), subaccount: Number(subaccount), market }
    }
    return {}
  }

  // On-chain a request cannot be replaced while a batch on its way may be serving it.
  #stands(owner: string, subaccount: number, market: number): boolean {
    const { state } = this.mirror
    const standing = state.request(accountKey(owner, subaccount), market)
    if (standing === undefined || standing.untilS <= Math.floor(this.timeMs / 1_000)) return false
    return (market === NO_MARKET ? standing.amount : standing.lots) > 0n
  }

  #fundBackstop(): void {
    this.#take({
      kind: 'CreditDeposit',
      owner: bytesOf(BACKSTOP),
      subaccount: 0,
      amountQuote: BACKSTOP_CAPITAL,
      depositId: this.#deposits + 1,
      blockNumber: 1,
      txHash: new Uint8Array(32),
    })
  }

  // No more than is free: the contract pays nothing else. Where it was asked for, while a batch is on its way.
  #claim(command: ChainNotice): Command | undefined {
    const owner = bytesHex(command.owner)
    const { subaccount } = command
    if (this.engine.accountIdOf(command.owner, subaccount) === undefined) return undefined
    const key = accountKey(owner, subaccount)
    const request = this.mirror.state.request(key, NO_MARKET)
    const isAsked = request !== undefined && request.amount > 0n
    if (!isAsked || this.#askedIn.get(`${key}/${NO_MARKET}`) === this.#batchNo) this.flush()
    const { deposited, withdrawn } = this.mirror.totals
    const most = Math.min(this.#freeOnChain(owner, subaccount), Number(deposited - withdrawn))
    const wanted = isAsked ? Number(request.amount) : (command.amountQuote ?? 0)
    const amountQuote = Math.max(0, Math.min(wanted, most))
    const left = isAsked ? request.amount - BigInt(amountQuote) : 0n
    if (isAsked) this.mirror.state.setRequest(key, NO_MARKET, { ...request, amount: left })
    this.mirror.claim(owner, subaccount, amountQuote)
    return { ...command, amountQuote, leftQuote: Number(left) }
  }

  // As `_free` of the contract, without its slow mark; nothing where a mark is stale.
  #freeOnChain(owner: string, subaccount: number): number {
    const { state } = this.mirror
    const run = openRun(state, owner, subaccount)
    const { equity, initial, isFresh } = healthOf(state, run, Math.floor(this.timeMs / 1_000))
    if (!isFresh) return 0
    let notional = 0n
    for (const [id, { size }] of run.held()) {
      const value = atMark(state.listedMarket(id), size)
      notional += value < 0n ? -value : value
    }
    const kept = (notional + 9n) / 10n
    return Number(equity - (initial > kept ? initial : kept))
  }

  // At the mark of the contract, of what it holds, where both sides can bear it; its funding there is settled. Where it was
  // asked for, while a batch is on its way.
  #reduce(command: ChainNotice): Command | undefined {
    const owner = bytesHex(command.owner)
    const { subaccount, market: id } = command
    const key = accountKey(owner, subaccount)
    const request = this.mirror.state.request(key, id)
    const isAsked = request !== undefined && request.lots > 0n
    if (!isAsked || this.#askedIn.get(`${key}/${id}`) === this.#batchNo) this.flush()
    const market = this.mirror.market(id)
    const held = this.mirror.account(owner, subaccount).positions.find((p) => p.market === id)
    if (market === undefined || held === undefined || market.isSettled) return undefined
    if (owner === BACKSTOP || market.mark === 0) return undefined
    const size = Number(held.size)
    const wanted = Math.min(Math.abs(command.lots ?? 0), Math.abs(size))
    const lots = isAsked ? Math.min(wanted, Number(request.lots)) : wanted
    if (lots === 0 || (isAsked && request.isLong !== size > 0)) return undefined
    const left = isAsked ? request.lots - BigInt(lots) : 0n
    if (isAsked) this.mirror.state.setRequest(key, id, { ...request, lots: left })
    const moved = size > 0 ? -lots : lots
    const worth = lots * market.mark * Number(market.quotePerTickLot)
    const feeQuote = Math.ceil((worth * 5_000) / 1_000_000)
    const quote = (size > 0 ? worth : -worth) - feeQuote
    const fundingIndex = Number(market.fundingIndex)
    this.mirror.reduce({ owner, subaccount, market: id }, moved, quote, fundingIndex)
    const told = { lots: moved, priceTicks: market.mark, feeQuote, fundingIndex, amountQuote: 0 }
    return { ...command, ...told, leftQuote: Number(left) }
  }

  // Whole, as the contract holds it, a little off its mark.
  #takeOver(command: ChainNotice): Command | undefined {
    this.flush()
    const owner = bytesHex(command.owner)
    const { subaccount, market: id } = command
    const market = this.mirror.market(id)
    const held = this.mirror.account(owner, subaccount).positions.find((p) => p.market === id)
    if (market === undefined || held === undefined || market.isSettled) return undefined
    if (owner === BACKSTOP || market.mark === 0 || !this.#backstops.has(id)) return undefined
    const lots = Number(held.size)
    const value = lots * market.mark * Number(market.quotePerTickLot)
    const quote = value - Math.ceil(Math.abs(value) / 100)
    const fundingIndex = Number(market.fundingIndex)
    const by = { taker: id + 1, insuredQuote: 0 }
    this.mirror.reduce({ owner, subaccount, market: id }, -lots, quote, fundingIndex, by)
    const told = { lots, priceTicks: market.mark, fundingIndex, leftQuote: 0 }
    return { ...command, ...told, amountQuote: Math.abs(quote) }
  }

  // Market m's backstop is subaccount m + 1 of the exchange's own.
  #backstop(command: Command & { kind: 'SetBackstop' }): Command | undefined {
    const { market, accountId } = command
    // Whoever has been the backstop stays it on-chain, and is nobody's victim there.
    if (accountId === 0 && this.#backstops.has(market)) return undefined
    if (!this.#markets.has(market) || accountId === 0) return command
    if (!this.#backstops.has(market)) {
      this.#take({
        kind: 'CreditDeposit',
        owner: bytesOf(BACKSTOP),
        subaccount: market + 1,
        amountQuote: BACKSTOP_CAPITAL,
        depositId: this.#deposits + 1,
        blockNumber: 1,
        txHash: new Uint8Array(32),
      })
    }
    const own = this.#backstops.get(market)
    if (own === undefined) return undefined
    this.#take({ kind: 'SetAccountMode', accountId: own, isolatedMarket: market })
    return { ...command, accountId: own }
  }

  #take(command: Command): void {
    const seq = this.engine.seq + 1
    const stored = encodeCommand(command, seq, this.timeMs)
    this.#buffer.load(0, stored)
    this.engine.events.clear()
    // What is in the draft was judged at the contract's tiers of before.
    const isRisk = command.kind === 'SetMarketRisk'
    const isMargins = command.kind === 'ChainNotice' && command.what === noticeKind.marginsSet
    if (isRisk || isMargins) this.flush()
    this.engine.apply(this.#buffer, 0)
    const bytes = Buffer.from(this.engine.events.bytes())
    const events = decodeEvents(bytes)
    this.#stream.observe(events.filter((event) => !this.#isBackstops(event)))
    const entry = { seq, command: stored, events: bytes }
    if (events[0]?.kind === 'CommandRejected') return
    const genesis = readGenesis(entry)
    if (genesis !== undefined) {
      openExchange(this.state, genesis)
      this.mirror.setPublishers(this.state.facts.publishers, this.state.facts.quorum)
    }
    this.#configure(command)
    this.#deliver(entry, events)
  }

  #isBackstops(event: EngineEvent): boolean {
    if (event.kind === 'DepositCredited') this.#deposits = event.depositId
    if (event.kind === 'ChainNoticed') this.#notices = event.noticeId
    if (event.kind !== 'AccountOpened' || bytesHex(event.owner) !== BACKSTOP) return false
    this.#backstops.set(event.subaccount - 1, event.accountId)
    return true
  }

  // What the contract's admin would have set.
  #configure(command: Command): void {
    const timeS = Math.floor(this.timeMs / 1_000)
    for (const twin of [this.state.twin, this.mirror]) {
      if (command.kind === 'ListMarket') {
        const { kind: _, ...market } = command
        this.#markets.set(market.market, market)
        twin.listMarket(market, timeS)
      }
      if (command.kind === 'SetMarketRisk') {
        const { tiers, fee } = tiersOf(command)
        twin.setMarketTiers(command.market, tiers, fee)
      }
      // The relayer's own hears of keys by the feed.
      if (twin === this.mirror) this.#configureKeys(command)
      if (command.kind === 'SettleMarket') this.mirror.delistMarket(command.market)
      if (command.kind === 'ChainNotice' && command.what === noticeKind.marginsSet)
        this.mirror.setMargins(command.market, command.lane ?? 0, command.laneSeq ?? 0)
      if (command.kind === 'CreditDeposit' && twin === this.mirror)
        twin.deposit(bytesHex(command.owner), command.subaccount, command.amountQuote, {
          id: command.depositId,
          timeS,
        })
    }
  }

  #configureKeys(command: Command): void {
    if (command.kind === 'RevokeKey') this.mirror.revokeKey(bytesHex(command.key), command.expiryS)
    if (command.kind !== 'RegisterKey') return
    this.#keys.add(bytesHex(command.key))
    this.mirror.state.setSessionKey(bytesHex(command.key), {
      owner: bytesHex(command.owner),
      subaccount: command.subaccount,
      allSubaccounts: command.allSubaccounts === 1,
      expiryS: command.expiryS,
      notionalLeft: BigInt(command.notionalQuote),
      markets: (BigInt(command.marketsHigh) << 32n) | BigInt(command.marketsLow),
      maxPosition: BigInt(command.maxPositionLots),
      maxOrderNotional: BigInt(command.maxOrderNotionalQuote),
    })
  }

  #deliver(
    entry: { seq: number; command: Uint8Array; events: Uint8Array },
    events: readonly EngineEvent[],
  ) {
    const steps = readSteps(this.state.orderStore, entry)
    const wasEmpty = !this.#drafted
    try {
      this.#draft.add(steps)
    } catch (cause) {
      const told = events.map((event) => JSON.stringify(event)).join('\n')
      throw new Error(
        `seq ${entry.seq} ${this.timeMs}\n${this.#told()}\n${told}\n${JSON.stringify(steps, big)}`,
        { cause },
      )
    }
    this.#drafted ||= steps.some(({ kind }) => !passive.includes(kind))
    if (wasEmpty && this.#drafted) this.#openedMs = this.timeMs
  }

  // What is needed to see why a step was refused.
  #told(): string {
    const markets = [...this.#markets.keys()].map((id) => {
      const market = this.state.twin.market(id)
      const view = this.engine.market(id)
      const quoted = this.state.prices.marks.get(id)
      return JSON.stringify({
        id,
        mark: market?.mark,
        markTimeS: market?.markTimeS,
        engineMark: view?.markTicks,
        indexTimeMs: view?.indexTimeMs,
        state: view?.state,
        fee: String(market?.liquidationFeePpm),
        tiers: market?.tiers.length,
        times: [0, 1, 2].map((n) =>
          this.state.twin.state.publisherTime(Math.floor(id / 32) * 5 + n),
        ),
        quoted: quoted?.markTicks,
        taken: quoted?.vectors.map((v) => [v.publisher, v.publishTimeMs, v.prices[id % 32]]),
      })
    })
    return markets.join('\n')
  }

  /** Ends the batch, has the mirror settle it, and compares everything. */
  flush(): void {
    if (!this.#drafted) return
    const header: BatchHeader = {
      batchNo: ++this.#batchNo,
      toSeq: this.engine.seq,
      hashSeq: this.engine.seq,
      journalHash: new Uint8Array(32),
      stateHash: 0n,
    }
    const batch = this.#draft.finish(header)
    for (const segment of batch.segments) this.#count(segment)
    const result = this.mirror.applyBatch(batch, { timeS: Math.floor(this.timeMs / 1_000) })
    if (!result.ok)
      throw new Error(`the mirror refuses batch ${this.#batchNo}: ${JSON.stringify(result.error)}`)
    this.#draft = this.#newDraft()
    for (const twin of [this.state.twin, this.mirror]) this.#compare(twin)
  }

  #count(segment: Segment): void {
    const { kind } = segment
    this.carried.set(kind, (this.carried.get(kind) ?? 0) + 1)
    const keyed = ordersOf(segment).filter(({ flags }) => (flags & orderFlag.sessionKey) !== 0)
    if (keyed.length === 0) return
    const name = `${kind} of keys`
    this.carried.set(name, (this.carried.get(name) ?? 0) + 1)
  }

  // What a key's orders have filled, the contract has taken off its notional.
  #compareKeys(twin: SettlementTwin): void {
    for (const key of this.#keys) {
      const view = this.engine.sessionKey(bytesOf(key))
      if (view === undefined) continue
      const left = twin.state.sessionKey(key)?.notionalLeft
      same(`key ${key}`, String(left), String(view.notionalLeftQuote + view.reservedQuote))
    }
  }

  #compare(twin: SettlementTwin): void {
    this.#compareKeys(twin)
    for (let id = 1; id <= this.engine.totals().accounts; id++) {
      const account = this.engine.account(id)
      if (account === undefined) continue
      const { cashQuote, positions, subaccount } = account
      const held = {
        cash: String(cashQuote),
        positions: positions
          .filter(({ lots }) => lots !== 0)
          .map(({ market, lots, fundingIndex }) => [market, String(lots), String(fundingIndex)])
          .toSorted((a, b) => Number(a[0]) - Number(b[0])),
      }
      const owner = bytesHex(account.owner)
      const settled = twin.account(owner, subaccount)
      same(
        `account ${id} ${owner}/${subaccount} at ${this.engine.seq}`,
        {
          cash: String(settled.cash),
          positions: settled.positions.map((p) => [
            p.market,
            String(p.size),
            String(p.fundingSnapshot),
          ]),
        },
        held,
      )
    }
    for (const id of this.#markets.keys()) {
      const view = this.engine.market(id)
      const market = twin.market(id)
      same(
        `market ${id} at ${this.engine.seq}`,
        [
          market?.fundingIndex,
          market?.fundingPool,
          market?.insurance,
          market?.openInterest,
          market?.badDebt,
        ].map(String),
        [
          view?.fundingIndex,
          view?.fundingPoolQuote,
          view?.insuranceQuote,
          view?.openInterestLots,
          view?.badDebtQuote,
        ].map(String),
      )
    }
    same('fees', String(twin.totals.fees), String(this.engine.totals().feesQuote))
  }
}

const ordersOf = (segment: Segment): readonly OrderRecord[] => {
  if (segment.kind === 'Fills' || segment.kind === 'Activations') return segment.orders
  if (segment.kind !== 'Liquidations') return []
  return segment.liquidations.flatMap(({ fills }) => fills.map(({ maker }) => maker))
}
const passive =
  'mark vector listing deposit throttle request claimed reduced margins noticed'.split(' ')

const tiersOf = ({ boundUsdc, imfPpm, liquidationFeePpm }: SetMarketRisk) => {
  const end = boundUsdc.indexOf(0)
  const used = end < 0 ? boundUsdc : boundUsdc.slice(0, end)
  const tiers = used.map((bound, n) => ({ boundUsdc: bound, imfPpm: imfPpm[n] ?? 0 }))
  return { tiers, fee: liquidationFeePpm }
}

const big = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value instanceof Uint8Array ? '…' : value

const same = (what: string, settled: unknown, held: unknown): void => {
  const [a, b] = [settled, held].map((value) => JSON.stringify(value))
  if (a !== b) throw new Error(`${what}\ntwin   ${a}\nengine ${b}`)
}
