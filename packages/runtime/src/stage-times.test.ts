import { expect, test } from 'vitest'
import { StageTimes } from './stage-times.ts'

/** Value of a line of the exposition text. */
const valueOf = (text: string, line: string) =>
  Number(
    text
      .split('\n')
      .find((one) => one.startsWith(`${line} `))
      ?.slice(line.length + 1),
  )

test('a stage counts in the first bucket that holds it, and in all above', () => {
  const times = new StageTimes('plumb_road_seconds', 'A road.', 'car', ['first', 'second'])
  times.took(0, 0.01)
  times.took(0, 0.0101)
  times.took(0, 20_000)
  times.took(1, 10.2, 3)
  const text = times.text()
  const bucket = (stage: string, le: string) =>
    valueOf(text, `plumb_road_seconds_bucket{stage="${stage}",service="car",le="${le}"}`)
  expect(
    text.startsWith('# HELP plumb_road_seconds A road.\n# TYPE plumb_road_seconds histogram\n'),
  ).toBe(true)
  expect([bucket('first', '0.00001'), bucket('first', '0.0000141')]).toEqual([1, 2])
  expect([bucket('first', '10.5'), bucket('first', '+Inf')]).toEqual([2, 3])
  expect(valueOf(text, 'plumb_road_seconds_count{stage="first",service="car"}')).toBe(3)
  expect([bucket('second', '0.00724'), bucket('second', '0.0102')]).toEqual([0, 3])
  expect(valueOf(text, 'plumb_road_seconds_count{stage="second",service="car"}')).toBe(3)
  expect(valueOf(text, 'plumb_road_seconds_sum{stage="second",service="car"}')).toBeCloseTo(0.0306)
})
