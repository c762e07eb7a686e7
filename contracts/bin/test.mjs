#!/usr/bin/env node
//! The contract tests as the repository runs them: the canary must fail, then everything else must pass.
//! Further arguments go to `forge test`.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { platformBinary } from './platform-binary.mjs'

const CONTRACTS = join(dirname(fileURLToPath(import.meta.url)), '..')
const CANARY = 'test/canary/*'
const NOTHING_RAN = /No tests (found|match)/

function forge(args, stdio) {
  const run = spawnSync(platformBinary('forge'), args, { cwd: CONTRACTS, encoding: 'utf8', stdio })
  if (run.error) throw run.error
  return run
}

const canary = forge(['test', '--match-path', CANARY], 'pipe')
const output = `${canary.stdout}${canary.stderr}`
if (canary.status === 0 || NOTHING_RAN.test(output) || !output.includes('test_must_fail')) {
  process.stderr.write(
    `a failing contract test is not seen as failing (${canary.status}):\n${output}`,
  )
  process.exitCode = 1
} else {
  const tests = forge(['test', '--no-match-path', CANARY, ...process.argv.slice(2)], 'inherit')
  process.exitCode = tests.status ?? 1
  // The plot shows what the snapshots say.
  const plot = [join(CONTRACTS, 'bin/gas.mjs'), '--check']
  if (spawnSync(process.execPath, plot, { stdio: 'inherit' }).status !== 0) process.exitCode = 1
}
