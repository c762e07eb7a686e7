//! Journal: records a second, commit latency, and a bare fdatasync of the same bytes in the same run.
//!
//! Method: records of 216 payload bytes (a PlaceOrder) arrive in groups at a fixed pace; a commit is
//! timed from `append` to its promise, as the sequencer sees it. Rounds of the journal alternate with
//! rounds of a bare write + fdatasync of as many bytes, off-thread too, into a preallocated file on the
//! same file system. Throughput is measured apart, with as many appends in flight as the disk takes.
import {
  closeSync,
  fdatasync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  write,
  writeSync,
} from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { Journal } from '@plumb/journal'

const { values: args } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    dir: { type: 'string', default: tmpdir() },
  },
})
const rounds = Number(args.rounds)
const payloadBytes = 216
const recordsPerAppend = 256
const throughputRecords = 1_000_000
const latencyAppends = 400
/** Pace of the latency rounds: 128,000 records/s, well below the throughput. */
const paceMs = 2

const directory = mkdtempSync(join(args.dir, 'plumb-bench-journal-'))
const payload = Buffer.alloc(payloadBytes, 7)
const percentile = (sorted: Float64Array, p: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? 0
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

let nextSeq = 1
const nextRecords = () => {
  const records = []
  for (let i = 0; i < recordsPerAppend; i++)
    records.push({ seq: nextSeq++, timeMs: 1_700_000_000_000, kind: 3, payload })
  return records
}

const measureThroughput = async (journal: Journal) => {
  const started = performance.now()
  const inFlight: Promise<unknown>[] = []
  for (let done = 0; done < throughputRecords; done += recordsPerAppend) {
    inFlight.push(journal.append(nextRecords()))
    if (inFlight.length >= 64) await inFlight.shift()
    else if (inFlight.length % 8 === 0) await pause(0)
  }
  await Promise.all(inFlight)
  return throughputRecords / ((performance.now() - started) / 1_000)
}

const measureCommits = async (journal: Journal, times: number[]) => {
  const waits: Promise<void>[] = []
  for (let i = 0; i < latencyAppends; i++) {
    const started = performance.now()
    waits.push(
      journal.append(nextRecords()).then(() => void times.push(performance.now() - started)),
    )
    await pause(paceMs)
  }
  await Promise.all(waits)
}

const batch = Buffer.alloc(Math.ceil((128 + recordsPerAppend * (28 + payloadBytes)) / 512) * 512, 9)
const bareBytes = 256 * 1024 * 1024
const bareFd = openSync(join(directory, 'bare'), 'w+')
for (let at = 0; at < bareBytes; at += 1024 * 1024)
  writeSync(bareFd, Buffer.alloc(1024 * 1024), 0, 1024 * 1024, at)
const writeBare = promisify(write)
const syncBare = promisify(fdatasync)
await syncBare(bareFd)
let bareAt = 0
const measureBare = async (times: number[]) => {
  for (let i = 0; i < latencyAppends; i++) {
    if (bareAt + batch.length > bareBytes) bareAt = 0
    const started = performance.now()
    await writeBare(bareFd, batch, 0, batch.length, bareAt)
    await syncBare(bareFd)
    times.push(performance.now() - started)
    bareAt += batch.length
    await pause(paceMs)
  }
}

const journal = await Journal.open(join(directory, 'journal'))
await measureThroughput(journal) // warm-up
const perSecond: number[] = []
const commits: number[] = []
const bare: number[] = []
for (let round = 0; round < rounds; round++) {
  perSecond.push(await measureThroughput(journal))
  await measureBare(bare)
  await measureCommits(journal, commits)
}
await journal.close()
closeSync(bareFd)
rmSync(directory, { recursive: true })

const sortedCommits = Float64Array.from(commits).toSorted()
const sortedBare = Float64Array.from(bare).toSorted()
const round = (value: number) => Math.round(value * 1_000) / 1_000
const figures = {
  recordsPerSecond: Math.round(perSecond.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0),
  commitP50Ms: round(percentile(sortedCommits, 0.5)),
  commitP99Ms: round(percentile(sortedCommits, 0.99)),
  fdatasyncP50Ms: round(percentile(sortedBare, 0.5)),
}
const environment = {
  node: process.version,
  cores: cpus().length,
  cpu: cpus()[0]?.model ?? 'unknown',
  fileSystemType: statfsSync(args.dir).type,
  payloadBytes,
  recordsPerAppend,
  rounds,
}
console.log(
  `journal: ${rounds} rounds, records of ${payloadBytes} bytes in appends of ${recordsPerAppend}`,
)
console.log(
  `  throughput   ${figures.recordsPerSecond} records/s (median round, ${throughputRecords} records)`,
)
console.log(
  `  commit       p50 ${figures.commitP50Ms} ms, p99 ${figures.commitP99Ms} ms at ${(recordsPerAppend * 1_000) / paceMs} records/s`,
)
console.log(
  `  bare         p50 ${figures.fdatasyncP50Ms} ms: write + fdatasync of the same ${batch.length} bytes`,
)
console.log(
  `  ratio        ${round(figures.commitP50Ms / figures.fdatasyncP50Ms)} (commit p50 / bare p50)`,
)
if (args.json) console.log(JSON.stringify({ name: 'journal', figures, environment }))
