import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import {
  type Json,
  order,
  rest,
  startExchange,
  type TestExchange,
  TestStream,
  wallet,
} from '../test/exchange-fixture.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const alice = wallet(61)
/** More than a connection may have in flight, and than the verify queue holds. */
const BURST = 6_000

let house: TestExchange
beforeAll(async () => {
  house = await startExchange({ verifyThreads: 1 })
  await house.fund(alice, 1_000_000)
})
afterAll(() => house.close())

test('bursts are slowed down, not turned away', async () => {
  const body = JSON.stringify(await order(alice, { price: '58000' })).slice(1)
  const streams = await Promise.all([1, 2].map(() => TestStream.open(house.gateway)))
  let queuedMost = 0
  const watch = setInterval(() => {
    const health: Json = house.gateway.health()
    queuedMost = Math.max(queuedMost, health.verifyQueue)
  }, 1)
  for (const { socket } of streams)
    for (let i = 0; i < BURST; i++) socket.send(`{"op":"order.place","id":${i},${body}`)
  for (const stream of streams) {
    await expect.poll(() => stream.messages.length, { timeout: 50_000 }).toBe(BURST)
    const codes = new Set(stream.messages.map((answer) => answer.error?.code ?? 'ok'))
    // One order many times over: the first is taken, the others have used its lane.
    expect([...codes].filter((code) => !['ok', 'NONCE_USED', 'LANE_BUSY'].includes(code))).toEqual(
      [],
    )
    expect(new Set(stream.messages.map(({ id }) => id)).size).toBe(BURST)
  }
  clearInterval(watch)
  expect(queuedMost).toBeLessThan(4_096)
  for (const stream of streams) {
    await stream.ask({ op: 'ping' }) // still read from
    stream.close()
  }
  expect((await rest(house.gateway, 'GET', '/ready')).status).toBe(200)
})
