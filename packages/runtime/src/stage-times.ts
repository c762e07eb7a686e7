//! How long the stages of a road take: a histogram each, for a few nanoseconds and without an allocation.

const MS_A_SECOND = 1_000
/** Bounds of the buckets, 10 µs to 10 s, each √2 of the one before: what is read of them is within a fifth. */
const boundsMs: readonly number[] = Array.from({ length: 41 }, (_, i) =>
  Number((0.01 * 2 ** (i / 2)).toPrecision(3)),
)
const BUCKETS = boundsMs.length + 1

/** A histogram labelled by stage. Its counters are plain arrays, put into words only when it is scraped. */
export class StageTimes {
  readonly #head: string
  readonly #name: string
  readonly #service: string
  readonly #stages: readonly string[]
  /** Bucket b of stage s at s × BUCKETS + b. */
  readonly #counts: Float64Array
  readonly #sumsMs: Float64Array

  /**
   * @param name Prometheus name; ends in `_seconds`
   * @param service value of the label `service`, as all metrics of a process have it
   * @param stages values of the label `stage`
   */
  constructor(name: string, help: string, service: string, stages: readonly string[]) {
    this.#head = `# HELP ${name} ${help}\n# TYPE ${name} histogram\n`
    this.#name = name
    this.#service = service
    this.#stages = stages
    this.#counts = new Float64Array(stages.length * BUCKETS)
    this.#sumsMs = new Float64Array(stages.length)
  }

  /**
   * A stage took so long, for `count` of what passes at once.
   *
   * @param stage its place in the list of stages
   */
  took(stage: number, ms: number, count = 1): void {
    const at = stage * BUCKETS + bucketOf(ms)
    this.#counts[at] = (this.#counts[at] ?? 0) + count
    this.#sumsMs[stage] = (this.#sumsMs[stage] ?? 0) + ms * count
  }

  /** Prometheus' text format. */
  text(): string {
    return this.#head + this.#stages.map((stage, s) => this.#textOf(stage, s)).join('')
  }

  #textOf(stage: string, s: number): string {
    const name = this.#name
    const labels = `stage="${stage}",service="${this.#service}"`
    let total = 0
    const lines = Array.from({ length: BUCKETS }, (_, b) => {
      total += this.#counts[s * BUCKETS + b] ?? 0
      const bound = boundsMs[b]
      const le = bound === undefined ? '+Inf' : String(Number((bound / MS_A_SECOND).toPrecision(3)))
      return `${name}_bucket{${labels},le="${le}"} ${total}\n`
    })
    const sum = `${name}_sum{${labels}} ${(this.#sumsMs[s] ?? 0) / MS_A_SECOND}\n`
    return `${lines.join('')}${sum}${name}_count{${labels}} ${total}\n`
  }
}

/** The first bucket whose bound is not below. */
function bucketOf(ms: number): number {
  let [low, high] = [0, boundsMs.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((boundsMs[middle] ?? 0) < ms) low = middle + 1
    else high = middle
  }
  return low
}
