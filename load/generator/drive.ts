//! Two ways to send: as fast as answers come back, and at a fixed rate whatever comes back.
import { setTimeout as sleep } from 'node:timers/promises'
import { Latency } from './latency.ts'
import type { OrderRow } from './order-rows.ts'
import { Outcomes } from './outcomes.ts'
import type { WireClient } from './wire-client.ts'

export type Run = {
  outcomes: Outcomes
  /** From the moment a request was due (open loop) or sent (closed loop). */
  latency: Latency
  seconds: number
  /** Accepted ones: what is refused is no throughput, and what stands aside is not counted. */
  accepted: number
  perSecond: number
}

const LAST_ANSWERS_MS = 30_000
const TICK_MS = 1

/** What is known while it runs, for the progress line and the samples. */
export type Watch = (run: { outcomes: Outcomes; latency: Latency }) => void

/**
 * Every connection keeps `inFlight` requests on their way, until all are answered or `seconds` are over.
 * Throughput counts from the first request to the last answer.
 */
export async function closedLoop(
  clients: readonly WireClient[],
  rows: readonly OrderRow[],
  { inFlight, seconds = Infinity }: { inFlight: number; seconds?: number },
  watch: Watch = () => {},
): Promise<Run> {
  const count = rows.reduce((sum, { ids }) => sum + ids.length, 0)
  const outcomes = new Outcomes(count, asideOf(rows))
  const latency = new Latency()
  const sentAtMs = new Float64Array(count)
  watch({ outcomes, latency })
  const startMs = performance.now()
  let lastMs = startMs
  const workers = clients.map(async (client, number) => {
    const row = rows[number]!
    let next = 0
    let open = 0
    const fill = () => {
      if (performance.now() - startMs > seconds * 1_000) next = row.ids.length
      const upTo = Math.min(row.ids.length, next + inFlight - open)
      // Not one by one: a write costs more than a message.
      if (upTo - next < Math.min(inFlight / 4, row.ids.length - next)) return
      const nowMs = performance.now()
      client.send(row.bytes.subarray(next === 0 ? 0 : row.ends[next - 1], row.ends[upTo - 1]))
      for (; next < upTo; next++, open++) sentAtMs[row.ids[next]!] = nowMs
    }
    if (row.ids.length === 0) return
    await new Promise<void>((resolve) => {
      client.onText = (bytes, start, end) => {
        const id = outcomes.take(bytes, start, end)
        if (id < 0) return
        lastMs = performance.now()
        if (!outcomes.isAside(id)) latency.record(lastMs - sentAtMs[id]!)
        open -= 1
        if (open === 0 && next >= row.ids.length) resolve()
        else fill()
      }
      client.socket.once('close', resolve)
      fill()
    })
  })
  await Promise.race([
    Promise.all(workers),
    sleep(Math.min(seconds, 3_600) * 1_000 + LAST_ANSWERS_MS),
  ])
  outcomes.sent = sentAtMs.reduce((sum, ms) => sum + (ms > 0 ? 1 : 0), 0)
  return runOf(outcomes, latency, (lastMs - startMs) / 1_000)
}

function asideOf(rows: readonly OrderRow[]): ReadonlySet<number> {
  return new Set(rows.flatMap(({ aside }) => (aside === undefined ? [] : [...aside])))
}

function runOf(outcomes: Outcomes, latency: Latency, seconds: number): Run {
  const { accepted } = outcomes
  return { outcomes, latency, seconds, accepted, perSecond: accepted / seconds }
}

/**
 * Requests leave when they are due, whether earlier ones were answered or not, and latency counts from then: a pause
 * of the exchange is felt by everything that was due meanwhile. `late` is how long after that they left.
 */
export async function openLoop(
  clients: readonly WireClient[],
  rows: readonly OrderRow[],
  { rate, seconds = Infinity }: { rate: number; seconds?: number },
  watch: Watch = () => {},
): Promise<Run & { late: Latency }> {
  const count = rows.reduce((sum, { ids }) => sum + ids.length, 0)
  const aside = asideOf(rows)
  // The rate is that of what is measured; the rest goes with it.
  const allRate = (rate * count) / Math.max(1, count - aside.size)
  const total = Math.min(count, Math.floor(allRate * seconds))
  const outcomes = new Outcomes(count, aside)
  const latency = new Latency()
  const late = new Latency()
  watch({ outcomes, latency })
  const startMs = performance.now()
  const dueMs = (id: number) => startMs + (id * 1_000) / allRate
  let lastMs = startMs
  for (const client of clients)
    client.onText = (bytes, start, end) => {
      const id = outcomes.take(bytes, start, end)
      if (id < 0) return
      lastMs = performance.now()
      // Ids are dealt out in time, so the id is also the request's place in it.
      if (!aside.has(id)) latency.record(lastMs - dueMs(id))
    }
  const next = rows.map(() => 0)
  while (outcomes.sent < total) {
    const due = Math.min(total, Math.floor(((performance.now() - startMs) * allRate) / 1_000))
    for (const [number, row] of rows.entries()) {
      const from = next[number]!
      let upTo = from
      while (upTo < row.ids.length && row.ids[upTo]! < due) upTo += 1
      if (upTo <= from) continue
      clients[number]!.send(
        row.bytes.subarray(from === 0 ? 0 : row.ends[from - 1], row.ends[upTo - 1]),
      )
      const nowMs = performance.now()
      for (let i = from; i < upTo; i++) late.record(nowMs - dueMs(row.ids[i]!))
      next[number] = upTo
      outcomes.sent += upTo - from
    }
    await sleep(TICK_MS)
  }
  const deadlineMs = performance.now() + LAST_ANSWERS_MS
  while (outcomes.lost > 0 && performance.now() < deadlineMs) await sleep(10)
  return { ...runOf(outcomes, latency, (lastMs - startMs) / 1_000), late }
}
