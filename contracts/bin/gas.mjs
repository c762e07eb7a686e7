#!/usr/bin/env node
//! Gas per fill by scenario and number of fills, from the snapshots the gas tests keep exact: tables on the terminal
//! (`--json` for machines), and the plot snapshots/gas.svg. `--check` writes nothing and fails when the plot is old.
//! Gas = whole transaction (21,000 and calldata included) / fills, in a batch that is not the exchange's first.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SNAPSHOTS = join(dirname(fileURLToPath(import.meta.url)), '../snapshots')
const PLOT = join(SNAPSHOTS, 'gas.svg')
/** Meaning, and what a fill may cost at N. */
const SCENARIOS = {
  a: { meaning: 'all accounts distinct, new orders', most: { 10: 31_000, 100: 29_000 } },
  b: { meaning: 'one maker account, N orders in N lanes, N takers', most: {} },
  c: { meaning: 'one maker order, N takers', most: { 100: 14_500 } },
  mixed: { meaning: 'makers and takers share accounts, lanes used', most: { 200: 9_500 } },
  mixedFirst: { meaning: 'the same, lanes first used', most: {} },
  priced: { meaning: 'mixed, with prices of 3 publishers and a mark', most: {} },
  funded: { meaning: 'the same, and everybody settles funding', most: {} },
}
const SIZES = [1, 10, 50, 100, 200]
// Arithmetic of the chain, each with its warm or cold access.
const RECOVERY = 3_100
const SLOT_READ = 2_100
const SLOT_WRITE = 2_900
const FIRST_WRITE = 20_000
/** Block gas of chains as of 2026, gas a second. */
const CHAINS = { 'Ethereum (60 M a 12 s block)': 5_000_000, 'Arbitrum One (7 M/s)': 7_000_000 }

const snapshot = (name) => {
  const entries = Object.entries(JSON.parse(readFileSync(join(SNAPSHOTS, `${name}.json`), 'utf8')))
  return Object.fromEntries(entries.map(([key, value]) => [key, Number(value)]))
}
const gas = snapshot('settle')
const shape = snapshot('shape')
const operations = snapshot('operations')
const has = (scenario, n) => `${scenario}${n}` in gas
const perFill = (scenario, n) => Math.round(gas[`${scenario}${n}`] / n)

/** Where the gas of one scenario goes, per fill; what no line explains is computation. */
function split(scenario, n) {
  const of = (what) => shape[`${scenario}${n} ${what}`]
  const slots = of('accounts') + of('lane slots')
  const firstUsed = scenario === 'b' || scenario === 'mixedFirst' ? of('lane slots') : 0
  const own =
    operations.empty +
    (scenario === 'priced' || scenario === 'funded' ? operations.prices - operations.empty : 0)
  const known = {
    batch: own,
    calldata: of('calldata'),
    signatures: of('orders') * RECOVERY,
    storage: slots * (SLOT_READ + SLOT_WRITE) + firstUsed * (FIRST_WRITE - SLOT_WRITE),
  }
  const rest = gas[`${scenario}${n}`] - Object.values(known).reduce((sum, value) => sum + value)
  return Object.entries({ ...known, computation: rest }).map(([name, value]) => [
    name,
    Math.round(value / n),
  ])
}

const right = (value, width = 9) => String(value).padStart(width)
const print = (line) => process.stdout.write(`${line}\n`)

function printTables() {
  print(`gas per fill     ${SIZES.map((n) => right(`N=${n}`)).join('')}`)
  for (const [scenario, { meaning, most }] of Object.entries(SCENARIOS)) {
    const row = SIZES.map((n) => right(has(scenario, n) ? perFill(scenario, n) : '-')).join('')
    const bars = Object.entries(most).map(
      ([n, bar]) => `at most ${bar} at N=${n}: ${perFill(scenario, n) <= bar ? 'met' : 'MISSED'}`,
    )
    print(`${scenario.padEnd(17)}${row}  ${[meaning, ...bars].join('; ')}`)
  }
  print(`\ncalldata bytes per fill`)
  for (const scenario of Object.keys(SCENARIOS)) {
    const bytes = (n) => shape[`${scenario}${n} bytes`]
    print(
      `${scenario.padEnd(17)}${SIZES.map((n) => right(has(scenario, n) ? Math.round(bytes(n) / n) : '-')).join('')}`,
    )
  }
  print(`\nwhere it goes, N = 100`)
  for (const scenario of Object.keys(SCENARIOS))
    print(
      `${scenario.padEnd(17)}${split(scenario, 100)
        .map(([name, value]) => `${name} ${value}`.padEnd(19))
        .join('')}`,
    )
  print(`\none operation beside an empty batch (${operations.empty})`)
  for (const [name, value] of Object.entries(operations))
    if (name !== 'empty') print(`${name.padEnd(17)}${right(value - operations.empty)}`)
  print(`\nfills a second if the chain did nothing else, N = 100`)
  for (const [chain, perS] of Object.entries(CHAINS))
    print(
      `${chain.padEnd(30)}${['a', 'c', 'priced'].map((name) => `${name} ${Math.floor(perS / perFill(name, 100))}`.padEnd(12)).join('')}`,
    )
}

const text = (at, what, more = '') =>
  `<text x="${at[0].toFixed(0)}" y="${at[1].toFixed(0)}" ${more}>${what}</text>`

/** Gas (solid) and calldata bytes (dashed) per fill over N, both axes logarithmic. */
function plot() {
  const [width, height, left, top, bottom, right_] = [760, 420, 70, 30, 50, 190]
  const [low, high] = [50, 200_000]
  const x = (n) => left + ((width - left - right_) * Math.log(n)) / Math.log(200)
  const y = (value) =>
    top + ((height - top - bottom) * Math.log(high / value)) / Math.log(high / low)
  const colors = ['#1b6ca8', '#c0392b', '#27864a', '#8e44ad', '#b9770e', '#117a75', '#555']
  const lines = Object.keys(SCENARIOS).flatMap((scenario, i) => {
    const sizes = SIZES.filter((n) => has(scenario, n))
    const path = (value) =>
      sizes.map((n) => `${x(n).toFixed(1)},${y(value(n)).toFixed(1)}`).join(' ')
    const style = `fill="none" stroke="${colors[i]}" stroke-width="2"`
    const at = [width - right_ + 12, top + 20 + i * 22]
    return [
      `<polyline points="${path((n) => perFill(scenario, n))}" ${style}/>`,
      `<polyline points="${path((n) => shape[`${scenario}${n} bytes`] / n)}" ${style} stroke-dasharray="4 4"/>`,
      text(
        at,
        `${scenario}: ${perFill(scenario, 100)} gas, ${Math.round(shape[`${scenario}100 bytes`] / 100)} B`,
        `fill="${colors[i]}"`,
      ),
    ]
  })
  const grid = [100, 1_000, 9_500, 14_500, 29_000, 100_000].flatMap((value) => [
    `<line x1="${left}" x2="${width - right_}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}" stroke="#ddd"/>`,
    text([left - 8, y(value) + 4], value, 'text-anchor="end" fill="#555"'),
  ])
  const ticks = SIZES.map((n) =>
    text([x(n), height - bottom + 18], n, 'text-anchor="middle" fill="#555"'),
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    '<rect width="100%" height="100%" fill="white"/>',
    text(
      [left, 18],
      'Gas (solid) and calldata bytes (dashed) per fill over the fills of a batch; right: at N = 100',
    ),
    ...grid,
    ...ticks,
    text(
      [(left + width - right_) / 2, height - 12],
      'fills in the batch',
      'text-anchor="middle" fill="#555"',
    ),
    ...lines,
    '</svg>\n',
  ].join('\n')
}

const svg = plot()
if (process.argv.includes('--check')) {
  if (readFileSync(PLOT, 'utf8') !== svg) throw new Error('gas.svg is old: npm run gas')
} else {
  printTables()
  writeFileSync(PLOT, svg)
}
if (process.argv.includes('--json')) {
  const figures = Object.fromEntries(
    Object.entries(gas).map(([name, value]) => [
      name,
      Math.round(value / Number(/\d+$/.exec(name)[0])),
    ]),
  )
  const environment = { compiler: 'solc 0.8.37 via_ir, runs 1e6', evm: 'prague' }
  print(JSON.stringify({ name: 'gas', figures, operations, environment }))
}
