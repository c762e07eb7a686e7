//! The door to Postgres: checks that the server keeps what it commits and that the schema is ours.
import { setTimeout as sleep } from 'node:timers/promises'
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type postgres from 'postgres'
import { connect } from './connect.ts'
import { LedgerError } from './ledger-error.ts'
import { schemaVersion } from './schema.ts'

/** A pool that acts as plumb_app: it can add history, never change it. */
export type Ledger = {
  sql: postgres.Sql<{ bigint: number }>
  db: PostgresJsDatabase
  /** Called between the steps of a transaction; a test may end the process there. */
  reached(point: string): void
  close(): Promise<void>
}

const SCHEMA_POLL_MS = 200

/** A server that would lie about durability, or a replica, must never hold the money (reliability.md R28). */
const required: Record<string, readonly string[]> = {
  fsync: ['on'],
  full_page_writes: ['on'],
  synchronous_commit: ['on', 'remote_apply'],
  data_checksums: ['on'],
}

/**
 * Opens the ledger as role plumb_app.
 *
 * @param options.max connections at most, default 4
 * @param options.schemaWaitMs how long to wait for whoever migrates the database, default 0
 * @param options.reached hears the names of the steps a transaction has done, default nobody
 * @throws LedgerError UNSAFE_SERVER, SCHEMA_MISMATCH
 * @example const ledger = await openLedger(config.DATABASE_URL, { applicationName: 'gateway' })
 */
export async function openLedger(
  url: string,
  options: {
    applicationName: string
    max?: number
    schemaWaitMs?: number
    reached?: (point: string) => void
  },
): Promise<Ledger> {
  const { applicationName, max = 4, schemaWaitMs = 0, reached = () => {} } = options
  await schemaReady(url, applicationName, schemaWaitMs)
  const sql = connect(url, { applicationName, max, role: 'plumb_app' })
  try {
    await checkServer(sql)
  } catch (error) {
    await sql.end({ timeout: 1 })
    throw error
  }
  return { sql, db: drizzle(sql), reached, close: () => sql.end({ timeout: 5 }) }
}

/** Services start side by side, and only one of them migrates: the others give it time. */
async function schemaReady(url: string, applicationName: string, waitMs: number): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += SCHEMA_POLL_MS)
    try {
      return await checkSchema(url, applicationName)
    } catch (error) {
      const mayCome = error instanceof LedgerError && error.code === 'SCHEMA_MISMATCH'
      if (!mayCome || waitedMs >= waitMs) throw error
      await sleep(SCHEMA_POLL_MS)
    }
}

/** Before taking on the role, which a database that was never migrated does not know. */
async function checkSchema(url: string, applicationName: string): Promise<void> {
  const sql = connect(url, { applicationName, max: 1 })
  try {
    const [found] = await sql`SELECT to_regclass('ledger.migrations') IS NOT NULL AS ready`
    if (found?.['ready'] !== true)
      throw new LedgerError('SCHEMA_MISMATCH', 'the database has no ledger: run migrate first')
    const rows = await sql`SELECT FROM ledger.migrations WHERE name = ${schemaVersion}`
    if (rows.length === 0)
      throw new LedgerError('SCHEMA_MISMATCH', `migration ${schemaVersion} is missing: run migrate`)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

async function checkServer(sql: postgres.Sql<{ bigint: number }>): Promise<void> {
  const settings = await sql<{ name: string; setting: string }[]>`
    SELECT name, setting FROM pg_settings WHERE name IN ${sql(Object.keys(required))}`
  for (const [name, allowed] of Object.entries(required)) {
    const setting = settings.find((row) => row.name === name)?.setting ?? 'unknown'
    if (!allowed.includes(setting))
      throw new LedgerError(
        'UNSAFE_SERVER',
        `${name} is ${setting}, must be ${allowed.join(' or ')}`,
      )
  }
  const [server] = await sql<{ replica: boolean }[]>`SELECT pg_is_in_recovery() AS replica`
  if (server?.replica === true)
    throw new LedgerError(
      'UNSAFE_SERVER',
      'the server is a replica: money is read from the primary',
    )
}
