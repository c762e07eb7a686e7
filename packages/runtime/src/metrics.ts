//! Prometheus metrics of one process.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { StageTimes } from './stage-times.ts'

/** Makers of metrics that share one registry and the `plumb_` prefix. */
export type Metrics = {
  registry: Registry
  counter(name: string, help: string, labelNames?: readonly string[]): Counter
  gauge(name: string, help: string, labelNames?: readonly string[]): Gauge
  histogram(
    name: string,
    help: string,
    buckets?: readonly number[],
    labelNames?: readonly string[],
  ): Histogram
  /** Histograms of the stages of one road, by the label `stage`: for what happens with every order. */
  stages(name: string, help: string, stages: readonly string[]): StageTimes
  /** The exposition text and what `Content-Type` it has. */
  text(): Promise<string>
}

/** 0.1 ms to 10 s, in seconds: from one fdatasync to a wedged disk. */
const latencySeconds = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
]

/**
 * A registry with the process' own metrics (CPU, memory, event loop). Names end in `_seconds`,
 * `_bytes` or `_total`; `plumb_` is put in front.
 *
 * @example createMetrics('sequencer').counter('commands_total', 'Commands sequenced.').inc()
 */
export const createMetrics = (service: string): Metrics => {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
  const roads: StageTimes[] = []
  const common = (name: string, help: string, labelNames: readonly string[] = []) => ({
    name: `plumb_${name}`,
    help,
    labelNames: [...labelNames],
    registers: [registry],
  })
  return {
    registry,
    counter: (name, help, labelNames) => new Counter(common(name, help, labelNames)),
    gauge: (name, help, labelNames) => new Gauge(common(name, help, labelNames)),
    histogram: (name, help, buckets = latencySeconds, labelNames) =>
      new Histogram({ ...common(name, help, labelNames), buckets: [...buckets] }),
    stages: (name, help, stages) => {
      const road = new StageTimes(`plumb_${name}`, help, service, stages)
      roads.push(road)
      return road
    },
    text: async () => [await registry.metrics(), ...roads.map((road) => road.text())].join('\n'),
  }
}
