import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { inspectJournal } from './inspect.ts'
import { Journal } from './journal.ts'
import { listSegments } from './segment-files.ts'

const root = mkdtempSync(join(tmpdir(), 'plumb-i-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const record = (seq: number) => ({
  seq,
  timeMs: 1_000 + seq,
  kind: 1,
  payload: Buffer.alloc(90, seq),
})
const options = { segmentBytes: 4 * 1024, idleProofMs: 1e6 }

const write = async (count: number) => {
  const directory = mkdtempSync(join(root, 'd-'))
  const journal = await Journal.open(directory, options)
  for (let seq = 1; seq <= count; seq++)
    await journal.append([record(seq)], { seq, hi: 7, lo: seq })
  return { directory, journal }
}

test('a running journal: segments, sequence numbers, snapshots, its writer', async () => {
  const { directory, journal } = await write(20)
  await journal.writeSnapshot(9, Buffer.from('state'), { hi: 7, lo: 9 })
  const found = await inspectJournal(directory)
  expect(found).toMatchObject({
    writerPid: process.pid,
    lastSeq: 20,
    lastTimeMs: 1_020,
    witness: { seq: 20, hi: 7, lo: 20 },
    snapshots: [{ seq: 9, stateHash: { hi: 7, lo: 9 } }],
    torn: undefined,
    fault: undefined,
  })
  let next = 1
  for (const segment of found.segments) {
    expect(segment.firstSeq).toBe(next)
    next = segment.lastSeq + 1
    expect(segment.records).toBe(segment.lastSeq - segment.firstSeq + 1)
  }
  expect(next).toBe(21)
  await journal.close()
  expect((await inspectJournal(directory)).writerPid).toBeUndefined()
})

test('names the first bad byte’s batch by file, offset and seq, and still lists everything', async () => {
  const { directory, journal } = await write(20)
  await journal.close()
  const [, second] = listSegments(directory)
  const bytes = readFileSync(second?.path ?? '')
  // The third batch of this file: a header sector, then one sector for each batch.
  const at = 512 * 3 + 200
  bytes.writeUInt8(bytes.readUInt8(at) ^ 8, at)
  writeFileSync(second?.path ?? '', bytes)
  const found = await inspectJournal(directory)
  const seq = (second?.firstSeq ?? 0) + 2
  expect(found.fault).toMatchObject({ path: second?.path, offset: 512 * 3, seq })
  expect(found.fault?.problem).toContain('proves that it was durable')
  expect(found.lastSeq).toBe(seq - 1)
  expect(found.segments).toHaveLength(listSegments(directory).length)
})

test('a missing segment, and an empty folder', async () => {
  const { directory, journal } = await write(20)
  await journal.close()
  const [, second, third] = listSegments(directory)
  rmSync(second?.path ?? '')
  const { fault } = await inspectJournal(directory)
  expect(fault).toMatchObject({ path: third?.path, problem: 'segment file 2 is missing' })
  const bare = await write(20)
  await bare.journal.writeSnapshot(9, Buffer.from('state'), { hi: 7, lo: 9 })
  await bare.journal.close()
  for (const { path } of listSegments(bare.directory)) rmSync(path)
  expect((await inspectJournal(bare.directory)).fault).toEqual({
    path: bare.directory,
    offset: 0,
    seq: 1,
    problem: 'segment files are missing: there is a snapshot of seq 9, and no command after 0',
  })
  const empty = await inspectJournal(mkdtempSync(join(root, 'e-')))
  expect(empty).toMatchObject({ segments: [], lastSeq: 0, fault: undefined, journalId: undefined })
})
