//! The thread that takes snapshots: it follows the journal on disk with an engine of its own, so that the sequencer's
//! never stops for one, and a sequencer whose memory has gone wrong is found by its own journal.
import { setPriority } from 'node:os'
import { platform } from 'node:process'
import { parentPort, workerData } from 'node:worker_threads'
import { createEngine, type Engine, restoreEngine } from '@plumb/engine'
import {
  JournalError,
  newestSnapshot,
  readVerifiedBatches,
  storeSnapshot,
  systemFiles,
} from '@plumb/journal'
import { faultPoint, watchFaults } from '@plumb/runtime'
import { createSlots, replayBatch, requireWitness, sameHash } from './replay-batch.ts'
import type { SnapshotOrder, SnapshotStored, SnapshotThreadData } from './snapshot-thread.ts'

const REPLAY_NICENESS = 10

const port = parentPort
if (port === null) throw new Error('snapshot-worker runs as a worker thread')
const { directory, faultFile }: SnapshotThreadData = workerData
watchFaults(faultFile)
// On Linux the calling thread alone, elsewhere the process: what is replayed here is in no hurry, an order is.
if (platform === 'linux') setPriority(REPLAY_NICENESS)
const slots = createSlots()
let engine: Engine | undefined

const start = (atMost: number): Engine => {
  const snapshot = newestSnapshot(directory, atMost)
  if (snapshot === undefined) return createEngine()
  try {
    // A plain array: a Buffer would share its memory with others.
    const restored = restoreEngine(new Uint8Array(snapshot.bytes))
    if (sameHash(restored.stateHash(), snapshot.stateHash)) return restored
  } catch {
    // Of another version: the journal still has everything.
  }
  return createEngine()
}

/** Follows up to `seq`, the end of a durable batch, and stores the state there. */
const store = async (seq: number): Promise<SnapshotStored> => {
  const startedMs = performance.now()
  const own = engine ?? start(seq)
  engine = own
  for (const batch of readVerifiedBatches(directory, own.seq + 1, seq)) {
    replayBatch(own, slots, batch)
    if (batch.lastSeq === seq) requireWitness(own, batch)
  }
  if (own.seq !== seq)
    throw new JournalError(
      'JOURNAL_DAMAGED',
      `${directory}: the files end at seq ${own.seq}, but ${seq} is durable`,
    )
  const bytes = own.snapshot()
  faultPoint('sequencer:snapshot-taken')
  const files = { ...systemFiles, reached: faultPoint }
  await storeSnapshot(directory, { seq, stateHash: own.stateHash(), bytes }, files)
  return { seq, bytes: bytes.length, seconds: (performance.now() - startedMs) / 1_000 }
}

port.on('message', ({ seq }: SnapshotOrder) => {
  store(seq).then(
    (stored) => port.postMessage(stored),
    // Out of the promise: an uncaught error ends the thread, and the sequencer with it.
    (error: unknown) =>
      setImmediate(() => {
        throw error
      }),
  )
})
