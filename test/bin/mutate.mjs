//! `npm run mutate -- funding`: changes the engine one operator at a time and sees whether the tests notice.
//! Groups: funding, margin, liquidation, book (test/mutation/groups.ts); a file of the group may be named after it. First the
//! streams of the differential test judge, recorded; then the group's other tests what is left. Results are kept by file in
//! coverage/mutation: `--score` sums up what is there, `--list` shows the survivors, `funding --survivors` judges those again
//! by both. `--streams` leaves the second step out, `--tests` the first; `--missing` leaves out the files that have a result,
//! `--recorded` takes the streams of the run before.
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
/** Seeds of recorded streams, of every profile: the first of those that the differential test plays. */
const SEEDS = 2
const NOTICED = new Set(['Killed', 'Timeout'])

const plugin = (name) => join(root, 'test/mutation', name)

const options = {
  plugins: ['@stryker-mutator/vitest-runner', plugin('offsets.mjs'), plugin('stream-runner.mjs')],
  ignorers: ['offsets'],
  testRunnerNodeArgs: ['--import', 'tsx'],
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
  timeoutMS: 5_000,
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

async function run(testRunner, file, ranges) {
  const mutate = ranges.length === 0 ? [file] : ranges.map((range) => `${file}:${range}`)
  const results = await new Stryker({ ...options, testRunner, mutate }).runMutationTest()
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

/** Judges by a runner what is not noticed yet; answers all mutants of the file. */
async function judgeAgain(testRunner, file, mutants) {
  const left = mutants.filter(({ status }) => !NOTICED.has(status))
  if (left.length === 0) return mutants
  const found = await run(testRunner, file, left.map(rangeOf))
  const byKey = new Map(found.map((mutant) => [keyOf(mutant), mutant]))
  return mutants.map((m) => (NOTICED.has(m.status) ? m : (byKey.get(keyOf(m)) ?? m)))
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
    streams: { type: 'boolean' },
    tests: { type: 'boolean' },
    missing: { type: 'boolean' },
    recorded: { type: 'boolean' },
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
  if (!values.recorded && !values.tests) recordStreams(root, join(sandbox, 'streams'), SEEDS)
  process.env.PLUMB_MUTATE = group
  for (const file of terms.files.filter(
    (f) => wanted === undefined || nameOf(f).endsWith(wanted),
  )) {
    const path = fileOf(group, file)
    if (values.missing && existsSync(path)) continue
    console.log(`▸ ${file}`)
    const keep = (mutants) => writeFileSync(path, JSON.stringify(mutants))
    if (values.survivors && !values.tests) keep(await judgeAgain('streams', file, read(path)))
    else if (!values.tests) keep(await run('streams', file, []))
    if (!values.streams) keep(await judgeAgain('vitest', file, read(path)))
  }
  score()
}
