import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createClient } from './create-client.ts'
import {
  InvalidOrderError,
  NotConnectedError,
  OutcomeUnknownError,
  ReplayProtectionError,
  UnknownMarketError,
} from './errors.ts'
import { privateKeyAccount } from './signing/private-key-account.ts'
import { FakeExchange, type RestAnswer } from './testing/fake-exchange.ts'
import type { Trader } from './trader.ts'

const signer = privateKeyAccount(`0x${'11'.repeat(32)}`)
const market = { id: 'BTC-PERP', index: 3, takerFeeUnits: 45 }
const domain = {
  name: 'Plumb',
  version: '1',
  chainId: 1337,
  verifyingContract: `0x${'ab'.repeat(20)}`,
}
const terms = { market: 'BTC-PERP', side: 'buy', price: '60000', amount: '0.1' } as const

type Body = { lane: number; seq: number; maxFee: number; expiry: number; account: string }

let exchange: FakeExchange
let trader: Trader
let lanes: Record<string, number>
let open: object[]
let logins: number
/** What the exchange answers to a signed order. */
let decide: (body: Body, attempt: number) => RestAnswer
let placed: Body[]

const orderOf = ({ lane, seq }: Body, status = 'open') => ({
  order: { id: `${lane}-${seq}`, lane, laneSeq: seq, status },
  fills: [],
  seq: 1,
})
const refusal = (code: string): RestAnswer => ({
  status: 400,
  body: { error: { code, message: code } },
})

beforeEach(async () => {
  exchange = await FakeExchange.start()
  lanes = {}
  open = []
  logins = 0
  placed = []
  decide = (body) => ({ body: orderOf(body) })
  exchange.rest = (method, url, body) => {
    const path = url.split('?')[0]
    if (path === '/v1/signing') return { body: { domain } }
    if (path === '/v1/markets') return { body: { items: [market], nextCursor: null } }
    if (path === '/v1/lanes') return { body: { subaccount: 0, lanes } }
    if (path === '/v1/auth') {
      logins++
      return { body: { token: 't', expiresAt: Date.now() + 3_600_000 } }
    }
    if (path === '/v1/orders' && method === 'GET')
      return { body: { items: open, nextCursor: null } }
    placed.push(body as Body)
    return decide(body as Body, placed.length)
  }
  trader = createClient({ baseUrl: exchange.url }).trader(signer)
})
afterEach(() => exchange.close())

const slots = () => placed.map(({ lane, seq }) => `${lane}/${seq}`)

describe('lanes', () => {
  test('each order takes its own; ended ones give theirs back', async () => {
    decide = (body, attempt) => ({ body: orderOf(body, attempt === 2 ? 'closed' : 'open') })
    for (let i = 0; i < 3; i++) await trader.place(terms)
    expect(slots()).toEqual(['0/1', '1/1', '1/2'])
  })

  test('many at once never share one', async () => {
    await Promise.all(Array.from({ length: 20 }, () => trader.place(terms)))
    expect(new Set(slots()).size).toBe(20)
  })

  test('what the account used before a restart is continued', async () => {
    lanes = { '0': 41, '1': 7 }
    open = [{ lane: 0, laneSeq: 41 }]
    await trader.place(terms)
    expect(slots()).toEqual(['1/8'])
  })

  test('a rejected order gives its lane back but never its sequence number', async () => {
    decide = (body, attempt) => (attempt === 1 ? refusal('PRICE_BAND') : { body: orderOf(body) })
    await expect(trader.place(terms)).rejects.toThrow(InvalidOrderError)
    await trader.place(terms)
    expect(slots()).toEqual(['0/1', '0/2'])
  })

  test('a replayed sequence number is signed anew above it', async () => {
    await trader.place(terms)
    decide = (body) => {
      if (placed.length > 2) return { body: orderOf(body) }
      lanes = { '0': 1, '1': 99 } // another process was here
      open = [{ lane: 0, laneSeq: 1 }]
      return refusal('NONCE_USED')
    }
    await trader.place(terms)
    expect(slots()).toEqual(['0/1', '1/1', '1/100'])
  })

  test('a busy lane is left alone', async () => {
    decide = (body, attempt) => {
      open = [{ lane: 0, laneSeq: 5 }]
      return attempt === 1 ? refusal('LANE_BUSY') : { body: orderOf(body) }
    }
    await trader.place(terms)
    expect(slots()).toEqual(['0/1', '1/1'])
  })

  test('an exchange that keeps refusing is believed in the end', async () => {
    decide = () => refusal('NONCE_USED')
    await expect(trader.place(terms)).rejects.toThrow(ReplayProtectionError)
    expect(placed.length).toBe(3)
  })
})

test('defaults are the market taker fee and a day', async () => {
  await trader.place(terms)
  const [body] = placed
  expect(body).toMatchObject({ maxFee: 45, account: signer.address, timeInForce: 'GTC' })
  expect((body?.expiry ?? 0) - Date.now() / 1_000).toBeGreaterThan(86_000)
})

test('an edit keeps the lane and raises its sequence number', async () => {
  const { order } = await trader.place({ ...terms, postOnly: true })
  const full = {
    ...order,
    ...terms,
    limitPrice: terms.price,
    waiting: false,
    remaining: '0.1',
    timeInForce: 'PO',
    postOnly: true,
    maxFee: 9,
    clientOrderId: null,
    reduceOnly: false,
  }
  await trader.edit(full as typeof order, { amount: '0.05' })
  expect(slots()).toEqual(['0/1', '0/2'])
  expect(placed[1]).toMatchObject({
    amount: '0.05',
    price: '60000',
    timeInForce: 'GTC',
    postOnly: true,
    maxFee: 9,
  })
})

test('one login serves many reads', async () => {
  await Promise.all([trader.read.lanes(), trader.read.lanes(), trader.read.orders()])
  expect(logins).toBe(1)
})

test('an unknown market is refused before anything is sent', async () => {
  await expect(trader.place({ ...terms, market: 'NO' })).rejects.toThrow(UnknownMarketError)
  expect(placed).toEqual([])
})

test('no connection: nothing was sent', async () => {
  const nowhere = createClient({ baseUrl: 'http://127.0.0.1:59999', readRetries: 0 })
  await expect(nowhere.time()).rejects.toThrow(NotConnectedError)
  expect(await nowhere.isReady()).toBe(false)
  await expect(nowhere.request({ method: 'POST', path: '/v1/orders', body: {} })).rejects.toThrow(
    NotConnectedError,
  )
})

test('a connection that breaks under an order leaves its outcome open', async () => {
  await trader.prepare('BTC-PERP')
  const broken = createClient({
    baseUrl: exchange.url,
    fetch: async (input, init) =>
      init?.method === 'POST' && input === `${exchange.url}/v1/orders`
        ? Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } }))
        : fetch(input, init),
  }).trader(signer)
  await expect(broken.place(terms)).rejects.toThrow(OutcomeUnknownError)
})
