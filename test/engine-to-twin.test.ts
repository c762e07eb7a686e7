import { describe, expect, test } from 'vitest'
import { Dice } from '../packages/engine/src/reference/dice.ts'
import { streamProfiles } from '../packages/engine/src/reference/stream-profiles.ts'
import { type Carried, EngineToTwin } from './settlement/engine-to-twin.ts'

const count = Number(process.env['PLUMB_FUZZ'] ?? 15_000)
const firstSeed = Number(process.env['PLUMB_SEED'] ?? 1)
const STREAM = 1_200
const names = (process.env['PLUMB_PROFILES'] ?? Object.keys(streamProfiles).join(' ')).split(' ')
const seeds = Math.max(1, Math.round(count / STREAM / names.length))

const told = (error: unknown): string =>
  error instanceof Error ? `${error.message} ${told(error.cause)}` : ''

describe('what the engine does settles on the twin, to the unit, after every batch', () => {
  const carried: Carried = new Map()

  test.each(names)(
    '%s',
    (profile) => {
      for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
        const dice = new Dice(seed)
        const run = new EngineToTwin(seed, profile)
        try {
          run.play(STREAM, () => dice.between(1, 40))
        } catch (cause) {
          throw new Error(`profile ${profile} seed ${seed}: ${told(cause)}`, { cause })
        }
        for (const [kind, times] of run.carried) carried.set(kind, (carried.get(kind) ?? 0) + times)
      }
    },
    3_600_000,
  )

  // Funding settled by a liquidation that then did nothing; a request replaced while a batch was serving it; reductions by
  // the chain when no position's record was free.
  test.each([
    ['chained', 144],
    ['tight', 101],
    ['tight', 230],
    ['tight', 257],
    ['tight', 267],
  ])(
    '%s of seed %i, which once did not',
    (profile, seed) => {
      const dice = new Dice(seed)
      new EngineToTwin(seed, profile).play(STREAM, () => dice.between(1, 40))
    },
    120_000,
  )

  test('and every kind of segment was carried', () => {
    // Rarer than the short form is long.
    const rare = count < 1_000_000 ? ['Activations of keys', 'Liquidations of keys'] : []
    const expected = [
      'Activations',
      'Activations of keys',
      'Credited',
      'Deleveragings',
      'Delistings',
      'Fills',
      'Fills of keys',
      'Funding',
      'Insurance',
      'Liquidations',
      'Liquidations of keys',
      'Prices',
      'Requests',
      'Takeovers',
      'Transfers',
      'Withdrawals',
    ]
    expect(expected.filter((kind) => !carried.has(kind) && !rare.includes(kind))).toEqual([])
    expect([...carried.keys()].filter((kind) => !expected.includes(kind))).toEqual([])
  })
})
