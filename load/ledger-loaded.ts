//! Whether the ledger keeps up with an engine that works in another process of the same machine.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createLedgerWriter, type Frame, type Ledger } from '@plumb/ledger'

export type LoadedFigures = {
  /** What came out of the engine, and what was durable by the same moment. */
  loadedCommandsPerSecond: number
  loadedFillsPerSecond: number
  /** From the engine's output to the commit that holds it, milliseconds. */
  lagP50Ms: number
  lagP99Ms: number
  /** How long after the engine's last command the ledger had all of it, milliseconds. */
  caughtUpMs: number
}

type Group = { producedMs: number; frames: Frame[] }

/** As the service: what arrives while two transactions are in flight goes into the next, at most so many commands. */
const FRAMES_MAX = 5_000
const TRANSACTIONS_IN_FLIGHT = 2

const nobody = () => {}

/** Splits the producer's bytes into groups. */
class GroupReader {
  #rest = Buffer.alloc(0)

  push(bytes: Buffer): Group[] {
    const groups: Group[] = []
    this.#rest = Buffer.concat([this.#rest, bytes])
    while (this.#rest.length >= 12) {
      const end = 12 + this.#rest.readUInt32LE(0)
      if (this.#rest.length < end) break
      const group = this.#rest.subarray(0, end)
      this.#rest = this.#rest.subarray(end)
      groups.push({ producedMs: group.readDoubleLE(4), frames: framesOf(group) })
    }
    return groups
  }
}

function framesOf(group: Buffer): Frame[] {
  const frames: Frame[] = []
  for (let at = 12; at < group.length; ) {
    const command = at + 16
    const events = command + group.readUInt32LE(at + 8)
    const end = events + group.readUInt32LE(at + 12)
    frames.push({
      seq: group.readDoubleLE(at),
      command: new Uint8Array(group.subarray(command, events)),
      events: new Uint8Array(group.subarray(events, end)),
    })
    at = end
  }
  return frames
}

/** @param commandsPerSecond the engine's pace: about one command in eleven trades */
export async function measureLoaded(
  ledger: Ledger,
  commandsPerSecond: number,
  seconds: number,
): Promise<LoadedFigures> {
  const writer = await createLedgerWriter(ledger)
  const script = fileURLToPath(new URL('./ledger-producer.ts', import.meta.url))
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const producer = spawn(
    process.execPath,
    ['--conditions=@plumb/source', '--import', tsx, script, `${commandsPerSecond}`, `${seconds}`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const waiting: Group[] = []
  const state = { ended: false, firstMs: 0, lastMs: 0, commands: 0 }
  const reader = new GroupReader()
  let wake = nobody
  producer.stdout.on('data', (bytes: Buffer) => {
    for (const group of reader.push(bytes)) {
      state.firstMs ||= group.producedMs
      state.lastMs = group.producedMs
      state.commands += group.frames.length
      waiting.push(group)
    }
    wake()
  })
  producer.stdout.on('end', () => {
    state.ended = true
    wake()
  })
  const lags: number[] = []
  const inFlight: Promise<void>[] = []
  let trades = 0
  const write = async (groups: readonly Group[]) => {
    const report = await writer.write(groups.flatMap(({ frames }) => frames))
    trades += report.trades
    for (const { producedMs } of groups) lags.push(Date.now() - producedMs)
  }
  for (;;) {
    while (waiting.length === 0 && !state.ended)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    if (waiting.length === 0) break
    const taken: Group[] = []
    for (let frames = 0; frames < FRAMES_MAX; ) {
      const group = waiting.shift()
      if (group === undefined) break
      taken.push(group)
      frames += group.frames.length
    }
    inFlight.push(write(taken))
    if (inFlight.length >= TRANSACTIONS_IN_FLIGHT) await inFlight.shift()
  }
  await Promise.all(inFlight)
  const doneMs = Date.now()
  const ordered = lags.toSorted((a, b) => a - b)
  const at = (share: number) => ordered[Math.floor(share * (ordered.length - 1))] ?? 0
  const producedS = (state.lastMs - state.firstMs) / 1_000
  return {
    loadedCommandsPerSecond: Math.round(state.commands / producedS),
    loadedFillsPerSecond: Math.round((2 * trades) / producedS),
    lagP50Ms: at(0.5),
    lagP99Ms: at(0.99),
    caughtUpMs: doneMs - state.lastMs,
  }
}
