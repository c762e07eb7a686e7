//! The exchange under load: one that runs, or one that is started for the occasion and taken away again.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from '@plumb/sdk'
import { metricsOf } from '../stages/read-metrics.ts'
import { startBareHouse } from './bare-house.ts'
import { fundOnChain, type LoadAccount } from './load-accounts.ts'
import type { NamedProcess } from './process-probe.ts'
import { say } from './progress.ts'
import { loadSettings, type StartedServices, type Target } from './target-kind.ts'

export const DEFAULT_URL = 'http://127.0.0.1:8080'
const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * @param url a running exchange; without it the devnet of this machine, or one of our own when none runs
 * @param started how services are started, if they are; the options in `PLUMB_NODE_OPTIONS` are added
 */
export async function openTarget(
  url: string | undefined,
  bare: boolean,
  started: StartedServices = {},
): Promise<Target> {
  const { nodeOptions = [], settings = {} } = started
  const options = [process.env['PLUMB_NODE_OPTIONS'] ?? '', ...nodeOptions].join(' ').trim()
  const all = { ...loadSettings, ...settings }
  if (bare) return await startBareHouse(options, all)
  const wanted = url ?? DEFAULT_URL
  const alive = await fetch(`${wanted}/health`).then(
    ({ ok }) => ok,
    () => false,
  )
  if (alive) return runningTarget(wanted, join(root, '.devnet'))
  if (url !== undefined) throw new Error(`nothing answers at ${url}`)
  return await startDevnet(options, all)
}

/** An exchange that somebody else runs. */
async function runningTarget(url: string, state: string): Promise<Target> {
  const client = createClient({ baseUrl: url })
  const devnet = await client.devnet().catch(() => undefined)
  const port = new URL(url).port
  const processes = () => (ownsPort(state, port) ? processesOf(state) : [])
  const fund = async (accounts: readonly LoadAccount[]) => {
    if (devnet !== undefined) return await fundOnChain(accounts, devnet)
    for (const { trader, signer } of accounts)
      if (!(await trader.isFunded()))
        throw new Error(
          `not a devnet: fund ${signer.address} and the others of \`npm run load -- accounts\``,
        )
  }
  const kind = devnet === undefined ? 'other' : 'devnet'
  const metrics = async () => {
    const sequencer = ownsPort(state, port) ? addressesOf(state)?.sequencerUrl : undefined
    return sequencer === undefined ? undefined : await metricsOf(url, sequencer)
  }
  return { url, kind, processes, metrics, fund, stop: async () => {} }
}

async function startDevnet(
  nodeOptions: string,
  settings: Readonly<Record<string, string>>,
): Promise<Target> {
  say(`nothing runs at ${DEFAULT_URL}: starting a devnet for this test …`)
  const state = mkdtempSync(join(tmpdir(), 'plumb-load-'))
  await chmod(state, 0o755) // PostgreSQL's own user enters it
  const script = join(root, 'services', 'devnet', 'bin', 'start.mjs')
  const free = ['--gateway-port', '0', '--rpc-port', '0', '--postgres-port', '0']
  const child = spawn(
    process.execPath,
    [script, '--state', state, ...free, '--log-level', 'warn', '--json'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        PLUMB_PARENT_PID: String(process.pid),
        PLUMB_NODE_OPTIONS: nodeOptions,
        PLUMB_SERVICE_SETTINGS: JSON.stringify(settings),
      },
    },
  )
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = await new Promise<string>((resolve, reject) => {
    let line = ''
    child.stdout.on('data', (chunk: Buffer) => {
      line += chunk.toString()
      if (line.includes('\n')) resolve(JSON.parse(line).gatewayUrl)
    })
    child.once('exit', (code) => reject(new Error(`the devnet ended with ${code}`)))
  })
  const target = await runningTarget(url, state)
  const stop = async () => {
    child.kill('SIGINT')
    await ended
    rmSync(state, { recursive: true, force: true })
  }
  return { ...target, processes: () => processesOf(state), stop }
}

function processesOf(state: string): NamedProcess[] {
  try {
    const services: NamedProcess[] = JSON.parse(
      readFileSync(join(state, 'run', 'processes.json'), 'utf8'),
    )
    return [...services.filter(({ name }) => name !== 'postgres'), ...postgresOf(state)]
  } catch {
    return []
  }
}

function postgresOf(state: string): NamedProcess[] {
  try {
    const [pid] = readFileSync(join(state, 'postgres', 'postmaster.pid'), 'utf8').split('\n')
    return [{ name: 'postgres', pid: Number(pid), isTree: true }]
  } catch {
    return []
  }
}

function ownsPort(state: string, port: string): boolean {
  const gatewayUrl = addressesOf(state)?.gatewayUrl
  return gatewayUrl !== undefined && new URL(gatewayUrl).port === port
}

/** Where a devnet says its services are; undefined where none has. */
function addressesOf(state: string): { gatewayUrl: string; sequencerUrl: string } | undefined {
  try {
    return JSON.parse(readFileSync(join(state, 'run', 'addresses.json'), 'utf8'))
  } catch {
    return undefined
  }
}
