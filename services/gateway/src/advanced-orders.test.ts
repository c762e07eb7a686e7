import { encodeCommand } from '@plumb/model'
import { orderReply } from '@plumb/protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type Json,
  order,
  rest,
  startExchange,
  type TestExchange,
  TestStream,
  tokenOf,
  wallet,
} from '../test/exchange-fixture.ts'

// Other tests may share the machine: patience is not what is tested.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 })

const alice = wallet(41)
const bob = wallet(42)
let house: TestExchange
let aliceToken: string
let bobToken: string
beforeAll(async () => {
  house = await startExchange()
  await house.fund(alice, 1_000_000)
  await house.fund(bob, 1_000_000)
  aliceToken = await tokenOf(house.gateway, alice)
  bobToken = await tokenOf(house.gateway, bob)
}, 60_000)
afterAll(() => house.close())

/** A tick, once the gateway shows what it did. */
const tick = async () => {
  const { seq } = await house.commands.submit(encodeCommand({ kind: 'Tick' }))
  await vi.waitFor(
    async () => {
      const { body } = await rest(house.gateway, 'GET', '/v1/status')
      expect(body.seq).toBeGreaterThanOrEqual(seq)
    },
    { timeout: 20_000, interval: 5 },
  )
}
const post = async (signer: typeof alice, changes: Parameters<typeof order>[1] = {}) =>
  rest(house.gateway, 'POST', '/v1/orders', { body: await order(signer, changes) })
/** Places what must be taken; answers the order. */
const placed = async (signer: typeof alice, changes: Parameters<typeof order>[1]) => {
  const { status, body } = await post(signer, changes)
  expect(body.error).toBeUndefined()
  expect(status).toBe(200)
  expect(orderReply.parse(body)).toEqual(body)
  return body.order
}
const book = async () => (await rest(house.gateway, 'GET', '/v1/markets/BTC-PERP/book')).body
const orderOf = async (id: string, token = aliceToken) =>
  (await rest(house.gateway, 'GET', `/v1/orders/${id}`, { token })).body
const get = async (path: string) =>
  (await rest(house.gateway, 'GET', path, { token: aliceToken })).body
const preview = async (body: object) =>
  (await rest(house.gateway, 'POST', '/v1/margin/preview', { token: bobToken, body })).body
const cancelAll = async () => {
  await rest(house.gateway, 'DELETE', '/v1/orders', { token: aliceToken })
  await rest(house.gateway, 'DELETE', '/v1/orders', { token: bobToken })
}
/** A trade at a price, so that it is the last one. */
const trade = async (price: string) => {
  await placed(bob, { side: 'sell', price, amount: '0.001' })
  await placed(alice, { side: 'buy', price, amount: '0.001', timeInForce: 'IOC' })
}
beforeEach(cancelAll)

describe('orders beyond the plain ones', () => {
  test('a market order: its price is brought into the band, its slippage is capped', async () => {
    await placed(bob, { side: 'sell', price: '60010', amount: '0.02' })
    await placed(bob, { side: 'sell', price: '62000', amount: '0.02' })
    const bought = await placed(alice, {
      type: 'market',
      side: 'buy',
      price: '90000',
      amount: '0.01',
      timeInForce: 'IOC',
    })
    expect(bought).toMatchObject({ type: 'market', status: 'closed', average: '60010' })
    const capped = await placed(alice, {
      type: 'market',
      side: 'buy',
      price: '90000',
      amount: '0.03',
      slippage: '0.01',
      timeInForce: 'IOC',
    })
    expect(capped).toMatchObject({ filled: '0.01', status: 'canceled', slippage: '0.01' })
  })

  test('a stop on the last price waits, can be amended, triggers and trades', async () => {
    await trade('60000')
    const stop = await placed(alice, {
      side: 'sell',
      price: '58000',
      amount: '0.001',
      triggerKind: 'stop',
      triggerPrice: '59000',
      triggerBy: 'last',
      reduceOnly: true,
    })
    expect(stop).toMatchObject({
      status: 'open',
      waiting: true,
      triggerKind: 'stop',
      triggerPrice: '59000',
      triggerBy: 'last',
    })
    expect((await book()).asks).toEqual([])
    const amended = await rest(house.gateway, 'PUT', `/v1/orders/${stop.id}`, {
      body: await order(alice, {
        side: 'sell',
        price: '58000',
        amount: '0.001',
        triggerKind: 'stop',
        triggerPrice: '59500',
        triggerBy: 'last',
        reduceOnly: true,
        lane: stop.lane,
        seq: stop.laneSeq + 100_000,
      }),
    })
    expect(amended.body.order).toMatchObject({ id: stop.id, waiting: true, triggerPrice: '59500' })
    await placed(bob, { side: 'buy', price: '59500', amount: '0.002' })
    await placed(alice, { side: 'sell', price: '59500', amount: '0.001', timeInForce: 'IOC' })
    await tick()
    expect(await orderOf(stop.id)).toMatchObject({ status: 'closed', filled: '0.001' })
  })

  test('a stop on mark is signed with its trigger', async () => {
    const stop = await placed(alice, {
      side: 'buy',
      price: '63000',
      amount: '0.01',
      triggerKind: 'stop',
      triggerPrice: '61000',
    })
    const other = await order(alice, {
      side: 'buy',
      price: '63000',
      amount: '0.01',
      triggerKind: 'stop',
      triggerPrice: '61000',
    })
    const moved = await rest(house.gateway, 'POST', '/v1/orders', {
      body: { ...other, triggerPrice: '61500' },
    })
    expect(stop.waiting).toBe(true)
    expect(moved.body.error).toMatchObject({ code: 'BAD_SIGNATURE' })
  })

  test.each([
    ['peg', { style: 'peg', postOnly: true, offset: '-50', price: '61000' }, '59950', '0.02'],
    ['iceberg', { style: 'iceberg', displayAmount: '0.005', price: '59000' }, '59000', '0.005'],
    ['scale', { style: 'scale', count: 4, offset: '100', price: '59000' }, '59000', '0.005'],
    ['slide', { style: 'slide', postOnly: true, price: '60500' }, '59999.5', '0.02'],
  ] as const)('%s shows what it shall', async (_name, terms, price, shown) => {
    await placed(bob, { side: 'sell', price: '60000', amount: '0.01' })
    const resting = await placed(alice, { side: 'buy', amount: '0.02', ...terms })
    await tick()
    expect((await book()).bids).toEqual([[price, shown]])
    expect(await orderOf(resting.id)).toMatchObject({
      style: terms.style,
      remaining: '0.02',
      status: 'open',
      price,
      limitPrice: terms.price,
    })
    if (terms.style !== 'iceberg' && terms.style !== 'scale') return
    await placed(bob, { side: 'sell', price: '59000', amount: '0.005', timeInForce: 'IOC' })
    const next = terms.style === 'scale' ? '58900' : '59000'
    expect((await book()).bids).toEqual([[next, shown]])
    expect(await orderOf(resting.id)).toMatchObject({ filled: '0.005', remaining: '0.015' })
  })

  test('twap buys a slice at its time; trailing follows', async () => {
    await trade('60000')
    await placed(bob, { side: 'sell', price: '60010', amount: '0.05' })
    const twap = await placed(alice, {
      side: 'buy',
      price: '61000',
      amount: '0.02',
      timeInForce: 'IOC',
      style: 'twap',
      count: 4,
      intervalS: 86_000,
    })
    const trailing = await placed(alice, {
      side: 'sell',
      price: '58000',
      amount: '0.01',
      style: 'trailing',
      offset: '500',
      triggerBy: 'last',
    })
    expect(trailing).toMatchObject({ waiting: true, triggerKind: 'stop', triggerPrice: null })
    await tick()
    expect(await orderOf(twap.id)).toMatchObject({ filled: '0.005', status: 'open', waiting: true })
  })

  test('oco gives way, bracket children are armed and shown at their parent', async () => {
    const base = { side: 'sell', amount: '0.01', price: '61000' } as const
    const first = await placed(alice, base)
    const second = await placed(alice, {
      ...base,
      price: '61500',
      ocoLane: first.lane,
      ocoSeq: first.laneSeq,
    })
    await placed(bob, { side: 'buy', price: '61000', amount: '0.004', timeInForce: 'IOC' })
    expect(await orderOf(second.id)).toMatchObject({
      remaining: '0.006',
      oco: { lane: first.lane },
    })
    await placed(bob, { side: 'buy', price: '61000', amount: '0.006', timeInForce: 'IOC' })
    expect(await orderOf(second.id)).toMatchObject({ status: 'canceled', reason: 'linked' })

    const parent = await placed(alice, { side: 'buy', price: '59000', amount: '0.01' })
    const child = await placed(alice, {
      side: 'sell',
      price: '57000',
      amount: '0.01',
      triggerKind: 'stop',
      triggerPrice: '58000',
      triggerBy: 'last',
      reduceOnly: true,
      parentLane: parent.lane,
      parentSeq: parent.laneSeq,
    })
    expect(await orderOf(parent.id)).toMatchObject({ stopLossPrice: '58000' })
    await rest(house.gateway, 'DELETE', `/v1/orders/${parent.id}`, { token: aliceToken })
    expect(await orderOf(child.id)).toMatchObject({ status: 'canceled', reason: 'linked' })
  })

  const bad: [string, Parameters<typeof order>[1], string, string][] = [
    ['peg without offset', { style: 'peg', postOnly: true }, 'MISSING_FIELD', 'offset'],
    ['peg that may take', { style: 'peg', offset: '1' }, 'BAD_REQUEST', 'postOnly'],
    [
      'offset of a plain order',
      { style: 'slide', postOnly: true, offset: '1' },
      'BAD_REQUEST',
      'offset',
    ],
    ['offset off the tick', { style: 'trailing', offset: '0.3' }, 'INVALID_TICK', 'offset'],
    ['trigger without kind', { triggerPrice: '60000' }, 'MISSING_FIELD', 'triggerKind'],
    ['kind without trigger', { triggerKind: 'stop' }, 'MISSING_FIELD', 'triggerPrice'],
    ['twap that stays', { style: 'twap', count: 2, intervalS: 5 }, 'BAD_REQUEST', 'timeInForce'],
    [
      'twap of more than a week',
      { style: 'twap', count: 1_000, intervalS: 86_400, timeInForce: 'IOC' },
      'BAD_REQUEST',
      'intervalS',
    ],
    [
      'scale of too many levels',
      { style: 'scale', count: 33, offset: '1' },
      'BAD_REQUEST',
      'count',
    ],
    [
      'slippage beyond half',
      { type: 'market', timeInForce: 'IOC', slippage: '0.6' },
      'BAD_REQUEST',
      'slippage',
    ],
    [
      'display finer than a lot',
      { style: 'iceberg', displayAmount: '0.00001' },
      'INVALID_STEP',
      'displayAmount',
    ],
    ['a link without its seq', { ocoLane: 3 }, 'MISSING_FIELD', 'ocoSeq'],
    ['a link to nothing', { ocoLane: 3, ocoSeq: 4_000_000 }, 'LINK_NOT_FOUND', 'parentLane'],
    [
      'a child that may open',
      { triggerKind: 'stop', triggerPrice: '1', parentLane: 1, parentSeq: 1 },
      'BAD_REQUEST',
      'reduceOnly',
    ],
    [
      'a market order of a style',
      { type: 'market', timeInForce: 'IOC', style: 'twap', count: 2, intervalS: 1 },
      'BAD_REQUEST',
      'type',
    ],
  ]
  test.each(bad)('%s is refused', async (_name, changes, code, field) => {
    const { body } = await post(alice, changes)
    expect(body.error).toMatchObject({ code, field })
  })
})

describe('account settings', () => {
  test('leverage, margin mode, transfers and isolated collateral', async () => {
    const leverage = { token: aliceToken, body: { leverage: 5 } }
    const path = '/v1/markets/ETH-PERP/leverage'
    const set = await rest(house.gateway, 'PUT', path, leverage)
    expect(set.body).toMatchObject({ leverage: 5, marginMode: 'cross', maxLeverage: '20' })
    const again = await rest(house.gateway, 'PUT', path, leverage)
    expect(again.status).toBe(409)
    expect(again.body.error.code).toBe('LEVERAGE_UNCHANGED')
    expect((await rest(house.gateway, 'GET', path, { token: aliceToken })).body.leverage).toBe(5)

    const { toSubaccount, ...moved } = await house.transfer(alice, 0, 7, '500')
    const sent = await rest(house.gateway, 'POST', '/v1/transfers', {
      body: { ...moved, toSubaccount },
    })
    expect(sent.body.transfer).toMatchObject({
      direction: 'out',
      amount: '500',
      otherSubaccount: 7,
    })
    const mode = { token: aliceToken, body: { marginMode: 'isolated', subaccount: 7 } }
    const isolated = await rest(house.gateway, 'PUT', '/v1/markets/ETH-PERP/margin-mode', mode)
    expect(isolated.body).toMatchObject({ marginMode: 'isolated', isolatedMarket: 'ETH-PERP' })
    const twice = await rest(house.gateway, 'PUT', '/v1/markets/ETH-PERP/margin-mode', mode)
    expect(twice.body.error.code).toBe('MARGIN_MODE_UNCHANGED')
    const stray = await post(alice, { subaccount: 7 })
    expect(stray.body.error).toMatchObject({ code: 'ISOLATED_MARKET' })
    const collateral = await rest(house.gateway, 'GET', '/v1/markets/ETH-PERP/isolated-margin', {
      token: aliceToken,
    })
    expect(collateral.body.items).toMatchObject([{ subaccount: 7, collateral: '500' }])
    const more = await rest(house.gateway, 'PUT', '/v1/markets/ETH-PERP/isolated-margin', {
      body: await house.transfer(alice, 0, 7, '20'),
    })
    expect(more.status).toBe(200)
    const elsewhere = await rest(house.gateway, 'PUT', '/v1/markets/BTC-PERP/isolated-margin', {
      body: await house.transfer(alice, 0, 7, '20'),
    })
    expect(elsewhere.body.error).toMatchObject({ code: 'BAD_REQUEST', field: 'toSubaccount' })
    const list = await rest(house.gateway, 'GET', '/v1/transfers?subaccount=7', {
      token: aliceToken,
    })
    expect(list.body.items).toMatchObject([
      { direction: 'in', amount: '500' },
      { direction: 'in', amount: '20' },
    ])
    const me = await rest(house.gateway, 'GET', '/v1/me', { token: aliceToken })
    expect(me.body.subaccounts).toMatchObject([
      { subaccount: 0, marginMode: 'cross' },
      { subaccount: 7, marginMode: 'isolated', isolatedMarket: 'ETH-PERP' },
    ])
  })

  test('the dead man’s switch fires at the first tick after its time, and can be disarmed', async () => {
    const path = '/v1/orders/cancel-after'
    const ask = async (timeoutMs: number) =>
      rest(house.gateway, 'POST', path, { token: bobToken, body: { timeoutMs } })
    expect((await ask(500)).body.error).toMatchObject({ code: 'BAD_REQUEST', field: 'timeoutMs' })
    const armed = await ask(1_000)
    expect(armed.body.triggerAt).toBeGreaterThan(Date.now() - 60_000)
    expect((await ask(0)).body.triggerAt).toBeNull()
    const resting = await placed(bob, { side: 'buy', price: '58000', amount: '0.01' })
    await ask(1_000)
    await vi.waitFor(
      async () => {
        await tick()
        expect(await orderOf(resting.id, bobToken)).toMatchObject({ reason: 'dead_man' })
      },
      { timeout: 20_000, interval: 200 },
    )
  })

  test('a market has a switch of its own, on REST and stream', async () => {
    const path = '/v1/orders/cancel-after'
    const ask = (body: object) => rest(house.gateway, 'POST', path, { token: bobToken, body })
    const unknown = await ask({ market: 'DOGE-PERP', timeoutMs: 1_000 })
    expect(unknown.status).toBe(404)
    expect(unknown.body.error).toMatchObject({ code: 'UNKNOWN_MARKET', field: 'market' })
    const stream = await TestStream.open(house.gateway)
    await stream.signIn(house.gateway, bob)
    const [btc, eth] = ['BTC-PERP', 'ETH-PERP']
    const owner = { account: bob.address, subaccount: 0 }
    const { result } = await stream.ask({
      op: 'order.cancelAfter',
      ...owner,
      market: btc,
      timeoutMs: 80_000_000,
    })
    expect(result).toMatchObject({ market: btc, triggerAt: expect.any(Number) })
    const there = await placed(bob, { side: 'buy', price: '58000', amount: '0.01' })
    const here = await placed(bob, { market: eth, side: 'buy', price: '2900', amount: '0.1' })
    const { body } = await ask({ market: eth, timeoutMs: 1_000 })
    expect(body).toMatchObject({ market: eth, account: bob.address.toLowerCase() })
    const switches = async () => {
      const me = await rest(house.gateway, 'GET', '/v1/me', { token: bobToken })
      return me.body.subaccounts[0]
    }
    await vi.waitFor(
      async () => {
        await tick()
        expect(await orderOf(here.id, bobToken)).toMatchObject({ reason: 'dead_man' })
      },
      { timeout: 20_000, interval: 200 },
    )
    expect(await orderOf(there.id, bobToken)).toMatchObject({ status: 'open' })
    expect(await switches()).toMatchObject({
      cancelAfter: null,
      cancelAfterByMarket: { [btc]: result.triggerAt },
    })
    expect((await ask({ market: btc, timeoutMs: 0 })).body.triggerAt).toBeNull()
    expect((await switches()).cancelAfterByMarket).toEqual({})
    stream.close()
  })

  test('what if: margin after orders and prices, and what each order would be told', async () => {
    const idea = { market: 'ETH-PERP', side: 'buy', price: '3000', amount: '1' }
    const before = await preview({})
    const filled = await preview({ orders: [{ ...idea, filled: true }] })
    expect(filled.orders).toEqual([{ code: null, field: null, limit: null }])
    expect(filled.positions).toMatchObject([
      ...before.positions.map(({ market, size }: Json) => ({ market, size })),
      { market: 'ETH-PERP', size: '1', notional: '3000', initialMargin: '150' },
    ])
    const crashed = await preview({
      orders: [{ ...idea, filled: true }],
      prices: { 'ETH-PERP': '1500' },
    })
    expect(crashed.orders[0]).toMatchObject({ code: null })
    expect(Number(crashed.equity)).toBeLessThan(Number(filled.equity))
    const refused = await preview({
      orders: [
        { ...idea, amount: '99' },
        { ...idea, price: '3000.3' },
        { ...idea, market: 'NO-PERP' },
        { ...idea, market: 'BTC-PERP', price: '90000' },
        { ...idea, reduceOnly: true },
      ],
    })
    expect(refused.orders.map(({ code }: Json) => code)).toEqual([
      null,
      'INVALID_TICK',
      'UNKNOWN_MARKET',
      'PRICE_BAND',
      'REDUCE_ONLY',
    ])
    const unknown = await preview({ prices: { 'NO-PERP': '1' } })
    expect(unknown.error).toMatchObject({ code: 'UNKNOWN_MARKET' })
  })

  test('terms of markets, fees, exports', async () => {
    expect((await get('/v1/markets/BTC-PERP/tiers')).items).toEqual([
      {
        market: 'BTC-PERP',
        tier: 0,
        minNotional: '0',
        maxNotional: null,
        maxLeverage: '20',
        initialMarginRate: '0.05',
        maintenanceMarginRate: '0.03',
        maintenanceAmount: '0',
      },
    ])
    expect((await get('/v1/fees')).items).toMatchObject([{ tier: 0, volume: '0' }])
    expect(await get('/v1/fees/me')).toMatchObject({ tier: 0, nextTier: null })
    expect((await get('/v1/markets/BTC-PERP/liquidations')).items).toEqual([])
    expect((await get('/v1/markets/BTC-PERP/open-interest')).items.length).toBeGreaterThan(0)
    const fills = await get('/v1/export/fills.csv')
    const { items } = await get('/v1/fills?since=0')
    const lines = fills.trim().split('\r\n')
    expect(lines).toHaveLength(items.length + 1)
    const columns: string[] = lines[0].split(',')
    expect(columns).toContain('fee.cost')
    const first = lines[1].split(',')
    expect(first[columns.indexOf('price')]).toBe(items[0].price)
    expect(first[columns.indexOf('fee.cost')]).toBe(items[0].fee.cost)
    const none = await get('/v1/export/funding.csv?subaccount=9')
    expect(none.trim().split('\r\n')).toHaveLength(1)
    const seconds = await get('/v1/markets/BTC-PERP/candles?interval=1s&limit=5')
    expect(seconds.items.length).toBeGreaterThan(0)
  })
})

describe('the stream has the same', () => {
  test('batches, cancels by list, settings, previews; and cancels when it is cut', async () => {
    const stream = await TestStream.open(house.gateway)
    await stream.signIn(house.gateway, alice)
    const owner = { account: alice.address, subaccount: 0 }
    const orders = [
      await order(alice, { price: '58000' }),
      { ...(await order(alice)), price: 5 },
      await order(alice, { price: '58001', triggerKind: 'stop', triggerPrice: '61000' }),
    ]
    const batch = await stream.ask({ op: 'order.batch', orders })
    expect(batch.result.results).toMatchObject([
      { order: { status: 'open' } },
      { error: { code: 'BAD_REQUEST', field: 'price' } },
      { order: { waiting: true } },
    ])
    const id = batch.result.results[0].order.id
    const canceled = await stream.ask({
      op: 'order.cancelBatch',
      ...owner,
      orders: [{ orderId: id }, { orderId: id }, { clientOrderId: 'nobody' }],
    })
    expect(canceled.result.results).toMatchObject([
      { order: { id, status: 'canceled' } },
      { error: { code: 'ORDER_NOT_FOUND' } },
      { error: { code: 'ORDER_NOT_FOUND' } },
    ])
    const market = 'BTC-PERP'
    const leverage = await stream.ask({ op: 'leverage.set', ...owner, market, leverage: 3 })
    expect(leverage.result).toMatchObject({ market, leverage: 3 })
    const idle = await stream.ask({ op: 'margin.preview', ...owner })
    expect(idle.result.orders).toEqual([])
    const armed = await stream.ask({ op: 'order.cancelAfter', ...owner, timeoutMs: 60_000 })
    expect(armed.result.triggerAt).toBeGreaterThan(0)
    await stream.ask({ op: 'order.cancelAfter', ...owner, timeoutMs: 0 })
    const back = await stream.ask({ op: 'leverage.set', ...owner, market, leverage: 0 })
    expect(back.result.leverage).toBe(0)

    const watcher = await TestStream.open(house.gateway)
    await watcher.signIn(house.gateway, alice)
    await watcher.ask({ op: 'subscribe', channel: 'orders', ...owner })
    await stream.ask({ op: 'order.cancelOnDisconnect', ...owner, enabled: true })
    const { result } = await stream.ask({
      op: 'order.place',
      ...(await order(alice, { price: '57000' })),
    })
    stream.close()
    await watcher.find(
      (m: Json) =>
        m.channel === 'orders' &&
        m.data.some((o: Json) => o.id === result.order.id && o.status === 'canceled'),
    )
    watcher.close()
  })

  test('market data: top of the book, candles, checksum', async () => {
    const stream = await TestStream.open(house.gateway)
    const market = 'BTC-PERP'
    for (const channel of ['book', 'book20', 'candles'])
      await stream.ask({ op: 'subscribe', channel, market })
    const wrong = await stream.ask({ op: 'subscribe', channel: 'book', market, interval: '1m' })
    expect(wrong.error).toMatchObject({ field: 'interval' })
    await trade('60000')
    const candle = await stream.find((m: Json) => m.channel === 'candles' && m.type === 'update')
    expect(candle).toMatchObject({ interval: '1m', market })
    expect(candle.data[4]).toBe('60000')
    const delta = await stream.find((m: Json) => m.channel === 'book' && m.type === 'delta')
    expect(delta.checksum).toEqual(expect.any(Number))
    await stream.find((m: Json) => m.channel === 'book20' && m.type === 'update')
    stream.close()
  })
})
