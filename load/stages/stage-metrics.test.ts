import { createMetrics } from '@plumb/runtime'
import { expect, test } from 'vitest'
import { between, meanOf, percentileOf, stagesOf } from './stage-metrics.ts'

const read = async (metrics: ReturnType<typeof createMetrics>) =>
  stagesOf(await metrics.text(), 'plumb_road_seconds')

test('what a service counted between two readings comes back, percentiles within a fifth', async () => {
  const metrics = createMetrics('car')
  const road = metrics.stages('road_seconds', 'A road.', ['first', 'second'])
  for (let i = 0; i < 500; i++) road.took(1, 90)
  const before = await read(metrics)
  for (let i = 1; i <= 1_000; i++) road.took(1, i / 100)
  road.took(0, 3, 7)
  const after = await read(metrics)
  expect([...after.keys()]).toEqual(['first', 'second'])
  const second = between(before.get('second'), after.get('second')!)
  expect(second.count).toBe(1_000)
  expect(meanOf(second)).toBeCloseTo(5.005)
  for (const percentile of [1, 50, 90, 99]) {
    const exact = percentile / 10
    expect(Math.abs(percentileOf(second, percentile) - exact)).toBeLessThan(exact / 5)
  }
  const first = between(before.get('first'), after.get('first')!)
  expect([first.count, meanOf(first)]).toEqual([7, 3])
})

test('a stage that nothing passed took no time; what is beyond the last bound counts as it', () => {
  const metrics = createMetrics('car')
  const road = metrics.stages('road_seconds', 'A road.', ['first'])
  const empty = stagesOf(road.text(), 'plumb_road_seconds').get('first')!
  expect([percentileOf(empty, 50), meanOf(empty)]).toEqual([0, 0])
  road.took(0, 60_000)
  const late = stagesOf(road.text(), 'plumb_road_seconds').get('first')!
  expect(percentileOf(late, 50)).toBe(10_500)
})
