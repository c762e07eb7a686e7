//! The sequencer's side of the thread that takes snapshots.
import { Worker } from 'node:worker_threads'

export type SnapshotThreadData = { directory: string; faultFile: string | undefined }
export type SnapshotOrder = { seq: number }
export type SnapshotStored = { seq: number; bytes: number; seconds: number }

/** Stores snapshots, one at a time. */
export type SnapshotThread = {
  /** @param seq end of a durable batch. @throws whatever went wrong there; the sequencer must end then */
  store(seq: number): Promise<SnapshotStored>
  close(): Promise<void>
}

/** The built worker; or, where this file runs from its source (tests), the source behind the TypeScript loader. */
const startWorker = (data: SnapshotThreadData): Worker => {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./snapshot-worker.js', import.meta.url), { workerData: data })
  const source = JSON.stringify(new URL('./snapshot-worker.ts', import.meta.url).href)
  const load = `import("tsx/esm/api").then(({ register }) => { register(); return import(${source}) })`
  const execArgv = ['--conditions=@plumb/source']
  return new Worker(load, { eval: true, workerData: data, execArgv })
}

/** The thread starts with the first snapshot: a short life needs none. */
export const createSnapshotThread = (data: SnapshotThreadData): SnapshotThread => {
  let worker: Worker | undefined
  let settle: ((outcome: SnapshotStored | Error) => void) | undefined
  const start = () => {
    const started = startWorker(data)
    started.on('message', (stored: SnapshotStored) => settle?.(stored))
    started.on('error', (error) => settle?.(error))
    started.on('exit', (code) => settle?.(new Error(`the snapshot thread ended with ${code}`)))
    started.unref()
    return started
  }
  return {
    store: (seq) =>
      new Promise((resolve, reject) => {
        settle = (outcome) => {
          settle = undefined
          if (outcome instanceof Error) reject(outcome)
          else resolve(outcome)
        }
        worker ??= start()
        const order: SnapshotOrder = { seq }
        worker.postMessage(order, [])
      }),
    close: async () => {
      settle = undefined
      await worker?.terminate()
    },
  }
}
