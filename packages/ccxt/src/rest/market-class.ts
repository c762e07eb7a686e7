//! Public reads of the unified API.
import type {
  Currencies,
  FundingRate,
  FundingRateHistory,
  FundingRates,
  Int,
  LastPrices,
  LeverageTier,
  LeverageTiers,
  Market,
  OHLCV,
  OpenInterest,
  OpenInterests,
  OrderBook,
  Str,
  Strings,
  Ticker,
  Tickers,
  Trade,
} from 'ccxt'
import type { ClassOf, Raw } from '../ccxt-module.ts'
import type { PlumbTransport } from './transport-class.ts'

/** With public reads. */
export interface PlumbMarkets extends PlumbTransport {
  /**
   * Rows of a list over as many pages as it takes: from `since` on, or the newest; ascending. Without a limit 100.
   * `keep` picks rows before they are counted.
   */
  plumbRows(
    ask: (page: Raw) => Promise<Rows>,
    since: Int,
    limit: Int,
    params: object,
    keep?: (raw: Raw) => boolean,
  ): Promise<Raw[]>
  /** Without the entries that are undefined. */
  plumbDefined(values: Raw): Raw
  /** @throws ArgumentsRequired */
  plumbRequired<T>(method: string, name: string, value: T | undefined): T
}

const PAGE_ROWS = 1_000
const PAGES_MAX = 100
type Rows = { items: Raw[]; nextCursor: string | null }

export function marketClass(Base: ClassOf<PlumbTransport>): ClassOf<PlumbMarkets> {
  return class WithMarkets extends Base {
    override async fetchTime(params = {}): Promise<Int> {
      const { ts } = await this['publicGetTime'](params)
      return ts
    }

    override async fetchStatus(params = {}): Promise<Raw> {
      const info = await this['publicGetStatus'](params)
      const updated = info.ts ?? this.milliseconds()
      const status = info.state === 'maintenance' ? 'maintenance' : 'ok'
      return { status, updated, eta: info.until ?? undefined, url: undefined, info }
    }

    override async fetchCurrencies(params = {}): Promise<Currencies> {
      const { items } = await this['publicGetCurrencies'](params)
      return this.parseCurrencies(items)
    }

    override async fetchMarkets(params = {}): Promise<Market[]> {
      const { items } = await this['publicGetMarkets'](params)
      return this.parseMarkets(items)
    }

    override async fetchTicker(symbol: string, params = {}): Promise<Ticker> {
      await this.loadMarkets()
      const market = this.market(symbol)
      const raw = await this['publicGetTickersMarket']({ market: market.id, ...params })
      return this.parseTicker(raw, market)
    }

    override async fetchTickers(symbols?: Strings, params = {}): Promise<Tickers> {
      return this.parseTickers(await this.plumbTickers(symbols, params), symbols)
    }

    override async fetchBidsAsks(symbols?: Strings, params = {}): Promise<Tickers> {
      return await this.fetchTickers(symbols, params)
    }

    override async fetchMarkPrice(symbol: string, params = {}): Promise<Ticker> {
      return await this.fetchTicker(symbol, params)
    }

    override async fetchMarkPrices(symbols?: Strings, params = {}): Promise<Tickers> {
      return await this.fetchTickers(symbols, params)
    }

    override async fetchLastPrices(symbols?: Strings, params = {}): Promise<LastPrices> {
      const items = await this.plumbTickers(symbols, params)
      const rows = items.map((raw) => ({
        symbol: this.safeSymbol(raw.market),
        timestamp: raw.ts,
        datetime: this.iso8601(raw.ts),
        price: this.safeNumber(raw, 'last'),
        side: undefined,
        info: raw,
      }))
      return this.indexBy(rows, 'symbol')
    }

    override async fetchOrderBook(symbol: string, limit?: Int, params = {}): Promise<OrderBook> {
      await this.loadMarkets()
      const { id } = this.market(symbol)
      const depth = limit === undefined ? {} : { depth: limit }
      const raw = await this['publicGetMarketsMarketBook']({ market: id, ...depth, ...params })
      return { ...this.parseOrderBook(raw, symbol, raw.ts), nonce: raw.seq }
    }

    /** Every resting order in priority order: `[price, amount, id]`. */
    override async fetchL3OrderBook(symbol: string, limit?: Int, params = {}): Promise<OrderBook> {
      await this.loadMarkets()
      const { id } = this.market(symbol)
      const depth = limit === undefined ? {} : { depth: limit }
      const request = { market: id, level: '3', ...depth, ...params }
      const raw = await this['publicGetMarketsMarketBook'](request)
      const order = (row: Raw) => [this.safeNumber(row, 0), this.safeNumber(row, 1), row[2]]
      const { ts, seq } = raw
      const book: Raw = {
        symbol,
        timestamp: ts,
        datetime: this.iso8601(ts),
        nonce: seq,
        // ccxt's type knows pairs only; its level 3 has triples.
        bids: raw.bids.map(order),
        asks: raw.asks.map(order),
      }
      return book
    }

    override async fetchTrades(
      symbol: string,
      since?: Int,
      limit?: Int,
      params = {},
    ): Promise<Trade[]> {
      await this.loadMarkets()
      const market = this.market(symbol)
      const ask = (page: Raw) =>
        this['publicGetMarketsMarketTrades']({ market: market.id, ...page })
      return this.parseTrades(await this.plumbRows(ask, since, limit, params), market, since, limit)
    }

    /** Candles of trades; `params.until` ends them. */
    override async fetchOHLCV(
      symbol: string,
      timeframe = '1m',
      since?: Int,
      limit?: Int,
      params = {},
    ): Promise<OHLCV[]> {
      await this.loadMarkets()
      const market = this.market(symbol)
      const interval = this.safeString(this.timeframes, timeframe, timeframe)
      const range = this.plumbDefined({ since, limit: limit && Math.min(limit, PAGE_ROWS) })
      const request = { market: market.id, interval, ...range, ...params }
      const { items } = await this['publicGetMarketsMarketCandles'](request)
      return this.parseOHLCVs(items, market, timeframe, since, limit)
    }

    override async fetchFundingRate(symbol: string, params = {}): Promise<FundingRate> {
      await this.loadMarkets()
      const market = this.market(symbol)
      const raw = await this['publicGetMarketsMarketFunding']({ market: market.id, ...params })
      return this.parseFundingRate(raw, market)
    }

    override async fetchFundingRates(symbols?: Strings, params = {}): Promise<FundingRates> {
      const items = await this.plumbTickers(symbols, params)
      return this.indexBy(
        items.map((raw) => this.parseFundingRate(raw)),
        'symbol',
      )
    }

    override async fetchFundingInterval(symbol: string, params = {}): Promise<FundingRate> {
      return await this.fetchFundingRate(symbol, params)
    }

    override async fetchFundingIntervals(symbols?: Strings, params = {}): Promise<FundingRates> {
      return await this.fetchFundingRates(symbols, params)
    }

    override async fetchFundingRateHistory(
      symbol?: Str,
      since?: Int,
      limit?: Int,
      params = {},
    ): Promise<FundingRateHistory[]> {
      await this.loadMarkets()
      const market = this.market(this.plumbRequired('fetchFundingRateHistory', 'symbol', symbol))
      const ask = (page: Raw) =>
        this['publicGetMarketsMarketFundingHistory']({ market: market.id, ...page })
      const rows = await this.plumbRows(ask, since, limit, params)
      return rows.map((raw) => this.parseFundingRateHistory(raw, market))
    }

    override async fetchOpenInterest(symbol: string, params = {}): Promise<OpenInterest> {
      await this.loadMarkets()
      const market = this.market(symbol)
      const raw = await this['publicGetTickersMarket']({ market: market.id, ...params })
      return this.parseOpenInterest(raw, market)
    }

    override async fetchOpenInterests(symbols?: Strings, params = {}): Promise<OpenInterests> {
      const items = await this.plumbTickers(symbols, params)
      return this.parseOpenInterests(items, symbols)
    }

    override async fetchMarketLeverageTiers(symbol: string, params = {}): Promise<LeverageTier[]> {
      await this.loadMarkets()
      const market = this.market(symbol)
      const { items } = await this['publicGetMarketsMarketTiers']({ market: market.id, ...params })
      return this.parseMarketLeverageTiers(items, market)
    }

    override async fetchLeverageTiers(symbols?: Strings, params = {}): Promise<LeverageTiers> {
      await this.loadMarkets()
      const wanted: string[] = this.marketSymbols(symbols) ?? this.symbols
      const tiers = await Promise.all(
        wanted.map((symbol) => this.fetchMarketLeverageTiers(symbol, params)),
      )
      return Object.fromEntries(wanted.map((symbol, i) => [symbol, tiers[i] ?? []]))
    }

    /** Raw tickers of these symbols; all without. */
    async plumbTickers(symbols: Strings, params: object): Promise<Raw[]> {
      await this.loadMarkets()
      const ids = symbols === undefined ? undefined : new Set(this.marketIds(symbols))
      const { items }: Rows = await this['publicGetTickers'](params)
      return ids === undefined ? items : items.filter((raw) => ids.has(raw.market))
    }

    async plumbRows(
      ask: (page: Raw) => Promise<Rows>,
      since: Int,
      limit: Int,
      params: object,
      keep?: (raw: Raw) => boolean,
    ): Promise<Raw[]> {
      const wanted = limit ?? 100
      let rows: Raw[] = []
      let cursor: string | null = null
      for (let page = 0; page < PAGES_MAX; page++) {
        const size = keep === undefined ? Math.min(wanted - rows.length, PAGE_ROWS) : PAGE_ROWS
        const query = this.plumbDefined({ since, limit: size, cursor: cursor ?? undefined })
        const { items, nextCursor } = await ask({ ...query, ...params })
        const kept = keep === undefined ? items : items.filter(keep)
        rows = since === undefined ? [...kept, ...rows] : [...rows, ...kept]
        cursor = nextCursor
        if (cursor === null || rows.length >= wanted) break
      }
      return since === undefined ? rows.slice(-wanted) : rows.slice(0, wanted)
    }

    plumbDefined(values: Raw): Raw {
      return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
    }

    plumbRequired<T>(method: string, name: string, value: T | undefined): T {
      this.checkRequiredArgument(method, value, name)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked above
      return value as T
    }
  }
}
