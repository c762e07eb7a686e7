import { describe, expect, test } from 'vitest'
import { playStream, printCommands, shrink } from './duel.ts'
import { neverRefused, outcomes, outcomesOf, unusedCodes, usualOutcomes } from './outcomes.ts'
import { streamProfiles } from './stream-profiles.ts'

// The long form is `npm run fuzz`: the same streams, millions of commands, several processes.
const count = Number(globalThis.process?.env['PLUMB_FUZZ'] ?? 195_000)
const firstSeed = Number(globalThis.process?.env['PLUMB_SEED'] ?? 1)
const STREAM = 2_500
const names = Object.keys(streamProfiles)
const seeds = Math.max(1, Math.round(count / STREAM / names.length))

const seen = new Map<string, number>()

function play(profile: string, seed: number): void {
  const found = playStream({
    seed,
    profile,
    commands: STREAM,
    hashEvery: 127,
    checkedUntil: seed === firstSeed ? 300 : 0,
    note: (command, events) => {
      for (const name of outcomesOf(command, events)) seen.set(name, (seen.get(name) ?? 0) + 1)
    },
  })
  if (found === undefined) return
  const shortest = shrink(found.history, streamProfiles[profile]?.limits ?? {})
  expect.fail(`${found.text}\nshortest list of commands that differs:\n${printCommands(shortest)}`)
}

describe('the engine agrees with the reference on every event and hash', () => {
  test.each(names)(
    '%s',
    (profile) => {
      for (let seed = firstSeed; seed < firstSeed + seeds; seed++) play(profile, seed)
    },
    3_600_000,
  )

  test.skipIf(count < 150_000)('and the streams reach every kind of outcome, and no other', () => {
    if (globalThis.process?.env['PLUMB_SEEN']) console.log(Object.fromEntries(seen))
    expect(usualOutcomes.filter((name) => !seen.has(name))).toEqual([])
    expect([...seen.keys()].filter((name) => !outcomes.includes(name))).toEqual([])
  })

  // Each of them left the hash as it was (`playStream`).
  test.skipIf(count < 150_000)('and refuse with every code there is', () => {
    expect(neverRefused(seen.keys())).toEqual(unusedCodes)
  })
})
