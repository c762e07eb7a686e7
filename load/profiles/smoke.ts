//! A minute of everything, a little: whether the tools and the exchange are fit for the real loads.
import { closedLoop } from '../generator/drive.ts'
import { orderRows } from '../generator/order-rows.ts'
import { SequenceCheck } from '../generator/sequence-check.ts'
import { type Findings, orderFaults, phase, type Session } from '../generator/session.ts'
import { ask } from '../generator/sign-in.ts'
import { WireClient } from '../generator/wire-client.ts'
import { bodiesOf } from './saturate.ts'

const ORDERS = 2_000
const CONNECTIONS = 2
const IN_FLIGHT = 32

export async function smoke(session: Session): Promise<Findings> {
  const { client, accounts, settings, target } = session
  const { market } = settings
  const reader = await WireClient.open(target.url)
  const check = new SequenceCheck()
  let events = 0
  await ask(reader, [`"op":"subscribe","channel":"book","market":"${market}"}`])
  reader.onText = (bytes, start, end) => {
    events += 1
    check.take(bytes, start, end)
  }
  const bodies = await bodiesOf(session, { market, count: ORDERS, fillPercent: 1 })
  const rows = orderRows('order.place', bodies, CONNECTIONS)
  const wires = await Promise.all(rows.map(() => WireClient.open(target.url)))
  const run = await phase(session, 'orders', (watch) =>
    closedLoop(wires, rows, { inFlight: IN_FLIGHT }, watch),
  )
  for (const wire of [...wires, reader]) wire.close()
  const first = accounts[0]!
  const open = await first.trader.read.orders({ status: 'open', limit: 1_000 })
  const { orders: canceled } = await first.trader.cancelAll()
  const { bids } = await client.book(market, 5)
  const figures = {
    ordersPerSecond: Math.round(run.perSecond),
    p50Ms: run.latency.at(50),
    p99Ms: run.latency.at(99),
    errors: run.outcomes.errors,
    lost: run.outcomes.lost,
    uniqueSeqs: run.outcomes.uniqueSeqs().unique,
    filled: run.outcomes.filled,
    bookEvents: events,
  }
  const faults = [
    ...orderFaults(
      run.outcomes,
      rows.map(({ ids }) => ids),
    ),
    ...(check.gaps === 0 ? [] : [`${check.gaps} gaps in the book stream`]),
    ...(events > 0 ? [] : ['no event of the book']),
    ...(canceled.length === open.items.length ? [] : ['cancel-all missed an order']),
    ...(bids.length > 0 ? [] : ['the book has no bids']),
  ]
  return {
    figures,
    ratios: {},
    summary: [
      `${ORDERS} signed orders over ${CONNECTIONS} connections: ${figures.ordersPerSecond}/s, ${figures.uniqueSeqs} unique sequence numbers, ${figures.bookEvents} book events, ${canceled.length} orders of one account canceled.`,
    ],
    faults,
  }
}
