//! `npm run journal`: what lies in a journal, whether all of it verifies, and its commands and events as JSON lines.
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { inspectJournal } from '@plumb/journal'
import { DevnetError } from './devnet-error.ts'
import { defaultStateDir, devnetPaths } from './devnet-paths.ts'
import { dumpJournal } from './journal-dump.ts'
import { adviceFor, inspectionLines } from './journal-report.ts'

const usage = `npm run journal -- inspect|verify|dump [options] [DIR]
  inspect   segments, sequence numbers, batches, snapshots, who writes
  verify    every checksum and every link of the hash chain; the first fault by file, byte and sequence number
  dump      one JSON line for each command, in order
  DIR       the folder with the .seg files (default: the devnet's)
  --state DIR   the devnet's state folder (default .devnet)
  --from SEQ    dump: first command (default 1)
  --to SEQ      dump: last command (default the end)
  --events      dump: replays the journal and adds each command's events
  --json        inspect, verify: one object on the last line

Nothing is written or locked: a running exchange can be looked at.`

/** What was not found is said, not left out. */
const nullForAbsent = (_key: string, value: unknown): unknown => value ?? null

const out = (line: string) => process.stdout.write(`${line}\n`)

const seqOf = (flag: string, text: string | undefined, absent: number): number => {
  if (text === undefined) return absent
  const seq = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(seq) && seq > 0) return seq
  throw new DevnetError('BAD_OPTION', `${flag} needs a sequence number from 1 on, not ${text}`)
}

const readArgs = () => {
  try {
    return parseArgs({
      args: process.argv.slice(2).filter((word) => word !== '--'),
      allowPositionals: true,
      options: {
        state: { type: 'string', default: defaultStateDir },
        from: { type: 'string' },
        to: { type: 'string' },
        events: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new DevnetError('BAD_OPTION', `${why}\n\n${usage}`)
  }
}

const main = async () => {
  const { values, positionals } = readArgs()
  const [verb, given, ...more] = positionals
  if (values.help) return out(usage)
  if (more.length > 0 || !(verb === 'inspect' || verb === 'verify' || verb === 'dump'))
    throw new DevnetError('BAD_OPTION', usage)
  const directory = given ?? devnetPaths(values.state).journal
  if (!existsSync(directory))
    throw new DevnetError('NO_STATE', `There is no journal in ${directory}.`)
  if (verb === 'dump') {
    const fromSeq = seqOf('--from', values.from, 1)
    const toSeq = seqOf('--to', values.to, Number.MAX_SAFE_INTEGER)
    for (const entry of dumpJournal(directory, { fromSeq, toSeq, events: values.events }))
      await write(JSON.stringify(entry))
    return undefined
  }
  const found = await inspectJournal(directory)
  const advice = adviceFor(found)
  const isSound = found.fault === undefined
  if (verb === 'inspect') for (const line of inspectionLines(directory, found)) out(line)
  else if (isSound) out(`✓ ${found.lastSeq} commands in ${found.segments.length} segments verify`)
  if (found.fault !== undefined) {
    const { path, offset, seq, problem } = found.fault
    out(`✗ ${path}, byte ${offset}, seq ${seq}: ${problem}`)
  }
  for (const line of advice) out(`  ${line}`)
  if (values.json)
    out(JSON.stringify({ name: `journal-${verb}`, ok: isSound, ...found, advice }, nullForAbsent))
  if (!isSound) process.exitCode = 1
  return undefined
}

/** Waits for a slow reader of a pipe. */
const write = (line: string) =>
  new Promise<void>((resolve) => {
    if (process.stdout.write(`${line}\n`)) resolve()
    else process.stdout.once('drain', resolve)
  })

// `… dump | head` ends the pipe early: that is no failure.
process.stdout.on('error', (error) => {
  process.exit('code' in error && error.code === 'EPIPE' ? 0 : 2)
})
try {
  await main()
} catch (error) {
  process.stderr.write(`✗ ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
