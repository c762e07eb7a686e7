import { databasesOf } from '@plumb/ledger/testing'
import { createClient } from '@plumb/sdk'
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
import type { Gateway } from '../gateway.ts'

// Other tests may share the machine: patience is not what is tested.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const alice = wallet(61)
const bob = wallet(62)
const owner = { account: alice.address, subaccount: 0 }
const ofLedger = (m: Json) => m.channel === 'ledger'
let house: TestExchange
let databaseUrl: string
let stopWriter: () => Promise<void>
let token: string

beforeAll(async () => {
  databaseUrl = await databasesOf(inject('postgresUrl')).createDatabase()
  house = await startExchange({ databaseUrl })
  stopWriter = await writeLedger(house, databaseUrl)
  await house.fund(alice, 1_000_000)
  await house.fund(bob, 1_000_000)
  token = await tokenOf(house.gateway, alice)
})
afterAll(async () => {
  await stopWriter()
  await house.close()
})

async function listener(gateway: Gateway = house.gateway): Promise<TestStream> {
  const stream = await TestStream.open(gateway)
  await stream.signIn(gateway, alice)
  return stream
}

const place = async (signer: typeof alice, terms: object): Promise<Json> => {
  const { body } = await rest(house.gateway, 'POST', '/v1/orders', {
    body: await order(signer, terms),
  })
  expect(body.error).toBeUndefined()
  return body
}

/** Alice takes from Bob, or gives back. */
async function trade(takerSide: 'buy' | 'sell'): Promise<Json> {
  const makerSide = takerSide === 'buy' ? 'sell' : 'buy'
  await place(bob, { side: makerSide, price: '60000', amount: '0.001' })
  return place(alice, { side: takerSide, price: '60000', amount: '0.001', timeInForce: 'IOC' })
}

/** All of Alice's statement, oldest first. */
async function statement(): Promise<Json[]> {
  const all: Json[] = []
  for (let cursor = '', more = true; more; ) {
    const page = cursor === '' ? 'since=0' : `cursor=${cursor}`
    const { body } = await rest(house.gateway, 'GET', `/v1/ledger?limit=500&${page}`, { token })
    all.push(...body.items)
    cursor = body.nextCursor ?? ''
    more = body.nextCursor !== null
  }
  return all
}

/** Checks the chain of messages behind `seq`; answers their entries and the seq of the last. */
function heard(messages: readonly Json[], seq: number): { entries: Json[]; seq: number } {
  const entries: Json[] = []
  let last = seq
  for (const message of messages.filter(ofLedger)) {
    if (message.type === 'snapshot') last = message.seq
    else {
      expect(message.prevSeq).toBe(last)
      expect(message.data.length).toBeGreaterThan(0)
      for (const { id } of message.data) expect(Number(id.split('.')[0])).toBeGreaterThan(last)
      last = message.seq
      entries.push(...message.data)
    }
  }
  return { entries, seq: last }
}

test('an entry is told once the ledger has it, and not before', async () => {
  await vi.waitFor(async () => expect(await statement()).toHaveLength(1), { timeout: 20_000 })
  const stream = await listener()
  const { result } = await stream.ask({ op: 'subscribe', channel: 'ledger', ...owner })
  expect(result).toMatchObject({ channel: 'ledger', subaccount: 0 })
  const snapshot = await stream.find(ofLedger)
  expect(snapshot).toMatchObject({ type: 'snapshot', market: null, data: [{ type: 'deposit' }] })
  await stream.ask({ op: 'subscribe', channel: 'fills', ...owner })
  await stopWriter()
  await trade('buy')
  await stream.find((m: Json) => m.channel === 'fills' && m.type === 'update')
  expect(stream.messages.filter(ofLedger)).toHaveLength(1)
  stopWriter = await writeLedger(house, databaseUrl)
  const update = await stream.find((m: Json) => ofLedger(m) && m.type === 'update')
  expect(update.prevSeq).toBe(snapshot.seq)
  expect(update.data).toMatchObject([
    { type: 'trade', direction: 'out', amount: '60', referenceId: '1', before: '1000000' },
    { type: 'fee', direction: 'out', amount: '0.027', referenceId: '1' },
  ])
  expect((await statement()).slice(1)).toEqual(update.data)
  stream.close()
})

test('a listener that is cut again and again hears every entry once, also from another gateway', async () => {
  const gateways = [house.gateway, await house.another()]
  const start = await statement()
  const told: Json[] = []
  let seq = Number(start.at(-1).id.split('.')[0])
  for (let round = 0; round < 8; round++) {
    const stream = await listener(gateways[round % 2])
    const { result } = await stream.ask({ op: 'resume', channel: 'ledger', ...owner, seq })
    expect(result).toMatchObject({ resumed: true })
    for (let i = 0; i < 3; i++) {
      await trade(i % 2 === 0 ? 'buy' : 'sell')
      // Cut while entries are on their way, at another place each round.
      if (i === round % 3) stream.close()
    }
    const part = heard(stream.messages, seq)
    told.push(...part.entries)
    seq = part.seq
  }
  const last = await listener(gateways[1])
  await last.ask({ op: 'resume', channel: 'ledger', ...owner, seq })
  const all = await statement()
  await vi.waitFor(
    () => {
      const missed = heard(last.messages, seq)
      expect([...start, ...told, ...missed.entries]).toEqual(all)
    },
    { timeout: 20_000 },
  )
  expect(all.length).toBe(start.length + 8 * 3 * 2)
  last.close()
})

test('one command of more entries than a page, and a statement from its beginning', async () => {
  const stream = await listener()
  await stream.ask({ op: 'subscribe', channel: 'ledger', ...owner })
  await stream.find(ofLedger)
  const asks = Array.from({ length: 300 }, (_, i) =>
    order(bob, { side: 'sell', price: '60100', amount: '0.001', lane: i }),
  )
  const orders = await Promise.all(asks)
  for (let i = 0; i < orders.length; i += 50)
    await rest(house.gateway, 'POST', '/v1/orders/batch', {
      body: { orders: orders.slice(i, i + 50) },
    })
  const taken = await place(alice, { price: '60100', amount: '0.3', timeInForce: 'IOC' })
  expect(taken.fills).toHaveLength(300)
  const update = await stream.find((m: Json) => ofLedger(m) && m.type === 'update')
  expect(update.data).toHaveLength(600)
  const late = await listener()
  const { body } = await rest(house.gateway, 'GET', '/docs/stream.json')
  const { examples } = body.channels.stream.messages['request.resume']
  const { payload } = examples.find(({ name }: Json) => name === 'resume ledger')
  const answer = await late.ask({ ...payload, account: alice.address })
  expect(answer.result).toMatchObject({ resumed: true })
  const all = await statement()
  await vi.waitFor(() => expect(heard(late.messages, 0).entries).toEqual(all), { timeout: 20_000 })
  for (const row of all.slice(1).keys()) expect(all[row + 1].before).toBe(all[row].after)
  // A seq that is still to come is nobody's: a snapshot, as for any stream.
  const { error } = await late.ask({ op: 'resume', channel: 'ledger', ...owner, seq: 1e12 })
  expect(error.code).toBe('RESUME_TOO_OLD')
  await late.ask({ op: 'unsubscribe', channel: 'ledger', ...owner })
  stream.close()
  late.close()
})

test('of another account nothing is told', async () => {
  const stream = await listener()
  const { error } = await stream.ask({
    op: 'subscribe',
    channel: 'ledger',
    account: bob.address,
    subaccount: 0,
  })
  expect(error.code).toBe('UNKNOWN_KEY')
  stream.close()
})

test('the sdk’s example of it runs', async () => {
  const file = '../../../../packages/sdk/examples/statement.mjs'
  const { run } = await import(/* @vite-ignore */ new URL(file, import.meta.url).href)
  await place(bob, { side: 'sell', price: '60000', amount: '0.001' })
  const client = createClient({ baseUrl: house.gateway.url })
  const trader = client.trader(`0x${(61).toString(16).padStart(64, '0')}`)
  expect(await run({ client, trader })).toEqual({
    types: ['trade', 'fee'],
    paid: true,
    inTheLedger: true,
  })
})
