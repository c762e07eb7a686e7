//! The whole exchange on one machine: PostgreSQL, chain, contracts, services; started, watched, stopped.
import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import type { Rpc } from '@plumb/chain'
import type { Market } from '@plumb/model'
import { armDevnet } from './arm-markets.ts'
import { type DevnetDeployment, deployDevnet, readDeployment, topUpGas } from './deployment.ts'
import { describeDevnet } from './describe-devnet.ts'
import { DevnetError } from './devnet-error.ts'
import { demoKeys, loadOwnKeys, type NamedKey, type OwnKeys } from './devnet-keys.ts'
import { devnetMarkets } from './devnet-markets.ts'
import { type DevnetPaths, defaultStateDir, devnetPaths } from './devnet-paths.ts'
import type { DevnetPrices } from './devnet-prices.ts'
import { genesisCommands } from './genesis-file.ts'
import { claimPort } from './ports.ts'
import { postgresDataDirs } from './postgres-server.ts'
import { openProcessTable } from './process-table.ts'
import { type Progress, timed } from './progress.ts'
import { readProvenSeq } from './proven-seq.ts'
import { RunningProcesses } from './running-processes.ts'
import type { Wiring } from './service-table.ts'
import { startChain, startPostgres } from './start-foundation.ts'
import { startServices } from './start-services.ts'
import { wireServices } from './wire-services.ts'
import { writeFileDurably } from './write-file.ts'

/** How a devnet is started. Ports: 0 = any free one. */
export type DevnetOptions = {
  stateDir?: string
  /** Delete the folder's state first. */
  fresh?: boolean
  gatewayPort?: number
  rpcPort?: number
  postgresPort?: number
  /** The oracle's prices; the simulator's unless given. */
  prices?: DevnetPrices
  /** Run the market maker and the taker. */
  bots?: boolean
  /** Arm liquidation in every market; as `bots` unless given. */
  armed?: boolean
  /** Listed at genesis; the devnet's usual ones unless given. */
  markets?: readonly Market[]
  /** What services get on top of their own environment. */
  settings?: Readonly<Record<string, string>>
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
  /** The sequencer's status server: `/metrics`. */
  sequencerUrl: string
  /** The ledger's status server: `POST /reconcile`. */
  ledgerUrl: string
  /** Risk reads and the engine's state (services/margin/READS.md). */
  marginUrl: string
  /** Each source's price, and why a market has no index: `/prices`. */
  oracleUrl: string
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
const deployOnce = async (
  running: RunningProcesses,
  paths: DevnetPaths,
  rpc: Rpc,
  keys: OwnKeys,
  existing: DevnetDeployment | undefined,
  markets: readonly Market[],
  say: Progress,
): Promise<DevnetDeployment> => {
  if (existing !== undefined) {
    await topUpGas(rpc, keys)
    await running.chainKeeper?.dump()
    return existing
  }
  return timed(say, 'contracts deployed, demo accounts funded', async () => {
    const deployment = await deployDevnet(rpc, keys, markets)
    // Chain first: a deployment that is written down is on disk.
    await running.chainKeeper?.dump()
    const genesis = genesisCommands(deployment, keys, markets)
    await writeFileDurably(paths.genesis, `${JSON.stringify(genesis, undefined, 1)}\n`)
    await writeFileDurably(paths.deployment, `${JSON.stringify(deployment)}\n`)
    return deployment
  })
}

/** Capital of each market's backstop. */
const backstopQuote = 1_000_000_000_000

/** Arms liquidation while users already trade: the backstops' deposits take their blocks. */
const arm = async (
  addresses: DevnetAddresses,
  keys: OwnKeys,
  markets: readonly Market[],
  running: RunningProcesses,
  say: Progress,
): Promise<void> => {
  const priced = markets.filter(({ fixedIndexTicks }) => fixedIndexTicks === 0)
  try {
    const armed = await armDevnet(
      addresses,
      keys,
      priced.map(({ market }) => market),
      backstopQuote,
    )
    if (armed.length > 0) say(`✓ liquidation armed in ${armed.length} markets`)
  } catch (error) {
    if (!running.stopped) say(`! liquidation is not armed: ${String(error)}`)
  }
}

const addressesOf = (wiring: Omit<Wiring, 'provenSeq'>): DevnetAddresses => {
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
    sequencerUrl: `http://127.0.0.1:${wiring.statusPorts.get('sequencer')}`,
    ledgerUrl: `http://127.0.0.1:${wiring.statusPorts.get('ledger')}`,
    marginUrl: `http://127.0.0.1:${wiring.statusPorts.get('margin')}`,
    oracleUrl: `http://127.0.0.1:${wiring.statusPorts.get('oracle')}`,
  }
}

const run = async (
  running: RunningProcesses,
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
  const { markets = devnetMarkets } = options
  const deployment = await deployOnce(running, paths, rpc, keys, existing, markets, say)
  const wiring = await wireServices(
    options.logLevel ?? 'info',
    paths,
    keys,
    ports,
    databaseUrl,
    deployment,
    options.prices,
  )
  const addresses = addressesOf(wiring)
  const provenSeq = await readProvenSeq(databaseUrl, rpc, deployment.exchange)
  const description = describeDevnet({ ...addresses, deployment, accounts: demoKeys, markets })
  await writeFileDurably(paths.description, `${JSON.stringify(description, undefined, 1)}\n`)
  await writeFileDurably(paths.addresses, `${JSON.stringify(addresses)}\n`, 0o600)
  if (options.servicesWanted !== false)
    await startServices(running, { ...wiring, provenSeq }, options, say)
  // A lively devnet liquidates; who starts without bots sets risk as he likes.
  if (options.servicesWanted !== false && (options.armed ?? options.bots !== false))
    void arm(addresses, keys, markets, running, say)
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
  const files = [genesis, description, paths.listedPrices, paths.bots]
  const all = [deployment, chain, sequencer, witness, keys, logs, ...files]
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
  const running = new RunningProcesses(await openProcessTable(paths.run, say), say)
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
