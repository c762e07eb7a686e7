//! Signed orders a second through a running exchange: verified, matched, durable, answered. WebSocket, pipelined.
import { createHash } from 'node:crypto'
import { fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createDigestSigner, createRpc } from '@plumb/chain'
import {
  type Client,
  createClient,
  createWallet,
  type DevnetInfo,
  LaneManager,
  type LocalSigner,
  privateKeyAccount,
  signOrder,
  type Trader,
  textToUnits,
  unitsToText,
} from '@plumb/sdk'
import { build as buildHistogram } from 'hdr-histogram-js'
import { WebSocket } from 'ws'

const { values } = parseArgs({
  options: {
    target: { type: 'string', default: 'http://127.0.0.1:8080' },
    market: { type: 'string', default: 'BTC-PERP' },
    accounts: { type: 'string', default: '48' },
    connections: { type: 'string', default: '4' },
    /** Requests on their way on each connection while throughput is measured. */
    'in-flight': { type: 'string', default: '256' },
    /** Orders that take instead of resting, percent. */
    'fill-percent': { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const accountCount = Number(values.accounts)
const connectionCount = Number(values.connections)
const inFlightMax = Number(values['in-flight'])
const fillPercent = Number(values['fill-percent'])
const ORDERS_A_PHASE_AND_ACCOUNT = 490
const DEPOSIT_QUOTE = 1_000_000_000_000
const AMOUNT_QUOTE = 60_000_000

/** Error answers by code. */
const errorCodes = new Map<string, number>()

type Desk = { signer: LocalSigner; trader: Trader; lanes: LaneManager }

/** One socket; answers are found by their id alone, so that the generator costs little. */
type Connection = {
  socket: WebSocket
  pending: Map<number, (error: string | undefined, filled: boolean) => void>
}
type Outcome = { sent: number; answered: number; errors: number; filled: number; seconds: number }
type Latency = Outcome & {
  p50Ms: number
  p99Ms: number
  fdatasyncP50Ms: number
  fdatasyncP99Ms: number
}

let lastId = 0
const client = createClient({ baseUrl: values.target })
const devnet = await client.devnet().catch((error: unknown) => {
  console.error(`no devnet at ${values.target}: start one with npm start, or name it with --target`)
  console.error(String(error))
  process.exit(2)
})
const desks = openDesks(client)
await fund(desks, devnet)
await clear(desks)

console.log(`signing ${accountCount * ORDERS_A_PHASE_AND_ACCOUNT * 2} orders …`)
const throughputBodies = await presign(ORDERS_A_PHASE_AND_ACCOUNT)
const latencyBodies = await presign(ORDERS_A_PHASE_AND_ACCOUNT)
const sockets = await Promise.all(Array.from({ length: connectionCount }, () => openSocket()))

const warm = throughputBodies.splice(0, Math.floor(throughputBodies.length / 10))
await closedLoop(warm)
const throughput = await closedLoop(throughputBodies)
const perSecond = throughput.answered / throughput.seconds
const half = await openLoop(latencyBodies, perSecond / 2)
for (const { socket } of sockets) socket.close()
await clear(desks)

const cores = cpus()
const figures = {
  ordersPerSecond: Math.round(perSecond),
  p50Ms: half.p50Ms,
  p99Ms: half.p99Ms,
  halfLoadPerSecond: Math.round(half.answered / half.seconds),
  fdatasyncP50Ms: half.fdatasyncP50Ms,
  fdatasyncP99Ms: half.fdatasyncP99Ms,
  orders: throughput.sent + half.sent,
  filled: throughput.filled + half.filled,
  errors: throughput.errors + half.errors,
  lost: throughput.sent + half.sent - throughput.answered - half.answered,
}
const environment = { node: process.version, cpu: cores[0]?.model, cores: cores.length }
console.log(
  `Distinct pre-signed limit orders of ${accountCount} accounts on ${values.market}, ${connectionCount} connections,` +
    ` ${inFlightMax} in flight on each;\nthe generator shares the machine. Latency is counted from the moment an` +
    ` order was due, at half that rate.`,
)
console.log(`  throughput  ${figures.ordersPerSecond} orders/s (${throughput.sent} orders)`)
console.log(
  `  half load   ${figures.halfLoadPerSecond} orders/s: p50 ${figures.p50Ms} ms, p99 ${figures.p99Ms} ms;` +
    ` fdatasync beside it p50 ${figures.fdatasyncP50Ms} ms, p99 ${figures.fdatasyncP99Ms} ms`,
)
console.log(`  ${figures.filled} filled at once, ${figures.errors} errors, ${figures.lost} lost`)
for (const [code, count] of errorCodes) console.log(`    ${count} x ${code}`)
if (values.json) console.log(JSON.stringify({ name: 'orders', figures, environment }))
if (figures.lost > 0 || figures.errors > 0) process.exitCode = 1

// The devnet's players (services/devnet/src/tape-players.ts): no rate limit applies to them there.
function openDesks(exchange: Client): Desk[] {
  return Array.from({ length: accountCount }, (_, i) => {
    const digest = createHash('sha256').update(`plumb devnet player ${i}`).digest('hex')
    const signer = createDigestSigner(`0x${digest}`)
    return { signer, trader: exchange.trader(signer), lanes: new LaneManager() }
  })
}

async function fund(all: readonly Desk[], { rpcUrl, contract, token }: DevnetInfo): Promise<void> {
  const asked = await Promise.all(
    all.map(async (desk) => ((await desk.trader.isFunded()) ? [] : [desk])),
  )
  const poor = asked.flat()
  if (poor.length === 0) return
  console.log(`depositing for ${poor.length} accounts …`)
  const bank = `0x01${createHash('sha256').update(`${Date.now()} ${process.pid}`).digest('hex').slice(2)}`
  const { address } = privateKeyAccount(bank)
  await createRpc(rpcUrl).request('anvil_setBalance', [address, '0x8ac7230489e80000'])
  const wallet = createWallet({ rpcUrl, contract, token, signer: bank })
  await wallet.mint(DEPOSIT_QUOTE * poor.length)
  const amountQuote = DEPOSIT_QUOTE
  await wallet.depositForAll(poor.map(({ signer }) => ({ owner: signer.address, amountQuote })))
  wallet.close()
  for (const { trader } of poor) while (!(await trader.isFunded())) await sleep(200)
}

/** No resting orders, and the lanes' sequence numbers known. */
async function clear(all: readonly Desk[]): Promise<void> {
  for (const { trader, lanes } of all) {
    await trader.cancelAll()
    for (const [lane, seq] of Object.entries(await trader.read.lanes()))
      lanes.observe(Number(lane), seq)
  }
}

/** Bids below and asks above the index, and a few orders that take; as JSON without the leading `{`. */
async function presign(ordersAnAccount: number): Promise<string[]> {
  const {
    index: marketIndex,
    tickSize,
    stepSize,
    takerFeeUnits,
  } = await client.market(values.market)
  const { index } = await client.ticker(values.market)
  if (index === null) throw new Error(`${values.market} has no index price`)
  const domain = await client.domain()
  const tickE8 = units(tickSize, 1)
  const lotE8 = units(stepSize, 1)
  const indexTicks = units(index, tickE8)
  const lots = Math.max(1, Math.round((AMOUNT_QUOTE / 1e6 / Number(index)) * (1e8 / lotE8)))
  const expiry = Math.floor(Date.now() / 1_000) + 86_400
  const bodies: string[] = []
  for (let i = 0; i < ordersAnAccount; i++)
    for (const [number, { signer, lanes }] of desks.entries()) {
      const slot = lanes.take()
      if (slot === undefined) throw new Error('no lane is free')
      const takes = fillPercent > 0 && i % Math.round(100 / fillPercent) === 1
      const side = (i + number) % 2 === 0 ? 'buy' : 'sell'
      const away = takes ? -0.03 : 0.002 + 0.03 * Math.random()
      const priceTicks = Math.round(indexTicks * (side === 'buy' ? 1 - away : 1 + away))
      const order = await signOrder(signer, domain, marketIndex, {
        account: signer.address,
        subaccount: 0,
        market: values.market,
        side,
        type: 'limit',
        price: unitsToText(priceTicks, tickE8),
        amount: unitsToText(lots, lotE8),
        timeInForce: takes ? 'IOC' : 'GTC',
        postOnly: false,
        reduceOnly: false,
        maxFee: takerFeeUnits,
        selfTradePrevention: 'cancel_maker',
        ...slot,
        expiry,
      })
      bodies.push(JSON.stringify(order).slice(1))
    }
  return bodies
}

function units(text: string, unitE8: number): number {
  const found = textToUnits(text, unitE8)
  if (typeof found === 'number') return found
  throw new Error(`${text} is ${found}`)
}

function openSocket(): Promise<Connection> {
  const url = `${values.target.replace(/^http/, 'ws')}/v1/ws`
  const socket = new WebSocket(url, { perMessageDeflate: false })
  const pending: Connection['pending'] = new Map()
  socket.on('message', (data: Buffer) => {
    const text = data.toString('latin1')
    const id = Number(/"id":(\d+)/.exec(text)?.[1])
    const settle = pending.get(id)
    if (settle === undefined) return
    pending.delete(id)
    settle(/"error":\{"code":"(\w+)"/.exec(text)?.[1], text.includes('"fills":[{'))
  })
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('open', () => resolve({ socket, pending }))
  })
}

function send({ socket, pending }: Connection, body: string, outcome: Outcome): Promise<void> {
  const id = ++lastId
  outcome.sent++
  return new Promise((resolve) => {
    pending.set(id, (error, filled) => {
      outcome.answered++
      if (filled) outcome.filled++
      if (error !== undefined) {
        outcome.errors++
        errorCodes.set(error, (errorCodes.get(error) ?? 0) + 1)
      }
      resolve()
    })
    socket.send(`{"op":"order.place","id":${id},${body}`)
  })
}

/** Every connection keeps `inFlightMax` requests on their way. */
async function closedLoop(bodies: readonly string[]): Promise<Outcome> {
  const outcome: Outcome = { sent: 0, answered: 0, errors: 0, filled: 0, seconds: 0 }
  let next = 0
  const worker = async (connection: Connection) => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++])
      await send(connection, body, outcome)
  }
  const startMs = performance.now()
  const workers = sockets.flatMap((connection) =>
    Array.from({ length: inFlightMax }, () => worker(connection)),
  )
  await Promise.race([Promise.all(workers), sleep(60_000)])
  outcome.seconds = (performance.now() - startMs) / 1_000
  return outcome
}

function micros() {
  return buildHistogram({ highestTrackableValue: 60_000_000 })
}

/** Orders leave when they are due, whether earlier ones were answered or not. */
async function openLoop(bodies: readonly string[], perSecondWanted: number): Promise<Latency> {
  const outcome: Outcome = { sent: 0, answered: 0, errors: 0, filled: 0, seconds: 0 }
  const latency = micros()
  const sync = micros()
  const probe = probeFdatasync((tookMs) =>
    sync.recordValue(Math.max(1, Math.round(tookMs * 1_000))),
  )
  const answers: Promise<void>[] = []
  const startMs = performance.now()
  while (outcome.sent < bodies.length) {
    const due = Math.min(
      bodies.length,
      Math.floor(((performance.now() - startMs) * perSecondWanted) / 1_000),
    )
    while (outcome.sent < due) {
      const n = outcome.sent
      const dueMs = startMs + (n * 1_000) / perSecondWanted
      const answer = send(sockets.at(n % sockets.length)!, bodies.at(n)!, outcome)
      answers.push(
        answer.then(() =>
          latency.recordValue(Math.max(1, Math.round((performance.now() - dueMs) * 1_000))),
        ),
      )
    }
    await sleep(1) // clumps of a few orders; spinning would take a core from the exchange
  }
  await Promise.race([Promise.all(answers), sleep(30_000)])
  outcome.seconds = (performance.now() - startMs) / 1_000
  probe.stop()
  const ms = (histogram: typeof latency, percentile: number) =>
    Number((histogram.getValueAtPercentile(percentile) / 1_000).toFixed(2))
  return {
    ...outcome,
    p50Ms: ms(latency, 50),
    p99Ms: ms(latency, 99),
    fdatasyncP50Ms: ms(sync, 50),
    fdatasyncP99Ms: ms(sync, 99),
  }
}

/** What one fdatasync of 16 KiB costs on this disk meanwhile, ten times a second. */
function probeFdatasync(record: (tookMs: number) => void): { stop: () => void } {
  const path = join(tmpdir(), `plumb-fdatasync-${process.pid}`)
  const file = openSync(path, 'w')
  const block = Buffer.alloc(16_384)
  const timer = setInterval(() => {
    const startMs = performance.now()
    writeSync(file, block, 0, block.length, 0)
    fdatasyncSync(file)
    record(performance.now() - startMs)
  }, 100)
  return {
    stop: () => {
      clearInterval(timer)
      rmSync(path)
    },
  }
}
