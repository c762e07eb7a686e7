import { createRequire } from 'node:module'
import { errorTable } from '@plumb/protocol'
import ccxt, { type Exchange } from 'ccxt'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  startExchange,
  type TestExchange,
  wallet,
} from '../../../services/gateway/test/exchange-fixture.ts'
import { run as runBot } from '../examples/bot.mjs'
import { expectBalance, expectBook, expectStructure } from '../test/unified-structures.ts'
import type { Raw } from './ccxt-module.ts'
import { errorClassNames } from './error-classes.ts'
import { createClasses, plumb, pro } from './index.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 })

const symbol = 'BTC/USDC:USDC'
const keys = (n: number) => ({
  walletAddress: wallet(n).address,
  privateKey: `0x${n.toString(16).padStart(64, '0')}`,
})

let house: TestExchange
const opened: Exchange[] = []
const options = (n: number, more: object = {}) => {
  const { url } = house.gateway
  return { ...keys(n), urls: { api: { public: url, private: url } }, ...more }
}
const open = (n: number, more: object = {}): Raw => {
  const exchange = new pro.plumb(options(n, more))
  opened.push(exchange)
  return exchange
}

/** Somebody else's quotes, 10 apart from the mark of 60,000 on each side. */
let maker: Raw
beforeAll(async () => {
  house = await startExchange()
  for (const n of [1, 2, 3]) await house.fund(wallet(n), 1_000_000)
  await house.fund(wallet(4), 10_000)
  maker = open(1)
  await maker.createOrder(symbol, 'limit', 'buy', 5, 59_990)
  await maker.createOrder(symbol, 'limit', 'sell', 5, 60_010)
})
afterAll(async () => {
  for (const exchange of opened) await exchange.close()
  await house.close()
})

describe('a bot written for another exchange', () => {
  test('runs with class and keys changed, and asks nothing that the others lack', async () => {
    const called = new Set<string>()
    const exchange: Raw = new plumb(options(2))
    const recorded = new Proxy(exchange, {
      get(target, name) {
        const value = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        called.add(String(name))
        return value.bind(target)
      },
    })
    const seen: Raw = await runBot(recorded, symbol)
    const unified = [...called].filter((name) => /^(fetch|create|edit|cancel)/.test(name))
    expect(unified.length).toBeGreaterThan(8)
    for (const other of [new ccxt.bybit(), new ccxt.hyperliquid(), exchange])
      for (const name of unified) expect(other.has[name], `${other.id} ${name}`).toBeTruthy()

    expectStructure(exchange, 'market', seen.market)
    for (const order of [seen.quote, seen.moved, seen.seen, seen.entry, seen.exit, ...seen.open])
      expectStructure(exchange, 'order', order)
    expect(seen.quote).toMatchObject({ status: 'open', postOnly: true, filled: 0, type: 'limit' })
    expect(seen.open).toHaveLength(1)
    expect(seen.moved).toMatchObject({ id: seen.quote.id, status: 'open', price: 59_100 })
    expect(seen.entry).toMatchObject({ status: 'closed', type: 'market', average: 60_010 })
    expect(seen.positions).toHaveLength(1)
    expectStructure(exchange, 'position', seen.positions[0])
    expect(seen.positions[0]).toMatchObject({ side: 'long', contracts: seen.entry.filled })
    expect(seen.exit).toMatchObject({ status: 'closed', reduceOnly: true, average: 59_990 })
    expect(seen.flat).toEqual([])
    expect(seen.trades.map((trade: Raw) => trade.order)).toEqual([seen.entry.id, seen.exit.id])
    for (const trade of seen.trades) expectStructure(exchange, 'trade', trade)
    expectBalance(seen.before)
    expectBalance(seen.after)
    const paid = seen.trades.reduce((sum: number, { fee }: Raw) => sum + fee.cost, 0)
    const lost = 20 * seen.entry.filled
    expect(seen.before.USDC.total - seen.after.USDC.total).toBeCloseTo(paid + lost, 5)
  })
})

test('a session key of another wallet: the owner’s address and the key’s secret', async () => {
  const [owner, session] = [wallet(5), wallet(6)]
  await house.fund(owner, 50_000)
  await house.registerKey(owner, session, { maxOrderNotionalQuote: 2_000_000_000 })
  const exchange = open(6, { walletAddress: owner.address })
  const order = await exchange.createOrder(symbol, 'limit', 'buy', 0.02, 58_000)
  expect(order).toMatchObject({ status: 'open', info: { signer: session.address.toLowerCase() } })
  expect(order.info.account).toBe(owner.address.toLowerCase())
  expect(await exchange.fetchOpenOrders(symbol)).toMatchObject([{ id: order.id }])
  const edited = await exchange.editOrder(order.id, symbol, 'limit', 'buy', 0.01, 58_100)
  expect(edited).toMatchObject({ id: order.id, amount: 0.01 })
  expect(await exchange.cancelOrder(order.id, symbol)).toMatchObject({ status: 'canceled' })
  expect((await exchange.fetchBalance()).USDC.total).toBe(50_000)
  const tooLarge = exchange.createOrder(symbol, 'limit', 'buy', 0.04, 58_000)
  await expect(tooLarge).rejects.toMatchObject({
    name: 'InvalidOrder',
    detail: { code: 'KEY_ORDER_NOTIONAL', limit: '2000' },
  })
  await expect(exchange.withdraw('USDC', 10, owner.address)).rejects.toMatchObject({
    name: 'PermissionDenied',
    detail: { code: 'KEY_FORBIDDEN' },
  })
  await house.revokeKey(session)
  const revoked = exchange.createOrder(symbol, 'limit', 'buy', 0.02, 58_000)
  await expect(revoked).rejects.toMatchObject({ name: 'PermissionDenied' })
})

describe('every structure', () => {
  test('of public reads keeps ccxt’s rules', async () => {
    const exchange: Raw = open(3)
    await exchange.loadMarkets()
    for (const market of Object.values(exchange.markets))
      expectStructure(exchange, 'market', market)
    expect(Object.keys(exchange.currencies)).toEqual(expect.arrayContaining(['USDC', 'BTC']))
    expect(exchange.currencies.USDC).toMatchObject({ deposit: true, withdraw: true })
    const tickers: Raw = await exchange.fetchTickers([symbol])
    expect(Object.keys(tickers)).toEqual([symbol])
    expectStructure(exchange, 'ticker', tickers[symbol])
    expectBook(await exchange.fetchOrderBook(symbol))
    const { bids } = await exchange.fetchL3OrderBook(symbol)
    expect(bids[0]).toEqual([59_990, expect.any(Number), expect.any(String)])
    for (const trade of await exchange.fetchTrades(symbol))
      expectStructure(exchange, 'trade', trade)
    const candles: Raw[] = await exchange.fetchOHLCV(symbol, '1m', undefined, 5)
    for (const row of candles)
      expect(row.map((x: unknown) => typeof x)).toEqual(Array(6).fill('number'))
    expectStructure(exchange, 'fundingRate', await exchange.fetchFundingRate(symbol))
    const rates: Raw = await exchange.fetchFundingRates()
    expect(new Set(Object.keys(rates))).toEqual(new Set(exchange.symbols))
    expect(await exchange.fetchOpenInterest(symbol)).toMatchObject({ symbol })
    expect(await exchange.fetchLeverageTiers()).toMatchObject({
      [symbol]: [{ tier: 0, maxLeverage: 20, maintenanceMarginRate: 0.03 }],
    })
    expect(Math.abs((await exchange.fetchTime()) - Date.now())).toBeLessThan(60_000)
    expect(await exchange.fetchStatus()).toMatchObject({ status: 'ok' })
  })

  test('of private reads, lists cut like ccxt cuts them', async () => {
    const exchange: Raw = open(3)
    const prices = [59_000, 59_100, 59_200]
    for (const price of prices) await exchange.createOrder(symbol, 'limit', 'buy', 0.01, price)
    const all: Raw[] = await exchange.fetchOpenOrders(symbol)
    expect(all.map((order) => order.price)).toEqual(prices)
    const newest: Raw[] = await exchange.fetchOpenOrders(symbol, undefined, 2)
    expect(newest.map((order) => order.price)).toEqual(prices.slice(-2))
    const oldest: Raw[] = await exchange.fetchOrders(symbol, all[0].timestamp, 2)
    expect(oldest.map((order) => order.price)).toEqual(prices.slice(0, 2))
    await exchange.cancelOrder(all[0].id)
    await exchange.createOrder(symbol, 'market', 'buy', 0.01)
    const canceled: Raw[] = await exchange.fetchCanceledOrders(symbol)
    expect(canceled.map(({ status, id }) => [status, id])).toEqual([['canceled', all[0].id]])
    const [closed]: Raw[] = await exchange.fetchClosedOrders(symbol)
    expect(closed).toMatchObject({ status: 'closed', filled: 0.01 })
    const ofOrder: Raw[] = await exchange.fetchOrderTrades(closed.id, symbol)
    expect(ofOrder).toHaveLength(1)
    const [deposit]: Raw[] = await exchange.fetchDepositsWithdrawals()
    expectStructure(exchange, 'transaction', deposit)
    expect(deposit).toMatchObject({ type: 'deposit', amount: 1_000_000 })
    const paid = await exchange.withdraw('USDC', 12.5, wallet(3).address)
    expectStructure(exchange, 'transaction', paid)
    expect(paid).toMatchObject({ type: 'withdrawal', amount: 12.5, status: 'pending' })
    expect(await exchange.cancelAllOrders(symbol)).toHaveLength(2)
    expect(await exchange.fetchAccounts()).toMatchObject([{ id: '0' }])
  })
})

describe('numbers', () => {
  test('stay exact: text is sent as it was meant, and never in exponents', async () => {
    const exchange: Raw = open(4)
    const order = await exchange.createOrder(symbol, 'limit', 'buy', 0.1 + 0.2, 58_000.4)
    expect(order.info).toMatchObject({ amount: '0.3', price: '58000.5' })
    const text = await exchange.createOrder(symbol, 'limit', 'buy', '0.30009', '58000.50')
    expect(text.info).toMatchObject({ amount: '0.3', price: '58000.5' })
    await expect(exchange.createOrder(symbol, 'limit', 'buy', 1e-9, 58_000)).rejects.toThrow(
      ccxt.InvalidOrder,
    )
    const edited = await exchange.editOrder(order.id, symbol, 'limit', 'buy', 0.25)
    expect(edited).toMatchObject({ amount: 0.25, price: 58_000.5, id: order.id })
    await exchange.cancelAllOrders()
  })
})

describe('orders of every kind', () => {
  const amount = 0.01
  test.each<[string, string, string, number | undefined, object, object]>([
    ['stop', 'limit', 'sell', 58_900, { triggerPrice: 59_000 }, { triggerKind: 'stop' }],
    ['stop', 'limit', 'buy', 61_100, { triggerPrice: 61_000 }, { triggerKind: 'stop' }],
    [
      'take-profit',
      'limit',
      'sell',
      61_000,
      { triggerPrice: 61_000, triggerDirection: 'ascending', triggerPriceType: 'index' },
      { triggerKind: 'take_profit', triggerBy: 'index' },
    ],
    [
      'stop loss',
      'market',
      'sell',
      undefined,
      { stopLossPrice: 59_000 },
      { triggerKind: 'stop', reduceOnly: true, type: 'market', limitPrice: '56050' },
    ],
    [
      'take profit',
      'market',
      'buy',
      undefined,
      { takeProfitPrice: 58_000 },
      { triggerKind: 'take_profit', reduceOnly: true, limitPrice: '60900' },
    ],
    [
      'trailing',
      'limit',
      'sell',
      58_000,
      { trailingAmount: 250 },
      { style: 'trailing', offset: '250' },
    ],
    [
      'trailing',
      'market',
      'sell',
      undefined,
      { trailingPercent: 1 },
      { style: 'trailing', offset: '600', timeInForce: 'IOC' },
    ],
    [
      'iceberg',
      'limit',
      'buy',
      59_000,
      { style: 'iceberg', displayAmount: 0.001 },
      { style: 'iceberg', displayAmount: '0.001' },
    ],
    [
      'twap',
      'limit',
      'buy',
      59_500,
      { style: 'twap', count: 4, intervalS: 60 },
      { style: 'twap', timeInForce: 'IOC' },
    ],
  ])('%s %s %s', async (_name, type, side, price, params, expected) => {
    const exchange: Raw = open(3)
    const order = await exchange.createOrder(symbol, type, side, amount, price, params)
    expectStructure(exchange, 'order', order)
    expect(order).toMatchObject({ status: 'open', amount, side })
    expect(order.info).toMatchObject(expected)
    expect(await exchange.cancelOrder(order.id)).toMatchObject({ status: 'canceled' })
  })

  test('an entry with stop loss and take profit attached', async () => {
    const exchange: Raw = open(3)
    const [takeProfit, stopLoss] = [61_000, 58_000]
    const create = exchange.createOrderWithTakeProfitAndStopLoss.bind(exchange)
    const entry = await create(symbol, 'limit', 'buy', amount, 59_000, takeProfit, stopLoss)
    const { info } = await exchange.fetchOrder(entry.id)
    expect(info).toMatchObject({ stopLossPrice: '58000', takeProfitPrice: '61000' })
    expect(await exchange.fetchOpenOrders(symbol)).toHaveLength(3)
    await exchange.cancelAllOrders(symbol)
  })

  test('several in one request, each with its own outcome', async () => {
    const exchange: Raw = open(3)
    const request = { symbol, type: 'limit', side: 'buy', amount }
    const placed: Raw[] = await exchange.createOrders([
      { ...request, price: 59_000 },
      { ...request, price: 60_020, params: { postOnly: true } },
      { ...request, price: 59_100 },
    ])
    expect(placed.map(({ status }) => status)).toEqual(['open', undefined, 'open'])
    expect(placed[1].info.error.code).toBe('POST_ONLY_WOULD_CROSS')
    const ids = [placed[0].id, '999999', placed[2].id]
    const canceled: Raw[] = await exchange.cancelOrders(ids)
    expect(canceled.map(({ status }) => status)).toEqual(['canceled', undefined, 'canceled'])
    expect(canceled[1]).toMatchObject({
      id: '999999',
      info: { error: { code: 'ORDER_NOT_FOUND' } },
    })
  })
})

describe('settings', () => {
  test('leverage, margin mode, dead man’s switch, fees, transfers', async () => {
    const exchange: Raw = open(3)
    await exchange.setLeverage(5, symbol)
    expect(await exchange.fetchLeverage(symbol)).toMatchObject({
      longLeverage: 5,
      marginMode: 'cross',
    })
    await expect(exchange.setLeverage(5, symbol)).rejects.toThrow(ccxt.NoChange)
    await expect(exchange.setMarginMode('cross', symbol)).rejects.toThrow(ccxt.MarginModeAlreadySet)
    expect(await exchange.fetchMarginMode(symbol)).toMatchObject({ marginMode: 'cross' })
    await exchange.cancelAllOrdersAfter(60_000)
    await exchange.cancelAllOrdersAfter(0)
    const armed = await exchange.cancelAllOrdersAfter(60_000, { symbol })
    expect(armed).toMatchObject({ market: 'BTC-PERP', triggerAt: expect.any(Number) })
    expect(await exchange.cancelAllOrdersAfter(0, { symbol })).toMatchObject({ triggerAt: null })
    await expect(exchange.cancelAllOrdersAfter(0, { symbol: 'DOGE/USDC:USDC' })).rejects.toThrow(
      ccxt.BadSymbol,
    )
    expect(await exchange.fetchTradingFees()).toMatchObject({
      [symbol]: { maker: 0.00015, taker: 0.00045 },
    })
    expect(await exchange.transfer('USDC', 100, '0', '1')).toMatchObject({
      amount: 100,
      status: 'ok',
    })
    expect((await exchange.fetchBalance({ subaccount: 1 })).USDC.total).toBe(100)
    expect(await exchange.fetchTransfers('USDC')).toMatchObject([
      { amount: 100, currency: 'USDC', fromAccount: '0', toAccount: '1' },
    ])
    await expect(exchange.addMargin(symbol, 50)).rejects.toThrow(ccxt.BadRequest)
    await exchange.setMarginMode('isolated', symbol, { subaccount: 1 })
    expect(await exchange.addMargin(symbol, 50)).toMatchObject({ type: 'add', total: 150, symbol })
    expect(await exchange.reduceMargin(symbol, 20.5)).toMatchObject({ amount: 20.5, total: 129.5 })
    await expect(exchange.reduceMargin(symbol, 1_000)).rejects.toThrow(ccxt.InsufficientFunds)
    expect(await exchange.fetchLiquidations(symbol)).toEqual([])
  })
})

describe('a bot of Binance’s futures changes class and keys', () => {
  test('its calls and words mean here what they mean there, or are refused', async () => {
    const bot: Raw = open(3)
    await bot.loadMarkets()
    await bot.setPositionMode(false)
    await expect(bot.setPositionMode(true)).rejects.toThrow(ccxt.NotSupported)
    await bot.setLeverage(4, symbol)
    const one = { positionSide: 'BOTH', newClientOrderId: 'from-binance', timeInForce: 'GTX' }
    const quote = await bot.createOrder(symbol, 'LIMIT', 'buy', 0.01, 58_000, one)
    expect(quote).toMatchObject({ clientOrderId: 'from-binance', postOnly: true, status: 'open' })
    await bot.createOrder(symbol, 'MARKET', 'buy', 0.01)
    const stop = await bot.createOrder(symbol, 'STOP_MARKET', 'sell', 0.01, undefined, {
      stopPrice: 59_000,
      reduceOnly: true,
      workingType: 'MARK_PRICE',
    })
    expect(stop).toMatchObject({ triggerPrice: 59_000, reduceOnly: true, status: 'open' })
    expect(stop.info).toMatchObject({ triggerKind: 'stop', triggerBy: 'mark', waiting: true })
    const goal = await bot.createOrder(symbol, 'TAKE_PROFIT', 'sell', 0.01, 61_500, {
      stopPrice: 61_000,
      workingType: 'CONTRACT_PRICE',
    })
    expect(goal.info).toMatchObject({
      triggerKind: 'take_profit',
      triggerBy: 'last',
      price: '61500',
      reduceOnly: false,
    })
    const ask = (type: string, params: Raw) =>
      bot.createOrder(symbol, type, 'sell', 0.01, 1, params)
    await expect(ask('STOP_MARKET', {})).rejects.toThrow(ccxt.InvalidOrder)
    await expect(ask('LIMIT', { positionSide: 'LONG' })).rejects.toThrow(ccxt.NotSupported)
    await expect(ask('STOP', { stopPrice: 1, workingType: 'X' })).rejects.toThrow(ccxt.NotSupported)
    expect((await bot.cancelAllOrders(symbol)).length).toBe(3)
    await bot.closePosition(symbol)
  })
})

describe('errors decide whether a bot repeats', () => {
  test('every code of the exchange has a class', () => {
    const missing = Object.keys(errorTable).filter((code) => !errorClassNames.has(code))
    expect(missing).toEqual([])
  })

  test.each([
    ['BadSymbol', (e: Raw) => e.fetchTicker('XYZ/USDC:USDC')],
    ['InvalidOrder', (e: Raw) => e.createOrder(symbol, 'limit', 'buy', 0.0001, 1_000)],
    ['InsufficientFunds', (e: Raw) => e.createOrder(symbol, 'limit', 'buy', 90, 59_000)],
    [
      'OrderImmediatelyFillable',
      (e: Raw) => e.createOrder(symbol, 'limit', 'buy', 0.01, 60_020, { postOnly: true }),
    ],
    [
      'OrderNotFillable',
      (e: Raw) => e.createOrder(symbol, 'limit', 'buy', 0.01, 59_000, { timeInForce: 'IOC' }),
    ],
    [
      'InvalidOrder',
      (e: Raw) => e.createOrder(symbol, 'limit', 'sell', 0.01, 60_100, { reduceOnly: true }),
    ],
    ['OrderNotFound', (e: Raw) => e.cancelOrder('123456789')],
    [
      'NotSupported',
      (e: Raw) => e.createOrder(symbol, 'limit', 'buy', 0.01, 59_000, { nonsense: 1 }),
    ],
    ['ArgumentsRequired', (e: Raw) => e.createOrder(symbol, 'limit', 'buy', 0.01)],
    ['InvalidAddress', (e: Raw) => e.withdraw('USDC', 1, wallet(9).address)],
    ['InsufficientFunds', (e: Raw) => e.withdraw('USDC', 5_000_000, e.walletAddress)],
  ])('%s', async (name, call) => {
    const error: Raw = await call(open(4)).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error?.constructor?.name, String(error)).toBe(name)
    expect(error).toBeInstanceOf(Reflect.get(ccxt, name))
    expect(error).not.toBeInstanceOf(ccxt.NetworkError)
  })

  test('a wrong key and missing keys are AuthenticationErrors, no connection is a NetworkError', async () => {
    const wrong: Raw = open(4, { privateKey: keys(5).privateKey })
    await expect(wrong.fetchBalance()).rejects.toThrow(ccxt.AuthenticationError)
    const none: Raw = open(4, { privateKey: undefined })
    await expect(none.fetchBalance()).rejects.toThrow(ccxt.AuthenticationError)
    const nowhere: Raw = open(4, { urls: { api: { public: 'http://127.0.0.1:1', private: '' } } })
    await expect(nowhere.fetchTime()).rejects.toThrow(ccxt.NetworkError)
  })

  test('the same client order id is the same order, with another body a DuplicateOrderId', async () => {
    const exchange: Raw = open(4)
    const place = (price: number) =>
      exchange.createOrder(symbol, 'limit', 'buy', 0.01, price, { clientOrderId: 'twice' })
    const order = await place(59_000)
    await expect(place(59_100)).rejects.toThrow(ccxt.DuplicateOrderId)
    const found = await exchange.fetchOrderWithClientOrderId('twice')
    expect(found).toMatchObject({ id: order.id, price: 59_000 })
    expect(await exchange.cancelOrderWithClientOrderId('twice')).toMatchObject({ id: order.id })
  })
})

describe('the pro class', () => {
  test('streams book, trades, orders, fills, positions and balance of an order over the stream', async () => {
    const exchange: Raw = open(2)
    const book = await exchange.watchOrderBook(symbol)
    expectBook(book)
    expect(book.asks[0][0]).toBe(60_010)
    const heard = Promise.all([
      exchange.watchOrders(symbol),
      exchange.watchMyTrades(symbol),
      exchange.watchTrades(symbol),
    ])
    expectBalance(await exchange.watchBalance())
    expect(await exchange.watchPositions()).toEqual([])
    const changed = exchange.watchPositions([symbol])
    const order = await exchange.createOrderWs(symbol, 'market', 'sell', 0.01)
    expect(order).toMatchObject({ status: 'closed', average: 59_990 })
    const [orders, fills] = await heard
    expectStructure(exchange, 'order', orders[0])
    expect(orders[0].id).toBe(order.id)
    expect(fills[0]).toMatchObject({ order: order.id, takerOrMaker: 'taker' })
    expect((await changed)[0]).toMatchObject({ side: 'short', contracts: 0.01 })
    const closed = exchange.watchPositions([symbol])
    await exchange.closePosition(symbol)
    expect((await closed)[0]).toMatchObject({ contracts: 0 })
    const candles = exchange.watchOHLCV(symbol, '1s')
    await exchange.createOrderWs(symbol, 'market', 'buy', 0.01)
    const [candle] = await candles
    expect(candle.map((value: unknown) => typeof value)).toEqual(Array(6).fill('number'))
  })

  test('loses no update between two calls, and a reader that left is told', async () => {
    const exchange: Raw = open(2)
    await exchange.loadMarkets()
    const first = exchange.watchOrders()
    const one = await exchange.createOrderWs(symbol, 'limit', 'buy', 0.01, 59_000)
    expect(await first).toMatchObject([{ id: one.id, status: 'open' }])
    const two = await exchange.createOrderWs(symbol, 'limit', 'buy', 0.01, 59_001)
    await exchange.cancelOrderWs(one.id)
    const seen = new Map<string, string>()
    while (seen.get(one.id) !== 'canceled' || !seen.has(two.id))
      for (const { id, status } of await exchange.watchOrders()) seen.set(id, status)
    expect(seen.get(two.id)).toBe('open')
    const waiting = exchange.watchOrders()
    const told = expect(waiting).rejects.toThrow(ccxt.UnsubscribeError)
    await new Promise((resolve) => setTimeout(resolve, 20))
    await exchange.unWatchOrders()
    await told
    expect(await exchange.cancelAllOrdersWs()).toHaveLength(1)
  })

  test('a CommonJS program gets classes of its own copy of ccxt', async () => {
    const theirs = createRequire(import.meta.url)('ccxt')
    expect(theirs.AuthenticationError).not.toBe(ccxt.AuthenticationError)
    const { url } = house.gateway
    const urls = { api: { public: url, private: url } }
    const exchange = new (createClasses(theirs).plumb)({ urls })
    expect(exchange).toBeInstanceOf(theirs.Exchange)
    await expect(exchange.fetchBalance()).rejects.toThrow(theirs.AuthenticationError)
  })

  test('what `has` calls true is there', () => {
    for (const exchange of [new plumb(), new pro.plumb()] as Raw[])
      for (const [name, has] of Object.entries(exchange.has))
        if (has === true && /^(fetch|watch|unWatch|create|edit|cancel|close)/.test(name)) {
          const own = exchange[name]
          expect(own, name).toBeTypeOf('function')
        }
  })
})
