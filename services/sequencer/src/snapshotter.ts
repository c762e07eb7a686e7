//! Takes snapshots of the engine at batch boundaries and stores them once they may be seen.
import type { Engine } from '@plumb/engine'
import type { Journal } from '@plumb/journal'
import type { StateHash } from '@plumb/model'
import type { Clock, Logger } from '@plumb/runtime'
import type { FeedLog } from './feed-log.ts'
import type { Telemetry } from './telemetry.ts'

/** When a snapshot is due. */
type SnapshotPolicy = { commands: number; seconds: number }

/** How a snapshotter is made. */
export type SnapshotterOptions = {
  engine: Engine
  journal: Journal
  feedLog: FeedLog
  clock: Clock
  logger: Logger
  telemetry: Telemetry
  policy: SnapshotPolicy
  onFatal: (error: unknown) => void
}

type Taken = { seq: number; bytes: Uint8Array; stateHash: StateHash }

/** The steps of a snapshot: taken after a unit, stored after its batch is durable. */
export type Snapshotter = {
  /** Called after each unit: copies the engine's state when one is due. */
  onApplied: (seq: number) => void
  /** Called after each durable batch. */
  onDurable: (durableSeq: number) => void
  /** The last one, at a clean stop: everything is durable and nothing more will come. */
  final: () => Promise<void>
}

export const createSnapshotter = (options: SnapshotterOptions): Snapshotter => {
  const { engine, journal, feedLog, clock, policy } = options
  let lastSeq = journal.newestValidSnapshot()?.seq ?? 0
  let lastMs = clock.monotonicMs()
  let taken: Taken | undefined
  let storing: Promise<void> | undefined

  const take = (seq: number) => {
    taken = { seq, bytes: engine.snapshot(), stateHash: engine.stateHash() }
    lastSeq = seq
    lastMs = clock.monotonicMs()
  }
  const store = async ({ seq, bytes, stateHash }: Taken) => {
    const startedMs = clock.monotonicMs()
    // The feed first: a snapshot may only start a recovery if the feed log reaches it.
    await feedLog.sync()
    await journal.writeSnapshot(seq, bytes, stateHash)
    const seconds = (clock.monotonicMs() - startedMs) / 1_000
    options.telemetry.snapshotTaken(seconds)
    options.logger.info({ seq, bytes: bytes.length, seconds }, 'snapshot stored')
  }

  return {
    onApplied: (seq) => {
      if (taken !== undefined || storing !== undefined) return
      const isDue =
        seq - lastSeq >= policy.commands || clock.monotonicMs() - lastMs >= policy.seconds * 1_000
      if (!isDue) return
      take(seq)
      journal.seal()
    },
    onDurable: (durableSeq) => {
      if (taken === undefined || durableSeq < taken.seq) return
      const ready = taken
      taken = undefined
      storing = store(ready)
        .catch(options.onFatal)
        .finally(() => {
          storing = undefined
        })
    },
    final: async () => {
      await storing
      if (engine.seq === lastSeq || engine.seq !== journal.durableSeq) return
      take(engine.seq)
      if (taken !== undefined) await store(taken)
    },
  }
}
