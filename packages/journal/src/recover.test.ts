import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JournalFiles } from './file-system.ts'
import { systemFiles } from './file-system.ts'
import type { JournalOptions } from './journal.ts'
import { Journal } from './journal.ts'
import { JournalError } from './journal-error.ts'
import { decodeSegmentHeader, segmentHeaderBytes } from './layout.ts'
import { recover } from './recover.ts'
import { scanSegment } from './scan.ts'
import type { SegmentFile } from './segment-files.ts'
import { listSegments } from './segment-files.ts'

const root = mkdtempSync(join(tmpdir(), 'plumb-r-'))
const freshDirectory = () => mkdtempSync(join(root, 'd-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const options: JournalOptions = { segmentBytes: 6 * 1024, idleProofMs: 1e6 }
const pathOf = (segments: readonly SegmentFile[], index: number) => segments.at(index)?.path ?? ''
const record = (seq: number) => ({ seq, timeMs: seq, kind: 1, payload: Buffer.alloc(90, seq) })

/** Sixteen batches of one record: ten in the first segment, six in the second. */
const write = async (directory: string, close: boolean) => {
  const journal = await Journal.open(directory, options)
  for (let seq = 1; seq <= 16; seq++) await journal.append([record(seq)])
  if (close) await journal.close()
  return journal
}

const scanOf = (bytes: Buffer) => {
  const header = decodeSegmentHeader(bytes)
  if (typeof header === 'string') return header
  return scanSegment(bytes, segmentHeaderBytes, {
    journalId: header.journalId,
    nextSeq: header.firstSeq,
    chainHash: header.previousChainHash,
    epoch: header.epoch,
    lastIsUnproven: false,
  })
}

const isRefused = (segments: readonly SegmentFile[]): boolean => {
  try {
    recover(segments, 0)
    return false
  } catch (error) {
    return error instanceof JournalError && error.code === 'JOURNAL_DAMAGED'
  }
}

/** What the scan makes of these bytes as the last segment: how many records are kept, or why it refuses. */
const judge = (bytes: Buffer) => {
  const found = scanOf(bytes)
  if (typeof found === 'string') return { refused: found }
  const { end, state } = found
  if (end.kind === 'damaged') return { refused: end.problem }
  return { kept: state.nextSeq - 1, kind: end.kind }
}

describe('damage', { timeout: 60_000 }, () => {
  let bytes: Buffer
  let usedBytes: number
  beforeAll(async () => {
    const directory = freshDirectory()
    const journal = await write(directory, false)
    bytes = readFileSync(pathOf(listSegments(directory), -1))
    usedBytes = Math.ceil((bytes.findLastIndex((byte) => byte !== 0) + 1) / 512) * 512
    await journal.close()
  })

  test('every bit: a flip in a proven batch refuses, in the last one it cuts, beyond it is wiped', () => {
    expect(judge(bytes)).toEqual({ kept: 16, kind: 'clean' })
    const lastBatchAt = usedBytes - 512
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const at = bit >> 3
      const mask = 1 << (bit & 7)
      bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at)
      const verdict = judge(bytes)
      if (at < lastBatchAt) expect(verdict, `bit ${bit}`).toHaveProperty('refused')
      else if (at < usedBytes) expect(verdict, `bit ${bit}`).toEqual({ kept: 15, kind: 'torn' })
      else expect(verdict, `bit ${bit}`).toEqual({ kept: 16, kind: 'torn' })
      bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at)
    }
  })

  test('every byte: a last batch that was written only in part is cut, all before it is kept', () => {
    const lastBatchAt = usedBytes - 512
    for (let cut = lastBatchAt; cut < usedBytes; cut++) {
      const torn = Buffer.from(bytes)
      torn.fill(0, cut)
      const whole = torn.equals(bytes)
      expect(judge(torn), `prefix ${cut}`).toMatchObject({ kept: whole ? 16 : 15 })
      const reversed = Buffer.from(bytes)
      reversed.fill(0, lastBatchAt, cut)
      const untouched = reversed.equals(bytes)
      expect(judge(reversed), `suffix ${cut}`).toMatchObject({ kept: untouched ? 16 : 15 })
    }
  })
})

describe('a directory', { timeout: 60_000 }, () => {
  const template = freshDirectory()
  beforeAll(async () => {
    await write(template, true)
  })
  const copy = () => {
    const directory = freshDirectory()
    cpSync(template, directory, { recursive: true })
    return { directory, segments: listSegments(directory) }
  }

  test('every byte: a file cut short is refused, because segments never shrink', () => {
    const { segments } = copy()
    expect(segments.length).toBe(2)
    for (const { path } of segments) {
      const whole = readFileSync(path)
      const notRefused: number[] = []
      for (let length = whole.length - 1; length >= 0; length--) {
        truncateSync(path, length)
        if (!isRefused(segments)) notRefused.push(length)
      }
      expect(notRefused, path).toEqual([])
      writeFileSync(path, whole)
    }
    expect(recover(segments, 0)?.state.nextSeq).toBe(17)
  })

  test('every bit: a flip in a segment that another one continues refuses', () => {
    const { segments } = copy()
    const bytes = readFileSync(pathOf(segments, 0))
    const good = scanOf(bytes)
    if (typeof good === 'string') throw new Error(good)
    const missed: number[] = []
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const at = bit >> 3
      const mask = 1 << (bit & 7)
      bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at)
      const found = scanOf(bytes)
      // What the next segment's header says of this one: it must end here, clean, with this hash.
      const isSeen =
        typeof found === 'string' ||
        found.end.kind !== 'clean' ||
        !found.state.chainHash.equals(good.state.chainHash)
      if (!isSeen) missed.push(bit)
      bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at)
    }
    expect(missed).toEqual([])
  })

  test.each([
    ['the first segment is missing', 0],
    ['the last segment is missing', 1],
  ])('%s', async (_name, index) => {
    const { directory, segments } = copy()
    rmSync(pathOf(segments, index))
    // A missing last file leaves no trace in the first: only what others have seen can tell.
    const provenSeq = index === 1 ? 16 : 0
    await expect(Journal.open(directory, { ...options, provenSeq })).rejects.toThrow(/Nothing was/)
  })

  test('segments of two journals do not mix', async () => {
    const other = freshDirectory()
    await write(other, true)
    const { directory, segments } = copy()
    writeFileSync(pathOf(segments, 1), readFileSync(pathOf(listSegments(other), 1)))
    await expect(Journal.open(directory, options)).rejects.toMatchObject({
      code: 'JOURNAL_DAMAGED',
    })
  })

  test('a journal behind its own snapshot is refused', async () => {
    const { directory } = copy()
    const journal = await Journal.open(directory, options)
    await journal.append([record(17)])
    await journal.writeSnapshot(17, Buffer.from('state'), { hi: 0, lo: 0 })
    await journal.close()
    for (const { path } of listSegments(directory)) rmSync(path)
    cpSync(template, directory, { recursive: true })
    await expect(Journal.open(directory, options)).rejects.toMatchObject({ code: 'JOURNAL_BEHIND' })
  })

  test('a torn tail is cut once, durably, and the journal goes on', async () => {
    const directory = freshDirectory()
    const journal = await write(directory, false)
    const path = pathOf(listSegments(directory), -1)
    const bytes = readFileSync(path)
    await journal.close()
    const end = Math.ceil((bytes.findLastIndex((byte) => byte !== 0) + 1) / 512) * 512
    bytes.fill(0x5a, end - 300, end + 700)
    writeFileSync(path, bytes)
    // A crash right after the cut changes nothing for the next opening.
    const crash: JournalFiles = {
      ...systemFiles,
      reached: (point) => {
        if (point === 'journal:tail-cut') throw new Error('crash after the cut')
      },
    }
    const crashing = freshDirectory()
    cpSync(directory, crashing, { recursive: true })
    await expect(Journal.open(crashing, { ...options, files: crash })).rejects.toThrow(/crash/)
    const afterCrash = await Journal.open(crashing, options)
    expect([afterCrash.lastSeq, afterCrash.opening.cut]).toEqual([15, undefined])
    await afterCrash.close()

    const recovered = await Journal.open(directory, options)
    expect(recovered.opening.cut).toMatch(/checksum|padding|verify/)
    expect(recovered.lastSeq).toBe(15)
    await recovered.append([record(16)])
    await recovered.close()
    const again = await Journal.open(directory, options)
    expect(again.opening.cut).toBeUndefined()
    expect([...again.read(1)].map(({ seq }) => seq)).toEqual(
      Array.from({ length: 16 }, (_, i) => i + 1),
    )
    await again.close()
  })
})
