import { expect, test } from 'vitest'
import { dueAgeMs, UsualFee } from './batch-timing.ts'

const ages = { ageMs: 2_000, ageMaxMs: 30_000 }

test('a batch waits longer while gas is dear, at most so long', () => {
  const waits = [0.2, 1, 1.5, 2, 3, 10].map((ratio) => dueAgeMs(ages, ratio, 0))
  expect(waits).toEqual([2_000, 2_000, 4_500, 8_000, 18_000, 30_000])
})

test('while new orders are throttled nothing waits', () => {
  expect([1, 2, 3].map((stage) => dueAgeMs(ages, 5, stage))).toEqual([0, 0, 0])
})

test('what is usual follows slowly', () => {
  const fee = new UsualFee(100)
  expect(fee.note(1_000)).toBe(1)
  expect(fee.note(3_000)).toBe(3)
  let ratio = 0
  for (let i = 0; i < 1_000; i++) ratio = fee.note(3_000)
  expect(ratio).toBeCloseTo(1, 3)
  expect(fee.note(1_500)).toBeCloseTo(0.5, 2)
})
