//! The feed with a callback instead of a loop.

import type { FeedClient, FeedClientOptions, FeedGroup } from './feed-client.ts'
import { createFeedClient } from './feed-client.ts'

/** How a feed is followed. A promise returned by `onGroup` holds back the next group. */
export type FollowFeedOptions = FeedClientOptions & {
  onGroup(group: FeedGroup): void | Promise<void>
}

/** A running follower. `done` resolves after `close()` and rejects when `onGroup` or the feed fails. */
export type FeedFollower = Omit<FeedClient, 'groups'> & { done: Promise<void> }

/** @example const feed = followFeed({ address, name: 'gateway', fromSeq: 1, onGroup: publish }) */
export const followFeed = (options: FollowFeedOptions): FeedFollower => {
  const client = createFeedClient(options)
  const run = async () => {
    try {
      for await (const group of client.groups()) await options.onGroup(group)
    } finally {
      await client.close()
    }
  }
  return {
    done: run(),
    get headSeq() {
      return client.headSeq
    },
    get lastSeq() {
      return client.lastSeq
    },
    get connected() {
      return client.connected
    },
    ready: (timeoutMs) => client.ready(timeoutMs),
    close: () => client.close(),
  }
}
