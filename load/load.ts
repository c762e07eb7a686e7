//! `npm run load -- PROFILE`: a named load on a running exchange, seen live, judged, and written up.
import { parseArgs } from 'node:util'
import { createClient } from '@plumb/sdk'
import { compareBaseline, writeBaseline } from './generator/baseline.ts'
import { LOAD_ACCOUNTS, loadSigner, openAccounts } from './generator/load-accounts.ts'
import { say } from './generator/progress.ts'
import { reportOf } from './generator/run-report.ts'
import {
  clear,
  cpuEach,
  cpuShares,
  environmentOf,
  type Findings,
  type Session,
} from './generator/session.ts'
import { openTarget } from './generator/target.ts'
import { defaultsOf, profiles } from './profiles/profiles.ts'

const usage = `npm run load -- PROFILE [options]
${Object.entries(profiles)
  .map(([name, profile]) => `  ${name.padEnd(10)} ${profile?.about}`)
  .join('\n')}
  accounts   prints the addresses of the load accounts, for PLUMB_RATE_EXEMPT of an exchange of your own

  --target URL        a running exchange (default: the devnet of this machine; one is started when none runs)
  --bare              sequencer and gateway alone, started for the test
  --market SYMBOL     (default BTC-PERP)
  --accounts N        load accounts, at most ${LOAD_ACCOUNTS} (default all)
  --connections N --in-flight N --rate N --seconds N --orders N --fill-percent N
  --baseline          ratios that are 1.5 × worse than those in load/baselines are an error (they are always shown)
  --write-baseline    store this run's ratios there
  --json              one object {name, figures, ratios, environment} on the last line`

const { values, positionals } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== '--'),
  allowPositionals: true,
  options: {
    target: { type: 'string' },
    bare: { type: 'boolean', default: false },
    market: { type: 'string', default: 'BTC-PERP' },
    accounts: { type: 'string', default: String(LOAD_ACCOUNTS) },
    connections: { type: 'string' },
    'in-flight': { type: 'string' },
    rate: { type: 'string' },
    seconds: { type: 'string' },
    orders: { type: 'string' },
    'fill-percent': { type: 'string' },
    baseline: { type: 'boolean', default: false },
    'write-baseline': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const [name = ''] = positionals
if (name === 'accounts') {
  console.log(Array.from({ length: LOAD_ACCOUNTS }, (_, i) => loadSigner(i).address).join(','))
  process.exit(0)
}
const profile = profiles[name]
if (profile === undefined || values.help) {
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}

const number = (text: string | undefined, otherwise: number) =>
  text === undefined ? otherwise : Number(text)
const standard = defaultsOf(profile)
const settings = {
  market: values.market,
  connections: number(values.connections, standard.connections),
  inFlight: number(values['in-flight'], standard.inFlight),
  rate: number(values.rate, standard.rate),
  seconds: number(values.seconds, standard.seconds),
  orders: number(values.orders, standard.orders),
  fillPercent: number(values['fill-percent'], standard.fillPercent),
}

const target = await openTarget(values.target, values.bare, profile.started)
let failed = true
try {
  const client = createClient({ baseUrl: target.url, timeoutMs: 30_000 })
  const accounts = openAccounts(client, Math.min(Number(values.accounts), LOAD_ACCOUNTS))
  const session: Session = { client, target, accounts, settings, phases: [] }
  await target.fund(accounts)
  await clear(session)
  say(`${name}: ${profile.about}`)
  const findings = await profile.run(session)
  await clear(session)
  failed = show(session, findings)
} finally {
  await target.stop()
}
process.exit(failed ? 1 : 0)

/** Prints, writes the page, compares; answers whether something must not be. */
function show(session: Session, findings: Findings): boolean {
  const { figures, ratios, summary, faults } = findings
  for (const sentence of summary) console.log(sentence)
  for (const one of session.phases) {
    console.log(`  ${one.name}: CPU µs an operation ${listed(cpuEach(one))}`)
    console.log(`  ${one.name}: percent of all cores ${listed(cpuShares(one))}`)
  }
  const environment = environmentOf(session)
  // With and without followers are two things to compare.
  const baseline = session.target.kind === 'bare' ? `${name}-bare` : name
  const compared = compareBaseline(baseline, ratios)
  for (const line of compared?.lines ?? []) console.log(`  ${line}`)
  const told = { ...findings, summary: [...summary, ...(compared?.lines ?? [])] }
  const path = reportOf(name, session, told, environment)
  console.log(`  report ${path}`)
  const missing = [`no baseline for ${baseline}: --write-baseline makes one`]
  const worse = values.baseline ? (compared?.worse ?? missing) : []
  if (values['write-baseline']) writeBaseline(baseline, ratios, environment)
  for (const fault of [...faults, ...worse]) console.log(`✗ ${fault}`)
  if (values.json) console.log(JSON.stringify({ name, figures, ratios, environment }))
  return faults.length + worse.length > 0
}

function listed(each: Record<string, number>): string {
  return JSON.stringify(each).replaceAll('"', '').slice(1, -1)
}
