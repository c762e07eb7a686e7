import { afterAll, beforeAll, expect, test, vi } from 'vitest'
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
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const alice = wallet(111)
const owner = { account: alice.address, subaccount: 0 }
let house: TestExchange
beforeAll(async () => {
  house = await startExchange()
  await house.fund(alice, 1_000_000)
}, 60_000)
afterAll(() => house.close())

test('a closing gateway answers what it took, refuses what is new, cancels for those who asked, and says goodbye', async () => {
  const gateway = await house.another()
  const token = await tokenOf(house.gateway, alice)
  const stream = await TestStream.open(gateway)
  await stream.signIn(gateway, alice)
  await stream.ask({ op: 'order.cancelOnDisconnect', ...owner, enabled: true })
  const bodies = await Promise.all(
    Array.from({ length: 40 }, (_, i) => order(alice, { price: String(57_500 + i) })),
  )
  for (const [i, body] of bodies.entries())
    stream.socket.send(JSON.stringify({ op: 'order.place', id: `o${i}`, ...body }))
  await stream.find((message: Json) => message.id === 'o0')
  const closed = gateway.close()
  expect(gateway.ready().ready).toBe(false)
  const late = await order(alice, { price: '57000' })
  stream.socket.send(JSON.stringify({ op: 'order.place', id: 'late', ...late }))
  await closed
  await vi.waitFor(() => expect(stream.closed).toMatchObject({ code: 1001 }), { timeout: 20_000 })
  const answers = stream.messages.filter((message: Json) => String(message.id).startsWith('o'))
  expect(answers).toHaveLength(40)
  // Every one of them was placed or refused, none left open; and those that were placed are gone with the connection.
  for (const { result, error } of answers)
    expect(result?.order.status ?? error.code).toMatch(/^(?:open|UNAVAILABLE)$/)
  expect(answers.some(({ result }: Json) => result !== undefined)).toBe(true)
  const refused = stream.messages.find((message: Json) => message.id === 'late')
  if (refused !== undefined) expect(refused.error.code).toBe('UNAVAILABLE')
  await vi.waitFor(
    async () => {
      const open = await rest(house.gateway, 'GET', '/v1/orders?status=open', { token })
      expect(open.body.items).toEqual([])
    },
    { timeout: 20_000 },
  )
})

test('answers to orders and cancels say what is left of their limits', async () => {
  const placed = await rest(house.gateway, 'POST', '/v1/orders', {
    body: await order(alice, { price: '57000' }),
  })
  expect(Number(placed.headers.get('ratelimit-limit'))).toBe(1_000_000)
  expect(Number(placed.headers.get('ratelimit-remaining'))).toBeLessThan(1_000_000)
  const token = await tokenOf(house.gateway, alice)
  const canceled = await rest(house.gateway, 'DELETE', `/v1/orders/${placed.body.order.id}`, {
    token,
  })
  expect(canceled.status).toBe(200)
  expect(canceled.headers.get('ratelimit-reset')).not.toBeNull()
})
