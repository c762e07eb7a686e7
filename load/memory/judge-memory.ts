//! Whether a process's memory stays where it is: a robust line through its floors, once single steps are taken out.
//!
//! Garbage makes memory a sawtooth, so only floors count: the least of each window, where a collection has just been.
//! A thing that is made once (a thread's own engine, a heap that reaches its ceiling) is a step, not growth: at most
//! two part the run into stretches; what climbs by more steps than that is a staircase, and grows. The slope is the
//! median of those of all pairs of floors within a stretch (Theil-Sen: a fourth of the floors may be spoilt), and rising
//! pairs must outnumber the falling (Kendall's tau), else noise that ends high would count.

/** A second of the run, and the memory then in MiB. */
export type MemoryPoint = readonly [second: number, mib: number]

export type MemoryStep = { second: number; mib: number }

export type MemoryVerdict = {
  /** MiB an hour, without the steps. */
  slope: number
  steps: MemoryStep[]
  /** Least memory of each window after the warm-up, at the window's middle. */
  floors: MemoryPoint[]
  grows: boolean
}

/** Memory is judged after this share of the run: caches fill first. */
const SETTLED_FROM = 1 / 3
const WINDOWS = 12
/** MiB an hour that count as flat. */
const FLAT_MIB_AN_HOUR = 30
/** Share by which rising pairs of floors outnumber falling ones, from which on a slope is no accident (2.5 sigma of 12). */
const TAU_MIN = 0.5
const STEPS_MAX = 2
/** A smaller jump is left to the line. */
const STEP_MIB_MIN = 4
/** Of the usual change from floor to floor, by which a jump stands out. */
const STEP_OUTLIER = 4
/** Floors before and after a jump that tell its height: what comes back down was none. */
const STEP_SIDE = 3
const S_AN_HOUR = 3_600

/** Judges one process. Samples ascend in time; less than a window's worth of them is flat. */
export function judgeMemory(samples: readonly MemoryPoint[]): MemoryVerdict {
  const settled = samples.slice(Math.floor(samples.length * SETTLED_FROM))
  const floors = floorsOf(settled)
  const { stretches, steps } = partedBySteps(floors)
  const pairs = stretches.flatMap(pairsOf)
  const slope = medianOf(pairs.map(slopeOf)) * S_AN_HOUR
  return { slope, steps, floors, grows: slope > FLAT_MIB_AN_HOUR && tauOf(pairs) >= TAU_MIN }
}

function floorsOf(samples: readonly MemoryPoint[]): MemoryPoint[] {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || samples.length < WINDOWS) return []
  const width = (last[0] - first[0]) / WINDOWS
  const least = Array.from({ length: WINDOWS }, () => Number.POSITIVE_INFINITY)
  for (const [second, mib] of samples) {
    const window = Math.min(WINDOWS - 1, Math.floor((second - first[0]) / width))
    least[window] = Math.min(least[window]!, mib)
  }
  return least.flatMap((mib, window) =>
    Number.isFinite(mib) ? [[first[0] + (window + 0.5) * width, mib] as const] : [],
  )
}

type Stretch = readonly MemoryPoint[]
type Pair = readonly [MemoryPoint, MemoryPoint]
type FoundStep = { stretch: Stretch; at: number; mib: number }

/** Parts the floors at their highest steps, one after the other. */
function partedBySteps(floors: Stretch): { stretches: Stretch[]; steps: MemoryStep[] } {
  let stretches = [floors]
  const steps: MemoryStep[] = []
  while (steps.length < STEPS_MAX) {
    const step = highestStep(stretches)
    if (step === undefined) break
    const { stretch, at, mib } = step
    steps.push({ second: Math.round(stretch[at]![0]), mib })
    // The floors beside a step may lie half-way up: a step falls into a window, and no collection behind it.
    const sides = [stretch.slice(0, at - 1), stretch.slice(at + 1)]
    stretches = stretches.flatMap((one) => (one === stretch ? sides : [one]))
  }
  return { stretches, steps: steps.toSorted((a, b) => a.second - b.second) }
}

/** The highest rise from one floor to the next that stands out among all changes, and stays. */
function highestStep(stretches: readonly Stretch[]): FoundStep | undefined {
  const rises = stretches.flatMap((stretch) =>
    stretch.slice(1).map(([, mib], i) => ({ stretch, at: i + 1, mib: mib - stretch[i]![1] })),
  )
  const usual = medianOf(rises.map(({ mib }) => Math.abs(mib)))
  const standing = rises.filter(({ mib }) => mib >= STEP_MIB_MIN && mib > STEP_OUTLIER * usual)
  for (const { stretch, at, mib } of standing.toSorted((a, b) => b.mib - a.mib)) {
    const height = heightOf(stretch, at)
    // What only wins back what was lost before is no step.
    if (height >= mib / 2) return { stretch, at, mib: height }
  }
  return undefined
}

/** How much higher the floors behind a place are than those before it, without the two beside it. */
function heightOf(stretch: Stretch, at: number): number {
  const values = stretch.map(([, mib]) => mib)
  const before = values.slice(Math.max(0, at - 1 - STEP_SIDE), Math.max(1, at - 1))
  const behind = values.slice(Math.min(at + 1, values.length - 1), at + 1 + STEP_SIDE)
  return medianOf(behind) - medianOf(before)
}

/** MiB a second. */
function slopeOf([[x1, y1], [x2, y2]]: Pair): number {
  return (y2 - y1) / (x2 - x1)
}

/** −1: all pairs fall; 1: all rise. */
function tauOf(pairs: readonly Pair[]): number {
  const rising = pairs.reduce((sum, [[, y1], [, y2]]) => sum + Math.sign(y2 - y1), 0)
  return rising / Math.max(1, pairs.length)
}

function pairsOf(points: Stretch): Pair[] {
  return points.flatMap((one, i) => points.slice(i + 1).map((other) => [one, other] as const))
}

function medianOf(values: readonly number[]): number {
  if (values.length === 0) return 0
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
