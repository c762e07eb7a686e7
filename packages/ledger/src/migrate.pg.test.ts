import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import postgres from 'postgres'
import { expect, inject, test, vi } from 'vitest'
import { databasesOf } from '../testing/start-test-postgres.ts'
import { migrate } from './migrate.ts'
import { openLedger } from './open-ledger.ts'
import * as schema from './schema.ts'

vi.setConfig({ testTimeout: 60_000 })

const migrations = fileURLToPath(new URL('../../../migrations', import.meta.url))
const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)
const server = databasesOf(inject('postgresUrl'))

test('a second run applies nothing, several at once take turns', async () => {
  const url = await server.createDatabase()
  expect(await migrate(url)).toEqual({ applied: [] })
  const sql = postgres(server.url, { max: 1 })
  await sql`CREATE DATABASE together`
  await sql.end()
  const fresh = server.url.replace(/postgres$/, 'together')
  const runs = await Promise.all([migrate(fresh), migrate(fresh), migrate(fresh)])
  expect(runs.map(({ applied }) => applied.length).toSorted((a, b) => a - b)).toEqual([0, 0, 10])
})

test('a database of an earlier version is brought forward', async () => {
  const admin = postgres(server.url, { max: 1 })
  await admin`CREATE DATABASE earlier`
  await admin.end()
  const url = server.url.replace(/postgres$/, 'earlier')
  const directory = await mkdtemp(join(tmpdir(), 'plumb-migrations-'))
  for (const name of ['0001_roles.sql', '0002_ledger.sql', '0003_relayer.sql'])
    await cp(join(migrations, name), join(directory, name))
  expect((await migrate(url, { directory })).applied).toHaveLength(3)
  await expect(openLedger(url, { applicationName: 'test' })).rejects.toMatchObject({
    code: 'SCHEMA_MISMATCH',
  })
  expect(await migrate(url)).toEqual({
    applied: [
      '0004_order_history.sql',
      '0005_safety.sql',
      '0006_partitions.sql',
      '0007_symbols.sql',
      '0008_account_indexes.sql',
      '0009_kept_terms.sql',
      '0010_pending_deposits.sql',
    ],
  })
  await (await openLedger(url, { applicationName: 'test' })).close()
  await rm(directory, { recursive: true })
})

test('a changed, a missing and a late migration are refused', async () => {
  const url = await server.createDatabase()
  const directory = await mkdtemp(join(tmpdir(), 'plumb-migrations-'))
  await cp(migrations, directory, { recursive: true })
  const last = join(directory, schema.schemaVersion)
  await writeFile(last, 'SELECT 1')
  await expect(migrate(url, { directory })).rejects.toThrow('was changed after it ran')
  await rm(last)
  await expect(migrate(url, { directory })).rejects.toThrow('is not in migrations/')
  await cp(migrations, directory, { recursive: true })
  await writeFile(join(directory, '0000_late.sql'), 'SELECT 1')
  await expect(migrate(url, { directory })).rejects.toThrow('0000_late.sql comes before')
  await rm(directory, { recursive: true })
})

test('a failing migration leaves nothing behind', async () => {
  const url = await server.createDatabase()
  const directory = await mkdtemp(join(tmpdir(), 'plumb-migrations-'))
  await cp(migrations, directory, { recursive: true })
  await writeFile(join(directory, '9999_bad.sql'), 'CREATE TABLE ledger.half (a int); SELECT 1/0')
  await expect(migrate(url, { directory })).rejects.toThrow('division by zero')
  const sql = postgres(url, { max: 1 })
  expect(await sql`SELECT to_regclass('ledger.half') AS half`).toEqual([{ half: null }])
  await sql.end()
  await rm(directory, { recursive: true })
})

test('opening refuses an unmigrated database and a server that may lose commits', async () => {
  await expect(openLedger(server.url, { applicationName: 'test' })).rejects.toMatchObject({
    code: 'SCHEMA_MISMATCH',
  })
  const url = await server.createDatabase()
  const sql = postgres(url, { max: 1 })
  await sql`ALTER ROLE CURRENT_USER SET synchronous_commit = off`
  await expect(openLedger(url, { applicationName: 'test' })).rejects.toThrow(
    'synchronous_commit is off',
  )
  await sql`ALTER ROLE CURRENT_USER RESET synchronous_commit`
  await sql.end()
})

test('schema.ts names every column as the migrations made them', async () => {
  const url = await server.createDatabase()
  const sql = postgres(url, { max: 1 })
  const rows = await sql<{ name: string; kind: string; required: boolean }[]>`
    SELECT table_name || '.' || column_name AS name, data_type AS kind, is_nullable = 'NO' AS required
    FROM information_schema.columns WHERE table_schema = 'ledger' AND table_name <> 'migrations'
      AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = format('ledger.%I', table_name)::regclass AND c.relispartition)`
  await sql.end()
  const ours = Object.values(schema)
    .filter((value) => value instanceof PgTable)
    .flatMap((table) => {
      const { name, columns } = getTableConfig(table)
      return columns.map((column) => ({
        name: `${name}.${column.name}`,
        kind: column.getSQLType(),
        required: column.notNull,
      }))
    })
  expect(ours.toSorted(byName)).toEqual([...rows].toSorted(byName))
})
