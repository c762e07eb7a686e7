import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { AccountView } from './account-view.ts'
import { MarketView } from './market-view.ts'
import { newOrder, type OrderView } from './order-view.ts'
import { ViewState } from './view-state.ts'

const KEPT = 65_536
const OWNERS = 80
const ORDERS = 70_000

const market = new MarketView(
  {
    market: 0,
    symbol: 'BTC-PERP',
    tickE8: 50_000_000,
    lotE8: 10_000,
    quotePerTickLot: 50,
    imBps: 500,
    mmBps: 300,
    takerFee: 45,
    makerFee: 15,
    minOrderLots: 1,
    maxOrderLots: 1_000_000,
    maxPositionLots: 5_000_000,
    minNotionalQuote: 10_000_000,
    maxOpenInterestLots: 0,
    priceBandPpm: 50_000,
    markBandPpm: 30_000,
    fixedIndexTicks: 120_000,
  },
  0,
)

const collectGarbage = () => {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

test('the latest closed orders are remembered, however many accounts there are', async () => {
  const state = new ViewState()
  const accounts = Array.from(
    { length: OWNERS },
    (_, owner) => new AccountView(owner, `0x${String(owner).padStart(40, '0')}`, 0),
  )
  let first: WeakRef<OrderView> | undefined
  for (let seq = 1; seq <= ORDERS; seq++) {
    const account = accounts[seq % OWNERS]
    if (account === undefined) throw new RangeError('no such account')
    const placed = {
      seq,
      accountId: account.accountId,
      market: 0,
      orderId: seq,
      priceTicks: 1,
      sizeLots: 1,
      side: 0,
      flags: 0,
      orderKind: 0,
      maxFee: 0,
      lane: 0,
      laneSeq: seq,
      expiryS: 0,
      clientOrderId: `c${seq}`,
    } as const
    const order = newOrder(placed, seq, account, market, null, false)
    first ??= new WeakRef(order)
    account.addOrder(order)
    account.closeOrder(order)
    state.orderClosed(order)
    state.forgetClosed()
  }
  const remembered = accounts.flatMap(({ closedOrders }) => [...closedOrders.values()])
  expect(remembered).toHaveLength(KEPT)
  expect(Math.min(...remembered.map(({ placedSeq }) => placedSeq))).toBe(ORDERS - KEPT + 1)
  expect(accounts.reduce((sum, { clientOrderIds }) => sum + clientOrderIds.size, 0)).toBe(KEPT)
  // What is forgotten is said, so that history asks the ledger.
  expect(Math.max(...accounts.map((account) => account.forgottenOrdersSeq))).toBe(ORDERS - KEPT)
  // Nor does anything else hold it: weak references live until the turn they were made in is over.
  await setImmediate()
  collectGarbage()
  expect(first?.deref()).toBeUndefined()
  expect(state.markets.size).toBe(0)
})
