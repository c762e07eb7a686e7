//! Latencies of single commands.
// oxlint-disable typescript/no-unnecessary-type-assertion -- tsc checks indexed access here, the linter's project does not

/** Nanoseconds by command, 10 ns a bucket. */
export class Histogram {
  readonly buckets = new Uint32Array(100_000)
  count = 0
  maxNs = 0

  add(ms: number): void {
    const ns = ms * 1e6
    this.count++
    this.maxNs = Math.max(this.maxNs, ns)
    this.buckets[Math.min(Math.round(ns / 10), this.buckets.length - 1)]! += 1
  }

  at(quantile: number): number {
    let left = Math.ceil(this.count * quantile)
    for (const [bucket, count] of this.buckets.entries()) {
      left -= count
      if (left <= 0) return bucket * 10
    }
    return Infinity
  }

  /** Occupied buckets, ascending. */
  steps(): { ns: number; count: number }[] {
    const found: { ns: number; count: number }[] = []
    for (const [bucket, count] of this.buckets.entries())
      if (count > 0) found.push({ ns: bucket * 10, count })
    return found
  }
}
