//! Crashes through the whole exchange, claim by claim. Minutes each: `npm run test:full -- scenarios`.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lastJson, root, runCommand } from '../e2e/house.ts'

const wanted = process.env['PLUMB_SCENARIOS'] === 'all'
const hasData = existsSync(join(root, '../shared/data/prices'))
const names = ['flash', ...(hasData ? ['covid-2020-03-13', 'crash-2025-10-10'] : [])]
if (wanted && !hasData)
  console.log('no recorded prices beside the repository: only the made-up crash')

test.runIf(wanted).each(names)('%s: every claim holds', { timeout: 600_000 }, async (name) => {
  const outcome = await runCommand('scenario', [name, '--json', '--out', '/dev/null'])
  expect(outcome.code, outcome.output).toBe(0)
  expect(lastJson(outcome)).toMatchObject({ name: `scenario ${name}`, ok: true })
})
