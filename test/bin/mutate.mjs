//! `npm run mutate -- funding`: changes the engine one operator at a time and sees whether the tests notice.
//! Groups: funding, margin, liquidation, book (test/mutation/groups.ts). A file of a group may be named after it: only that
//! one is run. Results are kept, file by file, in coverage/mutation: `npm run mutate -- --score` sums up what is there, and
//! `npm run mutate -- funding --survivors` runs again, with streams five times as long, what was not noticed before.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Stryker } from '@stryker-mutator/core'
import { groups } from '../mutation/groups.ts'
import { recordStreams } from '../mutation/record.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const kept = join(root, 'coverage/mutation')
const sandbox = join(root, '.stryker-tmp')
/** Seeds of recorded streams: of the first run, and of the second for those that nobody noticed. */
const SEEDS = 3
const MORE_SEEDS = 15
const NOTICED = new Set(['Killed', 'Timeout'])

const options = {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner', join(root, 'test/mutation/offsets.mjs')],
  ignorers: ['offsets'],
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
  // Only what the tests need is copied.
  ignorePatterns: [
    '/*',
    '!/packages',
    '/packages/*',
    '!/packages/engine',
    '!/packages/model',
    '**/dist',
    '!/test',
    '/test/*',
    '!/test/mutation',
    '!/package.json',
    '!/tsconfig.base.json',
  ],
  concurrency: 1,
  coverageAnalysis: 'perTest',
  reporters: ['progress-append-only'],
  tempDirName: '.stryker-tmp',
  timeoutMS: 10_000,
}

const nameOf = (file) => file.replace('packages/', '').replace('/src/', '-').replace('.ts', '')
const fileOf = (group, file) => join(kept, `${group}-${nameOf(file)}.json`)
const read = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : [])
const placeOf = ({ location: { start, end } }) =>
  `${start.line}:${start.column}-${end.line}:${end.column}`
/** A range as Stryker takes it: lines from 1, columns from 0; a result's columns begin at 1. */
const rangeOf = ({ location: { start, end } }) =>
  `${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`
const keyOf = (mutant) => `${placeOf(mutant)} ${mutant.mutatorName} ${mutant.replacement}`

async function run(group, file, ranges) {
  const mutate = ranges.length === 0 ? [file] : ranges.map((range) => `${file}:${range}`)
  const results = await new Stryker({ ...options, mutate }).runMutationTest()
  return results
    .filter(({ status }) => status !== 'Ignored')
    .map(({ status, mutatorName, replacement, location, killedBy }) => ({
      status,
      mutatorName,
      replacement,
      location,
      killedBy: killedBy?.[0],
    }))
}

function score() {
  console.log('| group | file | mutants | noticed | survived | not covered | score |')
  console.log('|---|---|--:|--:|--:|--:|--:|')
  for (const [group, { files }] of Object.entries(groups)) {
    const rows = files
      .map((file) => ({ file: nameOf(file), mutants: read(fileOf(group, file)) }))
      .filter(({ mutants }) => mutants.length > 0)
    const all = { file: 'all', mutants: rows.flatMap(({ mutants }) => mutants) }
    for (const { file, mutants } of [...rows, all]) {
      const count = (...of) => mutants.filter(({ status }) => of.includes(status)).length
      const noticed = count(...NOTICED)
      const survived = count('Survived')
      const uncovered = count('NoCoverage')
      const total = noticed + survived + uncovered
      const percent = total === 0 ? '' : `${((100 * noticed) / total).toFixed(1)} %`
      console.log(
        `| ${group} | ${file} | ${total} | ${noticed} | ${survived} | ${uncovered} | ${percent} |`,
      )
    }
  }
}

function survivors() {
  for (const [group, { files }] of Object.entries(groups))
    for (const file of files) {
      const lines = readFileSync(join(root, file), 'utf8').split('\n')
      for (const mutant of read(fileOf(group, file))) {
        if (NOTICED.has(mutant.status)) continue
        const { start, end } = mutant.location
        const line = lines[start.line - 1] ?? ''
        const isOneLine = start.line === end.line
        const was = isOneLine ? line.slice(start.column - 1, end.column - 1) : line.trim()
        console.log(
          `${group} ${nameOf(file)}:${start.line} ${mutant.status} ${mutant.mutatorName}\n    ${was}\n    ${mutant.replacement}`,
        )
      }
    }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    score: { type: 'boolean' },
    list: { type: 'boolean' },
    survivors: { type: 'boolean' },
  },
})
const [group, wanted] = positionals
mkdirSync(kept, { recursive: true })
if (values.score) score()
else if (values.list) survivors()
else {
  const terms = groups[group]
  if (terms === undefined) throw new Error(`groups: ${Object.keys(groups).join(', ')}`)
  // Tests that read shared data find it beside the copy as they find it beside the repository.
  mkdirSync(sandbox, { recursive: true })
  const shared = join(root, '../shared')
  if (existsSync(shared) && !readdirSync(sandbox).includes('shared'))
    symlinkSync(shared, join(sandbox, 'shared'))
  process.env.PLUMB_MUTATE = group
  process.env.PLUMB_MUTATE_LONG = values.survivors ? '1' : '0'
  recordStreams(join(sandbox, 'streams'), values.survivors ? MORE_SEEDS : SEEDS)
  for (const file of terms.files.filter(
    (f) => wanted === undefined || nameOf(f).endsWith(wanted),
  )) {
    console.log(`▸ ${file}`)
    const path = fileOf(group, file)
    const before = read(path)
    const again = before.filter(({ status }) => !NOTICED.has(status))
    if (values.survivors) {
      if (again.length === 0) continue
      const found = await run(group, file, again.map(rangeOf))
      const byKey = new Map(found.map((mutant) => [keyOf(mutant), mutant]))
      writeFileSync(path, JSON.stringify(before.map((m) => byKey.get(keyOf(m)) ?? m)))
    } else writeFileSync(path, JSON.stringify(await run(group, file, [])))
  }
  score()
}
