import { errorTable, streamRequests } from '@plumb/protocol'
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
import { orderExamples, streamExamples } from './http/doc-examples.ts'

// Other tests may share the machine: patience is not what is tested.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 })

const alice = wallet(81)
const bob = wallet(82)
let house: TestExchange
let stream: TestStream
beforeAll(async () => {
  house = await startExchange()
  await house.fund(alice, 1_000_000)
  await house.fund(bob, 1_000_000)
  stream = await TestStream.open(house.gateway)
  await rest(house.gateway, 'POST', '/v1/orders', {
    body: await order(bob, { side: 'sell', price: '60500', amount: '1' }),
  })
}, 60_000)
afterAll(() => house.close())

/** The example with an account of this exchange, its lane and its signature. */
const ownOrder = async (example: object | undefined) => {
  const { account: _a, lane: _l, seq: _s, expiry: _e, signature: _g, ...terms } = Object(example)
  return order(alice, terms)
}

test('every order that the documentation shows is taken', async () => {
  const { body } = await rest(house.gateway, 'GET', '/docs/json')
  const shown = body.paths['/v1/orders'].post.requestBody.content['application/json'].examples
  expect(Object.keys(shown)).toEqual(Object.keys(orderExamples))
  for (const [name, { value }] of Object.entries<{ value: object }>(shown)) {
    const answer = await rest(house.gateway, 'POST', '/v1/orders', { body: await ownOrder(value) })
    expect(answer.body.error, name).toBeUndefined()
    expect(answer.status, name).toBe(200)
  }
  const token = await tokenOf(house.gateway, alice)
  await rest(house.gateway, 'DELETE', '/v1/orders', { token })
})

/** What must be true of the example before it can be sent: its own account, orders that exist, a real token. */
const prepared = async (op: string, example: Json): Promise<Json> => {
  const owned = 'account' in example ? { ...example, account: alice.address } : example
  if (op === 'auth') return { ...owned, token: await tokenOf(house.gateway, alice) }
  if (op === 'order.place') return { op, id: owned.id, ...(await ownOrder(example)) }
  if (op === 'order.batch')
    return { ...owned, orders: await Promise.all(example.orders.map(ownOrder)) }
  if (op === 'order.edit') {
    const { result } = await stream.ask({
      op: 'order.place',
      ...(await ownOrder(orderExamples['postOnly'])),
    })
    const { op: _op, id: _id, orderId: _order, ...terms } = example
    const { id, lane, laneSeq } = result.order
    const edited = await order(alice, {
      ...terms,
      account: alice.address,
      lane,
      seq: laneSeq + 1,
    })
    return { op, id: owned.id, orderId: id, ...edited }
  }
  if (op === 'transfer')
    return { op, id: owned.id, ...(await house.transfer(alice, 0, 1, example.amount)) }
  if (op === 'withdraw')
    return { op, id: owned.id, ...(await house.withdrawal(alice, example.amount)) }
  return owned
}
describe('the stream’s documentation', () => {
  /** Examples that are told, by the code that stands here, that there is nothing for them to do. */
  const honest: Record<string, string> = {
    resume: 'RESUME_TOO_OLD',
    // Here is no ledger; with one they are sent in ledger-stream.pg.test.ts.
    'subscribe ledger': 'HISTORY_UNAVAILABLE',
    'resume ledger': 'HISTORY_UNAVAILABLE',
  }

  test('is a document of every op and channel, and a page', async () => {
    const { body } = await rest(house.gateway, 'GET', '/docs/stream.json')
    expect(body.asyncapi).toBe('3.0.0')
    const { messages } = body.channels.stream
    for (const op of Object.keys(streamRequests)) expect(messages).toHaveProperty([`request.${op}`])
    const references = [
      ...JSON.stringify(body).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g),
    ]
    expect(references.length).toBeGreaterThan(20)
    for (const [, name] of references) expect(body.components.schemas).toHaveProperty([name ?? ''])
    const page = await rest(house.gateway, 'GET', '/docs/stream')
    expect(page.status).toBe(200)
    expect(page.body).toContain('order.cancelOnDisconnect')
    expect((await rest(house.gateway, 'GET', '/v1/asyncapi')).body).toEqual(body)
  })

  test('every frame that it shows is answered as it says', async () => {
    const { body } = await rest(house.gateway, 'GET', '/docs/stream.json')
    for (const op of Object.keys(streamExamples)) {
      for (const { name, payload } of body.channels.stream.messages[`request.${op}`].examples) {
        const { result, error } = await stream.ask(await prepared(op, payload))
        expect(error?.code, name).toBe(honest[name])
        if (honest[name] === undefined) expect(result, name).toBeDefined()
      }
    }
  })

  test('the error table is in the page of REST', async () => {
    const { body } = await rest(house.gateway, 'GET', '/docs/json')
    for (const code of Object.keys(errorTable)) expect(body.info.description).toContain(code)
  })
})
