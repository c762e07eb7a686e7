//! Engine: commands a second with all risk on, against a plain book and npm's, and how it grows.
//!
//! Method: one seeded stream of 40 % new orders, 48 % cancels, 9 % crossing, 3 % amends, 10,000 accounts, with
//! price messages and a tick every 20,000 commands. At a steady depth not more orders can be cancelled than come to rest:
//! the other cancels come too late and name an order that has just gone. The stream is made chunk by chunk, untimed; then
//! the engine, a plain book (objects and Map, no risk) and npm's nodejs-order-book play the same chunk one after the other,
//! each from an inbox of 256 commands that is filled before each group, untimed. The books are told the market of an order
//! to cancel and the id of a new one. Every fourth chunk one command in eight is timed by itself for the percentiles (its
//! share of reading ahead and the timer included). Fills and books are compared at the end.
//! The engine checks lanes, bands, position limit, initial margin with open orders, fees, funding and `settleable` for
//! every fill; the books check nothing. With --sweep the same for 1, 16 and 64 markets and for 1,000 to 1,000,000
//! resting orders, each in a process of its own; with --client-ids each new order has one. Always: a page with plots, load/reports/engine.html.
import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type EngineFigures, type MeasureOptions, measureEngine } from './engine/measure.ts'
import { engineReport, type SweepPoint } from './engine/report.ts'
import { writeReport } from './report/write-report.ts'

const { values: args } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    commands: { type: 'string', default: '2000000' },
    accounts: { type: 'string', default: '10000' },
    markets: { type: 'string', default: '1' },
    depth: { type: 'string', default: '4000' },
    seed: { type: 'string', default: '7' },
    sweep: { type: 'boolean', default: false },
    'client-ids': { type: 'boolean', default: false },
    /** One measurement for the process that started this one. */
    child: { type: 'boolean', default: false },
  },
})
const options: MeasureOptions = {
  commands: Number(args.commands),
  accounts: Number(args.accounts),
  markets: Number(args.markets),
  depth: Number(args.depth),
  seed: Number(args.seed),
  npm: !args.child,
  clientIds: args['client-ids'],
}

/** A process of its own for each point: what the JIT learned of one must not help or harm the next. */
function measureApart(markets: number, depth: number): EngineFigures {
  const sizes = ['--markets', String(markets), '--depth', String(depth), '--commands', '1500000']
  const run = spawnSync(
    process.execPath,
    [...process.execArgv, fileURLToPath(import.meta.url), '--child', ...sizes],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 64 * 1024 * 1024 },
  )
  if (run.status !== 0) throw new Error(`${sizes.join(' ')} ended with ${run.status}`)
  return JSON.parse(run.stdout)
}

function sweep(): SweepPoint[] {
  const points: SweepPoint[] = []
  const add = (kind: SweepPoint['kind'], size: number, markets: number, depth: number) => {
    const figures = measureApart(markets, depth)
    points.push({ kind, size, figures })
    console.log(
      `${kind.padEnd(8)} ${String(size).padStart(9)}   ${million(figures.commandsPerSecond)} M/s, ratio ${figures.ratio}, p99 ${figures.p99Ns} ns, p99.9 ${figures.p999Ns} ns`,
    )
  }
  for (const markets of [1, 4, 16, 64]) add('markets', markets, markets, 4_000)
  for (const depth of [1_000, 10_000, 100_000, 1_000_000]) add('resting', depth, 1, depth)
  return points
}

const million = (perSecond: number) => (perSecond / 1e6).toFixed(2)

function main(): void {
  const all = measureEngine(options)
  if (args.child) return console.log(JSON.stringify(all))
  const { chunks: _, latency: __, ...figures } = all
  const environment = {
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    ...options,
  }
  console.log(
    `engine   ${million(figures.commandsPerSecond)} M commands per CPU second with all risk checks`,
  )
  console.log(
    `plain    ${million(figures.referencePerSecond)} M commands per CPU second, objects and Map, no risk: ratio ${figures.ratio}`,
  )
  console.log(
    `npm      ${million(figures.npmPerSecond)} M commands per CPU second, nodejs-order-book, no risk: ratio ${figures.npmRatio}`,
  )
  console.log(
    `latency  p50 ${figures.p50Ns} ns, p99 ${figures.p99Ns} ns, p99.9 ${figures.p999Ns} ns, max ${figures.maxNs} ns (timer ${figures.timerP50Ns} ns)`,
  )
  for (const { name, share, p50Ns, p99Ns, p999Ns } of figures.kinds)
    console.log(
      `  ${name.padEnd(9)}${(100 * share).toFixed(1).padStart(5)} %  p50 ${p50Ns} ns, p99 ${p99Ns} ns, p99.9 ${p999Ns} ns`,
    )
  console.log(`hash     ${figures.stateHashPerGroupUs} us after each group of 256`)
  console.log(
    `stream   ${figures.commands} timed commands, ${figures.fills} fills, ${(100 * figures.lateCancels).toFixed(0)} % of cancels too late, ${figures.openOrders} orders open, ${options.accounts} accounts, ${options.markets} markets; ${environment.cpu}, Node ${environment.node}`,
  )
  const points = args.sweep ? sweep() : []
  const page = writeReport('engine', engineReport(all, points, environment))
  console.log(`plots    ${page}`)
  const swept = points.map(({ kind, size, figures: point }) => ({
    kind,
    size,
    commandsPerSecond: point.commandsPerSecond,
    ratio: point.ratio,
    p99Ns: point.p99Ns,
  }))
  if (args.json)
    console.log(
      JSON.stringify({
        name: 'engine',
        figures: { ...figures, ...(args.sweep ? { sweep: swept } : {}) },
        environment,
      }),
    )
}

main()
