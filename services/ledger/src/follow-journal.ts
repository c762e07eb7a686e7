//! The feed into Postgres: what arrives while one transaction runs goes into the next.
import type { Frame, LedgerWriter, WriteReport } from '@plumb/ledger'
import { eventHeader, eventKind } from '@plumb/model'
import type { FeedClient, FeedGroup } from '@plumb/runtime'

export type FollowJournalOptions = {
  feed: FeedClient
  writer: LedgerWriter
  lingerMs: number
  /** Commands in one transaction at most, and as many waiting: beyond it the feed is held back. */
  framesMax: number
  /** After each commit. `confirmed`: a settlement batch was confirmed in it. */
  onWritten: (report: WriteReport, confirmed: boolean, tookMs: number) => void
}

export type JournalFollower = {
  /** Resolves after close(); rejects when the feed, the events or the database cannot be trusted. */
  done: Promise<void>
  close(): Promise<void>
}

const sleep = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms)
  })

const noOne = () => {}

/** Starts writing behind the writer's cursor. */
export function followJournal(options: FollowJournalOptions): JournalFollower {
  const { feed, writer, lingerMs, framesMax, onWritten } = options
  const state = { frames: 0, ended: false, wake: noOne }
  const waiting: FeedGroup[] = []
  /** Resolves when something arrived, was written, or all is over. */
  const changed = () =>
    new Promise<void>((resolve) => {
      const others = state.wake
      state.wake = () => {
        others()
        resolve()
      }
    })
  const notify = () => {
    const { wake } = state
    state.wake = noOne
    wake()
  }

  const receive = async () => {
    try {
      for await (const group of feed.groups()) {
        waiting.push(group)
        state.frames += group.entries.length
        notify()
        while (state.frames >= framesMax && !state.ended) await changed()
      }
    } finally {
      state.ended = true
      notify()
    }
  }

  const write = async () => {
    for (;;) {
      while (waiting.length === 0 && !state.ended) await changed()
      if (waiting.length === 0) return
      if (lingerMs > 0 && state.frames < framesMax && !state.ended) await sleep(lingerMs)
      await writeGroups(waiting.splice(0))
      notify()
    }
  }

  const writeGroups = async (groups: readonly FeedGroup[]) => {
    const entries: Frame[] = groups.flatMap((group) => group.entries)
    const startMs = performance.now()
    const report = await writer.write(entries, groups.at(-1)?.chainHash)
    state.frames -= entries.length
    onWritten(report, entries.some(confirmsBatch), performance.now() - startMs)
  }

  const run = async () => {
    try {
      await Promise.all([receive(), write()])
    } finally {
      state.ended = true
      notify()
      await feed.close()
    }
  }

  const done = run()
  return {
    done,
    close: async () => {
      await feed.close()
      await done.catch(() => {})
    },
  }
}

/** Confirmations come first among their command's events. */
function confirmsBatch({ events }: Frame): boolean {
  if (events.length === 0) return false
  const view = new DataView(events.buffer, events.byteOffset, events.byteLength)
  return view.getInt32(eventHeader.kindI32 * 4, true) === eventKind.BatchConfirmed
}
