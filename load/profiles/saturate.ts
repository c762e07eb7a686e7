//! Signed orders as fast as they are answered; then at a fixed rate, for the latency.
import { setTimeout as sleep } from 'node:timers/promises'
import { bareVerifications } from '../generator/bare-verify.ts'
import { startDiskProbe } from '../generator/disk-probe.ts'
import { closedLoop, openLoop } from '../generator/drive.ts'
import { makeOrders } from '../generator/order-bodies.ts'
import { orderRows } from '../generator/order-rows.ts'
import { type Findings, orderFaults, phase, type Session } from '../generator/session.ts'
import { WireClient } from '../generator/wire-client.ts'

const WARM_SHARE = 0.1
const LEDGER_MS_MAX = 300_000
const LEDGER_AT_ONCE_MS = 500

export async function saturate(session: Session): Promise<Findings> {
  const { accounts, settings, target } = session
  const { market, connections, inFlight, rate, seconds, fillPercent, orders } = settings
  const verifyPerSecond = await bareVerifications()
  const steadyOrders = Math.min(orders, Math.ceil(rate * seconds))
  const plan = { market, fillPercent }
  const bodies = await bodiesOf(session, { ...plan, count: orders + steadyOrders })
  const clients = await Promise.all(
    Array.from({ length: connections }, (_, i) => WireClient.open(target.url, i + 1)),
  )
  const warmCount = Math.floor(orders * WARM_SHARE)
  const warm = orderRows('order.place', bodies.splice(0, warmCount), connections)
  await phase(session, 'warm-up', (watch) => closedLoop(clients, warm, { inFlight }, watch))
  const full = orderRows('order.place', bodies.splice(0, orders - warmCount), connections)
  const most = await phase(session, 'saturated', (watch) =>
    closedLoop(clients, full, { inFlight }, watch),
  )
  const steady = orderRows('order.place', bodies, connections)
  const probe = startDiskProbe()
  const even = await phase(session, 'steady', (watch) => openLoop(clients, steady, { rate }, watch))
  await probe.stop()
  for (const one of clients) one.close()

  const followed = await whatFollowed(session)
  const disk = probe.latency
  const { unique } = most.outcomes.uniqueSeqs()
  const faults = [
    ...orderFaults(
      most.outcomes,
      full.map(({ ids }) => ids),
    ),
    ...orderFaults(
      even.outcomes,
      steady.map(({ ids }) => ids),
    ),
  ]
  const figures = {
    ordersPerSecond: Math.round(most.perSecond),
    p50Ms: even.latency.at(50),
    p99Ms: even.latency.at(99),
    errors: most.outcomes.errors + even.outcomes.errors,
    lost: most.outcomes.lost + even.outcomes.lost,
    steadyPerSecond: Math.round(even.perSecond),
    p999Ms: even.latency.at(99.9),
    saturatedP50Ms: most.latency.at(50),
    saturatedP99Ms: most.latency.at(99),
    fdatasyncP50Ms: disk.at(50),
    fdatasyncP99Ms: disk.at(99),
    bareVerificationsPerSecond: Math.round(verifyPerSecond),
    orders: most.outcomes.answered + even.outcomes.answered,
    uniqueSeqs: unique + even.outcomes.uniqueSeqs().unique,
    filled: most.outcomes.filled + even.outcomes.filled,
    accounts: accounts.length,
    ...followed,
  }
  return {
    figures,
    ratios: {
      ordersToBareVerification: figures.ordersPerSecond / verifyPerSecond,
      p50ToFdatasyncP50: figures.p50Ms / Math.max(0.001, figures.fdatasyncP50Ms),
      p99ToFdatasyncP99: figures.p99Ms / Math.max(0.001, figures.fdatasyncP99Ms),
    },
    summary: [
      `${figures.ordersPerSecond} signed orders/s saturated over ${connections} WebSocket connections with ${inFlight} in flight on each, ${figures.accounts} accounts, ${figures.uniqueSeqs} unique sequence numbers, ${figures.filled} filled at once.`,
      `At ${figures.steadyPerSecond}/s: p50 ${figures.p50Ms} ms, p99 ${figures.p99Ms} ms, counted from the moment an order was due; fdatasync beside it p50 ${figures.fdatasyncP50Ms} ms, p99 ${figures.fdatasyncP99Ms} ms.`,
    ],
    faults,
  }
}

/** Signed orders as JSON without the leading `{`. */
export async function bodiesOf(
  { client, accounts }: Session,
  plan: Parameters<typeof makeOrders>[2],
): Promise<string[]> {
  const orders = await makeOrders(client, accounts, plan)
  return orders.map((order) => JSON.stringify(order).slice(1))
}

/**
 * How far behind the followers are when the last answer has come: seconds until the ledger has posted everything, and
 * what the chain has not settled. Nothing where there are none.
 */
async function whatFollowed({
  client,
  target,
  accounts,
}: Session): Promise<Record<string, number>> {
  if (target.kind !== 'devnet') return {}
  const { unsettledFills, settlementLagMs } = await client.status()
  const startMs = performance.now()
  const [first] = accounts
  // The gateway holds a statement back while the ledger is behind: one that comes at once is complete.
  for (let askedMs = 0; performance.now() - startMs < LEDGER_MS_MAX; ) {
    askedMs = performance.now()
    const isThere = await first!.trader.read.ledger({ limit: 1 }).then(
      () => true,
      () => sleep(LEDGER_AT_ONCE_MS, false),
    )
    if (isThere && performance.now() - askedMs < LEDGER_AT_ONCE_MS) break
  }
  return {
    ledgerBehindS: Number(((performance.now() - startMs) / 1_000).toFixed(2)),
    unsettledFills,
    settlementLagMs,
  }
}
