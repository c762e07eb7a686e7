import { orderReply } from '@plumb/protocol'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  type Json,
  order,
  rest,
  settlementLagS,
  startExchange,
  type TestExchange,
  TestStream,
  tokenOf,
  wallet,
} from '../test/exchange-fixture.ts'

// Other tests may share the machine: patience is not what is tested.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 })

const alice = wallet(1)
const bob = wallet(2)

let house: TestExchange
let aliceToken: string
beforeAll(async () => {
  house = await startExchange()
  await house.fund(alice, 100_000)
  await house.fund(bob, 100_000)
  aliceToken = await tokenOf(house.gateway, alice)
}, 60_000)
afterAll(() => house.close())

const post = async (signer: typeof alice, changes: Parameters<typeof order>[1] = {}) =>
  rest(house.gateway, 'POST', '/v1/orders', { body: await order(signer, changes) })

const isBook = (m: Json) => m.channel === 'book'
const get = (path: string) => rest(house.gateway, 'GET', path)

describe('a trade over REST', () => {
  test('rests, is read back, fills, and shows everywhere', async () => {
    const rested = await post(alice, {
      side: 'buy',
      price: '60000',
      amount: '0.02',
      clientOrderId: 'a-1',
    })
    expect(rested.status).toBe(200)
    expect(orderReply.parse(rested.body)).toEqual(rested.body)
    expect(rested.body).toMatchObject({
      fills: [],
      order: {
        status: 'open',
        amount: '0.02',
        filled: '0',
        clientOrderId: 'a-1',
        account: alice.address.toLowerCase(),
        digest: expect.stringMatching(/^0x[0-9a-f]{64}$/),
      },
    })
    const { id } = rested.body.order

    const read = await rest(house.gateway, 'GET', `/v1/orders/${id}`, { token: aliceToken })
    expect(read.body).toEqual(rested.body.order)

    const book = await rest(house.gateway, 'GET', '/v1/markets/BTC-PERP/book')
    expect(book.body).toMatchObject({ seq: rested.body.seq, bids: [['60000', '0.02']], asks: [] })
    const deep = await rest(house.gateway, 'GET', '/v1/markets/BTC-PERP/book?level=3')
    expect(deep.body.bids).toEqual([['60000', '0.02', id]])

    const taken = await post(bob, {
      side: 'sell',
      price: '59990',
      amount: '0.005',
      timeInForce: 'IOC',
    })
    expect(taken.body).toMatchObject({
      order: { status: 'closed', reason: 'filled', average: '60000', cost: '300' },
      fills: [{ price: '60000', amount: '0.005', liquidity: 'taker', fee: { cost: '0.135' } }],
    })
    expect(taken.body.seq).toBe(rested.body.seq + 1)

    const after = await rest(house.gateway, 'GET', `/v1/orders/client/a-1`, { token: aliceToken })
    expect(after.body).toMatchObject({ filled: '0.005', remaining: '0.015', status: 'open' })
    const fills = await rest(house.gateway, 'GET', '/v1/fills', { token: aliceToken })
    expect(fills.body.items).toMatchObject([
      { orderId: id, liquidity: 'maker', settlement: 'matched', fee: { cost: '0.045' } },
    ])
    const trades = await rest(house.gateway, 'GET', '/v1/markets/BTC-PERP/trades')
    expect(trades.body.items).toMatchObject([{ price: '60000', amount: '0.005', side: 'sell' }])
    const positions = await rest(house.gateway, 'GET', '/v1/positions', { token: aliceToken })
    expect(positions.body.items).toMatchObject([
      { market: 'BTC-PERP', side: 'long', contracts: '0.005', entryPrice: '60000' },
    ])
    const balances = await rest(house.gateway, 'GET', '/v1/balances', { token: aliceToken })
    expect(balances.body.items).toMatchObject([{ currency: 'USDC', total: '99699.955' }])
    const ticker = await rest(house.gateway, 'GET', '/v1/tickers/BTC-PERP')
    expect(ticker.body).toMatchObject({ last: '60000', bid: '60000', ask: null, mark: '60000' })

    const amended = await rest(house.gateway, 'PUT', `/v1/orders/${id}`, {
      body: await order(alice, {
        side: 'buy',
        price: '60000',
        amount: '0.01',
        lane: rested.body.order.lane,
        seq: rested.body.order.laneSeq + 100_000,
      }),
    })
    expect(amended.body.order).toMatchObject({
      id,
      filled: '0.005',
      remaining: '0.01',
      amount: '0.015',
    })
    expect(amended.body.order.digest).not.toBe(rested.body.order.digest)

    const canceled = await rest(house.gateway, 'DELETE', `/v1/orders/${id}`, { token: aliceToken })
    expect(canceled.body.order).toMatchObject({ id, status: 'canceled', reason: 'user' })
    const again = await rest(house.gateway, 'DELETE', `/v1/orders/${id}`, { token: aliceToken })
    expect(again.status).toBe(404)
    expect(again.body.error).toMatchObject({ code: 'ORDER_NOT_FOUND' })
    const empty = await rest(house.gateway, 'GET', '/v1/markets/BTC-PERP/book')
    expect(empty.body).toMatchObject({ bids: [], asks: [] })
  })

  test('the same client id and body give the first outcome, another body is refused', async () => {
    const body = await order(alice, { price: '58000', clientOrderId: 'twice' })
    const first = await rest(house.gateway, 'POST', '/v1/orders', { body })
    const second = await rest(house.gateway, 'POST', '/v1/orders', { body })
    expect(second.status).toBe(200)
    expect(second.body.order).toEqual(first.body.order)
    const other = await post(alice, { price: '58001', clientOrderId: 'twice' })
    expect(other.status).toBe(409)
    expect(other.body.error).toMatchObject({
      code: 'DUPLICATE_CLIENT_ORDER_ID',
      field: 'clientOrderId',
    })
    const gone = await rest(house.gateway, 'DELETE', '/v1/orders/client/twice', {
      token: aliceToken,
    })
    expect(gone.body.order).toMatchObject({ id: first.body.order.id, status: 'canceled' })
  })

  test('a batch answers item by item', async () => {
    const good = await order(alice, { price: '57999' })
    const bad = { ...(await order(alice)), price: 1 }
    const { status, body } = await rest(house.gateway, 'POST', '/v1/orders/batch', {
      body: { orders: [bad, good, null] },
    })
    expect(status).toBe(200)
    expect(body.results).toMatchObject([
      { error: { code: 'BAD_REQUEST', field: 'price' } },
      { order: { status: 'open' } },
      { error: { code: 'BAD_REQUEST' } },
    ])
    const all = await rest(house.gateway, 'DELETE', '/v1/orders?market=BTC-PERP&side=buy', {
      token: aliceToken,
    })
    expect(all.body.orders).toHaveLength(1)
    const none = await rest(house.gateway, 'DELETE', '/v1/orders', { token: aliceToken })
    expect(none.body.orders).toEqual([])
  })

  test('IOC and FOK that find nothing', async () => {
    for (const timeInForce of ['IOC', 'FOK'] as const) {
      const { status, body } = await post(alice, { timeInForce, price: '59000' })
      expect(status).toBe(422)
      expect(body.error.code).toBe('NOT_FILLABLE')
    }
  })
})

describe('over the stream', () => {
  test('requests keep their order: the cancel of an order sent behind it finds it', async () => {
    const stream = await TestStream.open(house.gateway)
    await stream.signIn(house.gateway, alice)
    const orders = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        order(alice, { price: '58500', clientOrderId: `fifo-${i}` }),
      ),
    )
    const { address: account } = alice
    for (const [i, body] of orders.entries()) {
      stream.socket.send(JSON.stringify({ op: 'order.place', id: i, ...body }))
      stream.socket.send(
        JSON.stringify({
          op: 'order.cancel',
          id: 100 + i,
          account,
          subaccount: 0,
          clientOrderId: `fifo-${i}`,
        }),
      )
    }
    await stream.find((m) => m.id === 119)
    for (let i = 0; i < 20; i++) {
      const placed = await stream.find((m) => m.id === i)
      const canceled = await stream.find((m) => m.id === 100 + i)
      expect(canceled.result.order).toMatchObject({
        id: placed.result.order.id,
        status: 'canceled',
      })
      expect(canceled.result.seq).toBe(placed.result.seq + 1)
    }
    stream.close()
  })

  test('public channels: snapshot, then deltas that chain', async () => {
    const stream = await TestStream.open(house.gateway)
    const result = await stream.ask({ op: 'subscribe', channel: 'book', market: 'BTC-PERP' })
    expect(result.result).toEqual({ channel: 'book', market: 'BTC-PERP' })
    await stream.ask({ op: 'subscribe', channel: 'bbo', market: 'BTC-PERP' })
    await stream.ask({ op: 'subscribe', channel: 'trades', market: 'BTC-PERP' })
    const snapshot = await stream.find(isBook)
    expect(snapshot).toMatchObject({ type: 'snapshot', data: { bids: [], asks: [] } })

    const rested = await post(alice, { price: '60000', amount: '0.01' })
    const crossing = await post(bob, { side: 'sell', price: '59999.5', amount: '0.015' })
    expect(crossing.body.order).toMatchObject({
      filled: '0.01',
      remaining: '0.005',
      status: 'open',
    })
    await stream.find((m) => m.channel === 'trades' && m.type === 'update')
    await stream.find((m) => isBook(m) && m.seq === crossing.body.seq)
    const deltas = stream.messages.filter((m) => isBook(m) && m.type === 'delta')
    expect(deltas).toMatchObject([
      {
        prevSeq: snapshot.seq,
        seq: rested.body.seq,
        data: { bids: [['60000', '0.01']], asks: [] },
      },
      {
        prevSeq: rested.body.seq,
        data: { bids: [['60000', '0']], asks: [['59999.5', '0.005']] },
      },
    ])
    expect(stream.messages.findLast((m) => m.channel === 'bbo').data).toEqual({
      bid: null,
      bidSize: null,
      ask: '59999.5',
      askSize: '0.005',
    })
    const bobToken = await tokenOf(house.gateway, bob)
    await rest(house.gateway, 'DELETE', `/v1/orders/${crossing.body.order.id}`, { token: bobToken })
    stream.close()
  })

  test('private channels need the owner, tell every transition, and resume', async () => {
    const stream = await TestStream.open(house.gateway)
    const scope = { account: alice.address, subaccount: 0 }
    const before = await stream.ask({ op: 'subscribe', channel: 'orders', ...scope })
    expect(before.error).toMatchObject({ code: 'UNKNOWN_KEY', field: 'account' })
    await stream.signIn(house.gateway, bob)
    const stranger = await stream.ask({ op: 'subscribe', channel: 'orders', ...scope })
    expect(stranger.error.code).toBe('UNKNOWN_KEY')
    await stream.signIn(house.gateway, alice)
    for (const channel of ['orders', 'fills', 'balances', 'positions'])
      await stream.ask({ op: 'subscribe', channel, ...scope })
    const snapshot = await stream.find((m) => m.channel === 'orders')
    expect(snapshot).toMatchObject({ type: 'snapshot', data: [], market: null, subaccount: 0 })

    const rested = await post(alice, { price: '60000', amount: '0.01' })
    await post(bob, { side: 'sell', price: '60000', amount: '0.004' })
    await post(bob, { side: 'sell', price: '60000', amount: '0.006' })
    await stream.find((m) => m.channel === 'orders' && m.data[0]?.status === 'closed')
    await stream.find((m) => m.channel === 'positions' && m.type === 'update')
    const orders = stream.messages.filter((m) => m.channel === 'orders' && m.type === 'update')
    expect(orders.flatMap((m) => m.data.map((o: Json) => [o.status, o.filled]))).toEqual([
      ['open', '0'],
      ['open', '0.004'],
      ['closed', '0.01'],
    ])
    let chain = snapshot.seq
    for (const { prevSeq, seq } of orders) {
      expect(prevSeq).toBe(chain)
      chain = seq
    }
    const fills = stream.messages.filter((m) => m.channel === 'fills' && m.type === 'update')
    expect(fills.flatMap((m) => m.data.map((f: Json) => f.amount))).toEqual(['0.004', '0.006'])
    expect(
      stream.messages.filter((m) => m.channel === 'balances' && m.type === 'update'),
    ).toHaveLength(2)
    stream.close()

    const back = await TestStream.open(house.gateway)
    await back.signIn(house.gateway, alice)
    const resumed = await back.ask({
      op: 'resume',
      channel: 'orders',
      ...scope,
      seq: rested.body.seq,
    })
    expect(resumed.result).toMatchObject({ resumed: true })
    await back.find((m) => m.channel === 'orders' && m.data[0]?.status === 'closed')
    expect(back.messages.filter((m) => m.channel === 'orders')).toHaveLength(2)
    const old = await back.ask({ op: 'resume', channel: 'fills', ...scope, seq: 1 })
    expect(old.error.code).toBe('RESUME_TOO_OLD')
    await back.find((m) => m.channel === 'fills' && m.type === 'snapshot')
    back.close()
  })
})

test('a second gateway that starts late shows the very same', async () => {
  const other = await house.another()
  const paths = [
    '/v1/markets',
    '/v1/markets/BTC-PERP/book?level=3',
    '/v1/markets/BTC-PERP/trades',
    '/v1/markets/BTC-PERP/candles',
  ]
  for (const path of paths)
    expect((await rest(other, 'GET', path)).body).toEqual(
      (await rest(house.gateway, 'GET', path)).body,
    )
  for (const path of ['/v1/orders?status=closed', '/v1/fills', '/v1/positions', '/v1/account'])
    expect((await rest(other, 'GET', path, { token: aliceToken })).body).toEqual(
      (await rest(house.gateway, 'GET', path, { token: aliceToken })).body,
    )
})

test('lists: both directions, no row twice or left out', async () => {
  const all = await rest(house.gateway, 'GET', '/v1/orders?status=closed&limit=1000', {
    token: aliceToken,
  })
  const ids = all.body.items.map((o: Json) => o.id)
  expect(ids.length).toBeGreaterThan(20)
  const forward: string[] = []
  let path = '/v1/orders?status=closed&limit=7&since=0'
  for (;;) {
    const { body } = await rest(house.gateway, 'GET', path, { token: aliceToken })
    forward.push(...body.items.map((o: Json) => o.id))
    if (body.nextCursor === null) break
    path = `/v1/orders?status=closed&limit=7&cursor=${body.nextCursor}`
  }
  expect(forward).toEqual(ids)
  const backward: string[] = []
  path = '/v1/orders?status=closed&limit=7'
  for (;;) {
    const { body } = await rest(house.gateway, 'GET', path, { token: aliceToken })
    backward.unshift(...body.items.map((o: Json) => o.id))
    if (body.nextCursor === null) break
    path = `/v1/orders?status=closed&limit=7&cursor=${body.nextCursor}`
  }
  expect(backward).toEqual(ids)
})

test('metadata comes with an ETag', async () => {
  for (const path of ['/v1/markets', '/v1/markets/BTC-PERP', '/v1/currencies', '/v1/signing']) {
    const etag = (await get(path)).headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[\w-]{22}"$/)
    const again = await rest(house.gateway, 'GET', path, { headers: { 'if-none-match': etag } })
    expect([again.status, again.body]).toEqual([304, ''])
  }
})

test('system reads', async () => {
  expect((await get('/ready')).status).toBe(200)
  expect((await get('/health')).body).toMatchObject({
    ok: true,
    secp256k1Backend: 'secp256k1-native',
  })
  expect((await get('/metrics')).body).toContain('plumb_signature_backend_info')
  expect((await get('/v1/status')).body).toMatchObject({ state: 'ok', withdrawals: 'open' })
  expect((await get('/v1/signing')).body).toMatchObject({ chainId: 1337, settlementLagS })
  expect((await get('/v1/currencies')).body.items.map((c: Json) => c.id)).toEqual([
    'USDC',
    'BTC',
    'ETH',
  ])
  expect((await get('/docs/json')).body).toMatchObject({ openapi: '3.1.0' })
  expect((await get('/docs/')).status).toBe(200)
  expect((await get('/')).status).toBe(200)
  expect((await get('/v1/devnet')).status).toBe(404)
  expect((await get('/v1/reconciliation')).status).toBe(503)
})
