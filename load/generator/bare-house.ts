//! Sequencer and gateway alone, without ledger, margin, relayer and chain: what the edge can do by itself.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { addressBytes } from '@plumb/chain'
import { encodeCommand } from '@plumb/model'
import { type Address, createCommandClient } from '@plumb/runtime'
import { metricsOf } from '../stages/read-metrics.ts'
import { DEPOSIT_QUOTE, LOAD_ACCOUNTS, loadSigner } from './load-accounts.ts'
import { say } from './progress.ts'
import type { Target } from './target-kind.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const contract = `0x${'11'.repeat(20)}`

/** A market with a fixed index needs no price publisher and no clock. */
const market = (number: number, symbol: string) => ({
  kind: 'ListMarket',
  market: number,
  symbol,
  tickE8: 50_000_000,
  lotE8: 10_000,
  quotePerTickLot: 50,
  imBps: 500,
  mmBps: 300,
  takerFee: 45,
  makerFee: 15,
  minOrderLots: 1,
  maxOrderLots: 1_000_000,
  maxPositionLots: 1_000_000_000,
  minNotionalQuote: 10_000_000,
  maxOpenInterestLots: 0,
  priceBandPpm: 50_000,
  markBandPpm: 30_000,
  fixedIndexTicks: 120_000,
})

const genesis = [
  {
    kind: 'Genesis',
    chainId: 1337,
    settlementLagS: 600,
    publisherCount: 1,
    publisherQuorum: 1,
    contract,
    publishers: [`0x${'22'.repeat(20)}`],
  },
  ...['BTC', 'ETH', 'SOL', 'ADA', 'XRP', 'DOT', 'LTC', 'UNI', 'ARB', 'TON'].map((base, number) =>
    market(number, `${base}-PERP`),
  ),
]

/**
 * Starts both from `dist/` and credits every load account by command.
 *
 * @param nodeOptions as `NODE_OPTIONS`, for the services
 */
export async function startBareHouse(
  nodeOptions: string,
  settings: Readonly<Record<string, string>>,
): Promise<Target> {
  say('starting sequencer and gateway alone …')
  const folder = mkdtempSync(join(tmpdir(), 'plumb-bare-'))
  writeFileSync(join(folder, 'genesis.json'), JSON.stringify(genesis))
  const sequencer: Address = `unix:${folder}/s.sock`
  const [port, statusPort] = [await freePort(), await freePort()]
  const common = {
    PLUMB_SEQUENCER: sequencer,
    PLUMB_LOG_LEVEL: 'warn',
    PLUMB_HTTP: 'none',
    PLUMB_PARENT_PID: String(process.pid),
    NODE_OPTIONS: nodeOptions,
    ...settings,
  }
  const children = new Map<string, ChildProcess>()
  children.set(
    'sequencer',
    run('sequencer', {
      ...common,
      PLUMB_HTTP: String(statusPort),
      PLUMB_SEQUENCER_DATA: join(folder, 'data'),
      PLUMB_GENESIS: join(folder, 'genesis.json'),
    }),
  )
  const exempt = Array.from({ length: LOAD_ACCOUNTS }, (_, i) => loadSigner(i).address).join(',')
  children.set(
    'gateway',
    run('gateway', {
      ...common,
      PLUMB_LISTEN: `127.0.0.1:${port}`,
      PLUMB_CHAIN_ID: '1337',
      PLUMB_CONTRACT: contract,
      PLUMB_TOKEN_SECRET: 'a load test needs no secret, and no less than 32',
      PLUMB_RATE_EXEMPT: exempt,
    }),
  )
  const url = `http://127.0.0.1:${port}`
  await credit(sequencer)
  while (!(await isReady(url))) await sleep(100)
  return {
    url,
    kind: 'bare',
    processes: () => [...children].map(([name, { pid = 0 }]) => ({ name, pid })),
    metrics: () => metricsOf(url, `http://127.0.0.1:${statusPort}`),
    fund: async () => {},
    stop: async () => {
      for (const child of children.values()) {
        const ended = new Promise((resolve) => child.once('exit', resolve))
        child.kill('SIGTERM')
        await ended
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function run(service: string, env: Record<string, string>): ChildProcess {
  const main = join(root, 'services', service, 'dist', 'main.js')
  // As the devnet starts it.
  const sharing = availableParallelism() > 2 ? [] : ['--no-parallel-scavenge']
  const heap = service === 'gateway' ? ['--max-semi-space-size=32', ...sharing] : []
  return spawn(process.execPath, [...heap, main], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}

async function credit(address: Address): Promise<void> {
  const commands = createCommandClient({ address, name: 'load' })
  await commands.ready()
  const credits = Array.from({ length: LOAD_ACCOUNTS }, (_, i) =>
    commands.submit(
      encodeCommand({
        kind: 'CreditDeposit',
        owner: addressBytes(loadSigner(i).address),
        subaccount: 0,
        amountQuote: DEPOSIT_QUOTE,
        depositId: i + 1,
        blockNumber: i + 1,
        txHash: new Uint8Array(32).fill(1),
      }),
    ),
  )
  await Promise.all(credits)
  await commands.close()
}

async function isReady(url: string): Promise<boolean> {
  return await fetch(`${url}/ready`).then(
    ({ ok }) => ok,
    () => false,
  )
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
