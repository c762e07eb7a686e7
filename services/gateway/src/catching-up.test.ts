import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Address, silentLogger, startTransportServer } from '@plumb/runtime'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { order, rest, TestStream, testConfig, tokenOf, wallet } from '../test/exchange-fixture.ts'
import { createGateway, type Gateway } from './gateway.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const alice = wallet(51)
const directory = mkdtempSync(join(tmpdir(), 'plumb-c-'))
const address: Address = `unix:${directory}/s.sock`
let sequencer: Awaited<ReturnType<typeof startTransportServer>>
let gateway: Gateway
let token: string

/** A sequencer that names a journal of nine commands and has not sent them yet. */
beforeAll(async () => {
  const silent = { onPeer: () => undefined }
  sequencer = await startTransportServer({
    address,
    logger: silentLogger,
    durableSeq: () => 9,
    commands: silent,
    feed: silent,
  })
  gateway = await createGateway(testConfig(address), silentLogger)
  await vi.waitFor(() => {
    expect(gateway.health()).toMatchObject({ feed: true, commands: true, headSeq: 9 })
  })
  token = await tokenOf(gateway, alice)
})
afterAll(async () => {
  await gateway.close()
  await sequencer.close()
  rmSync(directory, { recursive: true, force: true })
})

test('a gateway that has not caught up says so, and shows nothing old', async () => {
  expect((await rest(gateway, 'GET', '/ready')).status).toBe(503)
  expect((await rest(gateway, 'GET', '/health')).status).toBe(200)
  expect((await rest(gateway, 'GET', '/v1/time')).status).toBe(200)
  const reads = ['orders', 'orders/7', 'fills', 'balances', 'account', 'positions', 'lanes', 'me']
  for (const path of [...reads, 'ledger', 'markets', 'markets/BTC-PERP/book']) {
    const { status, headers, body } = await rest(gateway, 'GET', `/v1/${path}`, { token })
    expect([path, status, body.error.code]).toEqual([path, 503, 'UNAVAILABLE'])
    expect(body.error.retryAfter).toBeGreaterThan(0)
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  }
})

test('orders, cancels and subscriptions are to be repeated later', async () => {
  const later = { code: 'UNAVAILABLE', retryAfter: expect.any(Number) }
  const body = await order(alice)
  const placed = await rest(gateway, 'POST', '/v1/orders', { body })
  expect([placed.status, placed.body]).toMatchObject([503, { error: later }])
  const canceled = await rest(gateway, 'DELETE', '/v1/orders', { token })
  expect([canceled.status, canceled.body]).toMatchObject([503, { error: later }])
  const stream = await TestStream.open(gateway)
  await stream.ask({ op: 'auth', token })
  expect(await stream.ask({ op: 'order.place', ...body })).toMatchObject({ error: later })
  const scope = { account: alice.address, subaccount: 0 }
  for (const request of [
    { op: 'subscribe', channel: 'orders', ...scope },
    { op: 'subscribe', channel: 'book', market: 'BTC-PERP' },
    { op: 'resume', channel: 'orders', ...scope, seq: 3 },
  ])
    expect(await stream.ask(request)).toMatchObject({ error: later })
  stream.close()
})
