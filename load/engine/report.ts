//! The engine bench as plots.
import { barChart, lineChart, type Series, shortNumber } from '../report/svg-chart.ts'
import type { Report } from '../report/write-report.ts'
import type { EngineFigures } from './measure.ts'

export type SweepPoint = { kind: 'markets' | 'resting'; size: number; figures: EngineFigures }

/** Share of commands that took longer, in percent, over the time they took. */
function tailOf(latency: EngineFigures['latency']): (readonly [number, number])[] {
  const all = latency.reduce((sum, { count }) => sum + count, 0)
  let left = all
  return latency.map(({ ns, count }) => {
    left -= count
    return [Math.max(ns, 10), (100 * left) / all] as const
  })
}

function sweepOf(points: readonly SweepPoint[], kind: SweepPoint['kind']): Series[] {
  const own = points.filter((point) => point.kind === kind)
  return [
    { name: 'engine', points: own.map(({ size, figures }) => [size, figures.commandsPerSecond]) },
    {
      name: 'plain book',
      points: own.map(({ size, figures }) => [size, figures.referencePerSecond]),
    },
  ]
}

export function engineReport(
  figures: EngineFigures,
  points: readonly SweepPoint[],
  environment: Record<string, unknown>,
): Report {
  const { chunks, latency, kinds, ...numbers } = figures
  const swept = (kind: SweepPoint['kind'], title: string) =>
    points.some((point) => point.kind === kind)
      ? [
          lineChart(
            { title, xLabel: kind, yLabel: 'commands per CPU second', logX: true },
            sweepOf(points, kind),
          ),
        ]
      : []
  return {
    title: 'Plumb engine',
    summary: [
      `${shortNumber(figures.commandsPerSecond)} commands per CPU second with every risk check, on one thread.`,
      `${figures.ratio} times a plain book of objects and Maps, ${figures.npmRatio} times npm's nodejs-order-book, on the same stream in the same run; neither of them checks any risk.`,
      `Stream: ${kinds.map(({ name, share }) => `${(100 * share).toFixed(0)} % ${name}`).join(', ')}.`,
      `Single commands: median ${figures.p50Ns} ns, 99 % within ${figures.p99Ns} ns, 99.9 % within ${figures.p999Ns} ns.`,
    ],
    charts: [
      barChart({ title: 'Commands per CPU second', xLabel: '', yLabel: '' }, [
        { name: 'engine, all risk', value: figures.commandsPerSecond },
        { name: 'plain book', value: figures.referencePerSecond },
        { name: 'nodejs-order-book', value: figures.npmPerSecond },
      ]),
      lineChart(
        { title: 'Rate by chunk of 262,144 commands', xLabel: 'chunk', yLabel: 'commands per s' },
        [
          { name: 'engine', points: chunks.map(({ engine }, i) => [i, engine]) },
          { name: 'plain book', points: chunks.map(({ reference }, i) => [i, reference]) },
        ],
      ),
      lineChart(
        { title: 'Commands slower than', xLabel: 'ns', yLabel: '% of commands', logX: true },
        [{ name: 'engine', points: tailOf(latency) }],
      ),
      ...swept('markets', 'As markets grow'),
      ...swept('resting', 'As resting orders grow'),
    ],
    table: Object.entries(numbers).map(([name, value]) => [name, value.toLocaleString('en')]),
    environment,
  }
}
