//! A disk that fails: whatever it does, nothing is acknowledged after it and nothing acknowledged is lost.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, getuid } from 'node:process'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { JournalFiles } from './file-system.ts'
import { systemFiles } from './file-system.ts'
import { Journal } from './journal.ts'

const root = mkdtempSync(join(tmpdir(), 'plumb-f-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const options = { segmentBytes: 8 * 1024, idleProofMs: 1e6 }
const record = (seq: number) => ({
  seq,
  timeMs: seq,
  kind: 1,
  payload: Buffer.alloc(1 + ((seq * 7919) % 700), seq),
})

type Fault =
  /** The call fails before it did anything. */
  | { kind: 'refuses'; code: string }
  /** Only a part reaches the disk before the error. */
  | { kind: 'short'; code: string; share: number }
  /** All of it reached the disk, but the answer is an error. */
  | { kind: 'lies'; code: string }

const failure = (code: string) => Object.assign(new Error(`${code}: injected`), { code })

/** A disk whose `at`-th call fails in the given way, and every one after it. */
const failing = (at: number, fault: Fault): JournalFiles => {
  let calls = 0
  const isDue = () => ++calls >= at
  return {
    ...systemFiles,
    write: async (fd, bytes, position) => {
      if (!isDue()) return systemFiles.write(fd, bytes, position)
      if (fault.kind === 'short')
        await systemFiles.write(fd, bytes.subarray(0, bytes.length * fault.share), position)
      if (fault.kind === 'lies') await systemFiles.write(fd, bytes, position)
      throw failure(fault.code)
    },
    fdatasync: async (fd) => {
      if (!isDue()) return systemFiles.fdatasync(fd)
      if (fault.kind === 'lies') await systemFiles.fdatasync(fd)
      throw failure(fault.code)
    },
  }
}

const code = fc.constantFrom('EIO', 'ENOSPC', 'EDQUOT')
const anyFault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('refuses' as const), code }),
  fc.record({
    kind: fc.constant('short' as const),
    code,
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  fc.record({ kind: fc.constant('lies' as const), code }),
)

/** Appends until the journal fails. @returns the last acknowledged seq and the last one handed over */
const appendUntilFailure = async (journal: Journal, inFlight: number) => {
  const seqs = { acked: journal.lastSeq, handed: journal.lastSeq, failed: false }
  const appendOne = async () => {
    seqs.handed += 1
    try {
      const { lastSeq } = await journal.append([record(seqs.handed)])
      expect(seqs.failed, 'an acknowledgement after a failure').toBe(false)
      seqs.acked = Math.max(seqs.acked, lastSeq)
    } catch (error) {
      seqs.failed = true
      expect(error).toMatchObject({ code: 'JOURNAL_FAILED' })
    }
  }
  while (!seqs.failed && seqs.handed < 400)
    await Promise.all(Array.from({ length: inFlight }, appendOne))
  return seqs
}

const expectRecovered = async (directory: string, acked: number, handed: number) => {
  const journal = await Journal.open(directory, options)
  expect(journal.lastSeq).toBeGreaterThanOrEqual(acked)
  expect(journal.lastSeq).toBeLessThanOrEqual(handed)
  let seq = 0
  for (const one of journal.read(1)) {
    seq += 1
    expect(one.seq).toBe(seq)
    expect(one.payload.length).toBe(record(seq).payload.length)
  }
  expect(seq).toBe(journal.lastSeq)
  await journal.append([record(seq + 1)])
  await journal.close()
}

const runs = Number(env.PLUMB_FUZZ_RUNS ?? 60)

describe('a failing disk', { timeout: 120_000 + runs * 500 }, () => {
  test('any call, any error, short writes, lies: final, and a prefix with everything acknowledged stays', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 120 }),
        anyFault,
        fc.integer({ min: 1, max: 5 }),
        async (at, fault, inFlight) => {
          const directory = mkdtempSync(join(root, 'p-'))
          let fatal = 0
          const files = failing(at, fault)
          const onFatal = () => fatal++
          const opening = Journal.open(directory, { ...options, files, onFatal })
          const journal = await opening.catch((error: unknown) => {
            expect(error).toMatchObject({ code: 'JOURNAL_FAILED' })
          })
          const { acked, handed } =
            journal instanceof Journal
              ? await appendUntilFailure(journal, inFlight)
              : { acked: 0, handed: 0 }
          expect(fatal).toBe(1)
          if (journal instanceof Journal) await journal.close()
          await expectRecovered(directory, acked, handed)
          rmSync(directory, { recursive: true })
        },
      ),
      { numRuns: runs },
    )
  })

  test('a failing snapshot is an error of the snapshot; the journal goes on, the older ones stay', async () => {
    const directory = mkdtempSync(join(root, 's-'))
    let isFull = false
    const files: JournalFiles = {
      ...systemFiles,
      write: (fd, bytes, position) =>
        isFull && bytes.length > 10_000
          ? Promise.reject(failure('ENOSPC'))
          : systemFiles.write(fd, bytes, position),
    }
    const journal = await Journal.open(directory, { ...options, files })
    await journal.append([record(1)])
    await journal.writeSnapshot(1, Buffer.alloc(20_000), { hi: 0, lo: 1 })
    await journal.append([record(2)])
    isFull = true
    const second = journal.writeSnapshot(2, Buffer.alloc(20_000), { hi: 0, lo: 2 })
    await expect(second).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(await journal.append([record(3)])).toMatchObject({ lastSeq: 3 })
    expect(journal.newestValidSnapshot()?.seq).toBe(1)
    await journal.close()
  })

  // A file system of 4 MiB that really fills up; where mounting is not allowed, the errors above stand for it.
  const canMount = process.platform === 'linux' && getuid?.() === 0
  test.runIf(canMount)('a full disk: the journal stops, nothing acknowledged is lost', async () => {
    const directory = join(root, 'full')
    mkdirSync(directory)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', directory])
    try {
      const large = { segmentBytes: 512 * 1024, idleProofMs: 1e6 }
      const low = await Journal.open(directory, { ...large, lowWaterBytes: 2 * 1024 * 1024 })
      expect(low.isDiskLow()).toBe(false)
      let seq = 0
      const fill = async (journal: Journal, isEnough: () => boolean) => {
        for (; seq < 20_000 && !isEnough(); seq++)
          await journal.append([
            { seq: seq + 1, timeMs: 1, kind: 1, payload: Buffer.alloc(4_000, 1) },
          ])
      }
      // The warning comes before the end: orders are refused from here on, cancels still fit.
      await fill(low, () => low.isDiskLow())
      await fill(low, () => seq % 20 === 0)
      await expect(fill(low, () => false)).rejects.toMatchObject({ code: 'JOURNAL_FAILED' })
      const acked = seq
      expect(acked).toBeGreaterThan(100)
      await low.close()
      await expect(
        Journal.open(directory, { ...large, lowWaterBytes: 2 * 1024 * 1024 }),
      ).rejects.toMatchObject({ code: 'DISK_LOW' })
      const again = await Journal.open(directory, large)
      expect(again.lastSeq).toBeGreaterThanOrEqual(acked)
      expect(again.lastSeq).toBeLessThanOrEqual(acked + 1)
      await again.close()
    } finally {
      execFileSync('umount', ['-l', directory])
    }
  })
})
