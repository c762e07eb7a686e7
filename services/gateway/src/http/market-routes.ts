//! Public reads: markets, books, trades, prices, batches.
import {
  batchObject,
  bookObject,
  bookQuery,
  candleRow,
  candlesQuery,
  emptyQuery,
  feeTierObject,
  fundingObject,
  fundingRateObject,
  listOf,
  listQuery,
  marketObject,
  marketParams,
  openInterestObject,
  tickerObject,
  tierObject,
  tradeObject,
} from '@plumb/protocol'
import { marketOf } from '../entry/order-checks.ts'
import type { History } from '../history/history.ts'
import { intervalMs } from '../view/candle-view.ts'
import type { ExchangeView } from '../view/exchange-view.ts'
import type { PublicObjects } from '../view/public-objects.ts'
import { feeTierObjects, tierObjects } from '../view/setting-objects.ts'
import { type Route, route, unread } from './route.ts'

const DEPTH_DEFAULT = 100
const CANDLES_DEFAULT = 500

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
        summary:
          'Candles of last (trades), mark or index: [openTime, o, h, l, c, baseVolume, quoteVolume, trades]',
        answer: listOf(candleRow),
      },
      async ({ params, query }, { nowMs }) => ({
        items: await history.candles(marketOf(view, params.market), {
          price: query.price ?? 'last',
          intervalMs: intervalMs[query.interval ?? '1m'],
          since: query.since,
          until: Math.min(query.until ?? nowMs, nowMs),
          limit: query.limit ?? CANDLES_DEFAULT,
        }),
        nextCursor: null,
      }),
    ),
    route(
      'GET',
      '/v1/markets/:market/tiers',
      ofMarket,
      { tag, summary: 'Margin by size of the position', etag: true, answer: listOf(tierObject) },
      ({ params }) => ({ items: tierObjects(marketOf(view, params.market)), nextCursor: null }),
    ),
    route(
      'GET',
      '/v1/markets/:market/open-interest',
      { body: unread, query: listQuery, params: marketParams },
      { tag, summary: 'Open interest, by minute', answer: listOf(openInterestObject) },
      ({ params, query }) => history.openInterests(marketOf(view, params.market), query),
    ),
    route(
      'GET',
      '/v1/markets/:market/liquidations',
      { body: unread, query: listQuery, params: marketParams },
      { tag, summary: 'Trades whose taker was liquidated', answer: listOf(tradeObject) },
      ({ params, query }) => history.liquidations(marketOf(view, params.market), query),
    ),
    route(
      'GET',
      '/v1/fees',
      none,
      { tag, summary: 'Fee tiers by 30-day volume', etag: true, answer: listOf(feeTierObject) },
      () => ({ items: feeTierObjects(view), nextCursor: null }),
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
