//! Signed orders as fast as they are answered; then at a fixed rate, for the latency.
import { setTimeout as sleep } from 'node:timers/promises'
import { bareVerifications } from '../generator/bare-verify.ts'
import { startDiskProbe } from '../generator/disk-probe.ts'
import { closedLoop, openLoop, type Run } from '../generator/drive.ts'
import { makeOrders } from '../generator/order-bodies.ts'
import type { OrderRow } from '../generator/order-rows.ts'
import { cpuRatios, type Findings, orderFaults, phase, type Session } from '../generator/session.ts'
import { signIn } from '../generator/sign-in.ts'
import { cutAfterOrders, flowRows, RESTING_MAX, steadyFlow } from '../generator/steady-flow.ts'
import { WireClient } from '../generator/wire-client.ts'
import { stageCharts, stageLines, stageRows } from '../stages/stage-report.ts'

const WARM_SHARE = 0.1
const LEDGER_MS_MAX = 300_000
const LEDGER_AT_ONCE_MS = 500

export async function saturate(session: Session): Promise<Findings> {
  const { accounts, settings, target } = session
  const { connections, inFlight, rate, seconds, orders } = settings
  const verifyPerSecond = await bareVerifications()
  const steadyOrders = Math.min(orders, Math.ceil(rate * seconds))
  const messages = await steadyFlow(session, orders + steadyOrders)
  const clients = await Promise.all(
    Array.from({ length: connections }, (_, i) => WireClient.open(target.url, i + 1)),
  )
  await signIn(
    clients,
    clients.map((_, row) => accounts.filter((__, number) => number % connections === row)),
  )
  const warmCount = Math.floor(orders * WARM_SHARE)
  const [warm, afterWarm] = cutAfterOrders(messages, warmCount)
  const [most, last] = cutAfterOrders(afterWarm, orders - warmCount)
  const rows = { warm: flowRows(warm, connections), full: flowRows(most, connections) }
  const started = await phase(session, 'warm-up', (watch) =>
    closedLoop(clients, rows.warm, { inFlight }, watch),
  )
  const full = await phase(session, 'saturated', (watch) =>
    closedLoop(clients, rows.full, { inFlight }, watch),
  )
  const steadyRows = flowRows(last, connections)
  const probe = startDiskProbe()
  const before = await target.metrics()
  const even = await phase(session, 'steady', (watch) =>
    openLoop(clients, steadyRows, { rate }, watch),
  )
  const stages = stageRows(before, await target.metrics(), even)
  await probe.stop()
  for (const one of clients) one.close()

  const followed = await whatFollowed(session)
  const disk = probe.latency
  const runs = [started, full, even]
  const sum = (of: (run: Run) => number) => runs.reduce((total, run) => total + of(run), 0)
  const faults = [
    ...orderFaults(started.outcomes, idsOf(rows.warm)),
    ...orderFaults(full.outcomes, idsOf(rows.full)),
    ...orderFaults(even.outcomes, idsOf(steadyRows)),
  ]
  const figures = {
    ordersPerSecond: Math.round(full.perSecond),
    p50Ms: even.latency.at(50),
    p99Ms: even.latency.at(99),
    errors: sum(({ outcomes }) => outcomes.errors),
    lost: sum(({ outcomes }) => outcomes.lost),
    steadyPerSecond: Math.round(even.perSecond),
    p999Ms: even.latency.at(99.9),
    saturatedP50Ms: full.latency.at(50),
    saturatedP99Ms: full.latency.at(99),
    fdatasyncP50Ms: disk.at(50),
    fdatasyncP99Ms: disk.at(99),
    bareVerificationsPerSecond: Math.round(verifyPerSecond),
    orders: sum(({ accepted }) => accepted),
    sweeps: messages.filter(({ op }) => op === 'order.cancelAll').length,
    uniqueSeqs: sum(({ outcomes }) => outcomes.uniqueSeqs().unique),
    filled: sum(({ outcomes }) => outcomes.filled),
    fillPercent: (100 * full.outcomes.filled) / Math.max(1, full.accepted),
    fillsPerSecond: Math.round(full.outcomes.filled / full.seconds),
    accounts: accounts.length,
    ...followed,
  }
  const ratios = cpuRatios(session, 'saturated', verifyPerSecond)
  return {
    figures: { ...figures, ...wallRatios(figures, verifyPerSecond) },
    ratios,
    summary: [
      `${figures.ordersPerSecond} signed orders/s saturated over ${connections} WebSocket connections with ${inFlight} in flight on each, ${figures.accounts} accounts, ${figures.uniqueSeqs} unique sequence numbers; ${figures.fillPercent.toFixed(2)} % filled at once (${figures.fillsPerSecond} fills/s); each account canceled all it had after ${RESTING_MAX} orders, ${figures.sweeps} times in all.`,
      `A bare signature check is ${percent(ratios['verificationToGatewayCpu'])} of the gateway's CPU for an order and ${percent(ratios['verificationToAllCpu'])} of all processes'.`,
      `At ${figures.steadyPerSecond}/s: p50 ${figures.p50Ms} ms, p99 ${figures.p99Ms} ms, counted from the moment an order was due; fdatasync beside it p50 ${figures.fdatasyncP50Ms} ms, p99 ${figures.fdatasyncP99Ms} ms.`,
      ...stageLines(stages),
    ],
    faults,
    charts: stageCharts(stages),
  }
}

/** These also tell how busy the machine was: shown, not compared. */
function wallRatios(
  figures: Record<
    'ordersPerSecond' | 'p50Ms' | 'p99Ms' | 'fdatasyncP50Ms' | 'fdatasyncP99Ms',
    number
  >,
  verifyPerSecond: number,
): Record<string, number> {
  return {
    ordersToBareVerification: figures.ordersPerSecond / verifyPerSecond,
    p50ToFdatasyncP50: figures.p50Ms / Math.max(0.001, figures.fdatasyncP50Ms),
    p99ToFdatasyncP99: figures.p99Ms / Math.max(0.001, figures.fdatasyncP99Ms),
  }
}

function percent(ratio: number | undefined): string {
  return ratio === undefined ? 'an unknown share' : `${(100 * ratio).toFixed(0)} %`
}

function idsOf(rows: readonly OrderRow[]): number[][] {
  return rows.map(({ ids }) => ids)
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
