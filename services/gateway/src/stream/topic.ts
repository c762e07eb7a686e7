//! One stream of one channel: its subscribers and the chain of seq and prevSeq.
import type { Channel } from '@plumb/protocol'
import { QUEUE_BYTES_CONFLATE, type StreamConnection } from './stream-connection.ts'

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

type Encoded = { prevSeq: number; message: Buffer }

const RESUME_MESSAGES_MAX = 512
const RESUME_MS = 600_000

/** Sends each message to all subscribers as one buffer, encoded once. */
export class Topic {
  readonly name: TopicName
  readonly key: string
  readonly subscribers = new Set<StreamConnection>()
  /** Readers who missed a conflated delta and get a snapshot once they have caught up. */
  readonly #behind = new Set<StreamConnection>()
  /** Messages that a returning subscriber may have missed; private topics only. */
  readonly #missed: Encoded[] | null
  readonly #snapshot: () => Snapshot | undefined
  lastSeq: number
  /** When the last subscriber left; 0 while there is one. */
  idleSinceMs = 0

  constructor(
    name: TopicName,
    lastSeq: number,
    snapshot: () => Snapshot | undefined,
    resumable: boolean,
  ) {
    this.name = name
    this.key = topicKey(name)
    this.lastSeq = lastSeq
    this.#snapshot = snapshot
    this.#missed = resumable ? [] : null
  }

  add(connection: StreamConnection): void {
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
    connection.send(encode({ ...this.name, type: 'snapshot', seq, prevSeq: seq, ...snapshot }))
  }

  publish(
    type: 'delta' | 'update',
    seq: number,
    ts: number,
    data: unknown,
    more: { checksum?: number } = {},
  ): void {
    const prevSeq = this.lastSeq
    const message = encode({ ...this.name, type, seq, prevSeq, ts, ...more, data })
    this.lastSeq = seq
    if (this.#missed !== null) {
      this.#missed.push({ prevSeq, message })
      if (this.#missed.length > RESUME_MESSAGES_MAX) this.#missed.shift()
    }
    for (const connection of this.subscribers) this.#deliver(connection, message)
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
    for (const { message } of this.#missed?.slice(at) ?? []) connection.send(message)
  }

  /** Place of the first message that follows `seq`: the chain says it, whether a message or a snapshot came last. */
  #placeOf(seq: number): number {
    return this.#missed?.findIndex(({ prevSeq }) => prevSeq === seq) ?? -1
  }

  #deliver(connection: StreamConnection, message: Buffer): void {
    if (this.#missed !== null) {
      connection.send(message)
      return
    }
    if (connection.queuedBytes > QUEUE_BYTES_CONFLATE) this.#behind.add(connection)
    else if (this.#behind.delete(connection)) this.sendSnapshot(connection)
    else connection.send(message)
  }
}

function encode(message: object): Buffer {
  return Buffer.from(JSON.stringify(message))
}

/** Text that names a topic. */
export function topicKey({ channel, market, account, subaccount, interval }: TopicName): string {
  return account === undefined
    ? `${channel}/${market ?? ''}${interval === undefined ? '' : `/${interval}`}`
    : `${channel}/${account}/${subaccount ?? 0}`
}
