//! Stage histograms read from a service's metrics, and what they say of the time between two readings.

/** Upper bounds in ms, ascending, the last Infinity; how many took at most so long; the sum of all in ms. */
export type StageHistogram = { boundsMs: number[]; upTo: number[]; count: number; sumMs: number }

const MS_A_SECOND = 1_000

/**
 * The histograms of a metric by their label `stage`, in the order of the text.
 *
 * @param text Prometheus' text format
 */
export function stagesOf(text: string, metric: string): Map<string, StageHistogram> {
  const found = new Map<string, StageHistogram>()
  const line = new RegExp(`^${metric}_(bucket|sum|count)\\{([^}]*)\\} (\\S+)$`, 'gm')
  for (const [, part, labels = '', value] of text.matchAll(line)) {
    const stage = /stage="([^"]*)"/.exec(labels)?.[1] ?? ''
    const histogram = found.get(stage) ?? { boundsMs: [], upTo: [], count: 0, sumMs: 0 }
    found.set(stage, histogram)
    if (part === 'count') histogram.count = Number(value)
    else if (part === 'sum') histogram.sumMs = Number(value) * MS_A_SECOND
    else {
      const bound = /le="([^"]*)"/.exec(labels)?.[1]
      histogram.boundsMs.push(bound === '+Inf' ? Infinity : Number(bound) * MS_A_SECOND)
      histogram.upTo.push(Number(value))
    }
  }
  return found
}

/** What came between two readings of the same histogram. */
export function between(before: StageHistogram | undefined, after: StageHistogram): StageHistogram {
  return {
    boundsMs: after.boundsMs,
    upTo: after.upTo.map((count, i) => count - (before?.upTo[i] ?? 0)),
    count: after.count - (before?.count ?? 0),
    sumMs: after.sumMs - (before?.sumMs ?? 0),
  }
}

/** Milliseconds at a percentile, 0 … 100, evenly within its bucket; 0 without any. */
export function percentileOf(
  { boundsMs, upTo, count }: StageHistogram,
  percentile: number,
): number {
  const rank = (count * percentile) / 100
  const at = upTo.findIndex((some) => some >= rank)
  if (count === 0 || at < 0) return 0
  const [low, high] = [boundsMs[at - 1] ?? 0, boundsMs[at]!]
  if (!Number.isFinite(high)) return low
  const [below, within] = [upTo[at - 1] ?? 0, upTo[at]! - (upTo[at - 1] ?? 0)]
  return within === 0 ? high : low + ((high - low) * (rank - below)) / within
}

export function meanOf({ sumMs, count }: StageHistogram): number {
  return count === 0 ? 0 : sumMs / count
}
