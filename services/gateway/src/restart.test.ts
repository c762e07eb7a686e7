import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeCommand } from '@plumb/model'
import { silentLogger } from '@plumb/runtime'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import {
  order,
  rest,
  startExchange,
  type TestExchange,
  testConfig,
  tokenOf,
  wallet,
} from '../test/exchange-fixture.ts'
import { createGateway, type Gateway } from './gateway.ts'

// Other tests may share the machine: patience is not what is tested.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const alice = wallet(101)
const bob = wallet(102)
let house: TestExchange
let directory: string
const file = () => join(directory, 'view.snap')
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'plumb-view-'))
  house = await startExchange()
  await house.fund(alice, 100_000)
  await house.fund(bob, 100_000)
}, 60_000)
afterAll(async () => {
  await house.close()
  rmSync(directory, { recursive: true, force: true })
})

const paths = [
  '/v1/markets/BTC-PERP/book?level=3',
  '/v1/markets/BTC-PERP/candles?interval=1h&limit=2',
  '/v1/orders?status=open',
  '/v1/positions',
  '/v1/balances',
  '/v1/account',
  '/v1/lanes',
  '/v1/me',
  '/v1/markets/BTC-PERP/leverage',
]
/** What a gateway shows of what is live. */
const shownBy = async (gateway: Gateway) => {
  const token = await tokenOf(gateway, alice)
  const bodies = []
  for (const path of paths) bodies.push((await rest(gateway, 'GET', path, { token })).body)
  // A session of its own, and limits counted anew.
  return JSON.stringify(bodies).replaceAll(/"(?:expiresAt|resetS|remaining)":\d+/g, '')
}
const place = async (gateway: Gateway, signer: typeof alice, changes: object) =>
  rest(gateway, 'POST', '/v1/orders', { body: await order(signer, changes) })

test('a gateway goes on from its snapshot and shows the same, without reading the journal again', async () => {
  const first = await house.another({ dataDirectory: directory })
  await place(first, alice, { price: '59000', amount: '0.02' })
  await place(first, alice, {
    price: '59000',
    amount: '0.05',
    style: 'iceberg',
    displayAmount: '0.01',
  })
  await place(first, alice, {
    price: '63000',
    amount: '0.01',
    triggerKind: 'stop',
    triggerPrice: '61000',
  })
  await place(first, bob, { price: '60000', amount: '0.03' })
  const token = await tokenOf(first, alice)
  const armed = { market: 'ETH-PERP', timeoutMs: 86_400_000 }
  const after = await rest(first, 'POST', '/v1/orders/cancel-after', { token, body: armed })
  expect(after.status).toBe(200)
  await place(first, alice, { side: 'sell', price: '60000', amount: '0.01', timeInForce: 'IOC' })
  await first.close()
  expect(existsSync(file())).toBe(true)

  const second = await house.another({ dataDirectory: directory })
  expect(await shownBy(second)).toBe(await shownBy(house.gateway))
  // And what comes after is followed as by one that never stopped.
  await place(second, bob, { side: 'sell', price: '59000', amount: '0.025', timeInForce: 'IOC' })
  await rest(second, 'DELETE', '/v1/orders?market=BTC-PERP&side=buy', {
    token: await tokenOf(second, bob),
  })
  await vi.waitFor(async () => expect(await shownBy(second)).toBe(await shownBy(house.gateway)))
  const fills = await rest(second, 'GET', '/v1/fills', { token: await tokenOf(second, alice) })
  // What only history tells is the ledger's, and there is none here: said, not hidden.
  expect(fills.body.error.code).toBe('HISTORY_UNAVAILABLE')
  await second.close()
})

test('a damaged snapshot is not read: the feed is followed from its beginning', async () => {
  const bytes = readFileSync(file())
  const middle = bytes.length >> 1
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle)
  writeFileSync(file(), bytes)
  const gateway = await house.another({ dataDirectory: directory })
  expect(await shownBy(gateway)).toBe(await shownBy(house.gateway))
  const fills = await rest(gateway, 'GET', '/v1/fills', { token: await tokenOf(gateway, alice) })
  expect(fills.body.items.length).toBeGreaterThan(0)
  await gateway.close()
})

test('a snapshot of another journal ends the gateway, and the next start does without it', async () => {
  const other = await startExchange()
  try {
    // As long as the first journal, and another one.
    const { seq } = (await rest(house.gateway, 'GET', '/v1/status')).body
    let last = 0
    while (last < seq + 1) last = (await other.commands.submit(encodeCommand({ kind: 'Tick' }))).seq
    expect(existsSync(file())).toBe(true)
    const config = testConfig(other.config.sequencer, { dataDirectory: directory })
    const gateway = await createGateway(config, silentLogger)
    await expect(gateway.failed).rejects.toThrow('another journal')
    await gateway.close()
    expect(existsSync(file())).toBe(false)
    const again = await other.another({ dataDirectory: directory })
    expect(again.ready().ready).toBe(true)
    await again.close()
  } finally {
    await other.close()
  }
})
