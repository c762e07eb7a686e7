//! One measurement of the engine beside a plain book on the same bytes, in one process.
// oxlint-disable typescript/no-unnecessary-type-assertion -- tsc checks indexed access here, the linter's project does not
import { createEngine, type Engine, warmUp } from '@plumb/engine'
import { CommandBuffer, commandKind } from '@plumb/model'
import { Histogram } from './histogram.ts'
import { applyNaive, NaiveVenue } from './naive-venue.ts'
import { NpmVenue } from './npm-venue.ts'
import { BenchStream, type Chunk, createChunk } from './stream.ts'

const CHUNK = 262_144
/** Commands between two clearings of the events, as the sequencer does it. */
const GROUP = 256
/** Commands whose records are fetched together. */
const READ_AHEAD = 32
/** One command in so many is timed by itself. */
const SAMPLED = 8
const kindNames = ['new', 'crossing', 'cancel', 'amend'] as const

export type MeasureOptions = {
  commands: number
  accounts: number
  markets: number
  /** Resting orders a market. */
  depth: number
  seed: number
  /** Whether npm's order book plays the stream too. */
  npm: boolean
  /** Whether each new order has a client order id. */
  clientIds?: boolean
}

/** Rates are commands for each second of CPU. */
export type EngineFigures = {
  commandsPerSecond: number
  referencePerSecond: number
  ratio: number
  medianChunkRatio: number
  wallPerSecond: number
  p50Ns: number
  p99Ns: number
  p999Ns: number
  maxNs: number
  referenceP99Ns: number
  timerP50Ns: number
  /** The same by kind of command. */
  kinds: { name: string; share: number; p50Ns: number; p99Ns: number; p999Ns: number }[]
  /** Share of the stream's cancels that came too late. */
  lateCancels: number
  stateHashPerGroupUs: number
  npmPerSecond: number
  npmRatio: number
  fills: number
  openOrders: number
  commands: number
  /** Rates chunk by chunk, and the engine's latency in steps of 10 ns, for the plots. */
  chunks: { engine: number; reference: number }[]
  latency: { ns: number; count: number }[]
}

type Spent = { cpuMs: number; wallMs: number }
/** Plays the group that stands in the inbox. */
type PlayGroup = (inbox: Chunk) => void

const cpuMsOf = (spent: readonly Spent[]) => spent.reduce((sum, { cpuMs }) => sum + cpuMs, 0)

/** Plays the stream through all of them and compares fills and books at the end. Throws when they differ. */
export function measureEngine(options: MeasureOptions): EngineFigures {
  warmUp()
  const bench = new Bench(options)
  bench.fillBooks()
  bench.run()
  const hashUs = bench.timeStateHash()
  bench.compare()
  return bench.figures(hashUs)
}

class Bench {
  readonly #options: MeasureOptions
  readonly #engine: Engine
  readonly #stream: BenchStream
  readonly #venue: NaiveVenue
  readonly #npm: NpmVenue | null
  readonly #chunk: Chunk = createChunk(CHUNK)
  /** Where commands stand when they are applied, as in the sequencer. */
  readonly #inbox: Chunk = createChunk(GROUP)
  readonly #latency = new Histogram()
  readonly #naiveLatency = new Histogram()
  readonly #timer = new Histogram()
  readonly #byKind = kindNames.map(() => new Histogram())
  readonly #rounds: { engine: Spent; naive: Spent; npm: Spent | null }[] = []

  constructor(options: MeasureOptions) {
    const { accounts, markets, depth, seed, clientIds = false } = options
    this.#options = options
    const lanes = Math.max(8, Math.ceil((3 * depth * markets) / accounts / 8) * 8)
    const engineLimits = {
      accounts,
      openOrders: Math.min(2 ** 20, Math.max(131_072, 2 * depth * markets)),
      positions: Math.max(32_768, accounts * markets),
      lanePages: Math.max(65_536, (accounts * lanes) / 16),
    }
    this.#engine = createEngine(engineLimits)
    this.#stream = new BenchStream(createEngine(engineLimits), {
      seed,
      accounts,
      markets,
      depth,
      lanes,
      clientIds,
    })
    this.#venue = new NaiveVenue(markets)
    this.#npm = options.npm ? new NpmVenue(markets) : null
    const first = new CommandBuffer(1)
    for (const bytes of this.#stream.prologue()) {
      first.load(0, bytes)
      this.#engine.apply(first, 0)
      this.#engine.events.clear()
    }
  }

  /** Untimed: until the books are as deep as the stream keeps them, and everything has been compiled. */
  fillBooks(): void {
    const goal = 0.9 * this.#options.depth * this.#options.markets
    for (let n = 0; n < 2 || this.#stream.resting < goal; n++) {
      if (n === 64) throw new Error(`the books stay at ${this.#stream.resting} orders`)
      this.#stream.next(this.#chunk)
      this.#play(this.#playEngine)
      this.#play(this.#playNaive)
      if (this.#npm !== null) this.#play(this.#playNpm)
    }
  }

  /** Chunk by chunk, engine and plain book taking turns at going first; each fourth is for single latencies. */
  run(): void {
    const chunks = Math.max(8, Math.ceil(this.#options.commands / CHUNK))
    for (const name of ['new', 'crossing', 'cancel', 'gone', 'amend'] as const)
      this.#stream.mix[name] = 0
    for (let n = 0; n < chunks; n++) {
      this.#stream.next(this.#chunk)
      if (n % 4 === 3) {
        this.#timeTimer()
        this.#play(this.#sampleEngine)
        this.#play(this.#sampleNaive)
        if (this.#npm !== null) this.#play(this.#playNpm)
        continue
      }
      const engineFirst = n % 2 === 0
      const early = this.#play(engineFirst ? this.#playEngine : this.#playNaive)
      const late = this.#play(engineFirst ? this.#playNaive : this.#playEngine)
      const [engine, naive] = engineFirst ? [early, late] : [late, early]
      const npm = this.#npm === null ? null : this.#play(this.#playNpm)
      this.#rounds.push({ engine, naive, npm })
    }
  }

  /** Microseconds of the state hash as the sequencer asks for it: after each group. */
  timeStateHash(): number[] {
    const engine = this.#engine
    const took: number[] = []
    this.#stream.next(this.#chunk)
    for (let slot = 0; slot < CHUNK; slot++) {
      engine.apply(this.#chunk.buffer, slot)
      if (slot % GROUP !== GROUP - 1) continue
      engine.events.clear()
      const start = performance.now()
      engine.stateHash()
      if (slot > GROUP) took.push((performance.now() - start) * 1_000)
    }
    this.#play(this.#playNaive)
    return took.toSorted((a, b) => a - b)
  }

  /** A rate of two that did different work would say nothing. */
  compare(): void {
    const { trades } = this.#engine.totals()
    if (this.#venue.fills !== trades)
      throw new Error(`fills differ: engine ${trades}, plain book ${this.#venue.fills}`)
    for (const [market, book] of this.#venue.books.entries())
      for (const side of [0, 1] as const) {
        const ours = [...this.#engine.book(market, side)].map(
          ({ orderId, remainingLots }) => `${orderId} ${remainingLots}`,
        )
        const theirs = [...book.orders(side)].map(
          ({ orderId, remaining }) => `${orderId} ${remaining}`,
        )
        if (ours.join() !== theirs.join())
          throw new Error(`books differ: market ${market} side ${side}`)
      }
  }

  figures(hashUs: readonly number[]): EngineFigures {
    const rounds = this.#rounds
    const engineMs = cpuMsOf(rounds.map(({ engine }) => engine))
    const naiveMs = cpuMsOf(rounds.map(({ naive }) => naive))
    const npmMs = cpuMsOf(rounds.flatMap(({ npm }) => npm ?? []))
    const wallMs = rounds.reduce((sum, { engine }) => sum + engine.wallMs, 0)
    const timed = rounds.length * CHUNK
    const perSecond = (ms: number) => (ms === 0 ? 0 : Math.round((timed / ms) * 1_000))
    const ratios = rounds
      .map(({ engine, naive }) => naive.cpuMs / engine.cpuMs)
      .toSorted((a, b) => a - b)
    const { trades, openOrders } = this.#engine.totals()
    const { mix } = this.#stream
    const written = mix.new + mix.crossing + mix.cancel + mix.amend
    return {
      commandsPerSecond: perSecond(engineMs),
      referencePerSecond: perSecond(naiveMs),
      ratio: Number((naiveMs / engineMs).toFixed(2)),
      medianChunkRatio: Number((ratios[ratios.length >> 1] ?? 0).toFixed(2)),
      wallPerSecond: perSecond(wallMs),
      p50Ns: this.#latency.at(0.5),
      p99Ns: this.#latency.at(0.99),
      p999Ns: this.#latency.at(0.999),
      maxNs: Math.round(this.#latency.maxNs),
      referenceP99Ns: this.#naiveLatency.at(0.99),
      timerP50Ns: this.#timer.at(0.5),
      kinds: kindNames.map((name, i) => ({
        name,
        share: Number((mix[name] / written).toFixed(3)),
        p50Ns: this.#byKind[i]!.at(0.5),
        p99Ns: this.#byKind[i]!.at(0.99),
        p999Ns: this.#byKind[i]!.at(0.999),
      })),
      lateCancels: Number((mix.gone / mix.cancel).toFixed(3)),
      stateHashPerGroupUs: Number((hashUs[hashUs.length >> 1] ?? 0).toFixed(1)),
      npmPerSecond: perSecond(npmMs),
      npmRatio: Number((npmMs / engineMs).toFixed(0)),
      fills: trades,
      openOrders,
      commands: timed,
      chunks: rounds.map(({ engine, naive }) => ({
        engine: Math.round((CHUNK / engine.cpuMs) * 1_000),
        reference: Math.round((CHUNK / naive.cpuMs) * 1_000),
      })),
      latency: this.#latency.steps(),
    }
  }

  /** The chunk group by group: filling the inbox is not timed, playing it is. */
  #play(play: PlayGroup): Spent {
    const { buffer, orderIds, markets } = this.#chunk
    const inbox = this.#inbox
    let cpuMs = 0
    let wallMs = 0
    for (let from = 0; from < CHUNK; from += GROUP) {
      inbox.buffer.bytes.set(buffer.bytes.subarray(from * 256, (from + GROUP) * 256))
      inbox.orderIds.set(orderIds.subarray(from, from + GROUP))
      inbox.markets.set(markets.subarray(from, from + GROUP))
      const wall = performance.now()
      const cpu = process.cpuUsage()
      play(inbox)
      const used = process.cpuUsage(cpu)
      wallMs += performance.now() - wall
      cpuMs += (used.user + used.system) / 1_000
    }
    return { cpuMs, wallMs }
  }

  readonly #playEngine: PlayGroup = ({ buffer }) => {
    const engine = this.#engine
    for (let slot = 0; slot < GROUP; slot++) {
      if (slot % READ_AHEAD === 0) engine.readAhead(buffer, slot, READ_AHEAD)
      engine.apply(buffer, slot)
    }
    engine.events.clear()
  }

  readonly #playNaive: PlayGroup = (inbox) => {
    const venue = this.#venue
    for (let slot = 0; slot < GROUP; slot++) applyNaive(venue, inbox, slot)
    venue.events = []
  }

  readonly #playNpm: PlayGroup = (inbox) => {
    for (let slot = 0; slot < GROUP; slot++) this.#npm?.apply(inbox, slot)
  }

  /**
   * As `#playEngine`, and one command in eight is timed by itself, in turn each place of the group. To what the clock says,
   * which has its own cost in it, comes the command's share of reading ahead.
   */
  readonly #sampleEngine: PlayGroup = ({ buffer }) => {
    const engine = this.#engine
    const { i32 } = buffer
    const timed = this.#latency.count % SAMPLED
    let share = 0
    for (let slot = 0; slot < GROUP; slot++) {
      if (slot % READ_AHEAD === 0) {
        const start = performance.now()
        engine.readAhead(buffer, slot, READ_AHEAD)
        share = (performance.now() - start) / READ_AHEAD
      }
      if (slot % SAMPLED !== timed) {
        engine.apply(buffer, slot)
        continue
      }
      const start = performance.now()
      engine.apply(buffer, slot)
      const ms = performance.now() - start + share
      this.#latency.add(ms)
      const kind = i32[slot * 64 + 4]
      if (kind === commandKind.PlaceOrder) this.#byKind[i32[slot * 64 + 15] === 4 ? 1 : 0]!.add(ms)
      else if (kind === commandKind.CancelOrder) this.#byKind[2]!.add(ms)
      else if (kind === commandKind.AmendOrder) this.#byKind[3]!.add(ms)
    }
    engine.events.clear()
  }

  readonly #sampleNaive: PlayGroup = (inbox) => {
    const venue = this.#venue
    const timed = this.#naiveLatency.count % SAMPLED
    for (let slot = 0; slot < GROUP; slot++) {
      if (slot % SAMPLED !== timed) {
        applyNaive(venue, inbox, slot)
        continue
      }
      const start = performance.now()
      applyNaive(venue, inbox, slot)
      this.#naiveLatency.add(performance.now() - start)
    }
    venue.events = []
  }

  #timeTimer(): void {
    for (let i = 0; i < 10_000; i++) {
      const start = performance.now()
      this.#timer.add(performance.now() - start)
    }
  }
}
