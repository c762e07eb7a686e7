import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { FaultPoint, JournalFiles } from './file-system.ts'
import { systemFiles } from './file-system.ts'
import type { JournalOptions } from './journal.ts'
import { Journal } from './journal.ts'
import type { JournalRecord } from './layout.ts'
import { readBatches, verifyJournal } from './reader.ts'
import { listSegments } from './segment-files.ts'

const root = mkdtempSync(join(tmpdir(), 'plumb-j-'))
const freshDirectory = () => mkdtempSync(join(root, 'd-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const small: JournalOptions = { segmentBytes: 8 * 1024, idleProofMs: 1e6 }

const record = (
  seq: number,
  payload: Uint8Array = Buffer.from(`payload ${seq}`),
): JournalRecord => ({
  seq,
  timeMs: 1_700_000_000_000 + seq,
  kind: seq % 7,
  payload,
})
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => record(from + i))
const plain = (records: Iterable<JournalRecord>) =>
  [...records].map(({ seq, timeMs, kind, payload }) => ({
    seq,
    timeMs,
    kind,
    payload: Buffer.from(payload).toString('hex'),
  }))

const breaking = (point: FaultPoint, from = 1): JournalFiles => {
  let times = 0
  return {
    ...systemFiles,
    reached: (at) => {
      if (at === point && ++times >= from) throw new Error(`EIO at ${point}`)
    },
  }
}

const runs = Number(env.PLUMB_FUZZ_RUNS ?? 40)

describe('a journal', { timeout: 30_000 + runs * 500 }, () => {
  test('gives back what was appended, in any grouping, over any number of openings', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 12 }), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.integer({ min: 0, max: 11 }),
        async (appends, reopenAt) => {
          const directory = freshDirectory()
          let journal = await Journal.open(directory, small)
          const wanted: JournalRecord[] = []
          for (const [i, payloads] of appends.entries()) {
            const first = wanted.length + 1
            const records = payloads.map((p, k) => ({
              seq: first + k,
              timeMs: 5,
              kind: 1,
              payload: p,
            }))
            wanted.push(...records)
            const commit = journal.append(records, { seq: wanted.length, hi: i, lo: i })
            if (i % 3 === 0) expect((await commit).lastSeq).toBe(wanted.length)
            if (i === reopenAt) {
              await journal.close()
              journal = await Journal.open(directory, small)
              expect(journal.opening.witness).toEqual({ seq: wanted.length, hi: i, lo: i })
            }
          }
          await journal.close()
          const again = await Journal.open(directory, small)
          expect(again.lastSeq).toBe(wanted.length)
          expect(plain(again.read(1))).toEqual(plain(wanted))
          const from = Math.ceil(wanted.length / 2)
          expect(plain(again.read(from))).toEqual(plain(wanted.slice(from - 1)))
          await again.close()
        },
      ),
      { numRuns: runs },
    )
  })

  test('gathers what arrives during a commit into one batch', async () => {
    const journal = await Journal.open(freshDirectory(), small)
    const first = journal.append(range(1, 2))
    await new Promise((resolve) => setImmediate(resolve))
    const second = journal.append(range(3, 4))
    const third = journal.append(range(5, 5))
    expect(await first).toMatchObject({ firstSeq: 1, lastSeq: 2 })
    expect(third).toBe(second)
    expect(await third).toMatchObject({ firstSeq: 3, lastSeq: 5 })
    expect(journal.durableSeq).toBe(5)
    await journal.close()
  })

  test('refuses a gap and falling time before anything is written', async () => {
    const journal = await Journal.open(freshDirectory(), small)
    expect(() => journal.append([record(2)])).toThrow(/where 1 comes next/)
    await journal.append([record(1)])
    expect(() => journal.append([{ ...record(2), timeMs: 1 }])).toThrow(/time falls/)
    await journal.close()
  })

  test.each([
    [7_412, true],
    [7_413, false],
  ])(
    'a batch of one record with %i payload bytes fits a small segment: %s',
    async (bytes, fits) => {
      const journal = await Journal.open(freshDirectory(), small)
      // 8,192 - 512 (segment header) - 128 (batch header) - 28 (record header) - ... in whole sectors
      const append = () => journal.append([record(1, Buffer.alloc(bytes + 112))])
      if (fits) await expect(append()).resolves.toMatchObject({ lastSeq: 1 })
      else expect(append).toThrow(/exceed a batch/)
      await journal.close()
    },
  )

  test('a second writer is refused and told who holds it; a released lock is free', async () => {
    const directory = freshDirectory()
    const journal = await Journal.open(directory, small)
    await expect(Journal.open(directory, small)).rejects.toMatchObject({
      code: 'JOURNAL_LOCKED',
      message: expect.stringContaining(`process ${process.pid}`),
    })
    await journal.close()
    await (await Journal.open(directory, small)).close()
    expect(readdirSync(directory).filter((name) => !name.endsWith('.seg'))).toEqual([])
  })

  test('of many openers at once exactly one wins', async () => {
    const directory = freshDirectory()
    const stale = join(directory, 'lock')
    writeFileSync(stale, '999999\nlock-dead.sock\n')
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => Journal.open(directory, small)),
    )
    const winners = results.flatMap((r) => (r.status === 'fulfilled' ? [r.value] : []))
    expect(winners).toHaveLength(1)
    await winners[0]?.close()
  })

  test('each opening has a higher epoch; an older one is refused', async () => {
    const directory = freshDirectory()
    const first = await Journal.open(directory, small)
    await first.close()
    const second = await Journal.open(directory, small)
    expect(second.epoch).toBe(first.epoch + 1)
    await second.close()
    await expect(Journal.open(directory, { ...small, epoch: 1 })).rejects.toMatchObject({
      code: 'JOURNAL_REFUSED',
    })
  })

  test('refuses to open below the disk low-water mark', async () => {
    const lowWaterBytes = Number.MAX_SAFE_INTEGER
    await expect(Journal.open(freshDirectory(), { ...small, lowWaterBytes })).rejects.toMatchObject(
      { code: 'DISK_LOW' },
    )
  })

  test.each<FaultPoint>([
    'journal:before-write',
    'journal:after-write',
    'journal:after-sync',
    'journal:segment-prepared',
    'journal:segment-opened',
  ])(
    'a failure at %s is final: nothing after it is acknowledged, nothing before it is lost',
    async (point) => {
      const directory = freshDirectory()
      let fatal = 0
      const files = breaking(point, point.startsWith('journal:segment') ? 2 : 4)
      const journal = await Journal.open(directory, { ...small, files, onFatal: () => fatal++ })
      let acked = 0
      let failed = 0
      for (let seq = 1; seq <= 40; seq++)
        await journal.append([record(seq, Buffer.alloc(400))]).then(
          () => (acked = seq),
          () => (failed += 1),
        )
      expect(fatal).toBe(1)
      expect(acked + failed).toBe(40)
      expect(failed).toBeGreaterThan(0)
      await journal.close()
      const again = await Journal.open(directory, small)
      expect(again.lastSeq).toBeGreaterThanOrEqual(acked)
      expect(again.lastSeq).toBeLessThanOrEqual(acked + 1)
      await again.close()
    },
  )

  test('a failing fdatasync is final', async () => {
    let syncs = 0
    const files: JournalFiles = {
      ...systemFiles,
      fdatasync: (fd) =>
        ++syncs > 2 ? Promise.reject(new Error('EIO')) : systemFiles.fdatasync(fd),
    }
    const journal = await Journal.open(freshDirectory(), { ...small, files })
    await journal.append([record(1)])
    await expect(journal.append([record(2)])).rejects.toMatchObject({ code: 'JOURNAL_FAILED' })
    await expect(journal.append([record(3)])).rejects.toMatchObject({ code: 'JOURNAL_FAILED' })
    expect(journal.durableSeq).toBe(1)
    await journal.close()
  })

  test('an idle writer proves its last batch', async () => {
    const directory = freshDirectory()
    const journal = await Journal.open(directory, { ...small, idleProofMs: 1 })
    await journal.append([record(1)])
    const path = listSegments(directory).at(0)?.path ?? ''
    const used = () => readFileSync(path).findLastIndex((byte) => byte !== 0)
    const before = used()
    await expect.poll(used).toBeGreaterThan(before)
    await journal.close()
  })

  test('can be read while it is written', async () => {
    const directory = freshDirectory()
    const journal = await Journal.open(directory, small)
    for (let seq = 1; seq <= 50; seq++) {
      await journal.append([record(seq, Buffer.alloc(200))])
      const seen = [...readBatches(directory, 1, journal.durableSeq)]
      expect(seen.at(-1)?.lastSeq).toBe(seq)
    }
    expect(listSegments(directory).length).toBeGreaterThan(2)
    expect(verifyJournal(directory).lastSeq).toBe(50)
    await journal.close()
  })
})

describe('snapshots', () => {
  test.each<[FaultPoint, number]>([
    ['journal:snapshot-written', 3],
    ['journal:snapshot-renamed', 6],
  ])('a crash at %s leaves the snapshot of seq %i as the newest', async (point, newest) => {
    const directory = freshDirectory()
    const journal = await Journal.open(directory, { ...small, files: breaking(point, 2) })
    await journal.append(range(1, 9))
    await journal.writeSnapshot(3, Buffer.from('state 3'), { hi: 0, lo: 3 })
    const second = journal.writeSnapshot(6, Buffer.from('state 6'), { hi: 0, lo: 6 })
    await expect(second).rejects.toThrow(/EIO/)
    await journal.close()
    const again = await Journal.open(directory, small)
    expect(again.newestValidSnapshot()?.seq).toBe(newest)
    expect(readdirSync(directory).filter((name) => name.endsWith('.tmp'))).toEqual([])
    await again.close()
  })

  test('the newest good one is found, bad ones are passed over, three are kept', async () => {
    const directory = freshDirectory()
    const journal = await Journal.open(directory, small)
    await journal.append(range(1, 9))
    for (const seq of [2, 4, 6, 8])
      await journal.writeSnapshot(seq, Buffer.from(`state ${seq}`), { hi: seq, lo: 1 })
    const names = readdirSync(directory).filter((name) => name.endsWith('.snap'))
    expect(names).toHaveLength(3)
    expect(journal.newestValidSnapshot()?.bytes.toString()).toBe('state 8')
    expect(journal.newestValidSnapshot(7)?.seq).toBe(6)
    const newest = join(directory, names.toSorted().at(-1) ?? '')
    const bytes = readFileSync(newest)
    for (let at = 0; at < bytes.length; at++) {
      const bad = Buffer.from(bytes)
      bad.writeUInt8(bad.readUInt8(at) ^ (1 << (at % 8)), at)
      writeFileSync(newest, bad)
      expect(journal.newestValidSnapshot()?.seq).toBe(6)
    }
    await expect(journal.writeSnapshot(10, Buffer.alloc(1), { hi: 0, lo: 0 })).rejects.toThrow(
      /only 9 is durable/,
    )
    await journal.close()
  })
})
