//! Entry of a verification thread: batches of jobs in, batches of answers out.
import { parentPort, workerData } from 'node:worker_threads'
import { loadSignatureBackend } from './signature-backend.ts'
import { answerJobs } from './signature-batch.ts'
import { DigestHasher } from './signature-recoverer.ts'

const port = parentPort
if (port === null) throw new Error('signature-worker runs as a worker thread')
const domain: Uint8Array = workerData
const backend = loadSignatureBackend()
const hasher = await DigestHasher.create(domain)

port.on('message', (jobs: Uint8Array) => {
  const answers = answerJobs(jobs, backend, hasher)
  port.postMessage(answers, [answers.buffer])
})
port.postMessage(backend.name)
