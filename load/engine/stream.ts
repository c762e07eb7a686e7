//! The engine bench's stream: 40 % new, 48 % cancels, 9 % crossing, 3 % amends, from a seed, as binary commands.
// oxlint-disable typescript/no-unnecessary-type-assertion -- tsc checks indexed access here, the linter's project does not
import type { Engine } from '@plumb/engine'
import {
  type Command,
  CommandBuffer,
  commandKind,
  encodeCommand,
  eventKind,
  type Market,
} from '@plumb/model'

export const MARKET_DEFAULTS: Market = {
  market: 0,
  symbol: 'BTC-PERP',
  tickE8: 10_000_000,
  lotE8: 100_000,
  quotePerTickLot: 100,
  imBps: 200,
  mmBps: 100,
  takerFee: 45,
  makerFee: 15,
  minOrderLots: 1,
  maxOrderLots: 1_000_000,
  maxPositionLots: 100_000_000,
  minNotionalQuote: 1_000_000,
  maxOpenInterestLots: 0,
  priceBandPpm: 50_000,
  markBandPpm: 30_000,
  fixedIndexTicks: 0,
}

export type StreamOptions = {
  seed: number
  accounts: number
  markets: number
  /** Resting orders a market that the stream keeps. */
  depth: number
  /** Lanes an account uses in turn, so its open orders at most. */
  lanes: number
  /** Whether each new order has a client order id, as those of real clients do. */
  clientIds?: boolean
}

const zeros = (length: number) => new Uint8Array(length)

const START_MS = 1_790_000_000_000
const PRICE = 600_000
/** Lots of a resting and of a crossing order, at most. */
const RESTING_SIZE = 100
const CROSSING_SIZE = 70
/** Commands of one simulated second: after them come three price messages and a tick. */
const COMMANDS_PER_SECOND = 20_000

/** What an order book without accounts needs to know besides: the id of a placed order, the market of a cancelled one. */
export type Chunk = {
  buffer: CommandBuffer
  count: number
  orderIds: Float64Array
  markets: Uint8Array
}

export const createChunk = (count: number): Chunk => ({
  buffer: new CommandBuffer(count),
  count,
  orderIds: new Float64Array(count),
  markets: new Uint8Array(count),
})

/** Commands written, by kind. `gone`: of the cancels those that come too late, as the depth is as wanted. */
export type Mix = { new: number; crossing: number; cancel: number; gone: number; amend: number }

/** Closed orders that a late cancel may name. */
const GONE = 1_024

/**
 * Writes commands chunk by chunk. Order ids are the engine's, so a shadow engine runs ahead, outside the timed part.
 */
export class BenchStream {
  readonly #shadow: Engine
  readonly #options: StreamOptions
  readonly #lanes: Uint32Array
  readonly #live: {
    id: number
    account: number
    market: number
    side: number
    price: number
    size: number
    lane: number
    laneSeq: number
  }[] = []
  readonly #place = new Map<number, number>()
  /** Lanes with a live order: a trader's client takes another one. */
  readonly #busy: Uint8Array
  readonly #gone: { id: number; account: number; market: number }[] = []
  #goneAt = 0
  readonly mix: Mix = { new: 0, crossing: 0, cancel: 0, gone: 0, amend: 0 }
  #word: number
  #seq = 0
  #sinceTick = 0
  #timeMs = START_MS
  #nextLane = 0
  #named = 0

  constructor(shadow: Engine, options: StreamOptions) {
    this.#shadow = shadow
    this.#options = options
    this.#word = options.seed
    this.#lanes = new Uint32Array((options.accounts + 1) * options.lanes)
    this.#busy = new Uint8Array(this.#lanes.length)
  }

  /** Genesis, markets, deposits, first prices. */
  prologue(): Uint8Array[] {
    const commands: Command[] = [
      {
        kind: 'Genesis',
        chainId: 1337,
        settlementLagS: 600,
        publisherCount: 3,
        publisherQuorum: 3,
        contract: zeros(20),
        publishers: zeros(100),
      },
    ]
    for (let market = 0; market < this.#options.markets; market++)
      commands.push({ kind: 'ListMarket', ...MARKET_DEFAULTS, market })
    for (let n = 1; n <= this.#options.accounts; n++) {
      const owner = zeros(20)
      new DataView(owner.buffer).setUint32(0, n)
      commands.push({
        kind: 'CreditDeposit',
        owner,
        subaccount: 0,
        amountQuote: 100_000_000_000,
        depositId: n,
        blockNumber: 1,
        txHash: zeros(32),
      })
    }
    commands.push(...this.#second())
    const stored = commands.map((command) => {
      const bytes = encodeCommand(command, ++this.#seq, this.#timeMs)
      return bytes
    })
    const buffer = new CommandBuffer(1)
    for (const bytes of stored) {
      buffer.load(0, bytes)
      this.#shadow.apply(buffer, 0)
      this.#shadow.events.clear()
    }
    return stored
  }

  /** Orders that rest now. */
  get resting(): number {
    return this.#live.length
  }

  /** Writes the next commands into the chunk. */
  next(chunk: Chunk): void {
    const { buffer } = chunk
    for (let slot = 0; slot < chunk.count; slot++) {
      if (this.#sinceTick >= COMMANDS_PER_SECOND && slot + 8 < chunk.count) {
        this.#timeMs += 1_000
        this.#sinceTick = 0
        for (const command of this.#second()) {
          buffer.load(slot, encodeCommand(command, ++this.#seq, this.#timeMs))
          this.#run(chunk, slot)
          slot++
        }
      }
      this.#sinceTick++
      buffer.bytes.fill(0, slot * 256, slot * 256 + 256)
      this.#write(chunk, slot)
      buffer.stamp(slot, ++this.#seq, this.#timeMs)
      this.#run(chunk, slot)
    }
  }

  #second(): Command[] {
    const pages = Math.ceil(this.#options.markets / 32)
    const commands: Command[] = []
    for (let page = 0; page < pages; page++)
      for (let publisher = 0; publisher < 3; publisher++)
        commands.push({
          kind: 'ObservePrice',
          publisher,
          page,
          count: 32,
          publishTimeMs: this.#timeMs,
          signature: new Uint8Array(64),
          prices: Array.from({ length: 32 }, () => PRICE + this.#below(3) - 1),
        })
    return [...commands, { kind: 'Tick' }]
  }

  #below(n: number): number {
    let x = this.#word
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#word = x
    return (x >>> 0) % n
  }

  #write({ buffer, markets }: Chunk, slot: number): void {
    const w = slot * 64
    const d = slot * 32
    const { i32, f64 } = buffer
    const live = this.#live
    const goal = this.#options.depth * this.#options.markets
    // Until the books are as deep as wanted: four of five are new.
    const filling = live.length < goal * 0.9
    const roll = filling ? (this.#below(5) === 0 ? 3 + this.#below(48) : 51) : this.#below(100)
    if (live.length > 100 && roll < 3) {
      const order = live[this.#below(live.length)]!
      this.mix.amend++
      i32[w + 4] = commandKind.AmendOrder
      f64[d + 11] = order.id
      this.#order(
        i32,
        f64,
        w,
        d,
        order.account,
        order.market,
        order.side,
        order.price,
        Math.max(1, order.size - 1),
        order.lane,
        order.laneSeq + 1,
      )
      return
    }
    if (live.length > 100 && roll < 51) {
      const late = !filling && live.length < goal && this.#gone.length > 0
      const order = late
        ? this.#gone[this.#below(this.#gone.length)]!
        : live[this.#below(live.length)]!
      this.mix.cancel++
      if (late) this.mix.gone++
      i32[w + 4] = commandKind.CancelOrder
      i32[w + 5] = order.account
      f64[d + 11] = order.id
      markets[slot] = order.market
      return
    }
    const account = 1 + this.#below(this.#options.accounts)
    const market = this.#below(this.#options.markets)
    const side = this.#below(2)
    const crossing = roll >= 91
    if (crossing) this.mix.crossing++
    else this.mix.new++
    const away = 1 + Math.min(this.#below(300), this.#below(300))
    const price =
      side === 0 ? (crossing ? PRICE + 40 : PRICE - away) : crossing ? PRICE - 40 : PRICE + away
    const lane = this.#freeLane(account)
    const laneSeq = ++this.#lanes[account * this.#options.lanes + lane]!
    i32[w + 4] = commandKind.PlaceOrder
    const size = 1 + this.#below(crossing ? CROSSING_SIZE : RESTING_SIZE)
    this.#order(i32, f64, w, d, account, market, side, price, size, lane, laneSeq)
    if (crossing) i32[w + 15] = 4
    if (this.#options.clientIds === true) this.#name(i32, w)
  }

  /** A client order id of eighteen characters: c, then a number that no order had before. */
  #name(i32: Int32Array, w: number): void {
    const text = `c${String(++this.#named).padStart(17, '0')}`
    for (let i = 0; i < text.length; i++)
      i32[w + 24 + (i >> 2)] = i32[w + 24 + (i >> 2)]! | (text.charCodeAt(i) << (8 * (i & 3)))
  }

  #freeLane(account: number): number {
    const { lanes } = this.#options
    const first = this.#nextLane++ % lanes
    for (let n = 0; n < lanes; n++) {
      const lane = (first + n) % lanes
      if (this.#busy[account * lanes + lane] === 0) return lane
    }
    return first
  }

  #order(
    i32: Int32Array,
    f64: Float64Array,
    w: number,
    d: number,
    account: number,
    market: number,
    side: number,
    price: number,
    size: number,
    lane: number,
    laneSeq: number,
  ): void {
    i32[w + 5] = account
    i32[w + 6] = market
    f64[d + 4] = price
    f64[d + 5] = size
    i32[w + 14] = side
    i32[w + 17] = 100
    i32[w + 18] = lane
    i32[w + 19] = laneSeq
    i32[w + 20] = START_MS / 1_000 + 1_000_000
  }

  /** Lets the shadow engine run the command and learns from it what is open now. */
  #run(chunk: Chunk, slot: number): void {
    const shadow = this.#shadow
    const events = shadow.events
    const input = chunk.buffer
    events.clear()
    shadow.apply(input, slot)
    chunk.orderIds[slot] = 0
    for (let e = 0; e < events.count; e++) {
      const kind = events.i32[e * 40 + 4]!
      const id = events.f64[e * 20 + 4]!
      if (kind === eventKind.OrderPlaced) {
        chunk.orderIds[slot] = id
        const w = slot * 64
        this.#place.set(id, this.#live.length)
        this.#busy[input.i32[w + 5]! * this.#options.lanes + input.i32[w + 18]!] = 1
        this.#live.push({
          id,
          account: input.i32[w + 5]!,
          market: input.i32[w + 6]!,
          side: input.i32[w + 14]!,
          price: input.f64[slot * 32 + 4]!,
          size: input.f64[slot * 32 + 5]!,
          lane: input.i32[w + 18]!,
          laneSeq: input.i32[w + 19]!,
        })
      } else if (kind === eventKind.OrderAmended) {
        const order = this.#live[this.#place.get(id)!]!
        order.size = events.f64[e * 20 + 6]!
        order.laneSeq++
        this.#lanes[order.account * this.#options.lanes + order.lane] = order.laneSeq
      } else if (kind === eventKind.OrderClosed) {
        const at = this.#place.get(id)!
        const { account, market, lane } = this.#live[at]!
        this.#busy[account * this.#options.lanes + lane] = 0
        this.#gone[this.#goneAt++ % GONE] = { id, account, market }
        const last = this.#live.pop()!
        this.#place.delete(id)
        if (last.id !== id) {
          this.#live[at] = last
          this.#place.set(last.id, at)
        }
      }
    }
  }
}
