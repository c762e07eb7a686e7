//! Baselines: the ratios of a good run, in git. Absolute rates depend on the machine, ratios within a run hardly.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** How much worse than its baseline a ratio may be before it is an error: shared machines are noisy. */
const ALLOWED = 1.5

const fileOf = (name: string) =>
  fileURLToPath(new URL(`../baselines/${name}.json`, import.meta.url))

/** Ratios named `…To…Ms`, `p50To…`, `p99To…` or `…Slope…` are better when smaller, all others when larger. */
const smallerIsBetter = (ratio: string) => /^p\d+To|Slope|Growth/.test(ratio)

export type Comparison = {
  /** One sentence for each ratio that both know: how much better or worse it is. */
  lines: string[]
  /** What is worse than it may be, or not measured any more. */
  worse: string[]
}

/** This run's ratios against those in git; undefined where there are none. */
export function compareBaseline(
  name: string,
  ratios: Record<string, number>,
): Comparison | undefined {
  if (!existsSync(fileOf(name))) return undefined
  const known: { date: string; ratios: Record<string, number> } = JSON.parse(
    readFileSync(fileOf(name), 'utf8'),
  )
  const lines: string[] = []
  const worse: string[] = []
  for (const [ratio, was] of Object.entries(known.ratios)) {
    const is = ratios[ratio]
    if (is === undefined) {
      worse.push(`${ratio} is not measured any more`)
      continue
    }
    const factor = smallerIsBetter(ratio) ? is / was : was / is
    const verdict =
      factor > 1 ? `${factor.toFixed(2)} × worse` : `${(1 / factor).toFixed(2)} × better`
    const line = `${ratio} ${is.toFixed(3)}, baseline of ${known.date} ${was.toFixed(3)}: ${verdict}`
    lines.push(line)
    if (factor > ALLOWED) worse.push(line)
  }
  return { lines, worse }
}

export function writeBaseline(
  name: string,
  ratios: Record<string, number>,
  environment: Record<string, unknown>,
): void {
  const rounded = Object.fromEntries(
    Object.entries(ratios).map(([ratio, value]) => [ratio, Number(value.toPrecision(4))]),
  )
  mkdirSync(dirname(fileOf(name)), { recursive: true })
  const date = new Date().toISOString().slice(0, 10)
  writeFileSync(
    fileOf(name),
    `${JSON.stringify({ date, ratios: rounded, environment }, null, 2)}\n`,
  )
}
