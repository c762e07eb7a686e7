//! What is streamed: the changes of the view, gathered and published where somebody listens.
import {
  type CandleInterval,
  candleIntervals,
  type PrivateChannel,
  type PublicChannel,
} from '@plumb/protocol'
import type { Clock, Logger } from '@plumb/runtime'
import type { AccountView, FillView, NoticeView } from '../view/account-view.ts'
import type { BatchView } from '../view/batch-view.ts'
import { intervalMs } from '../view/candle-view.ts'
import type { ExchangeView } from '../view/exchange-view.ts'
import type { MarketView, TradeView } from '../view/market-view.ts'
import type { OrderView } from '../view/order-view.ts'
import type { PublicObjects } from '../view/public-objects.ts'
import type { SessionKeyView } from '../view/session-keys-view.ts'
import { agentObject, noticeObject } from '../view/setting-objects.ts'
import type { ViewSink } from '../view/view-sink.ts'
import { Broadcast } from './broadcast.ts'
import type { LedgerStream } from './ledger-stream.ts'
import type { StreamConnection } from './stream-connection.ts'
import { type Snapshot, type StreamTopic, Topic, type TopicName, topicKey } from './topic.ts'

const SNAPSHOT_ROWS = 50
const SNAPSHOT_BATCHES = 20
const BOOK_DEPTH_MAX = Number.MAX_SAFE_INTEGER
/** Tickers change with every trade and quote; this often is enough to look at. */
const TICKER_INTERVAL_MS = 250
const TOP_LEVELS = 20
/** Their seq is that of the book's last change. */
const bookChannels: ReadonlySet<string> = new Set(['book', 'book20', 'bbo'])

type PrivateChanges = {
  orders: unknown[]
  fills: unknown[]
  notices: unknown[]
  agents: unknown[]
  balance: boolean
  positions: Set<MarketView>
}

/** All topics. Public ones publish once for each durable group, private ones once for each command. */
export class Channels implements ViewSink {
  readonly #view: ExchangeView
  readonly #objects: PublicObjects
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #ledger: LedgerStream
  readonly #topics = new Map<string, Topic>()
  readonly #broadcast = new Broadcast()
  /** Accounts somebody listens to, by account id. */
  readonly #watched = new Map<number, number>()
  readonly #changes = new Map<AccountView, PrivateChanges>()
  readonly #trades = new Map<MarketView, TradeView[]>()
  readonly #prices = new Set<MarketView>()
  #batches: BatchView[] = []
  #status = false
  #tickersAtMs = 0
  readonly #tickers = new Set<MarketView>()
  /** What `book20` sent last, by market. */
  readonly #tops = new Map<MarketView, string>()

  constructor(
    view: ExchangeView,
    objects: PublicObjects,
    clock: Clock,
    logger: Logger,
    ledger: LedgerStream,
  ) {
    this.#view = view
    this.#objects = objects
    this.#clock = clock
    this.#logger = logger
    this.#ledger = ledger
  }

  /** Topics a subscription stands for: one, or one for each market. */
  publicTopics(
    channel: PublicChannel,
    market: MarketView | null,
    interval: CandleInterval,
  ): Topic[] {
    if (channel === 'status' || channel === 'batches') return [this.#publicTopic(channel, null)]
    const markets = market === null ? [...this.#view.markets.values()] : [market]
    return markets.map((one) =>
      channel === 'candles' ? this.#candleTopic(one, interval) : this.#publicTopic(channel, one),
    )
  }

  /** Throws HISTORY_UNAVAILABLE for `ledger` while there is none. */
  privateTopic(channel: PrivateChannel, account: AccountView): StreamTopic {
    if (channel === 'ledger') return this.#ledger.topic(account)
    const { address, subaccount } = account
    const name: TopicName = { channel, market: null, account: address, subaccount }
    const data = () => this.#privateSnapshot(channel, account)
    return this.#topic(name, () => this.#stamped(data()), true, account)
  }

  /** The connection is gone. */
  leave(connection: StreamConnection): void {
    const nowMs = this.#clock.nowMs()
    for (const topic of this.#topics.values()) topic.remove(connection, nowMs)
    this.#ledger.leave(connection)
  }

  /** Drops topics nobody listens to and nobody may come back to. */
  sweep(nowMs: number): void {
    for (const [key, topic] of this.#topics) {
      if (!topic.expired(nowMs)) continue
      this.#topics.delete(key)
      this.#unwatch(topic.name)
    }
  }

  get topicCount(): number {
    return this.#topics.size
  }

  orderChanged(order: OrderView): void {
    this.#changesOf(order.owner)?.orders.push(this.#objects.order(order))
  }

  filled(account: AccountView, fill: FillView): void {
    this.#changesOf(account)?.fills.push(this.#objects.fill(account, fill))
  }

  accountChanged(account: AccountView, market: MarketView | null): void {
    this.#ledger.moved(account)
    const changes = this.#changesOf(account)
    if (changes === undefined) return
    changes.balance = true
    if (market !== null) changes.positions.add(market)
  }

  noticed(account: AccountView, notice: NoticeView): void {
    this.#changesOf(account)?.notices.push(noticeObject(account, notice))
  }

  sessionKeyChanged(key: SessionKeyView, timeMs: number): void {
    for (const account of this.#view.subaccountsOf(key.owner))
      if (isOf(key, account))
        this.#changesOf(account)?.agents.push(agentObject(this.#view, key, timeMs))
  }

  traded(market: MarketView, trade: TradeView): void {
    this.#tickers.add(market)
    const trades = this.#trades.get(market)
    if (trades === undefined) this.#trades.set(market, [trade])
    else trades.push(trade)
  }

  pricesChanged(market: MarketView): void {
    this.#prices.add(market)
    this.#tickers.add(market)
  }

  batchSettled(batch: BatchView): void {
    this.#batches.push(batch)
  }

  statusChanged(): void {
    this.#status = true
  }

  commandApplied(seq: number, timeMs: number): void {
    if (this.#changes.size === 0) return
    for (const [account, changes] of this.#changes)
      this.#publishPrivate(account, changes, seq, timeMs)
    this.#changes.clear()
  }

  groupApplied(seq: number, timeMs: number): void {
    for (const market of this.#view.markets.values()) this.#publishBook(market, timeMs)
    for (const [market, trades] of this.#trades) this.#publishTrades(market, trades, seq, timeMs)
    this.#trades.clear()
    const nowMs = this.#clock.nowMs()
    for (const market of this.#prices)
      this.#publish('funding', market, seq, timeMs, () => this.#objects.funding(market, nowMs))
    this.#prices.clear()
    if (this.#batches.length > 0) {
      const batches = this.#batches.map((batch) => this.#objects.batch(batch))
      this.#publish('batches', null, seq, timeMs, () => batches)
      this.#batches = []
    }
    if (this.#status) this.#publish('status', null, seq, timeMs, () => this.#objects.status(nowMs))
    this.#status = false
    this.#publishTickers(seq, timeMs, nowMs)
  }

  #publishTrades(market: MarketView, trades: readonly TradeView[], seq: number, timeMs: number) {
    const at = trades.at(-1)?.seq ?? seq
    const shown = (of: readonly TradeView[]) => of.map((one) => this.#objects.trade(market, one))
    this.#find('trades', market)?.publish('update', at, timeMs, shown(trades))
    const liquidations = trades.filter(({ liquidation }) => liquidation)
    if (liquidations.length > 0)
      this.#find('liquidations', market)?.publish('update', at, timeMs, shown(liquidations))
    for (const interval of candleIntervals) {
      const topic = this.#topics.get(candleKey(market, interval))
      if (topic === undefined) continue
      const candle = this.#candle(market, interval)
      if (candle !== undefined) topic.publish('update', at, timeMs, candle)
    }
  }

  #candle(market: MarketView, interval: CandleInterval): unknown {
    const candles = interval === '1s' ? market.secondCandles : market.candles
    const timeMs = market.trades.at(-1)?.timeMs
    const candle = timeMs === undefined ? null : candles.current(intervalMs[interval], timeMs)
    return candle === null ? undefined : this.#objects.candle(market, candle)
  }

  #publishTickers(seq: number, timeMs: number, nowMs: number): void {
    if (nowMs - this.#tickersAtMs < TICKER_INTERVAL_MS) return
    this.#tickersAtMs = nowMs
    for (const market of this.#tickers)
      this.#publish('ticker', market, seq, timeMs, () => this.#objects.ticker(market, nowMs))
    this.#tickers.clear()
  }

  #publishBook(market: MarketView, timeMs: number): void {
    const { book } = market
    const changes = book.takeChanges()
    if (changes === null) return
    this.#tickers.add(market)
    const topic = this.#find('book', market)
    const top = this.#find('book20', market)
    const bbo = this.#find('bbo', market)
    if (topic === undefined && bbo === undefined && top === undefined) return
    if (book.crossed) {
      // Never shown: a crossed book would be a fault of the engine or of this view.
      this.#logger.error(
        { market: market.definition.symbol, seq: book.seq },
        'crossed book withheld',
      )
      return
    }
    const level = (l: readonly [number, number]) => this.#objects.level(market, l)
    const delta = { bids: changes.bids.map(level), asks: changes.asks.map(level) }
    if (topic !== undefined) {
      const checksum = this.#objects.checksum(market)
      topic.publish('delta', book.seq, timeMs, delta, { checksum })
    }
    bbo?.publish('update', book.seq, timeMs, this.#objects.bbo(market))
    if (top !== undefined) this.#publishTop(top, market, timeMs)
  }

  /** The best levels whole, when one of them changed. */
  #publishTop(topic: Topic, market: MarketView, timeMs: number): void {
    const { bids, asks } = this.#objects.book(market, TOP_LEVELS)
    const text = JSON.stringify([bids, asks])
    if (this.#tops.get(market) === text) return
    this.#tops.set(market, text)
    topic.publish('update', market.book.seq, timeMs, { bids, asks })
  }

  #publish(
    channel: PublicChannel,
    market: MarketView | null,
    seq: number,
    timeMs: number,
    data: () => unknown,
  ): void {
    this.#find(channel, market)?.publish('update', seq, timeMs, data())
  }

  #publishPrivate(account: AccountView, changes: PrivateChanges, seq: number, timeMs: number) {
    const { orders, fills, notices, agents, balance, positions } = changes
    const send = (channel: PrivateChannel, data: unknown[]) => {
      const { address, subaccount } = account
      const key = topicKey({ channel, market: null, account: address, subaccount })
      if (data.length > 0) this.#topics.get(key)?.publish('update', seq, timeMs, data)
    }
    send('orders', orders)
    send('fills', fills)
    send('notices', notices)
    send('agents', agents)
    if (balance) {
      send('balances', [this.#objects.balance(account)])
      const { address, subaccount } = account
      const key = topicKey({ channel: 'account', market: null, account: address, subaccount })
      this.#topics.get(key)?.publish('update', seq, timeMs, this.#objects.account(account))
    }
    const moved = [...positions].map((market) =>
      this.#objects.position(account, account.position(market)),
    )
    send('positions', moved)
  }

  #changesOf(account: AccountView): PrivateChanges | undefined {
    if (!this.#watched.has(account.accountId)) return undefined
    const known = this.#changes.get(account)
    if (known !== undefined) return known
    const changes: PrivateChanges = {
      orders: [],
      fills: [],
      notices: [],
      agents: [],
      balance: false,
      positions: new Set(),
    }
    this.#changes.set(account, changes)
    return changes
  }

  #find(channel: PublicChannel, market: MarketView | null): Topic | undefined {
    return this.#topics.get(topicKey({ channel, market: market?.definition.symbol ?? null }))
  }

  #publicTopic(channel: PublicChannel, market: MarketView | null): Topic {
    const name: TopicName = { channel, market: market?.definition.symbol ?? null }
    const data = () => this.#publicSnapshot(channel, market)
    const more = () =>
      channel === 'book' && market !== null ? { checksum: this.#objects.checksum(market) } : {}
    return this.#topic(name, () => this.#stamped(data(), more()), false, null)
  }

  #candleTopic(market: MarketView, interval: CandleInterval): Topic {
    const name: TopicName = { channel: 'candles', market: market.definition.symbol, interval }
    return this.#topic(name, () => this.#stamped(this.#candle(market, interval)), false, null)
  }

  #topic(
    name: TopicName,
    snapshot: () => Snapshot | undefined,
    resumable: boolean,
    account: AccountView | null,
  ): Topic {
    const key = topicKey(name)
    const known = this.#topics.get(key)
    if (known !== undefined) return known
    const market = name.market === null ? undefined : this.#view.marketsBySymbol.get(name.market)
    const isBook = bookChannels.has(name.channel)
    const lastSeq = isBook && market !== undefined ? market.book.seq : this.#view.appliedSeq
    const topic = new Topic(name, lastSeq, snapshot, resumable, this.#broadcast)
    this.#topics.set(key, topic)
    if (account !== null)
      this.#watched.set(account.accountId, (this.#watched.get(account.accountId) ?? 0) + 1)
    return topic
  }

  #unwatch({ account, subaccount }: TopicName): void {
    if (account === undefined || subaccount === undefined) return
    const id = this.#view.account(account, subaccount)?.accountId
    if (id === undefined) return
    const left = (this.#watched.get(id) ?? 1) - 1
    if (left === 0) this.#watched.delete(id)
    else this.#watched.set(id, left)
  }

  #stamped(data: unknown, more: { checksum?: number } = {}): Snapshot | undefined {
    return data === undefined ? undefined : { ts: this.#view.appliedTimeMs, ...more, data }
  }

  #publicSnapshot(channel: PublicChannel, market: MarketView | null): unknown {
    const nowMs = this.#clock.nowMs()
    const objects = this.#objects
    if (channel === 'status') return objects.status(nowMs)
    if (channel === 'batches')
      return notEmpty(
        this.#view.batches
          .list()
          .slice(-SNAPSHOT_BATCHES)
          .map((b) => objects.batch(b)),
      )
    if (market === null) return undefined
    if (channel === 'book') {
      const { bids, asks } = objects.book(market, BOOK_DEPTH_MAX)
      return { bids, asks }
    }
    if (channel === 'book20') {
      const { bids, asks } = objects.book(market, TOP_LEVELS)
      return { bids, asks }
    }
    if (channel === 'bbo') return objects.bbo(market)
    if (channel === 'ticker') return objects.ticker(market, nowMs)
    if (channel === 'funding') return objects.funding(market, nowMs)
    const trades = channel === 'liquidations' ? market.liquidations : market.trades
    return notEmpty(trades.slice(-SNAPSHOT_ROWS).map((t) => objects.trade(market, t)))
  }

  #privateSnapshot(channel: PrivateChannel, account: AccountView): unknown {
    const objects = this.#objects
    if (channel === 'orders') return [...account.openOrders.values()].map((o) => objects.order(o))
    if (channel === 'fills')
      return account.fills.slice(-SNAPSHOT_ROWS).map((fill) => objects.fill(account, fill))
    if (channel === 'balances') return [objects.balance(account)]
    if (channel === 'account') return objects.account(account)
    if (channel === 'notices')
      return account.notices.slice(-SNAPSHOT_ROWS).map((notice) => noticeObject(account, notice))
    if (channel === 'agents') {
      const nowMs = this.#clock.nowMs()
      const keys = this.#view.sessionKeys.ownedBy(account.address)
      return keys
        .filter((key) => isOf(key, account))
        .map((key) => agentObject(this.#view, key, nowMs))
    }
    return objects.positions(account)
  }
}

function isOf({ subaccount }: SessionKeyView, account: AccountView): boolean {
  return subaccount === null || subaccount === account.subaccount
}

function candleKey(market: MarketView, interval: CandleInterval): string {
  return topicKey({ channel: 'candles', market: market.definition.symbol, interval })
}

/** Some clients break on an empty list: a public list without rows is not sent. */
function notEmpty<T>(rows: T[]): T[] | undefined {
  return rows.length === 0 ? undefined : rows
}
