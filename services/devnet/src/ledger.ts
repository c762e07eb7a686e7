//! `npm run ledger -- rebuild`: the ledger from the journal alone, compared with the live one row by row.
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { DevnetError } from './devnet-error.ts'
import { defaultStateDir, devnetPaths } from './devnet-paths.ts'
import { rebuildLedger } from './rebuild-ledger.ts'
import { withPlaces } from './with-places.ts'

const usage = `npm run ledger -- rebuild [options]
  --state DIR     the devnet's state folder (default .devnet); it may be running
  --journal DIR   rebuild from this copy of the journal instead of the devnet's own
  --into URL      build into this empty database and keep it (default: one of its own, dropped again)
  --json          one object {seq, rows, commandsPerSecond, firstDifference} on the last line

The live ledger is only read.`

const say = (line: string) => process.stderr.write(`${line}\n`)

const main = async () => {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2).filter((word) => word !== '--'),
    allowPositionals: true,
    options: {
      state: { type: 'string', default: defaultStateDir },
      journal: { type: 'string' },
      into: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help || positionals[0] !== 'rebuild' || positionals.length > 1) {
    say(usage)
    process.exitCode = values.help ? 0 : 2
    return
  }
  const journalDir = values.journal ?? devnetPaths(values.state).journal
  if (!existsSync(journalDir))
    throw new DevnetError('NO_JOURNAL', `There is no journal in ${journalDir}.`)
  const figures = await withPlaces(values.state, say, ({ databaseUrl }) =>
    rebuildLedger({ journalDir, databaseUrl, into: values.into, say }),
  )
  const { firstDifference, rows, seq } = figures
  if (firstDifference === null)
    say(`the live ledger is what the journal gives: ${rows} rows at seq ${seq}`)
  else {
    say(`✗ ${firstDifference}`)
    process.exitCode = 1
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ name: 'ledger', figures })}\n`)
}

try {
  await main()
} catch (error) {
  say(`✗ ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
}
