//! Ledger: durable fills a second with every constraint and trigger on, against drizzle's insert builder.
//!
//! Method: a real PostgreSQL 18 (embedded, fsync and synchronous commit on, checksums on) and a stream of orders that
//! rest and orders that take, decoded from the same event records as in production. One trade = two fills = a trade
//! row, up to three transfers, two orders, two positions, a candle. Our writer does all of it, from bytes to commit;
//! the builder gets its rows ready-made and only inserts transfers, trades and new orders, in transactions of as many
//! commands, under the same triggers. Rounds of the two alternate, each on a database of its own; medians are shown.
//! Then an engine works at a pace in a process of its own for `--loaded` seconds (0: not), and the ledger follows it.
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { createLedgerWriter, type Frame, openLedger } from '@plumb/ledger'
import { createRandomExchange } from '@plumb/ledger/random-frames'
import { orders, trades, transfers } from '@plumb/ledger/schema'
import { startTestPostgres } from '@plumb/ledger/testing'
import { and, gt, lte } from 'drizzle-orm'
import { measureLoaded } from './ledger-loaded.ts'

const { values: args } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    trades: { type: 'string', default: '20000' },
    commands: { type: 'string', default: '5000' },
    accounts: { type: 'string', default: '200' },
    loaded: { type: 'string', default: '10' },
    pace: { type: 'string', default: '20000' },
  },
})
const rounds = Number(args.rounds)
const tradesPerRound = Number(args.trades)
const commandsPerTransaction = Number(args.commands)
/** The builder is slow: it gets one transaction a round. */
const insertRowsMax = 1_500

const written: Frame = { seq: 0, command: new Uint8Array(0), events: new Uint8Array(0) }

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const perSecond = (count: number, startMs: number) =>
  (count * 1_000) / (performance.now() - startMs)

/** CPU microseconds so far of the backends that serve our writer; 0 where there is no /proc. */
async function serverCpuUs(): Promise<number> {
  const backends = await ours.sql<{ pid: number }[]>`
    SELECT pid FROM pg_stat_activity WHERE datname = current_database()`
  return backends.reduce((sum, { pid }) => sum + cpuUsOf(pid), 0)
}

/** A tick of /proc is a hundredth of a second. */
function cpuUsOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) * 10_000
  } catch {
    return 0
  }
}

const exchange = createRandomExchange({
  seed: 7,
  accounts: Number(args.accounts),
  markets: 4,
  keepEvents: false,
})
for (let i = 0; i < 400; i++) exchange.rest()
const server = await startTestPostgres()
const open = async () => openLedger(await server.createDatabase(), { applicationName: 'bench' })
const [ours, theirs] = [await open(), await open()]
const writer = await createLedgerWriter(ours)
const setup = exchange.frames.slice()
await writer.write(setup)
await (await createLedgerWriter(theirs)).write(setup)

/** Frames of so many trades, about one in three commands resting. */
function nextFrames(): readonly Frame[] {
  const from = exchange.frames.length
  // What was written is let go of: the collector's time should be the writer's own.
  for (let i = 0; i < from; i++) exchange.frames[i] = written
  for (let i = 0; i < tradesPerRound; i++) {
    if (i % 2 === 0) exchange.rest()
    exchange.trade()
  }
  return exchange.frames.slice(from)
}

/** As the service does when it catches up: the next frames are read while the last transaction runs. */
async function writeOurs(frames: readonly Frame[]): Promise<number> {
  const [startMs, cpu, server0] = [performance.now(), process.cpuUsage(), await serverCpuUs()]
  const inFlight: Promise<{ trades: number }>[] = []
  let booked = 0
  for (let at = 0; at < frames.length; at += commandsPerTransaction) {
    inFlight.push(writer.write(frames.slice(at, at + commandsPerTransaction)))
    // Lets the transaction in flight have its turn before the next frames are read.
    await new Promise((resolve) => setImmediate(resolve))
    if (inFlight.length > 2) booked += (await inFlight.shift())?.trades ?? 0
  }
  for (const report of await Promise.all(inFlight)) booked += report.trades
  const rate = perSecond(2 * booked, startMs)
  const used = process.cpuUsage(cpu)
  writerCpu.push((used.user + used.system) / (2 * booked))
  serverCpu.push(((await serverCpuUs()) - server0) / (2 * booked))
  return rate
}

/** Microseconds of CPU a fill, by round. */
const [writerCpu, serverCpu]: [number[], number[]] = [[], []]

let theirSeq = setup.length
async function writeTheirs(fromSeq: number, toSeq: number): Promise<number> {
  const between = (table: typeof transfers | typeof trades) =>
    and(gt(table.seq, fromSeq), lte(table.seq, toSeq))
  const rows = {
    transfers: await ours.db.select().from(transfers).where(between(transfers)),
    trades: await ours.db.select().from(trades).where(between(trades)),
    orders: await ours.db
      .select()
      .from(orders)
      .where(and(gt(orders.createdSeq, fromSeq), lte(orders.createdSeq, toSeq))),
  }
  const startMs = performance.now()
  await theirs.db.transaction(async (tx) => {
    await tx.execute(
      `UPDATE cursors SET seq = ${toSeq} WHERE consumer = 'ledger' AND seq = ${theirSeq}`,
    )
    for (let at = 0; at < rows.transfers.length; at += insertRowsMax)
      await tx.insert(transfers).values(rows.transfers.slice(at, at + insertRowsMax))
    for (let at = 0; at < rows.trades.length; at += insertRowsMax)
      await tx.insert(trades).values(rows.trades.slice(at, at + insertRowsMax))
    for (let at = 0; at < rows.orders.length; at += insertRowsMax)
      await tx.insert(orders).values(rows.orders.slice(at, at + insertRowsMax))
  })
  theirSeq = toSeq
  return perSecond(2 * rows.trades.length, startMs)
}

const [fills, builder]: [number[], number[]] = [[], []]
for (let round = 0; round <= rounds; round++) {
  const frames = nextFrames()
  const fromSeq = writer.cursor
  const mine = await writeOurs(frames)
  const reference = await writeTheirs(
    fromSeq,
    Math.min(fromSeq + commandsPerTransaction, writer.cursor),
  )
  if (round === 0) continue // warm-up
  fills.push(mine)
  builder.push(reference)
}
const [{ bytes } = { bytes: 0 }] = await ours.sql<{ bytes: number }[]>`
  SELECT pg_database_size(current_database()) AS bytes`
const [{ count } = { count: 0 }] = await ours.sql<{ count: number }[]>`SELECT count(*) FROM trades`
await Promise.all([ours.close(), theirs.close()])
const beside = await open()
const loaded =
  Number(args.loaded) > 0
    ? await measureLoaded(beside, Number(args.pace), Number(args.loaded))
    : undefined
await beside.close()
await server.stop()

const figures = {
  fillsPerSecond: Math.round(median(fills)),
  drizzleBuilderPerSecond: Math.round(median(builder)),
  ratio: Number((median(fills) / median(builder)).toFixed(2)),
  bytesPerTrade: Math.round(bytes / count),
  writerCpuUsPerFill: Number(median(writerCpu).toFixed(1)),
  serverCpuUsPerFill: Number(median(serverCpu).toFixed(1)),
  ...loaded,
}
const cores = cpus()
const environment = { node: process.version, cpu: cores[0]?.model, cores: cores.length }
console.log(`ledger   ${figures.fillsPerSecond} durable fills/s, all constraints and triggers on`)
console.log(
  `builder  ${figures.drizzleBuilderPerSecond} fills/s by drizzle's insert builder (transfers, trades, orders only)`,
)
console.log(
  `cpu      ${figures.writerCpuUsPerFill} us a fill in the writer, ${figures.serverCpuUsPerFill} us in PostgreSQL`,
)
console.log(
  `ratio    ${figures.ratio}; ${figures.bytesPerTrade} bytes a trade with indexes; ${rounds} rounds of ${tradesPerRound} trades, ${commandsPerTransaction} commands a transaction`,
)
if (loaded !== undefined)
  console.log(
    `loaded   an engine beside it makes ${loaded.loadedCommandsPerSecond} commands and ${loaded.loadedFillsPerSecond} fills/s: durable ${loaded.lagP50Ms} ms later (p99 ${loaded.lagP99Ms} ms), all of it ${loaded.caughtUpMs} ms after the last`,
  )
if (args.json) console.log(JSON.stringify({ name: 'ledger', figures, environment }))
