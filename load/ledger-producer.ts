//! The loaded half of `npm run bench ledger -- --loaded S`: an engine in a process of its own, and its commands and events
//! on stdout, group by group, at a pace. Groups: length u32, time produced f64, then frames: seq f64, command's length
//! u32, events' length u32, both.
import { createEngine } from '@plumb/engine'
import { CommandBuffer } from '@plumb/model'
import { BenchStream, createChunk } from './engine/stream.ts'

const commandsPerSecond = Number(process.argv[2] ?? 10_000)
const seconds = Number(process.argv[3] ?? 10)
const GROUP = 250

const engine = createEngine()
const stream = new BenchStream(createEngine(), {
  seed: 5,
  accounts: 200,
  markets: 1,
  depth: 2_000,
  lanes: 64,
})
const one = new CommandBuffer(1)

/** Applies one stored command; its frame. */
function frameOf(command: Uint8Array): Buffer {
  one.load(0, command)
  engine.events.clear()
  engine.apply(one, 0)
  const events = engine.events.bytes()
  const head = Buffer.alloc(16)
  head.writeDoubleLE(engine.seq, 0)
  head.writeUInt32LE(command.length, 8)
  head.writeUInt32LE(events.length, 12)
  return Buffer.concat([head, command, events])
}

async function send(frames: readonly Buffer[]): Promise<void> {
  const body = Buffer.concat(frames)
  const head = Buffer.alloc(12)
  head.writeUInt32LE(body.length, 0)
  head.writeDoubleLE(Date.now(), 4)
  if (!process.stdout.write(Buffer.concat([head, body])))
    await new Promise((resolve) => process.stdout.once('drain', resolve))
}

await send(stream.prologue().map(frameOf))
const chunk = createChunk(GROUP)
const startMs = performance.now()
for (let sent = 0; performance.now() - startMs < seconds * 1_000; sent += GROUP) {
  stream.next(chunk)
  await send(Array.from({ length: GROUP }, (_, slot) => frameOf(chunk.buffer.stored(slot))))
  const aheadMs = ((sent + GROUP) * 1_000) / commandsPerSecond - (performance.now() - startMs)
  if (aheadMs > 1) await new Promise((resolve) => setTimeout(resolve, aheadMs))
}
