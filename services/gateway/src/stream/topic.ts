//! One stream of one channel: its subscribers and the chain of seq and prevSeq.
import type { Channel } from '@plumb/protocol'
import type { Broadcast } from './broadcast.ts'
import { QUEUE_BYTES_CONFLATE, type StreamConnection } from './stream-connection.ts'
import { textFrame } from './text-frames.ts'

/** Names a topic: a channel of a market, of all markets, or of an account. */
export type TopicName = {
  channel: Channel
  market: string | null
  account?: string
  subaccount?: number
  /** Candles only. */
  interval?: string
}

/** `undefined` where there is nothing to show. */
export type Snapshot = { ts: number; data: unknown; checksum?: number }

type Encoded = { prevSeq: number; frame: Buffer }

const RESUME_MESSAGES_MAX = 512
const RESUME_MS = 600_000

/** What a connection can join, leave and come back to. */
export type StreamTopic = {
  readonly key: string
  add(connection: StreamConnection): void
  remove(connection: StreamConnection, nowMs: number): void
  /** Whether everything after `seq` can still be told. */
  canResume(seq: number): boolean
  /** Joins without a snapshot and tells what came after `seq`. */
  resume(connection: StreamConnection, seq: number): void
}

/**
 * Sends each message to all subscribers as one buffer, encoded once. Private messages leave at once, public ones with
 * the next flush of the broadcast, all of a tick as one buffer.
 */
export class Topic implements StreamTopic {
  readonly name: TopicName
  readonly key: string
  readonly subscribers = new Set<StreamConnection>()
  /** Readers who missed a conflated delta and get a snapshot once they have caught up. */
  readonly #behind = new Set<StreamConnection>()
  /** Messages that a returning subscriber may have missed; private topics only. */
  readonly #missed: Encoded[] | null
  readonly #broadcast: Broadcast
  /** Public messages of this tick. */
  #gathered: Buffer[] = []
  readonly #snapshot: () => Snapshot | undefined
  lastSeq: number
  /** When the last subscriber left; 0 while there is one. */
  idleSinceMs = 0

  constructor(
    name: TopicName,
    lastSeq: number,
    snapshot: () => Snapshot | undefined,
    resumable: boolean,
    broadcast: Broadcast,
  ) {
    this.name = name
    this.key = topicKey(name)
    this.lastSeq = lastSeq
    this.#snapshot = snapshot
    this.#missed = resumable ? [] : null
    this.#broadcast = broadcast
  }

  add(connection: StreamConnection): void {
    this.#broadcast.release(this) // what was published before belongs before the snapshot, and not to a newcomer
    this.subscribers.add(connection)
    this.idleSinceMs = 0
    this.sendSnapshot(connection)
  }

  remove(connection: StreamConnection, nowMs: number): void {
    this.#behind.delete(connection)
    if (this.subscribers.delete(connection) && this.subscribers.size === 0) this.idleSinceMs = nowMs
  }

  /** No subscriber, and nobody who may still come back. */
  expired(nowMs: number): boolean {
    if (this.subscribers.size > 0) return false
    return this.#missed === null || nowMs - this.idleSinceMs > RESUME_MS
  }

  /** Skipped when there is nothing to show (`undefined`). */
  sendSnapshot(connection: StreamConnection): void {
    const snapshot = this.#snapshot()
    if (snapshot === undefined) return
    const { lastSeq: seq } = this
    connection.send(
      JSON.stringify({ ...this.name, type: 'snapshot', seq, prevSeq: seq, ...snapshot }),
    )
  }

  publish(
    type: 'delta' | 'update',
    seq: number,
    ts: number,
    data: unknown,
    more: { checksum?: number } = {},
  ): void {
    const prevSeq = this.lastSeq
    this.lastSeq = seq
    if (this.#missed === null && this.subscribers.size === 0) return
    const text = JSON.stringify({ ...this.name, type, seq, prevSeq, ts, ...more, data })
    const frame = textFrame(text)
    if (this.#missed === null) {
      this.#gathered.push(frame)
      this.#broadcast.add(this)
      return
    }
    this.#missed.push({ prevSeq, frame })
    if (this.#missed.length > RESUME_MESSAGES_MAX) this.#missed.shift()
    for (const connection of this.subscribers) connection.send(frame)
  }

  take(): Buffer | undefined {
    const gathered = this.#gathered
    this.#gathered = []
    return gathered.length > 1 ? Buffer.concat(gathered) : gathered[0]
  }

  reaches(reader: StreamConnection): boolean {
    if (reader.queuedBytes > QUEUE_BYTES_CONFLATE) {
      this.#behind.add(reader)
      return false
    }
    if (this.#behind.size === 0 || !this.#behind.delete(reader)) return true
    this.sendSnapshot(reader)
    return false
  }

  /** Whether everything after `seq` is still here. */
  canResume(seq: number): boolean {
    return seq === this.lastSeq || this.#placeOf(seq) >= 0
  }

  /** Subscribes without a snapshot and replays what came after `seq`. */
  resume(connection: StreamConnection, seq: number): void {
    const at = this.#placeOf(seq)
    this.subscribers.add(connection)
    this.idleSinceMs = 0
    if (at < 0) return
    for (const { frame } of this.#missed?.slice(at) ?? []) connection.send(frame)
  }

  /** Place of the first message that follows `seq`: the chain says it, whether a message or a snapshot came last. */
  #placeOf(seq: number): number {
    return this.#missed?.findIndex(({ prevSeq }) => prevSeq === seq) ?? -1
  }
}

/** Text that names a topic. */
export function topicKey({ channel, market, account, subaccount, interval }: TopicName): string {
  return account === undefined
    ? `${channel}/${market ?? ''}${interval === undefined ? '' : `/${interval}`}`
    : `${channel}/${account}/${subaccount ?? 0}`
}
