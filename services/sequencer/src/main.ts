//! The sequencer's wiring, bottom-up: lock and recover, open the feed, accept commands.
import { join } from 'node:path'
import { Journal } from '@plumb/journal'
import {
  createLifecycle,
  createLogger,
  createMetrics,
  startStatusServer,
  startTransportServer,
  systemClock,
} from '@plumb/runtime'
import { readConfig } from './config.ts'
import { createFeedHub } from './feed-hub.ts'
import { FeedLog } from './feed-log.ts'
import { readGenesis, requireGenesis } from './genesis.ts'
import { recoverEngine } from './recover-engine.ts'
import { Sequencer } from './sequencer.ts'
import { createSnapshotter } from './snapshotter.ts'
import { createStampClock } from './stamp-clock.ts'
import { createTelemetry } from './telemetry.ts'

const config = readConfig()
const logger = createLogger('sequencer', { level: config.PLUMB_LOG_LEVEL })
const lifecycle = createLifecycle({ logger, parentPid: config.PLUMB_PARENT_PID })
const metrics = createMetrics('sequencer')
const telemetry = createTelemetry(metrics)
const onFatal = lifecycle.crash
let serving: (() => object) | undefined

const status = await startStatusServer({
  listen: config.PLUMB_HTTP,
  logger,
  metrics,
  ready: () => ({ ready: serving !== undefined, detail: serving?.() ?? {} }),
})
lifecycle.onClose('status', status.close)

// 1. Recover: the lock, the journal's end, the engine, the feed's files.
const genesis = config.PLUMB_GENESIS === undefined ? [] : readGenesis(config.PLUMB_GENESIS)
const feedLog = new FeedLog(join(config.PLUMB_SEQUENCER_DATA, 'feed'), { onFatal })
const journal = await Journal.open(join(config.PLUMB_SEQUENCER_DATA, 'journal'), {
  segmentBytes: config.PLUMB_SEGMENT_BYTES,
  lowWaterBytes: config.PLUMB_DISK_LOW_BYTES,
  // The feed holds only what was durable once.
  provenSeq: feedLog.findLastSeq(),
  onFatal,
})
lifecycle.onClose('journal', () => journal.close())
if (journal.opening.cut !== undefined)
  logger.warn({ cut: journal.opening.cut }, 'an unacknowledged tail was cut')
requireGenesis(genesis, journal)
const engine = await recoverEngine(journal, feedLog, logger)
lifecycle.onClose('feed log', () => feedLog.close())

// 2. The feed: durable batches to the log and to whoever follows.
const hub = createFeedHub({
  log: feedLog,
  logger,
  durableSeq: () => journal.durableSeq,
  bufferBytesMax: config.PLUMB_FOLLOWER_BUFFER_BYTES,
  onFatal,
})
const snapshotter = createSnapshotter({
  engine,
  journal,
  feedLog,
  clock: systemClock,
  logger,
  telemetry,
  policy: { commands: config.PLUMB_SNAPSHOT_COMMANDS, seconds: config.PLUMB_SNAPSHOT_SECONDS },
  onFatal,
})

// 3. The writer.
const clock = createStampClock(systemClock, journal.opening.lastTimeMs)
let isDiskLow = journal.isDiskLow()
setInterval(() => {
  isDiskLow = journal.isDiskLow()
  if (isDiskLow) logger.error('the disk is almost full: new orders are refused')
  if (Math.abs(clock.skewMs) > 1_000) logger.error({ skewMs: clock.skewMs }, 'the clock has jumped')
}, 5_000).unref()
const sequencer = new Sequencer({
  engine,
  journal,
  clock,
  telemetry,
  inboxMax: config.PLUMB_INBOX_COMMANDS,
  inboxReserved: config.PLUMB_INBOX_RESERVED,
  isDiskLow: () => isDiskLow,
  onGroup: (group) => {
    feedLog.append(group)
    hub.publish(group)
    snapshotter.onDurable(group.lastSeq)
  },
  onApplied: snapshotter.onApplied,
  onFatal,
})
telemetry.gauges(() => ({
  waiting: sequencer.waiting,
  followers: hub.followers,
  durableSeq: journal.durableSeq,
  skewMs: clock.skewMs,
}))
if (engine.seq === 0) await sequencer.takeGenesis(genesis)

// 4. Open the door. It closes in the other order: answer what is taken in, then let go of the peers.
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
serving = () => ({
  seq: engine.seq,
  durableSeq: journal.durableSeq,
  epoch: journal.epoch,
  followers: hub.followers,
})
logger.info({ address: transport.address, seq: engine.seq, epoch: journal.epoch }, 'serving')
