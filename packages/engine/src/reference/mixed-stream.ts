//! A long mixed stream written straight into command slots: what the allocation test plays. Its own state is bounded.
import {
  type Command,
  type CommandBuffer,
  decodeEvents,
  type EngineEvent,
  encodeCommand,
  type Market,
  orderFlags,
  type TimeInForce,
} from '@plumb/model'
import type { Engine } from '../engine.ts'
import type { EngineLimits } from '../engine-limits.ts'
import { Dice } from './dice.ts'
import { GENESIS } from './stream-admin.ts'

const zeros = (length: number) => new Uint8Array(length)
const none = { signer: zeros(20), signature: zeros(64) }
const PRICE = 600_000
const LANES = 8
const OWNERS = 200
/** Commands of one second: after them come the publishers' prices and a tick. */
const COMMANDS_PER_SECOND = 500
const START_MS = 1_790_000_000_000

/** Limits of an engine that plays the stream. */
export const mixedLimits: Partial<EngineLimits> = {
  accounts: 512,
  openOrders: 16_384,
  positions: 4_096,
  lanePages: 64,
}

const markets: readonly Market[] = [0, 1, 2].map((market) => ({
  market,
  symbol: `M${market}-PERP`,
  tickE8: 10_000_000,
  lotE8: 100_000,
  quotePerTickLot: 100,
  imBps: 500,
  mmBps: 250,
  takerFee: 45,
  makerFee: 15,
  minOrderLots: 1,
  maxOrderLots: 1_000_000,
  maxPositionLots: 100_000_000,
  minNotionalQuote: 0,
  maxOpenInterestLots: 0,
  priceBandPpm: 50_000,
  markBandPpm: 30_000,
  fixedIndexTicks: 0,
}))

type Open = { orderId: number; accountId: number; market: number; side: 0 | 1; price: number }

export class MixedStream {
  readonly #shadow: Engine
  readonly #dice: Dice
  readonly #open = new Map<number, Open>()
  readonly #laneSeqs = new Uint32Array((2 * OWNERS + 1) * LANES)
  readonly #queue: Command[] = []
  #timeMs = START_MS
  #seq = 0
  #sinceTick = 0
  #deposits = 0
  #batches = 0

  /** `shadow`: an engine of the same limits that runs ahead, so that cancels and amends name real orders. */
  constructor(shadow: Engine, seed: number) {
    this.#shadow = shadow
    this.#dice = new Dice(seed)
    this.#queue.push(GENESIS)
    for (const market of markets) this.#queue.push({ kind: 'ListMarket', ...market })
    this.#queue.push(feeTiers)
    for (const { market } of markets) this.#queue.push(risk(market))
    for (let owner = 1; owner <= OWNERS; owner++)
      for (const subaccount of [0, 1]) this.#queue.push(this.#deposit(owner, subaccount))
    this.#second()
  }

  /** Writes the next `count` commands into the buffer's first slots. */
  fill(buffer: CommandBuffer, count: number): void {
    for (let slot = 0; slot < count; slot++) {
      if (this.#queue.length === 0 && ++this.#sinceTick > COMMANDS_PER_SECOND) this.#second()
      const command = this.#queue.shift() ?? this.#next()
      buffer.bytes.fill(0, slot * 256, slot * 256 + 256)
      buffer.load(slot, encodeCommand(command, ++this.#seq, this.#timeMs))
      this.#shadow.events.clear()
      this.#shadow.apply(buffer, slot)
      for (const event of decodeEvents(this.#shadow.events.bytes())) this.#observe(event)
    }
  }

  #observe(event: EngineEvent): void {
    if (event.kind === 'OrderPlaced' || event.kind === 'OrderAmended') {
      const { orderId, accountId, market, side, priceTicks } = event
      this.#open.set(orderId, { orderId, accountId, market, side, price: priceTicks })
    } else if (event.kind === 'OrderClosed') this.#open.delete(event.orderId)
  }

  #second(): void {
    this.#timeMs += 1_000
    this.#sinceTick = 0
    const prices = Array.from({ length: 32 }, () => PRICE + this.#dice.between(-60, 60))
    for (let publisher = 0; publisher < 3; publisher++)
      this.#queue.push({
        kind: 'ObservePrice',
        publisher,
        page: 0,
        count: 32,
        publishTimeMs: this.#timeMs,
        signature: none.signature,
        prices,
      })
    this.#queue.push({ kind: 'Tick' })
  }

  #next(): Command {
    const dice = this.#dice
    const roll = dice.between(1, 1_000)
    const accountId = dice.between(1, 2 * OWNERS)
    const { market } = dice.pick(markets)
    if (roll <= 4) return this.#deposit(dice.between(1, OWNERS), dice.between(0, 1))
    if (roll <= 10) return { kind: 'RequestWithdrawal', ...this.#amount(accountId) }
    if (roll <= 16)
      return { kind: 'Transfer', toSubaccount: dice.between(0, 1), ...this.#amount(accountId) }
    if (roll <= 20) return { kind: 'CancelAll', accountId, market: -1, side: -1 }
    if (roll <= 26) return { kind: 'SetLeverage', accountId, market, leverage: dice.between(0, 20) }
    if (roll <= 28) return { kind: 'SetAccountMode', accountId, isolatedMarket: -1 }
    if (roll <= 30) return this.#confirm()
    const open = this.#oldest()
    if (open !== undefined && roll <= 60) return this.#amend(open)
    if (open !== undefined && roll <= (this.#open.size > 3_000 ? 800 : 400))
      return {
        kind: 'CancelOrder',
        accountId: open.accountId,
        orderId: open.orderId,
        clientOrderId: '',
      }
    return this.#place(accountId, market)
  }

  #oldest(): Open | undefined {
    return this.#open.values().next().value
  }

  #deposit(owner: number, subaccount: number): Command {
    return {
      kind: 'CreditDeposit',
      owner: zeros(20).fill(owner),
      subaccount,
      amountQuote: 50_000_000_000,
      depositId: ++this.#deposits,
      blockNumber: 1,
      txHash: zeros(32),
    }
  }

  #confirm(): Command {
    const toSeq = this.#seq
    return {
      kind: 'ConfirmBatch',
      batchNo: ++this.#batches,
      toSeq,
      gasUsed: 1,
      blockNumber: 1,
      txHash: zeros(32),
    }
  }

  #lane(accountId: number): { lane: number; laneSeq: number; expiryS: number } {
    const lane = this.#dice.between(0, LANES - 1)
    const at = accountId * LANES + lane
    const laneSeq = (this.#laneSeqs[at] ?? 0) + 1
    this.#laneSeqs[at] = laneSeq
    const expiryS = Math.floor(this.#timeMs / 1_000) + 600 + this.#dice.between(5, 500)
    return { lane, laneSeq, expiryS }
  }

  #amount(accountId: number) {
    return {
      accountId,
      amountQuote: this.#dice.between(1, 2_000_000),
      ...this.#lane(accountId),
      ...none,
    }
  }

  #place(accountId: number, market: number): Command {
    const dice = this.#dice
    const side = dice.pick([0, 1] as const)
    const away = dice.chance(25) ? -dice.between(1, 80) : dice.between(1, 600)
    const tif = dice.chance(10) ? dice.pick<TimeInForce>([1, 2]) : 0
    return {
      kind: 'PlaceOrder',
      orderId: 0,
      accountId,
      market,
      side,
      flags: orderFlags({
        timeInForce: tif,
        postOnly: tif === 0 && dice.chance(10),
        reduceOnly: dice.chance(10),
      }),
      orderKind: 0,
      priceTicks: side === 0 ? PRICE - away : PRICE + away,
      sizeLots: dice.between(1, 200),
      triggerTicks: 0,
      maxFee: 200,
      ...this.#lane(accountId),
      selfTrade: dice.pick([0, 1, 2] as const),
      clientOrderId: dice.chance(20) ? `c${this.#seq}` : '',
      ...none,
    }
  }

  #amend(open: Open): Command {
    const order = this.#shadow.order(open.orderId)
    const lane = order?.lane ?? 0
    const laneSeq = (order?.laneSeq ?? 0) + 1
    this.#laneSeqs[open.accountId * LANES + lane] = laneSeq
    return {
      kind: 'AmendOrder',
      orderId: open.orderId,
      accountId: open.accountId,
      market: open.market,
      side: open.side,
      flags: 0,
      orderKind: 0,
      priceTicks: open.price + this.#dice.between(-3, 3),
      sizeLots: this.#dice.between(1, 200),
      triggerTicks: 0,
      maxFee: 200,
      lane,
      laneSeq,
      expiryS: Math.floor(this.#timeMs / 1_000) + 1_200,
      selfTrade: 0,
      clientOrderId: '',
      ...none,
    }
  }
}

const feeTiers: Command = {
  kind: 'SetFeeTiers',
  volumeQuote: [1e12, 5e12, 0, 0, 0, 0, 0],
  takerOff: [10, 20, 0, 0, 0, 0, 0],
  makerOff: [5, 10, 0, 0, 0, 0, 0],
}

/** Every special rule is on. */
const risk = (market: number): Command => ({
  kind: 'SetMarketRisk',
  market,
  boundUsdc: [10_000, 50_000, 0],
  imfPpm: [60_000, 100_000, 0],
  oiLowUsdc: 1_000,
  oiHighUsdc: 100_000_000,
  partialAboveQuote: 1e11,
  volatilitySeed: 1e12,
  openingGainPpm: 500_000,
  scopePpm: 400_000,
  volatility: 1,
  liquidation: 0,
  liquidationFeePpm: 15_000,
  cancelOnlyS: 0,
  postOnlyS: 0,
  rearmS: 0,
})
