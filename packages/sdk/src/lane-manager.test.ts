import { limits } from '@plumb/model'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LaneManager } from './lane-manager.ts'

test('lanes are taken from the lowest on, and again once released', () => {
  const lanes = new LaneManager({ count: 3 })
  expect(lanes.take()).toEqual({ lane: 0, seq: 1 })
  expect(lanes.take()).toEqual({ lane: 1, seq: 1 })
  lanes.release(0)
  lanes.release(0)
  expect(lanes.free).toBe(2)
  expect(lanes.take()).toEqual({ lane: 0, seq: 2 })
  expect(lanes.take()).toEqual({ lane: 2, seq: 1 })
  expect(lanes.take()).toBeUndefined()
})

test('what the exchange has seen is never signed again', () => {
  const lanes = new LaneManager({ from: 10, count: 2 })
  lanes.observe(10, 41)
  lanes.observe(10, 7)
  lanes.observe(3, 99) // of another process
  lanes.occupy(11)
  expect(lanes.take()).toEqual({ lane: 10, seq: 42 })
  expect(lanes.take()).toBeUndefined()
  expect(lanes.advance(11)).toEqual({ lane: 11, seq: 1 })
  expect(() => lanes.advance(12)).toThrow(RangeError)
})

test('a spent lane is passed over', () => {
  const lanes = new LaneManager({ count: 2 })
  lanes.observe(0, limits.laneSeqMax)
  expect(lanes.take()).toEqual({ lane: 1, seq: 1 })
})

test.each([
  { from: -1 },
  { from: limits.lanesPerAccountMax },
  { from: 1, count: limits.lanesPerAccountMax },
  { count: 0 },
])('the range %o is refused', (range) => {
  expect(() => new LaneManager(range)).toThrow(RangeError)
})

test('no (lane, seq) twice, no lane held twice, whatever happens', () => {
  const action = fc.oneof(
    fc.constant({ kind: 'take' as const }),
    fc.record({ kind: fc.constantFrom('release', 'occupy', 'advance'), lane: fc.nat({ max: 7 }) }),
    fc.record({
      kind: fc.constant('observe' as const),
      lane: fc.nat({ max: 7 }),
      seq: fc.nat({ max: 50 }),
    }),
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const lanes = new LaneManager({ count: 8 })
      const seen = Array.from({ length: 8 }, () => 0)
      const held = new Set<number>()
      for (const step of actions)
        if (step.kind === 'take') {
          const slot = lanes.take()
          if (slot === undefined) expect(held.size).toBe(8)
          else {
            expect(held.has(slot.lane)).toBe(false)
            expect(slot.seq).toBeGreaterThan(seen[slot.lane] ?? 0)
            seen[slot.lane] = slot.seq
            held.add(slot.lane)
          }
        } else if (step.kind === 'observe' && 'seq' in step) {
          lanes.observe(step.lane, step.seq)
          seen[step.lane] = Math.max(seen[step.lane] ?? 0, step.seq)
        } else if (step.kind === 'advance' && 'lane' in step) {
          const { seq } = lanes.advance(step.lane)
          expect(seq).toBeGreaterThan(seen[step.lane] ?? 0)
          seen[step.lane] = seq
        } else if (step.kind === 'release' && 'lane' in step) {
          lanes.release(step.lane)
          held.delete(step.lane)
        } else if ('lane' in step) {
          lanes.occupy(step.lane)
          held.add(step.lane)
        }
      expect(lanes.free).toBe(8 - held.size)
    }),
  )
})
