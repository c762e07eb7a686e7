//! One measurement of the engine beside a plain book on the same bytes, in one process.
// oxlint-disable typescript/no-unnecessary-type-assertion -- tsc checks indexed access here, the linter's project does not
import { createEngine, type Engine, warmUp } from '@plumb/engine'
import { CommandBuffer } from '@plumb/model'
import { Histogram } from './histogram.ts'
import { applyNaive, NaiveVenue } from './naive-venue.ts'
import { NpmVenue } from './npm-venue.ts'
import { BenchStream, type Chunk } from './stream.ts'

const CHUNK = 262_144
/** Commands between two clearings of the events, as the sequencer does it. */
const GROUP = 256
/** Commands whose records are fetched together. */
const READ_AHEAD = 32

export type MeasureOptions = {
  commands: number
  accounts: number
  markets: number
  /** Resting orders a market. */
  depth: number
  seed: number
  /** Whether npm's order book plays the stream too. */
  npm: boolean
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

function spend(work: () => void): Spent {
  const wall = performance.now()
  const cpu = process.cpuUsage()
  work()
  const used = process.cpuUsage(cpu)
  return { cpuMs: (used.user + used.system) / 1_000, wallMs: performance.now() - wall }
}

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
  readonly #chunk: Chunk = {
    buffer: new CommandBuffer(CHUNK),
    count: CHUNK,
    orderIds: new Float64Array(CHUNK),
  }
  readonly #latency = new Histogram()
  readonly #naiveLatency = new Histogram()
  readonly #timer = new Histogram()
  readonly #rounds: { engine: Spent; naive: Spent; npm: Spent | null }[] = []

  constructor(options: MeasureOptions) {
    const { accounts, markets, depth, seed } = options
    this.#options = options
    const lanes = Math.max(8, Math.ceil((3 * depth * markets) / accounts / 8) * 8)
    const engineLimits = {
      accounts,
      openOrders: Math.min(2 ** 20, Math.max(131_072, 2 * depth * markets)),
      positions: Math.max(32_768, accounts * Math.min(markets, 16)),
      lanePages: Math.max(65_536, (accounts * lanes) / 16),
    }
    this.#engine = createEngine(engineLimits)
    this.#stream = new BenchStream(createEngine(engineLimits), {
      seed,
      accounts,
      markets,
      depth,
      lanes,
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
      this.#playEngine()
      this.#playNaive()
      this.#playNpm()
    }
  }

  /** Chunk by chunk, engine and plain book taking turns at going first; each fourth is for single latencies. */
  run(): void {
    const chunks = Math.max(8, Math.ceil(this.#options.commands / CHUNK))
    for (let n = 0; n < chunks; n++) {
      this.#stream.next(this.#chunk)
      if (n % 4 === 3) {
        this.#sampleLatency()
        this.#playNpm()
        continue
      }
      const engineFirst = n % 2 === 0
      const early = spend(() => (engineFirst ? this.#playEngine() : this.#playNaive()))
      const late = spend(() => (engineFirst ? this.#playNaive() : this.#playEngine()))
      const [engine, naive] = engineFirst ? [early, late] : [late, early]
      const npm = this.#npm === null ? null : spend(() => this.#playNpm())
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
    this.#playNaive()
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

  #playEngine(): void {
    const engine = this.#engine
    const { buffer } = this.#chunk
    const { events } = engine
    for (let slot = 0; slot < CHUNK; slot++) {
      if (slot % READ_AHEAD === 0) engine.readAhead(buffer, slot, READ_AHEAD)
      engine.apply(buffer, slot)
      if (slot % GROUP === GROUP - 1) events.clear()
    }
  }

  #playNaive(): void {
    const venue = this.#venue
    for (let slot = 0; slot < CHUNK; slot++) {
      applyNaive(venue, this.#chunk, slot)
      if (venue.events.length > GROUP) venue.events = []
    }
  }

  #playNpm(): void {
    const npm = this.#npm
    if (npm !== null) for (let slot = 0; slot < CHUNK; slot++) npm.apply(this.#chunk, slot)
  }

  #sampleLatency(): void {
    const engine = this.#engine
    const venue = this.#venue
    for (let slot = 0; slot < CHUNK; slot++) {
      const start = performance.now()
      engine.apply(this.#chunk.buffer, slot)
      this.#latency.add(performance.now() - start)
      if (slot % GROUP === GROUP - 1) engine.events.clear()
    }
    for (let slot = 0; slot < CHUNK; slot++) {
      const start = performance.now()
      applyNaive(venue, this.#chunk, slot)
      this.#naiveLatency.add(performance.now() - start)
      if (venue.events.length > GROUP) venue.events = []
    }
    for (let i = 0; i < 10_000; i++) {
      const start = performance.now()
      this.#timer.add(performance.now() - start)
    }
  }
}
