//! The memory of a run's processes: judged, in sentences, in pictures, and as a file to judge again.
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isShared, type Sample } from '../generator/session.ts'
import { lineChart } from '../report/svg-chart.ts'
import { judgeMemory, type MemoryPoint, type MemoryVerdict } from './judge-memory.ts'

/** What became of one process's memory. */
export type JudgedMemory = MemoryVerdict & {
  name: string
  points: readonly MemoryPoint[]
  isJudged: boolean
}

/** No part of the exchange: the generator, and a local chain, which keeps every block it makes. */
const bystanders = new Set(['generator', 'chain'])

/** Judges every process that was seen, but bystanders, and shared memory, whose size is fixed. */
export function judgedMemory(samples: readonly Sample[]): JudgedMemory[] {
  const names = new Set(samples.flatMap(({ memoryMib }) => [...memoryMib.keys()]))
  return [...names].map((name) => {
    const points = samples.flatMap(({ second, memoryMib }) => {
      const mib = memoryMib.get(name)
      return mib === undefined ? [] : [[second, mib] as const]
    })
    const isJudged = !bystanders.has(name) && !isShared(name)
    return Object.assign(judgeMemory(points), { name, points, isJudged })
  })
}

/** One sentence: from where to where its floors went, its steps and its slope. */
export function sentenceOf({ name, floors, steps, slope }: JudgedMemory): string {
  const [from, to] = [floors[0]?.[1] ?? 0, floors.at(-1)?.[1] ?? 0]
  const told = steps.map(({ second, mib }) => `, a step of ${mib.toFixed(0)} MiB at ${second} s`)
  return `${name}: ${from.toFixed(0)} to ${to.toFixed(0)} MiB${told.join('')}; ${slope.toFixed(0)} MiB an hour`
}

/** A picture for each process: every sample, and the floors that are judged. */
export function memoryCharts(judged: readonly JudgedMemory[]): string[] {
  return judged.map(({ name, points, floors, slope }) =>
    lineChart(
      {
        title: `Memory of ${name}: ${slope.toFixed(0)} MiB an hour`,
        xLabel: 'seconds',
        yLabel: 'MiB',
        fromLeast: true,
      },
      [
        { name: 'samples', points },
        { name: 'floors', points: floors },
      ],
    ),
  )
}

/** Writes the samples to load/reports/load-NAME-memory.json, [second, MiB] by process. */
export function writeMemory(name: string, judged: readonly JudgedMemory[]): void {
  const rounded = judged.map(
    (one) => [one.name, one.points.map(([s, mib]) => [s, Number(mib.toFixed(1))])] as const,
  )
  mkdirSync(new URL('../reports/', import.meta.url), { recursive: true })
  const path = fileURLToPath(new URL(`../reports/load-${name}-memory.json`, import.meta.url))
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(rounded))}\n`)
}
