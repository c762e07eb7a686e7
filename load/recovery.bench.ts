//! Recovery: commands a second from a journal on disk to an engine whose state hash is the journal's.
//!
//! Method: the engine bench's seeded stream (40 % new orders, 48 % cancels, 9 % crossing, 3 % amends) is journaled as the
//! sequencer journals it, a state hash in each batch. Then, in turns: open (every checksum and chain link of every
//! byte), replay from the files into a new engine with all risk on (the state hash compared every 4,096 commands and at the end; no snapshot). The
//! median round counts; rates are of this process' CPU time, as the machine may have other work. Last, the real sequencer process starts on that journal without snapshot and feed: from its
//! start to serving, its feed regenerated. The files are in the page cache, as after a crash of the process.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createEngine } from '@plumb/engine'
import { Journal, type JournalRecord } from '@plumb/journal'
import { COMMAND_STRIDE, CommandBuffer, type StateHash } from '@plumb/model'
import { BenchStream, createChunk } from './engine/stream.ts'

const { values: args } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    commands: { type: 'string', default: '1000000' },
    accounts: { type: 'string', default: '4000' },
    rounds: { type: 'string', default: '5' },
    seed: { type: 'string', default: '7' },
    dir: { type: 'string', default: tmpdir() },
  },
})
const commands = Number(args.commands)
const accounts = Number(args.accounts)
const rounds = Number(args.rounds)
const recordsPerAppend = 256
/** As the sequencer does when it recovers. */
const readAhead = 32
/** As the sequencer does when it recovers. */
const checkEveryCommands = 4_096
const root = mkdtempSync(join(args.dir, 'plumb-bench-recovery-'))
const directory = join(root, 'journal')

/** Journals the stream; returns the state it must lead to. */
const writeJournal = async (): Promise<StateHash> => {
  const shadow = createEngine()
  const options = { seed: Number(args.seed), accounts, markets: 1, depth: 4_000, lanes: 8 }
  const stream = new BenchStream(shadow, options)
  const engine = createEngine()
  const journal = await Journal.open(directory)
  const one = new CommandBuffer(1)
  const append = async (stored: readonly Uint8Array[]) => {
    const records: JournalRecord[] = []
    for (const bytes of stored) {
      one.load(0, bytes)
      engine.events.clear()
      engine.apply(one, 0)
      const { seq, timeMs } = engine
      records.push({ seq, timeMs, kind: one.kind(0), payload: bytes })
    }
    await journal.append(records, { seq: engine.seq, ...engine.stateHash() })
  }
  const prologue = stream.prologue()
  for (let at = 0; at < prologue.length; at += recordsPerAppend)
    await append(prologue.slice(at, at + recordsPerAppend))
  const chunk = createChunk(recordsPerAppend)
  while (engine.seq < commands) {
    stream.next(chunk)
    await append(
      Array.from({ length: recordsPerAppend }, (_, slot) =>
        Uint8Array.from(chunk.buffer.stored(slot)),
      ),
    )
  }
  await journal.close()
  return engine.stateHash()
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

type Spent = { wall: number; cpu: number }

/** Starts two stopwatches, in seconds: the wall's and this process' own. */
const stopwatch = (): (() => Spent) => {
  const started = performance.now()
  const before = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(before)
    return { wall: (performance.now() - started) / 1_000, cpu: (user + system) / 1e6 }
  }
}

/** Replays a journal into a new engine. */
const replay = (journal: Journal, wanted: StateHash): Spent => {
  const spent = stopwatch()
  const engine = createEngine()
  const slots = new CommandBuffer(1_024)
  let uncheckedCommands = 0
  for (const batch of journal.batches(1)) {
    const payloads = batch.payloads()
    for (;;) {
      const count = payloads.read(slots.i32, COMMAND_STRIDE)
      if (count === 0) break
      for (let slot = 0; slot < count; slot++) {
        if (slot % readAhead === 0) engine.readAhead(slots, slot, Math.min(readAhead, count - slot))
        engine.apply(slots, slot)
      }
      engine.events.clear()
    }
    uncheckedCommands += batch.count
    if (uncheckedCommands < checkEveryCommands) continue
    uncheckedCommands = 0
    const { hi, lo } = engine.stateHash()
    const { witness } = batch
    if (witness.seq !== engine.seq || witness.hi !== hi || witness.lo !== lo)
      throw new Error(`the replay differs from the journal at seq ${engine.seq}`)
  }
  const { hi, lo } = engine.stateHash()
  if (hi !== wanted.hi || lo !== wanted.lo) throw new Error('the replay ends in another state')
  return spent()
}

/** CPU seconds that a process has used so far; undefined where there is no /proc. */
const cpuSecondsOf = (pid: number): number | undefined => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    // utime and stime, in hundredths.
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return undefined
  }
}

/** From spawn to serving of the real service; undefined when it is not built. */
const startSequencer = (): Promise<{ wall: number; cpu: number | undefined } | undefined> => {
  const main = fileURLToPath(new URL('../services/sequencer/dist/main.js', import.meta.url))
  if (!existsSync(main)) return Promise.resolve(undefined)
  const started = performance.now()
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env['PATH'],
      PLUMB_SEQUENCER: `unix:${join(root, 's.sock')}`,
      PLUMB_SEQUENCER_DATA: root,
      PLUMB_DISK_LOW_BYTES: '0',
    },
  })
  return new Promise((resolve, reject) => {
    let output = ''
    let spent: { wall: number; cpu: number | undefined } | undefined
    const seen = (chunk: Buffer) => {
      output += chunk.toString()
      if (spent !== undefined || !output.includes('"serving"')) return
      const wall = (performance.now() - started) / 1_000
      spent = { wall, cpu: cpuSecondsOf(child.pid ?? 0) }
      child.kill('SIGKILL')
    }
    child.stdout.on('data', seen)
    child.stderr.on('data', seen)
    child.once('exit', () => (spent === undefined ? reject(new Error(output)) : resolve(spent)))
  })
}

const wanted = await writeJournal()
const opens: Spent[] = []
const replays: Spent[] = []
let count = 0
for (let round = 0; round <= rounds; round++) {
  const spent = stopwatch()
  const journal = await Journal.open(directory)
  const opened = spent()
  count = journal.lastSeq
  const replayed = replay(journal, wanted)
  await journal.close()
  // The first round warms up.
  if (round === 0) continue
  opens.push(opened)
  replays.push(replayed)
}
const service = await startSequencer()
const bytes = readdirSync(directory).reduce(
  (sum, name) => sum + statSync(join(directory, name)).size,
  0,
)
rmSync(root, { recursive: true })

const three = (value: number) => Math.round(value * 1_000) / 1_000
const medianOf = (spent: readonly Spent[], clock: keyof Spent) =>
  median(spent.map((one) => one[clock]))
const openSeconds = medianOf(opens, 'wall')
const replaySeconds = medianOf(replays, 'wall')
const figures = {
  commandsPerSecond: Math.round(count / medianOf(replays, 'cpu')),
  verifiedPerSecond: Math.round(count / medianOf(opens, 'cpu')),
  openSeconds: three(openSeconds),
  replaySeconds: three(replaySeconds),
  recoveredSeconds: three(openSeconds + replaySeconds),
  serviceSeconds: service === undefined ? null : three(service.wall),
  serviceCpuSeconds: service?.cpu ?? null,
  commands: count,
}
const environment = {
  node: process.version,
  cores: cpus().length,
  cpu: cpus()[0]?.model ?? 'unknown',
  journalMiB: Math.round(bytes / 2 ** 20),
  accounts,
  rounds,
  seed: Number(args.seed),
}
const mega = (value: number) => `${(value / 1e6).toFixed(2)} M commands/s`
console.log(`recovery: ${count} commands, ${environment.journalMiB} MiB of segments`)
console.log(
  `  replay      ${mega(figures.commandsPerSecond)} of CPU time: from the files, all risk on, hashes compared`,
)
console.log(
  `  verify      ${mega(figures.verifiedPerSecond)} of CPU time: every byte checked on opening`,
)
console.log(
  `  both        ${figures.recoveredSeconds} s by the wall for ${count} commands (goal: under 5 s for a million)`,
)
if (service !== undefined)
  console.log(
    `  the service ${three(service.wall)} s (${service.cpu ?? '?'} s of CPU) from start to serving, its feed regenerated`,
  )
if (args.json) console.log(JSON.stringify({ name: 'recovery', figures, environment }))
