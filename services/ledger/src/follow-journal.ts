//! The feed into Postgres: what arrives while transactions run goes into the next one, which is read meanwhile.
import type { Frame, LedgerWriter, WriteReport } from '@plumb/ledger'
import { eventHeader, eventKind, type Seq } from '@plumb/model'
import { type FeedClient, type FeedGroup, faultPoint } from '@plumb/runtime'

export type FollowJournalOptions = {
  feed: FeedClient
  writer: LedgerWriter
  lingerMs: number
  /** Commands received and not yet durable: beyond it the feed is held back. A transaction has a quarter at most. */
  framesMax: number
  /** What was written last. The feed must begin with that command again, so that it can be recognised. */
  known?: { seq: Seq; chainHash: Uint8Array } | undefined
  /** After each commit. `confirmed`: a settlement batch was confirmed in it. */
  onWritten: (report: WriteReport, confirmed: boolean, tookMs: number) => void
}

export type JournalFollower = {
  /** Resolves after close(); rejects when the feed, the events or the database cannot be trusted. */
  done: Promise<void>
  close(): Promise<void>
}

/** Longest wait for company, however long transactions take. */
const LINGER_MS_MAX = 100

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** The journal has another past than the one this ledger was written from. */
class JournalDiffersError extends Error {
  readonly code = 'JOURNAL_DIFFERS'
  readonly seq: Seq

  constructor(seq: Seq, theirs: Uint8Array, ours: Uint8Array) {
    super(
      `this database was written from another journal: at seq ${seq} the journal's chain hash is ${hex(theirs)}, the ledger has ${hex(ours)}. Stop the exchange. Restore the journal that belongs to this database, or give the ledger an empty database, which it fills from this journal`,
    )
    this.name = 'JournalDiffersError'
    this.seq = seq
  }
}

const sleep = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms)
  })

const noOne = () => {}

/** One being written, the next one being read. */
const TRANSACTIONS_IN_FLIGHT = 2
const TRANSACTION_SHARE = 4

/** Starts writing behind the writer's cursor. */
export function followJournal(options: FollowJournalOptions): JournalFollower {
  const { feed, writer, lingerMs, framesMax, onWritten, known } = options
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
        faultPoint('ledger:group-received')
        if (known !== undefined && group.firstSeq <= known.seq)
          requireSame(group.lastSeq, group.chainHash, known)
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
    const inFlight: Promise<number>[] = []
    let lastMs = 0
    const written = (tookMs: number) => {
      lastMs = tookMs
      notify()
    }
    for (;;) {
      while (waiting.length === 0 && !state.ended) await changed()
      if (waiting.length === 0) break
      // A transaction has a price of its own: the dearer they are, the more of the journal goes into each.
      const wait = Math.min(Math.max(lingerMs, lastMs), LINGER_MS_MAX)
      if (lingerMs > 0 && state.frames < framesMax && !state.ended) await sleep(wait)
      const writing = writeGroups(takeGroups())
      // A failure is heard of at once, also while nothing arrives, and told by whoever awaits it.
      writing.then(written, () => {
        state.ended = true
        notify()
      })
      inFlight.push(writing)
      if (inFlight.length >= TRANSACTIONS_IN_FLIGHT) await inFlight.shift()
    }
    await Promise.all(inFlight)
  }

  /** The groups of one transaction: at least one. */
  const takeGroups = (): FeedGroup[] => {
    let [count, frames] = [0, 0]
    for (const group of waiting) {
      frames += group.entries.length
      if (count > 0 && frames * TRANSACTION_SHARE > framesMax) break
      count += 1
    }
    return waiting.splice(0, count)
  }

  const writeGroups = async (groups: readonly FeedGroup[]) => {
    const entries: Frame[] = groups.flatMap((group) => group.entries)
    const startMs = performance.now()
    const report = await writer.write(entries, groups.at(-1)?.chainHash)
    state.frames -= entries.length
    const tookMs = performance.now() - startMs
    onWritten(report, entries.some(confirmsBatch), tookMs)
    return tookMs
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
      faultPoint('ledger:closing')
      await feed.close()
      await done.catch(() => {})
    },
  }
}

/** Our cursor stands at the end of a group: that group must end there, with the hash that we wrote down. */
const requireSame = (
  lastSeq: Seq,
  chainHash: Uint8Array,
  known: { seq: Seq; chainHash: Uint8Array },
) => {
  if (lastSeq !== known.seq || Buffer.compare(chainHash, known.chainHash) !== 0)
    throw new JournalDiffersError(known.seq, chainHash, known.chainHash)
}

/** Confirmations come first among their command's events. */
function confirmsBatch({ events }: Frame): boolean {
  if (events.length === 0) return false
  const view = new DataView(events.buffer, events.byteOffset, events.byteLength)
  return view.getInt32(eventHeader.kindI32 * 4, true) === eventKind.BatchConfirmed
}
