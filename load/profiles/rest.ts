//! REST by autocannon: reads, single orders, batches of twenty; beside a bare node:http that answers the same bytes.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import type { BodyPlan } from '../generator/order-bodies.ts'
import { cpuEach, type Findings, phase, type Session } from '../generator/session.ts'
import { bodiesOf } from './saturate.ts'

const CONNECTIONS = 10
/** Of batches: enough that the exchange, and not the round trip, is what limits. */
const BATCH_CONNECTIONS = 32
const BATCH = 20

type Shot = { perSecond: number; p50Ms: number; p99Ms: number; refused: number; wrong: number }

export async function rest(session: Session): Promise<Findings> {
  const { settings, target } = session
  const { market, seconds, orders } = settings
  const reads = {
    time: '/v1/time',
    book: `/v1/markets/${market}/book?depth=20`,
    tickers: '/v1/tickers',
    trades: `/v1/markets/${market}/trades?limit=100`,
  }
  const bare = await bareHttp(session, seconds)
  const figures: Record<string, number> = {}
  for (const [name, path] of Object.entries(reads)) {
    const shot = await shoot(session, name, { url: `${target.url}${path}` }, seconds)
    figures[`${name}PerSecond`] = Math.round(shot.perSecond)
    figures[`${name}P99Ms`] = shot.p99Ms
    figures['refused'] = (figures['refused'] ?? 0) + shot.refused
  }
  const plan: BodyPlan = { market, count: Math.floor(orders / 4), fillPercent: 0 }
  const singles = (await bodiesOf(session, plan)).map((body) => `{${body}`)
  const single = await post(session, 'orders', '/v1/orders', singles, seconds)
  const many = (await bodiesOf(session, { ...plan, count: orders })).map((body) => `{${body}`)
  const batches = Array.from(
    { length: Math.floor(many.length / BATCH) },
    (_, i) => `{"orders":[${many.slice(i * BATCH, (i + 1) * BATCH).join(',')}]}`,
  )
  const batch = await post(session, 'batches', '/v1/orders/batch', batches, seconds)
  Object.assign(figures, {
    ordersPerSecond: Math.round(batch.perSecond * BATCH),
    p50Ms: batch.p50Ms,
    p99Ms: batch.p99Ms,
    errors: single.wrong + batch.wrong,
    lost: 0,
    batchOrdersPerSecond: Math.round(batch.perSecond * BATCH),
    singleOrdersPerSecond: Math.round(single.perSecond),
    singleP99Ms: single.p99Ms,
    bareHttpPerSecond: Math.round(bare.perSecond),
    gatewayUsABatchedOrder: cpuOf(session, 'batches') / BATCH,
    gatewayUsASingleOrder: cpuOf(session, 'orders'),
    timeToBareHttp: figures['timePerSecond']! / bare.perSecond,
    singleToBareHttp: single.perSecond / bare.perSecond,
    batchedOrderToSingle: (batch.perSecond * BATCH) / single.perSecond,
  })
  const wrong = single.wrong + batch.wrong + single.refused + batch.refused
  return {
    figures,
    ratios: { batchedToSingleCpu: cpuOf(session, 'orders') / (cpuOf(session, 'batches') / BATCH) },
    summary: [
      `REST over ${CONNECTIONS} keep-alive connections: ${figures['batchOrdersPerSecond']} orders/s in batches of ${BATCH}, ${figures['singleOrdersPerSecond']}/s one by one; reads ${Object.keys(
        reads,
      )
        .map((name) => `${name} ${figures[`${name}PerSecond`]}/s`)
        .join(', ')}; bare node:http ${figures['bareHttpPerSecond']}/s.`,
      ...(figures['refused'] === 0
        ? []
        : [
            `${figures['refused']} reads were refused: the rate limit of one address. An exchange started for the test has none.`,
          ]),
    ],
    faults: wrong === 0 ? [] : [`${wrong} orders or batches were not accepted`],
  }
}

/** CPU µs of the gateway for an operation of a phase. */
function cpuOf({ phases }: Session, name: string): number {
  const found = phases.find((one) => one.name === name)
  return found === undefined ? Number.NaN : (cpuEach(found)['gateway'] ?? Number.NaN)
}

/** The same answer from node:http alone: what the platform costs. */
async function bareHttp(session: Session, seconds: number): Promise<Shot> {
  const child = fork(fileURLToPath(new URL('../generator/plain-http.mjs', import.meta.url)))
  const port = await new Promise((resolve) => child.once('message', resolve))
  const shot = await shoot(
    session,
    'node:http',
    { url: `http://127.0.0.1:${String(port)}` },
    seconds,
  )
  child.disconnect()
  return shot
}

/** Posts every body once. */
async function post(
  session: Session,
  name: string,
  path: string,
  bodies: readonly string[],
  seconds: number,
): Promise<Shot> {
  let next = 0
  let wrong = 0
  const headers = { 'content-type': 'application/json' }
  const requests = [
    {
      method: 'POST' as const,
      path,
      headers,
      setupRequest: (request: autocannon.Request) => ({
        ...request,
        body: bodies[next++ % bodies.length]!,
      }),
      onResponse: (status: number, body: string) => {
        if (status !== 200 || body.includes('"error"')) wrong += 1
      },
    },
  ]
  const options = {
    url: session.target.url,
    requests,
    amount: bodies.length,
    ...(name === 'batches' ? { connections: BATCH_CONNECTIONS } : {}),
  }
  const shot = await shoot(session, name, options, seconds)
  return { ...shot, wrong }
}

async function shoot(
  session: Session,
  name: string,
  options: autocannon.Options,
  seconds: number,
): Promise<Shot> {
  let answered = 0
  return await phase(
    session,
    name,
    async () => {
      const startMs = performance.now()
      const length = options.amount === undefined ? { duration: seconds } : {}
      const { latency, non2xx, errors } = await new Promise<autocannon.Result>(
        (resolve, reject) => {
          const all = { connections: CONNECTIONS, ...length, ...options }
          const running = autocannon(all, (error: unknown, result) => {
            if (error instanceof Error) reject(error)
            else resolve(result)
          })
          running.on('response', () => {
            answered += 1
          })
        },
      )
      const took = (performance.now() - startMs) / 1_000
      return {
        perSecond: answered / took,
        p50Ms: latency.p50,
        p99Ms: latency.p99,
        refused: non2xx + errors,
        wrong: 0,
      }
    },
    () => answered,
  )
}
