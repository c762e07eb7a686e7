//! Decides when a snapshot is due and has it stored once it may be seen.
import type { Engine } from '@plumb/engine'
import type { Journal } from '@plumb/journal'
import { type Clock, faultPoint, type Logger } from '@plumb/runtime'
import type { FeedLog } from './feed-log.ts'
import type { SnapshotThread } from './snapshot-thread.ts'
import type { Telemetry } from './telemetry.ts'

/** When a snapshot is due. */
type SnapshotPolicy = { commands: number; seconds: number }

/** How a snapshotter is made. */
export type SnapshotterOptions = {
  engine: Engine
  journal: Journal
  feedLog: FeedLog
  thread: SnapshotThread
  clock: Clock
  logger: Logger
  telemetry: Telemetry
  policy: SnapshotPolicy
  /** What every follower with a durable cursor has taken over; undefined: segments are not archived. */
  keptSeq: (() => number) | undefined
  onFatal: (error: unknown) => void
}

/** Takes snapshots beside the running engine. */
export type Snapshotter = {
  /** Called after each durable batch with its last seq. */
  onDurable: (durableSeq: number) => void
  /** The last one, at a clean stop: everything is durable and nothing more will come. */
  final: () => Promise<void>
}

export const createSnapshotter = (options: SnapshotterOptions): Snapshotter => {
  const { engine, journal, feedLog, thread, clock, policy, telemetry, logger } = options
  let lastSeq = journal.newestValidSnapshot()?.seq ?? 0
  let lastMs = clock.monotonicMs()
  let storing: Promise<void> | undefined
  let ending = false

  const begin = (seq: number) => {
    lastSeq = seq
    lastMs = clock.monotonicMs()
  }
  const store = async (seq: number) => {
    begin(seq)
    // The feed first: a snapshot may only start a recovery if the feed log reaches it.
    await feedLog.sync()
    faultPoint('sequencer:feed-synced')
    const { bytes, seconds } = await thread.store(seq)
    faultPoint('sequencer:snapshot-stored')
    telemetry.snapshotTaken(seconds)
    logger.info({ seq, bytes, seconds }, 'snapshot stored')
    if (options.keptSeq === undefined) return
    const archived = journal.archiveBelow(options.keptSeq())
    if (archived > 0) logger.info({ archived }, 'segments archived')
  }

  return {
    onDurable: (durableSeq) => {
      if (storing !== undefined || ending) return
      const isDue =
        durableSeq - lastSeq >= policy.commands ||
        clock.monotonicMs() - lastMs >= policy.seconds * 1_000
      if (!isDue) return
      storing = store(durableSeq)
        .catch(options.onFatal)
        .finally(() => {
          storing = undefined
        })
    },
    final: async () => {
      ending = true
      await storing
      await thread.close()
      const { seq } = engine
      if (seq === lastSeq || seq !== journal.durableSeq) return
      begin(seq)
      await feedLog.sync()
      await journal.writeSnapshot(seq, engine.snapshot(), engine.stateHash())
    },
  }
}
