//! `npm run reconcile`: engine = ledger = chain, now, over the ledger's whole history.
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { DevnetError } from './devnet-error.ts'
import { defaultStateDir, devnetPaths } from './devnet-paths.ts'
import { runningSupervisor } from './process-table.ts'

const usage = `npm run reconcile -- [options]
  --state DIR   the running devnet's state folder (default .devnet)
  --resume      open withdrawals again when everything agrees
  --json        the stored comparison as one object on the last line

A difference pauses withdrawals, as the comparison of each minute would; they stay so until --resume.`

const say = (line: string) => process.stderr.write(`${line}\n`)
const WITHIN_MS = 120_000

const answerSchema = z.looseObject({
  ok: z.boolean(),
  seq: z.int(),
  batchNo: z.int(),
  accounts: z.int(),
  firstDifference: z.string().nullable(),
})

const main = async () => {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((word) => word !== '--'),
    options: {
      state: { type: 'string', default: defaultStateDir },
      resume: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return say(usage)
  const paths = devnetPaths(values.state)
  if (runningSupervisor(paths.run) === undefined)
    throw new DevnetError('NOT_RUNNING', `No devnet runs in ${paths.state}: run npm start first.`)
  const { ledgerUrl } = z
    .object({ ledgerUrl: z.url() })
    .parse(JSON.parse(await readFile(paths.addresses, 'utf8')))
  const action = values.resume ? '/resume-withdrawals' : '/reconcile'
  const response = await fetch(new URL(action, ledgerUrl), {
    method: 'POST',
    signal: AbortSignal.timeout(WITHIN_MS),
  })
  const body: unknown = await response.json()
  if (!response.ok) throw new DevnetError('NOT_COMPARABLE', JSON.stringify(body))
  const row = answerSchema.parse(body)
  if (row.ok)
    say(
      `engine, ledger and chain agree: ${row.accounts} accounts as of batch ${row.batchNo}, seq ${row.seq}${values.resume ? '; withdrawals are open' : ''}`,
    )
  else {
    say(`✗ ${row.firstDifference}\n✗ withdrawals are paused`)
    process.exitCode = 1
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ name: 'reconcile', ...row })}\n`)
}

try {
  await main()
} catch (error) {
  say(`✗ ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
}
