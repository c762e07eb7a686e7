//! Settlement: lag from match to block, steady and under a burst of 100 × what the chain settles, and what the budget does.
//!
//! Method: load/settlement/simulate.ts, on a simulated clock: engine, relayer's drafts, budget and twin are the real ones.
//! Each chain: ten minutes at half of its capacity, ten at nine tenths, ten seconds at a hundred times, ten minutes at half.
import { parseArgs } from 'node:util'
import {
  type ChainModel,
  fillGas,
  type PhaseResult,
  SettlementSimulation,
} from './settlement/simulate.ts'

const { values: args } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: '7' },
  },
})
const seconds = Number(args.seconds)

/** What one relayer gets of each: all of the local chain, a tenth of the others' block gas. */
const chains: Record<string, ChainModel> = {
  'local chain, 6 M gas/s': { gasPerS: 6_000_000, blockS: 1 },
  'Ethereum, a tenth of 60 M each 12 s': { gasPerS: 500_000, blockS: 12 },
  'Arbitrum One, a tenth of 7 M/s': { gasPerS: 700_000, blockS: 0.25 },
}

const print = (line: string) => process.stdout.write(`${line}\n`)
const s = (ms: number) => (ms / 1_000).toFixed(1)

function show({ name, triedPerS, matchedPerS, stages, ...rest }: PhaseResult): void {
  const { throttled, refused, p50Ms, p99Ms, maxMs, waitingMax } = rest
  const steps = stages.map(({ atS, stage }) => `${stage}@${atS.toFixed(0)}s`).join(' ')
  print(
    `  ${name.padEnd(22)} tried ${triedPerS.toFixed(0)}/s, matched ${matchedPerS.toFixed(1)}/s, ` +
      `lag p50 ${s(p50Ms)} s, p99 ${s(p99Ms)} s, max ${s(maxMs)} s; waiting at most ${waitingMax}; ` +
      `throttled ${throttled}, refused otherwise ${refused}; stages ${steps}`,
  )
}

const report = Object.entries(chains).map(([name, chain]) => {
  const perS = chain.gasPerS / fillGas
  const run = new SettlementSimulation(chain, Number(args.seed)).run([
    { name: 'half of capacity', tradesPerS: perS * 0.5, seconds },
    { name: 'nine tenths', tradesPerS: perS * 0.9, seconds },
    { name: 'burst of 100 ×', tradesPerS: perS * 100, seconds: 10 },
    { name: 'half again', tradesPerS: perS * 0.5, seconds },
  ])
  return Object.assign(run, { name, fillsPerS: perS })
})

if (args.json) print(JSON.stringify(report))
else
  for (const { name, fillsPerS, phases, fills, settledFills, batches, differences } of report) {
    print(`${name}: ${fillsPerS.toFixed(1)} fills/s`)
    for (const phase of phases) show(phase)
    print(
      `  ${settledFills} of ${fills} fills settled in ${batches} batches, ${differences.length} accounts differ`,
    )
  }
