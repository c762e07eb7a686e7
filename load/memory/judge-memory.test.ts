import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { judgeMemory, type MemoryPoint } from './judge-memory.ts'

const recordedPath = fileURLToPath(new URL('soak-2026-11-28.csv', import.meta.url))

/** Memory by service: a column each behind the seconds. */
function readRecorded(): Record<string, MemoryPoint[]> {
  const [head = '', ...lines] = readFileSync(recordedPath, 'utf8').trim().split('\n')
  const rows = lines.map((line) => line.split(',').map(Number))
  const columns = head.split(',').slice(1)
  return Object.fromEntries(
    columns.map((name, i) => [name, rows.map((row) => [row[0]!, row[i + 1]!] as const)]),
  )
}

/** A run of the soak profile. */
const SECONDS = 1_200
const LEAK_MIB_A_SECOND = 1 / 60

/** Mulberry32: a small seeded generator. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

function series(mibAt: (second: number) => number): MemoryPoint[] {
  return Array.from({ length: SECONDS }, (_, second) => [second, mibAt(second)] as const)
}

const stepAt = (at: number, mib: number) => (second: number) => (second < at ? 0 : mib)
const leak = (second: number) => second * LEAK_MIB_A_SECOND
const sawtooth = (mib: number, periodS: number) => (second: number) =>
  (mib * (second % periodS)) / periodS
const sum =
  (...parts: ((second: number) => number)[]) =>
  (second: number) =>
    parts.reduce((total, part) => total + part(second), 200)

/** Collections of uneven length and depth, up to two steps, noise. */
const noisy = (random: () => number) => {
  const [saw, steps] = [20 + 40 * random(), Math.floor(3 * random())]
  const places = Array.from({ length: steps }, () => stepAt(450 + 700 * random(), 100 * random()))
  let [left, period] = [0, 1]
  return sum(
    ...places,
    () => {
      if (left <= 0) left = period = 20 + 30 * random()
      left -= 1
      return saw * (1 - left / period)
    },
    () => 2 * random(),
  )
}

describe('made series', () => {
  test.each([
    ['flat', sum(), 0],
    ['a sawtooth', sum(sawtooth(60, 47)), 0],
    ['a sawtooth longer than a window', sum(sawtooth(60, 150)), 0],
    ['a heap that fills in the warm-up', sum((s) => 80 * (1 - Math.exp(-s / 60))), 0],
    ['one step', sum(stepAt(600, 300)), 1],
    ['a step under a sawtooth', sum(stepAt(700, 40), sawtooth(30, 40)), 1],
    ['two steps', sum(stepAt(600, 300), stepAt(900, 20)), 2],
    ['falling', sum((s) => -s / 60), 0],
  ])('%s is flat', (_, mibAt, steps) => {
    const verdict = judgeMemory(series(mibAt))
    expect(verdict).toMatchObject({ grows: false })
    expect(verdict.steps).toHaveLength(steps)
  })

  test.each([
    ['a leak of 1 MiB a minute', sum(leak)],
    ['a leak under a sawtooth', sum(leak, sawtooth(40, 47))],
    ['a leak with a step', sum(leak, stepAt(600, 300))],
    [
      'a leak with two steps under a sawtooth',
      sum(leak, stepAt(500, 30), stepAt(900, 90), sawtooth(30, 20)),
    ],
    ['a staircase', sum((s) => 8 * Math.floor(s / 100))],
  ])('%s grows', (_, mibAt) => {
    const verdict = judgeMemory(series(mibAt))
    expect(verdict).toMatchObject({ grows: true })
    expect(verdict.slope).toBeGreaterThan(30)
  })

  test('steps are told with their time and height', () => {
    const { steps } = judgeMemory(series(sum(stepAt(620, 300), stepAt(900, 20))))
    expect(steps.map(({ mib }) => mib)).toEqual([300, 20])
    for (const [i, second] of [620, 900].entries())
      expect(Math.abs(steps[i]!.second - second)).toBeLessThan(100)
  })

  test('too few samples say nothing', () => {
    expect(
      judgeMemory([
        [0, 1],
        [1, 900],
      ]).grows,
    ).toBe(false)
    expect(judgeMemory([]).grows).toBe(false)
  })
})

/** The soak of a devnet on 2026-11-28, least of each ten seconds. */
describe('recorded series', () => {
  const recorded = Object.entries(readRecorded())

  test('a soak in which nothing leaks is flat', () => {
    expect(recorded).toHaveLength(8)
    const growing = recorded.filter(([, points]) => judgeMemory(points).grows)
    expect(growing.map(([name]) => name)).toEqual([])
  })

  test('a step is seen although more was lost and won back before', () => {
    const { steps } = judgeMemory(readRecorded()['gateway'] ?? [])
    expect(steps).toHaveLength(1)
    expect(steps[0]?.mib).toBeCloseTo(7, -1)
  })

  test('the same soak with a leak of 1 MiB a minute is not flat, but where as much was given back', () => {
    const leaking = recorded.map(([name, points]) => {
      const more = points.map(([second, mib]) => [second, mib + leak(second)] as const)
      return [name, judgeMemory(more).grows]
    })
    const found = leaking.filter(([, grows]) => grows === true).map(([name]) => name)
    expect(found.length).toBeGreaterThanOrEqual(6)
    expect(found).toContain('gateway')
  })
})

describe('random series', () => {
  const runs = Array.from({ length: 300 }, (_, i) => 7_000 + i)
  test('what is flat is hardly ever called growth', () => {
    const wrong = runs.filter((seed) => judgeMemory(series(noisy(randomOf(seed)))).grows)
    expect(
      wrong.length,
      `of ${runs.length} seeds from ${runs[0]}: ${wrong.join(' ')}`,
    ).toBeLessThanOrEqual(3)
  })

  test('a leak of 1 MiB a minute is hardly ever missed', () => {
    const missed = runs.filter((seed) => {
      const flat = noisy(randomOf(seed))
      return !judgeMemory(series((s) => flat(s) + leak(s))).grows
    })
    expect(
      missed.length,
      `of ${runs.length} seeds from ${runs[0]}: ${missed.join(' ')}`,
    ).toBeLessThanOrEqual(3)
  })
})
