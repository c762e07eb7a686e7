import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BacklogMeter, stageOf, throttleOf } from './gas-budget.ts'

const capacity = { gasPerS: 1_000_000, settlementLagS: 600 }
const waiting = (seconds: number, oldestMs = 0) => ({
  waitingGas: seconds * capacity.gasPerS,
  oldestMs,
})

test('a larger least value first, then a yet larger one, then post-only', () => {
  const stages = [0, 19, 20, 39, 40, 79, 80, 10_000].map((s) => stageOf(waiting(s), capacity))
  expect(stages).toEqual([0, 0, 1, 1, 2, 2, 3, 3])
  expect([0, 1, 2, 3].map((stage) => throttleOf(stage))).toEqual([
    { level: 0, minNotionalQuote: 0 },
    { level: 1, minNotionalQuote: 100_000_000 },
    { level: 1, minNotionalQuote: 1_000_000_000 },
    { level: 2, minNotionalQuote: 1_000_000_000 },
  ])
})

test('age alone throttles too: post-only at a third of L', () => {
  const stages = [0, 60, 120, 199, 200].map((s) => stageOf(waiting(0, s * 1_000), capacity))
  expect(stages).toEqual([0, 1, 2, 2, 3])
})

test('a stage is left at half of where it began', () => {
  const left = [80, 41, 40, 39, 21, 20, 19, 11, 9].map((s) => stageOf(waiting(s), capacity, 3))
  expect(left).toEqual([3, 3, 3, 2, 2, 2, 1, 1, 0])
})

test('what waits is what was added beyond the last settled sequence number, told before or after', () => {
  const step = fc.record({
    gas: fc.nat(1_000),
    settlesTo: fc.option(fc.integer({ min: -9, max: 9 })),
  })
  fc.assert(
    fc.property(fc.array(step), (history) => {
      const meter = new BacklogMeter()
      let settledSeq = 0
      for (const [i, { gas, settlesTo }] of history.entries()) {
        meter.add(i + 1, i, gas)
        if (settlesTo !== null) {
          meter.settle(i + settlesTo)
          settledSeq = Math.max(settledSeq, i + settlesTo)
        }
        const left = history
          .slice(0, i + 1)
          .map((one, at) => ({ seq: at + 1, gas: one.gas }))
          .filter((one) => one.gas > 0 && one.seq > settledSeq)
        const sum = left.reduce((total, one) => total + one.gas, 0)
        const oldestMs = left[0] === undefined ? 0 : i - (left[0].seq - 1)
        expect(meter.at(i)).toEqual({ waitingGas: sum, oldestMs })
      }
    }),
  )
})
