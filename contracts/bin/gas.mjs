#!/usr/bin/env node
//! Gas per fill by scenario and number of fills, from the snapshots the gas tests keep exact. `--json` for machines.
//! Gas = whole transaction (21,000 and calldata included) / fills, in a batch that is not the exchange's first.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SNAPSHOTS = join(dirname(fileURLToPath(import.meta.url)), '../snapshots/settle.json')
const MEANING = {
  a: 'all accounts distinct, new orders',
  b: 'one maker account, N orders in N lanes, N takers',
  c: 'one maker order, N takers',
  mixed: 'makers and takers share accounts, lanes already used',
  mixedFirst: 'the same, lanes first used',
}

const snapshots = Object.entries(JSON.parse(readFileSync(SNAPSHOTS, 'utf8')))
const figures = Object.fromEntries(
  snapshots.map(([name, gas]) => [name, Math.round(Number(gas) / Number(/\d+$/.exec(name)[0]))]),
)
const sizes = [1, 10, 50, 100, 200]
process.stdout.write(`gas per fill     ${sizes.map((n) => `N=${n}`.padStart(8)).join('')}\n`)
for (const [scenario, meaning] of Object.entries(MEANING)) {
  const row = sizes.map((n) => String(figures[`${scenario}${n}`]).padStart(8)).join('')
  process.stdout.write(`${scenario.padEnd(17)}${row}  ${meaning}\n`)
}
if (process.argv.includes('--json')) {
  const environment = { compiler: 'solc 0.8.37 via_ir, runs 1e6', evm: 'prague' }
  process.stdout.write(`${JSON.stringify({ name: 'gas', figures, environment })}\n`)
}
