import { encodeCommand } from '@plumb/model'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import {
  type Json,
  login,
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

const [alice, bob, key, narrow, stranger] = [71, 72, 73, 74, 75].map(wallet) as [
  ReturnType<typeof wallet>,
  ReturnType<typeof wallet>,
  ReturnType<typeof wallet>,
  ReturnType<typeof wallet>,
  ReturnType<typeof wallet>,
]
const narrowEnd = Math.floor(Date.now() / 1_000) + 50_000

let house: TestExchange
let aliceToken = ''
beforeAll(async () => {
  house = await startExchange()
  for (const trader of [alice, bob]) await house.fund(trader, 100_000)
  await house.fund(alice, 10_000, 1)
  await house.registerKey(alice, key)
  // Subaccount 0, BTC-PERP, one position of 0.05, orders up to 3,000 and 6,500 USDC in all.
  await house.registerKey(alice, narrow, {
    allSubaccounts: 0,
    marketsLow: 1,
    marketsHigh: 0,
    maxPositionLots: 500,
    maxOrderNotionalQuote: 3_000_000_000,
    notionalQuote: 6_500_000_000,
    expiryS: narrowEnd,
  })
  aliceToken = await tokenOf(house.gateway, alice)
}, 60_000)
afterAll(() => house.close())

type Changes = Parameters<typeof order>[1]
const signedBy = (signer: typeof key, changes: Changes = {}) =>
  order(signer, { account: alice.address, signer: signer.address, ...changes })
const post = async (signer: typeof key, changes: Changes = {}) =>
  rest(house.gateway, 'POST', '/v1/orders', { body: await signedBy(signer, changes) })
const loginOf = (signer: typeof key, changes: object = {}) =>
  login(signer, { account: alice.address, signer: signer.address, ...changes })
const keyToken = async (signer: typeof key) =>
  (await rest(house.gateway, 'POST', '/v1/auth', { body: await loginOf(signer) })).body.token
const agents = async () =>
  (await rest(house.gateway, 'GET', '/v1/agents', { token: aliceToken })).body.items

test('a key places, amends and cancels for its owner; what it has left is shown', async () => {
  const placed = await post(key, { price: '59000', amount: '0.1' })
  expect(placed.body.order).toMatchObject({
    account: alice.address.toLowerCase(),
    signer: key.address.toLowerCase(),
    status: 'open',
  })
  const { id, lane, laneSeq } = placed.body.order
  const [, own] = await agents()
  expect(own).toMatchObject({
    address: key.address.toLowerCase(),
    status: 'active',
    subaccount: null,
    markets: ['BTC-PERP', 'ETH-PERP'],
    notional: '1000000',
    notionalLeft: '994100',
    notionalFilled: '0',
    maxPosition: null,
    maxOrderNotional: null,
    openOrders: 1,
  })
  const amended = await rest(house.gateway, 'PUT', `/v1/orders/${id}`, {
    body: await signedBy(key, { price: '60000', amount: '0.02', lane, seq: laneSeq + 100_000 }),
  })
  expect(amended.body.order).toMatchObject({ id, signer: key.address.toLowerCase() })
  await rest(house.gateway, 'POST', '/v1/orders', {
    body: await order(bob, { side: 'sell', price: '60000', amount: '0.005' }),
  })
  const token = await keyToken(key)
  const me = await rest(house.gateway, 'GET', '/v1/me', { token })
  expect(me.body).toMatchObject({
    account: alice.address.toLowerCase(),
    agent: { notionalFilled: '300', notionalLeft: '998800' },
  })
  const canceled = await rest(house.gateway, 'DELETE', `/v1/orders/${id}`, { token })
  expect(canceled.body.order).toMatchObject({ status: 'canceled', filled: '0.005' })
  const one = await rest(house.gateway, 'GET', `/v1/agents/${key.address}`, { token })
  expect(one.body).toMatchObject({ notionalFilled: '300', notionalLeft: '999700', openOrders: 0 })
})

const big = '1'.repeat(3)
const refusals: [code: string, status: number, field: string, limit: unknown, changes: Changes][] =
  [
    ['KEY_EXPIRED', 422, 'expiry', narrowEnd, { expiry: narrowEnd + 1 }],
    ['KEY_SUBACCOUNT', 403, 'subaccount', 0, { subaccount: 1 }],
    ['KEY_MARKET', 403, 'market', undefined, { market: 'ETH-PERP', price: '3000' }],
    ['KEY_ORDER_NOTIONAL', 422, 'amount', '3000', { price: '60000', amount: '0.0501' }],
  ]
test.each(refusals)('%s at the door', async (code, status, field, limit, changes) => {
  const before = (await rest(house.gateway, 'GET', '/ready')).body
  const refused = await post(narrow, { expiry: narrowEnd, ...changes })
  expect(refused.body.error).toMatchObject({
    code,
    field,
    ...(limit === undefined ? {} : { limit }),
  })
  expect(refused.status).toBe(status)
  expect((await rest(house.gateway, 'GET', '/ready')).body).toEqual(before)
})

test('position and notional in all are refused by the engine, with what is left', async () => {
  const at = { price: '58000', expiry: narrowEnd }
  const first = await post(narrow, { ...at, amount: '0.045' })
  expect(first.body.order).toMatchObject({ status: 'open' })
  // The position of 0.005 of before counts.
  const beyond = await post(narrow, { ...at, amount: '0.0451' })
  expect(beyond.body.error).toMatchObject({ code: 'KEY_POSITION', field: 'amount', limit: '0.05' })
  const second = await post(narrow, { ...at, price: '59000', amount: '0.045' })
  expect(second.body.order).toMatchObject({ status: 'open' })
  const spent = await post(narrow, { ...at, amount: '0.03' })
  expect(spent.body.error).toMatchObject({ code: 'KEY_NOTIONAL', field: 'amount', limit: '1235' })
  await rest(house.gateway, 'DELETE', '/v1/orders', { token: await keyToken(narrow) })
  expect(await agents()).toMatchObject([{ notionalLeft: '6500' }, {}])
})

test('a key can only trade', async () => {
  const withdrawal = { ...(await house.withdrawal(key, '10')), account: alice.address }
  const transfer = { ...(await house.transfer(key, 0, 1, '10')), account: alice.address }
  for (const [path, body] of [
    ['/v1/withdrawals', withdrawal],
    ['/v1/transfers', transfer],
  ] as const) {
    const refused = await rest(house.gateway, 'POST', path, { body })
    expect([refused.status, refused.body.error.code]).toEqual([403, 'KEY_FORBIDDEN'])
  }
  const token = await keyToken(narrow)
  const elsewhere = await rest(house.gateway, 'DELETE', '/v1/orders?subaccount=1', { token })
  expect(elsewhere.body.error).toMatchObject({ code: 'KEY_SUBACCOUNT', field: 'subaccount' })
  const leverage = { leverage: 5, subaccount: 1 }
  const path = '/v1/markets/BTC-PERP/leverage'
  const set = await rest(house.gateway, 'PUT', path, { token, body: leverage })
  expect(set.body.error).toMatchObject({ code: 'KEY_SUBACCOUNT' })
})

test('who signs must be who is named, and a key of the account', async () => {
  const unknown = await post(stranger)
  expect([unknown.status, unknown.body.error.code]).toEqual([401, 'UNKNOWN_SESSION_KEY'])
  const ofAnother = await order(key, { account: bob.address, signer: key.address })
  const answer = await rest(house.gateway, 'POST', '/v1/orders', { body: ofAnother })
  expect(answer.body.error.code).toBe('UNKNOWN_SESSION_KEY')
  const forged = { ...(await signedBy(stranger)), signer: key.address }
  const bad = await rest(house.gateway, 'POST', '/v1/orders', { body: forged })
  expect([bad.status, bad.body.error.code]).toEqual([401, 'BAD_SIGNATURE'])
  // The owner's signature over the flags of a key is the key's to make.
  const owners = { ...(await signedBy(alice)), signer: key.address }
  const swapped = await rest(house.gateway, 'POST', '/v1/orders', { body: owners })
  expect(swapped.body.error.code).toBe('BAD_SIGNATURE')
  const malformed = { ...(await signedBy(key)), signer: `0x${big}` }
  const told = await rest(house.gateway, 'POST', '/v1/orders', { body: malformed })
  expect(told.body.error).toMatchObject({ code: 'BAD_REQUEST', field: 'signer' })
  for (const [body, code] of [
    [await loginOf(stranger), 'UNKNOWN_SESSION_KEY'],
    [{ ...(await loginOf(stranger)), signer: key.address }, 'BAD_SIGNATURE'],
  ] as const)
    expect((await rest(house.gateway, 'POST', '/v1/auth', { body })).body.error.code).toBe(code)
  const none = await rest(house.gateway, 'GET', `/v1/agents/${stranger.address}`, {
    token: aliceToken,
  })
  expect([none.status, none.body.error.code]).toEqual([404, 'NOT_FOUND'])
})

test('over the stream; a revoked key is refused everywhere and its orders close', async () => {
  const stream = await TestStream.open(house.gateway)
  const { result } = await stream.ask({ op: 'auth', token: await keyToken(narrow) })
  expect(result.expiresAt).toBeLessThanOrEqual(narrowEnd * 1_000)
  const account = alice.address
  const at = { price: '58000', amount: '0.01', expiry: narrowEnd }
  const { result: placed } = await stream.ask({
    op: 'order.place',
    ...(await signedBy(narrow, at)),
  })
  const named = { account, subaccount: 0, orderId: placed.order.id }
  const wrong = await stream.ask({ op: 'order.cancel', ...named, subaccount: 1 })
  expect(wrong.error.code).toBe('KEY_SUBACCOUNT')
  await stream.ask({ op: 'subscribe', channel: 'orders', account, subaccount: 0 })
  await house.revokeKey(narrow)
  const closed = await stream.find(
    ({ channel, data }) => channel === 'orders' && data?.[0]?.reason === 'key_revoked',
  )
  expect(closed.data[0]).toMatchObject({ id: placed.order.id, status: 'canceled' })
  const refused = await stream.ask({ op: 'order.place', ...(await signedBy(narrow, at)) })
  expect(refused.error).toMatchObject({ code: 'KEY_REVOKED', field: 'signer' })
  const cancel = await stream.ask({ op: 'order.cancel', ...named })
  expect(cancel.error.code).toBe('KEY_REVOKED')
  const again = await rest(house.gateway, 'POST', '/v1/auth', { body: await loginOf(narrow) })
  expect([again.status, again.body.error.code]).toEqual([403, 'KEY_REVOKED'])
  expect(await agents()).toMatchObject([{ status: 'revoked', openOrders: 0 }, { status: 'active' }])
  stream.close()
})

/** Finds the message that tells a subaccount of a key's status. */
const tells = (of: typeof key, status: string, subaccount: number) => {
  const address = of.address.toLowerCase()
  const isIt = (agent: Json) => agent.address === address && agent.status === status
  return (m: Json) =>
    m.channel === 'agents' &&
    m.type === 'update' &&
    m.subaccount === subaccount &&
    m.data.some(isIt)
}

test('the stream tells when a key is registered, revoked and over', async () => {
  const [first, short] = [wallet(76), wallet(77)]
  const stream = await TestStream.open(house.gateway)
  await stream.signIn(house.gateway, alice)
  const main = { account: alice.address, subaccount: 0 }
  await stream.ask({ op: 'subscribe', channel: 'agents', ...main })
  await stream.ask({ op: 'subscribe', channel: 'agents', ...main, subaccount: 1 })
  const snapshot = await stream.find((m: Json) => m.channel === 'agents')
  const shown = await agents()
  expect(snapshot).toMatchObject({ type: 'snapshot', market: null })
  expect(snapshot.data.map(({ address }: Json) => address)).toEqual(
    shown.map(({ address }: Json) => address),
  )
  await house.registerKey(alice, first)
  for (const subaccount of [0, 1]) await stream.find(tells(first, 'active', subaccount))
  await house.revokeKey(first)
  const revoked = await stream.find(tells(first, 'revoked', 0))
  expect(revoked.prevSeq).toBeLessThan(revoked.seq)
  const expiryS = Math.floor(Date.now() / 1_000) + 2
  await house.registerKey(alice, short, { allSubaccounts: 0, expiryS })
  await stream.find(tells(short, 'active', 0))
  await vi.waitFor(
    async () => {
      await house.commands.submit(encodeCommand({ kind: 'Tick' }))
      expect(stream.messages.some(tells(short, 'expired', 0))).toBe(true)
    },
    { timeout: 20_000, interval: 200 },
  )
  // It is of subaccount 0 alone; and what was missed is told to who comes back.
  expect(stream.messages.some(tells(short, 'active', 1))).toBe(false)
  stream.close()
  const back = await TestStream.open(house.gateway)
  await back.signIn(house.gateway, alice)
  const { result } = await back.ask({ op: 'resume', channel: 'agents', ...main, seq: revoked.seq })
  expect(result.resumed).toBe(true)
  await back.find(tells(short, 'active', 0))
  await back.find(tells(short, 'expired', 0))
  back.close()
})
