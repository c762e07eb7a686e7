//! The named invariants of reliability.md 2, asserted through the engine's public reads.
import type { Engine } from '../engine.ts'
import type { OrderView } from '../engine-reads.ts'

function must(holds: boolean, name: string, detail: unknown): void {
  if (!holds) throw new Error(`invariant ${name}: ${JSON.stringify(detail)}`)
}

/** E1, E3, E6, E8, E9 (queue order), lanes and open-order counts. Throws on the first that does not hold. */
export function checkInvariants(engine: Engine): void {
  const totals = engine.totals()
  const lots = new Map<number, { sum: number; long: number }>()
  const open = new Map<number, OrderView[]>()
  for (const market of engine.markets()) {
    lots.set(market.market, { sum: 0, long: 0 })
    const bids = [...engine.book(market.market, 0)]
    const asks = [...engine.book(market.market, 1)]
    const bid = bids[0]?.priceTicks ?? 0
    const ask = asks[0]?.priceTicks ?? 0
    must(bid === market.bestBidTicks && ask === market.bestAskTicks, 'E9 best-price', market)
    must(bid === 0 || ask === 0 || bid < ask, 'E8 uncrossed', { bid, ask })
    checkSide(bids, 1)
    checkSide(asks, -1)
    for (const order of [...bids, ...asks])
      open.set(order.accountId, [...(open.get(order.accountId) ?? []), order])
  }
  let cash = 0
  for (let id = 1; id <= totals.accounts; id++) {
    const account = engine.account(id)
    must(account !== undefined, 'account-exists', id)
    cash += account?.cashQuote ?? 0
    for (const { market, lots: held } of account?.positions ?? []) {
      const sum = lots.get(market) ?? { sum: 0, long: 0 }
      lots.set(market, { sum: sum.sum + held, long: sum.long + Math.max(0, held) })
    }
    checkOrders(engine, id, account?.openOrders ?? 0, open.get(id) ?? [])
  }
  for (const [market, { sum, long }] of lots) {
    must(sum === 0, 'E1 size-zero', { market, sum })
    must(long === engine.market(market)?.openInterestLots, 'E1 open-interest', { market, long })
  }
  const { feesQuote, fundingPoolsQuote, pendingWithdrawalsQuote, depositsQuote, paidQuote } = totals
  const held = cash + feesQuote + fundingPoolsQuote + pendingWithdrawalsQuote
  must(held === depositsQuote - paidQuote, 'E3 cash-conserved', totals)
}

function checkSide(orders: readonly OrderView[], sign: 1 | -1): void {
  for (const [i, order] of orders.entries()) {
    must(order.remainingLots > 0 && order.remainingLots <= order.sizeLots, 'E6 filled', order)
    const next = orders[i + 1]
    if (next !== undefined)
      must((order.priceTicks - next.priceTicks) * sign >= 0, 'E8 priority', { order, next })
  }
}

function checkOrders(
  engine: Engine,
  accountId: number,
  counted: number,
  open: readonly OrderView[],
): void {
  const listed = engine.openOrders(accountId)
  must(listed.length === open.length && counted === open.length, 'orders-listed', accountId)
  const lanes = new Map(engine.lanes(accountId).map((lane) => [lane.lane, lane]))
  for (const order of open) {
    const lane = lanes.get(order.lane)
    must(lane?.orderId === order.orderId && lane.seq === order.laneSeq, 'lane-of-order', order)
    must(engine.order(order.orderId)?.orderId === order.orderId, 'order-by-id', order)
  }
  const live = [...lanes.values()].filter((lane) => lane.orderId !== 0)
  must(live.length === open.length, 'lanes-live', accountId)
}
