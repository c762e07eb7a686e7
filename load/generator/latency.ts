//! Latencies in an HDR histogram, microseconds in, milliseconds out.
import { build, type Histogram } from 'hdr-histogram-js'

export class Latency {
  readonly #histogram: Histogram = build({ highestTrackableValue: 120_000_000 })

  record(ms: number): void {
    this.#histogram.recordValue(Math.max(1, Math.round(ms * 1_000)))
  }

  get count(): number {
    return this.#histogram.totalCount
  }

  /** Milliseconds. */
  get mean(): number {
    return this.count === 0 ? 0 : this.#histogram.mean / 1_000
  }

  /** Milliseconds at a percentile, 0 … 100; 0 without any. */
  at(percentile: number): number {
    if (this.count === 0) return 0
    return Number((this.#histogram.getValueAtPercentile(percentile) / 1_000).toFixed(3))
  }

  /** Milliseconds against 1 / (1 − quantile), the usual picture of a tail. */
  curve(): (readonly [number, number])[] {
    const nines = [0, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999]
    return nines
      .filter((percentile) => (100 - percentile) * this.count > 99.99)
      .map((percentile) => [1 / (1 - percentile / 100), this.at(percentile)] as const)
  }

  clear(): void {
    this.#histogram.reset()
  }
}
