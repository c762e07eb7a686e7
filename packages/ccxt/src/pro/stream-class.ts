//! ccxt's `watch*` over the sdk's stream, which reconnects, resumes and repairs gaps by itself.
import { Stream, type StreamOptions, type Topic } from '@plumb/sdk'
import type { Int, Num, Order, OrderSide, OrderType, Str, Strings } from 'ccxt'
import type { Ccxt, ClassOf, Raw } from '../ccxt-module.ts'
import { hasStreams } from '../describe.ts'
import type { PlumbTrading } from '../rest/trading-class.ts'
import { Feeds } from './feeds.ts'
import { RecentRows } from './recent-rows.ts'

/** One event of a channel. */
export type ChannelEvent = {
  type: string
  seq: number
  ts: number
  data: Raw
  market: string | null
  interval?: string | undefined
}
/** What a channel's events do. Answers whether they are news to who waits. */
export type Receiver = (event: ChannelEvent) => boolean

/** With a stream. */
export interface PlumbStream extends PlumbTrading {
  plumbLists: Map<string, RecentRows<Raw>>
  /** Subscribes what is not subscribed yet, then waits for the first news; answers whose. */
  plumbNext(topics: ReadonlyMap<string, Topic>, receive: Receiver): Promise<string>
  /** Ends subscriptions; who waits for them is told with an UnsubscribeError. */
  plumbLeave(keys: readonly string[]): Promise<Raw>
  /** Topics of markets, one each, by key. */
  plumbMarketTopics(channel: Topic['channel'], symbols: Strings): Map<string, Topic>
  /** The topic of a private channel, signed in for. */
  plumbPrivateTopic(channel: Topic['channel'], params: Raw): Promise<Map<string, Topic>>
  /** The rows of a channel by key: bounded, newest version each. */
  plumbRowsOf(key: string, keyOf: (row: Raw) => string): RecentRows<Raw>
  /**
   * Rows that came since the last call (`newUpdates`, ccxt's default), or all that are kept. Undefined when none of
   * the news are of interest: wait on.
   */
  plumbTake(
    rows: RecentRows<Raw>,
    keep: (row: Raw) => boolean,
    since: Int,
    limit: Int,
  ): Raw[] | undefined
}

/** The stream itself: subscriptions, waiting, order entry. `watch*` stands on it. */
export function streamClass(ccxt: Ccxt, Base: ClassOf<PlumbTrading>): ClassOf<PlumbStream> {
  return class PlumbWithStream extends Base {
    plumbLink: Stream | undefined = undefined
    plumbFeeds = new Feeds()
    plumbTopics: Map<string, Promise<() => Promise<void>>> = new Map()
    plumbLists: Map<string, RecentRows<Raw>> = new Map()

    override describe(): Raw {
      return this.deepExtend(super.describe(), { pro: true, has: hasStreams })
    }

    /** The connection, opened when first needed; `options.stream` are the sdk's stream options. */
    async plumbOpen(): Promise<Stream> {
      const { ws }: Raw = this.urls.api
      const url = ws ?? `${this.plumbUrl('public').replace(/^http/, 'ws')}/${this.version}/ws`
      const options: Partial<StreamOptions> = this.options['stream'] ?? {}
      this.plumbLink ??= new Stream({ url, ...options })
      await this.plumbResult(this.plumbLink.ready())
      return this.plumbLink
    }

    async plumbNext(topics: ReadonlyMap<string, Topic>, receive: Receiver): Promise<string> {
      const stream = await this.plumbOpen()
      const opened = [...topics].map(([key, topic]) => {
        const known = this.plumbTopics.get(key)
        if (known !== undefined) return known
        const closing = stream.subscribe(topic, (event) => {
          if (receive(event)) this.plumbFeeds.arrived(key)
        })
        this.plumbTopics.set(key, closing)
        closing.catch(() => this.plumbTopics.delete(key))
        return closing
      })
      await this.plumbResult(Promise.all(opened))
      return await this.plumbFeeds.next([...topics.keys()])
    }

    async plumbLeave(keys: readonly string[]): Promise<Raw> {
      for (const key of keys) {
        const closing = this.plumbTopics.get(key)
        this.plumbTopics.delete(key)
        this.plumbLists.delete(key)
        this.plumbFeeds.fail(new ccxt.UnsubscribeError(`${this.id} ${key}`), key)
        if (closing !== undefined) await this.plumbResult(closing.then(async (end) => await end()))
      }
      return { status: true }
    }

    plumbMarketTopics(channel: Topic['channel'], symbols: Strings): Map<string, Topic> {
      const wanted = this.marketSymbols(symbols) ?? this.symbols
      return new Map(
        wanted.map((symbol: string) => {
          const market = String(this.marketId(symbol))
          return [`${channel}:${market}`, { channel, market }]
        }),
      )
    }

    async plumbPrivateTopic(channel: Topic['channel'], params: Raw): Promise<Map<string, Topic>> {
      const stream = await this.plumbOpen()
      const trader = this.plumbTraderOf(params)
      const owner = await trader.owner()
      await this.plumbResult(stream.authenticate(owner.account, trader.session))
      return new Map([[`${channel}:${owner.subaccount}`, { channel, ...owner }]])
    }

    plumbRowsOf(key: string, keyOf: (row: Raw) => string): RecentRows<Raw> {
      const known = this.plumbLists.get(key)
      if (known !== undefined) return known
      const rows = new RecentRows(Number(this.options['rowsKept'] ?? 1_000), keyOf)
      this.plumbLists.set(key, rows)
      return rows
    }

    plumbTake(
      rows: RecentRows<Raw>,
      keep: (row: Raw) => boolean,
      since: Int,
      limit: Int,
    ): Raw[] | undefined {
      const fresh = rows.takeUnread(keep)
      if (fresh.length === 0) return undefined
      const found = this.newUpdates ? fresh : rows.all(keep)
      return this.filterBySinceLimit(found, since, limit, 'timestamp', true)
    }

    override async createOrderWs(
      symbol: string,
      type: OrderType,
      side: OrderSide,
      amount: number,
      price?: Num,
      params: Raw = {},
    ): Promise<Order> {
      await this.plumbTradeByStream(params)
      return await this.createOrder(symbol, type, side, amount, price, params)
    }

    override async editOrderWs(
      id: string,
      symbol: string,
      type: OrderType,
      side: OrderSide,
      amount?: Num,
      price?: Num,
      params: Raw = {},
    ): Promise<Order> {
      await this.plumbTradeByStream(params)
      return await this.editOrder(id, symbol, type, side, amount, price, params)
    }

    override async cancelOrderWs(id: string, symbol?: Str, params: Raw = {}): Promise<Order> {
      await this.plumbTradeByStream(params)
      return await this.cancelOrder(id, symbol, params)
    }

    override async cancelAllOrdersWs(symbol?: Str, params: Raw = {}): Promise<Order[]> {
      await this.plumbTradeByStream(params)
      return await this.cancelAllOrders(symbol, params)
    }

    /** From the first order over the stream on, all orders of the account go there: lanes are kept in one place. */
    async plumbTradeByStream(params: Raw): Promise<void> {
      const stream = await this.plumbOpen()
      await this.plumbResult(this.plumbTraderOf(params).use(stream))
    }

    override async close(): Promise<void> {
      this.plumbLink?.close()
      this.plumbLink = undefined
      this.plumbTopics.clear()
      this.plumbLists.clear()
      this.plumbFeeds.fail(new ccxt.ExchangeClosedByUser(`${this.id} closed by user`))
      this.plumbTraders.clear()
      await super.close()
    }
  }
}
