//! Settlement under steady and bursting flow, on a clock of its own: the engine, the relayer's drafting, budget and twin are
//! the real ones; the chain is a block time and so much gas a second. Nothing is signed: the twin takes owners as given.
import { createEngine, type Engine } from '@plumb/engine'
import {
  type Command,
  CommandBuffer,
  decodeEvents,
  type EngineEvent,
  encodeCommand,
  type Market,
  type PlaceOrder,
  rejectCode,
  type Side,
} from '@plumb/model'
import { BatchDraft } from '../../services/relayer/src/batch-draft.ts'
import { dueAgeMs } from '../../services/relayer/src/batch-timing.ts'
import { FlowGas } from '../../services/relayer/src/flow-gas.ts'
import { BacklogMeter, stageOf, throttleOf } from '../../services/relayer/src/gas-budget.ts'
import { readGenesis, readSteps } from '../../services/relayer/src/read-steps.ts'
import {
  openExchange,
  type RelayerState,
  restoreState,
} from '../../services/relayer/src/relayer-state.ts'

/** A chain, as far as settlement goes: gas that we get of it in a second, and the time between its blocks. */
export type ChainModel = { gasPerS: number; blockS: number }
/** So many trades are tried in a second, for so long. */
export type Phase = { name: string; tradesPerS: number; seconds: number }

/** What a phase saw. Lags are of the fills matched in it, milliseconds from match to block. */
export type PhaseResult = {
  name: string
  triedPerS: number
  matchedPerS: number
  /** Orders answered with THROTTLED. */
  throttled: number
  /** Orders refused for any other reason. */
  refused: number
  p50Ms: number
  p99Ms: number
  maxMs: number
  /** Highest stage of the budget, and the seconds from the phase's beginning at which it changed. */
  stages: { atS: number; stage: number }[]
  waitingMax: number
}

export type SettlementRun = {
  phases: PhaseResult[]
  fills: number
  settledFills: number
  batches: number
  /** Differences between engine and twin at the end, account by account. */
  differences: string[]
}

const stepMs = 250
/** All accounts distinct, N = 100 (`npm run gas`). */
export const fillGas = 25_148
const batchGas = 60_000
const transactionGas = 16_700_000
const limits = { fillsMax: 500, gasMax: 12_000_000, ageMs: 2_000, ageMaxMs: 15_000 }
const lagS = 600
const accounts = 250
const makers = 50
const startMs = 1_790_000_000_000

const market: Market = {
  market: 0,
  symbol: 'LOAD-PERP',
  tickE8: 10_000_000,
  lotE8: 100_000,
  quotePerTickLot: 100,
  imBps: 500,
  mmBps: 250,
  takerFee: 45,
  makerFee: 15,
  minOrderLots: 1,
  maxOrderLots: 1_000_000,
  maxPositionLots: 2 ** 40,
  minNotionalQuote: 0,
  maxOpenInterestLots: 0,
  priceBandPpm: 0,
  markBandPpm: 50_000,
  fixedIndexTicks: 6_000,
}

const zeros = (length: number) => new Uint8Array(length)
const ownerOf = (id: number) => {
  const owner = zeros(20).fill(1)
  new DataView(owner.buffer).setUint32(0, id)
  return owner
}

type Entry = { seq: number; command: Uint8Array; events: Uint8Array; fills: number; atMs: number }
type Sent = { toSeq: number; gas: number; entries: Entry[] }

/** One run; the same phases, chain and seed give the same figures. */
export class SettlementSimulation {
  readonly #engine: Engine
  readonly #state: RelayerState
  readonly #chain: ChainModel
  readonly #meter = new BacklogMeter()
  readonly #flow = new FlowGas()
  readonly #buffer = new CommandBuffer(1)
  readonly #laneSeqs = new Map<number, number>()
  readonly #unread: Entry[] = []
  #draft: BatchDraft
  #drafted: Entry[] = []
  #openedMs = 0
  #sent: Sent | undefined
  #bucket = 0
  #timeMs = startMs
  #stage = 0
  #random: number
  #batches = 0
  #fills = 0
  #settled = 0
  #waiting = 0
  readonly #lags: { atMs: number; lagMs: number; count: number }[] = []

  constructor(chain: ChainModel, seed = 1) {
    this.#chain = chain
    this.#random = seed
    this.#engine = createEngine({ accounts: 512, openOrders: 4_096, positions: 1_024 })
    const terms = { forceFeePpm: 5_000, directDelayS: 1_800, forceDelayS: 3_600 }
    const backstop = `0x${'bb'.repeat(20)}`
    const nothing = { cursorSeq: 0, deposits: undefined, records: [], batches: [] }
    this.#state = restoreState(nothing, { markAgeMaxS: 600, backstop, ...terms })
    this.#draft = this.#newDraft()
    this.#open()
  }

  /** Plays the phases, then waits until all is settled. */
  run(phases: readonly Phase[]): SettlementRun {
    const results = phases.map((phase) => this.#play(phase))
    for (let i = 0; i < (4 * lagS * 1_000) / stepMs && this.#waiting > 0; i++) this.#step()
    const ends = [...results.slice(1).map(({ fromMs }) => fromMs), Number.POSITIVE_INFINITY]
    return {
      phases: results.map(({ fromMs, result }, i) =>
        Object.assign(result, this.#lagsBetween(fromMs, ends[i] ?? 0)),
      ),
      fills: this.#fills,
      settledFills: this.#settled,
      batches: this.#batches,
      differences: this.#differences(),
    }
  }

  #open(): void {
    this.#apply({
      kind: 'Genesis',
      chainId: 1_337,
      settlementLagS: lagS,
      publisherCount: 3,
      publisherQuorum: 2,
      contract: zeros(20),
      publishers: zeros(100),
    })
    this.#apply({ kind: 'ListMarket', ...market })
    this.#state.twin.listMarket(market, startMs / 1_000)
    for (let id = 1; id <= accounts; id++)
      this.#apply({
        kind: 'CreditDeposit',
        owner: ownerOf(id),
        subaccount: 0,
        amountQuote: 10_000_000_000_000,
        depositId: id,
        blockNumber: 1,
        txHash: zeros(32),
      })
  }

  #play(phase: Phase): { fromMs: number; result: PhaseResult } {
    const fromMs = this.#timeMs
    const fillsBefore = this.#fills
    const stages = [{ atS: 0, stage: this.#stage }]
    let [tried, throttled, refused, waitingMax, owed] = [0, 0, 0, 0, 0]
    for (let ms = 0; ms < phase.seconds * 1_000; ms += stepMs) {
      owed += (phase.tradesPerS * stepMs) / 1_000
      for (; owed >= 1; owed--) {
        tried += 1
        for (const code of this.#trade())
          if (code === rejectCode.THROTTLED) throttled += 1
          else if (code !== 0) refused += 1
      }
      this.#step()
      waitingMax = Math.max(waitingMax, this.#waiting)
      const atS = (this.#timeMs - fromMs) / 1_000
      if (stages.at(-1)?.stage !== this.#stage) stages.push({ atS, stage: this.#stage })
    }
    const matched = this.#fills - fillsBefore
    const result = {
      name: phase.name,
      triedPerS: tried / phase.seconds,
      matchedPerS: matched / phase.seconds,
      throttled,
      refused,
      stages,
      waitingMax,
      p50Ms: 0,
      p99Ms: 0,
      maxMs: 0,
    }
    return { fromMs, result }
  }

  // A maker's post-only order and a taker that takes it whole: values from 10 to 10,000 USDC, evenly by magnitude.
  #trade(): number[] {
    const quote = 10 ** (7 + 3 * this.#next())
    const lots = Math.max(1, Math.round(quote / (market.fixedIndexTicks * market.quotePerTickLot)))
    const side = this.#next() < 0.5 ? 0 : 1
    const maker = 1 + Math.floor(this.#next() * makers)
    const taker = 1 + makers + Math.floor(this.#next() * (accounts - makers))
    const made = this.#order(maker, side === 0 ? 1 : 0, lots, 2)
    if (made !== 0) return [made]
    const taken = this.#order(taker, side, lots, 4)
    // What nobody took must not lie in the way of the next one.
    if (taken !== 0) this.#apply({ kind: 'CancelAll', accountId: maker, market: 0, side: -1 })
    return [taken]
  }

  #order(accountId: number, side: Side, sizeLots: number, flags: number): number {
    const lane = Math.floor(this.#next() * 16)
    const key = accountId * 16 + lane
    const laneSeq = (this.#laneSeqs.get(key) ?? 0) + 1
    const order: PlaceOrder = {
      kind: 'PlaceOrder',
      accountId,
      market: 0,
      orderId: 0,
      side,
      flags,
      orderKind: 0,
      priceTicks: market.fixedIndexTicks,
      sizeLots,
      triggerTicks: 0,
      maxFee: 255,
      lane,
      laneSeq,
      expiryS: Math.floor(this.#timeMs / 1_000) + 7_200,
      selfTrade: 0,
      clientOrderId: '',
      signer: zeros(20),
      signature: zeros(64),
    }
    const [first] = this.#apply(order)
    if (first?.kind === 'CommandRejected') return first.code
    this.#laneSeqs.set(key, laneSeq)
    return 0
  }

  #apply(command: Command): EngineEvent[] {
    const seq = this.#engine.seq + 1
    const stored = encodeCommand(command, seq, this.#timeMs)
    this.#buffer.load(0, stored)
    this.#engine.events.clear()
    this.#engine.apply(this.#buffer, 0)
    const events = new Uint8Array(this.#engine.events.bytes())
    const decoded = decodeEvents(events)
    const fills = decoded.filter(({ kind }) => kind === 'TradeExecuted').length
    this.#meter.add(seq, this.#timeMs, this.#flow.of(events))
    this.#fills += fills
    this.#waiting += fills
    if (decoded[0]?.kind !== 'CommandRejected')
      this.#unread.push({ seq, command: stored, events, fills, atMs: this.#timeMs })
    return decoded
  }

  #step(): void {
    this.#timeMs += stepMs
    if (this.#timeMs % 1_000 === 0) {
      this.#apply({ kind: 'Tick' })
      this.#keep()
    }
    this.#mine()
    this.#draftOn()
  }

  // As the relayer's throttle keeper, once a second.
  #keep(): void {
    const capacity = { gasPerS: this.#chain.gasPerS, settlementLagS: lagS }
    const stage = stageOf(this.#meter.at(this.#timeMs), capacity, this.#stage)
    if (stage === this.#stage) return
    this.#stage = stage
    this.#apply({ kind: 'SetThrottle', ...throttleOf(stage) })
  }

  // One batch waits at a time; a block takes it once our share of the chain's gas has come together.
  #mine(): void {
    const { gasPerS, blockS } = this.#chain
    const most = Math.max(transactionGas, gasPerS * blockS)
    this.#bucket = Math.min(most, this.#bucket + (gasPerS * stepMs) / 1_000)
    const isBlock = (this.#timeMs - startMs) % (blockS * 1_000) < stepMs
    if (this.#sent === undefined || !isBlock || this.#bucket < this.#sent.gas) return
    this.#bucket -= this.#sent.gas
    for (const { atMs, fills } of this.#sent.entries) {
      if (fills > 0) this.#lags.push({ atMs, lagMs: this.#timeMs - atMs, count: fills })
      this.#settled += fills
      this.#waiting -= fills
    }
    this.#meter.settle(this.#sent.toSeq)
    this.#flow.begin()
    this.#sent = undefined
  }

  #draftOn(): void {
    while (this.#unread.length > 0 && !this.#isFull()) {
      const entry = this.#unread.shift()
      if (entry === undefined) break
      const genesis = readGenesis(entry)
      if (genesis !== undefined) openExchange(this.#state, genesis)
      const wasEmpty = this.#draft.isEmpty
      this.#draft.add(readSteps(this.#state.orderStore, entry))
      if (wasEmpty && !this.#draft.isEmpty) this.#openedMs = entry.atMs
      this.#drafted.push(entry)
    }
    if (this.#draft.isEmpty || this.#sent !== undefined) return
    const due = dueAgeMs(limits, 1, this.#stage)
    if (this.#isFull() || this.#timeMs - this.#openedMs >= due) this.#send()
  }

  #isFull(): boolean {
    const { fillCount, gasEstimate } = this.#draft
    return fillCount >= limits.fillsMax || gasEstimate >= limits.gasMax
  }

  #send(): void {
    const toSeq = this.#drafted.at(-1)?.seq ?? 0
    const gas = batchGas + this.#draft.fillCount * fillGas
    this.#draft.finish({
      batchNo: ++this.#batches,
      toSeq,
      hashSeq: toSeq,
      journalHash: zeros(32),
      stateHash: 0n,
    })
    this.#sent = { toSeq, gas, entries: this.#drafted }
    this.#drafted = []
    this.#draft = this.#newDraft()
  }

  #newDraft(): BatchDraft {
    const nowS = () => Math.floor(this.#timeMs / 1_000)
    return new BatchDraft({ state: this.#state, nowS, refreshAgeS: 300, fresh: undefined })
  }

  #lagsBetween(fromMs: number, toMs: number) {
    const own = this.#lags.filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
    const sorted = own.toSorted((a, b) => a.lagMs - b.lagMs)
    const total = sorted.reduce((sum, { count }) => sum + count, 0)
    const at = (part: number) => {
      let left = Math.ceil(total * part)
      return sorted.find(({ count }) => (left -= count) <= 0)?.lagMs ?? 0
    }
    return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: sorted.at(-1)?.lagMs ?? 0 }
  }

  #differences(): string[] {
    const found: string[] = []
    for (let id = 1; id <= accounts; id++) {
      const held = this.#engine.account(id)
      const owner = `0x${Buffer.from(ownerOf(id)).toString('hex')}`
      const settled = this.#state.twin.account(owner, 0)
      const [lots] = (held?.positions ?? []).map((position) => position.lots)
      const same =
        settled.cash === BigInt(held?.cashQuote ?? 0) &&
        (settled.positions[0]?.size ?? 0n) === BigInt(lots ?? 0)
      if (!same) found.push(`account ${id}: ${settled.cash} and ${held?.cashQuote}`)
    }
    return found
  }

  // Park and Miller: the same figures on every machine.
  #next(): number {
    this.#random = (this.#random * 48_271) % 2_147_483_647
    return this.#random / 2_147_483_647
  }
}
