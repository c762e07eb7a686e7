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

const feedOf = (groups: readonly FeedGroup[]): FeedClient => ({
  groups: async function* () {
    yield* groups
  },
  headSeq: 0,
  lastSeq: 0,
  connected: true,
  ready: () => Promise.resolve(),
  close: () => Promise.resolve(),
})

/** Follows these groups with a writer that only remembers; resolves with what it was given. */
const follow = async (
  groups: readonly FeedGroup[],
  known?: { seq: number; chainHash: Uint8Array },
) => {
  const written: number[] = []
  const feed = feedOf(groups)
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

/** A writer whose transactions end when told to. */
const slowWriter = () => {
  const begun: { frames: number; end: (error?: Error) => void }[] = []
  const writer: LedgerWriter = {
    cursor: 0,
    write: (frames) =>
      new Promise((resolve, reject) => {
        const report = { toSeq: frames.at(-1)?.seq ?? 0, transfers: 0, trades: 0, orders: 0 }
        begun.push({
          frames: frames.length,
          end: (error) =>
            error === undefined ? resolve({ ...report, frames: frames.length }) : reject(error),
        })
      }),
  }
  return { begun, writer }
}
const turns = () => new Promise((resolve) => setTimeout(resolve, 5))

describe('transactions', () => {
  const groups = Array.from({ length: 12 }, (_, i) => groupOf(1 + i * 10, 10 + i * 10))

  test('two are in flight, each of a quarter of what may wait, and all is written', async () => {
    const { begun, writer } = slowWriter()
    const feed = feedOf(groups)
    const { done } = followJournal({
      feed,
      writer,
      lingerMs: 0,
      framesMax: 80,
      onWritten: () => {},
    })
    await turns()
    expect(begun).toHaveLength(2)
    for (let at = 0; at < begun.length; at++) {
      begun[at]?.end()
      await turns()
      expect(begun.length).toBeLessThanOrEqual(at + 3)
    }
    await done
    // The first two found one group each; what waited meanwhile goes two by two.
    expect(begun.map(({ frames }) => frames)).toEqual([10, 10, 20, 20, 20, 20, 20])
  })

  test('one that fails ends all, also when nothing more arrives', async () => {
    const { begun, writer } = slowWriter()
    const open: FeedClient = {
      ...feedOf([]),
      groups: async function* () {
        yield groupOf(1, 10)
        await new Promise(() => {})
      },
    }
    const { done } = followJournal({
      feed: open,
      writer,
      lingerMs: 0,
      framesMax: 80,
      onWritten: () => {},
    })
    await turns()
    begun[0]?.end(new Error('the disk is full'))
    await expect(Promise.race([done, turns().then(turns)])).rejects.toThrow('the disk is full')
  })
})
