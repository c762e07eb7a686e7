//! `pnpm replay-tape`: plays a recorded tape through the running exchange and compares it with the tape's own answer.
import { cpus, totalmem } from 'node:os'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { DevnetError } from './devnet-error.ts'
import { tapeSeats } from './tape-accounts.ts'
import { compareFills, exchangeCrc32, type FillComparison } from './tape-compare.ts'
import { readTape, type Tape } from './tape-file.ts'
import { TapeFills } from './tape-fills.ts'
import { fundPlayers, openPlayers, resetPlayers, type TapePlayer } from './tape-funds.ts'
import { type TapeScale, tapeMarketOf, tapeScale } from './tape-market.ts'
import { planTape, type TapePlan } from './tape-plan.ts'
import { printReport, type ReplayFigures } from './tape-report.ts'
import { playTape, type TapeRun } from './tape-run.ts'
import { awaitContract, awaitSettlement, cancelLeftovers, closePositions } from './tape-settle.ts'
import { connect, defaultGateway, type Exchange, explain } from './trade-connection.ts'
import { ProgressLine, paint, print, step } from './trade-terminal.ts'

const usage = `pnpm replay-tape FILE [options]

  FILE           a *.commands.jsonl(.gz) tape; its name says which market it belongs to
  --limit N      only the first N commands, compared with a plain price-time book
  --json         one JSON object on the last line
  --gateway URL  default ${defaultGateway}`

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        limit: { type: 'string' },
        json: { type: 'boolean', default: false },
        gateway: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    const [file] = positionals
    if (values.help) return { ...values, file, limit: Infinity }
    const limit = values.limit === undefined ? Infinity : Number(values.limit)
    if (file === undefined || positionals.length > 1) throw new Error('one FILE expected')
    if (!(limit > 0)) throw new Error(`--limit ${values.limit} is no count`)
    return { ...values, file, limit }
  } catch (error) {
    throw new DevnetError('BAD_OPTION', `${explain(error)}\n\n${usage}`)
  }
}

/** The market must be empty: what others left there would be matched. */
async function checkEmpty({ client }: Exchange, market: string): Promise<void> {
  const { bids, asks } = await client.orderBook(market)
  const left = bids.length + asks.length
  if (left === 0) return
  throw new DevnetError(
    'BOOK_NOT_EMPTY',
    `${market} holds ${left} orders that are not the tape's: cancel them first, or npm start -- --fresh`,
  )
}

async function play(
  exchange: Exchange,
  plan: TapePlan,
  players: readonly TapePlayer[],
  market: string,
): Promise<TapeRun> {
  const stream = exchange.client.stream()
  const progress = new ProgressLine()
  const startMs = performance.now()
  const total = plan.steps.length
  const show = (sent: number, inFlight: number, final = false) => {
    const perSecond = sent / ((performance.now() - startMs) / 1_000)
    progress.show(
      `  ${sent} of ${total} commands, ${perSecond.toFixed(0)}/s, ${inFlight} in flight`,
      final,
    )
  }
  try {
    await stream.ready()
    const run = Date.now().toString(36)
    const options = { client: exchange.client, stream, players, market, run, onProgress: show }
    const outcome = await playTape(plan, options)
    show(total, 0, true)
    return outcome
  } finally {
    stream.close()
  }
}

async function settle(
  exchange: Exchange,
  players: readonly TapePlayer[],
  market: string,
  fills: TapeFills,
  count: number,
) {
  const left = await cancelLeftovers(players, market)
  const trades = await closePositions(exchange, players, market)
  step('done', 'cleared', `${left} resting orders canceled, positions closed in ${trades} trades`)
  const progress = new ProgressLine()
  const wanted = 2 * (count + trades) // a fill is one side
  const settled = await awaitSettlement(exchange, fills, wanted, (done) =>
    progress.show(`  ${done} of ${wanted} fills settled`, done >= wanted),
  )
  return { settled, wanted, differences: await awaitContract(exchange, players, market) }
}

/** How many commands of each kind the tape has. */
function countOps(tape: Tape): ReplayFigures['ops'] {
  const ops = { seed: 0, add: 0, order: 0, take: 0, cancel: 0, reduce: 0, replace: 0 }
  for (const { op } of tape.commands) ops[op]++
  return ops
}

async function replay(
  file: string,
  limit: number,
  gateway: string | undefined,
): Promise<ReplayFigures> {
  const tapeMarket = tapeMarketOf(file)
  const { market } = tapeMarket
  const exchange = await connect(gateway)
  const tape = await readTape(file, limit)
  const scale: TapeScale = tapeScale(tapeMarket, await exchange.client.market(market))
  const players = openPlayers(exchange, tapeSeats.makers + tapeSeats.takers)
  await fundPlayers(exchange, players, (line) => step('wait', 'funding', line))
  await resetPlayers(players, market)
  await checkEmpty(exchange, market)
  const plan = planTape(
    tape,
    market,
    scale,
    players.map(({ lanes }) => lanes),
  )
  step('done', 'tape', `${basename(file)} on ${market}: ${plan.steps.length} commands`)

  const fills = new TapeFills(exchange.client, market)
  try {
    await fills.open(players)
    const run = await play(exchange, plan, players, market)
    const crc32 = await exchangeCrc32(exchange.client, market, plan, run, scale)
    const replied = [...run.replies.values()].reduce((sum, reply) => sum + reply.fills.length, 0)
    const outcome = await settle(exchange, players, market, fills, replied)
    const compared = compareFills(plan, run, fills.makerLines(), scale)
    const figures = figuresOf({ file, market, tape, plan, run, crc32, compared, outcome, scale })
    const refusals = run.refused.map(({ line, reason }) => `line ${line}: ${reason}`)
    printReport(figures, [...refusals, ...compared.differences, ...outcome.differences])
    return figures
  } finally {
    fills.close()
  }
}

type Findings = {
  file: string
  market: string
  tape: Tape
  plan: TapePlan
  run: TapeRun
  crc32: string
  compared: FillComparison
  outcome: Awaited<ReturnType<typeof settle>>
  scale: TapeScale
}

function figuresOf(findings: Findings): ReplayFigures {
  const { file, market, tape, plan, run, crc32, compared, outcome, scale } = findings
  const expectedFills = plan.steps.reduce(
    (sum, item) => sum + (item.kind === 'place' ? item.expected.length : 0),
    0,
  )
  const expectedCrc32 = tape.finalCrc32 ?? plan.crc32
  const figures: ReplayFigures = {
    tape: basename(file),
    market,
    commands: plan.steps.length,
    ops: countOps(tape),
    fills: compared.fills,
    expectedFills,
    fillsExact: compared.exact,
    quantity: scale.amount(compared.qty),
    crc32,
    whole: tape.finalCrc32 !== undefined,
    expectedCrc32,
    refused: run.refused.length,
    ordersPerSecond: Math.round(run.requests / run.seconds),
    seconds: Number(run.seconds.toFixed(2)),
    settledFills: outcome.settled,
    unsettledFills: outcome.wanted - outcome.settled,
    contractEqual: outcome.differences.length === 0,
    ok: false,
  }
  figures.ok =
    figures.refused === 0 &&
    compared.fills === expectedFills &&
    compared.exact === expectedFills &&
    crc32 === expectedCrc32 &&
    figures.unsettledFills === 0 &&
    figures.contractEqual
  return figures
}

async function main(): Promise<void> {
  const { file = '', limit, json, gateway, help } = readArguments()
  if (help) return print(usage)
  const figures = await replay(file, limit, gateway)
  print(`${figures.ordersPerSecond} commands/s over one connection, ${figures.seconds} s`)
  print(figures.ok ? paint('green', 'the tape came out exactly') : paint('red', 'the tape differs'))
  const environment = {
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  }
  if (json) print(JSON.stringify({ name: 'replay-tape', figures, environment }))
  if (!figures.ok) process.exitCode = 1
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${paint('red', '✗')} ${explain(error)}\n`)
  process.exitCode = 1
}
