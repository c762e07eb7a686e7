//! A bench's page: one HTML file without scripts, under load/reports.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../reports/', import.meta.url))

export type Report = {
  title: string
  /** One sentence each: what was done, and what came out. */
  summary: readonly string[]
  charts: readonly string[]
  table: readonly (readonly [name: string, value: string])[]
  environment: Record<string, unknown>
}

const escape = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const rows = (entries: readonly (readonly [string, string])[]) =>
  entries.map(([name, value]) => `<tr><th>${escape(name)}</th><td>${escape(value)}</td></tr>`)

/** Writes load/reports/NAME.html and answers its path. */
export function writeReport(name: string, report: Report): string {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${name}.html`)
  writeFileSync(path, pageOf(report))
  return path
}

function pageOf({ title, summary, charts, table, environment }: Report): string {
  const settings = Object.entries(environment).map(([key, value]) => [key, String(value)] as const)
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(title)}</title>
<style>
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 760px; margin: 2rem auto; padding: 0 1rem }
svg { width: 100%; height: auto; margin: 1rem 0 }
table { border-collapse: collapse }
th { text-align: left; font-weight: 500; padding-right: 2rem }
td { text-align: right; font-variant-numeric: tabular-nums }
</style>
<h1>${escape(title)}</h1>
${summary.map((sentence) => `<p>${escape(sentence)}</p>`).join('\n')}
${charts.join('\n')}
<h2>Figures</h2><table>${rows(table).join('\n')}</table>
<h2>Environment</h2><table>${rows(settings).join('\n')}</table>
</html>
`
}
