//! PostgreSQL and chain of a devnet, running or not, for a command that looks at them.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { DevnetError } from './devnet-error.ts'
import { devnetPaths } from './devnet-paths.ts'
import { runningSupervisor } from './process-table.ts'
import type { Progress } from './progress.ts'
import { type DevnetAddresses, startDevnet } from './start-devnet.ts'

const placesSchema = z.object({ databaseUrl: z.string(), rpcUrl: z.string(), contract: z.string() })
export type Places = Pick<DevnetAddresses, 'databaseUrl' | 'rpcUrl' | 'contract'>

/** The running devnet's PostgreSQL and chain, or those of a stopped one, started for as long as `work` takes. */
export const withPlaces = async <T>(
  stateDir: string,
  say: Progress,
  work: (places: Places) => Promise<T>,
): Promise<T> => {
  const paths = devnetPaths(stateDir)
  if (runningSupervisor(paths.run) !== undefined) {
    if (!existsSync(paths.addresses))
      throw new DevnetError('NOT_RUNNING', 'The devnet is still starting: try again in a moment.')
    return work(placesSchema.parse(JSON.parse(await readFile(paths.addresses, 'utf8'))))
  }
  if (!existsSync(paths.deployment))
    throw new DevnetError('NO_STATE', `There is no devnet in ${paths.state}: run npm start first.`)
  say('the devnet is not running: starting its PostgreSQL and chain')
  const devnet = await startDevnet({
    stateDir,
    gatewayPort: 0,
    rpcPort: 0,
    postgresPort: 0,
    servicesWanted: false,
    onProgress: say,
  })
  try {
    return await work(devnet.addresses)
  } finally {
    await devnet.stop()
  }
}
