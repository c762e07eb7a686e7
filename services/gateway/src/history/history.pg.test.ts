import { bytesHex, hexBytes } from '@plumb/chain'
import {
  insertReconciliation,
  ledgerTotalsAt,
  openLedger,
  readCursor,
  replacePendingDeposits,
} from '@plumb/ledger'
import { databasesOf, runAsSuperuser } from '@plumb/ledger/testing'
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
vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 })

const alice = wallet(21)
const bob = wallet(22)
/** More than the 1,024 that memory keeps of an account. */
const ORDERS = 1_150

const postgres = databasesOf(inject('postgresUrl'))
let house: TestExchange
let stopWriter: () => Promise<void>
let token: string

beforeAll(async () => {
  const databaseUrl = await postgres.createDatabase()
  house = await startExchange({ databaseUrl })
  stopWriter = await writeLedger(house, databaseUrl)
  await house.fund(alice, 1_000_000)
  await house.fund(bob, 1_000_000)
  token = await tokenOf(house.gateway, alice)
  await trade()
}, 120_000)
afterAll(async () => {
  await stopWriter()
  await house.close()
}, 60_000)

const ledgerSeq = async () => {
  const ledger = await openLedger(house.config.databaseUrl ?? '', { applicationName: 'test' })
  const cursor = await readCursor(ledger)
  await ledger.close()
  return cursor?.seq
}

const stop = { triggerKind: 'stop', triggerPrice: '55000', triggerBy: 'index' } as const
const advanced = [
  { price: '54000', reduceOnly: true, ...stop },
  { price: '65000', style: 'iceberg', displayAmount: '0.002' },
  { price: '65000', style: 'trailing', triggerKind: 'stop', offset: '500' },
] as const
/** As memory showed them. */
const remembered: Json[] = []

/** Alice rests and Bob takes, many times over. */
async function trade(): Promise<void> {
  const [maker, taker] = await Promise.all([
    TestStream.open(house.gateway),
    TestStream.open(house.gateway),
  ])
  const resting = await order(alice, { side: 'buy', price: '57500', lane: 1_000 })
  await maker.ask({ op: 'order.place', ...resting })
  // Advanced ones, cancelled and then forgotten.
  for (const terms of advanced) {
    const body = await order(alice, { side: 'sell', amount: '0.01', lane: 1_001, ...terms })
    const { body: answer } = await rest(house.gateway, 'POST', '/v1/orders', { body })
    expect(answer.error).toBeUndefined()
    const { order: placed } = answer
    remembered.push((await rest(house.gateway, 'GET', `/v1/orders/${placed.id}`, { token })).body)
    await rest(house.gateway, 'DELETE', `/v1/orders/${placed.id}`, { token })
  }
  for (let i = 0; i < ORDERS; i += 50) {
    const place = async (stream: TestStream, signer: typeof alice, side: 'buy' | 'sell') => {
      const bodies = await Promise.all(
        Array.from({ length: 50 }, (_, lane) =>
          order(signer, { side, price: '60000', amount: '0.001', lane }),
        ),
      )
      await Promise.all(bodies.map((body) => stream.ask({ op: 'order.place', ...body })))
    }
    await place(maker, alice, i % 100 === 0 ? 'buy' : 'sell')
    await place(taker, bob, i % 100 === 0 ? 'sell' : 'buy')
  }
  maker.close()
  taker.close()
}

const get = async (path: string): Promise<Json> => {
  const { status, body } = await rest(house.gateway, 'GET', path, { token })
  expect(status, JSON.stringify(body)).toBe(200)
  return body
}

async function walk(path: string, query: string): Promise<Json[]> {
  const pages: Json[][] = []
  let cursor = ''
  for (;;) {
    const body = await get(`${path}?limit=100${cursor === '' ? query : `&cursor=${cursor}`}`)
    pages.push(body.items)
    if (body.nextCursor === null) break
    cursor = body.nextCursor
  }
  return query.includes('since') ? pages.flat() : pages.toReversed().flat()
}

const keyOf = (row: Json) => row.id

test.each([
  ['/v1/fills', ORDERS],
  ['/v1/markets/BTC-PERP/trades', ORDERS],
  // One more stays open while a thousand later ones are forgotten.
  ['/v1/orders', ORDERS + 1 + advanced.length],
])(
  '%s: memory and ledger are one list, in both directions',
  async (path, count) => {
    const newest = await walk(path, '')
    const oldest = await walk(path, '&since=0')
    expect(newest).toHaveLength(count)
    expect(new Set(newest.map(keyOf)).size).toBe(count)
    expect(oldest.map(keyOf)).toEqual(newest.map(keyOf))
    const times = newest.map((row) => row.ts ?? row.createdAt)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    const { digest: _, ...first } = newest[0]
    const { digest: __, ...last } = newest.at(-1)
    expect(Object.keys(first)).toEqual(Object.keys(last))
  },
  30_000,
)

test('a forgotten order is still found by its id', async () => {
  const oldest = (await walk('/v1/orders', ''))[1 + advanced.length]
  expect(await get(`/v1/orders/${oldest.id}`)).toMatchObject({ id: oldest.id, status: 'closed' })
})

test('a forgotten advanced order shows its terms', async () => {
  const listed = (await walk('/v1/orders', '&since=0')).filter(
    ({ waiting, style, triggerKind }) => !waiting && (style !== 'plain' || triggerKind !== null),
  )
  expect(listed).toHaveLength(advanced.length)
  for (const [i, before] of remembered.entries()) {
    const kept = {
      ...before,
      status: 'canceled',
      reason: 'user',
      waiting: false,
      digest: null,
      updatedAt: expect.any(Number),
    }
    expect(await get(`/v1/orders/${before.id}`)).toEqual(kept)
    expect(listed[i]).toEqual(kept)
  }
})

test('liquidations and moves of the account, of nobody else', async () => {
  const { items: before } = await get('/v1/liquidations')
  expect(before).toEqual([])
  const { id } = (await get('/v1/me')).subaccounts[0]
  const url = house.config.databaseUrl ?? ''
  for (const [account, seq] of [
    [Number(id), 3],
    [Number(id) + 1, 4],
  ]) {
    await runAsSuperuser(
      url,
      `
      INSERT INTO ledger.liquidations (seq, leg, time_ms, mark_ticks, index_ticks, equity_quote, maintenance_quote,
        initial_quote, position_lots, size_lots, limit_ticks, tranche_quote, account_id, market, stage)
      VALUES (${seq}, 2, 7000, 120000, 120020, -1500000, 2000000, 4000000, -3000, 1000, 0, 5000000, ${account}, 0, 2)`,
    )
    await runAsSuperuser(
      url,
      `
      INSERT INTO ledger.position_moves (seq, leg, time_ms, kind, account_id, market, lots_change, price_ticks, quote,
        realized_quote, insurance_quote, deficit_quote, counterparty_id, rank)
      VALUES (${seq}, 4, 7000, 2, ${account}, 0, -1000, 120000, 60000000, 1000000, 0, -250000, NULL, 1)`,
    )
  }
  const who = {
    account: alice.address.toLowerCase(),
    subaccount: 0,
    market: 'BTC-PERP',
    ts: 7_000,
    seq: 3,
  }
  expect((await get('/v1/liquidations?market=BTC-PERP')).items).toEqual([
    {
      id: '3.2',
      ...who,
      stage: 'backstop',
      mark: '60000',
      index: '60010',
      equity: '-1.5',
      maintenanceMargin: '2',
      initialMargin: '4',
      position: '-0.3',
      amount: '0.1',
      limitPrice: null,
      insurance: '5',
    },
  ])
  expect((await get('/v1/position-moves')).items).toEqual([
    {
      id: '3.4',
      ...who,
      type: 'adl',
      amount: '-0.1',
      price: '60000',
      value: '60',
      realizedPnl: '1',
      insurance: '0',
      deficit: '-0.25',
      rank: 1,
    },
  ])
  expect((await get('/v1/liquidations?market=ETH-PERP')).items).toEqual([])
  const other = await rest(house.gateway, 'GET', `/v1/position-moves?account=${bob.address}`, {
    token,
  })
  expect(other.body.error.code).toBe('KEY_FORBIDDEN')
})

test('risk reads without a margin service say so', async () => {
  for (const path of ['/v1/markets/BTC-PERP/adl', '/v1/margin-notices', '/v1/warnings']) {
    const { status, body } = await rest(house.gateway, 'GET', path, { token })
    expect([status, body.error.code]).toEqual([503, 'RISK_UNAVAILABLE'])
  }
})

test('the newest order of a market is told at once, though the ledger must be asked', async () => {
  const { body } = await rest(house.gateway, 'POST', '/v1/orders', {
    body: await order(alice, { market: 'ETH-PERP', side: 'buy', price: '2900' }),
  })
  const { items } = await get('/v1/orders?market=ETH-PERP')
  expect(items).toMatchObject([{ id: body.order.id, market: 'ETH-PERP' }])
})

test('a statement is of one market when asked, transfers are of none', async () => {
  const { items: all } = await get('/v1/ledger?limit=1000')
  const { items } = await get('/v1/ledger?limit=1000&market=BTC-PERP')
  expect(items.length).toBeGreaterThan(0)
  expect(items.every((row: Json) => row.market === 'BTC-PERP')).toBe(true)
  expect(items.at(-1)).toEqual(all.findLast((row: Json) => row.market === 'BTC-PERP'))
  expect((await get('/v1/ledger?market=ETH-PERP')).items).toEqual([])
  for (const path of ['/v1/ledger?market=NO-PERP', '/v1/deposits?market=BTC-PERP']) {
    const refused = await rest(house.gateway, 'GET', path, { token })
    expect([400, 404]).toContain(refused.status)
  }
})

test('a deposit on its way is shown behind the credited, with its confirmations', async () => {
  const confirmations = async () => (await get('/v1/currencies')).items[0].networks[0].confirmations
  expect(await confirmations()).toBe(null)
  const ledger = await openLedger(house.config.databaseUrl ?? '', { applicationName: 'test' })
  const { items: credited } = await get('/v1/deposits')
  const txHash = Buffer.alloc(32, 7)
  const owner = hexBytes(alice.address)
  const seen = {
    owner,
    subaccount: 0,
    amountQuote: 25_500_000,
    blockNumber: 90,
    txHash,
    seenMs: 77,
  }
  const deposits = [
    { ...seen, depositId: Number(credited[0].id) },
    { ...seen, depositId: 900 },
    { ...seen, depositId: 901, owner: Buffer.alloc(20, 9) },
    { ...seen, depositId: 902, subaccount: 1 },
  ]
  await replacePendingDeposits(ledger, { headBlock: 95, finalBlock: 83 }, deposits)
  // What is credited is not pending any more, whatever the relayer has not heard yet.
  await expect.poll(async () => (await get('/v1/deposits')).items.length).toBe(2)
  const { items } = await get('/v1/deposits')
  expect(items[0]).toEqual(credited[0])
  expect(items[1]).toMatchObject({
    id: '900',
    status: 'pending',
    amount: '25.5',
    txid: bytesHex(txHash),
    confirmations: 5,
    confirmationsNeeded: 12,
    seq: null,
  })
  expect((await get('/v1/deposits?since=78')).items).toEqual(credited)
  await replacePendingDeposits(ledger, { headBlock: 95, finalBlock: 95 }, [])
  await expect.poll(async () => (await get('/v1/deposits')).items).toEqual(credited)
  expect(await confirmations()).toBe(12)
  await ledger.close()
}, 30_000)

test('the statement chains to the balance', async () => {
  const { seq } = (await rest(house.gateway, 'GET', '/v1/status')).body
  await expect.poll(() => ledgerSeq(), { timeout: 20_000 }).toBe(seq)
  const rows = await walk('/v1/ledger', '&since=0')
  for (const [i, row] of rows.entries()) if (i > 0) expect(row.before).toBe(rows[i - 1].after)
  const { items } = await get('/v1/balances')
  expect(rows.at(-1).after).toBe(items[0].total)
}, 30_000)

test('the reconciliation is told as it was written', async () => {
  expect(await get('/v1/reconciliation')).toMatchObject({ ok: false, checkedAt: null, totals: [] })
  const ledger = await openLedger(house.config.databaseUrl ?? '', { applicationName: 'test' })
  const totals = await ledgerTotalsAt(ledger, 10)
  await insertReconciliation(ledger, {
    checkedMs: 5,
    trigger: 'timer',
    batchNo: 0,
    seq: 10,
    ok: true,
    accounts: 2,
    engine: totals,
    ledger: totals,
    chain: null,
    firstDifference: null,
  })
  await ledger.close()
  const report = await get('/v1/reconciliation')
  expect(report).toMatchObject({ ok: true, checkedAt: 5, seq: 10, firstDifference: null })
  expect(report.totals[4]).toMatchObject({
    name: 'deposits',
    engine: '2000000',
    ledger: '2000000',
    chain: null,
  })
})
