//! The named invariants of reliability.md 2, asserted through the engine's public reads.
import { marketState, orderStyle } from '@plumb/model'
import type { Engine } from '../engine.ts'
import type { OrderView } from '../engine-reads.ts'

function must(holds: boolean, name: string, detail: unknown): void {
  if (!holds) throw new Error(`invariant ${name}: ${JSON.stringify(detail)}`)
}

/** What spares the engine a walk over an account's markets is never above what the walk says. */
export function checkHeadroom(engine: Engine): void {
  for (let id = 1; id <= engine.accounts; id++) {
    const headroom = engine.headroom(id)
    if (headroom !== undefined)
      must(headroom.bound <= headroom.exact, 'headroom', { id, ...headroom })
  }
}

/** E1, E6, E8, E9 (queue order), lanes and open-order counts, as the engine's own reads tell them. Throws on the first that does not hold. */
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
    const { insuranceQuote, badDebtQuote } = market
    must(insuranceQuote >= 0 && badDebtQuote >= 0, 'E16 insurance', market)
    checkSide(bids, 1)
    checkSide(asks, -1)
    for (const order of [...bids, ...asks])
      open.set(order.accountId, [...(open.get(order.accountId) ?? []), order])
  }
  for (let id = 1; id <= totals.accounts; id++) {
    const account = engine.account(id)
    must(account !== undefined, 'account-exists', id)
    for (const { market, lots: held } of account?.positions ?? []) {
      const sum = lots.get(market) ?? { sum: 0, long: 0 }
      lots.set(market, { sum: sum.sum + held, long: sum.long + Math.max(0, held) })
    }
    checkOrders(engine, id, account?.openOrders ?? 0, open.get(id) ?? [])
  }
  for (const [market, { sum, long }] of lots) {
    const delisted = engine.market(market)?.state === marketState.settled
    must(sum === 0 || delisted, 'E1 size-zero', { market, sum })
    must(long === engine.market(market)?.openInterestLots, 'E1 open-interest', { market, long })
  }
  const { feesQuote, fundingPoolsQuote, pendingWithdrawalsQuote, depositsQuote, paidQuote } = totals
  const { insuranceQuote, badDebtQuote, unsettledQuote } = totals
  const held =
    totals.cashQuote +
    feesQuote +
    fundingPoolsQuote +
    insuranceQuote +
    pendingWithdrawalsQuote +
    unsettledQuote
  must(held - badDebtQuote === depositsQuote - paidQuote, 'E3 cash-conserved', totals)
}

function checkSide(orders: readonly OrderView[], sign: 1 | -1): void {
  for (const [i, order] of orders.entries()) {
    must(order.remainingLots > 0 && order.remainingLots <= order.sizeLots, 'E6 filled', order)
    must(order.shownLots > 0 && order.shownLots <= order.remainingLots, 'E6 shown', order)
    const next = orders[i + 1]
    if (next !== undefined)
      must((order.priceTicks - next.priceTicks) * sign >= 0, 'E8 priority', { order, next })
  }
}

/** `resting`: the account's orders on the books; it may have others that wait. */
function checkOrders(
  engine: Engine,
  accountId: number,
  openOrders: number,
  resting: readonly OrderView[],
): void {
  const listed = engine.openOrders(accountId)
  const waiting = listed.filter((order) => order.advanced?.waiting === true)
  const total = resting.length + waiting.length
  must(listed.length === total && openOrders === total, 'orders-listed', accountId)
  const lanes = new Map(engine.lanes(accountId).map((lane) => [lane.lane, lane]))
  for (const order of listed) {
    const lane = lanes.get(order.lane)
    must(lane?.orderId === order.orderId && lane.seq === order.laneSeq, 'lane-of-order', order)
    must(engine.order(order.orderId)?.orderId === order.orderId, 'order-by-id', order)
  }
  const live = [...lanes.values()].filter((lane) => lane.orderId !== 0)
  must(live.length === total, 'lanes-live', accountId)
  for (const order of listed) checkLinks(engine, order)
  checkReserved(engine, accountId, resting)
}

/** A link goes both ways; what is armed of a child never exceeds it; a waiting order shows nothing. */
function checkLinks(engine: Engine, order: OrderView): void {
  const { advanced } = order
  if (advanced === undefined) return
  const sibling = engine.order(advanced.siblingOrderId)
  if (advanced.siblingOrderId !== 0) {
    must(sibling?.advanced?.siblingOrderId === order.orderId, 'sibling-mutual', order)
    const same = sibling?.side === order.side && sibling.market === order.market
    must(same && sibling.accountId === order.accountId, 'sibling-same-side', { order, sibling })
  }
  const parent = engine.order(advanced.parentOrderId)
  if (advanced.parentOrderId !== 0) {
    must(parent !== undefined && advanced.waiting, 'child-waits-for-live-parent', order)
    must(parent?.side === 1 - order.side, 'child-opposite', { order, parent })
    const nothing = parent?.remainingLots === parent?.sizeLots
    must(!nothing || advanced.armedLots >= 0, 'child-armed', { order, parent })
  }
  must(advanced.armedLots <= order.remainingLots, 'armed-within', order)
  must(!advanced.waiting || order.shownLots === 0, 'waiting-shows-nothing', order)
  must(order.remainingLots > 0, 'E6 remaining', order)
}

/** Lots of a resting order that reserve margin: of a scale the level that shows, of an iceberg everything. */
function reservingLots(order: OrderView): number {
  return order.advanced?.style === orderStyle.scale ? order.shownLots : order.remainingLots
}

/** Margin with open orders is the sum over what rests, as if those were all orders there are. */
function checkReserved(engine: Engine, accountId: number, open: readonly OrderView[]): void {
  for (const { market, side, lots, quote, laterLots } of engine.reserved(accountId)) {
    const resting = open.filter(
      (order) => order.market === market && order.side === side && (order.flags & 1) === 0,
    )
    const q = engine.market(market)?.quotePerTickLot ?? 0
    const sum = resting.reduce((total, order) => total + reservingLots(order), 0)
    const value = resting.reduce((total, o) => total + reservingLots(o) * o.priceTicks * q, 0)
    must(sum === lots && value === quote, 'reserved', { accountId, market, side, lots, sum })
    const all = resting.reduce((total, order) => total + order.remainingLots, 0)
    must(all - sum === laterLots, 'reserved-later', { accountId, market, side, laterLots })
  }
}
