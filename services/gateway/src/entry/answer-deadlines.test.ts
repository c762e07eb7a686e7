import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { AnswerDeadlines, AnswerTimeout } from './answer-deadlines.ts'

const never = () => new Promise<string>(() => undefined)

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('passes answers and failures on, and lets go what takes too long, each at its own time', async () => {
  const deadlines = new AnswerDeadlines(1_000)
  await expect(deadlines.within(Promise.resolve('yes'))).resolves.toBe('yes')
  await expect(deadlines.within(Promise.reject(new Error('no')))).rejects.toThrow('no')

  const outcomes: string[] = []
  const watch = (name: string) =>
    deadlines.within(never()).catch((error: unknown) => {
      outcomes.push(`${name} ${error instanceof AnswerTimeout}`)
    })
  void watch('first')
  await vi.advanceTimersByTimeAsync(600)
  void watch('second')
  await vi.advanceTimersByTimeAsync(700)
  expect(outcomes).toEqual(['first true'])
  await vi.advanceTimersByTimeAsync(600)
  expect(outcomes).toEqual(['first true', 'second true'])
  expect(vi.getTimerCount()).toBe(0)
})

test('an answer that comes after its deadline is nobody’s', async () => {
  const deadlines = new AnswerDeadlines(1_000)
  const late = new Promise<string>((resolve) => setTimeout(resolve, 5_000, 'late'))
  const refused = expect(deadlines.within(late)).rejects.toThrow(AnswerTimeout)
  await vi.advanceTimersByTimeAsync(6_000)
  await refused
})
