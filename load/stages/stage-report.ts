//! Where the time of an order goes at a steady rate: every stage it passes, from due to answered.
import type { Latency } from '../generator/latency.ts'
import { barChart } from '../report/svg-chart.ts'
import { between, meanOf, percentileOf, type StageHistogram, stagesOf } from './stage-metrics.ts'

/** Metrics of gateway and sequencer as text; undefined where they cannot be read. */
export type MetricTexts = { gateway: string; sequencer: string } | undefined

/** p50 and p99 are known of what a clock stands on both sides of; the rest has a mean alone. */
export type StageRow = { name: string; meanMs: number; p50Ms?: number; p99Ms?: number }

const GATEWAY = 'plumb_entry_stage_seconds'
const SEQUENCER = 'plumb_command_stage_seconds'

/** What the generator saw itself: how late requests left, and how long their answers took from when they were due. */
type Seen = { late: Latency; latency: Latency }

/** The stages between two readings, in the order an order passes them; nothing where the services tell nothing. */
export function stageRows(
  before: MetricTexts,
  after: MetricTexts,
  { late, latency }: Seen,
): StageRow[] {
  if (before === undefined || after === undefined) return []
  const read = (service: 'gateway' | 'sequencer', metric: string) => {
    const was = stagesOf(before[service], metric)
    const is = stagesOf(after[service], metric)
    return new Map([...is].map(([stage, one]) => [stage, between(was.get(stage), one)]))
  }
  const [gateway, sequencer] = [read('gateway', GATEWAY), read('sequencer', SEQUENCER)]
  if (gateway.size === 0 || sequencer.size === 0) return []
  const inSequencer = [
    counted('gathered', sequencer.get('gather')),
    counted('matched', sequencer.get('apply')),
    counted('durable', sequencer.get('commit')),
  ]
  const sequence = gateway.get('sequence')
  const onTheWay = {
    name: 'to the sequencer and back',
    meanMs: (sequence === undefined ? 0 : meanOf(sequence)) - sumOf(inSequencer),
  }
  const generator = recorded('sent late', late)
  const known = [
    counted('verified', gateway.get('verify')),
    counted('its turn', gateway.get('turn')),
    onTheWay,
    ...inSequencer,
    counted('shown', gateway.get('show')),
    counted('reply', gateway.get('reply')),
  ]
  const total = recorded('from due to answered', latency)
  const rest = total.meanMs - generator.meanMs - sumOf(known)
  return [generator, { name: 'sockets and loops outside', meanMs: rest }, ...known, total]
}

function counted(name: string, one: StageHistogram | undefined): StageRow {
  if (one === undefined) return { name, meanMs: 0 }
  return { name, meanMs: meanOf(one), p50Ms: percentileOf(one, 50), p99Ms: percentileOf(one, 99) }
}

function recorded(name: string, one: Latency): StageRow {
  return { name, meanMs: one.mean, p50Ms: one.at(50), p99Ms: one.at(99) }
}

function sumOf(rows: readonly StageRow[]): number {
  return rows.reduce((sum, { meanMs }) => sum + meanMs, 0)
}

/** A table in lines for the terminal. */
export function stageLines(rows: readonly StageRow[]): string[] {
  if (rows.length === 0) return []
  const head = `  ${'stage, ms'.padEnd(28)}${'mean'.padStart(9)}${'p50'.padStart(9)}${'p99'.padStart(9)}`
  return [
    head,
    ...rows.map(
      ({ name, meanMs, p50Ms, p99Ms }) =>
        `  ${name.padEnd(28)}${cell(meanMs)}${cell(p50Ms)}${cell(p99Ms)}`,
    ),
  ]
}

function cell(ms: number | undefined): string {
  return (ms === undefined ? '' : ms.toFixed(2)).padStart(9)
}

export function stageCharts(rows: readonly StageRow[]): string[] {
  const stages = rows.slice(0, -1)
  if (stages.length === 0) return []
  const bars = (title: string, of: (row: StageRow) => number | undefined) =>
    barChart(
      { title, xLabel: 'stage', yLabel: 'ms' },
      stages.flatMap((row) => {
        const value = of(row)
        return value === undefined ? [] : [{ name: row.name, value: Math.max(0, value) }]
      }),
    )
  return [
    bars('Mean time of an order by stage', ({ meanMs }) => meanMs),
    bars('p50 by stage', ({ p50Ms }) => p50Ms),
    bars('p99 by stage', ({ p99Ms }) => p99Ms),
  ]
}
