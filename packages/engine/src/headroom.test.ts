// The bound that spares a walk over an account's markets (headroom.ts), held against the walk after every command: on a
// stream made for what rarely meets in others, few lots in few markets, so that accounts leave and enter markets all the
// time, with funding hours, leverage and risk parameters in between. The differential streams hold it against it as well.
import {
  type Command,
  CommandBuffer,
  decodeEvents,
  encodeCommand,
  type ListMarket,
  type PlaceOrder,
  type Side,
} from '@plumb/model'
import { expect, test } from 'vitest'
import { createEngine } from './engine.ts'
import { Dice } from './reference/dice.ts'
import { checkHeadroom } from './reference/invariants.ts'

const ACCOUNTS = 5
const MARKETS = 3
const LANES = 16
const PRICE = 1_000
const zeros = (length: number) => new Uint8Array(length)

const listing: ListMarket = {
  kind: 'ListMarket',
  market: 0,
  symbol: 'HEADROOM',
  tickE8: 10_000_000,
  lotE8: 100_000,
  quotePerTickLot: 100_000,
  imBps: 500,
  mmBps: 250,
  takerFee: 45,
  makerFee: -15,
  minOrderLots: 1,
  maxOrderLots: 1_000,
  maxPositionLots: 1_000,
  minNotionalQuote: 0,
  maxOpenInterestLots: 0,
  priceBandPpm: 0,
  markBandPpm: 100_000,
  fixedIndexTicks: 0,
}

class Stream {
  readonly engine = createEngine({ accounts: 8, markets: 8, openOrders: 512, positions: 64 })
  known = 0
  readonly #seed: number
  readonly #dice: Dice
  readonly #buffer = new CommandBuffer(1)
  readonly #laneSeqs = new Uint32Array((ACCOUNTS + 1) * LANES)
  readonly #live = new Map<number, number>()
  #timeMs = 1_790_000_000_000
  #ids = 0
  #step = 0

  /** In streams of even seeds most orders name a client id: then the general path opens markets, else the common one. */
  constructor(seed: number) {
    this.#seed = seed
    this.#dice = new Dice(seed)
    const owners = [1, 2, 3, 4, 5].map((n) => new Uint8Array(20).fill(n))
    this.send({
      kind: 'Genesis',
      chainId: 1,
      settlementLagS: 600,
      publisherCount: 1,
      publisherQuorum: 1,
      contract: zeros(20),
      publishers: zeros(100),
    })
    for (let market = 0; market < MARKETS; market++) this.send({ ...listing, market })
    for (const [i, owner] of owners.entries())
      this.send({
        kind: 'CreditDeposit',
        owner,
        subaccount: 0,
        amountQuote: 3_000_000_000,
        depositId: i + 1,
        blockNumber: 1,
        txHash: zeros(32),
      })
    this.#second()
  }

  step(): void {
    const dice = this.#dice
    const accountId = dice.between(1, ACCOUNTS)
    // Two accounts are mostly in one market, and one of them has orders but hardly ever a position.
    const market = accountId >= 4 && dice.chance(85) ? 0 : dice.between(0, MARKETS - 1)
    const roll = dice.between(1, 1_000)
    if (roll <= 620) this.#place(accountId, market)
    else if (roll <= 800) this.#cancel()
    else if (roll <= 910)
      this.send({ kind: 'CancelAll', accountId, market: dice.pick([market, -1]), side: -1 })
    else if (roll <= 965) {
      if (dice.chance(30)) this.#step = dice.pick([0, 0, 0, 1, -1, 30])
      this.#second()
    } else if (roll <= 968) this.#hour()
    else if (roll <= 980)
      this.send({ kind: 'SetLeverage', accountId, market, leverage: dice.pick([0, 0, 0, 2, 10]) })
    else if (roll <= 985) this.#setRisk(MARKETS - 1)
    else if (roll <= 990) this.#withdraw(accountId)
    else this.#leave(accountId)
  }

  /** Out of all markets but the first, as far as the books go. */
  #leave(accountId: number): void {
    this.send({ kind: 'CancelAll', accountId, market: -1, side: -1 })
    for (const { market, lots } of this.engine.account(accountId)?.positions ?? [])
      if (market !== 0 && lots !== 0) {
        const side = lots > 0 ? 1 : 0
        const priceTicks = PRICE + (side === 0 ? 50 : -50)
        this.order({ accountId, market, side, priceTicks, sizeLots: Math.abs(lots), flags: 4 })
      }
  }

  #place(accountId: number, market: number): void {
    const dice = this.#dice
    const side = dice.pick<Side>([0, 1])
    const away = accountId === 5 ? (side === 0 ? -40 : 40) : 0
    const priceTicks = PRICE + away + dice.between(-3, 3)
    const flags = dice.pick([0, 0, 2, 4, 4])
    this.order({ accountId, market, side, priceTicks, sizeLots: dice.between(1, 2), flags })
  }

  order(
    order: Pick<PlaceOrder, 'accountId' | 'market' | 'side' | 'priceTicks' | 'sizeLots' | 'flags'>,
  ) {
    const dice = this.#dice
    const lane = dice.between(0, LANES - 1)
    const { accountId } = order
    this.send({
      ...order,
      kind: 'PlaceOrder',
      orderId: 0,
      options: 0,
      orderKind: 0,
      triggerTicks: 0,
      maxFee: 100,
      lane,
      laneSeq: this.#nextSeq(accountId * LANES + lane),
      expiryS: Math.floor(this.#timeMs / 1_000) + 100_000,
      selfTrade: 0,
      clientOrderId: this.#seed % 2 === 0 && dice.chance(45) ? `c${this.#ids++}` : '',
      signer: zeros(20),
      signature: zeros(64),
    })
  }

  #cancel(): void {
    const live = [...this.#live]
    if (live.length === 0) return
    const [orderId, accountId] = this.#dice.pick(live)
    this.send({ kind: 'CancelOrder', accountId, orderId, clientOrderId: '' })
  }

  #nextSeq(at: number): number {
    const seq = (this.#laneSeqs[at] ?? 0) + 1
    this.#laneSeqs[at] = seq
    return seq
  }

  /** Prices, and a tick. */
  #second(afterMs = 1_000): void {
    this.#timeMs += afterMs
    const prices = Array.from({ length: 32 }, () => PRICE + this.#step)
    const publishTimeMs = this.#timeMs
    const signature = zeros(64)
    this.send({
      kind: 'ObservePrice',
      publisher: 0,
      page: 0,
      count: 32,
      publishTimeMs,
      prices,
      signature,
    })
    this.send({ kind: 'Tick' })
  }

  /** Long enough for the mean mark to come to rest, and for funding. */
  #hour(): void {
    for (let n = 0; n < 121; n++) this.#second(30_000)
  }

  #setRisk(market: number): void {
    const on = this.#dice.chance(20)
    this.send({
      kind: 'SetMarketRisk',
      market,
      boundUsdc: on ? [1, 2, 3] : [0, 0, 0],
      imfPpm: on ? [100_000, 200_000, 300_000] : [0, 0, 0],
      oiLowUsdc: 0,
      oiHighUsdc: 0,
      partialAboveQuote: 0,
      volatilitySeed: 0,
      openingGainPpm: 1_000_000,
      scopePpm: 0,
      volatility: 0,
      liquidation: 0,
      liquidationFeePpm: 0,
      cancelOnlyS: 0,
      postOnlyS: 0,
      rearmS: 0,
    })
  }

  #withdraw(accountId: number): void {
    const lane = this.#dice.between(0, LANES - 1)
    this.send({
      kind: 'RequestWithdrawal',
      accountId,
      amountQuote: this.#dice.between(1, 1_000_000),
      lane,
      laneSeq: this.#nextSeq(accountId * LANES + lane),
      expiryS: Math.floor(this.#timeMs / 1_000) + 100_000,
      signer: zeros(20),
      signature: zeros(64),
    })
  }

  send(command: Command): void {
    const { engine } = this
    this.#buffer.load(0, encodeCommand(command, engine.seq + 1, this.#timeMs))
    engine.events.clear()
    engine.apply(this.#buffer, 0)
    for (const event of decodeEvents(engine.events.bytes()))
      if (event.kind === 'OrderPlaced') this.#live.set(event.orderId, event.accountId)
      else if (event.kind === 'OrderClosed') this.#live.delete(event.orderId)
    checkHeadroom(engine)
    for (let id = 1; id <= engine.accounts; id++)
      if (engine.headroom(id) !== undefined) this.known++
  }
}

test.each([1, 2, 3, 4, 5, 6])('the bound is never above what the walk says (seed %i)', (seed) => {
  const stream = new Stream(seed)
  for (let n = 0; n < 5_000; n++) stream.step()
  // It is known often enough, or the test would say nothing.
  expect(stream.known).toBeGreaterThan(4_000)
})

test('what was kept is forgotten when an account is left with one market', () => {
  const stream = new Stream(1)
  const order = { market: 0, side: 0, priceTicks: 990, sizeLots: 1, flags: 0 } as const
  stream.order({ ...order, accountId: 2, market: 1, side: 1, priceTicks: PRICE })
  stream.order({ ...order, accountId: 1 })
  for (let n = 0; n < 5; n++) stream.order({ ...order, accountId: 1, market: 2 })
  expect(stream.engine.headroom(1)).toBeDefined()
  stream.send({ kind: 'CancelAll', accountId: 1, market: 2, side: -1 })
  stream.order({ ...order, accountId: 1, sizeLots: 20 })
  stream.order({ ...order, accountId: 1, market: 1, priceTicks: PRICE, flags: 4 })
  expect(stream.engine.account(1)?.positions).toHaveLength(1)
})
