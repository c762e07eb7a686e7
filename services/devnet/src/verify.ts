//! `npm run verify`: replays the journal and checks hashes, ledger and contract against it.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { defaultStateDir, devnetPaths } from './devnet-paths.ts'
import { VerifyError } from './verify-error.ts'
import { verifyHouse } from './verify-house.ts'
import { withPlaces } from './with-places.ts'

const usage = `npm run verify -- [options]
  --state DIR     the devnet's state folder (default .devnet)
  --journal DIR   check this copy of the journal instead of the devnet's own
  --signatures    also recover the signer of every accepted command that is signed
  --json          one object {ok, firstDifference, …} on the last line`

const out = (line: string) => process.stdout.write(`${line}\n`)
const say = (line: string) => process.stderr.write(`${line}\n`)

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
    const figures = await withPlaces(values.state, say, (places) =>
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
