//! A storm of cancels: every resting order of every account, one by one, then a hundred to a message.
import { bareVerifications } from '../generator/bare-verify.ts'
import { closedLoop, type Run } from '../generator/drive.ts'
import { chunks, type LoadAccount } from '../generator/load-accounts.ts'
import { type OrderRow, orderRows } from '../generator/order-rows.ts'
import { cpuRatios, type Findings, orderFaults, phase, type Session } from '../generator/session.ts'
import { signIn } from '../generator/sign-in.ts'
import { WireClient } from '../generator/wire-client.ts'
import { bodiesOf } from './saturate.ts'

/** What one connection may be signed in for. */
const ACCOUNTS_A_CONNECTION = 48
const CANCELS_A_MESSAGE = 100

type Resting = { account: LoadAccount; orderIds: number[] }

export async function storm(session: Session): Promise<Findings> {
  const { accounts, settings, target } = session
  const { market, inFlight, orders } = settings
  const verifyPerSecond = await bareVerifications()
  const groups = [...chunks(accounts, ACCOUNTS_A_CONNECTION)]
  const clients = await Promise.all(groups.map((_, i) => WireClient.open(target.url, i + 1)))
  await signIn(clients, groups)

  const singles = await rest(session, clients, orders / 2)
  if (singles.faults.length > 0) return notPlaced(clients, singles.faults)
  const one = await phase(session, 'one by one', (watch) =>
    closedLoop(clients, oneByOne(singles.resting, groups), { inFlight }, watch),
  )
  const { resting: many, faults } = await rest(session, clients, orders / 2)
  if (faults.length > 0) return notPlaced(clients, faults)
  const rows = byHundred(many, groups)
  const batches = await phase(session, 'by hundred', (watch) =>
    closedLoop(clients, rows, { inFlight: 8 }, watch),
  )
  for (const client of clients) client.close()

  const canceled = many.reduce((sum, { orderIds }) => sum + orderIds.length, 0)
  const left = await openOrders(accounts)
  const figures = {
    ordersPerSecond: Math.round(canceled / batches.seconds),
    p50Ms: batches.latency.at(50),
    p99Ms: batches.latency.at(99),
    errors: one.outcomes.errors + batches.outcomes.errors,
    lost: one.outcomes.lost + batches.outcomes.lost,
    cancelsPerSecond: Math.round(canceled / batches.seconds),
    singleCancelsPerSecond: Math.round(one.perSecond),
    singleP50Ms: one.latency.at(50),
    singleP99Ms: one.latency.at(99),
    canceled: one.outcomes.answered + canceled,
    stillOpen: left,
    cancelsToBareVerification: canceled / batches.seconds / verifyPerSecond,
    singleCancelsToBareVerification: one.perSecond / verifyPerSecond,
  }
  return {
    figures,
    ratios: {
      ...prefixed('single', cpuRatios(session, 'one by one', verifyPerSecond)),
      ...prefixed('batched', cpuRatios(session, 'by hundred', verifyPerSecond, CANCELS_A_MESSAGE)),
    },
    summary: [
      `${figures.cancelsPerSecond} cancels/s, ${CANCELS_A_MESSAGE} to a message; ${figures.singleCancelsPerSecond}/s one to a message; ${market}, ${accounts.length} accounts.`,
    ],
    faults: [
      ...orderFaults(one.outcomes, []),
      ...orderFaults(batches.outcomes, []),
      ...(left === 0 ? [] : [`${left} orders are still open`]),
    ],
  }
}

/** Without orders on the book there is nothing to cancel. */
function notPlaced(clients: readonly WireClient[], faults: string[]): Findings {
  for (const client of clients) client.close()
  return { figures: {}, ratios: {}, summary: [], faults }
}

function prefixed(prefix: string, ratios: Record<string, number>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(ratios).map(([name, value]) => [
      `${prefix}${name.charAt(0).toUpperCase()}${name.slice(1)}`,
      value,
    ]),
  )
}

/** Places orders that rest and answers whose they are, and what went wrong. */
async function rest(
  session: Session,
  clients: readonly WireClient[],
  count: number,
): Promise<{ resting: Resting[]; faults: string[] }> {
  const { accounts, settings } = session
  const bodies = await bodiesOf(session, { market: settings.market, count, fillPercent: 0 })
  const rows = orderRows('order.place', bodies, clients.length)
  const placed: Run = await phase(session, 'placing', (watch) =>
    closedLoop(clients, rows, { inFlight: settings.inFlight }, watch),
  )
  const resting = accounts.map((account): Resting => ({ account, orderIds: [] }))
  for (const [i, orderId] of placed.outcomes.orderIds.entries())
    if (orderId > 0) resting[i % accounts.length]!.orderIds.push(orderId)
  for (const { account, orderIds } of resting) releaseLanes(account, orderIds.length)
  return { resting, faults: orderFaults(placed.outcomes, []) }
}

/** Lanes are free again once their orders are canceled; sequence numbers only rise. */
function releaseLanes({ lanes }: LoadAccount, count: number): void {
  for (let lane = 0; lane < count; lane++) lanes.release(lane)
}

function scope({ signer }: LoadAccount): string {
  return `"account":"${signer.address}","subaccount":0`
}

function oneByOne(resting: readonly Resting[], groups: readonly LoadAccount[][]): OrderRow[] {
  const bodies = dealt(resting, groups, (one) =>
    one.orderIds.map((id) => `${scope(one.account)},"orderId":"${id}"}`),
  )
  return rowsOf('order.cancel', bodies)
}

function byHundred(resting: readonly Resting[], groups: readonly LoadAccount[][]): OrderRow[] {
  const bodies = dealt(resting, groups, (one) =>
    [...chunks(one.orderIds, CANCELS_A_MESSAGE)].map((ids) => {
      const named = ids.map((id) => `{"orderId":"${id}"}`).join(',')
      return `${scope(one.account)},"orders":[${named}]}`
    }),
  )
  return rowsOf('order.cancelBatch', bodies)
}

/** The messages of each connection: those of the accounts that are signed in there. */
function dealt(
  resting: readonly Resting[],
  groups: readonly LoadAccount[][],
  bodiesFor: (one: Resting) => string[],
): string[][] {
  const byAccount = new Map(resting.map((one) => [one.account, one]))
  return groups.map((group) =>
    group.flatMap((account) => {
      const one = byAccount.get(account)
      return one === undefined ? [] : bodiesFor(one)
    }),
  )
}

/** Rows whose ids run on from one to the next. */
function rowsOf(op: string, bodies: readonly string[][]): OrderRow[] {
  let first = 0
  return bodies.map((row) => {
    const [made] = orderRows(op, row, 1, first)
    first += row.length
    return made!
  })
}

async function openOrders(accounts: readonly LoadAccount[]): Promise<number> {
  let open = 0
  for (const group of chunks(accounts, 16)) {
    const pages = await Promise.all(
      group.map(({ trader }) => trader.read.orders({ status: 'open', limit: 1_000 })),
    )
    open += pages.reduce((sum, { items }) => sum + items.length, 0)
  }
  return open
}
