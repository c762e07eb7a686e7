//! Reads that need no account.
import type {
  AdlQueueObject,
  BatchObject,
  BookObject,
  CandleInterval,
  FeeTierObject,
  FundingObject,
  FundingRateObject,
  ListOf,
  MarginNoticeObject,
  MarketObject,
  OpenInterestObject,
  StatusObject,
  TickerObject,
  TierObject,
  TradeObject,
  TypedDomain,
} from '@plumb/protocol'
import type { Http, Query } from './http.ts'

/** A page of a list; `cursor` continues from `nextCursor`. */
export type Page = { since?: number; until?: number; limit?: number; cursor?: string }

/** A candle; open time in ms, prices and volumes as text, the number of trades. */
export type Candle = [
  openTime: number,
  open: string,
  high: string,
  low: string,
  close: string,
  baseVolume: string,
  quoteVolume: string,
  trades: number,
]

/** Level 3: [price, size, order id] of every order in priority order. */
export type OrderBook = {
  market: string
  seq: number
  ts: number
  bids: [price: string, size: string, orderId: string][]
  asks: [price: string, size: string, orderId: string][]
}

/** GET /v1/signing: what signatures are bound to. */
export type SigningInfo = { domain: TypedDomain; [more: string]: unknown }

/** GET /v1/devnet: addresses and funded keys; only a development exchange has it. */
export type DevnetInfo = {
  chainId: number
  contract: string
  token: string
  rpcUrl: string
  gatewayUrl: string
  accounts: { name: string; address: string; privateKey: string }[]
  markets: string[]
}

/** GET /v1/reconciliation: the last comparison of engine, ledger and chain. A side that was not reached is null. */
export type Reconciliation = {
  ok: boolean
  /** null before the first comparison. */
  checkedAt: number | null
  /** All three were compared as of this seq. */
  seq: number | null
  batchNo?: number
  accounts?: number
  totals: { name: string; engine: string | null; ledger: string | null; chain: string | null }[]
  firstDifference: string | null
}

const of = (market: string) => `/v1/markets/${encodeURIComponent(market)}`

/** Every public read, one method for each path. */
export type PublicReads = ReturnType<typeof publicReads>

/** Public reads over a transport; an error of the exchange is thrown as its class (`errors.ts`). */
export function publicReads(http: Http) {
  const get = <T>(path: string, query: Query = {}) => http<T>({ method: 'GET', path, query })
  return {
    /** Clock of the exchange, Unix milliseconds. */
    time: () => get<{ ts: number }>('/v1/time'),
    /** State of the exchange and of every market, and how far settlement is. */
    status: () => get<StatusObject>('/v1/status'),
    /** EIP-712 domain and types, and how decimals scale when they are signed. */
    signing: () => get<SigningInfo>('/v1/signing'),
    /** What can be deposited and withdrawn, with limits; and the base assets of all markets. */
    currencies: () => get<ListOf<Record<string, unknown>>>('/v1/currencies'),
    /** Every listed market: ticks, steps, limits, rates. */
    markets: () => get<ListOf<MarketObject>>('/v1/markets'),
    /** Tickers of all markets. */
    tickers: () => get<ListOf<TickerObject>>('/v1/tickers'),
    /** Best prices, last day, mark, index and funding of a market. @throws UnknownMarketError */
    ticker: (market: string) => get<TickerObject>(`/v1/tickers/${encodeURIComponent(market)}`),
    /** Best first, `depth` levels a side. */
    book: (market: string, depth?: number) => get<BookObject>(`${of(market)}/book`, { depth }),
    /** Every resting order in priority order. */
    orderBook: (market: string) => get<OrderBook>(`${of(market)}/book`, { level: 3 }),
    /** Trades, ascending; the newest without `since`. */
    trades: (market: string, page: Page = {}) =>
      get<ListOf<TradeObject>>(`${of(market)}/trades`, page),
    /** The predicted rate, and when it is paid. */
    funding: (market: string) => get<FundingObject>(`${of(market)}/funding`),
    /** Rates that were paid, by the hour. */
    fundingHistory: (market: string, page: Page = {}) =>
      get<ListOf<FundingRateObject>>(`${of(market)}/funding/history`, page),
    /** `price`: of trades (`last`, the default), mark or index. */
    candles: (
      market: string,
      page: Page & { interval?: CandleInterval; price?: 'last' | 'mark' | 'index' } = {},
    ) => get<ListOf<Candle>>(`${of(market)}/candles`, page),
    /** Margin by size of the position. */
    tiers: (market: string) => get<ListOf<TierObject>>(`${of(market)}/tiers`),
    /** Open interest in base and quote, by minute. */
    openInterest: (market: string, page: Page = {}) =>
      get<ListOf<OpenInterestObject>>(`${of(market)}/open-interest`, page),
    /** Trades whose taker was being liquidated. */
    liquidations: (market: string, page: Page = {}) =>
      get<ListOf<TradeObject>>(`${of(market)}/liquidations`, page),
    /** Positions in the order in which auto-deleveraging would take them, `limit` a side. */
    adlQueue: (market: string, limit?: number) =>
      get<AdlQueueObject>(`${of(market)}/adl`, { limit }),
    /** Margin rates that were about to rise: from, to, when. */
    marginNotices: (page: Page = {}) => get<ListOf<MarginNoticeObject>>('/v1/margin-notices', page),
    /** Fee tiers by 30-day volume. */
    fees: () => get<ListOf<FeeTierObject>>('/v1/fees'),
    /** Settlement batches. */
    batches: (page: Page = {}) => get<ListOf<BatchObject>>('/v1/batches', page),
    /** The last comparison of engine, ledger and chain. */
    reconciliation: () => get<Reconciliation>('/v1/reconciliation'),
    /** @throws NotFoundError on an exchange that is not a devnet */
    devnet: () => get<DevnetInfo>('/v1/devnet'),
  }
}
