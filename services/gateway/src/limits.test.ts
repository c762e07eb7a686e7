import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
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

const alice = wallet(31)
const maker = wallet(32)
const rate = (perSecond: number, burst: number) => ({ perSecond, burst })

let house: TestExchange
let token: string
beforeAll(async () => {
  house = await startExchange({
    connectionsPerAddressMax: 5,
    traffic: {
      ordersPerAccount: rate(1, 5),
      cancelsPerAccount: rate(1, 5),
      requestsPerAddress: rate(20, 60),
      badSignaturesPerAddress: rate(1, 4),
      exempt: new Set([maker.address.toLowerCase()]),
    },
  })
  await house.fund(alice, 100_000)
  await house.fund(maker, 100_000)
  token = await tokenOf(house.gateway, alice)
}, 60_000)
afterAll(() => house.close(), 30_000)

const place = async (signer: typeof alice, changes = {}) =>
  rest(house.gateway, 'POST', '/v1/orders', {
    body: await order(signer, { price: '58000', ...changes }),
  })

describe('rate limits', () => {
  test('orders are refused beyond the limit, cancels are not, the exempt are not', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => place(alice)))
    const codes = answers.map(({ status }) => status).toSorted((a, b) => a - b)
    expect(codes.filter((s) => s === 200).length).toBeGreaterThanOrEqual(5)
    expect(codes.at(-1)).toBe(429)
    const refused = answers.find(({ status }) => status === 429)
    expect(refused?.body.error).toMatchObject({ code: 'RATE_LIMITED', limit: 5 })
    expect(refused?.body.error.retryAfter).toBeGreaterThan(0)
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(refused?.headers.get('ratelimit-limit')).toBe('5')
    expect(refused?.headers.get('ratelimit-remaining')).toBe('0')

    const canceled = await rest(house.gateway, 'DELETE', '/v1/orders', { token })
    expect(canceled.body.orders.length).toBeGreaterThanOrEqual(5)
    const many = await Promise.all(Array.from({ length: 30 }, () => place(maker)))
    expect(many.every(({ status }) => status === 200)).toBe(true)
  })

  test('the stream says the same', async () => {
    const stream = await TestStream.open(house.gateway)
    const bodies = await Promise.all(
      Array.from({ length: 8 }, () => order(alice, { price: '58000' })),
    )
    const answers: Json[] = await Promise.all(
      bodies.map((body) => stream.ask({ op: 'order.place', ...body })),
    )
    const refused = answers.find((m) => m.error !== undefined)
    expect(refused.error).toMatchObject({ code: 'RATE_LIMITED', limit: 5 })
    stream.close()
  })

  test('reads carry the headers and end at the limit of the address', async () => {
    const first = await rest(house.gateway, 'GET', '/v1/time')
    expect(first.headers.get('ratelimit-limit')).toBe('60')
    const answers = await Promise.all(
      Array.from({ length: 120 }, () => rest(house.gateway, 'GET', '/v1/time')),
    )
    expect(answers.some(({ status }) => status === 429)).toBe(true)
    expect((await rest(house.gateway, 'GET', '/health')).status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 1_500))
  })

  test('a name that others forge is not believed from their address for long', async () => {
    const forged = { ...(await order(alice, { price: '58000' })), account: maker.address }
    const answers: number[] = []
    for (let i = 0; i < 6; i++)
      answers.push((await rest(house.gateway, 'POST', '/v1/orders', { body: forged })).status)
    expect(answers.slice(0, 4)).toEqual([401, 401, 401, 401])
    expect(answers.at(-1)).toBe(429)
  })
})

test('connections of one address are capped', async () => {
  const streams = await Promise.all(Array.from({ length: 5 }, () => TestStream.open(house.gateway)))
  await expect(TestStream.open(house.gateway)).rejects.toThrow('429')
  for (const stream of streams) stream.close()
  await expect
    .poll(async () => {
      const stream = await TestStream.open(house.gateway).catch(() => null)
      stream?.close()
      return stream !== null
    })
    .toBe(true)
})

/** Sends raw bytes and hears everything until the end. */
const raw = (text: string, endAfterMs = 3_000) =>
  new Promise<string>((resolve) => {
    const { port } = new URL(house.gateway.url)
    const socket = connect(Number(port), '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk.toString()
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', () => resolve(answer))
    socket.write(text)
    setTimeout(() => socket.destroy(), endAfterMs)
  })

describe('the socket edge', () => {
  test('what is not HTTP, and headers too large, are answered in our shape', async () => {
    expect(await raw('hello\r\n\r\n')).toContain('"code":"BAD_REQUEST"')
    const large = `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`
    expect(await raw(large)).toMatch(/^HTTP\/1\.1 431[^]*PAYLOAD_TOO_LARGE/)
  })

  test('a sender of half a request is let go', async () => {
    const started = Date.now()
    const half = 'POST /v1/orders HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
    await raw(half, 14_000)
    expect(Date.now() - started).toBeLessThan(13_000)
  }, 20_000)

  test('a reader that does not read is closed, and costs no more than its queue', async () => {
    const stream = await TestStream.open(house.gateway)
    await stream.ask({ op: 'auth', token: await tokenOf(house.gateway, maker) })
    const scope = { account: maker.address, subaccount: 0 }
    await stream.ask({ op: 'subscribe', channel: 'orders', ...scope })
    stream.socket.pause()
    const closed = new Promise<number>((resolve) => stream.socket.once('close', resolve))
    const other = await TestStream.open(house.gateway)
    await other.signIn(house.gateway, maker)
    for (let i = 0; i < 100; i++) {
      const bodies = await Promise.all(
        Array.from({ length: 100 }, () => order(maker, { price: '58000', timeInForce: 'GTC' })),
      )
      await Promise.all(bodies.map((body) => other.ask({ op: 'order.place', ...body })))
      await other.ask({ op: 'order.cancelAll', ...scope })
      const text = await house.gateway.metrics.text()
      if (text.includes('plumb_stream_closed_total{code="4008"')) break
    }
    stream.socket.resume()
    expect(await closed).toBe(4008)
    other.close()
  }, 60_000)
})

describe('without the sequencer', () => {
  test('orders are refused or open, never called failed; afterwards all goes on', async () => {
    house.killSequencer()
    await expect
      .poll(async () => (await rest(house.gateway, 'GET', '/ready')).status, { timeout: 5_000 })
      .toBe(503)
    const refused = await place(maker)
    expect([refused.status, refused.body.error.code]).toEqual([503, 'UNAVAILABLE'])
    expect((await rest(house.gateway, 'GET', '/v1/markets/BTC-PERP/book')).status).toBe(200)
    await house.startSequencer()
    await expect
      .poll(async () => (await rest(house.gateway, 'GET', '/ready')).status, { timeout: 10_000 })
      .toBe(200)
    expect((await place(maker)).status).toBe(200)
  }, 60_000)
})
