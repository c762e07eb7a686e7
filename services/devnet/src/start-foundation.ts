//! What the services stand on: chain and PostgreSQL.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createRpc, type Rpc } from '@plumb/chain'
import { migrate } from '@plumb/ledger'
import { baseEnvironment } from './config.ts'
import type { DevnetPaths } from './devnet-paths.ts'
import { chainReady, keepChain, prepareChain } from './local-chain.ts'
import { postgresReady, preparePostgres } from './postgres-server.ts'
import type { Progress } from './progress.ts'
import type { RunningProcesses } from './running-processes.ts'

/** The chain with its newest durable state, kept durable from here on. */
export const startChain = async (
  running: RunningProcesses,
  paths: DevnetPaths,
  port: number,
): Promise<Rpc> => {
  await mkdir(paths.chain, { recursive: true })
  const logPath = join(paths.logs, 'chain.log')
  running.start(await prepareChain({ stateDir: paths.chain, port, logPath, env: baseEnvironment }))
  const rpc = createRpc(`http://127.0.0.1:${port}`)
  await chainReady(rpc, 20_000, logPath)
  running.chainKeeper = keepChain(rpc, paths.chain)
  return rpc
}

/** A migrated database; answers its URL. */
export const startPostgres = async (
  running: RunningProcesses,
  paths: DevnetPaths,
  port: number,
  say: Progress,
) => {
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
