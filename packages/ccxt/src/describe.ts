//! What ccxt's `describe()` says of Plumb: capabilities, routes with their cost, fees, limits.
import type { Ccxt } from './ccxt-module.ts'
import { exactExceptions } from './error-classes.ts'

/** Milliseconds a unit of cost takes: 500 requests a second and address. */
const RATE_LIMIT_MS = 2
/** Orders: 100 a second and account; cancels 200. */
const ORDER_COST = 5
const CANCEL_COST = 2.5

const trueOf = (...names: string[]) => Object.fromEntries(names.map((name) => [name, true]))
const costOf = (cost: number, ...paths: string[]) =>
  Object.fromEntries(paths.map((path) => [path, cost]))

const has = {
  ...trueOf('CORS', 'swap', 'fetchTime', 'fetchStatus', 'fetchCurrencies', 'fetchMarkets'),
  ...trueOf('fetchTicker', 'fetchTickers', 'fetchBidsAsks', 'fetchLastPrices', 'fetchMarkPrice'),
  ...trueOf('fetchMarkPrices', 'fetchOrderBook', 'fetchL2OrderBook', 'fetchL3OrderBook'),
  ...trueOf('fetchTrades', 'fetchOHLCV', 'fetchFundingRate', 'fetchFundingRates'),
  ...trueOf('fetchFundingInterval', 'fetchFundingIntervals', 'fetchFundingRateHistory'),
  ...trueOf('fetchOpenInterest', 'fetchOpenInterests', 'fetchLeverageTiers'),
  ...trueOf('fetchTradingFee', 'fetchTradingFees', 'fetchAccounts', 'fetchBalance'),
  ...trueOf('fetchPosition', 'fetchPositions', 'fetchPositionsForSymbol', 'fetchMyTrades'),
  ...trueOf('fetchOrder', 'fetchOrders', 'fetchOpenOrders', 'fetchOpenOrder', 'fetchClosedOrders'),
  ...trueOf('fetchClosedOrder', 'fetchCanceledOrders', 'fetchCanceledAndClosedOrders'),
  ...trueOf('fetchOrderTrades', 'fetchFundingHistory', 'fetchLedger', 'fetchDeposits'),
  ...trueOf('fetchWithdrawals', 'fetchDepositsWithdrawals', 'withdraw', 'fetchPositionMode'),
  ...trueOf('createOrder', 'createOrders', 'createLimitOrder', 'createLimitBuyOrder'),
  ...trueOf('createLimitSellOrder', 'createMarketOrder', 'createMarketBuyOrder'),
  ...trueOf('createMarketSellOrder', 'createPostOnlyOrder', 'createReduceOnlyOrder'),
  ...trueOf('editOrder', 'cancelOrder', 'cancelOrderWithClientOrderId', 'cancelOrders'),
  ...trueOf('cancelAllOrders', 'closePosition', 'fetchOrderWithClientOrderId'),
  ...trueOf('fetchMarketLeverageTiers', 'setLeverage', 'fetchLeverage', 'setMarginMode'),
  ...trueOf('fetchMarginMode', 'cancelAllOrdersAfter', 'transfer', 'fetchLiquidations'),
  ...trueOf('createTriggerOrder', 'createStopOrder', 'createStopLimitOrder'),
  ...trueOf('createStopMarketOrder', 'createStopLossOrder', 'createTakeProfitOrder'),
  ...trueOf('createTrailingAmountOrder', 'createTrailingPercentOrder'),
  ...trueOf('createOrderWithTakeProfitAndStopLoss', 'addMargin', 'reduceMargin', 'fetchTransfers'),
  ...trueOf('setPositionMode'),
  spot: false,
  margin: false,
  future: false,
  option: false,
  sandbox: true,
}

/** What the pro class has beside. */
export const hasStreams = {
  ...trueOf('ws', 'watchOrderBook', 'watchOrderBookForSymbols', 'watchTrades'),
  ...trueOf('watchTradesForSymbols', 'watchTicker', 'watchTickers', 'watchBidsAsks'),
  ...trueOf('watchFundingRate', 'watchFundingRates', 'watchOrders', 'watchMyTrades'),
  ...trueOf('watchPosition', 'watchPositions', 'watchBalance', 'watchStatus', 'createOrderWs'),
  ...trueOf('createLimitOrderWs', 'createMarketOrderWs', 'createPostOnlyOrderWs'),
  ...trueOf('createReduceOnlyOrderWs', 'editOrderWs', 'cancelOrderWs', 'cancelAllOrdersWs'),
  ...trueOf('watchOHLCV', 'watchOHLCVForSymbols', 'watchLiquidations', 'unWatchOHLCV'),
  ...trueOf('unWatchOrderBook', 'unWatchOrderBookForSymbols', 'unWatchTrades'),
  ...trueOf('unWatchTradesForSymbols', 'unWatchTicker', 'unWatchTickers', 'unWatchBidsAsks'),
  ...trueOf('unWatchOrders', 'unWatchMyTrades', 'unWatchPositions', 'unWatchFundingRates'),
}

const api = {
  public: {
    get: {
      ...costOf(1, 'time', 'status', 'signing', 'currencies', 'markets', 'markets/{market}'),
      ...costOf(1, 'tickers', 'tickers/{market}', 'batches', 'reconciliation'),
      ...costOf(1, 'markets/{market}/book', 'markets/{market}/trades', 'markets/{market}/candles'),
      ...costOf(1, 'markets/{market}/funding', 'markets/{market}/funding/history'),
      ...costOf(1, 'markets/{market}/tiers', 'markets/{market}/liquidations', 'fees'),
      ...costOf(1, 'markets/{market}/open-interest', 'markets/{market}/adl', 'margin-notices'),
    },
  },
  private: {
    get: {
      ...costOf(1, 'me', 'account', 'balances', 'positions', 'orders', 'orders/{id}', 'fills'),
      ...costOf(1, 'orders/client/{clientOrderId}', 'funding-payments', 'deposits', 'withdrawals'),
      ...costOf(1, 'ledger', 'lanes', 'fees/me', 'notices', 'transfers', 'margin/inputs'),
      ...costOf(1, 'markets/{market}/leverage', 'markets/{market}/margin-mode'),
      ...costOf(1, 'markets/{market}/isolated-margin', 'agents', 'agents/{address}', 'warnings'),
      ...costOf(1, 'liquidations', 'position-moves'),
    },
    delete: costOf(CANCEL_COST, 'orders/{id}', 'orders/client/{clientOrderId}', 'orders'),
  },
}

/** Cost of what the sdk's trader sends: signed orders, cancels, everything else. */
export function costOfRequest(method: string, path: string): number {
  if (!path.startsWith('/v1/orders') || method === 'GET') return 1
  return method === 'DELETE' ? CANCEL_COST : ORDER_COST
}

const orderFeatures = {
  marginMode: false,
  triggerPrice: true,
  triggerPriceType: { mark: true, index: true, last: true },
  triggerDirection: true,
  stopLossPrice: true,
  takeProfitPrice: true,
  attachedStopLossTakeProfit: {
    triggerPriceType: { mark: true, index: true, last: true },
    price: true,
  },
  timeInForce: { IOC: true, FOK: true, PO: true, GTD: true },
  hedged: false,
  trailing: true,
  leverage: false,
  marketBuyByCost: false,
  marketBuyRequiresPrice: false,
  selfTradePrevention: true,
  iceberg: true,
}
const orderList = {
  marginMode: false,
  limit: 1_000,
  trigger: false,
  trailing: false,
  symbolRequired: false,
}
const history = { ...orderList, daysBack: undefined, untilDays: undefined }
const features = {
  default: {
    sandbox: true,
    createOrder: orderFeatures,
    createOrders: { max: 50 },
    fetchMyTrades: history,
    fetchOrder: { marginMode: false, trigger: false, trailing: false, symbolRequired: false },
    fetchOpenOrders: orderList,
    fetchOrders: history,
    fetchClosedOrders: { ...history, daysBackCanceled: undefined },
    fetchOHLCV: { limit: 1_000 },
  },
  spot: undefined,
  swap: { linear: { extends: 'default' }, inverse: undefined },
  future: { linear: undefined, inverse: undefined },
}

/** The description of Plumb over ccxt's own. */
export function description(ccxt: Ccxt) {
  return {
    id: 'plumb',
    name: 'Plumb',
    countries: [],
    version: 'v1',
    dex: true,
    pro: false,
    certified: false,
    rateLimit: RATE_LIMIT_MS,
    quoteJsonNumbers: false,
    precisionMode: ccxt.TICK_SIZE,
    has,
    timeframes: {
      '1s': '1s',
      '1m': '1m',
      '5m': '5m',
      '15m': '15m',
      '1h': '1h',
      '4h': '4h',
      '1d': '1d',
      '1w': '1w',
    },
    urls: {
      api: local,
      test: local,
      doc: ['http://127.0.0.1:8080/docs'],
      fees: ['http://127.0.0.1:8080/docs'],
    },
    api,
    fees: { trading: { tierBased: true, percentage: true, maker: 0.00015, taker: 0.00045 } },
    requiredCredentials: {
      apiKey: false,
      secret: false,
      walletAddress: true,
      privateKey: true,
    },
    exceptions: { exact: exactExceptions(ccxt), broad: {} },
    options: {
      /** Number of the account among those of the wallet. */
      subaccount: 0,
      /** How far from the mark price a market order may fill; never further than the market's price band. */
      slippage: 0.05,
      /** Seconds a signature is good for; matched until ten minutes before. */
      orderLifetime: 86_400,
      /** Lanes of this process, `{from, count}`: several processes on one account take ranges apart. */
      lanes: {},
    },
    features,
  }
}

/** A devnet on this machine; for another exchange override `urls.api`, or pass `hostname` as `https://…`. */
const local = { public: 'http://127.0.0.1:8080', private: 'http://127.0.0.1:8080' }
