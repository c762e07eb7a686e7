//! `npm run verify`: replays the journal and checks hashes, ledger and contract against it.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { DevnetError } from './devnet-error.ts'
import { defaultStateDir, devnetPaths } from './devnet-paths.ts'
import { runningSupervisor } from './process-table.ts'
import { type DevnetAddresses, startDevnet } from './start-devnet.ts'
import { VerifyError } from './verify-error.ts'
import { verifyHouse } from './verify-house.ts'

const usage = `npm run verify -- [options]
  --state DIR     the devnet's state folder (default .devnet)
  --journal DIR   check this copy of the journal instead of the devnet's own
  --signatures    also recover the signer of every accepted order, withdrawal and price
  --json          one object {ok, firstDifference, …} on the last line`

const out = (line: string) => process.stdout.write(`${line}\n`)
const say = (line: string) => process.stderr.write(`${line}\n`)

const placesSchema = z.object({ databaseUrl: z.string(), rpcUrl: z.string(), contract: z.string() })
type Places = Pick<DevnetAddresses, 'databaseUrl' | 'rpcUrl' | 'contract'>

/** The running devnet's PostgreSQL and chain, or those of a stopped one, started for as long as `work` takes. */
const withPlaces = async <T>(
  stateDir: string,
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

const environment = () => ({
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  cpus: cpus().length,
})

const main = async () => {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((word) => word !== '--'),
    options: {
      state: { type: 'string', default: defaultStateDir },
      journal: { type: 'string' },
      signatures: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return out(usage)
  const journalDir = values.journal ?? devnetPaths(values.state).journal
  const answer = (body: object) =>
    values.json && out(JSON.stringify({ name: 'verify', ...body, environment: environment() }))
  try {
    const figures = await withPlaces(values.state, (places) =>
      verifyHouse({
        ...places,
        journalDir,
        signatures: values.signatures,
        tornIsDifference: values.journal !== undefined,
        say,
      }),
    )
    say('verified: journal, engine, ledger and contract agree')
    answer({ ok: true, firstDifference: null, figures })
  } catch (error) {
    if (!(error instanceof VerifyError)) throw error
    const firstDifference = `${error.where}: ${error.message}`
    say(`✗ ${firstDifference}`)
    answer({ ok: false, firstDifference, figures: null })
    process.exitCode = 1
  }
}

try {
  await main()
} catch (error) {
  say(`✗ ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
}
