//! The sequencer's wiring, bottom-up: lock and recover, open the feed, accept commands.
import { join } from 'node:path'
import { Journal, systemFiles } from '@plumb/journal'
import {
  createLifecycle,
  createLogger,
  createMetrics,
  faultPoint,
  startStatusServer,
  startTransportServer,
  systemClock,
  watchFaults,
} from '@plumb/runtime'
import { readConfig } from './config.ts'
import { createFeedHub } from './feed-hub.ts'
import { FeedLog } from './feed-log.ts'
import { readGenesis, requireGenesis } from './genesis.ts'
import { watchHalts } from './halts.ts'
import { recoverEngine } from './recover-engine.ts'
import { Sequencer } from './sequencer.ts'
import { createSnapshotThread } from './snapshot-thread.ts'
import { createSnapshotter } from './snapshotter.ts'
import { createStampClock } from './stamp-clock.ts'
import { tearableWrite } from './tearable-write.ts'
import { createTelemetry } from './telemetry.ts'

/** How long a full disk or a jumped clock may go unnoticed. */
const haltCheckMs = 250

const config = readConfig()
const logger = createLogger('sequencer', { level: config.PLUMB_LOG_LEVEL })
const lifecycle = createLifecycle({ logger, parentPid: config.PLUMB_PARENT_PID })
const metrics = createMetrics('sequencer')
const telemetry = createTelemetry(metrics)
const onFatal = lifecycle.crash
let serving: (() => object) | undefined
watchFaults(config.PLUMB_FAULT_FILE)

const status = await startStatusServer({
  listen: config.PLUMB_HTTP,
  logger,
  metrics,
  ready: () => ({ ready: serving !== undefined, detail: serving?.() ?? {} }),
})
lifecycle.onClose('status', status.close)

// 1. Recover: the lock, the journal's end, the engine, the feed's files.
const genesis = config.PLUMB_GENESIS === undefined ? [] : readGenesis(config.PLUMB_GENESIS)
const feedLog = new FeedLog(join(config.PLUMB_SEQUENCER_DATA, 'feed'), {
  segmentBytes: config.PLUMB_SEGMENT_BYTES,
  onFatal,
})
const journal = await Journal.open(join(config.PLUMB_SEQUENCER_DATA, 'journal'), {
  segmentBytes: config.PLUMB_SEGMENT_BYTES,
  lowWaterBytes: config.PLUMB_DISK_LOW_BYTES,
  // The feed holds only what was durable once; others may have told the operator of more.
  provenSeq: Math.max(feedLog.findLastSeq(), config.PLUMB_PROVEN_SEQ),
  files: { ...systemFiles, reached: faultPoint, write: tearableWrite },
  onFatal,
})
lifecycle.onClose('journal', () => journal.close())
if (journal.opening.cut !== undefined)
  logger.warn({ cut: journal.opening.cut }, 'an unacknowledged tail was cut')
requireGenesis(genesis, journal)
faultPoint('sequencer:journal-opened')
const engine = await recoverEngine(journal, feedLog, logger)
faultPoint('sequencer:engine-recovered')
lifecycle.onClose('feed log', () => feedLog.close())

// 2. What may stop the intake.
const clock = createStampClock(systemClock, journal.opening.lastTimeMs)
const halts = watchHalts({ isDiskLow: () => journal.isDiskLow(), clock, logger })
setInterval(() => halts.check(), haltCheckMs).unref()

// 3. The feed: durable batches to the log and to whoever follows.
const hub = createFeedHub({
  log: feedLog,
  logger,
  durableSeq: () => journal.durableSeq,
  bufferBytesMax: config.PLUMB_FOLLOWER_BUFFER_BYTES,
  onFatal,
  onAhead: (why) => halts.onJournalBehind(why),
})
const snapshotter = createSnapshotter({
  engine,
  journal,
  feedLog,
  thread: createSnapshotThread({
    directory: journal.directory,
    faultFile: config.PLUMB_FAULT_FILE,
  }),
  clock: systemClock,
  logger,
  telemetry,
  policy: { commands: config.PLUMB_SNAPSHOT_COMMANDS, seconds: config.PLUMB_SNAPSHOT_SECONDS },
  keptSeq: config.PLUMB_JOURNAL_ARCHIVE ? () => hub.keptSeq() : undefined,
  onFatal,
})

// 4. The writer.
const sequencer = new Sequencer({
  engine,
  journal,
  clock,
  telemetry,
  inboxMax: config.PLUMB_INBOX_COMMANDS,
  inboxReserved: config.PLUMB_INBOX_RESERVED,
  halted: (isOrder) => halts.halted(isOrder),
  onGroup: (group) => {
    feedLog.append(group)
    faultPoint('sequencer:feed-logged')
    hub.publish(group)
    faultPoint('sequencer:feed-published')
    snapshotter.onDurable(group.lastSeq)
  },
  onFatal,
})
telemetry.gauges(() => ({
  waiting: sequencer.waiting,
  followers: hub.followers,
  durableSeq: journal.durableSeq,
  skewMs: clock.skewMs,
}))
if (engine.seq === 0) await sequencer.takeGenesis(genesis)

// 5. Open the door. It closes in the other order: answer what is taken in, then let go of the peers.
lifecycle.onClose('snapshot', snapshotter.final)
const transport = await startTransportServer({
  address: config.PLUMB_SEQUENCER,
  logger,
  durableSeq: () => journal.durableSeq,
  commands: sequencer.role,
  feed: hub.role,
})
lifecycle.onClose('transport', transport.close)
lifecycle.onClose('sequencer', () => sequencer.stop())
faultPoint('sequencer:serving')
serving = () => ({
  seq: engine.seq,
  durableSeq: journal.durableSeq,
  epoch: journal.epoch,
  followers: hub.followers,
  halted: halts.reasons,
})
logger.info({ address: transport.address, seq: engine.seq, epoch: journal.epoch }, 'serving')
