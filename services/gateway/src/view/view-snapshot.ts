//! The view as plain data, and back: what is live. What only history tells (fills, closed orders, trades …) is the ledger's.
import type { FundingIndex, Genesis, Market } from '@plumb/model'
import { AccountView, type PositionView } from './account-view.ts'
import type { BatchView } from './batch-view.ts'
import type { Candle } from './candle-view.ts'
import type { PriceMemory } from './follow-prices.ts'
import { MarketView } from './market-view.ts'
import type { OrderView } from './order-view.ts'
import type { PendingMemory } from './pending-withdrawals.ts'
import type { SessionKeyView } from './session-keys-view.ts'
import type { SettlementMemory } from './settlement-view.ts'
import type { FeeTierView, ViewState } from './view-state.ts'

/** Rises when what a snapshot holds changes: an older one is not read, and the feed is followed from its beginning. */
export const SNAPSHOT_VERSION = 6

type StoredOrder = Omit<OrderView, 'owner' | 'market'> & { market: number }
type StoredPosition = Omit<PositionView, 'market'> & { market: number }

const marketFields = [
  'state',
  'stateSinceMs',
  'stateCause',
  'indexTimeMs',
  'markTicks',
  'indexTicks',
  'meanMarkTicks',
  'lastTicks',
  'predictedRate',
  'pricesAtMs',
  'openInterestLots',
  'insuranceQuote',
  'badDebtQuote',
  'volatilityPpm',
  'depthQuote',
  'isVolatile',
  'markSecond',
  'isStale',
] as const satisfies readonly (keyof MarketView)[]
const accountFields = [
  'isolatedMarket',
  'deadManDeadlineMs',
  'selfTradeGroup',
  'feeTier',
  'volumeQuote',
  'volumeDay',
  'cashQuote',
  'pendingWithdrawalQuote',
  'updatedAtMs',
] as const satisfies readonly (keyof AccountView)[]

type StoredMarket = {
  definition: Market
  createdAtMs: number
  fundingIndex: FundingIndex
  risk: MarketView['risk']
  fields: Pick<MarketView, (typeof marketFields)[number]>
  bookSeq: number
  /** Resting orders of both sides in priority order, with what shows of each. */
  book: [orderId: number, accountId: number, lots: number][]
  candles: Candle[][]
}
type StoredAccount = {
  accountId: number
  address: string
  subaccount: number
  fields: Pick<AccountView, (typeof accountFields)[number]>
  leverages: [number, number][]
  deadManMarkets: [number, number][]
  lanes: [number, number][]
  positions: StoredPosition[]
  orders: StoredOrder[]
}
export type ViewSnapshot = {
  version: number
  seq: number
  timeMs: number
  genesis: Genesis | null
  feeTiers: FeeTierView[]
  throttle: ViewState['throttle']
  withdrawalsPaused: boolean
  settlement: SettlementMemory
  withdrawals: PendingMemory
  prices: PriceMemory
  batches: { confirmed: BatchView[]; unsettled: { seq: number; timeMs: number }[] }
  keys: SessionKeyView[]
  markets: StoredMarket[]
  accounts: StoredAccount[]
}

/** What of the state lives on. Objects are shared with it: serialise before it moves. */
export function storeState(state: ViewState): Pick<ViewSnapshot, 'markets' | 'accounts'> {
  return {
    markets: [...state.markets.values()].map(storeMarket),
    accounts: [...state.accounts.values()].map(storeAccount),
  }
}

function storeMarket(market: MarketView): StoredMarket {
  const { definition, createdAtMs, fundingIndex, risk, book } = market
  return {
    definition,
    createdAtMs,
    fundingIndex,
    risk,
    fields: pick(market, marketFields),
    bookSeq: book.seq,
    book: ([0, 1] as const).flatMap((side) =>
      book
        .orders(side, Number.MAX_SAFE_INTEGER)
        .map((order): [number, number, number] => [
          order.orderId,
          order.owner.accountId,
          order.bookLots,
        ]),
    ),
    candles: candlesOf(market).map(({ rows }) => rows.slice()),
  }
}

function candlesOf({ candles, secondCandles, markCandles, indexCandles }: MarketView) {
  return [candles, secondCandles, markCandles, indexCandles]
}

function storeAccount(account: AccountView): StoredAccount {
  const { accountId, address, subaccount, leverages, deadManMarkets, lanes } = account
  return {
    accountId,
    address,
    subaccount,
    fields: pick(account, accountFields),
    leverages: [...leverages],
    deadManMarkets: [...deadManMarkets],
    lanes: [...lanes],
    positions: [...account.positions.values()].map(storePosition),
    orders: [...account.openOrders.values()].map(storeOrder),
  }
}

function storePosition(position: PositionView): StoredPosition {
  return { ...position, market: position.market.definition.market }
}

function storeOrder({ owner: _owner, ...order }: OrderView): StoredOrder {
  return { ...order, market: order.market.definition.market }
}

/** A market as it was, its book still empty. */
export function restoreMarket(stored: StoredMarket, seq: number): MarketView {
  const market = new MarketView(stored.definition, stored.createdAtMs)
  market.setRisk(stored.risk)
  Object.assign(market, stored.fields)
  market.fundingIndex = stored.fundingIndex
  market.historySinceSeq = seq
  for (const [i, candles] of candlesOf(market).entries()) candles.restore(stored.candles[i] ?? [])
  return market
}

/** An account as it was, its orders not on the book yet. */
export function restoreAccount(
  stored: StoredAccount,
  seq: number,
  marketOf: (id: number) => MarketView,
): AccountView {
  const account = new AccountView(stored.accountId, stored.address, stored.subaccount)
  Object.assign(account, stored.fields)
  account.historySinceSeq = seq
  account.forgottenOrdersSeq = seq
  for (const [market, leverage] of stored.leverages) account.leverages.set(market, leverage)
  for (const [market, deadline] of stored.deadManMarkets)
    account.deadManMarkets.set(market, deadline)
  for (const [lane, laneSeq] of stored.lanes) account.lanes.set(lane, laneSeq)
  for (const position of stored.positions) {
    const market = marketOf(position.market)
    account.positions.set(position.market, { ...position, market })
  }
  for (const order of stored.orders)
    account.addOrder({ ...order, owner: account, market: marketOf(order.market), bookLots: 0 })
  return account
}

/** Queues the orders of a market as they stood. */
export function restoreBook(
  { book: rows, bookSeq }: StoredMarket,
  { book }: MarketView,
  orderOf: (accountId: number, orderId: number) => OrderView,
): void {
  for (const [orderId, accountId, lots] of rows) book.add(orderOf(accountId, orderId), lots)
  book.seq = bookSeq
  book.takeChanges()
}

function pick<T, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  const picked: Partial<Pick<T, K>> = {}
  for (const key of keys) picked[key] = from[key]
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every key was copied
  return picked as Pick<T, K>
}
