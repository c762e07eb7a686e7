//! A real Postgres for tests and benches: the devnet's own server, on a free port, in a temporary folder.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { freePort } from '../../../services/devnet/src/ports.ts'
import { postgresReady, preparePostgres } from '../../../services/devnet/src/postgres-server.ts'
import { migrate } from '../src/migrate.ts'

type TestDatabases = {
  /** Superuser, database `postgres`, not migrated. */
  url: string
  /** A fresh, migrated database of its own. */
  createDatabase(): Promise<string>
}

type TestPostgres = TestDatabases & { stop(): Promise<void> }

const READY_MS = 60_000

/**
 * Starts a server (about two seconds); the tests of the `pg` stage share one. Works as root, and wherever the repository lies.
 *
 * @throws Error with what the server said when it ends or does not answer
 */
export async function startTestPostgres(options: { flags?: string[] } = {}): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'plumb-postgres-'))
  // The server runs as another user: its way to the data must be open.
  await chmod(folder, 0o755)
  const port = await freePort()
  const logs: string[] = []
  const { spec, url } = await preparePostgres({
    dataDir: join(folder, 'data'),
    port,
    logPath: join(folder, 'postgres.log'),
    // oxlint-disable-next-line node/no-process-env
    env: { PATH: process.env['PATH'] ?? '', HOME: folder },
    say: (line) => logs.push(`${line}\n`),
  })
  const { uid, gid } = spec
  const server = spawn(spec.command, [...spec.args, ...(options.flags ?? [])], {
    cwd: spec.cwd,
    env: spec.env,
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  })
  for (const stream of [server.stdout, server.stderr])
    stream.on('data', (chunk: Buffer) => logs.push(chunk.toString()))
  const abandon = () => server.kill('SIGKILL')
  process.once('exit', abandon)
  const ended = once(server, 'exit').then(() => {
    throw new Error('it ended')
  })
  try {
    await Promise.race([postgresReady(port, READY_MS, 'the lines above'), ended])
  } catch (error) {
    abandon()
    throw new Error(`Postgres did not start:\n${logs.join('')}`, { cause: error })
  }
  ended.catch(() => {})
  return {
    ...databasesOf(url),
    stop: async () => {
      process.off('exit', abandon)
      await stopped(server)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Databases of one's own on a server that runs: what a `*.pg.test.ts` makes of `inject('postgresUrl')`.
 * Migrated once and copied: a copy takes a tenth of the time.
 */
export function databasesOf(serverUrl: string): TestDatabases {
  const base = serverUrl.slice(0, serverUrl.lastIndexOf('/'))
  const prefix = `ledger_${randomBytes(4).toString('hex')}`
  let databases = 0
  const create = async (name: string, template: string) => {
    const sql = postgres(`${base}/postgres`, { max: 1, onnotice: () => {} })
    await sql.unsafe(`CREATE DATABASE ${name} TEMPLATE ${template}`)
    await sql.end()
  }
  const migrated = async () => {
    await create(`${prefix}_template`, 'template1')
    await migrate(`${base}/${prefix}_template`)
  }
  let template: Promise<void> | undefined
  return {
    url: `${base}/postgres`,
    createDatabase: async () => {
      databases += 1
      const name = `${prefix}_${databases}`
      template ??= migrated()
      await template
      await create(name, `${prefix}_template`)
      return `${base}/${name}`
    },
  }
}

/** Ends a server at once, its clients disconnected. */
async function stopped(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const exited = once(server, 'exit')
  server.kill('SIGINT')
  await exited
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
