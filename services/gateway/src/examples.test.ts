import { env } from 'node:process'
import { createClient } from '@plumb/sdk'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { order, rest, startExchange, type TestExchange, wallet } from '../test/exchange-fixture.ts'

// Other tests may share the machine: patience is not what is tested.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const key = `0x${(51).toString(16).padStart(64, '0')}`
const trader = wallet(51)
const maker = wallet(52)
let house: TestExchange
beforeAll(async () => {
  house = await startExchange()
  await house.fund(trader, 100_000)
  await house.fund(maker, 100_000)
  for (const price of ['60010', '60020', '60100'])
    await rest(house.gateway, 'POST', '/v1/orders', {
      body: await order(maker, { side: 'sell', price, amount: '0.5' }),
    })
  env['PLUMB_URL'] = house.gateway.url
  env['PRIVATE_KEY'] = key
}, 60_000)
afterAll(() => house.close())

const folder = '../../../packages/sdk/examples'
type Program = (context: object) => Promise<unknown>
const program = async (file: string): Promise<Program> => {
  const module: { run: Program } = await import(
    /* @vite-ignore */ new URL(`${folder}/${file}`, import.meta.url).href
  )
  return module.run
}

const rows: [file: string, answer: object][] = [
  ['market-data.mjs', { market: 'BTC-PERP', tick: '0.5', ask: '60010', maxLeverage: '20' }],
  ['local-book.mjs', { price: '58200', level: ['58200', '0.001'], isIntact: true }],
  [
    'limit-order.mjs',
    { sameId: true, remaining: '0.01', status: 'canceled', secondCancelIsRefused: true },
  ],
  ['market-order.mjs', { average: '60010', filled: '0.001', fills: 1 }],
  [
    'bracket.mjs',
    { stopLoss: '56400', takeProfit: '63000', waits: true, exitAfterCancel: 'linked' },
  ],
  ['hidden-size.mjs', { iceberg: '0.01', scale: '0.01', twapWaits: true, canceled: 3 }],
  ['quotes.mjs', { placed: 5, refused: ['MIN_NOTIONAL'], canceled: 5 }],
  ['private-stream.mjs', { transitions: 2 }],
  [
    'what-if.mjs',
    { code: null, initialMargin: '303', tooMuch: 'INSUFFICIENT_MARGIN', asked: true },
  ],
  [
    'safety.mjs',
    { armed: true, leverage: 5, unchanged: true, wrongWay: 'REDUCE_ONLY', disarmed: true },
  ],
  ['isolated.mjs', { moved: '100', equity: true, back: 0, mode: 'isolated' }],
]

test.each(rows)('%s', async (file, answer) => {
  const client = createClient({ baseUrl: house.gateway.url })
  const run = await program(file)
  expect(await run({ client, trader: client.trader(key), key })).toMatchObject(answer)
})

test('raw/trade.mjs: an EIP-712 signer and HTTP are enough', async () => {
  const run = await program('raw/trade.mjs')
  expect(await run({ url: house.gateway.url, key })).toEqual({
    status: 'open',
    price: '58200',
    canceled: 'canceled',
  })
})
