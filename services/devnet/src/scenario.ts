//! `npm run scenario NAME`: recorded prices through the whole exchange with leveraged accounts, judged and reported.
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { contractViews, createRpc } from '@plumb/chain'
import { z } from 'zod'
import { accountIdOf, armDevnet } from './arm-markets.ts'
import { DevnetError } from './devnet-error.ts'
import { keyOf, loadOwnKeys } from './devnet-keys.ts'
import { repositoryRoot } from './devnet-paths.ts'
import { fundCast, fundInsurance, openPositions } from './scenario-cast.ts'
import { type Claim, judge } from './scenario-claims.ts'
import { beginPlay, type ScenarioHouse, startScenarioHouse } from './scenario-house.ts'
import { type ScenarioPlan, scenarioNames, scenarioPlan } from './scenario-plan.ts'
import { followPlay } from './scenario-play.ts'
import { readRecord } from './scenario-record.ts'
import { type ScenarioResult, scenarioPage } from './scenario-report.ts'
import { connect, explain } from './trade-connection.ts'
import { paint, print, step } from './trade-terminal.ts'
import { until } from './trade-transfers.ts'
import { VerifyError } from './verify-error.ts'
import { verifyHouse } from './verify-house.ts'

const usage = `npm run scenario -- NAME [options]

  NAME        ${scenarioNames.join(', ')}
  --out FILE  the report (default load/reports/scenario-NAME.html)
  --json      one JSON object on the last line
  --keep      leave the state folder behind`

const readOptions = () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      json: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const [name] = positionals
  if (!values.help && (name === undefined || positionals.length > 1))
    throw new DevnetError('BAD_OPTION', `one NAME is needed\n\n${usage}`)
  return { ...values, name: name ?? '' }
}

/** Arms the market, funds the cast, opens its positions. */
const setStage = async (plan: ScenarioPlan, { devnet }: ScenarioHouse) => {
  const { addresses, paths } = devnet
  const exchange = await connect(addresses.gatewayUrl)
  const keys = await loadOwnKeys(paths.keys)
  await armDevnet(addresses, keys, [0], plan.backstopUsdc * 1_000_000)
  step('done', 'armed', `liquidation on, a backstop of ${plan.backstopUsdc} USDC`)
  await fundInsurance(exchange, plan, addresses)
  const cast = await fundCast(exchange, plan, addresses.marginUrl)
  await openPositions(exchange, plan, cast)
  step('done', 'cast', `${cast.length} accounts funded through the chain, positions open`)
  return { exchange, cast }
}

/** Where the engine stands. */
const seqOf = async (marginUrl: string): Promise<number> => {
  const response = await fetch(`${marginUrl}/notices`)
  return z.object({ seq: z.number() }).parse(await response.json()).seq
}

/** Waits until contract and ledger have all of the play. */
const settled = async ({ devnet }: ScenarioHouse, seq: number): Promise<void> => {
  const { rpcUrl, contract } = devnet.addresses
  const views = contractViews(createRpc(rpcUrl), contract)
  await until('The settlement of the last liquidation', async () =>
    (await views.lastBatch()).toSeq >= seq ? true : undefined,
  )
}

const equalSides = async ({ devnet }: ScenarioHouse, lastSeq: number): Promise<Claim> => {
  const claim = 'Engine, ledger and contract agree, account by account, to the unit'
  try {
    await settled({ devnet, replayFile: '' }, lastSeq)
    const { databaseUrl, rpcUrl, contract } = devnet.addresses
    const figures = await verifyHouse({
      databaseUrl,
      rpcUrl,
      contract,
      journalDir: devnet.paths.journal,
      signatures: false,
      tornIsDifference: false,
      say: () => {},
    })
    const { accounts, ledgerSeq, settledSeq, batchNo } = figures
    const evidence = `${accounts} accounts; ledger at seq ${ledgerSeq}, contract at seq ${settledSeq} (batch ${batchNo})`
    return { claim, ok: true, evidence }
  } catch (error) {
    if (!(error instanceof VerifyError || error instanceof DevnetError)) throw error
    return { claim, ok: false, evidence: error.message }
  }
}

/** The house's own accounts by id. */
const ownAccounts = async ({ devnet }: ScenarioHouse): Promise<Map<number, string>> => {
  const keys = await loadOwnKeys(devnet.paths.keys)
  const found = new Map<number, string>()
  for (const [name, subaccount] of [
    ['market-maker', 0],
    ['taker', 0],
    ['capture', 0],
    ['backstop', 1],
  ] as const) {
    const { address } = keyOf(keys, name)
    const id = await accountIdOf(devnet.addresses.marginUrl, address, subaccount)
    if (id !== undefined)
      found.set(id, name === 'capture' ? 'funding capture' : name.replace('-', ' '))
  }
  return found
}

const run = async (plan: ScenarioPlan, stateDir: string): Promise<ScenarioResult> => {
  const house = await startScenarioHouse(plan, stateDir, (line) =>
    print(paint('gray', `  ${line}`)),
  )
  const stop = () => house.devnet.stop()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void stop().finally(() => process.exit(130)))
  try {
    const { exchange, cast } = await setStage(plan, house)
    const anchorMs = await beginPlay(plan, house)
    const { oracleUrl, marginUrl } = house.devnet.addresses
    const heard = await followPlay(exchange, plan, cast, oracleUrl, anchorMs)
    const lastSeq = await seqOf(marginUrl)
    const equal = await equalSides(house, lastSeq)
    const record = readRecord(house.devnet.paths.journal, 0, lastSeq, anchorMs)
    const series = plan.falsePrint?.series ?? ''
    const seen = Math.min(...(heard.get(series) ?? []).map(([, price]) => price))
    const claims = judge(plan, cast, record, seen, equal)
    const others = await ownAccounts(house)
    return { plan, cast, others, record, heard, claims, anchorMs }
  } finally {
    await stop()
  }
}

const main = async (): Promise<void> => {
  const { name, out, json, keep, help } = readOptions()
  if (help) return print(usage)
  const stateDir = await mkdtemp(join(tmpdir(), 'plumb-scenario-'))
  await chmod(stateDir, 0o755) // PostgreSQL runs as a user of its own where this one is root
  try {
    const plan = scenarioPlan(name, stateDir)
    print(paint('bold', plan.title))
    const result = await run(plan, stateDir)
    const path = resolve(out ?? join(repositoryRoot, 'load', 'reports', `scenario-${name}.html`))
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, scenarioPage(result))
    for (const { claim, ok, evidence } of result.claims)
      step(ok ? 'done' : 'bad', '', `${claim}: ${evidence}`)
    step('done', 'report', path)
    const ok = result.claims.every((claim) => claim.ok)
    if (json)
      print(JSON.stringify({ name: `scenario ${name}`, ok, report: path, claims: result.claims }))
    if (!ok) process.exitCode = 1
  } finally {
    if (!keep) await rm(stateDir, { recursive: true, force: true })
  }
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${paint('red', '✗')} ${explain(error)}\n`)
  process.exitCode = 1
}
