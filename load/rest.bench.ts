//! Public REST reads a second through a running gateway: book, tickers, trades. Ten connections, keep-alive.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'

const { values } = parseArgs({
  options: {
    target: { type: 'string', default: 'http://127.0.0.1:8080' },
    market: { type: 'string', default: 'BTC-PERP' },
    seconds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
})

const paths: Record<string, string> = {
  time: '/v1/time',
  book: `/v1/markets/${values.market}/book?depth=20`,
  tickers: '/v1/tickers',
  trades: `/v1/markets/${values.market}/trades?limit=100`,
}

const alive = await fetch(`${values.target}/health`).catch(() => undefined)
if (alive === undefined) {
  console.error(`nothing answers at ${values.target}: start a devnet with npm start`)
  process.exit(2)
}

const figures: Record<string, number> = {}
let refused = 0
console.log('REST reads over 10 keep-alive connections; the generator shares the machine.')
for (const [name, path] of Object.entries(paths)) {
  const run = await autocannon({
    url: `${values.target}${path}`,
    connections: 10,
    duration: Number(values.seconds),
  })
  figures[`${name}PerSecond`] = Math.round(run.requests.average)
  figures[`${name}P50Ms`] = run.latency.p50
  figures[`${name}P99Ms`] = run.latency.p99
  refused += run.non2xx + run.errors
  console.log(
    `  ${name.padEnd(8)} ${String(Math.round(run.requests.average)).padStart(6)}/s  p50 ${run.latency.p50} ms  p99 ${run.latency.p99} ms`,
  )
}
figures['refused'] = refused
if (refused > 0)
  console.log(`  ${refused} answers were errors (429 is the rate limit of one address)`)
if (values.json) {
  const cores = cpus()
  const environment = { node: process.version, cpu: cores[0]?.model, cores: cores.length }
  console.log(JSON.stringify({ name: 'rest', figures, environment }))
}
