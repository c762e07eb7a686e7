//! Applies migrations/*.sql in order, each once, each in its own transaction; forward only.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type postgres from 'postgres'
import { connect } from './connect.ts'
import { LedgerError } from './ledger-error.ts'

/** Anything fixed: two migrators of one database take turns. */
const LOCK = 7_586_283

type Migration = { name: string; text: string; checksum: string }

/**
 * Brings the database of `url` up to date. Safe to run again and from several processes at once. The login must be able
 * to create the schema `ledger` and the roles plumb_owner and plumb_app, or find them made.
 *
 * @throws LedgerError SCHEMA_MISMATCH when a migration that ran was changed or has vanished
 */
export async function migrate(
  url: string,
  options: { directory?: string } = {},
): Promise<{ applied: string[] }> {
  const migrations = await readMigrations(options.directory)
  const sql = connect(url, { applicationName: 'migrate', max: 1 })
  try {
    await sql`SELECT pg_advisory_lock(${LOCK})`
    const known = await prepare(sql)
    checkHistory(known, migrations)
    const pending = migrations.filter(({ name }) => !known.has(name))
    for (const migration of pending) await apply(sql, migration)
    return { applied: pending.map(({ name }) => name) }
  } finally {
    await sql.end({ timeout: 5 })
  }
}

async function readMigrations(
  directory = fileURLToPath(new URL('../../../migrations', import.meta.url)),
): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name))
  return Promise.all(
    names.toSorted().map(async (name) => {
      const text = await readFile(`${directory}/${name}`, 'utf8')
      return { name, text, checksum: createHash('sha256').update(text).digest('hex') }
    }),
  )
}

async function prepare(sql: postgres.Sql): Promise<Map<string, string>> {
  const [found] = await sql`SELECT to_regclass('ledger.migrations') IS NOT NULL AS ready`
  if (found?.['ready'] !== true)
    await sql.begin((tx) => [
      tx`CREATE SCHEMA IF NOT EXISTS ledger`,
      tx`CREATE TABLE ledger.migrations (
           name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
    ])
  const rows = await sql<{ name: string; checksum: string }[]>`
    SELECT name, checksum FROM ledger.migrations ORDER BY name`
  return new Map(rows.map(({ name, checksum }) => [name, checksum]))
}

function checkHistory(known: Map<string, string>, migrations: readonly Migration[]): void {
  for (const [name, checksum] of known) {
    const now = migrations.find((migration) => migration.name === name)
    if (now === undefined)
      throw new LedgerError('SCHEMA_MISMATCH', `migration ${name} ran but is not in migrations/`)
    if (now.checksum !== checksum)
      throw new LedgerError('SCHEMA_MISMATCH', `migration ${name} was changed after it ran`)
  }
  const last = [...known.keys()].at(-1) ?? ''
  const late = migrations.find(({ name }) => name < last && !known.has(name))
  if (late !== undefined)
    throw new LedgerError('SCHEMA_MISMATCH', `migration ${late.name} comes before ${last}`)
}

async function apply(sql: postgres.Sql, { name, text, checksum }: Migration): Promise<void> {
  await sql.begin(async (tx) => {
    await tx.unsafe(text).simple()
    await tx`RESET ROLE`
    await tx`INSERT INTO ledger.migrations (name, checksum) VALUES (${name}, ${checksum})`
  })
}
