//! Public reads: markets, books, trades, prices, batches.
import {
  batchObject,
  bookObject,
  bookQuery,
  candlesQuery,
  emptyQuery,
  fundingObject,
  fundingRateObject,
  listOf,
  listQuery,
  marketObject,
  marketParams,
  tickerObject,
  tradeObject,
} from '@plumb/protocol'
import { z } from 'zod'
import { marketOf } from '../entry/order-checks.ts'
import type { History } from '../history/history.ts'
import type { ExchangeView } from '../view/exchange-view.ts'
import type { PublicObjects } from '../view/public-objects.ts'
import { type Route, route, unread } from './route.ts'

const DEPTH_DEFAULT = 100
const MINUTE_MS = 60_000
const CANDLES_DEFAULT = 500
const intervals = {
  '1m': MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '1h': 60 * MINUTE_MS,
  '4h': 240 * MINUTE_MS,
  '1d': 1_440 * MINUTE_MS,
  '1w': 10_080 * MINUTE_MS,
}

export type ReadParts = { view: ExchangeView; objects: PublicObjects; history: History }

const none = { body: unread, query: emptyQuery, params: unread }
const ofMarket = { body: unread, query: emptyQuery, params: marketParams }
const tag = 'Market data'

export function marketRoutes({ view, objects, history }: ReadParts): Route[] {
  const markets = () => [...view.markets.values()]
  return [
    route(
      'GET',
      '/v1/markets',
      none,
      { tag, summary: 'Every listed market', etag: true, answer: listOf(marketObject) },
      () => ({ items: markets().map((market) => objects.market(market)), nextCursor: null }),
    ),
    route(
      'GET',
      '/v1/markets/:market',
      ofMarket,
      { tag, summary: 'One market', etag: true, answer: marketObject },
      ({ params }) => objects.market(marketOf(view, params.market)),
    ),
    route(
      'GET',
      '/v1/tickers',
      none,
      { tag, summary: 'Tickers of all markets', answer: listOf(tickerObject) },
      (_input, { nowMs }) => ({
        items: markets().map((market) => objects.ticker(market, nowMs)),
        nextCursor: null,
      }),
    ),
    route(
      'GET',
      '/v1/tickers/:market',
      ofMarket,
      { tag, summary: 'Ticker of one market', answer: tickerObject },
      ({ params }, { nowMs }) => objects.ticker(marketOf(view, params.market), nowMs),
    ),
    route(
      'GET',
      '/v1/markets/:market/book',
      { body: unread, query: bookQuery, params: marketParams },
      {
        tag,
        summary: 'Book: level 2, or level 3 in priority order (level=3)',
        answer: bookObject,
      },
      ({ params, query }) => {
        const market = marketOf(view, params.market)
        return query.level === '3'
          ? objects.orderBook(market, query.depth ?? Number.MAX_SAFE_INTEGER)
          : objects.book(market, query.depth ?? DEPTH_DEFAULT)
      },
    ),
    route(
      'GET',
      '/v1/markets/:market/trades',
      { body: unread, query: listQuery, params: marketParams },
      { tag, summary: 'Trades', answer: listOf(tradeObject) },
      ({ params, query }) => history.trades(marketOf(view, params.market), query),
    ),
    route(
      'GET',
      '/v1/markets/:market/funding',
      ofMarket,
      { tag, summary: 'Funding now: predicted rate and next payment', answer: fundingObject },
      ({ params }, { nowMs }) => objects.funding(marketOf(view, params.market), nowMs),
    ),
    route(
      'GET',
      '/v1/markets/:market/funding/history',
      { body: unread, query: listQuery, params: marketParams },
      { tag, summary: 'Funding rates paid', answer: listOf(fundingRateObject) },
      ({ params, query }) => history.fundingRates(marketOf(view, params.market), query),
    ),
    route(
      'GET',
      '/v1/markets/:market/candles',
      { body: unread, query: candlesQuery, params: marketParams },
      {
        tag,
        summary: 'Candles of trades: [openTime, o, h, l, c, baseVolume, quoteVolume, trades]',
        answer: listOf(z.array(z.union([z.int(), z.string()]))),
      },
      async ({ params, query }, { nowMs }) => ({
        items: await history.candles(marketOf(view, params.market), {
          intervalMs: intervals[query.interval ?? '1m'],
          since: query.since,
          until: Math.min(query.until ?? nowMs, nowMs),
          limit: query.limit ?? CANDLES_DEFAULT,
        }),
        nextCursor: null,
      }),
    ),
    route(
      'GET',
      '/v1/batches',
      { body: unread, query: listQuery, params: unread },
      { tag, summary: 'Settlement batches', answer: listOf(batchObject) },
      ({ query }) => history.batches(query),
    ),
  ]
}
