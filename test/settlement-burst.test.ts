import { describe, expect, test } from 'vitest'
import { fillGas, SettlementSimulation } from '../load/settlement/simulate.ts'

// 24 fills a second; the long form, on three chains, is `npm run bench settlement`.
const chain = { gasPerS: 600_000, blockS: 1 }
const capacity = chain.gasPerS / fillGas

describe('a burst of 100 × what the chain settles', () => {
  const run = new SettlementSimulation(chain, 3).run([
    { name: 'steady', tradesPerS: capacity / 2, seconds: 60 },
    { name: 'burst', tradesPerS: capacity * 100, seconds: 5 },
    { name: 'after', tradesPerS: capacity / 2, seconds: 300 },
  ])
  const [steady, burst, after] = run.phases

  test('loses nothing: every fill settles, engine and contract hold the same', () => {
    expect(run.settledFills).toBe(run.fills)
    expect(run.differences).toEqual([])
  })

  test('is met by larger orders only, then post-only, and by no other refusal', () => {
    expect(steady?.stages).toEqual([{ atS: 0, stage: 0 }])
    expect(steady?.throttled).toBe(0)
    const stages = burst?.stages.map(({ stage }) => stage) ?? []
    expect(stages.at(-1)).toBe(3)
    expect(stages).toEqual(stages.toSorted((a, b) => a - b))
    expect(burst?.throttled).toBeGreaterThan(0)
    for (const phase of run.phases) expect(phase.refused).toBe(0)
    expect(after?.stages.at(-1)).toMatchObject({ stage: 0 })
  })

  test('settles long before the lag at which matching would halt', () => {
    expect(steady?.p99Ms).toBeLessThan(10_000)
    expect(burst?.maxMs).toBeLessThan(600_000 / 2)
    expect(burst?.p50Ms).toBeLessThanOrEqual(burst?.p99Ms ?? 0)
  })
})
