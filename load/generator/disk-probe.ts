//! What a bare fdatasync of 16 KiB costs on the same disk meanwhile, twenty times a second, on a thread of its own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { Latency } from './latency.ts'

const PROBE = `
const { workerData, parentPort } = require('node:worker_threads')
const { openSync, writeSync, fdatasyncSync } = require('node:fs')
const file = openSync(workerData.path, 'w')
const block = Buffer.alloc(16384)
setInterval(() => {
  const start = performance.now()
  writeSync(file, block, 0, block.length, 0)
  fdatasyncSync(file)
  parentPort.postMessage(performance.now() - start)
}, 50)
`

export type DiskProbe = { latency: Latency; stop: () => Promise<void> }

export function startDiskProbe(): DiskProbe {
  const folder = mkdtempSync(join(tmpdir(), 'plumb-probe-'))
  const latency = new Latency()
  const worker = new Worker(PROBE, { eval: true, workerData: { path: join(folder, 'probe') } })
  worker.on('message', (ms: number) => latency.record(ms))
  return {
    latency,
    stop: async () => {
      await worker.terminate()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
