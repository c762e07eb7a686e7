//! Follows the feed for what waits to be settled, tells since when, and throttles new orders before settlement falls behind.
import {
  decodeEvent,
  EVENT_STRIDE,
  encodeCommand,
  eventHeader,
  eventKind,
  header,
  type Quote,
  type Seq,
  type TimeMs,
} from '@plumb/model'
import type { Clock, CommandClient, FeedEntry, Logger } from '@plumb/runtime'
import { FlowGas } from './flow-gas.ts'
import { BacklogMeter, type GasCapacity, stageOf, stageWith, throttleOf } from './gas-budget.ts'
import type { RelayerMetrics } from './relayer-metrics.ts'
import type { OpenFeed } from './settle-feed.ts'

export type ThrottleKeeperOptions = {
  openFeed: OpenFeed
  commands: Pick<CommandClient, 'submit'>
  /** Undefined: nothing is throttled, only counted. */
  capacity: GasCapacity | undefined
  clock: Clock
  logger: Logger
  metrics: RelayerMetrics
  signal: AbortSignal
}

/** A throttle as of a place in the feed. */
type Told = { seq: Seq; level: number; minNotionalQuote: Quote }

export class ThrottleKeeper {
  readonly #options: ThrottleKeeperOptions
  readonly #meter = new BacklogMeter()
  readonly #flow = new FlowGas()
  #stage = 0
  /** The stage the engine was last told, and where in the feed. */
  #told: { seq: Seq; stage: number }
  #seenSeq: Seq = 0
  #seenMs: TimeMs = 0
  #feed: ReturnType<OpenFeed> | undefined

  constructor(options: ThrottleKeeperOptions, told: Told) {
    this.#options = options
    this.#told = { seq: told.seq, stage: stageWith(told.level, told.minNotionalQuote) ?? 0 }
    this.#stage = this.#told.stage
  }

  /** 0 … 3, as in gas-budget.ts. */
  get stage(): number {
    return this.#stage
  }

  /**
   * When the oldest of what is in no block yet was matched, 0 when nothing waits. What is not read yet may have to wait since
   * the last command that is; undefined before the first.
   */
  get unsettledSinceMs(): TimeMs | undefined {
    const { oldestTimeMs } = this.#meter
    if (oldestTimeMs !== 0) return oldestTimeMs
    const headSeq = this.#feed?.headSeq ?? 0
    if (headSeq > 0 && this.#seenSeq >= headSeq) return 0
    return this.#seenMs === 0 ? undefined : this.#seenMs
  }

  /** Reads the feed from a sequence number on, until the signal aborts. */
  async follow(fromSeq: Seq): Promise<void> {
    const { openFeed, signal } = this.#options
    const feed = openFeed(fromSeq)
    this.#feed = feed
    this.#seenSeq = fromSeq - 1
    const close = () => void feed.close()
    signal.addEventListener('abort', close, { once: true })
    try {
      for await (const group of feed.groups()) {
        for (const entry of group.entries) this.#count(entry)
        this.#seenSeq = group.lastSeq
        if (signal.aborted) break
      }
    } finally {
      signal.removeEventListener('abort', close)
      await feed.close()
    }
  }

  /** A batch is in a block. One that leaves it again is short-lived: its gas is not counted anew. */
  mined(toSeq: Seq): void {
    this.#meter.settle(toSeq)
    this.#flow.begin()
  }

  /** Of everything up to here nothing is left to be settled: it is in blocks, or had no part in any batch. */
  passed(toSeq: Seq): void {
    this.#meter.settle(toSeq)
  }

  /** Tells the engine when the stage has changed; repeat it. */
  async step(): Promise<void> {
    const { capacity, clock, commands, logger, metrics } = this.#options
    const backlog = this.#meter.at(clock.nowMs())
    metrics.unsettledGas.set(backlog.waitingGas)
    if (capacity === undefined) return
    this.#stage = stageOf(backlog, capacity, this.#stage)
    metrics.throttleStage.set(this.#stage)
    if (this.#stage === this.#told.stage) return
    const wanted = throttleOf(this.#stage)
    const stage = this.#stage
    const { seq } = await commands.submit(encodeCommand({ kind: 'SetThrottle', ...wanted }))
    this.#told = { seq, stage }
    logger.warn({ stage, ...backlog, ...wanted }, 'new orders are throttled anew')
  }

  #count({ seq, command, events }: FeedEntry): void {
    const stamp = new DataView(command.buffer, command.byteOffset, command.byteLength)
    const view = new DataView(events.buffer, events.byteOffset, events.byteLength)
    for (let at = 0; at < events.length; at += EVENT_STRIDE)
      if (view.getInt32(at + eventHeader.kindI32 * 4, true) === eventKind.ThrottleSet)
        this.#note(seq, events, at)
    this.#seenMs = stamp.getFloat64(header.timeMsF64 * 8, true)
    this.#meter.add(seq, this.#seenMs, this.#flow.of(events))
  }

  // By an earlier self, or by an operator, whose throttle stays until the stage changes.
  #note(seq: Seq, events: Uint8Array, at: number): void {
    const event = decodeEvent(events, at)
    if (event.kind !== 'ThrottleSet' || seq <= this.#told.seq) return
    const stage = stageWith(event.level, event.minNotionalQuote) ?? this.#told.stage
    this.#told = { seq, stage }
  }
}
