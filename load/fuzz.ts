//! `npm run fuzz -- --commands 10000000 --seed 1 --processes 2 --log FILE`: the engine against the reference, at length.
//! Every seed plays a stream of 2,500 commands on every profile. With a log a run goes on where Ctrl-C, a kill or
//! `--minutes 8` left it: a stream that the log has of the same sources is not played again. `--minutes 0` only sums it up.
import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { outcomes } from '../packages/engine/src/reference/outcomes.ts'
import { streamProfiles } from '../packages/engine/src/reference/stream-profiles.ts'
import type { FuzzAnswer, FuzzJob } from './engine/fuzz-worker.ts'

const STREAM = 2_500
const PROGRESS_MS = 10_000
const DIFFERENCES_MAX = 5

const { values } = parseArgs({
  options: {
    commands: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    processes: { type: 'string', default: String(availableParallelism()) },
    minutes: { type: 'string', default: 'Infinity' },
    log: { type: 'string' },
  },
})

/** A stream in a log, with the sources it was played on. */
type Logged = FuzzAnswer & { build: string }

/** A digest of what is compared and of the streams: what other sources did proves nothing about these. */
function buildOf(): string {
  const hash = createHash('sha256')
  for (const folder of ['../packages/engine/src', '../packages/model/src']) {
    const path = fileURLToPath(new URL(folder, import.meta.url))
    const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).toSorted()
    for (const file of files.filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts')))
      hash.update(`${file}\n`).update(readFileSync(join(path, file)))
  }
  return hash.digest('hex').slice(0, 12)
}

/** Streams in a log; a line that a kill has cut short is none. */
function logged(log: string | undefined): Logged[] {
  if (log === undefined || !existsSync(log)) return []
  const lines = readFileSync(log, 'utf8').split('\n')
  return lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line) as Logged)
}

function jobs(total: number, firstSeed: number): FuzzJob[] {
  const profiles = Object.keys(streamProfiles)
  return Array.from({ length: Math.ceil(total / STREAM) }, (_, i) => ({
    profile: profiles[i % profiles.length] ?? '',
    seed: firstSeed + Math.floor(i / profiles.length),
    commands: STREAM,
  }))
}

const startMs = performance.now()
const build = buildOf()
const reached = new Set<string>()
const seeds = new Set<number>()
let commands = 0
let differences = 0
let isStopped = false

function count(answer: FuzzAnswer): void {
  if (answer.difference !== undefined) {
    differences++
    process.stdout.write(`${answer.difference}\n`)
    return
  }
  commands += answer.commands
  seeds.add(answer.seed)
  for (const name of answer.outcomes) reached.add(name)
}

function figures(): string {
  const expected = outcomes.filter((name) => reached.has(name)).length
  return [
    `${commands.toLocaleString('en')} commands`,
    `${seeds.size} seeds`,
    `${Object.keys(streamProfiles).length} profiles`,
    `${differences} differences`,
    `outcomes reached ${expected} of ${outcomes.length}`,
    `${((performance.now() - startMs) / 1_000).toFixed(0)} s`,
    `sources ${build}`,
  ].join(', ')
}

/** Feeds one process until there is nothing left to play, or the run is stopped. */
function work(queue: FuzzJob[]): Promise<void> {
  const child = fork(fileURLToPath(new URL('engine/fuzz-worker.ts', import.meta.url)))
  const next = () => {
    const isOver = isStopped || differences >= DIFFERENCES_MAX
    const job = isOver ? undefined : queue.shift()
    if (job === undefined) child.disconnect()
    else child.send(job)
  }
  child.on('message', (answer: FuzzAnswer) => {
    count(answer)
    if (values.log !== undefined)
      appendFileSync(values.log, `${JSON.stringify({ build, ...answer })}\n`)
    next()
  })
  next()
  return new Promise((resolve, reject) => {
    child.on('exit', (code, signal) => {
      if (code === 0 || isStopped) resolve()
      else reject(new Error(`a process left with ${code ?? signal}`))
    })
  })
}

const known = logged(values.log)
const before = known.filter((line) => line.build === build && line.difference === undefined)
for (const answer of before) count(answer)
if (known.length > before.length)
  process.stdout.write(`${known.length - before.length} streams of other sources do not count\n`)
const done = new Set(before.map(({ profile, seed }) => `${profile} ${seed}`))
const queue = jobs(Number(values.commands), Number(values.seed)).filter(
  ({ profile, seed }) => !done.has(`${profile} ${seed}`),
)
const stop = () => {
  isStopped = true
}
process.on('SIGINT', stop)
process.on('SIGTERM', stop)
const minutes = Number(values.minutes)
if (minutes === 0) stop()
else if (minutes < Infinity) setTimeout(stop, minutes * 60_000).unref()
const progress = setInterval(() => process.stdout.write(`${figures()}\n`), PROGRESS_MS)
await Promise.all(Array.from({ length: Number(values.processes) }, () => work(queue)))
clearInterval(progress)
const missing = outcomes.filter((name) => !reached.has(name))
if (missing.length > 0) process.stdout.write(`not reached: ${missing.join(', ')}\n`)
const unlisted = [...reached].filter((name) => !outcomes.includes(name)).toSorted()
if (unlisted.length > 0) process.stdout.write(`reached beside those: ${unlisted.join(', ')}\n`)
process.stdout.write(`fuzz: ${figures()}\n`)
process.exitCode = differences === 0 ? 0 : 1
