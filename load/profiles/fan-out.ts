//! Market data to a thousand readers: how much is delivered, whole and in order, and what a message costs.
import { fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { openLoop } from '../generator/drive.ts'
import { orderRows } from '../generator/order-rows.ts'
import { usages } from '../generator/process-probe.ts'
import { SequenceCheck } from '../generator/sequence-check.ts'
import { type Findings, orderFaults, phase, type Session } from '../generator/session.ts'
import { ask } from '../generator/sign-in.ts'
import { WireClient } from '../generator/wire-client.ts'
import { bodiesOf } from './saturate.ts'

const READERS = 1_000
/** One reader in so many is checked message by message, the others by their number of messages. */
const CHECKED_EACH = 20
const MARKETS = 10
const PUBLISHERS = 2
const QUIET_MS = 1_500
const PLAIN_TICKS = 10
const AT_ONCE = 50

export async function fanOut(session: Session): Promise<Findings> {
  const { client, settings, target } = session
  const { rate, seconds } = settings
  const plainUs = await plainCost()
  const { items } = await client.markets()
  const markets = items.slice(0, MARKETS).map(({ id }) => id)
  const publishers = await Promise.all(
    Array.from({ length: PUBLISHERS }, () => WireClient.open(target.url, 250)),
  )
  const count = Math.ceil(rate * seconds)
  const bodies = await mixedBodies(session, markets, 2 * count)
  const gateway = target.processes().filter(({ name }) => name === 'gateway')
  const cpuS = () => usages(gateway).get('gateway')?.cpuS ?? 0

  const readers = await openReaders(target.url, markets)
  const rows = orderRows('order.place', bodies.slice(0, count), PUBLISHERS)
  const total = () => readers.reduce((sum, { messages }) => sum + messages, 0)
  for (const reader of readers) reader.start()
  const startMs = performance.now()
  const heard = await measured(cpuS, () =>
    phase(
      session,
      'fan-out',
      async () => {
        const published = await openLoop(publishers, rows, { rate, seconds })
        await untilQuiet(total)
        return published
      },
      total,
    ),
  )
  const run = heard.result
  const took = (performance.now() - startMs - QUIET_MS) / 1_000
  for (const { wire } of readers) wire.close()
  // The same orders without a reader: what they cost by themselves is not the cost of telling a thousand of them.
  const unheard = orderRows('order.place', bodies.slice(count, 2 * count), PUBLISHERS)
  const alone = await measured(cpuS, () =>
    phase(session, 'orders alone', (watch) => openLoop(publishers, unheard, { rate }, watch)),
  )
  const ordersUs = (alone.cpuS * 1e6) / Math.max(1, alone.result.outcomes.answered)
  const gatewayUs = (heard.cpuS * 1e6 - ordersUs * run.outcomes.answered) / total()
  const withOrdersUs = (heard.cpuS * 1e6) / total()
  for (const wire of publishers) wire.close()

  const most = Math.max(...readers.map(({ messages }) => messages))
  const behind = readers.filter(({ messages }) => messages < most).length
  const gaps = readers.reduce((sum, { gaps: found }) => sum + found, 0)
  const cut = readers.filter(({ wire, messages }) => wire.closed !== undefined && messages < most)
  const figures = {
    ordersPerSecond: Math.round(run.perSecond),
    p50Ms: run.latency.at(50),
    p99Ms: run.latency.at(99),
    errors: run.outcomes.errors,
    lost: run.outcomes.lost + gaps,
    messagesPerSecond: Math.round(total() / took),
    messagesAReader: most,
    readers: readers.length,
    readersBehind: behind,
    gatewayUsAMessage: Number(gatewayUs.toFixed(3)),
    gatewayUsAMessageWithOrders: Number(withOrdersUs.toFixed(3)),
    gatewayUsAnOrderAlone: Number(ordersUs.toFixed(1)),
    plainWsSendUs: Number(plainUs.toFixed(3)),
  }
  return {
    figures,
    ratios: { plainWsSendToGateway: plainUs / gatewayUs },
    summary: [
      `${figures.messagesPerSecond} messages/s delivered to ${READERS} readers of ${markets.length} books, ${figures.ordersPerSecond} orders/s behind them; a message cost the gateway ${figures.gatewayUsAMessage} µs of CPU beyond what the same orders cost it without readers (${figures.gatewayUsAMessageWithOrders} µs with them); plain ws.send beside it ${figures.plainWsSendUs} µs, ${(plainUs / gatewayUs).toFixed(1)} times as much.`,
    ],
    faults: [
      ...orderFaults(
        run.outcomes,
        rows.map(({ ids }) => ids),
      ),
      ...(gaps === 0 ? [] : [`${gaps} gaps in the streams of checked readers`]),
      ...(behind === 0 ? [] : [`${behind} readers got fewer messages than the others`]),
      ...(cut.length === 0 ? [] : [`${cut.length} readers were cut off: ${cut[0]?.wire.closed}`]),
    ],
  }
}

/** Runs something and answers how much CPU it took. */
async function measured<T>(
  cpuS: () => number,
  work: () => Promise<T>,
): Promise<{ result: T; cpuS: number }> {
  const before = cpuS()
  const result = await work()
  return { result, cpuS: cpuS() - before }
}

class Reader {
  readonly wire: WireClient
  readonly #check: SequenceCheck | undefined
  messages = 0

  constructor(wire: WireClient, checked: boolean) {
    this.wire = wire
    this.#check = checked ? new SequenceCheck() : undefined
  }

  get gaps(): number {
    return this.#check?.gaps ?? 0
  }

  start(): void {
    const check = this.#check
    this.wire.onText = (bytes, start, end) => {
      this.messages += 1
      check?.take(bytes, start, end)
    }
  }
}

async function openReaders(url: string, markets: readonly string[]): Promise<Reader[]> {
  const open = async (i: number) => {
    // From several addresses: each may open a hundred connections.
    const wire = await WireClient.open(url, 1 + Math.floor(i / 80))
    await ask(
      wire,
      markets.map((market) => `"op":"subscribe","channel":"book","market":"${market}"}`),
    )
    return new Reader(wire, i % CHECKED_EACH === 0)
  }
  const readers: Reader[] = []
  while (readers.length < READERS) {
    const from = readers.length
    const some = Array.from({ length: AT_ONCE }, (_, i) => open(from + i))
    readers.push(...(await Promise.all(some)))
  }
  return readers
}

/** Orders of all markets in turn. */
async function mixedBodies(
  session: Session,
  markets: readonly string[],
  count: number,
): Promise<string[]> {
  const each = Math.ceil(count / markets.length)
  const lists: string[][] = []
  for (const market of markets)
    lists.push(await bodiesOf(session, { market, count: each, fillPercent: 0 }))
  return Array.from({ length: each }, (_, i) => lists.map((list) => list[i]!)).flat()
}

async function untilQuiet(count: () => number): Promise<void> {
  for (let last = -1; last !== count(); ) {
    last = count()
    await sleep(QUIET_MS)
  }
}

/** Microseconds of CPU of one message by `ws.send`, measured in a process of its own. */
async function plainCost(): Promise<number> {
  const script = fileURLToPath(new URL('../generator/plain-fanout.ts', import.meta.url))
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const child = fork(script, [String(READERS), String(PLAIN_TICKS)], {
    execArgv: ['--conditions=@plumb/source', '--import', tsx],
  })
  const heard: { port?: number; microseconds?: number } = {}
  child.on('message', (message) => Object.assign(heard, message))
  while (heard.port === undefined) await sleep(20)
  const url = `http://127.0.0.1:${heard.port}`
  const wires = await Promise.all(Array.from({ length: READERS }, () => WireClient.open(url)))
  while (heard.microseconds === undefined) await sleep(20)
  for (const wire of wires) wire.close()
  return heard.microseconds
}
