import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { AnswerDeadlines } from './answer-deadlines.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function watch(deadlines: AnswerDeadlines, name: string, outcomes: string[]) {
  const wait = { dueMs: 0, expired: () => outcomes.push(name) }
  deadlines.begin(wait)
  return wait
}

test('lets go what takes too long, each at its own time', async () => {
  const deadlines = new AnswerDeadlines(1_000)
  const outcomes: string[] = []
  watch(deadlines, 'first', outcomes)
  await vi.advanceTimersByTimeAsync(600)
  watch(deadlines, 'second', outcomes)
  await vi.advanceTimersByTimeAsync(700)
  expect(outcomes).toEqual(['first'])
  await vi.advanceTimersByTimeAsync(600)
  expect(outcomes).toEqual(['first', 'second'])
  expect(vi.getTimerCount()).toBe(0)
})

test('an answer in time is not let go, one after its deadline is nobody’s', async () => {
  const deadlines = new AnswerDeadlines(1_000)
  const outcomes: string[] = []
  const soon = watch(deadlines, 'soon', outcomes)
  const late = watch(deadlines, 'late', outcomes)
  expect(deadlines.settled(soon)).toBe(true)
  await vi.advanceTimersByTimeAsync(6_000)
  expect(outcomes).toEqual(['late'])
  expect(deadlines.settled(late)).toBe(false)
})
