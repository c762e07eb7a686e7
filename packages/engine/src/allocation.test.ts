// A million mixed commands with every risk rule on, in a process of its own: what the engine leaves to the collector.
// oxlint-disable-next-line no-restricted-imports -- a test may start a process
import { execFile } from 'node:child_process'
// oxlint-disable-next-line no-restricted-imports -- a test may start a process
import { execPath } from 'node:process'
// oxlint-disable-next-line no-restricted-imports -- a test may start a process
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const CHUNK = 62_500
const CHUNKS = 17
/** Chunks after which the compiler has seen everything. */
const WARM = 4
/** What code, caches and statistics of the process itself may still add to the heap: less than a byte a command. */
const SLACK = 524_288
/** Numbers that pass between functions too large to be inlined: they die young. An event object would be several times this. */
const YOUNG_PER_COMMAND = 1_024
const MAJOR_COLLECTION = 4

/** A chunk's figures: bytes the engine allocated, heap after a collection, bytes of buffers, kinds of its collections. */
type Chunk = { young: number; heap: number; buffers: number; collections: number[]; seq: number }

// Chunk by chunk: the commands are made (which allocates), the heap is collected, and then the engine alone runs.
const script = `
  const { PerformanceObserver, performance } = await import('node:perf_hooks')
  const [, engineFile, streamFile, modelFile, chunks, size] = process.argv
  const { createEngine } = await import(engineFile)
  const { MixedStream, mixedLimits } = await import(streamFile)
  const { CommandBuffer } = await import(modelFile)
  const stream = new MixedStream(createEngine(mixedLimits), 7)
  const engine = createEngine(mixedLimits)
  const buffer = new CommandBuffer(Number(size))
  const collections = []
  const observer = new PerformanceObserver((list) => collections.push(...list.getEntries()))
  observer.observe({ entryTypes: ['gc'] })
  const rest = () => new Promise((resolve) => setTimeout(resolve, 1))
  for (let chunk = 0; chunk < Number(chunks); chunk++) {
    stream.fill(buffer, Number(size))
    gc()
    await rest()
    const before = process.memoryUsage()
    const from = performance.now()
    for (let slot = 0; slot < Number(size); slot++) {
      engine.apply(buffer, slot)
      if ((slot & 1_023) === 1_023) engine.events.clear()
    }
    engine.events.clear()
    const to = performance.now()
    const after = process.memoryUsage()
    await rest()
    gc()
    const heap = process.memoryUsage().heapUsed
    const during = collections.splice(0).filter((e) => e.startTime >= from && e.startTime <= to)
    console.log(JSON.stringify({
      young: after.heapUsed - before.heapUsed,
      heap,
      buffers: after.arrayBuffers - before.arrayBuffers,
      collections: during.map((e) => e.detail.kind),
      seq: engine.seq,
    }))
  }`

const file = (path: string) => new URL(path, import.meta.url).href

test('a million mixed commands keep nothing on the heap and leave the collector little to do', async () => {
  const entries = ['./index.ts', './reference/mixed-stream.ts', '../../model/src/index.ts'].map(
    file,
  )
  const flags = [
    '--import',
    'tsx',
    '--conditions=@plumb/source',
    '--expose-gc',
    '--input-type=module',
  ]
  const sizes = [String(CHUNKS), String(CHUNK)]
  const { stdout } = await promisify(execFile)(execPath, [
    ...flags,
    '-e',
    script,
    ...entries,
    ...sizes,
  ])
  const chunks: Chunk[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(chunks.at(-1)?.seq).toBe(CHUNK * CHUNKS)
  const warm = chunks.slice(WARM)
  expect(warm.reduce((sum, { buffers }) => sum + buffers, 0)).toBeLessThanOrEqual(0)
  expect((warm.at(-1)?.heap ?? 0) - (warm[0]?.heap ?? 0)).toBeLessThan(SLACK)
  expect(warm.flatMap(({ collections }) => collections)).not.toContain(MAJOR_COLLECTION)
  const whole = warm.filter(({ collections }) => collections.length === 0)
  for (const { young } of whole) expect(young / CHUNK).toBeLessThan(YOUNG_PER_COMMAND)
}, 600_000)
