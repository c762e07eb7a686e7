//! Starts the services and waits until they can work.
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { baseEnvironment, nodeOptions, serviceSettings } from './config.ts'
import { DevnetError } from './devnet-error.ts'
import { repositoryRoot } from './devnet-paths.ts'
import { lastWords } from './last-words.ts'
import { type Progress, timed } from './progress.ts'
import type { RunningProcesses } from './running-processes.ts'
import { type ServiceEntry, type ServiceName, services, type Wiring } from './service-table.ts'

/** What a start may say about its services. */
export type ServiceOptions = { bots?: boolean; settings?: Readonly<Record<string, string>> }

/**
 * A thousand orders on their way outlive a young generation of 16 MiB: with room for them the gateway spends an eighth
 * less. Where there are no cores to spare, threads that share a collection only wait for each other.
 */
const gatewayFlags = [
  '--max-semi-space-size=32',
  ...(availableParallelism() > 2 ? [] : ['--no-parallel-scavenge']),
]

const serviceSpec = (
  entry: ServiceEntry,
  wiring: Wiring,
  settings: ServiceOptions['settings'],
) => ({
  name: entry.name,
  command: process.execPath,
  args: [
    '--enable-source-maps',
    ...(entry.name === 'gateway' ? gatewayFlags : []),
    join(repositoryRoot, 'services', entry.name, 'dist', 'main.js'),
  ],
  env: {
    ...baseEnvironment,
    ...entry.env(wiring),
    ...settings,
    ...serviceSettings,
    ...nodeOptions,
  },
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

const serviceReady = async (
  running: RunningProcesses,
  wiring: Wiring,
  { name, readyWithinMs }: ServiceEntry,
): Promise<void> => {
  const end = Date.now() + readyWithinMs
  while (!(await isReady(readyUrl(wiring, name)))) {
    const process = running.process(name)
    const logPath = join(wiring.paths.logs, `${name}.log`)
    if (running.stopped) throw new DevnetError('STOPPED', 'The start was abandoned.')
    if ((process?.restarts ?? 0) >= 5) {
      const why = lastWords(logPath)
      const said = why === undefined ? '' : `\n  ${why}`
      throw new DevnetError('SERVICE_FAILED', `${name} keeps ending: see ${logPath}${said}`)
    }
    if (Date.now() > end)
      throw new DevnetError(
        'SERVICE_SLOW',
        `${name} was not ready within ${readyWithinMs / 1000} s: see ${logPath}`,
      )
    await sleep(50)
  }
}

/** @throws DevnetError NOT_BUILT, SERVICE_FAILED, SERVICE_SLOW */
export const startServices = async (
  running: RunningProcesses,
  wiring: Wiring,
  { bots = true, settings }: ServiceOptions,
  say: Progress,
) => {
  const wanted = services.filter(({ name }) => name !== 'bots' || bots)
  for (const { name } of wanted)
    if (!existsSync(join(repositoryRoot, 'services', name, 'dist', 'main.js')))
      throw new DevnetError(
        'NOT_BUILT',
        `services/${name} is not built: run npm start, or npx tsc -b`,
      )
  const [first, ...others] = wanted
  if (first === undefined) return
  // The sequencer alone first: everyone else would only wait for its socket.
  running.start(serviceSpec(first, wiring, settings))
  await timed(say, `${first.name} ready`, () => serviceReady(running, wiring, first))
  for (const entry of others) running.start(serviceSpec(entry, wiring, settings))
  await Promise.all(
    others.map((entry) =>
      timed(say, `${entry.name} ready`, () => serviceReady(running, wiring, entry)).catch(
        (error: unknown) => {
          if (entry.needed || running.stopped || !(error instanceof DevnetError)) throw error
          say(`… going on without: ${error.message}`)
        },
      ),
    ),
  )
}
