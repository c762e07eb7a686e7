//! `npm run test:full`: the long tier, beside `npm test`. Stages can be named: `npm run test:full -- kill-cycles`.
//! A stage is a vitest run with larger numbers, or a script of its own; add yours to the table.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { orExit, prepare, root } from '../../services/devnet/bin/prepare.mjs'

/** @typedef {{ project: string, files: string[], env: Record<string, string> }} VitestStage */
/** @typedef {VitestStage | { script: string, env: Record<string, string> }} Stage */

/** @type {Record<string, Stage>} */
const stages = {
  // Random disk faults, cuts and kills of the journal alone.
  journal: {
    project: 'unit',
    files: ['packages/journal'],
    env: { PLUMB_FUZZ_RUNS: '1000', PLUMB_KILL_CYCLES: '60' },
  },
  // 20,000 runs of each fuzz test of the contracts, 100,000 handler calls for each of ten invariants.
  contracts: { script: 'contracts/bin/test.mjs', env: { FOUNDRY_PROFILE: 'long' } },
  // Every line and branch of the contracts, but for reasoned exceptions.
  'contract-coverage': { script: 'contracts/bin/coverage.mjs', env: {} },
  // The contract on a chain against its twin, batch by batch: 50 chains of 2,000 batches.
  twin: {
    project: 'unit',
    files: ['packages/chain/src/settlement-twin.test.ts'],
    env: { PLUMB_TWIN_SEEDS: '50' },
  },
  // The engine's streams through the relayer's drafting into the twin.
  settlement: {
    project: 'unit',
    files: ['test/engine-to-twin.test.ts'],
    env: { PLUMB_FUZZ: '1000000' },
  },
  // Every named fault point, five times each.
  'fault-points': {
    project: 'sim',
    files: ['test/recovery/fault-points.test.ts'],
    env: { PLUMB_FAULT_POINTS: 'all', PLUMB_FAULT_ROUNDS: '5' },
  },
  // kill -9 of the whole house under load.
  'kill-cycles': {
    project: 'sim',
    files: ['test/recovery/kill-cycles.test.ts'],
    env: { PLUMB_KILL_CYCLES: '50' },
  },
  // Recorded crashes through the whole exchange; those whose price files are at hand.
  scenarios: {
    project: 'sim',
    files: ['test/scenarios/scenarios.test.ts'],
    env: { PLUMB_SCENARIOS: 'all' },
  },
  // PostgreSQL, the chain and the sequencer away for a minute.
  outages: {
    project: 'sim',
    files: ['test/recovery/outages.test.ts'],
    env: { PLUMB_OUTAGE_MS: '60000' },
  },
}

/** @type {(stage: Stage) => [string, string[]]} */
const commandOf = (stage) => {
  if ('script' in stage) return [process.execPath, [join(root, stage.script)]]
  const options = ['run', '--project', stage.project, '--no-file-parallelism', '--reporter=verbose']
  return [join(root, 'node_modules', '.bin', 'vitest'), [...options, ...stage.files]]
}

await orExit(async () => {
  const named = process.argv.slice(2).filter((word) => word !== '--')
  const unknown = named.find((name) => !(name in stages))
  if (unknown !== undefined)
    throw new Error(`no stage ${unknown}; there are ${Object.keys(stages).join(', ')}`)
  await prepare()
  const rows = []
  for (const [name, stage] of Object.entries(stages)) {
    if (named.length > 0 && !named.includes(name)) continue
    const startMs = Date.now()
    console.log(`\n▸ ${name}`)
    const [file, args] = commandOf(stage)
    const { status } = spawnSync(file, args, {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, CI: '1', FORCE_COLOR: '0', ...stage.env },
    })
    rows.push({ name, isGood: status === 0, minutes: (Date.now() - startMs) / 60_000 })
  }
  console.log('')
  for (const { name, isGood, minutes } of rows)
    console.log(`  ${isGood ? '✓' : '✗'} ${name.padEnd(14)} ${minutes.toFixed(1)} min`)
  process.exitCode = rows.every(({ isGood }) => isGood) ? 0 : 1
})
