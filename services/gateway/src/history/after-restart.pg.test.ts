//! A gateway that started from its snapshot tells the past out of the ledger, as one that never stopped tells it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addressBytes } from '@plumb/chain'
import { createLedgerWriter, openLedger, readCursor } from '@plumb/ledger'
import { databasesOf } from '@plumb/ledger/testing'
import { encodeCommand, type NoticeKind, noticeKind } from '@plumb/model'
import { createFeedClient } from '@plumb/runtime'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import {
  type Json,
  order,
  rest,
  startExchange,
  type TestExchange,
  tokenOf,
  wallet,
} from '../../test/exchange-fixture.ts'
import type { Gateway } from '../gateway.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 })

const carol = wallet(31)
const bob = wallet(32)
const key = wallet(33)
const postgres = databasesOf(inject('postgresUrl'))
const directory = mkdtempSync(join(tmpdir(), 'plumb-after-'))

let house: TestExchange
let restarted: Gateway
let stopWriter: () => Promise<void>
const placed: Json[] = []

type Changes = Parameters<typeof order>[1]
const place = async (signer: typeof carol, changes: Changes) => {
  const { body } = await rest(house.gateway, 'POST', '/v1/orders', {
    body: await order(signer, changes),
  })
  expect(body.error).toBeUndefined()
  placed.push(body.order)
  return body.order
}
let notices = 0
const notice = (what: NoticeKind, laneSeq = 0) =>
  house.commands.submit(
    encodeCommand({
      kind: 'ChainNotice',
      noticeId: ++notices,
      what,
      market: 0,
      subaccount: 0,
      owner: addressBytes(carol.address),
      backstop: new Uint8Array(20),
      blockNumber: 1,
      txHash: new Uint8Array(32),
      laneSeq,
    }),
  )

beforeAll(async () => {
  const databaseUrl = await postgres.createDatabase()
  house = await startExchange({ databaseUrl })
  stopWriter = await writeLedger(databaseUrl)
  await house.fund(carol, 100_000)
  await house.fund(bob, 100_000)
  await house.registerKey(carol, key)
  const first = await house.another({ dataDirectory: directory })
  await act()
  // What the snapshot holds is what the gateway has seen.
  const { seq } = await house.commands.submit(encodeCommand({ kind: 'Tick' }))
  const seen = () => {
    const { detail } = first.ready()
    return 'seq' in detail ? Number(detail.seq) : 0
  }
  await vi.waitFor(() => expect(seen()).toBeGreaterThanOrEqual(seq), 20_000)
  await first.close()
  await vi.waitFor(
    async () => expect(await ledgerSeq(databaseUrl)).toBeGreaterThanOrEqual(seq),
    20_000,
  )
  restarted = await house.another({ dataDirectory: directory })
}, 120_000)
afterAll(async () => {
  await stopWriter()
  await house.close()
  rmSync(directory, { recursive: true })
}, 60_000)

/** What the ledger service does. */
async function writeLedger(url: string): Promise<() => Promise<void>> {
  const ledger = await openLedger(url, { applicationName: 'test' })
  const writer = await createLedgerWriter(ledger)
  const feed = createFeedClient({ address: house.config.sequencer, name: 'ledger', fromSeq: 1 })
  const run = (async () => {
    for await (const group of feed.groups()) await writer.write(group.entries)
  })()
  return async () => {
    await feed.close()
    await run
    await ledger.close()
  }
}

const ledgerSeq = async (url: string) => {
  const ledger = await openLedger(url, { applicationName: 'test' })
  const cursor = await readCursor(ledger)
  await ledger.close()
  return cursor?.seq
}

/** One order of each kind whose terms memory shows; all of them closed in the end. */
async function act(): Promise<void> {
  await place(carol, {
    price: '61000',
    amount: '0.02',
    timeInForce: 'IOC',
    style: 'twap',
    count: 4,
    intervalS: 86_000,
  })
  const sell = { side: 'sell', price: '61000', amount: '0.01' } as const
  const sibling = await place(carol, sell)
  await place(carol, { ...sell, ocoLane: sibling.lane, ocoSeq: sibling.laneSeq })
  const parent = await place(carol, { price: '59000', amount: '0.01' })
  const stop = { triggerKind: 'stop', triggerBy: 'mark', reduceOnly: true } as const
  await place(carol, {
    side: 'sell',
    price: '57000',
    amount: '0.01',
    ...stop,
    triggerPrice: '58000',
    parentLane: parent.lane,
    parentSeq: parent.laneSeq,
  })
  // Its trigger is reached, and there is no short position to reduce.
  await place(carol, { price: '62000', amount: '0.01', ...stop, triggerPrice: '60000' })
  await place(bob, { side: 'sell', price: '60000', amount: '0.005' })
  await place(carol, { price: '61000', amount: '0.01', type: 'market', timeInForce: 'IOC' })
  const keyed = { account: carol.address, signer: key.address } as const
  await place(key, { ...keyed, price: '59500', amount: '0.01' })
  const own = await place(carol, { price: '59400', amount: '0.01' })
  const { body } = await rest(house.gateway, 'PUT', `/v1/orders/${own.id}`, {
    body: await order(key, {
      ...keyed,
      price: '59300',
      amount: '0.01',
      lane: own.lane,
      seq: own.laneSeq + 1,
    }),
  })
  expect(body.error).toBeUndefined()
  for (const amount of ['5', '6', '7']) {
    const { error } = (
      await rest(house.gateway, 'POST', '/v1/transfers', {
        token: await tokenOf(house.gateway, carol),
        body: await house.transfer(carol, 0, 7, amount),
      })
    ).body
    expect(error).toBeUndefined()
  }
  await notice(noticeKind.terms)
  for (const laneSeq of [1, 2, 3]) await notice(noticeKind.allCancelled, laneSeq)
  await house.commands.submit(encodeCommand({ kind: 'Tick' }))
  await rest(house.gateway, 'DELETE', '/v1/orders', {
    token: await tokenOf(house.gateway, carol),
  })
}

const get = async (gateway: Gateway, path: string): Promise<Json> => {
  const token = await tokenOf(gateway, carol)
  const { status, body } = await rest(gateway, 'GET', path, { token })
  expect(status, JSON.stringify(body)).toBe(200)
  return body
}
/** Pages of two, in either direction. */
const walk = async (gateway: Gateway, path: string, query = '') => {
  const pages: Json[][] = []
  let cursor = ''
  for (;;) {
    const sign = path.includes('?') ? '&' : '?'
    const from = cursor === '' ? query : `&cursor=${cursor}`
    const page = await get(gateway, `${path}${sign}limit=2${from}`)
    pages.push(page.items)
    if (page.nextCursor === null) break
    cursor = page.nextCursor
  }
  return query === '' ? pages.toReversed().flat() : pages.flat()
}

test.each([
  ['/v1/transfers', 3],
  ['/v1/transfers?subaccount=7', 3],
  ['/v1/notices', 4],
])('%s: the ledger has what memory had, in both directions', async (path, count) => {
  const { items } = await get(house.gateway, path)
  expect(items).toHaveLength(count)
  expect((await get(restarted, path)).items).toEqual(items)
  expect(await walk(restarted, path)).toEqual(items)
  expect(await walk(restarted, path, '&since=0')).toEqual(items)
})

test('closed orders show all their terms, who signed them last, and why one was refused', async () => {
  const shown: Json[] = []
  for (const { id, account } of placed.filter(
    (one) => one.account === carol.address.toLowerCase(),
  )) {
    expect(account).toBe(carol.address.toLowerCase())
    const before = await get(house.gateway, `/v1/orders/${id}`)
    const after = await get(restarted, `/v1/orders/${id}`)
    expect(after).toEqual({ ...before, digest: null })
    shown.push(after)
  }
  const said = (name: string) => shown.map((one) => one[name]).filter((value) => value !== null)
  expect(said('intervalS')).toEqual([86_000])
  expect(said('oco')).toHaveLength(1)
  expect(said('parent')).toHaveLength(1)
  expect(said('rejectCode')).toEqual(['REDUCE_ONLY'])
  const signers = said('signer').filter((signer) => signer === key.address.toLowerCase())
  expect(signers).toHaveLength(2)
})
