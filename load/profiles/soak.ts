//! Hours of ordinary trading in minutes: orders come and go, and memory must stay where it is.
import { setTimeout as sleep } from 'node:timers/promises'
import { textFrame } from '../generator/frames.ts'
import { Latency } from '../generator/latency.ts'
import { chunks, type LoadAccount } from '../generator/load-accounts.ts'
import { makeOrders } from '../generator/order-bodies.ts'
import { Outcomes } from '../generator/outcomes.ts'
import { type Findings, orderFaults, phase, type Session } from '../generator/session.ts'
import { signIn } from '../generator/sign-in.ts'
import { WireClient } from '../generator/wire-client.ts'
import { judgedMemory, memoryCharts, sentenceOf, writeMemory } from '../memory/memory-report.ts'

const ACCOUNTS_A_CONNECTION = 48
/** Orders are signed in rounds of so many milliseconds' worth. */
const ROUND_MS = 1_000
/** A shorter run says nothing about growth by the hour. */
const JUDGED_FROM_S = 300

export async function soak(session: Session): Promise<Findings> {
  const { accounts, settings, target } = session
  const { rate, seconds } = settings
  const groups = [...chunks(accounts, ACCOUNTS_A_CONNECTION)]
  const wires = await Promise.all(groups.map((_, i) => WireClient.open(target.url, i + 1)))
  await signIn(wires, groups)
  const wireOf = new Map(
    groups.flatMap((group, i) => group.map((one) => [one, wires[i]!] as const)),
  )
  const latency = new Latency()
  const outcomes = new Outcomes(Math.ceil(rate * seconds) * 2 + rate)
  await phase(session, 'soak', async (watch) => {
    watch({ outcomes, latency })
    await trade(session, wireOf, outcomes, latency)
  })
  for (const wire of wires) wire.close()
  const memory = judgedMemory(session.phases.at(-1)?.samples ?? [])
  writeMemory('soak', memory)
  const judged = memory.filter(({ isJudged }) => isJudged)
  // An order of ours that takes fills one of ours that rests, and that one cannot be canceled any more.
  const gone = Math.min(outcomes.codes.get('ORDER_NOT_FOUND') ?? 0, outcomes.filled)
  outcomes.errors -= gone
  if (outcomes.codes.get('ORDER_NOT_FOUND') === gone) outcomes.codes.delete('ORDER_NOT_FOUND')
  const grows = seconds < JUDGED_FROM_S ? [] : judged.filter((one) => one.grows)
  const figures = {
    ordersPerSecond: Math.round(outcomes.answered / seconds),
    p50Ms: latency.at(50),
    p99Ms: latency.at(99),
    errors: outcomes.errors,
    lost: outcomes.lost,
    seconds,
    requests: outcomes.answered,
    filled: outcomes.filled,
    filledBeforeCancel: gone,
    ...Object.fromEntries(
      memory.map(({ name, slope }) => [`${name}MibAnHour`, Number(slope.toFixed(1))]),
    ),
  }
  return {
    figures,
    ratios: {},
    summary: [
      `${figures.requests} requests in ${seconds} s, half of them orders and half cancels: p50 ${figures.p50Ms} ms, p99 ${figures.p99Ms} ms.`,
      judged.length === 0
        ? 'Memory was not judged: it is read from /proc, of processes of this machine under Linux.'
        : 'Memory of its own by process, least in the windows after the first third:',
      ...memory.map(sentenceOf),
    ],
    faults: [
      ...orderFaults(outcomes, []),
      ...grows.map(({ name, slope }) => `${name} grows by ${slope.toFixed(0)} MiB an hour`),
    ],
    charts: memoryCharts(memory),
  }
}

/**
 * Orders are placed evenly, and canceled in their order once they have stood for a second. One whose answer has not come
 * by then is canceled when it has: an exchange that is slow for a while keeps its lane so long.
 */
async function trade(
  { client, accounts, settings }: Session,
  wireOf: ReadonlyMap<LoadAccount, WireClient>,
  outcomes: Outcomes,
  latency: Latency,
): Promise<void> {
  const { market, rate, seconds, fillPercent } = settings
  const dueMs = new Map<number, number>()
  for (const wire of new Set(wireOf.values()))
    wire.onText = (bytes, start, end) => {
      const id = outcomes.take(bytes, start, end)
      const due = dueMs.get(id)
      if (due === undefined) return
      dueMs.delete(id)
      latency.record(performance.now() - due)
    }
  let nextId = 0
  const standing: { account: LoadAccount; id: number; lane: number }[] = []
  const startMs = performance.now()
  for (let round = 0; round < seconds; round++) {
    const orders = await makeOrders(client, accounts, { market, count: rate, fillPercent })
    for (let i = 0; i < rate; i++) {
      const due = startMs + round * ROUND_MS + (i * ROUND_MS) / rate
      if (due > performance.now()) await sleep(due - performance.now())
      const account = accounts[i % accounts.length]!
      const order = orders[i]!
      const wire = wireOf.get(account)!
      const id = nextId++
      dueMs.set(id, due)
      outcomes.sent += 1
      const text = `{"op":"order.place","id":${id},${JSON.stringify(order).slice(1)}`
      wire.send(textFrame(text))
      standing.push({ account, id, lane: order.lane })
      const [old] = standing
      if (old === undefined || standing.length <= rate || dueMs.has(old.id)) continue
      standing.shift()
      const oldId = outcomes.orderIds[old.id]!
      // One that was filled at once is gone already.
      if (oldId > 0 && !outcomes.wasFilled(old.id)) {
        const cancelId = nextId++
        dueMs.set(cancelId, due)
        outcomes.sent += 1
        wireOf
          .get(old.account)!
          .send(
            textFrame(
              `{"op":"order.cancel","id":${cancelId},"account":"${old.account.signer.address}","subaccount":0,"orderId":"${oldId}"}`,
            ),
          )
      }
      old.account.lanes.release(old.lane)
    }
  }
  const deadlineMs = performance.now() + 30_000
  while (outcomes.lost > 0 && performance.now() < deadlineMs) await sleep(20)
}
