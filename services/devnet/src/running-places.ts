//! Where the services of a running devnet answer, for the commands that govern it.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { DevnetError } from './devnet-error.ts'
import type { DevnetPaths } from './devnet-paths.ts'
import { runningSupervisor } from './process-table.ts'

const placesSchema = z.object({
  gatewayUrl: z.string(),
  sequencer: z.string(),
  marginUrl: z.string(),
  rpcUrl: z.string(),
  contract: z.string(),
  token: z.string(),
})
export type Places = z.infer<typeof placesSchema>

/** @throws DevnetError NOT_RUNNING */
export const placesOf = async (paths: DevnetPaths): Promise<Places> => {
  if (runningSupervisor(paths.run) === undefined || !existsSync(paths.addresses))
    throw new DevnetError('NOT_RUNNING', `No devnet runs on ${paths.state}: npm start first.`)
  return placesSchema.parse(JSON.parse(await readFile(paths.addresses, 'utf8')))
}
