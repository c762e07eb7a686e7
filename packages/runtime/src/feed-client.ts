//! Follows the sequencer's feed: backfill, then live, without gap or duplicate, across reconnects.
import type { Address } from './address.ts'
import type { FeedEntry, FeedGroupEnd } from './feed-wire.ts'
import { decodeFeedEntries, decodeFeedGroupEnd } from './feed-wire.ts'
import type { Logger } from './logger.ts'
import { silentLogger } from './logger.ts'
import type { Backoff } from './reconnecting-socket.ts'
import { createReconnectingSocket } from './reconnecting-socket.ts'
import { FrameType, Role } from './wire.ts'

/** One durable journal batch, or the part of it from the seq asked for. */
export type FeedGroup = FeedGroupEnd & { firstSeq: number; entries: FeedEntry[] }

/** Why a feed ended for good. */
export class FeedError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'FeedError'
    this.code = code
  }
}

/** How a feed client is made. */
export type FeedClientOptions = {
  address: Address
  name: string
  /** The first seq wanted: the follower's cursor + 1. */
  fromSeq: number
  logger?: Logger
  /** Received and not yet taken groups; beyond it the socket pauses. */
  bufferBytesMax?: number
  reconnect?: Backoff
}

/** A follower's connection. */
export type FeedClient = {
  /**
   * Groups in order; ends after `close()`. Only one reader.
   *
   * @throws FeedError `FOLLOWER_AHEAD` when the sequencer's journal ends before `fromSeq - 1`
   */
  groups(): AsyncGenerator<FeedGroup, void, void>
  /** The newest durable seq that the sequencer named: the lag is `headSeq - lastSeq`. */
  readonly headSeq: number
  /** The last seq handed out. */
  readonly lastSeq: number
  readonly connected: boolean
  ready: (timeoutMs?: number) => Promise<void>
  close: () => Promise<void>
}

const gapOf = (seq: number, expected: number) =>
  `the feed continues at ${seq}, expected ${expected}`

/** Puts the frames of one connection together into groups, and says where the stream is broken. */
const createGroupGatherer = (
  expectedSeq: () => number,
  onGroup: (group: FeedGroup, bytes: number) => void,
) => {
  let entries: FeedEntry[] = []
  let bytes = 0
  return {
    reset: () => {
      entries = []
      bytes = 0
    },
    /** @returns what is wrong, if anything */
    onEntries: (payload: Buffer): string | undefined => {
      bytes += payload.length
      for (const entry of decodeFeedEntries(payload)) {
        const expected = expectedSeq() + entries.length
        if (entry.seq < expected && entries.length === 0) continue // before what was asked for
        if (entry.seq !== expected) return gapOf(entry.seq, expected)
        entries.push(entry)
      }
      return undefined
    },
    onEnd: (payload: Buffer): string | undefined => {
      const end = decodeFeedGroupEnd(payload)
      const first = entries[0]
      if (first === undefined)
        return end.lastSeq < expectedSeq() ? undefined : gapOf(end.lastSeq, expectedSeq())
      if (end.lastSeq !== first.seq + entries.length - 1) return gapOf(end.lastSeq, first.seq)
      const group = { ...end, firstSeq: first.seq, entries }
      entries = []
      onGroup(group, bytes)
      bytes = 0
      return undefined
    },
  }
}

/**
 * Starts following at once.
 *
 * @example
 * for await (const group of createFeedClient({ address, name: 'ledger', fromSeq: 1 }).groups()) post(group)
 */
export const createFeedClient = (options: FeedClientOptions): FeedClient => {
  const { bufferBytesMax = 16 * 1024 * 1024 } = options
  const logger = options.logger ?? silentLogger
  const queue: { group: FeedGroup; bytes: number }[] = []
  let queuedBytes = 0
  let receivedSeq = options.fromSeq - 1
  let lastSeq = receivedSeq
  let headSeq = 0
  let failure: FeedError | undefined
  const life = { closed: false }
  let wake: (() => void) | undefined

  const wakeReader = () => {
    wake?.()
    wake = undefined
  }
  const gatherer = createGroupGatherer(
    () => receivedSeq + 1,
    (group, bytes) => {
      receivedSeq = group.lastSeq
      headSeq = Math.max(headSeq, group.lastSeq)
      queue.push({ group, bytes })
      queuedBytes += bytes
      if (queuedBytes > bufferBytesMax) connection.socket?.pause()
      wakeReader()
    },
  )
  const connection = createReconnectingSocket({
    address: options.address,
    logger: options.logger,
    backoff: options.reconnect,
    hello: () => ({ role: Role.Feed, fromSeq: receivedSeq + 1, name: options.name }),
    onWelcome: (socket) => {
      gatherer.reset()
      if (queuedBytes > bufferBytesMax) socket.pause()
    },
    onFrame: (type, payload) => {
      let wrong: string | undefined
      if (type === FrameType.FeedEntries) wrong = gatherer.onEntries(payload)
      else if (type === FrameType.FeedGroupEnd) wrong = gatherer.onEnd(payload)
      if (wrong === undefined) return
      logger.error({ wrong }, 'feed broken, reconnecting')
      connection.reset()
    },
    onLost: () => {},
    onRefused: ({ code, message }) => {
      failure = new FeedError(code, message)
      wakeReader()
      return true
    },
  })

  const take = () => {
    const next = queue.shift()
    if (next === undefined) return undefined
    const wasFull = queuedBytes > bufferBytesMax / 2
    queuedBytes -= next.bytes
    if (wasFull && queuedBytes <= bufferBytesMax / 2) connection.socket?.resume()
    lastSeq = next.group.lastSeq
    return next.group
  }
  async function* groups() {
    while (!life.closed) {
      const group = take()
      if (group !== undefined) yield group
      else if (failure !== undefined) throw failure
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
  }

  return {
    groups,
    get headSeq() {
      return Math.max(headSeq, connection.durableSeq)
    },
    get lastSeq() {
      return lastSeq
    },
    get connected() {
      return connection.socket !== undefined
    },
    ready: (timeoutMs) => connection.ready(timeoutMs),
    close: () => {
      life.closed = true
      wakeReader()
      return connection.close()
    },
  }
}
