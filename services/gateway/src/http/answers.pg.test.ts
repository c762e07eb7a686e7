//! What is answered is what is documented: every read of `/v1/openapi`, on an account that has done something.
import { databasesOf } from '@plumb/ledger/testing'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import {
  type Json,
  order,
  rest,
  startExchange,
  type TestExchange,
  TestStream,
  tokenOf,
  wallet,
} from '../../test/exchange-fixture.ts'
import { writeLedger } from '../../test/write-ledger.ts'

// Other tests may share the machine: patience is not what is tested.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const [alice, bob, key] = [wallet(161), wallet(162), wallet(163)]
let house: TestExchange
let stopWriter: () => Promise<void>
let token: string
let document: Json
const ids = { open: '', filled: '', canceled: '' }

const place = async (signer: typeof alice, terms: object): Promise<Json> => {
  const body = await order(signer, terms)
  const answer = await rest(house.gateway, 'POST', '/v1/orders', { body })
  expect(answer.body.error).toBeUndefined()
  return answer.body.order
}

beforeAll(async () => {
  const databaseUrl = await databasesOf(inject('postgresUrl')).createDatabase()
  house = await startExchange({ databaseUrl })
  stopWriter = await writeLedger(house, databaseUrl)
  await house.fund(alice, 1_000_000)
  await house.fund(bob, 1_000_000)
  await house.registerKey(alice, key)
  token = await tokenOf(house.gateway, alice)
  await place(bob, { side: 'sell', price: '60000', amount: '0.1' })
  ids.filled = (await place(alice, { price: '60000', amount: '0.05' })).id
  const terms = {
    price: '58000',
    clientOrderId: 'mine',
    triggerKind: 'stop',
    triggerPrice: '62000',
  }
  ids.open = (await place(alice, { ...terms, price: '63000' })).id
  ids.canceled = (await place(alice, { price: '57000' })).id
  await rest(house.gateway, 'DELETE', `/v1/orders/${ids.canceled}`, { token })
  for (const body of [await house.transfer(alice, 0, 1, '25')])
    await rest(house.gateway, 'POST', '/v1/transfers', { token, body })
  const withdrawal = await house.withdrawal(alice, '10')
  await rest(house.gateway, 'POST', '/v1/withdrawals', { token, body: withdrawal })
  document = (await rest(house.gateway, 'GET', '/v1/openapi')).body
})
afterAll(async () => {
  await stopWriter()
  await house.close()
})

/** Where a value is not what a schema says: fields it does not name, fields that are missing. */
function differences(schema: Json, value: Json, at = ''): string[] {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1)
    return differences(document.components.schemas[name], value, at)
  }
  const either = schema.anyOf ?? schema.oneOf
  if (either !== undefined) {
    const found = either.map((one: Json) => differences(one, value, at))
    return found.find((list: string[]) => list.length === 0) ?? found[0]
  }
  if (schema.type === 'null') return value === null ? [] : [`${at} is not null`]
  if (schema.type === 'array') {
    if (!Array.isArray(value)) return [`${at} is no list`]
    const of = (i: number) => schema.prefixItems?.[i] ?? schema.items ?? {}
    return value.flatMap((item, i) => differences(of(i), item, `${at}[${i}]`))
  }
  if (schema.type !== 'object' && schema.properties === undefined)
    return schema.type === 'string' && typeof value !== 'string' ? [`${at} is no text`] : []
  if (typeof value !== 'object' || value === null) return [`${at} is no object`]
  const { properties = {}, required = [], additionalProperties } = schema
  const open = typeof additionalProperties === 'object' ? additionalProperties : undefined
  return [
    ...required
      .filter((name: string) => !(name in value))
      .map((name: string) => `${at}.${name} is missing`),
    ...Object.entries(value).flatMap(([name, inner]) => {
      const known = properties[name] ?? open
      return known === undefined
        ? [`${at}.${name} is not documented`]
        : differences(known, inner, `${at}.${name}`)
    }),
  ]
}

const filled = (path: string) =>
  path
    .replace('{market}', 'BTC-PERP')
    .replace('{id}', ids.filled)
    .replace('{clientOrderId}', 'mine')
    .replace('{address}', key.address)

/** Without a margin service there is nothing to answer. */
const elsewhere = new Set([
  '/v1/margin-notices',
  '/v1/warnings',
  '/v1/devnet',
  '/v1/markets/{market}/adl',
])

test('every read answers the fields that the documentation names, and no others', async () => {
  const found: string[] = []
  let reads = 0
  for (const [path, { get }] of Object.entries<Json>(document.paths)) {
    const schema = get?.responses[200].content?.['application/json'].schema
    if (schema === undefined || elsewhere.has(path)) continue
    const { status, body } = await rest(house.gateway, 'GET', filled(path), { token })
    expect(status, path).toBe(200)
    found.push(...differences(schema, body, path))
    reads += 1
  }
  expect(found).toEqual([])
  expect(reads).toBeGreaterThan(35)
})

test('every read of /v1 says what it answers', () => {
  const silent = Object.entries<Json>(document.paths)
    .filter(([path, { get }]) => path.startsWith('/v1/') && get !== undefined)
    .filter(([, { get }]) => get.responses[200].content === undefined)
    .map(([path]) => path)
  // Demo keys of a devnet, integers for the sdk's own simulation, and files.
  expect(silent).toEqual(['/v1/devnet', '/v1/margin/inputs', '/v1/export/{file}'])
})

const ordersOf = async (query: string) => {
  const { body } = await rest(house.gateway, 'GET', `/v1/orders?${query}`, { token })
  return body.items.map(({ id }: Json) => id)
}

test('orders are listed by status', async () => {
  expect(await ordersOf('status=open')).toEqual([ids.open])
  expect(await ordersOf('status=closed')).toEqual([ids.filled, ids.canceled])
  expect(await ordersOf('status=canceled')).toEqual([ids.canceled])
})

test('a pending withdrawal says how many are paid before it', async () => {
  const { body } = await rest(house.gateway, 'GET', '/v1/withdrawals', { token })
  expect(body.items).toMatchObject([{ status: 'pending', queuePlace: 1, eta: null }])
})

test('/me counts the connections whose end cancels the orders', async () => {
  const counted = async () =>
    (await rest(house.gateway, 'GET', '/v1/me', { token })).body.subaccounts.map(
      (one: Json) => one.cancelOnDisconnect,
    )
  expect(await counted()).toEqual([0, 0])
  const stream = await TestStream.open(house.gateway)
  await stream.signIn(house.gateway, alice)
  const owner = { account: alice.address, subaccount: 1 }
  await stream.ask({ op: 'order.cancelOnDisconnect', ...owner, enabled: true })
  expect(await counted()).toEqual([0, 1])
  stream.close()
  await vi.waitFor(async () => expect(await counted()).toEqual([0, 0]), { timeout: 20_000 })
})
