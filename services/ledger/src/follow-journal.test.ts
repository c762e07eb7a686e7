import type { LedgerWriter } from '@plumb/ledger'
import type { FeedClient, FeedGroup } from '@plumb/runtime'
import { describe, expect, test } from 'vitest'
import { followJournal } from './follow-journal.ts'

const hash = (n: number) => Buffer.alloc(32, n)

const groupOf = (firstSeq: number, lastSeq: number): FeedGroup => ({
  firstSeq,
  lastSeq,
  chainHash: hash(lastSeq),
  stateHash: { hi: 0, lo: 0 },
  entries: Array.from({ length: lastSeq - firstSeq + 1 }, (_, i) => ({
    seq: firstSeq + i,
    command: Buffer.alloc(32),
    events: Buffer.alloc(0),
  })),
})

/** Follows these groups with a writer that only remembers; resolves with what it was given. */
const follow = async (
  groups: readonly FeedGroup[],
  known?: { seq: number; chainHash: Uint8Array },
) => {
  const written: number[] = []
  const feed: FeedClient = {
    groups: async function* () {
      yield* groups
    },
    headSeq: 0,
    lastSeq: 0,
    connected: true,
    ready: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
  const writer: LedgerWriter = {
    cursor: 0,
    write: (frames) => {
      written.push(...frames.map(({ seq }) => seq))
      const toSeq = written.at(-1) ?? 0
      return Promise.resolve({
        toSeq,
        frames: frames.length,
        transfers: 0,
        trades: 0,
        orders: 0,
      })
    },
  }
  const { done } = followJournal({
    feed,
    writer,
    known,
    lingerMs: 0,
    framesMax: 1_000,
    onWritten: () => {},
  })
  await done
  return written
}

describe('a ledger that was written before', () => {
  test('goes on where the journal has the hash that it wrote down', async () => {
    const groups = [groupOf(7, 7), groupOf(8, 12)]
    expect(await follow(groups, { seq: 7, chainHash: hash(7) })).toEqual([7, 8, 9, 10, 11, 12])
  })

  test.each([
    ['another hash at its cursor', groupOf(7, 7), hash(99)],
    ['a batch that does not end at its cursor', groupOf(7, 9), hash(7)],
  ])('refuses a journal with %s, and says what to do', async (_name, first, chainHash) => {
    const following = follow([first, groupOf(first.lastSeq + 1, 20)], { seq: 7, chainHash })
    await expect(following).rejects.toMatchObject({
      code: 'JOURNAL_DIFFERS',
      seq: 7,
      message: expect.stringMatching(/seq 7 .* Restore the journal that belongs to this database/),
    })
  })

  test('an empty one takes any journal', async () => {
    expect(await follow([groupOf(1, 3)])).toEqual([1, 2, 3])
  })
})
