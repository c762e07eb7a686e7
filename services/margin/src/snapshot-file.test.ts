import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RiskWatch } from './risk-watch.ts'
import { type MarginSnapshot, readNewestSnapshot, writeSnapshot } from './snapshot-file.ts'

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plumb-margin-'))
})
afterEach(() => rm(directory, { recursive: true }))

const snapshot = (seq: number): MarginSnapshot => ({
  seq,
  chainHash: new Uint8Array(32).fill(seq),
  bytes: new Uint8Array(1_000).fill(seq + 1),
  watch: { ...new RiskWatch().record(), levels: [[seq, 'danger']] },
})

test('the newest good snapshot is read; two are kept', async () => {
  expect(await readNewestSnapshot(join(directory, 'absent'))).toBeUndefined()
  for (const seq of [5, 70, 9]) await writeSnapshot(directory, snapshot(seq))
  expect(await readdir(directory)).toHaveLength(2)
  const found = await readNewestSnapshot(directory)
  expect(found?.seq).toBe(70)
  expect(Buffer.from(found?.bytes ?? []).equals(snapshot(70).bytes)).toBe(true)
  expect(found?.watch).toEqual(snapshot(70).watch)
})

test('a damaged one is passed over, wherever the bit flipped', async () => {
  await writeSnapshot(directory, snapshot(1))
  await writeSnapshot(directory, snapshot(2))
  const path = join(directory, `margin-${'2'.padStart(16, '0')}.snap`)
  const whole = await readFile(path)
  for (const at of [0, 5, 9, 20, 60, 80, whole.length - 1]) {
    const damaged = Buffer.from(whole)
    damaged[at] = (damaged[at] ?? 0) ^ 1
    await writeFile(path, damaged)
    expect((await readNewestSnapshot(directory))?.seq, `byte ${at}`).toBe(1)
  }
  await writeFile(path, whole.subarray(0, 40))
  expect((await readNewestSnapshot(directory))?.seq).toBe(1)
})
