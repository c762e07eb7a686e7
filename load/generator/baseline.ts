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

/** What became worse, as sentences. */
export function compareBaseline(name: string, ratios: Record<string, number>): string[] {
  if (!existsSync(fileOf(name))) return [`no baseline for ${name}: --write-baseline makes one`]
  const known: { ratios: Record<string, number> } = JSON.parse(readFileSync(fileOf(name), 'utf8'))
  return Object.entries(known.ratios).flatMap(([ratio, was]) => {
    const is = ratios[ratio]
    if (is === undefined) return [`${ratio} is not measured any more`]
    const factor = smallerIsBetter(ratio) ? is / was : was / is
    const shown = `${ratio} ${is.toFixed(3)}, baseline ${was.toFixed(3)}`
    return factor > ALLOWED ? [`${shown}: ${factor.toFixed(2)} × worse`] : []
  })
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
