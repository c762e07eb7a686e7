//! Random commands that know enough of the exchange to be mostly sensible, from a seed.
import {
  type AmendOrder,
  type Command,
  type EngineEvent,
  type Genesis,
  type ListMarket,
  limits,
  type Market,
  orderFlags,
  type PlaceOrder,
  type SelfTradePrevention,
  type Side,
  type TimeInForce,
} from '@plumb/model'

/** A small generator of uniform integers (xorshift32): the same stream for the same seed everywhere. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) ^ 0x6d2b79f5 || 1
    for (let i = 0; i < 8; i++) this.word()
  }

  word(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x
    return x >>> 0
  }

  /** Integer in low … high. */
  between(low: number, high: number): number {
    const span = high - low + 1
    return low + Math.floor(((this.word() * 2_097_152 + (this.word() >>> 11)) / 2 ** 53) * span)
  }

  chance(percent: number): boolean {
    return this.between(1, 10_000) <= percent * 100
  }

  pick<T>(from: readonly T[]): T {
    const value = from[this.between(0, from.length - 1)]
    if (value === undefined) throw new RangeError('nothing to pick from')
    return value
  }
}

/** What kind of exchange a stream plays on. */
export type StreamProfile = {
  owners: number
  markets: readonly Market[]
  lanes: number
  depositMax: number
  /** Largest size of an ordinary order, lots. */
  sizeMax: number
  /** Ordinary prices are mark ± this, ticks. */
  spread: number
  /** One publisher's ordinary price step, ppm. */
  volatility: number
  /** Open orders the stream aims at. */
  depth: number
}

type OpenOrder = {
  orderId: number
  accountId: number
  market: number
  side: Side
  price: number
  size: number
  lane: number
  clientId: string
}

/** Out of the type's range on purpose: the engine must refuse it. */
const TWO = JSON.parse('2')

const zeros = (length: number) => new Uint8Array(length)
const HOUR_MS = 3_600_000
/** A minute before the full hour. */
const START_MS = 1_790_002_740_000

export class CommandStream {
  timeMs: number = START_MS
  readonly #dice: Dice
  readonly #profile: StreamProfile
  readonly #prologue: Command[]
  readonly #open = new Map<number, OpenOrder>()
  readonly #laneSeqs = new Map<string, number>()
  readonly #prices = new Map<number, number>()
  #accounts = 0
  #deposits = 0
  #batches = 0
  #seq = 0
  #ids = 0
  #lastPlaced: PlaceOrder | undefined

  constructor(seed: number, profile: StreamProfile) {
    this.#dice = new Dice(seed)
    this.#profile = profile
    for (const market of profile.markets)
      this.#prices.set(market.market, market.fixedIndexTicks || 60_000)
    const listings = profile.markets.map((m): ListMarket => ({ kind: 'ListMarket', ...m }))
    const tooEarly: Command[] = [{ kind: 'Tick' }, { ...GENESIS, publisherQuorum: 4 }]
    const early = this.#dice.chance(50) ? tooEarly : []
    this.#prologue = [...early, GENESIS, ...listings]
  }

  /** The next command; its time is `timeMs`. */
  next(): Command {
    this.#seq++
    const first = this.#prologue.shift()
    if (first !== undefined) return first
    this.#advance()
    const roll = this.#dice.between(1, 1_000)
    if (this.#accounts < 4 || roll <= 12) return this.#deposit()
    if (roll <= 90) return this.#observe()
    if (roll <= 140) return { kind: 'Tick' }
    if (roll <= 160) return this.#withdraw()
    if (roll <= 168) return this.#confirm()
    if (roll <= 175) return this.#administer()
    if (roll <= 180) return this.#cancelAll()
    if (this.#open.size > 0 && roll <= 270) return this.#amend()
    const target = this.#open.size > this.#profile.depth ? 620 : 470
    if (this.#open.size > 0 && roll <= target) return this.#cancel()
    return this.#place()
  }

  /** Learns from the events of the command just applied. */
  observe(events: readonly EngineEvent[]): void {
    for (const event of events) {
      if (event.kind === 'AccountOpened') this.#accounts = event.accountId
      else if (event.kind === 'DepositCredited') this.#deposits = event.depositId
      else if (event.kind === 'BatchConfirmed') this.#batches = event.batchNo
      else if (event.kind === 'OrderClosed') this.#open.delete(event.orderId)
      else if (event.kind === 'MarkUpdated') this.#prices.set(event.market, event.markTicks)
      else if (event.kind === 'OrderPlaced' || event.kind === 'OrderAmended') {
        const { orderId, accountId, market, side, lane } = event
        const clientId =
          event.kind === 'OrderPlaced'
            ? event.clientOrderId
            : (this.#open.get(orderId)?.clientId ?? '')
        const terms = { price: event.priceTicks, size: event.sizeLots, clientId }
        this.#open.set(orderId, { orderId, accountId, market, side, lane, ...terms })
        this.#laneSeqs.set(`${accountId}:${lane}`, event.laneSeq)
      } else if (event.kind === 'WithdrawalAccepted')
        this.#laneSeqs.set(`${event.accountId}:${event.lane}`, event.laneSeq)
    }
  }

  #advance(): void {
    const dice = this.#dice
    if (dice.chance(60)) this.timeMs += dice.between(0, 250)
    else if (dice.chance(4)) this.timeMs += dice.between(1_000, 8_000)
    else if (dice.chance(0.15)) this.timeMs += dice.between(20_000, 90_000)
    else if (dice.chance(0.1)) this.timeMs += Math.max(0, HOUR_MS - (this.timeMs % HOUR_MS) - 2_000)
    else if (dice.chance(0.02)) this.timeMs += dice.between(600_000, 8_000_000)
  }

  #deposit(): Command {
    const dice = this.#dice
    const odd = dice.chance(8)
    return {
      kind: 'CreditDeposit',
      owner: zeros(20).fill(dice.between(1, this.#profile.owners)),
      subaccount: odd && dice.chance(20) ? 256 : dice.between(0, 1),
      amountQuote: odd && dice.chance(30) ? dice.pick([0, -1, 0.5, 2 ** 52]) : this.#amount(),
      depositId: this.#deposits + (odd ? dice.between(-1, 2) : 1),
      blockNumber: dice.between(1, 1_000_000),
      txHash: zeros(32).fill(this.#seq & 0xff),
    }
  }

  #amount(): number {
    return this.#dice.between(1, this.#profile.depositMax)
  }

  #observe(): Command {
    const dice = this.#dice
    const odd = dice.chance(4)
    const prices = Array.from({ length: limits.pricesPerPage }, (_, market) => {
      const price = this.#prices.get(market)
      if (price === undefined || dice.chance(2)) return 0
      const step = dice.chance(2)
        ? Math.ceil(price / 10)
        : Math.ceil((price * this.#profile.volatility) / 1_000_000)
      return Math.min(Math.max(1, price + dice.between(-step, step)), limits.priceTicksMax)
    })
    return {
      kind: 'ObservePrice',
      publisher: odd ? dice.between(-1, 5) : dice.between(0, 2),
      page: odd ? dice.between(-1, 3) : 0,
      count: odd ? dice.between(0, 33) : 3,
      publishTimeMs:
        this.timeMs - dice.between(0, 50) + (odd ? dice.pick([0, 6_000, -11_000, 0.5]) : 0),
      signature: zeros(64),
      prices,
    }
  }

  #withdraw(): Command {
    const dice = this.#dice
    const accountId = this.#account()
    const lane = dice.between(0, this.#profile.lanes - 1)
    return {
      kind: 'RequestWithdrawal',
      accountId,
      amountQuote: dice.chance(5) ? dice.pick([0, -5, 1.5]) : this.#amount(),
      lane: dice.chance(3) ? 1_024 : lane,
      laneSeq: this.#laneSeq(accountId, lane),
      expiryS: this.#expiry(),
      signer: zeros(20),
      signature: zeros(64),
    }
  }

  #confirm(): Command {
    const dice = this.#dice
    return {
      kind: 'ConfirmBatch',
      batchNo: this.#batches + (dice.chance(10) ? dice.pick([0, 2, 0.5]) : 1),
      toSeq: dice.chance(10) ? this.#seq + dice.between(-1, 1) : this.#seq - dice.between(1, 500),
      gasUsed: dice.between(1, 1_000_000),
      blockNumber: dice.between(1, 1_000_000),
      txHash: zeros(32),
    }
  }

  #administer(): Command {
    const dice = this.#dice
    const roll = dice.between(1, 10)
    if (roll <= 6) {
      const state = dice.chance(85) ? 0 : dice.pick([-1, 0, 1, 2, 3, 4, 5, 6])
      return { kind: 'SetMarketState', market: this.#market(), state }
    }
    if (roll <= 8)
      return { kind: 'SetWithdrawals', paused: dice.chance(70) ? 0 : dice.pick([0, 1, 1, TWO]) }
    if (roll === 9) return GENESIS
    const listed = dice.pick(this.#profile.markets)
    return { kind: 'ListMarket', ...listed, ...dice.pick(BAD_TERMS) }
  }

  #cancelAll(): Command {
    const dice = this.#dice
    const side = dice.pick([-1, -1, 0, 1] as const)
    return {
      kind: 'CancelAll',
      accountId: this.#account(),
      market: dice.chance(50) ? -1 : this.#market(),
      side: dice.chance(3) ? TWO : side,
    }
  }

  #cancel(): Command {
    const dice = this.#dice
    const order = dice.pick([...this.#open.values()])
    const byClient = order.clientId !== '' && dice.chance(50)
    return {
      kind: 'CancelOrder',
      accountId: dice.chance(4) ? this.#account() : order.accountId,
      orderId: byClient ? 0 : dice.chance(3) ? dice.between(-1, 3_000_000) : order.orderId,
      clientOrderId: byClient ? order.clientId : dice.chance(2) ? 'unknown' : '',
    }
  }

  #place(): Command {
    const dice = this.#dice
    if (this.#lastPlaced !== undefined && dice.chance(2)) {
      const again = this.#lastPlaced
      return dice.chance(50) ? again : { ...again, sizeLots: again.sizeLots + 1 }
    }
    const accountId = this.#account()
    const lane = dice.between(0, this.#profile.lanes - 1)
    const order: PlaceOrder = {
      kind: 'PlaceOrder',
      accountId,
      market: this.#market(),
      side: dice.pick([0, 1]),
      flags: this.#flags(),
      orderKind: 0,
      priceTicks: 0,
      sizeLots: 0,
      triggerTicks: 0,
      maxFee: dice.chance(2) ? dice.between(-1, 260) : 200,
      lane,
      laneSeq: this.#laneSeq(accountId, lane),
      expiryS: this.#expiry(),
      selfTrade: dice.pick<SelfTradePrevention>([0, 1, 2]),
      clientOrderId: dice.chance(30) ? `c-${dice.chance(3) ? 1 : ++this.#ids}` : '',
      signer: zeros(20),
      signature: zeros(64),
      orderId: 0,
    }
    order.priceTicks = this.#price(order.market)
    order.sizeLots = this.#size(order.market)
    if (dice.chance(3)) spoil(order, dice)
    if (order.clientOrderId !== '') this.#lastPlaced = order
    return order
  }

  #amend(): Command {
    const dice = this.#dice
    const order = dice.pick([...this.#open.values()])
    const keeps = dice.chance(40)
    const amend: AmendOrder = {
      kind: 'AmendOrder',
      accountId: dice.chance(2) ? this.#account() : order.accountId,
      market: dice.chance(2) ? this.#market() : order.market,
      side: dice.chance(2) ? 0 : order.side,
      flags: dice.chance(85) ? 0 : this.#flags(),
      orderKind: 0,
      priceTicks: keeps ? order.price : this.#price(order.market),
      sizeLots: keeps ? dice.between(1, order.size) : this.#size(order.market),
      triggerTicks: 0,
      maxFee: 200,
      lane: dice.chance(2) ? dice.between(0, this.#profile.lanes - 1) : order.lane,
      laneSeq: this.#laneSeq(order.accountId, order.lane),
      expiryS: this.#expiry(),
      selfTrade: dice.pick<SelfTradePrevention>([0, 1, 2]),
      clientOrderId: '',
      signer: zeros(20),
      signature: zeros(64),
      orderId: dice.chance(2) ? dice.between(0, 3_000_000) : order.orderId,
    }
    if (dice.chance(3)) spoil(amend, dice)
    return amend
  }

  #account(): number {
    return this.#dice.chance(1)
      ? this.#dice.pick([0, -1, this.#accounts + 1])
      : this.#dice.between(1, this.#accounts)
  }

  #market(): number {
    return this.#dice.chance(0.5)
      ? this.#dice.pick([-1, 64, 63])
      : this.#dice.pick(this.#profile.markets).market
  }

  #flags(): number {
    const dice = this.#dice
    if (dice.chance(0.7)) return dice.between(-1, 40)
    const tif = dice.chance(72) ? 0 : dice.pick<TimeInForce>([1, 2])
    const postOnly = tif === 0 ? dice.chance(15) : dice.chance(1)
    return orderFlags({ timeInForce: tif, postOnly, reduceOnly: dice.chance(10) })
  }

  #price(market: number): number {
    const dice = this.#dice
    const mark = this.#prices.get(market) ?? 1
    const spread = dice.chance(4) ? mark * 0.2 : this.#profile.spread
    const price = mark + dice.between(-Math.ceil(spread), Math.ceil(spread))
    return Math.min(Math.max(1, price), limits.priceTicksMax)
  }

  #size(market: number): number {
    const dice = this.#dice
    const listed = this.#profile.markets.find((m) => m.market === market)
    const unit = (this.#prices.get(market) ?? 1) * (listed?.quotePerTickLot ?? 1)
    const fits = Math.max(3, Math.floor(limits.notionalQuoteMax / unit / 4))
    const most = Math.min(this.#profile.sizeMax, fits)
    return (listed?.minOrderLots ?? 1) - 1 + dice.between(1, dice.chance(4) ? most * 30 : most)
  }

  #laneSeq(accountId: number, lane: number): number {
    const last = this.#laneSeqs.get(`${accountId}:${lane}`) ?? 0
    return this.#dice.chance(3) ? this.#dice.pick([0, last, last + 5, limits.laneSeqMax]) : last + 1
  }

  #expiry(): number {
    const nowS = Math.floor(this.timeMs / 1_000)
    const dice = this.#dice
    if (dice.chance(2)) return dice.pick([0, nowS, nowS + 599, nowS + 600, limits.laneSeqMax])
    return nowS + 600 + (dice.chance(30) ? dice.between(1, 30) : dice.between(30, 20_000))
  }
}

/** Puts one field out of range. */
function spoil(order: PlaceOrder | AmendOrder, dice: Dice): void {
  const wrong: readonly [keyof PlaceOrder, readonly number[]][] = [
    ['priceTicks', [0, -1, 1.5, limits.priceTicksMax, limits.priceTicksMax + 1, Number.NaN]],
    ['sizeLots', [0, -1, 0.25, limits.sizeLotsMax, limits.sizeLotsMax + 1, Infinity]],
    ['triggerTicks', [1]],
    ['side', [2, -1]],
    ['orderKind', [1, 3]],
    ['selfTrade', [3, -1]],
    ['maxFee', [0, 1, 256, -1]],
    ['lane', [-1, 1_024, 1_023]],
    ['flags', [12, 16, 32, 6]],
  ]
  const [field, values] = dice.pick(wrong)
  Object.assign(order, { [field]: dice.pick(values) })
}

export const GENESIS: Genesis = {
  kind: 'Genesis',
  chainId: 1_337,
  settlementLagS: 600,
  publisherCount: 3,
  publisherQuorum: 2,
  contract: zeros(20),
  publishers: zeros(100),
}

const BAD_TERMS: readonly Partial<Market>[] = [
  {},
  { market: 70 },
  { market: -1 },
  { market: 40, tickE8: 0 },
  { market: 40, lotE8: 0.5 },
  { market: 40, quotePerTickLot: 2 ** 20 + 1 },
  { market: 40, minOrderLots: 0 },
  { market: 40, minOrderLots: 10, maxOrderLots: 9 },
  { market: 40, maxPositionLots: 2 ** 45 },
  { market: 40, minNotionalQuote: -1 },
  { market: 40, maxOpenInterestLots: -1 },
  { market: 40, fixedIndexTicks: 2 ** 32 },
  { market: 40, imBps: 10_001 },
  { market: 40, mmBps: 0 },
  { market: 40, takerFee: 256 },
  { market: 40, takerFee: 10, makerFee: 11 },
  { market: 40, takerFee: 10, makerFee: -11 },
  { market: 40, priceBandPpm: 1_000_000 },
  { market: 40, markBandPpm: 100_001 },
]
