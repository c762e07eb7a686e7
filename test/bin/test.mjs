//! `npm test`: sets up like `npm start`, then runs every test that needs no other machine, and sums up.
//! Stages can be named: `npm test -- unit forge`.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { orExit, prepare, root } from '../../services/devnet/bin/prepare.mjs'

const bin = (name) => join(root, 'node_modules', '.bin', name)
const scratch = mkdtempSync(join(tmpdir(), 'plumb-test-'))
const seconds = (startMs) => `${((Date.now() - startMs) / 1000).toFixed(1)} s`

/** Passes on whole lines, each under the name of its stage: several stages speak at once. */
const passOn = (name) => {
  let rest = ''
  return (chunk) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) process.stdout.write(`${name.padEnd(5)} │ ${line}\n`)
  }
}

/** Runs a command; resolves with exit code and all it said. With a stage's name its output is passed on as it comes. */
const run = (command, args, name) =>
  new Promise((resolve, reject) => {
    const say = name === undefined ? () => {} : passOn(name)
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CI: '1', FORCE_COLOR: '0', PATH: `${bin('')}:${process.env.PATH}` },
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        output += chunk
        say(chunk)
      })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })

/** One vitest project. Files that do not even load count as one failure each. */
const vitest =
  (project, args = []) =>
  async () => {
    const report = join(scratch, `${project}.json`)
    const { code } = await run(
      bin('vitest'),
      [
        'run',
        '--project',
        project,
        '--passWithNoTests',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
        ...args,
      ],
      project,
    )
    try {
      const { numPassedTests, numFailedTests, numFailedTestSuites, testResults } = JSON.parse(
        readFileSync(report, 'utf8'),
      )
      const unloaded = testResults.filter(
        ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
      ).length
      const failed = numFailedTests + unloaded
      return { passed: numPassedTests, failed: failed || (numFailedTestSuites || code ? 1 : 0) }
    } catch {
      return { passed: 0, failed: code === 0 ? 0 : 1 } // no report: there were no tests, or vitest itself failed
    }
  }

/** The commands of `pnpm check`, each one check. */
const check = async () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  let passed = 0
  let failed = 0
  for (const line of scripts.check.split('&&').map((part) => part.trim())) {
    const [command, ...args] = line.split(/\s+/)
    const { code, output } = await run(bin(command), args)
    if (code === 0) passed += 1
    else {
      failed += 1
      console.log(`✗ ${line}\n${output.slice(-20_000)}`)
    }
  }
  return { passed, failed }
}

const forge = async () => {
  const generated = await run(process.execPath, ['contracts/bin/generate.mjs', '--check'], 'forge')
  if (generated.code !== 0) return { passed: 0, failed: 1 }
  const { code, output } = await run(process.execPath, ['contracts/bin/test.mjs'], 'forge')
  const total = /(\d+) tests? passed, (\d+) failed, \d+ skipped \(\d+ total tests?\)/.exec(output)
  const single = /(\d+) passed; (\d+) failed; \d+ skipped/.exec(output)
  const [passed, failed] = (total ?? single)?.slice(1).map(Number) ?? [0, 0]
  // One more: the generated ABI and bytecode are what the sources compile to.
  return { passed: passed + 1, failed: failed || (code === 0 ? 0 : 1) }
}

// Whole-house tests kill and restart: one file at a time.
const alone = ['--no-file-parallelism']
const stages = {
  check,
  unit: vitest('unit'),
  pg: vitest('pg', alone),
  forge,
  sim: vitest('sim', alone),
  e2e: vitest('e2e', alone),
}
// Half of a stage's time is waiting: for timers, blocks, restarts. So these four run beside each other.
const lanes = [['check', 'unit'], ['sim'], ['e2e'], ['forge', 'pg']]

const runStage = async (name) => {
  const startMs = Date.now()
  console.log(`▸ ${name}`)
  const result = await stages[name]()
  const took = seconds(startMs)
  const mark = result.failed === 0 ? '✓' : '✗'
  console.log(`${mark} ${name}: ${result.passed} passed, ${result.failed} failed (${took})`)
  return { name, ...result, took }
}

await orExit(async () => {
  const startMs = Date.now()
  const named = process.argv.slice(2).filter((word) => word !== '--')
  const unknown = named.find((name) => !(name in stages))
  if (unknown !== undefined)
    throw new Error(`no stage ${unknown}; there are ${Object.keys(stages).join(', ')}`)
  await prepare()
  const isWanted = (name) => named.length === 0 || named.includes(name)
  const runLane = async (lane) => {
    const rows = []
    for (const name of lane) if (isWanted(name)) rows.push(await runStage(name))
    return rows
  }
  const rows = (await Promise.all(lanes.map(runLane))).flat()
  rmSync(scratch, { recursive: true, force: true })
  const sum = (key) => rows.reduce((total, row) => total + row[key], 0)
  console.log('')
  for (const { name, passed, failed, took } of rows)
    console.log(
      `  ${name.padEnd(6)} ${String(passed).padStart(5)} passed ${String(failed).padStart(3)} failed  ${took}`,
    )
  console.log(`  all in ${seconds(startMs)}\n`)
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
  process.exitCode = sum('failed') === 0 ? 0 : 1
})
