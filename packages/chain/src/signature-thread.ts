//! What verifies a batch of jobs: a worker thread, or this one.
import { Worker } from 'node:worker_threads'
import { loadSignatureBackend, type SignatureBackendName } from './signature-backend.ts'
import { answerJobs } from './signature-batch.ts'
import { DigestHasher } from './signature-recoverer.ts'

/** Answers batches in the order given. `jobs` is handed over: the caller may not touch it again. */
export type SignatureThread = {
  readonly backend: SignatureBackendName
  answer(jobs: Uint8Array<ArrayBuffer>): Promise<Uint8Array>
  close(): Promise<void>
}

/** Verifies on the calling thread. */
export async function createInlineThread(domain: Uint8Array): Promise<SignatureThread> {
  const backend = loadSignatureBackend()
  const hasher = await DigestHasher.create(domain)
  return {
    backend: backend.name,
    answer: (jobs) => Promise.resolve(answerJobs(jobs, backend, hasher)),
    close: () => Promise.resolve(),
  }
}

/** Starts a worker and waits until it has loaded its backend. */
export async function createWorkerThread(domain: Uint8Array): Promise<SignatureThread> {
  const worker = startWorker(domain)
  type Waiting = { resolve: (message: unknown) => void; reject: (error: Error) => void }
  const waiting: Waiting[] = []
  const next = () =>
    new Promise<unknown>((resolve, reject) => {
      waiting.push({ resolve, reject })
    })
  const fail = (error: Error) => {
    for (const { reject } of waiting.splice(0)) reject(error)
  }
  worker.on('message', (message) => waiting.shift()?.resolve(message))
  worker.on('error', fail)
  worker.on('exit', (code) => {
    fail(new Error(`a signature thread ended with ${code}`))
  })
  const backend = await next()
  return {
    backend: backend === 'secp256k1-native' ? backend : 'noble-curves',
    async answer(jobs) {
      const answers = next()
      // Transferred, not cloned: postMessage of a view would copy its whole backing buffer.
      worker.postMessage(jobs, [jobs.buffer])
      const message = await answers
      if (!(message instanceof Uint8Array)) throw new TypeError('not an answer')
      return message
    },
    async close() {
      await worker.terminate()
    },
  }
}

/** The built worker; or, where this file runs from its source (tests), the source behind the TypeScript loader. */
function startWorker(domain: Uint8Array): Worker {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./signature-worker.js', import.meta.url), { workerData: domain })
  const source = JSON.stringify(new URL('./signature-worker.ts', import.meta.url).href)
  const load = `import("tsx/esm/api").then(({ register }) => { register(); return import(${source}) })`
  const execArgv = ['--conditions=@plumb/source']
  return new Worker(load, { eval: true, workerData: domain, execArgv })
}
