//! The whole exchange on one machine: PostgreSQL, chain, contracts, services; started, watched, stopped.
import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRpc, type Rpc } from '@plumb/chain'
import { migrate } from '@plumb/ledger'
import { baseEnvironment } from './config.ts'
import { type DevnetDeployment, deployDevnet, readDeployment } from './deployment.ts'
import { describeDevnet } from './describe-devnet.ts'
import { DevnetError } from './devnet-error.ts'
import {
  demoKeys,
  keyOf,
  loadOwnKeys,
  loadSecret,
  type NamedKey,
  type OwnKeys,
  writePublisherKeys,
} from './devnet-keys.ts'
import { type DevnetPaths, defaultStateDir, devnetPaths, repositoryRoot } from './devnet-paths.ts'
import { genesisCommands } from './genesis-file.ts'
import { type Keeper, startKeeper } from './keeper.ts'
import {
  type ChainKeeper,
  chainReady,
  finalBlockPath,
  keepChain,
  prepareChain,
} from './local-chain.ts'
import { claimPort } from './ports.ts'
import { postgresDataDirs, postgresReady, preparePostgres } from './postgres-server.ts'
import { openProcessTable, type ProcessTable } from './process-table.ts'
import { type ServiceEntry, type ServiceName, services, type Wiring } from './service-table.ts'
import {
  type ProcessObserver,
  type SupervisedProcess,
  superviseProcess,
} from './supervised-process.ts'
import { writeFileDurably } from './write-file.ts'

/** How a devnet is started. Ports: 0 = any free one. */
export type DevnetOptions = {
  stateDir?: string
  /** Delete the folder's state first. */
  fresh?: boolean
  gatewayPort?: number
  rpcPort?: number
  postgresPort?: number
  /** Run the market maker and the taker. */
  bots?: boolean
  /** Only PostgreSQL and the chain (for `verify`). */
  servicesWanted?: boolean
  logLevel?: string
  /** Abandons a start that is under way. */
  signal?: AbortSignal
  /** Hears one line for each step and each mishap. */
  onProgress?: (line: string) => void
}

/** Where things are. */
export type DevnetAddresses = {
  gatewayUrl: string
  webSocketUrl: string
  docsUrl: string
  rpcUrl: string
  databaseUrl: string
  contract: string
  token: string
  sequencer: string
}

/** A running devnet. */
export type Devnet = {
  readonly addresses: DevnetAddresses
  readonly accounts: readonly NamedKey[]
  readonly paths: DevnetPaths
  /** Pid of a process by name (`sequencer`, `postgres`, `chain`, …) while it runs. */
  pid(name: string): number | undefined
  /** Restarts of a process by name so far. */
  restarts(name: string): number
  /** Stops everything in order; safe to call twice. */
  stop(): Promise<void>
}

export const defaultPorts = { gateway: 8080, rpc: 8545, postgres: 5433 } as const
const startTimeoutMs = 60_000

type Progress = (line: string) => void

const timed = async <T>(say: Progress, what: string, work: () => Promise<T>): Promise<T> => {
  const startMs = Date.now()
  const result = await work()
  say(`✓ ${what} (${((Date.now() - startMs) / 1000).toFixed(1)} s)`)
  return result
}

/** Everything that was started so far, so that a failed start can take it back. */
class Running {
  readonly table: ProcessTable
  private readonly keeper: Keeper
  private readonly processes = new Map<string, SupervisedProcess>()
  private readonly say: Progress
  chainKeeper: ChainKeeper | undefined
  private stopping: Promise<void> | undefined

  constructor(table: ProcessTable, say: Progress) {
    this.table = table
    this.say = say
    this.keeper = startKeeper()
  }

  private readonly observer: ProcessObserver = {
    started: (spec, pid) => {
      this.table.add({ name: spec.name, pid, signal: spec.signal })
      this.keeper.update(this.table.entries)
      if (spec.name === 'chain') this.chainKeeper?.forget()
    },
    exited: (spec, pid, why, restartInMs) => {
      this.table.remove(pid)
      this.keeper.update(this.table.entries)
      if (restartInMs !== undefined)
        this.say(`! ${spec.name} ended (${why}); again in ${restartInMs} ms — see ${spec.logPath}`)
    },
  }

  /** @throws DevnetError STOPPED when the start was abandoned meanwhile */
  start(spec: Parameters<typeof superviseProcess>[0]): SupervisedProcess {
    if (this.stopping !== undefined) throw new DevnetError('STOPPED', 'The start was abandoned.')
    const process = superviseProcess(spec, this.observer)
    this.processes.set(spec.name, process)
    return process
  }

  get stopped(): boolean {
    return this.stopping !== undefined
  }

  process(name: string): SupervisedProcess | undefined {
    return this.processes.get(name)
  }

  private async stopNow(): Promise<void> {
    for (const stage of [2, 1, 0])
      await Promise.all(
        services
          .filter(({ stopStage }) => stopStage === stage)
          .map(async ({ name }) => this.processes.get(name)?.stop()),
      )
    await this.chainKeeper
      ?.close()
      .catch((error: unknown) => this.say(`! last chain state: ${String(error)}`))
    await Promise.all(['chain', 'postgres'].map(async (name) => this.processes.get(name)?.stop()))
    this.keeper.close()
    this.table.release()
  }

  stop(): Promise<void> {
    this.stopping ??= this.stopNow()
    return this.stopping
  }
}

const serviceSpec = (entry: ServiceEntry, wiring: Wiring) => ({
  name: entry.name,
  command: process.execPath,
  args: ['--enable-source-maps', join(repositoryRoot, 'services', entry.name, 'dist', 'main.js')],
  env: { ...baseEnvironment, ...entry.env(wiring) },
  cwd: repositoryRoot,
  logPath: join(wiring.paths.logs, `${entry.name}.log`),
  signal: 'SIGTERM' as const,
  graceMs: 5_000,
})

const isReady = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}

const readyUrl = (wiring: Wiring, name: ServiceName) =>
  name === 'gateway'
    ? `http://127.0.0.1:${wiring.gatewayPort}/ready`
    : `http://127.0.0.1:${wiring.statusPorts.get(name)}/ready`

const serviceReady = async (running: Running, wiring: Wiring, name: ServiceName): Promise<void> => {
  const end = Date.now() + startTimeoutMs
  while (!(await isReady(readyUrl(wiring, name)))) {
    const process = running.process(name)
    const logPath = join(wiring.paths.logs, `${name}.log`)
    if (running.stopped) throw new DevnetError('STOPPED', 'The start was abandoned.')
    if ((process?.restarts ?? 0) >= 5)
      throw new DevnetError('SERVICE_FAILED', `${name} keeps ending: see ${logPath}`)
    if (Date.now() > end)
      throw new DevnetError(
        'SERVICE_SLOW',
        `${name} was not ready within ${startTimeoutMs / 1000} s: see ${logPath}`,
      )
    await sleep(50)
  }
}

const startChain = async (running: Running, paths: DevnetPaths, port: number): Promise<Rpc> => {
  await mkdir(paths.chain, { recursive: true })
  const logPath = join(paths.logs, 'chain.log')
  running.start(await prepareChain({ stateDir: paths.chain, port, logPath, env: baseEnvironment }))
  const rpc = createRpc(`http://127.0.0.1:${port}`)
  await chainReady(rpc, 20_000, logPath)
  running.chainKeeper = keepChain(rpc, paths.chain)
  return rpc
}

const startPostgres = async (running: Running, paths: DevnetPaths, port: number, say: Progress) => {
  const logPath = join(paths.logs, 'postgres.log')
  const { spec, url } = await preparePostgres({
    dataDir: paths.postgres,
    port,
    logPath,
    env: baseEnvironment,
    say,
  })
  running.start(spec)
  await postgresReady(port, 30_000, logPath)
  await migrate(url)
  return url
}

const deployOnce = async (
  running: Running,
  paths: DevnetPaths,
  rpc: Rpc,
  keys: OwnKeys,
  existing: DevnetDeployment | undefined,
  say: Progress,
): Promise<DevnetDeployment> => {
  if (existing !== undefined) {
    await running.chainKeeper?.dump()
    return existing
  }
  return timed(say, 'contracts deployed, demo accounts funded', async () => {
    const deployment = await deployDevnet(rpc, keys)
    // Chain first: a deployment that is written down is on disk.
    await running.chainKeeper?.dump()
    const genesis = genesisCommands(deployment, keys)
    await writeFileDurably(paths.genesis, `${JSON.stringify(genesis, undefined, 1)}\n`)
    await writeFileDurably(paths.deployment, `${JSON.stringify(deployment)}\n`)
    return deployment
  })
}

const wire = async (
  options: DevnetOptions,
  paths: DevnetPaths,
  keys: OwnKeys,
  ports: { gateway: number; rpc: number },
  databaseUrl: string,
  deployment: DevnetDeployment,
): Promise<Wiring> => {
  const statusPorts = new Map<string, number>()
  for (const { name } of services) statusPorts.set(name, await claimPort(0, name, ''))
  return {
    paths,
    sequencer: `unix:${paths.sequencerSocket}`,
    databaseUrl,
    rpcUrl: `http://127.0.0.1:${ports.rpc}`,
    deployment,
    finalBlockFile: finalBlockPath(paths.chain),
    gatewayPort: ports.gateway,
    statusPorts,
    keyFiles: {
      relayer: keyOf(keys, 'relayer').file,
      publishers: await writePublisherKeys(paths.keys, keys),
      marketMaker: keyOf(keys, 'market-maker').file,
      taker: keyOf(keys, 'taker').file,
      token: await loadSecret(paths.keys, 'gateway-token'),
    },
    logLevel: options.logLevel ?? 'info',
  }
}

const startServices = async (
  running: Running,
  wiring: Wiring,
  options: DevnetOptions,
  say: Progress,
) => {
  const wanted = services.filter(({ name }) => name !== 'bots' || options.bots !== false)
  for (const { name } of wanted)
    if (!existsSync(join(repositoryRoot, 'services', name, 'dist', 'main.js')))
      throw new DevnetError(
        'NOT_BUILT',
        `services/${name} is not built: run npm start, or npx tsc -b`,
      )
  const [first, ...others] = wanted
  if (first === undefined) return
  // The sequencer alone first: everyone else would only wait for its socket.
  running.start(serviceSpec(first, wiring))
  await timed(say, `${first.name} ready`, () => serviceReady(running, wiring, first.name))
  for (const entry of others) running.start(serviceSpec(entry, wiring))
  await Promise.all(
    others
      .filter(({ awaited }) => awaited)
      .map(({ name }) => timed(say, `${name} ready`, () => serviceReady(running, wiring, name))),
  )
}

const addressesOf = (wiring: Wiring): DevnetAddresses => {
  const gateway = `127.0.0.1:${wiring.gatewayPort}`
  return {
    gatewayUrl: `http://${gateway}`,
    webSocketUrl: `ws://${gateway}/v1/ws`,
    docsUrl: `http://${gateway}/docs`,
    rpcUrl: wiring.rpcUrl,
    databaseUrl: wiring.databaseUrl,
    contract: wiring.deployment.exchange,
    token: wiring.deployment.token,
    sequencer: wiring.sequencer,
  }
}

const run = async (
  running: Running,
  paths: DevnetPaths,
  options: DevnetOptions,
  say: Progress,
): Promise<Devnet> => {
  const ports = {
    gateway: await claimPort(
      options.gatewayPort ?? defaultPorts.gateway,
      'gateway',
      '--gateway-port',
    ),
    rpc: await claimPort(options.rpcPort ?? defaultPorts.rpc, 'chain RPC', '--rpc-port'),
    postgres: await claimPort(
      options.postgresPort ?? defaultPorts.postgres,
      'PostgreSQL',
      '--postgres-port',
    ),
  }
  // Without a written deployment nothing was ever acknowledged here: what lies there is half of a start, or of a removal.
  if (options.fresh === true || !existsSync(paths.deployment)) await removeState(paths)
  await mkdir(paths.logs, { recursive: true })
  const keys = await loadOwnKeys(paths.keys)
  const existing = await readDeployment(paths.deployment, paths.chain)
  const [databaseUrl, rpc] = await Promise.all([
    timed(say, 'PostgreSQL ready', () => startPostgres(running, paths, ports.postgres, say)),
    timed(say, 'chain ready', () => startChain(running, paths, ports.rpc)),
  ])
  const deployment = await deployOnce(running, paths, rpc, keys, existing, say)
  const wiring = await wire(options, paths, keys, ports, databaseUrl, deployment)
  const addresses = addressesOf(wiring)
  const description = describeDevnet({ ...addresses, deployment, accounts: demoKeys })
  await writeFileDurably(paths.description, `${JSON.stringify(description, undefined, 1)}\n`)
  await writeFileDurably(paths.addresses, `${JSON.stringify(addresses)}\n`, 0o600)
  if (options.servicesWanted !== false) await startServices(running, wiring, options, say)
  return {
    addresses,
    accounts: demoKeys,
    paths,
    pid: (name) => running.process(name)?.pid,
    restarts: (name) => running.process(name)?.restarts ?? 0,
    stop: () => running.stop(),
  }
}

/** Everything but `run/`, which the process table holds; the deployment first: without it a start begins anew. */
const removeState = async (paths: DevnetPaths): Promise<void> => {
  const { deployment, chain, sequencer, witness, keys, logs, genesis, description } = paths
  const all = [deployment, chain, sequencer, witness, keys, logs, genesis, description]
  for (const path of [...all, ...postgresDataDirs(paths.postgres)])
    await rm(path, { recursive: true, force: true })
}

/**
 * Starts a devnet, or continues the one in `stateDir`. Resolves when all of it is ready; a failed start leaves
 * nothing running.
 *
 * @throws DevnetError PORT_BUSY, ALREADY_RUNNING, SERVICE_FAILED …, fit to be shown to the user
 * @example const devnet = await startDevnet({ stateDir, gatewayPort: 0, rpcPort: 0, postgresPort: 0 })
 */
export const startDevnet = async (options: DevnetOptions = {}): Promise<Devnet> => {
  const say = options.onProgress ?? (() => {})
  const paths = devnetPaths(options.stateDir ?? defaultStateDir)
  const running = new Running(await openProcessTable(paths.run, say), say)
  const abandon = () => void running.stop()
  options.signal?.addEventListener('abort', abandon, { once: true })
  try {
    return await run(running, paths, options, say)
  } catch (error) {
    await running.stop()
    throw options.signal?.aborted === true
      ? new DevnetError('STOPPED', 'The start was abandoned.')
      : error
  } finally {
    options.signal?.removeEventListener('abort', abandon)
  }
}
