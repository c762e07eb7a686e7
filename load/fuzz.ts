//! `npm run fuzz -- --commands 10000000 --seed 1 --processes 2 --log FILE`: the engine against the reference, at length.
//! Every seed plays a stream of 2,500 commands on every profile. With a log, what it holds is not played again.
import { fork } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
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
    log: { type: 'string' },
  },
})

type Logged = Pick<FuzzAnswer, 'profile' | 'seed' | 'commands' | 'outcomes'>

/** Streams played by earlier runs of the same log. */
function played(log: string | undefined): Logged[] {
  if (log === undefined || !existsSync(log)) return []
  const lines = readFileSync(log, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Logged)
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
const reached = new Set<string>()
const seeds = new Set<number>()
let commands = 0
let differences = 0

function count(answer: Logged): void {
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
  ].join(', ')
}

/** Feeds one process until there is nothing left to play. */
function work(queue: FuzzJob[]): Promise<void> {
  const child = fork(fileURLToPath(new URL('engine/fuzz-worker.ts', import.meta.url)))
  const next = () => {
    const job = differences < DIFFERENCES_MAX ? queue.shift() : undefined
    if (job === undefined) child.disconnect()
    else child.send(job)
  }
  child.on('message', (answer: FuzzAnswer) => {
    if (answer.difference === undefined) {
      count(answer)
      const { profile, seed, commands: length, outcomes: met } = answer
      const line = JSON.stringify({ profile, seed, commands: length, outcomes: met })
      if (values.log !== undefined) appendFileSync(values.log, `${line}\n`)
    } else {
      differences++
      process.stdout.write(`${answer.difference}\n`)
    }
    next()
  })
  next()
  return new Promise((resolve, reject) => {
    child.on('exit', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`a process left with ${code}`))
    })
  })
}

const before = played(values.log)
for (const answer of before) count(answer)
const done = new Set(before.map(({ profile, seed }) => `${profile} ${seed}`))
const queue = jobs(Number(values.commands), Number(values.seed)).filter(
  ({ profile, seed }) => !done.has(`${profile} ${seed}`),
)
const progress = setInterval(() => process.stdout.write(`${figures()}\n`), PROGRESS_MS)
await Promise.all(Array.from({ length: Number(values.processes) }, () => work(queue)))
clearInterval(progress)
const missing = outcomes.filter((name) => !reached.has(name))
if (missing.length > 0) process.stdout.write(`not reached: ${missing.join(', ')}\n`)
process.stdout.write(`fuzz: ${figures()}\n`)
process.exitCode = differences === 0 ? 0 : 1
