//! Random batches for the differential test: mostly what an honest relayer would build, then damaged in every way.

import { orderKind } from '@plumb/model'
import type {
  Batch,
  FillRecord,
  FundingSegment,
  OrderRecord,
  PricesSegment,
  PriceVector,
  RiskSegment,
  Segment,
  WithdrawalRecord,
} from '../batch.ts'
import { compareOrders, isConditional } from '../batch.ts'
import { BatchBuilder } from '../batch-builder.ts'
import { SESSION_FLAG } from '../key-orders.ts'
import type { MatchedFill, SignedOrder } from '../open-fills.ts'
import type { Random } from './random.ts'
import { RandomExits } from './random-exits.ts'
import { RandomRisk } from './random-risk.ts'
import { type SettlementWorld, testMarkets } from './settlement-world.ts'
import { type TestWallet, testWallet } from './test-signer.ts'

export const traders: readonly TestWallet[] = [0, 1, 2, 3, 4, 5].map((i) =>
  testWallet(`trader ${i}`),
)
/** A session key of each of the first four traders; `RandomBatches` lets them sign in careless batches. */
export const sessionKeys: readonly TestWallet[] = [0, 1, 2, 3].map((i) =>
  testWallet(`session key ${i}`),
)
export const SUBACCOUNTS = 2
const LANES = [0, 1, 2, 3, 4, 5, 700, 1023]

const startTicks: Record<number, number> = { 0: 600_000, 1: 250_000, 2: 23_000, 33: 10_000 }

/** Draws batches; remembers where prices and lane sequence numbers stand. */
export class RandomBatches {
  readonly #world: SettlementWorld
  readonly #random: Random
  readonly #prices = new Map(Object.entries(startTicks).map(([id, ticks]) => [Number(id), ticks]))
  readonly #laneSeqs = new Map<string, number>()
  /** The builder's estimate of the last honest batch. */
  gasEstimate = 0
  readonly #risk: RandomRisk
  readonly exits: RandomExits
  #resting: SignedOrder[] = []
  #seq = 1
  /** The builder knows no session keys. */
  #mayUseKeys = false

  constructor(world: SettlementWorld, random: Random) {
    this.#world = world
    this.#random = random
    this.exits = new RandomExits(world, random, traders, SUBACCOUNTS)
    this.#risk = new RandomRisk(world, random, traders, SUBACCOUNTS, this)
  }

  header(segments: readonly Segment[]): Batch {
    const { totals } = this.#world.twin
    this.#seq += this.#random.below(50)
    return {
      batchNo: totals.batchNo + 1,
      toSeq: totals.toSeq + this.#random.below(100),
      hashSeq: totals.hashSeq,
      journalHash: new Uint8Array(32).fill(this.#random.between(1, 255)),
      stateHash: BigInt(this.#random.between(1, 2 ** 31)),
      segments,
    }
  }

  /** What the relayer's builder makes of random fills, withdrawals, prices and funding: must be accepted. */
  honest(operations = this.#random.between(1, 8)): Batch {
    this.#mayUseKeys = false
    const twin = this.#world.twin.clone()
    const builder = new BatchBuilder(twin, this.#world.timeS)
    builder.addPrices(this.prices())
    for (let i = operations; i > 0; i--) {
      const what = this.#random.below(10)
      if (what === 0) builder.addFunding(this.funding().updates)
      else if (what < 4 && i === 1) builder.addRisk(this.#odd())
      else if (what === 1) builder.addWithdrawal(this.withdrawal(), () => [this.prices()])
      else builder.addFills([this.fill()], () => [this.prices()])
    }
    builder.close()
    // A fill-or-kill order that another one's maker has left in part: no relayer ends a batch there.
    if (twin.state.openFoks !== 0) return this.honest(operations)
    const batch = builder.finish(this.header([]))
    this.gasEstimate = builder.gasEstimate
    return batch
  }

  /** Segments put together without asking whether they can settle. */
  careless(): Batch {
    this.#mayUseKeys = true
    const segments: Segment[] = []
    for (let i = this.#random.between(1, 3); i > 0; i--) segments.push(this.#segment())
    const batch = this.header(segments)
    return this.#random.chance(0.25) ? { ...batch, isBestEffort: true } : batch
  }

  #segment(): Segment {
    const what = this.#random.below(10)
    if (what > 6) return this.#odd()
    if (what === 0) return this.prices()
    if (what === 1) return this.funding()
    if (what === 2)
      return { kind: 'Withdrawals', withdrawals: [this.withdrawal(), this.withdrawal()] }
    return this.#fills()
  }

  #odd(): RiskSegment {
    return this.#random.chance(0.35) ? this.exits.segment() : this.#risk.segment()
  }

  #fills(): Segment {
    const matched = Array.from({ length: this.#random.between(1, 5) }, () => this.fill())
    const table = new Map<string, OrderRecord>()
    for (const { taker, maker, takerFee, makerFee } of matched)
      for (const order of [taker, maker]) table.set(keyOf(order), { ...order, takerFee, makerFee })
    const ownerOf = (order: OrderRecord) =>
      (order.flags & SESSION_FLAG) === 0
        ? order
        : { ...order, owner: this.#world.twin.state.sessionKey(order.owner)?.owner ?? order.owner }
    const orders = [...table.values()].toSorted((a, b) => compareOrders(ownerOf(a), ownerOf(b)))
    const place = (order: SignedOrder) => orders.findIndex((other) => keyOf(other) === keyOf(order))
    const fills: FillRecord[] = matched.map(({ taker, maker, sizeLots, priceTicks }) => ({
      taker: place(taker),
      maker: place(maker),
      sizeLots,
      priceTicks,
    }))
    return { kind: 'Fills', orders, fills }
  }

  /** A fill of a new taker with a new or a still resting maker. */
  fill(): MatchedFill {
    const random = this.#random
    const listed = random.pick(testMarkets)
    const takerSide = random.pick([0, 1] as const)
    const makers = this.#resting.filter(
      (order) => order.market === listed.market && order.side !== takerSide,
    )
    const maker =
      makers.length > 0 && random.chance(0.3)
        ? random.pick(makers)
        : this.order(listed.market, takerSide === 0 ? 1 : 0, 0)
    const better = random.chance(0.9) ? random.below(50) : -1
    const price = maker.priceTicks + (takerSide === 0 ? better : -better)
    const flags = random.chance(0.15) ? 1 : random.chance(0.05) ? random.below(16) : 0
    const taker = this.order(listed.market, takerSide, flags, Math.max(1, price))
    if (random.chance(0.3) && (maker.flags & SESSION_FLAG) === 0) this.#resting.push(maker)
    if (this.#resting.length > 20) this.#resting.shift()
    const most = Math.min(taker.sizeLots, maker.sizeLots)
    const sizeLots = random.chance(0.7) ? most : random.between(random.chance(0.05) ? 0 : 1, most)
    const makerFee = random.chance(0.2) ? -random.below(50) : random.below(40)
    const priceTicks = this.#fillPrice(taker, maker)
    return { taker, maker, sizeLots, priceTicks, takerFee: random.between(20, 50), makerFee }
  }

  // A repricing maker's fill lies somewhere between the limits, rarely one tick outside.
  #fillPrice(taker: SignedOrder, maker: SignedOrder): number {
    if (maker.kind !== orderKind.repricing) return maker.priceTicks
    const low = Math.min(taker.priceTicks, maker.priceTicks)
    const high = Math.max(taker.priceTicks, maker.priceTicks)
    return this.#random.chance(0.05) ? high + 1 : this.#random.between(low, high)
  }

  // A trigger that the mark has mostly reached.
  #trigger(kind: number, side: 0 | 1, mark: number): number {
    if (!isConditional(kind)) return 0
    const isRising = (kind === orderKind.stop) === (side === 0)
    const away = this.#random.chance(0.8) ? this.#random.below(300) : -this.#random.below(1_000)
    return Math.max(0, isRising ? mark - away : mark + away)
  }

  order(market: number, side: 0 | 1, flags: number, priceTicks?: number): SignedOrder {
    const random = this.#random
    const isKeyed = this.#mayUseKeys && random.chance(0.25)
    const wallet = random.pick(isKeyed ? sessionKeys : traders)
    const subaccount = isKeyed && random.chance(0.8) ? 0 : random.below(SUBACCOUNTS)
    const lane = random.pick(LANES)
    const mark = this.#prices.get(market) ?? 1
    const listed = testMarkets.find((other) => other.market === market)
    const most = listed?.maxOrderLots ?? 1
    const kind = random.chance(0.3) ? random.pick([1, 2, 3, random.below(6)]) : 0
    const scale = random.pick([1, 10, 1_000, 100_000, 1_000_000])
    const body = {
      market,
      subaccount,
      side,
      flags: isKeyed ? flags | SESSION_FLAG : flags,
      kind,
      triggerTicks: this.#trigger(kind, side, mark),
      priceTicks: priceTicks ?? Math.max(1, mark + random.between(-200, 200)),
      sizeLots: random.between(1, Math.ceil(most / scale)),
      maxFee: random.chance(0.97) ? 60 : 30,
      lane,
      laneSeq: this.nextLaneSeq(
        isKeyed ? (this.#world.twin.state.sessionKey(wallet.owner)?.owner ?? '') : wallet.owner,
        subaccount,
        lane,
      ),
      expiryS: this.#world.timeS + (random.chance(0.98) ? random.below(1_000) : -1),
    }
    return {
      ...body,
      owner: wallet.owner,
      signature: this.#world.signer.signOrder(wallet, { ...body, takerFee: 0, makerFee: 0 }),
    }
  }

  withdrawal(): WithdrawalRecord {
    const random = this.#random
    const wallet = random.pick(traders)
    const subaccount = random.below(SUBACCOUNTS)
    const { cash } = this.#world.twin.account(wallet.owner, subaccount)
    const lane = random.pick(LANES)
    const share = random.pick([1, 2, 10, 1_000])
    const body = {
      subaccount,
      amountQuote: cash > 0n ? Math.floor(Number(cash) / share) + random.below(2) : 5,
      lane,
      laneSeq: this.nextLaneSeq(wallet.owner, subaccount, lane),
      expiryS: this.#world.timeS + random.below(1_000),
    }
    const signature = this.#world.signer.signWithdrawal(wallet, body)
    return { ...body, owner: wallet.owner, signature }
  }

  /** Fresh vectors of three to five publishers for both pages, and marks near them. */
  prices(): PricesSegment {
    const random = this.#random
    // Mostly a per cent at most; now and then a crash or a squeeze that leaves accounts below water.
    const reach = random.chance(0.12) ? 4 : 100
    for (const [id, ticks] of this.#prices)
      if (id !== 2)
        this.#prices.set(id, Math.max(1_000, ticks + random.between(-ticks, ticks) / reach))
    for (const [id, ticks] of this.#prices) this.#prices.set(id, Math.round(ticks))
    const count = random.between(random.chance(0.1) ? 2 : 3, 5)
    const vectors = this.#world.publishers
      .slice(5 - count)
      .flatMap((wallet, i) => [0, 1].map((page) => this.#vector(wallet, 5 - count + i, page)))
    const band = random.chance(0.1) ? 40 : 10
    const marks = [0, 1, 33].map((market) => ({
      market,
      markTicks: Math.round(
        (this.#prices.get(market) ?? 1) * (1 + random.between(-band, band) / 1_000),
      ),
    }))
    return { kind: 'Prices', vectors, marks }
  }

  #vector(wallet: TestWallet, publisher: number, page: number): PriceVector {
    const quoteOf = (id: number): number =>
      this.#random.chance(0.03)
        ? 0
        : Math.round((this.#prices.get(id) ?? 0) * (1 + publisher / 1_000))
    const body = {
      publisher,
      page,
      publishTimeMs: this.#world.timeS * 1_000 - this.#random.below(900),
      prices: page === 0 ? [quoteOf(0), quoteOf(1)] : [0, quoteOf(33)],
    }
    const signature = this.#world.signer.signPrices(wallet, body)
    return { ...body, signer: wallet.owner, signature }
  }

  funding(): FundingSegment {
    const market = this.#random.pick([0, 1, 2, 33])
    const known = this.#world.twin.market(market)
    const reach = this.#random.pick([100, 1_000_000, 100_000_000, 100_000_000_000])
    const move = this.#random.between(-reach, reach)
    return {
      kind: 'Funding',
      updates: [{ market, fundingIndex: Number(known?.fundingIndex ?? 0n) + move }],
    }
  }

  nextLaneSeq(owner: string, subaccount: number, lane: number): number {
    const key = `${owner}/${subaccount}/${lane}`
    const seq = (this.#laneSeqs.get(key) ?? 0) + (this.#random.chance(0.97) ? 1 : 0)
    this.#laneSeqs.set(key, seq)
    return seq
  }
}

const keyOf = ({ owner, subaccount, lane, laneSeq }: SignedOrder): string =>
  `${owner}/${subaccount}/${lane}/${laneSeq}`
