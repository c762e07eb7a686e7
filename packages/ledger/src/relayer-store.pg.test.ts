import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { databasesOf } from '../testing/start-test-postgres.ts'
import { listSettlements } from './list-settlements.ts'
import { type Ledger, openLedger } from './open-ledger.ts'
import {
  addBatchAttempt,
  listBatchAttempts,
  loadRelayerState,
  type NewBatch,
  saveDepositCursor,
  saveRelayerCheckpoint,
  updateBatch,
} from './relayer-store.ts'

vi.setConfig({ testTimeout: 60_000 })

const server = databasesOf(inject('postgresUrl'))
let ledger: Ledger

beforeAll(async () => {
  ledger = await openLedger(await server.createDatabase(), { applicationName: 'test' })
}, 60_000)
afterAll(async () => {
  await ledger.close()
})

const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1)
const hash = (n: number) => Buffer.alloc(32, n)
const batch = (batchNo: number): NewBatch => ({
  batchNo,
  fromSeq: batchNo * 10 - 9,
  toSeq: batchNo * 10,
  hashSeq: batchNo * 10,
  nonce: batchNo,
  calldata: Buffer.from([1, 2, batchNo]),
  fillCount: 4,
  withdrawalCount: 1,
  orderCount: 6,
  segmentCount: 2,
  gasLimit: 900_000,
  preparedMs: 1_000,
  txHash: hash(batchNo),
  rawTx: Buffer.from([9]),
  maxFeePerGas: 2n ** 80n,
})

test('checkpoints move cursor, records and batch together, from the expected place only', async () => {
  const upserts = Array.from({ length: 300 }, (_, i) => ({
    kind: i % 3,
    key: `k"{},\\${i}`,
    body: Buffer.from([i & 255, 0, 255]),
  }))
  await saveRelayerCheckpoint(ledger, { expectedCursorSeq: 0, cursorSeq: 10, upserts, deletes: [] })
  const change = {
    upserts: [{ kind: 0, key: 'k"{},\\0', body: Buffer.from([7]) }],
    deletes: upserts.slice(1, 200),
  }
  await expect(
    saveRelayerCheckpoint(ledger, {
      expectedCursorSeq: 9,
      cursorSeq: 20,
      ...change,
      batch: batch(1),
    }),
  ).rejects.toMatchObject({ code: 'CURSOR_MISMATCH' })
  expect((await loadRelayerState(ledger)).records).toHaveLength(300)
  await saveRelayerCheckpoint(ledger, {
    expectedCursorSeq: 10,
    cursorSeq: 20,
    ...change,
    batch: batch(1),
  })
  const state = await loadRelayerState(ledger)
  expect(state.cursorSeq).toBe(20)
  expect(state.records.toSorted(byKey)).toEqual(
    [...change.upserts, ...upserts.slice(200)].toSorted(byKey),
  )
  expect(state.batches).toMatchObject([
    { batchNo: 1, toSeq: 10, calldata: Buffer.from([1, 2, 1]), status: 'prepared' },
  ])
})

test('a batch goes on, is replaced, and goes back when the chain does', async () => {
  await updateBatch(ledger, 1, { status: 'sent', atMs: 2_000 })
  const second = {
    batchNo: 1,
    attempt: 2,
    txHash: hash(77),
    rawTx: Buffer.from([8]),
    maxFeePerGas: 3n,
    createdMs: 2_500,
  }
  await addBatchAttempt(ledger, second)
  await expect(addBatchAttempt(ledger, second)).rejects.toThrow('duplicate key')
  expect((await listBatchAttempts(ledger, 1)).map(({ maxFeePerGas }) => maxFeePerGas)).toEqual([
    2n ** 80n,
    3n,
  ])
  await updateBatch(ledger, 1, {
    status: 'mined',
    atMs: 3_000,
    txHash: hash(1),
    gasUsed: 5,
    blockNumber: 6,
  })
  const one = async () => (await loadRelayerState(ledger)).batches[0]
  expect(await one()).toMatchObject({
    status: 'mined',
    txHash: hash(1),
    gasUsed: 5,
    blockNumber: 6,
    minedMs: 3_000,
  })
  await updateBatch(ledger, 1, { status: 'sent', atMs: 4_000 })
  expect(await one()).toMatchObject({
    status: 'sent',
    sentMs: 2_000,
    gasUsed: null,
    blockNumber: null,
    minedMs: null,
  })
  await updateBatch(ledger, 1, { status: 'final', atMs: 5_000, gasUsed: 5, blockNumber: 8 })
  await expect(updateBatch(ledger, 9, { status: 'sent', atMs: 1 })).rejects.toThrow('no batch 9')
})

test('starting again sees the unfinished batches, the last final one, and the deposit cursor', async () => {
  for (const batchNo of [2, 3]) {
    const cursorSeq = batchNo * 10 + 10
    await saveRelayerCheckpoint(ledger, {
      expectedCursorSeq: cursorSeq - 10,
      cursorSeq,
      upserts: [],
      deletes: [],
      batch: batch(batchNo),
    })
  }
  await updateBatch(ledger, 2, { status: 'final', atMs: 1 })
  await saveDepositCursor(ledger, { id: 5, block: 70, hash: hash(3) })
  const state = await loadRelayerState(ledger)
  expect(state.batches.map(({ batchNo }) => batchNo)).toEqual([2, 3])
  expect(state.deposit).toEqual({ id: 5, block: 70, hash: hash(3) })
  const { items } = await listSettlements(ledger, { limit: 2 })
  expect(items.map(({ batchNo, status }) => [batchNo, status])).toEqual([
    [2, 'final'],
    [3, 'prepared'],
  ])
})
