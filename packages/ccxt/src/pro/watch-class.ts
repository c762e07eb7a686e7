//! ccxt's `watch*` and `unWatch*`.

import type { Topic } from '@plumb/sdk'
import type {
  Balances,
  Dictionary,
  FundingRate,
  FundingRates,
  Int,
  Liquidation,
  OHLCV,
  Order,
  OrderBook,
  Position,
  Str,
  Strings,
  Ticker,
  Tickers,
  Trade,
} from 'ccxt'
import type { ClassOf, Raw } from '../ccxt-module.ts'
import type { ChannelEvent, PlumbStream } from './stream-class.ts'

export function watchClass(Base: ClassOf<PlumbStream>): ClassOf<PlumbStream> {
  return class PlumbWatch extends Base {
    /** The live book: it changes in place. `limit` cuts what is returned. */
    override async watchOrderBook(symbol: string, limit?: Int, _params = {}): Promise<OrderBook> {
      return await this.watchOrderBookForSymbols([symbol], limit)
    }

    override async watchOrderBookForSymbols(
      symbols: string[],
      limit?: Int,
      _params = {},
    ): Promise<OrderBook> {
      await this.loadMarkets()
      const topics = this.plumbMarketTopics('book', symbols)
      const key = await this.plumbNext(topics, (event) => this.plumbBook(event))
      const book: Raw = this.orderbooks[this.safeSymbol(topics.get(key)?.market) ?? '']
      if (limit === undefined) return book
      return { ...book, bids: book.bids.slice(0, limit), asks: book.asks.slice(0, limit) }
    }

    plumbBook({ type, seq, ts, market, data }: ChannelEvent): boolean {
      const symbol = this.safeSymbol(market ?? undefined) ?? ''
      const stamp = { symbol, nonce: seq, timestamp: ts, datetime: this.iso8601(ts) }
      if (type === 'snapshot') {
        const snapshot = { ...stamp, bids: levels(data.bids), asks: levels(data.asks) }
        this.orderbooks[symbol] = this.orderBook(snapshot)
        return true
      }
      const book: Raw = this.orderbooks[symbol]
      for (const level of levels(data.bids)) book.bids.storeArray(level)
      for (const level of levels(data.asks)) book.asks.storeArray(level)
      Object.assign(book, stamp)
      return true
    }

    override async watchTrades(
      symbol: string,
      since?: Int,
      limit?: Int,
      _params = {},
    ): Promise<Trade[]> {
      return await this.watchTradesForSymbols([symbol], since, limit)
    }

    override async watchTradesForSymbols(
      symbols: string[],
      since?: Int,
      limit?: Int,
      _params = {},
    ): Promise<Trade[]> {
      await this.loadMarkets()
      const topics = this.plumbMarketTopics('trades', symbols)
      for (;;) {
        const key = await this.plumbNext(topics, ({ market, data }) => {
          const rows = this.plumbRowsOf(`trades:${market}`, rowId)
          const known = data.filter((raw: Raw) => !rows.has(raw))
          for (const raw of known) rows.append(this.parseTrade(raw))
          return known.length > 0
        })
        const rows = this.plumbRowsOf(key, rowId)
        const found = this.plumbTake(rows, () => true, since, limit)
        if (found !== undefined) return found
      }
    }

    /** Candles that changed since the last call: the one that is open, as it grows. */
    override async watchOHLCV(
      symbol: string,
      timeframe = '1m',
      since?: Int,
      limit?: Int,
      _params = {},
    ): Promise<OHLCV[]> {
      const found = await this.watchOHLCVForSymbols([[symbol, timeframe]], since, limit)
      return found[this.symbol(symbol)]?.[timeframe] ?? []
    }

    override async watchOHLCVForSymbols(
      symbolsAndTimeframes: string[][],
      since?: Int,
      limit?: Int,
      _params = {},
    ): Promise<Dictionary<Dictionary<OHLCV[]>>> {
      await this.loadMarkets()
      const topics = this.plumbCandleTopics(symbolsAndTimeframes)
      for (;;) {
        const key = await this.plumbNext(topics, ({ market, interval, data }) => {
          this.plumbRowsOf(`candles:${market}:${interval}`, candleTime).append(
            this.parseOHLCV(data),
          )
          return true
        })
        const rows = this.plumbRowsOf(key, candleTime).takeUnread(() => true)
        const { market, interval = '' } = topics.get(key) ?? {}
        const candles = this.filterBySinceLimit(rows, since, limit, 0, true)
        if (candles.length > 0) return { [this.safeSymbol(market) ?? '']: { [interval]: candles } }
      }
    }

    plumbCandleTopics(symbolsAndTimeframes: string[][]): Map<string, Topic> {
      return new Map(
        symbolsAndTimeframes.map(([symbol = '', interval = '1m']) => {
          const market = String(this.marketId(symbol))
          const topic: Raw = { channel: 'candles', market, interval }
          return [`candles:${market}:${interval}`, topic]
        }),
      )
    }

    override async unWatchOHLCV(symbol: string, timeframe = '1m'): Promise<Raw> {
      return await this.plumbLeave([...this.plumbCandleTopics([[symbol, timeframe]]).keys()])
    }

    override async watchLiquidations(
      symbol: string,
      since?: Int,
      limit?: Int,
      _params = {},
    ): Promise<Liquidation[]> {
      await this.loadMarkets()
      const market = this.market(symbol)
      const topics = this.plumbMarketTopics('liquidations', [symbol])
      for (;;) {
        const key = await this.plumbNext(topics, ({ market: id, data }) => {
          const rows = this.plumbRowsOf(`liquidations:${id}`, (row) => row.info.id)
          for (const raw of data) rows.append(this.parseLiquidation(raw, market))
          return true
        })
        const rows = this.plumbRowsOf(key, (row) => row.info.id)
        const found = this.plumbTake(rows, () => true, since, limit)
        if (found !== undefined) return found
      }
    }

    override async watchTicker(symbol: string, _params = {}): Promise<Ticker> {
      const tickers = await this.plumbWatchTickers('ticker', [symbol])
      return this.plumbRequired('watchTicker', 'ticker', tickers[this.symbol(symbol)])
    }

    override async watchTickers(symbols?: Strings, _params = {}): Promise<Tickers> {
      return await this.plumbWatchTickers('ticker', symbols)
    }

    /** Best bid and ask at every change. */
    override async watchBidsAsks(symbols?: Strings, _params = {}): Promise<Tickers> {
      return await this.plumbWatchTickers('bbo', symbols)
    }

    async plumbWatchTickers(channel: 'ticker' | 'bbo', symbols: Strings): Promise<Tickers> {
      await this.loadMarkets()
      const topics = this.plumbMarketTopics(channel, symbols)
      const cache = channel === 'ticker' ? this.tickers : this.bidsasks
      const key = await this.plumbNext(topics, ({ data, market, ts }) => {
        const ticker = this.parseTicker({ ts, market, ...data })
        cache[ticker.symbol ?? ''] = ticker
        return true
      })
      const symbol = this.safeSymbol(topics.get(key)?.market) ?? ''
      const fresh = cache[symbol]
      return this.newUpdates && fresh !== undefined
        ? { [symbol]: fresh }
        : this.filterByArray(cache, 'symbol', this.marketSymbols(symbols))
    }

    override async watchFundingRate(symbol: string, params = {}): Promise<FundingRate> {
      const rates = await this.watchFundingRates([symbol], params)
      return this.plumbRequired('watchFundingRate', 'rate', rates[this.symbol(symbol)])
    }

    override async watchFundingRates(symbols?: Strings, _params = {}): Promise<FundingRates> {
      await this.loadMarkets()
      const topics = this.plumbMarketTopics('funding', symbols)
      const key = await this.plumbNext(topics, ({ data }) => {
        const rate = this.parseFundingRate(data)
        this.fundingRates[rate.symbol ?? ''] = rate
        return true
      })
      const symbol = this.safeSymbol(topics.get(key)?.market) ?? ''
      const rate = this.plumbRequired('watchFundingRates', 'rate', this.fundingRates[symbol])
      return { [symbol]: rate }
    }

    async watchStatus(_params = {}): Promise<Raw> {
      await this.plumbNext(new Map([['status', { channel: 'status' }]]), ({ data }) => {
        this.plumbStatus = data
        return true
      })
      const info = this.plumbStatus
      const status = info.state === 'maintenance' ? 'maintenance' : 'ok'
      return { status, updated: this.milliseconds(), eta: undefined, url: undefined, info }
    }

    plumbStatus: Raw = undefined

    /** Orders that changed since the last call. What is open at first is in `fetchOpenOrders`. */
    override async watchOrders(
      symbol?: Str,
      since?: Int,
      limit?: Int,
      params: Raw = {},
    ): Promise<Order[]> {
      const parse = (raw: Raw) => this.parseOrder(raw)
      return await this.plumbWatchRows('orders', parse, rowId, symbol, since, limit, params)
    }

    override async watchMyTrades(
      symbol?: Str,
      since?: Int,
      limit?: Int,
      params: Raw = {},
    ): Promise<Trade[]> {
      const parse = (raw: Raw) => this.parseTrade(raw)
      return await this.plumbWatchRows('fills', parse, rowId, symbol, since, limit, params)
    }

    async plumbWatchRows(
      channel: 'orders' | 'fills',
      parse: (raw: Raw) => Raw,
      keyOf: (row: Raw) => string,
      symbol: Str,
      since: Int,
      limit: Int,
      params: Raw,
    ): Promise<Raw[]> {
      await this.loadMarkets()
      const wanted = symbol === undefined ? undefined : this.symbol(symbol)
      const topics = await this.plumbPrivateTopic(channel, params)
      const [name = ''] = topics.keys()
      for (;;) {
        await this.plumbNext(topics, ({ type, data }) => {
          const first = type === 'snapshot' && !this.plumbLists.has(name)
          const rows = this.plumbRowsOf(name, keyOf)
          for (const raw of data)
            if (type !== 'snapshot' || channel === 'orders' || !rows.has(raw))
              rows.append(parse(raw), first)
          return !first
        })
        const keep = (row: Raw) => wanted === undefined || row.symbol === wanted
        const found = this.plumbTake(this.plumbRowsOf(name, keyOf), keep, since, limit)
        if (found !== undefined) return found
      }
    }

    /** Positions at first, then those that change; a closed one comes with `contracts` 0. */
    override async watchPositions(
      symbols?: Strings,
      since?: Int,
      limit?: Int,
      params: Raw = {},
    ): Promise<Position[]> {
      await this.loadMarkets()
      const wanted = this.marketSymbols(symbols)
      const topics = await this.plumbPrivateTopic('positions', params)
      const [name = ''] = topics.keys()
      for (;;) {
        await this.plumbNext(topics, ({ data }) => {
          const rows = this.plumbRowsOf(name, rowSymbol)
          for (const raw of data) rows.append(this.parsePosition(raw))
          return true
        })
        const keep = (row: Raw) => wanted === undefined || wanted.includes(row.symbol)
        const found = this.plumbTake(this.plumbRowsOf(name, rowSymbol), keep, since, limit)
        if (found !== undefined) return found
        if (wanted === undefined) return []
      }
    }

    override async watchPosition(symbol?: Str, params: Raw = {}): Promise<Position> {
      const [position] = await this.watchPositions(
        [this.plumbRequired('watchPosition', 'symbol', symbol)],
        undefined,
        undefined,
        params,
      )
      return this.plumbRequired('watchPosition', 'position', position)
    }

    override async watchBalance(params: Raw = {}): Promise<Balances> {
      await this.loadMarkets()
      const topics = await this.plumbPrivateTopic('balances', params)
      await this.plumbNext(topics, ({ data }) => {
        this.balance = this.parseBalance(data)
        return true
      })
      const balance: Raw = this.balance
      return balance
    }

    override async unWatchOrderBook(symbol: string): Promise<Raw> {
      return await this.unWatchOrderBookForSymbols([symbol])
    }

    override async unWatchOrderBookForSymbols(symbols: string[]): Promise<Raw> {
      for (const symbol of symbols) delete this.orderbooks[symbol]
      return await this.plumbLeave([...this.plumbMarketTopics('book', symbols).keys()])
    }

    override async unWatchTrades(symbol: string): Promise<Raw> {
      return await this.unWatchTradesForSymbols([symbol])
    }

    override async unWatchTradesForSymbols(symbols: string[]): Promise<Raw> {
      return await this.plumbLeave([...this.plumbMarketTopics('trades', symbols).keys()])
    }

    override async unWatchTicker(symbol: string): Promise<Raw> {
      return await this.unWatchTickers([symbol])
    }

    override async unWatchTickers(symbols?: Strings): Promise<Raw> {
      return await this.plumbLeave([...this.plumbMarketTopics('ticker', symbols).keys()])
    }

    override async unWatchBidsAsks(symbols?: Strings): Promise<Raw> {
      return await this.plumbLeave([...this.plumbMarketTopics('bbo', symbols).keys()])
    }

    override async unWatchFundingRates(symbols?: Strings): Promise<Raw> {
      return await this.plumbLeave([...this.plumbMarketTopics('funding', symbols).keys()])
    }

    override async unWatchOrders(_symbol?: Str, params: Raw = {}): Promise<Raw> {
      return await this.plumbLeavePrivate('orders', params)
    }

    override async unWatchMyTrades(_symbol?: Str, params: Raw = {}): Promise<Raw> {
      return await this.plumbLeavePrivate('fills', params)
    }

    override async unWatchPositions(_symbols?: Strings, params: Raw = {}): Promise<Raw> {
      return await this.plumbLeavePrivate('positions', params)
    }

    async plumbLeavePrivate(channel: 'orders' | 'fills' | 'positions', params: Raw): Promise<Raw> {
      const topics = await this.plumbPrivateTopic(channel, params)
      return await this.plumbLeave([...topics.keys()])
    }
  }
}

const rowId = (row: Raw): string => row.id
const candleTime = (row: Raw): string => String(row[0])
const rowSymbol = (row: Raw): string => row.symbol
const levels = (side: Raw[]) => side.map(([price, size]) => [Number(price), Number(size)])
