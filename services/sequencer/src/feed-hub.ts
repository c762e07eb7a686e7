//! Sends each durable group to every follower: backfill from the log, cutover, live.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { faultPoint, type Logger, type Peer, type Refusal, type RoleHandler } from '@plumb/runtime'
import type { FeedGroupBytes, FeedLog } from './feed-log.ts'

/** A follower that catches up waits for its socket beyond this. */
const backfillBytesMax = 1024 * 1024

type Follower = {
  peer: Peer
  nextSeq: number
  live: boolean
  gone: boolean
  wake: (() => void) | undefined
}

/** How a hub is made. */
export type FeedHubOptions = {
  log: FeedLog
  logger: Logger
  durableSeq: () => number
  /** A live follower with more unsent bytes than this is cut off. */
  bufferBytesMax: number
  onFatal: (error: unknown) => void
  /** A follower with a durable cursor has seen more than the journal holds. */
  onAhead: (why: string) => void
}

/** The serving side of the feed. */
export type FeedHub = {
  role: RoleHandler
  /** Sends one group, encoded once, to everybody who is live. */
  publish(group: FeedGroupBytes): void
  readonly followers: number
  /** The lowest cursor with which a follower that keeps one has come since the start; 0 until each of them has. */
  keptSeq(): number
}

/** Followers whose cursors survive them: what they have seen was durable here once. */
const keepers: ReadonlySet<string> = new Set(['ledger', 'relayer', 'margin'])

const refuseAhead = (fromSeq: number, durableSeq: number): Refusal | undefined => {
  if (fromSeq < 1) return { code: 'FROM_SEQ_INVALID', message: `fromSeq ${fromSeq} is below 1` }
  if (fromSeq <= durableSeq + 1) return undefined
  const message = `the follower has seen seq ${fromSeq - 1}, but the journal ends at ${durableSeq}: this journal is older than what was already told. Restore the newer one`
  return { code: 'FOLLOWER_AHEAD', message }
}

const sizeOf = (groups: readonly FeedGroupBytes[]) =>
  groups.reduce((sum, { bytes }) => sum + bytes.length, 0)

/** @example startTransportServer({ feed: createFeedHub(options).role, ... }) */
export const createFeedHub = (options: FeedHubOptions): FeedHub => {
  const { log, logger } = options
  const followers = new Map<number, Follower>()
  const cursors = new Map<string, number>()

  const room = async (follower: Follower) => {
    while (!follower.gone && follower.peer.socket.queuedBytes > backfillBytesMax)
      await new Promise<void>((resolve) => {
        follower.wake = resolve
      })
  }

  /** Sends a run of groups, never more ahead of the socket than the backfill limit. */
  const sendAll = async (
    follower: Follower,
    groups: Iterable<FeedGroupBytes> | AsyncIterable<FeedGroupBytes>,
  ) => {
    for await (const { bytes, lastSeq } of groups) {
      await room(follower)
      if (follower.gone) return
      follower.peer.socket.sendEncoded(bytes)
      follower.nextSeq = lastSeq + 1
      faultPoint('sequencer:group-backfilled')
    }
  }

  /** Ends with the follower live: the last few groups come from memory, within one turn. */
  const catchUp = async (follower: Follower) => {
    while (!follower.gone) {
      const recent = log.recent(follower.nextSeq)
      if (recent === undefined) await sendAll(follower, log.read(follower.nextSeq))
      else if (sizeOf(recent) > backfillBytesMax) await sendAll(follower, recent)
      else {
        for (const { bytes } of recent) follower.peer.socket.sendEncoded(bytes)
        follower.live = true
        faultPoint('sequencer:follower-live')
        return
      }
      await nextTurn()
    }
  }

  return {
    role: {
      refuse: ({ fromSeq, name }) => {
        if (keepers.has(name)) cursors.set(name, fromSeq - 1)
        const refusal = refuseAhead(fromSeq, options.durableSeq())
        if (refusal?.code === 'FOLLOWER_AHEAD' && keepers.has(name))
          options.onAhead(`${name}: ${refusal.message}`)
        return refusal
      },
      onPeer: (peer) => {
        const follower: Follower = {
          peer,
          nextSeq: peer.fromSeq,
          live: false,
          gone: false,
          wake: undefined,
        }
        followers.set(peer.id, follower)
        catchUp(follower).catch(options.onFatal)
      },
      onDrain: (peer) => followers.get(peer.id)?.wake?.(),
      onGone: (peer) => {
        const follower = followers.get(peer.id)
        if (follower !== undefined) {
          follower.gone = true
          follower.wake?.()
        }
        followers.delete(peer.id)
      },
    },
    publish: ({ bytes }) => {
      for (const { peer, live } of followers.values()) {
        if (!live) continue
        peer.socket.sendEncoded(bytes)
        const { queuedBytes } = peer.socket
        if (queuedBytes <= options.bufferBytesMax) continue
        logger.warn({ follower: peer.name, queuedBytes }, 'slow follower cut off')
        peer.socket.destroy()
      }
    },
    keptSeq: () => Math.min(...[...keepers].map((name) => cursors.get(name) ?? 0)),
    get followers() {
      return followers.size
    },
  }
}
