import { expect, test } from 'vitest'
import { PendingWithdrawals } from './pending-withdrawals.ts'

test('places count up to the next, and the time follows from what was paid', () => {
  const queue = new PendingWithdrawals()
  for (const [id, timeMs] of [
    [5, 1_000],
    [8, 2_000],
    [9, 2_500],
  ] as const)
    queue.accepted(id, timeMs)
  expect([5, 8, 9, 7].map((id) => queue.placeOf(id))).toEqual([1, 2, 3, null])
  expect(queue.etaOf(8)).toBeNull()
  queue.paid(5, 4_000)
  queue.paid(77, 9_000)
  expect([5, 8, 9].map((id) => queue.placeOf(id))).toEqual([null, 1, 2])
  expect(queue.etaOf(8)).toBe(5_000)
  queue.paid(8, 3_000)
  expect(queue.etaOf(9)).toBe(2_500 + 2_000)
  expect(queue.etaOf(8)).toBeNull()
  const restored = new PendingWithdrawals()
  restored.memory = JSON.parse(JSON.stringify(queue.memory))
  expect([restored.placeOf(9), restored.etaOf(9)]).toEqual([1, 4_500])
})
