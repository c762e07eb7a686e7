//! A small exchange for tests: one market, an engine of its own, and the feed that it makes.
import { createEngine, type Engine } from '@plumb/engine'
import { type Command, CommandBuffer, encodeCommand, type Market, orderFlags } from '@plumb/model'
import type { FeedGroup } from '@plumb/runtime'

const zeros = (length: number) => new Uint8Array(length)
const startMs = 1_790_000_000_000

export const smallMarket: Market = {
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
  maxPositionLots: 10_000_000,
  minNotionalQuote: 0,
  maxOpenInterestLots: 0,
  priceBandPpm: 0,
  markBandPpm: 0,
  fixedIndexTicks: 0,
}

const risk: Command = {
  kind: 'SetMarketRisk',
  market: 0,
  boundUsdc: [0, 0, 0],
  imfPpm: [0, 0, 0],
  oiLowUsdc: 0,
  oiHighUsdc: 0,
  partialAboveQuote: 100_000_000_000,
  volatilitySeed: 100_000_000_000,
  openingGainPpm: 1_000_000,
  scopePpm: 0,
  volatility: 1,
  liquidation: 1,
  liquidationFeePpm: 15_000,
  cancelOnlyS: 0,
  postOnlyS: 0,
  rearmS: 0,
}

/** An engine with the exchange's capacity, which its hash counts. */
export const smallEngine = () => createEngine({ accounts: 8, markets: 4 })

/** Commands go in, feed groups of one command come out. Two accounts of 1,000 and 1,000,000 USDC. */
export class SmallExchange {
  readonly engine: Engine = smallEngine()
  readonly groups: FeedGroup[] = []
  timeMs = startMs
  readonly #slots = new CommandBuffer(1)
  readonly #laneSeqs = new Map<string, number>()

  constructor() {
    this.send({
      kind: 'Genesis',
      chainId: 1337,
      settlementLagS: 600,
      publisherCount: 1,
      publisherQuorum: 1,
      contract: zeros(20).fill(9),
      publishers: zeros(100).fill(1),
    })
    this.send({ kind: 'ListMarket', ...smallMarket })
    this.send(risk)
    for (const [i, usdc] of [1_000, 1_000_000].entries())
      this.send({
        kind: 'CreditDeposit',
        owner: zeros(20).fill(i + 1),
        subaccount: 0,
        amountQuote: usdc * 1_000_000,
        depositId: i + 1,
        blockNumber: 1,
        txHash: zeros(32),
      })
  }

  send(command: Command): void {
    const { engine } = this
    const seq = engine.seq + 1
    const bytes = encodeCommand(command, seq, this.timeMs)
    this.#slots.load(0, bytes)
    engine.events.clear()
    engine.apply(this.#slots, 0)
    const entry = { seq, command: bytes, events: engine.events.bytes().slice() }
    const chainHash = zeros(32).fill(seq % 256)
    const stateHash = engine.stateHash()
    this.groups.push({ firstSeq: seq, lastSeq: seq, chainHash, stateHash, entries: [entry] })
  }

  /** An hour, a minute or a second later: a price, then the tick. */
  pass(afterMs: number, indexTicks: number): void {
    this.timeMs += afterMs
    const head = { publisher: 0, page: 0, count: 1, publishTimeMs: this.timeMs }
    this.send({ kind: 'ObservePrice', ...head, signature: zeros(64), prices: [indexTicks] })
    this.send({ kind: 'Tick' })
  }

  order(accountId: number, side: 0 | 1, priceTicks: number, sizeLots: number): void {
    const key = `${accountId}`
    const laneSeq = (this.#laneSeqs.get(key) ?? 0) + 1
    this.#laneSeqs.set(key, laneSeq)
    this.send({
      kind: 'PlaceOrder',
      orderId: 0,
      accountId,
      market: 0,
      side,
      flags: orderFlags({ timeInForce: 0 }),
      orderKind: 0,
      priceTicks,
      sizeLots,
      triggerTicks: 0,
      maxFee: 50,
      lane: laneSeq,
      laneSeq: 1,
      expiryS: Math.floor(this.timeMs / 1000) + 86_400,
      selfTrade: 0,
      clientOrderId: '',
      signer: zeros(20).fill(accountId),
      signature: zeros(64),
    })
  }
}
