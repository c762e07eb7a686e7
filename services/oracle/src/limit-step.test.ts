import fc from 'fast-check'
import { expect, test } from 'vitest'
import { limitStep } from './limit-step.ts'

test.each([
  [600_000, undefined, 50_000, 600_000],
  [900_000, 600_000, undefined, 900_000],
  [630_000, 600_000, 50_000, 630_000],
  [630_001, 600_000, 50_000, 630_000],
  [570_000, 600_000, 50_000, 570_000],
  [1, 600_000, 50_000, 570_000],
  [9, 3, 50_000, 4],
  [1, 3, 50_000, 2],
  [4_294_967_295, 4_294_967_295, 1_000_000, 4_294_967_295],
])('index %d after %s with a step of %s ppm publishes %d', (index, last, step, published) => {
  expect(limitStep(index, last, step)).toBe(published)
})

test('a majority of liars moves a publication by no more than the step; the truth is then reached again', {
  timeout: 60_000,
}, () => {
  const ticks = fc.integer({ min: 1, max: 4_294_967_295 })
  fc.assert(
    fc.property(ticks, ticks, fc.integer({ min: 1, max: 1_000_000 }), (index, last, ppm) => {
      const published = limitStep(index, last, ppm)
      expect(Math.abs(published - last)).toBeLessThanOrEqual(Math.max(1, (last * ppm) / 1e6))
      // Never beyond the index, never the wrong way, never stuck.
      expect(Math.sign(published - last)).toBe(Math.sign(index - last))
      expect(Math.abs(index - published)).toBeLessThanOrEqual(Math.abs(index - last))
    }),
  )
})
