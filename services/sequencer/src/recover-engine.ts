//! Start-up is recovery: newest good snapshot, replay, compare the hashes, regenerate the feed.

import type { Engine } from '@plumb/engine'
import { createEngine, restoreEngine } from '@plumb/engine'
import type { Journal, JournalBatch } from '@plumb/journal'
import type { CommandBuffer } from '@plumb/model'
import type { Logger } from '@plumb/runtime'
import { createFeedEntriesWriter, encodeFeedGroupEnd, faultPoint } from '@plumb/runtime'
import type { FeedLog } from './feed-log.ts'
import { createSlots, replayBatch, requireWitness, sameHash } from './replay-batch.ts'

/** Where a replay starts: an engine, and the seq it stands at. */
type Start = { engine: Engine; seq: number }

/** An engine of another version may not know the snapshot: the journal still has everything. */
const restore = (bytes: Uint8Array, logger: Logger): Engine | undefined => {
  try {
    // A plain array: a Buffer would share its memory with others.
    return restoreEngine(new Uint8Array(bytes))
  } catch (error) {
    logger.warn({ err: error }, 'a snapshot cannot be restored')
    return undefined
  }
}

/** The newest snapshot that verifies, restores to its own hash, and where the feed log can go on. */
const findStart = (journal: Journal, feedLog: FeedLog, logger: Logger): Start => {
  let atMost = journal.durableSeq
  for (;;) {
    const snapshot = journal.newestValidSnapshot(atMost)
    if (snapshot === undefined) break
    const { seq, stateHash, bytes } = snapshot
    atMost = seq - 1
    if (!feedLog.cutAfter(seq)) {
      logger.warn({ seq }, 'the feed log does not reach this snapshot: trying an older one')
      continue
    }
    const engine = restore(bytes, logger)
    if (engine?.seq === seq && sameHash(engine.stateHash(), stateHash)) return { engine, seq }
    logger.error({ seq }, 'a snapshot does not restore to the state it names: trying an older one')
  }
  feedLog.clear()
  return { engine: createEngine(), seq: 0 }
}

/**
 * The state hash covers the whole state, so that a difference shows at the next look, wherever it began; a look after each
 * batch would take as long as the commands.
 */
const checkEveryCommands = 4_096

/** Applies one batch and writes its feed group anew. */
const replayInto = (
  engine: Engine,
  slots: CommandBuffer,
  batch: JournalBatch,
  feedLog: FeedLog,
) => {
  const writer = createFeedEntriesWriter()
  replayBatch(engine, slots, batch, (slot) => {
    writer.add(engine.seq, slots.stored(slot), engine.events.bytes())
  })
  const { firstSeq, lastSeq, chainHash, witness } = batch
  const stateHash = witness.seq === lastSeq ? witness : engine.stateHash()
  const end = encodeFeedGroupEnd({ lastSeq, chainHash, stateHash })
  feedLog.append({ firstSeq, lastSeq, bytes: Buffer.concat([writer.take(), end]) })
}

/**
 * Brings an engine to the journal's end, and the feed log with it.
 *
 * @throws JournalError when the replay does not lead to the states that the journal names
 */
export const recoverEngine = async (
  journal: Journal,
  feedLog: FeedLog,
  logger: Logger,
): Promise<Engine> => {
  const startedMs = performance.now()
  const { engine, seq } = findStart(journal, feedLog, logger)
  faultPoint('sequencer:start-found')
  const slots = createSlots()
  let replayed = 0
  let unchecked = 0
  let last: JournalBatch | undefined
  for (const batch of journal.batches(seq + 1)) {
    replayInto(engine, slots, batch, feedLog)
    replayed += batch.count
    unchecked += batch.count
    last = batch
    if (unchecked >= checkEveryCommands) {
      requireWitness(engine, batch)
      unchecked = 0
    }
    faultPoint('sequencer:batch-replayed')
    // The feed is written off-thread; let it keep up, and let signals in.
    if (feedLog.unwrittenBytes > 32 * 1024 * 1024) await feedLog.flush()
  }
  if (last !== undefined) requireWitness(engine, last)
  await feedLog.flush()
  const seconds = (performance.now() - startedMs) / 1_000
  logger.info({ snapshotSeq: seq, replayed, seconds, seq: engine.seq }, 'engine recovered')
  return engine
}
