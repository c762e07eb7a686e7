//! The margin service: a verified copy of the engine, and the exchange's clock.
import { type Engine, restoreEngine } from '@plumb/engine'
import { encodeCommand, type Seq } from '@plumb/model'
import {
  type Clock,
  type CommandClient,
  CommandError,
  everyInterval,
  type FeedClient,
  faultPoint,
  type Logger,
} from '@plumb/runtime'
import { type EngineFollower, followEngine } from './follow-engine.ts'
import { RiskWatch } from './risk-watch.ts'
import { type MarginSnapshot, readNewestSnapshot, writeSnapshot } from './snapshot-file.ts'

export type MarginOptions = {
  openFeed: (fromSeq: Seq) => Pick<FeedClient, 'groups' | 'headSeq' | 'close'>
  commands: Pick<CommandClient, 'submit'>
  clock: Clock
  logger: Logger
  /** Where snapshots go; undefined: nowhere. */
  directory: string | undefined
  snapshotCommands: number
  /** 0: somebody else keeps the clock. */
  tickMs: number
  onTick?: (outcome: string) => void
}

/** A running margin service. */
export type Margin = {
  readonly follower: EngineFollower
  /** Newest durable command known. */
  readonly headSeq: Seq
  /** Resolves after `close`; rejects with DivergenceError or FeedError. */
  done: Promise<void>
  close(): Promise<void>
}

const tickCommand = encodeCommand({ kind: 'Tick' })

const restore = (snapshot: MarginSnapshot, logger: Logger): Engine | undefined => {
  try {
    const engine = restoreEngine(snapshot.bytes)
    if (engine.seq === snapshot.seq) return engine
  } catch (error) {
    logger.warn({ err: error }, 'snapshot is of another version')
  }
  logger.warn(
    { seq: snapshot.seq },
    'snapshot is not used: the feed is replayed from its beginning',
  )
  return undefined
}

/** Starts from the newest snapshot, or from the first command. */
export const startMargin = async (options: MarginOptions): Promise<Margin> => {
  const { openFeed, commands, clock, logger, directory, snapshotCommands, tickMs } = options
  const snapshot = directory === undefined ? undefined : await readNewestSnapshot(directory)
  faultPoint('margin:snapshot-read')
  const engine = snapshot === undefined ? undefined : restore(snapshot, logger)
  const follower =
    engine === undefined || snapshot === undefined
      ? followEngine()
      : followEngine(engine, snapshot.chainHash, new RiskWatch(snapshot.watch))
  let savedSeq = follower.engine.seq
  const feed = openFeed(savedSeq + 1)
  logger.info({ fromSeq: savedSeq + 1 }, 'following')
  faultPoint('margin:following')

  const save = async () => {
    if (directory === undefined || follower.engine.seq === savedSeq) return
    savedSeq = follower.engine.seq
    const { chainHash, engine: own, watch } = follower
    const state = { bytes: own.snapshot(), watch: watch.record() }
    await writeSnapshot(directory, { seq: savedSeq, chainHash, ...state })
    logger.info({ seq: savedSeq }, 'snapshot written')
  }
  const follow = async () => {
    for await (const group of feed.groups()) {
      follower.take(group)
      faultPoint('margin:group-taken')
      if (follower.engine.seq - savedSeq >= snapshotCommands) await save()
    }
  }
  const tick = async () => {
    try {
      const accepted = commands.submit(tickCommand)
      faultPoint('margin:tick-sent')
      await accepted
      faultPoint('margin:tick-accepted')
      options.onTick?.('accepted')
    } catch (error) {
      // The next second makes up for it: ticks carry no time of their own.
      if (!(error instanceof CommandError)) throw error
      options.onTick?.(error.code)
    }
  }
  const heartbeat =
    tickMs === 0
      ? undefined
      : everyInterval(clock, tickMs, tick, (error) => logger.error({ err: error }, 'tick failed'))
  return {
    follower,
    get headSeq() {
      return Math.max(feed.headSeq, follower.engine.seq)
    },
    done: follow(),
    close: async () => {
      heartbeat?.stop()
      faultPoint('margin:closing')
      await feed.close()
      await save()
    },
  }
}
