//! Engine: commands a second with all risk on, against a plain book (objects, Map, no risk) on the same bytes.
//!
//! Method: one seeded stream of about 40 % new orders, 48 % cancels, 9 % crossing, 3 % amends, 10,000 accounts, with
//! price messages and a tick every 20,000 commands. The stream is made chunk by chunk, untimed; then the engine and the
//! plain book play the same chunk one after the other, taking turns at going first. Every fourth chunk each command is
//! timed by itself for the percentiles (timer included). Fills of both are compared at the end. The engine checks
//! lanes, bands, position limit, initial margin with open orders, fees, funding and `settleable` for every fill; the
//! plain book checks nothing.
// oxlint-disable typescript/no-unnecessary-type-assertion -- tsc checks indexed access here, the linter's project does not
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { createEngine, ReferenceBook } from '@plumb/engine'
import { CommandBuffer, commandKind } from '@plumb/model'
import { BenchStream, type Chunk } from './engine/stream.ts'

const { values: args } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    commands: { type: 'string', default: '2000000' },
    accounts: { type: 'string', default: '10000' },
    markets: { type: 'string', default: '1' },
    depth: { type: 'string', default: '4000' },
    seed: { type: 'string', default: '7' },
  },
})
const CHUNK = 262_144
const GROUP = 256
const accounts = Number(args.accounts)
const markets = Number(args.markets)
const depth = Number(args.depth)
const chunks = Math.max(8, Math.ceil(Number(args.commands) / CHUNK))

const engineLimits = {
  accounts,
  openOrders: Math.min(2 ** 20, Math.max(131_072, 2 * depth * markets)),
  positions: Math.max(32_768, accounts * Math.min(markets, 16)),
  lanePages: Math.max(65_536, accounts * 2),
}

type NaiveOrder = {
  orderId: number
  account: number
  side: 0 | 1
  price: number
  size: number
  remaining: number
}
type NaiveFill = { maker: number; taker: number; price: number; lots: number }

/** An order book as one would first write it. */
class NaiveVenue {
  readonly books: ReferenceBook<NaiveOrder>[]
  fills = 0
  lots = 0
  events: NaiveFill[] = []

  constructor(count: number) {
    this.books = Array.from({ length: count }, () => new ReferenceBook<NaiveOrder>())
  }

  place(market: number, order: NaiveOrder, immediate: boolean): void {
    const book = this.books[market]!
    this.match(book, order)
    if (order.remaining > 0 && !immediate) book.add(order)
  }

  amend(market: number, orderId: number, price: number, size: number): void {
    const book = this.books[market]!
    const order = book.get(orderId)
    if (order === undefined) return
    if (price === order.price && size <= order.remaining) {
      order.size = size
      order.remaining = size
      return
    }
    book.remove(orderId)
    order.price = price
    order.size = size
    order.remaining = size
    this.place(market, order, false)
  }

  cancel(orderId: number): void {
    for (const book of this.books) if (book.remove(orderId) !== undefined) return
  }

  match(book: ReferenceBook<NaiveOrder>, taker: NaiveOrder): void {
    const opposite = taker.side === 0 ? 1 : 0
    while (taker.remaining > 0) {
      const maker = book.head(opposite)
      if (maker === undefined) return
      if (taker.side === 0 ? maker.price > taker.price : maker.price < taker.price) return
      if (maker.account === taker.account) {
        taker.remaining = 0
        return
      }
      const lots = Math.min(taker.remaining, maker.remaining)
      this.fills++
      this.lots += lots
      this.events.push({ maker: maker.orderId, taker: taker.orderId, price: maker.price, lots })
      taker.remaining -= lots
      maker.remaining -= lots
      if (maker.remaining === 0) book.remove(maker.orderId)
    }
  }
}

/** One command of the chunk through the plain book. */
function applyNaive(venue: NaiveVenue, chunk: Chunk, slot: number): void {
  const { i32, f64 } = chunk.buffer
  const w = slot * 64
  const d = slot * 32
  const kind = i32[w + 4]
  if (kind === commandKind.PlaceOrder) {
    const orderId = chunk.orderIds[slot]!
    if (orderId === 0) return
    const size = f64[d + 5]!
    const order: NaiveOrder = {
      orderId,
      account: i32[w + 5]!,
      side: i32[w + 14] === 0 ? 0 : 1,
      price: f64[d + 4]!,
      size,
      remaining: size,
    }
    venue.place(i32[w + 6]!, order, i32[w + 15] === 4)
  } else if (kind === commandKind.CancelOrder) venue.cancel(f64[d + 11]!)
  else if (kind === commandKind.AmendOrder)
    venue.amend(i32[w + 6]!, f64[d + 11]!, f64[d + 4]!, f64[d + 5]!)
}

const engine = createEngine(engineLimits)
const stream = new BenchStream(createEngine(engineLimits), {
  seed: Number(args.seed),
  accounts,
  markets,
  depth,
})
const venue = new NaiveVenue(markets)
const first = new CommandBuffer(1)
for (const bytes of stream.prologue()) {
  first.load(0, bytes)
  engine.apply(first, 0)
  engine.events.clear()
}

const chunk: Chunk = {
  buffer: new CommandBuffer(CHUNK),
  count: CHUNK,
  orderIds: new Float64Array(CHUNK),
}

type Spent = { cpuMs: number; wallMs: number }

function spend(work: () => void): Spent {
  const wall = performance.now()
  const cpu = process.cpuUsage()
  work()
  const used = process.cpuUsage(cpu)
  return { cpuMs: (used.user + used.system) / 1_000, wallMs: performance.now() - wall }
}

/** The engine plays the chunk, events cleared after each group as the sequencer does. */
function playEngine(): void {
  const { events } = engine
  for (let slot = 0; slot < chunk.count; slot++) {
    engine.apply(chunk.buffer, slot)
    if (slot % GROUP === GROUP - 1) events.clear()
  }
}

function playNaive(): void {
  for (let slot = 0; slot < chunk.count; slot++) {
    applyNaive(venue, chunk, slot)
    if (venue.events.length > GROUP) venue.events = []
  }
}

/** Nanoseconds by command, 10 ns a bucket. */
class Histogram {
  readonly buckets = new Uint32Array(100_000)
  count = 0
  maxNs = 0

  add(ms: number): void {
    const ns = ms * 1e6
    this.count++
    this.maxNs = Math.max(this.maxNs, ns)
    this.buckets[Math.min(Math.round(ns / 10), this.buckets.length - 1)]! += 1
  }

  at(quantile: number): number {
    let left = Math.ceil(this.count * quantile)
    for (const [bucket, count] of this.buckets.entries()) {
      left -= count
      if (left <= 0) return bucket * 10
    }
    return Infinity
  }
}

const latency = new Histogram()
const naiveLatency = new Histogram()
const timer = new Histogram()

function sampleLatency(): void {
  for (let slot = 0; slot < chunk.count; slot++) {
    const start = performance.now()
    engine.apply(chunk.buffer, slot)
    latency.add(performance.now() - start)
    if (slot % GROUP === GROUP - 1) engine.events.clear()
  }
  for (let slot = 0; slot < chunk.count; slot++) {
    const start = performance.now()
    applyNaive(venue, chunk, slot)
    naiveLatency.add(performance.now() - start)
    if (venue.events.length > GROUP) venue.events = []
  }
  for (let i = 0; i < 10_000; i++) {
    const start = performance.now()
    timer.add(performance.now() - start)
  }
}

const WARM = Math.min(2, Math.floor(chunks / 4))
const total = { engine: { cpuMs: 0, wallMs: 0 }, naive: { cpuMs: 0, wallMs: 0 } }
const ratios: number[] = []
let timed = 0
for (let n = 0; n < chunks; n++) {
  stream.next(chunk)
  if (n >= WARM && n % 4 === 3) {
    sampleLatency()
    continue
  }
  const engineFirst = n % 2 === 0
  const early = spend(engineFirst ? playEngine : playNaive)
  const late = spend(engineFirst ? playNaive : playEngine)
  if (n < WARM) continue
  const [fast, plain] = engineFirst ? [early, late] : [late, early]
  total.engine.cpuMs += fast.cpuMs
  total.engine.wallMs += fast.wallMs
  total.naive.cpuMs += plain.cpuMs
  total.naive.wallMs += plain.wallMs
  ratios.push(plain.cpuMs / fast.cpuMs)
  timed += chunk.count
}

// The state hash as the sequencer asks for it: after each group.
const hashUs: number[] = []
stream.next(chunk)
for (let slot = 0; slot < chunk.count; slot++) {
  engine.apply(chunk.buffer, slot)
  if (slot % GROUP !== GROUP - 1) continue
  engine.events.clear()
  const start = performance.now()
  engine.stateHash()
  if (slot > GROUP) hashUs.push((performance.now() - start) * 1_000)
}
playNaive()
hashUs.sort((a, b) => a - b)
ratios.sort((a, b) => a - b)

const { trades, openOrders } = engine.totals()
if (venue.fills !== trades)
  throw new Error(`fills differ: engine ${trades}, plain book ${venue.fills}`)
for (const [market, book] of venue.books.entries())
  for (const side of [0, 1] as const) {
    const ours = [...engine.book(market, side)].map((o) => `${o.orderId} ${o.remainingLots}`)
    const theirs = [...book.orders(side)].map((o) => `${o.orderId} ${o.remaining}`)
    if (ours.join() !== theirs.join())
      throw new Error(`books differ: market ${market} side ${side}`)
  }

const figures = {
  commandsPerSecond: Math.round((timed / total.engine.cpuMs) * 1_000),
  referencePerSecond: Math.round((timed / total.naive.cpuMs) * 1_000),
  ratio: Number((total.naive.cpuMs / total.engine.cpuMs).toFixed(2)),
  medianChunkRatio: Number((ratios[ratios.length >> 1] ?? 0).toFixed(2)),
  wallPerSecond: Math.round((timed / total.engine.wallMs) * 1_000),
  p50Ns: latency.at(0.5),
  p99Ns: latency.at(0.99),
  p999Ns: latency.at(0.999),
  maxNs: Math.round(latency.maxNs),
  referenceP99Ns: naiveLatency.at(0.99),
  timerP50Ns: timer.at(0.5),
  stateHashPerGroupUs: Number((hashUs[Math.floor(hashUs.length / 2)] ?? 0).toFixed(1)),
  fills: trades,
  openOrders,
}
const environment = {
  node: process.version,
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  commands: timed,
  accounts,
  markets,
  depth,
  seed: Number(args.seed),
}
console.log(
  `engine   ${(figures.commandsPerSecond / 1e6).toFixed(2)} M commands per CPU second with all risk checks`,
)
console.log(
  `plain    ${(figures.referencePerSecond / 1e6).toFixed(2)} M commands per CPU second, objects and Map, no risk`,
)
console.log(`ratio    ${figures.ratio}`)
console.log(
  `latency  p50 ${figures.p50Ns} ns, p99 ${figures.p99Ns} ns, p99.9 ${figures.p999Ns} ns, max ${figures.maxNs} ns (timer ${figures.timerP50Ns} ns)`,
)
console.log(`hash     ${figures.stateHashPerGroupUs} us after each group of ${GROUP}`)
console.log(
  `stream   ${timed} timed commands, ${trades} fills, ${figures.openOrders} orders open, ${accounts} accounts, ${markets} markets; ${environment.cpu}, Node ${environment.node}`,
)
if (args.json) console.log(JSON.stringify({ name: 'engine', figures, environment }))
