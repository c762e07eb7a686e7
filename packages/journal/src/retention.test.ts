import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { FaultPoint, JournalFiles } from './file-system.ts'
import { systemFiles } from './file-system.ts'
import { inspectJournal } from './inspect.ts'
import { Journal } from './journal.ts'
import { readBatches, verifyJournal } from './reader.ts'
import { segmentsBelow } from './retention.ts'
import { listSegments } from './segment-files.ts'

const root = mkdtempSync(join(tmpdir(), 'plumb-a-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const options = { segmentBytes: 4 * 1024, idleProofMs: 1e6 }
const record = (seq: number) => ({ seq, timeMs: seq, kind: 1, payload: Buffer.alloc(90, seq) })

/** Sixty records over many segments, snapshots of 20, 30 and 40. */
const filled = async (files: JournalFiles = systemFiles) => {
  const directory = mkdtempSync(join(root, 'd-'))
  const journal = await Journal.open(directory, { ...options, files })
  for (let seq = 1; seq <= 60; seq++) await journal.append([record(seq)])
  for (const seq of [20, 30, 40])
    await journal.writeSnapshot(seq, Buffer.from(`state ${seq}`), { hi: 0, lo: seq })
  return { directory, journal }
}
const seqsOf = (directory: string) =>
  [...readBatches(directory, 1)].flatMap((batch) => [...batch.records()].map(({ seq }) => seq))
const all = Array.from({ length: 60 }, (_, i) => i + 1)

describe('archiving', () => {
  test.each([
    [0, 0],
    [10, 10],
    [19, 19],
    [20, 20],
    [55, 20],
  ])(
    'with everything up to %i taken over, keeps all that a start from seq %i needs',
    async (taken, floorSeq) => {
      const { directory, journal } = await filled()
      const before = listSegments(directory).length
      const archived = journal.archiveBelow(taken)
      const left = listSegments(directory)
      expect(left.length).toBe(before - archived)
      expect(left[0]?.firstSeq).toBeLessThanOrEqual(floorSeq + 1)
      // And no more than that: the next one begins above it.
      expect(left[1]?.firstSeq).toBeGreaterThan(floorSeq + 1)
      expect(archived > 0).toBe(floorSeq >= 10)
      // Whoever reads from the beginning still finds everything.
      expect([...journal.read(1)].map(({ seq }) => seq)).toEqual(all)
      await journal.append([record(61)])
      await journal.close()
      const again = await Journal.open(directory, options)
      expect(again.lastSeq).toBe(61)
      expect(verifyJournal(directory).lastSeq).toBe(61)
      await again.close()
    },
  )

  test('a reader under way finds what moves to the archive before its eyes', async () => {
    const { directory, journal } = await filled()
    const seqs: number[] = []
    for (const batch of readBatches(directory, 1)) {
      if (seqs.length === 0) expect(journal.archiveBelow(55)).toBeGreaterThan(1)
      seqs.push(...[...batch.records()].map(({ seq }) => seq))
    }
    expect(seqs).toEqual(all)
    await journal.close()
  })

  test('does nothing before there are three snapshots to fall back on', async () => {
    const directory = mkdtempSync(join(root, 'd-'))
    const journal = await Journal.open(directory, options)
    for (let seq = 1; seq <= 60; seq++) await journal.append([record(seq)])
    for (const seq of [40, 50])
      await journal.writeSnapshot(seq, Buffer.from('state'), { hi: 0, lo: seq })
    expect(journal.archiveBelow(60)).toBe(0)
    await journal.close()
  })

  test('never takes the newest two segments', () => {
    const segments = [1, 10, 20, 30].map((firstSeq, i) => ({ path: '', ordinal: i + 1, firstSeq }))
    expect(segmentsBelow(segments, 1_000)).toHaveLength(2)
    expect(segmentsBelow(segments.slice(0, 2), 1_000)).toHaveLength(0)
    expect(segmentsBelow([], 1_000)).toHaveLength(0)
  })

  test.each<FaultPoint>(['journal:retention-noted', 'journal:segments-archived'])(
    'may be killed at %s',
    async (point) => {
      const files: JournalFiles = {
        ...systemFiles,
        reached: (at) => {
          if (at === point) throw new Error('killed')
        },
      }
      const { directory, journal } = await filled(files)
      expect(() => journal.archiveBelow(20)).toThrow('killed')
      await journal.close()
      const again = await Journal.open(directory, options)
      again.archiveBelow(20)
      expect(seqsOf(directory)).toEqual(all)
      await again.close()
    },
  )

  test('a segment that is missing without having been archived is still damage', async () => {
    const { directory, journal } = await filled()
    journal.archiveBelow(20)
    await journal.close()
    const [first] = listSegments(directory)
    rmSync(first?.path ?? '')
    await expect(Journal.open(directory, options)).rejects.toMatchObject({
      code: 'JOURNAL_DAMAGED',
      message: expect.stringContaining('older files are missing'),
    })
  })

  test('an archive that was taken elsewhere: starts, and says what is missing to who asks for it', async () => {
    const { directory, journal } = await filled()
    journal.archiveBelow(20)
    await journal.close()
    const elsewhere = join(root, 'elsewhere')
    renameSync(join(directory, 'archive'), elsewhere)
    const again = await Journal.open(directory, options)
    expect(again.lastSeq).toBe(60)
    const from = again.firstSeq
    expect([...again.read(from)].map(({ seq }) => seq)).toEqual(all.slice(from - 1))
    expect(() => [...again.read(1)]).toThrow(/archived and not at hand: put the segment files back/)
    await again.close()
    expect((await inspectJournal(directory)).fault?.problem).toContain('older files are missing')
    renameSync(elsewhere, join(directory, 'archive'))
    expect(existsSync(join(directory, 'archive'))).toBe(true)
    expect(readdirSync(join(directory, 'archive')).length).toBeGreaterThan(0)
    expect(seqsOf(directory)).toEqual(all)
  })
})
