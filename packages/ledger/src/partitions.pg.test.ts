import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { expect, inject, test, vi } from 'vitest'
import { createRandomExchange } from '../testing/random-frames.ts'
import { databasesOf } from '../testing/start-test-postgres.ts'
import { accountEntries } from './account-entries.ts'
import { checkLedger } from './check-ledger.ts'
import { createLedgerWriter } from './ledger-writer.ts'
import { listEntries } from './list-cash.ts'
import { migrate } from './migrate.ts'
import { openLedger } from './open-ledger.ts'

vi.setConfig({ testTimeout: 60_000 })

const server = databasesOf(inject('postgresUrl'))

/** Names of the partitions of a table, in order. */
async function partitionsOf(sql: postgres.Sql, table: string): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    SELECT replace(inhrelid::regclass::text, 'ledger.', '') AS name FROM pg_inherits
    WHERE inhparent = ${`ledger.${table}`}::regclass ORDER BY inhrelid`
  return rows.map(({ name }) => name)
}

test('rows go on over the borders, keys and balances hold, and each partition guards itself', async () => {
  const url = await server.createDatabase()
  const admin = postgres(url, { max: 1, onnotice: () => {} })
  for (const table of ['transfers', 'trades', 'funding_payments', 'position_moves'])
    await admin.unsafe(`DROP TABLE ledger.${table}_1`)
  await admin`SELECT ledger.ensure_partitions(150, 100)`
  expect(await partitionsOf(admin, 'transfers')).toEqual([
    'transfers_1',
    'transfers_101',
    'transfers_201',
  ])
  const ledger = await openLedger(url, { applicationName: 'test', max: 2 })
  const exchange = createRandomExchange({ seed: 4 })
  for (let i = 0; i < 450; i++) exchange.step()
  const writer = await createLedgerWriter(ledger)
  const { frames } = exchange
  for (let at = 0; at < frames.length; at += 130) await writer.write(frames.slice(at, at + 130))
  // Ahead of the writer stands one of the ordinary size.
  expect(await partitionsOf(admin, 'transfers')).toContain('transfers_301')
  expect(await checkLedger(ledger)).toBeUndefined()
  const { items } = await listEntries(ledger, { accountId: 1, limit: 5_000 })
  expect(items.at(-1)?.seq).toBeGreaterThan(301)
  expect(items[0]?.seq).toBeLessThan(101)

  // Entries between two places are walked along indexes, of the partitions of that time only.
  const plan = await ledger.sql.begin(async (tx) => {
    await tx`SET LOCAL enable_seqscan = off`
    const entries = accountEntries(
      tx,
      1,
      { fromSeq: 120, toSeq: 180 },
      tx``,
      tx`ORDER BY t.seq DESC, t.leg DESC LIMIT 5`,
    )
    return tx<{ 'QUERY PLAN': string }[]>`EXPLAIN ${entries}`
  })
  const text = plan.map((row) => row['QUERY PLAN']).join('\n')
  for (const index of ['debit', 'credit']) expect(text).toContain(`transfers_101_${index}_seq_idx`)
  for (const role of ['taker', 'maker'])
    expect(text).toContain(`trades_101_${role}_account_id_seq_idx`)
  expect(text).not.toContain('Seq Scan')
  expect(text).not.toMatch(/(transfers|trades)_(1|201|301)\b/)

  const { sql } = ledger
  const copy = 'INSERT INTO ledger.transfers_1 SELECT * FROM ledger.transfers_1 LIMIT 1'
  await expect(sql.unsafe(copy)).rejects.toThrow('permission denied')
  await expect(sql`UPDATE ledger.transfers_1 SET leg = 1`).rejects.toThrow('permission denied')
  await expect(admin.unsafe(copy)).rejects.toThrow('write to the whole table')
  for (const change of ['UPDATE ledger.trades_1 SET leg = 1', 'DELETE FROM ledger.transfers_101'])
    await expect(admin.unsafe(change)).rejects.toThrow('history is append-only')
  const again = admin`
    INSERT INTO ledger.transfers SELECT * FROM ledger.transfers WHERE seq < 20`
  await expect(again).rejects.toThrow('did not move the cursor')
  await admin.end()
  await ledger.close()
})

test('history of before becomes the first partition, with its keys and guards', async () => {
  const admin = postgres(server.url, { max: 1 })
  await admin`CREATE DATABASE old_history`
  await admin.end()
  const url = server.url.replace(/postgres$/, 'old_history')
  const directory = await mkdtemp(join(tmpdir(), 'plumb-migrations-'))
  await cp(fileURLToPath(new URL('../../../migrations', import.meta.url)), directory, {
    recursive: true,
  })
  for (const later of await readdir(directory))
    if (later >= '0006') await rm(join(directory, later))
  await migrate(url, { directory })
  const sql = postgres(url, { max: 1, onnotice: () => {}, connection: { search_path: 'ledger' } })
  const insert = (seq: number, leg: number) =>
    sql.begin(async (tx) => {
      await tx`UPDATE cursors SET seq = ${seq} WHERE consumer = 'ledger'`
      await tx`
        INSERT INTO transfers (seq, leg, time_ms, debit, credit, amount_quote, debit_after_quote, credit_after_quote,
          reference, kind, market) VALUES (${seq}, ${leg}, 0, -1, -2, 5, 0, 0, 0, 2, -1)`
    })
  await insert(41, 0)
  await migrate(url)
  expect(await partitionsOf(sql, 'transfers')).toEqual(['transfers_0', 'transfers_42'])
  await expect(insert(41, 0)).rejects.toThrow('duplicate key')
  await insert(42, 0)
  await expect(insert(42, 0)).rejects.toThrow('duplicate key')
  expect(await sql`SELECT balance_quote::int AS fees FROM balances WHERE account_id = -2`).toEqual([
    { fees: 10 },
  ])
  await expect(sql`DELETE FROM transfers_0`).rejects.toThrow('history is append-only')
  await expect(sql`INSERT INTO transfers_0 SELECT * FROM transfers_0`).rejects.toThrow(
    'write to the whole table',
  )
  const indexes = await sql`SELECT indexname FROM pg_indexes WHERE tablename = 'transfers_42'`
  expect(indexes).toHaveLength(3)
  await sql.end()
  await rm(directory, { recursive: true })
})
