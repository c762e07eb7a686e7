//! The page of a run: throughput and memory over time, latency histograms, whose CPU it was, figures, environment.
import { barChart, lineChart, type Series } from '../report/svg-chart.ts'
import { writeReport } from '../report/write-report.ts'
import { cpuEach, type Findings, type Phase, type Session } from './session.ts'

/** Writes load/reports/load-NAME.html and answers its path. */
export function reportOf(
  name: string,
  session: Session,
  { figures, ratios, summary, faults, charts = [] }: Findings,
  environment: Record<string, string | number>,
): string {
  const { phases } = session
  return writeReport(`load-${name}`, {
    title: `Load: ${name}`,
    summary: [...summary, ...faults.map((fault) => `✗ ${fault}`)],
    charts: [
      ...rateCharts(phases),
      ...latencyChart(phases),
      ...memoryChart(phases),
      ...cpuCharts(phases),
      ...charts,
    ],
    table: Object.entries({ ...figures, ...ratios }).map(([key, value]) => [
      key,
      String(Number(value.toPrecision(6))),
    ]),
    environment: { ...environment, ...session.settings, accounts: session.accounts.length },
  })
}

/** Seconds since the first phase began; the phases stand one behind the other. */
function* laidOut(phases: readonly Phase[]): Generator<{ phase: Phase; fromS: number }> {
  let fromS = 0
  for (const phase of phases) {
    yield { phase, fromS }
    fromS += (phase.samples.at(-1)?.second ?? 0) + 1
  }
}

function rateCharts(phases: readonly Phase[]): string[] {
  const series = [...laidOut(phases)].map(({ phase, fromS }) => ({
    name: phase.name,
    points: phase.samples.map(({ second, perSecond }) => [fromS + second, perSecond] as const),
  }))
  return chart({ title: 'Throughput', xLabel: 'seconds', yLabel: 'answers a second' }, series)
}

function memoryChart(phases: readonly Phase[]): string[] {
  const names = new Set(
    phases.flatMap(({ samples }) => samples.flatMap((s) => [...s.memoryMib.keys()])),
  )
  const series = [...names].map((name) => ({
    name,
    points: [...laidOut(phases)].flatMap(({ phase, fromS }) =>
      phase.samples.flatMap(({ second, memoryMib }) => {
        const mib = memoryMib.get(name)
        return mib === undefined ? [] : [[fromS + second, mib] as const]
      }),
    ),
  }))
  return chart({ title: 'Memory', xLabel: 'seconds', yLabel: 'MiB of its own' }, series)
}

function latencyChart(phases: readonly Phase[]): string[] {
  const series = phases.flatMap(({ name, latency }) =>
    latency === undefined || latency.count === 0 ? [] : [{ name, points: latency.curve() }],
  )
  const title = 'Latency (HDR; from the moment a request was due)'
  return chart({ title, xLabel: '1 in …', yLabel: 'ms', logX: true }, series)
}

function cpuCharts(phases: readonly Phase[]): string[] {
  return phases.flatMap((phase) => {
    const bars = Object.entries(cpuEach(phase))
      .map(([name, value]) => ({ name, value }))
      .toSorted((a, b) => b.value - a.value)
    const title = `CPU of ${phase.name}`
    return bars.length === 0 || phase.operations === 0
      ? []
      : [barChart({ title, xLabel: 'process', yLabel: 'µs an operation' }, bars)]
  })
}

function chart(options: Parameters<typeof lineChart>[0], series: readonly Series[]): string[] {
  return series.some(({ points }) => points.length > 1) ? [lineChart(options, series)] : []
}
