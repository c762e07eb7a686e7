import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createFeedEntriesWriter, encodeFeedGroupEnd } from '@plumb/runtime'
import { afterAll, describe, expect, test, vi } from 'vitest'
import type { FeedGroupBytes } from './feed-log.ts'
import { FeedLog } from './feed-log.ts'

const root = mkdtempSync(join(tmpdir(), 'plumb-f-'))
const freshDirectory = () => mkdtempSync(join(root, 'd-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const group = (firstSeq: number, lastSeq: number): FeedGroupBytes => {
  const writer = createFeedEntriesWriter()
  for (let seq = firstSeq; seq <= lastSeq; seq++)
    writer.add(seq, Buffer.alloc(60, seq), Buffer.alloc(160, seq))
  const end = { lastSeq, chainHash: Buffer.alloc(32, 1), stateHash: { hi: 0, lo: lastSeq } }
  return { firstSeq, lastSeq, bytes: Buffer.concat([writer.take(), encodeFeedGroupEnd(end)]) }
}

/** Groups 1-3, 4-6, ... up to `lastSeq`, in files of about two groups. */
const fill = async (directory: string, lastSeq: number) => {
  const log = new FeedLog(directory, { segmentBytes: 1_000 })
  for (let seq = 1; seq < lastSeq; seq += 3) {
    log.append(group(seq, seq + 2))
    if (seq % 2 === 0) await log.flush()
  }
  await log.close()
}

const readAll = async (log: FeedLog, seq: number) => {
  const seen: string[] = []
  for await (const { firstSeq, lastSeq, bytes } of log.read(seq)) {
    expect(bytes).toEqual(group(firstSeq, lastSeq).bytes)
    seen.push(`${firstSeq}-${lastSeq}`)
  }
  return seen
}

const lastFile = (directory: string) =>
  join(directory, readdirSync(directory).toSorted().at(-1) ?? '')

describe('the feed log', () => {
  test('gives back groups from the one that holds a seq, across files', async () => {
    const directory = freshDirectory()
    await fill(directory, 30)
    expect(readdirSync(directory).length).toBeGreaterThan(2)
    const log = new FeedLog(directory)
    expect(log.findLastSeq()).toBe(30)
    expect(log.cutAfter(30)).toBe(true)
    expect(await readAll(log, 1)).toHaveLength(10)
    expect(await readAll(log, 23)).toEqual(['22-24', '25-27', '28-30'])
    expect(await readAll(log, 31)).toEqual([])
    expect(log.recent(31)).toEqual([])
    expect(log.recent(30)).toBeUndefined()
    await log.close()
  })

  test('groups gather before they are written: few for a moment, many not at all', async () => {
    const log = new FeedLog(freshDirectory())
    log.append(group(1, 3))
    log.append(group(4, 6))
    expect(log.unwrittenBytes).toBe(group(1, 3).bytes.length + group(4, 6).bytes.length)
    expect(log.recent(2)).toHaveLength(2)
    await expect.poll(() => log.unwrittenBytes, { timeout: 10_000 }).toBe(0)
    await log.flush()
    log.append(group(7, 2_000))
    expect(log.unwrittenBytes).toBe(0)
    log.append(group(2_001, 2_003))
    await log.close()
    expect(new FeedLog(log.directory).findLastSeq()).toBe(2_003)
  })

  test('goes on writing after a moment in which all is written already', async () => {
    const log = new FeedLog(freshDirectory())
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      log.append(group(1, 2_000))
      log.append(group(2_001, 2_003)) // While the first is on its way: goes with it, before its own moment.
      let written = 0
      while (written < 2) {
        await nextTurn()
        written = 0
        for await (const { lastSeq } of log.read(1)) written += lastSeq > 0 ? 1 : 0
      }
      vi.advanceTimersByTime(1_000)
      log.append(group(2_004, 2_006))
      vi.advanceTimersByTime(1_000)
      expect(log.unwrittenBytes).toBe(0)
    } finally {
      vi.useRealTimers()
    }
    await log.close()
    expect(new FeedLog(log.directory).findLastSeq()).toBe(2_006)
  })

  test.each([30, 27, 3, 0])('cut after %i it goes on from there', async (seq) => {
    const directory = freshDirectory()
    await fill(directory, 30)
    const log = new FeedLog(directory, { segmentBytes: 1_000 })
    expect(log.cutAfter(seq)).toBe(true)
    log.append(group(seq + 1, seq + 5))
    expect(log.recent(seq + 2)).toHaveLength(1)
    await log.flush()
    expect((await readAll(log, 1)).at(-1)).toBe(`${seq + 1}-${seq + 5}`)
    await log.close()
    expect(new FeedLog(directory).findLastSeq()).toBe(seq + 5)
  })

  test.each([29, 31, 100])('cannot be cut after %i, where no group ends', async (seq) => {
    const directory = freshDirectory()
    await fill(directory, 30)
    expect(new FeedLog(directory).cutAfter(seq)).toBe(false)
  })

  test('a torn end does not count; a bad group stops the reader', async () => {
    const directory = freshDirectory()
    await fill(directory, 30)
    appendFileSync(lastFile(directory), group(31, 33).bytes.subarray(0, 90))
    const log = new FeedLog(directory)
    expect(log.findLastSeq()).toBe(30)
    expect(log.cutAfter(30)).toBe(true)
    const first = join(directory, readdirSync(directory).toSorted().at(0) ?? '')
    const bytes = readFileSync(first)
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100)
    writeFileSync(first, bytes)
    await expect(readAll(log, 1)).rejects.toThrow(/bad after seq 0/)
    await log.close()
  })

  test('refuses a gap', () => {
    const log = new FeedLog(freshDirectory())
    expect(() => log.append(group(2, 3))).toThrow(/where 1 comes next/)
  })
})
