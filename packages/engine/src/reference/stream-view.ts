//! What a command stream knows of the exchange it feeds: learnt from events, so that its commands are mostly sensible.
import { type EngineEvent, limits, noticeKind, type OrderKind, type Side } from '@plumb/model'
import type { Dice } from './dice.ts'
import type { StreamProfile } from './stream-profiles.ts'

type SeenOrder = {
  orderId: number
  accountId: number
  market: number
  side: Side
  price: number
  size: number
  lane: number
  laneSeq: number
  orderKind: OrderKind
  flags: number
  trigger: number
  waiting: boolean
  clientId: string
}
type SeenKey = {
  key: Uint8Array
  owner: number
  /** Undefined: all of them. */
  subaccount: number | undefined
  expiryS: number
  isRevoked: boolean
}
type SeenAccount = { accountId: number; owner: number; subaccount: number }

/** A minute before the full hour. */
const START_MS = 1_790_002_740_000
const KEYS_SEEN = 40
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

export class StreamView {
  timeMs: number = START_MS
  seq = 0
  readonly dice: Dice
  readonly profile: StreamProfile
  readonly open: Map<number, SeenOrder> = new Map()
  /** Lanes whose last order was filled at least in part: what a bracket can still be hung on. */
  readonly filled: Map<string, SeenOrder> = new Map()
  readonly accounts: SeenAccount[] = []
  /** By their address. */
  readonly keys: Map<string, SeenKey> = new Map()
  readonly marks: Map<number, number> = new Map()
  readonly indexes: Map<number, number> = new Map()
  /** The present one and the one before, once there was funding. */
  readonly fundingIndexes: Map<number, readonly number[]> = new Map()
  readonly states: Map<number, number> = new Map()
  readonly #laneSeqs = new Map<string, number>()
  deposits = 0
  throttled = false
  batches = 0
  notices = 0
  /** By account: no order below is taken any more. */
  readonly #leastSeqs = new Map<number, number>()

  constructor(dice: Dice, profile: StreamProfile) {
    this.dice = dice
    this.profile = profile
    for (const market of profile.markets) {
      this.marks.set(market.market, market.fixedIndexTicks || 60_000)
      this.indexes.set(market.market, market.fixedIndexTicks || 60_000)
    }
  }

  /** Learns from the events of the command just applied. */
  observe(events: readonly EngineEvent[]): void {
    for (const event of events) {
      if (event.kind === 'AccountOpened') {
        const { accountId, subaccount, owner } = event
        this.accounts.push({ accountId, subaccount, owner: owner[0] ?? 0 })
      } else if (event.kind === 'DepositCredited') this.deposits = event.depositId
      else if (event.kind === 'BatchConfirmed') this.batches = event.batchNo
      else if (event.kind === 'MarkUpdated') this.marks.set(event.market, event.markTicks)
      else if (event.kind === 'IndexUpdated') this.indexes.set(event.market, event.indexTicks)
      else if (event.kind === 'MarketStateChanged') this.states.set(event.market, event.state)
      else if (event.kind === 'ThrottleSet') this.throttled = event.level > 0
      else if (event.kind === 'KeyRegistered') {
        const { key, expiryS, owner, allSubaccounts } = event
        const subaccount = allSubaccounts === 1 ? undefined : event.subaccount
        const terms = { key, owner: owner[0] ?? 0, subaccount, expiryS, isRevoked: false }
        this.keys.set(String(key), terms)
        // Those that are over are forgotten, here as in the exchange.
        if (this.keys.size > KEYS_SEEN) this.keys.delete([...this.keys.keys()][0] ?? '')
      } else if (event.kind === 'KeyRevoked') {
        const key = this.keys.get(String(event.key))
        if (key !== undefined) key.isRevoked = true
      } else if (event.kind === 'OrderTriggered') this.#awake(event.orderId)
      else if (event.kind === 'OrderClosed') this.#closed(event.orderId, event.remainingLots)
      else if (event.kind === 'FundingApplied')
        this.fundingIndexes.set(event.market, [
          event.fundingIndex,
          event.fundingIndex - event.deltaIndex,
        ])
      else if (event.kind === 'ChainNoticed') this.#noticed(event)
      else if ('lane' in event && event.laneSeq !== 0)
        this.#laneSeqs.set(`${event.accountId}:${event.lane}`, event.laneSeq)
      if (event.kind === 'OrderPlaced' || event.kind === 'OrderAmended') this.#seen(event)
    }
  }

  #noticed({ noticeId, what, accountId, lane, laneSeq }: EngineEvent & { kind: 'ChainNoticed' }) {
    this.notices = noticeId
    if (what === noticeKind.allCancelled)
      this.#leastSeqs.set(accountId, Math.max(laneSeq, this.#leastSeqs.get(accountId) ?? 0))
    if (what !== noticeKind.laneCancelled) return
    const key = `${accountId}:${lane}`
    this.#laneSeqs.set(key, Math.max(laneSeq, this.#laneSeqs.get(key) ?? 0))
  }

  #awake(orderId: number): void {
    const order = this.open.get(orderId)
    if (order !== undefined) order.waiting = false
  }

  #closed(orderId: number, remaining: number): void {
    const order = this.open.get(orderId)
    if (order === undefined) return
    this.open.delete(orderId)
    const key = `${order.accountId}:${order.lane}`
    if (remaining < order.size) this.filled.set(key, order)
    else this.filled.delete(key)
  }

  #seen(event: EngineEvent & { kind: 'OrderPlaced' | 'OrderAmended' }): void {
    const { orderId, accountId, market, side, lane, laneSeq, flags } = event
    const before = this.open.get(orderId)
    const placed = event.kind === 'OrderPlaced'
    this.open.set(orderId, {
      orderId,
      accountId,
      market,
      side,
      lane,
      laneSeq,
      flags,
      price: event.priceTicks,
      size: event.sizeLots,
      orderKind: placed ? event.orderKind : (before?.orderKind ?? 0),
      trigger: event.triggerTicks ?? 0,
      waiting: placed ? event.waiting === 1 : (before?.waiting ?? false),
      clientId: placed ? event.clientOrderId : (before?.clientId ?? ''),
    })
  }

  /** Lets time pass before the next command. */
  advance(): void {
    const { dice } = this
    if (dice.chance(60)) this.timeMs += dice.between(0, 250)
    else if (dice.chance(3)) this.timeMs += dice.between(1_000, 8_000)
    else if (dice.chance(0.15)) this.timeMs += dice.between(20_000, 90_000)
    else if (dice.chance(0.1)) this.timeMs += Math.max(0, HOUR_MS - (this.timeMs % HOUR_MS) - 2_000)
    else if (dice.chance(0.02)) this.timeMs += dice.between(600_000, 8_000_000)
    else if (this.profile.risk === true && dice.chance(0.05))
      this.timeMs += dice.between(1, 40) * DAY_MS
  }

  /** Mostly an account that trades; `quiet` ones (subaccount 2) stay out, to back markets and to be isolated. */
  account(): number {
    const { dice, accounts } = this
    if (accounts.length === 0 || dice.chance(1)) return dice.pick([0, -1, accounts.length + 1])
    const loud = accounts.filter(({ subaccount }) => subaccount !== 2)
    return dice.pick(loud.length === 0 || dice.chance(3) ? accounts : loud).accountId
  }

  quietAccount(): number {
    const quiet = this.accounts.filter(({ subaccount }) => subaccount === 2)
    return quiet.length === 0 || this.dice.chance(10)
      ? this.account()
      : this.dice.pick(quiet).accountId
  }

  market(): number {
    return this.dice.chance(0.5)
      ? this.dice.pick([-1, 64, 63])
      : this.dice.pick(this.profile.markets).market
  }

  price(market: number): number {
    const { dice } = this
    const mark = this.marks.get(market) ?? 1
    const spread = dice.chance(4) ? mark * 0.2 : this.profile.spread
    const price = mark + dice.between(-Math.ceil(spread), Math.ceil(spread))
    return Math.min(Math.max(1, price), limits.priceTicksMax)
  }

  size(market: number): number {
    const { dice } = this
    const listed = this.profile.markets.find((m) => m.market === market)
    const unit = (this.marks.get(market) ?? 1) * (listed?.quotePerTickLot ?? 1)
    const fits = Math.max(3, Math.floor(limits.notionalQuoteMax / unit / 4))
    const most = Math.min(this.profile.sizeMax, fits)
    const { sweepLots = 0 } = this.profile
    if (sweepLots !== 0 && dice.chance(2)) return sweepLots
    return (listed?.minOrderLots ?? 1) - 1 + dice.between(1, dice.chance(4) ? most * 30 : most)
  }

  lane(): number {
    return this.dice.between(0, this.profile.lanes - 1)
  }

  laneSeq(accountId: number, lane: number): number {
    const { dice } = this
    const least = this.#leastSeqs.get(accountId) ?? 0
    const last = Math.max(this.#laneSeqs.get(`${accountId}:${lane}`) ?? 0, least - 1)
    return dice.chance(3) ? dice.pick([0, last, last + 5, limits.laneSeqMax]) : last + 1
  }

  expiry(): number {
    const { dice } = this
    const nowS = Math.floor(this.timeMs / 1_000)
    if (dice.chance(2)) return dice.pick([0, nowS, nowS + 599, nowS + 600, limits.laneSeqMax])
    return nowS + 600 + (dice.chance(30) ? dice.between(1, 30) : dice.between(30, 20_000))
  }

  amount(): number {
    return this.dice.between(1, this.profile.depositMax)
  }
}
