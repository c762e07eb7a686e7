//! Lists: out of memory while it reaches back far enough, then out of the ledger, by the same cursors.
import {
  type Ledger,
  listCandles,
  listDeposits,
  listEntries,
  listFills,
  listFundingPayments,
  listFundingRates,
  listInternalTransfers,
  listLiquidations,
  listNotices,
  listOrders,
  listPositionMoves,
  listSettlements,
  listTrades,
  listWithdrawals,
  orderByClientId,
  orderById,
  type Page,
} from '@plumb/ledger'
import { closeReason } from '@plumb/model'
import {
  type BatchObject,
  type FillObject,
  type FundingPaymentObject,
  type FundingRateObject,
  type InternalTransferObject,
  type LedgerObject,
  type LiquidationObject,
  type ListOf,
  type NoticeObject,
  type OpenInterestObject,
  type OrderObject,
  type PageQuery,
  PlumbError,
  type PositionMoveObject,
  type TradeObject,
  type TransferObject,
} from '@plumb/protocol'
import { marketOf } from '../entry/order-checks.ts'
import type { AccountView } from '../view/account-view.ts'
import type { BatchView } from '../view/batch-view.ts'
import type { ExchangeView } from '../view/exchange-view.ts'
import type { MarketView, OpenInterestView } from '../view/market-view.ts'
import type { OrderView } from '../view/order-view.ts'
import type { PublicObjects } from '../view/public-objects.ts'
import {
  internalTransferObject,
  noticeObject,
  openInterestObject,
} from '../view/setting-objects.ts'
import { LedgerRows } from './ledger-rows.ts'
import type { LedgerSource } from './ledger-source.ts'
import {
  compare,
  cursorText,
  LIST_LIMIT_DEFAULT,
  type MemoryList,
  memoryPage,
  type Place,
  walkOf,
} from './memory-page.ts'

const ACCOUNT_LIST_KEPT = 1_024
const TRADES_KEPT = 1_000
const FUNDING_KEPT = 720
const MINUTE_MS = 60_000
/** Batches listed out of memory; the view keeps more, to tell each fill its transaction. */
const BATCHES_LISTED = 1_000

export type OrderFilter = PageQuery & {
  market?: string | undefined
  status?: 'open' | 'closed' | 'canceled' | undefined
}
export type AccountFilter = PageQuery & { market?: string | undefined }
export type CandleQuery = {
  /** `last`: of trades. Mark and index are kept in memory only, a week of minutes. */
  price: 'last' | 'mark' | 'index'
  intervalMs: number
  since: number | undefined
  until: number
  limit: number
}
type LedgerQuery = PageQuery & { limit: number }

export class History {
  readonly #view: ExchangeView
  readonly #objects: PublicObjects
  readonly #source: LedgerSource
  readonly #rows: LedgerRows

  constructor(view: ExchangeView, objects: PublicObjects, source: LedgerSource) {
    this.#view = view
    this.#objects = objects
    this.#source = source
    this.#rows = new LedgerRows(view, objects)
  }

  trades(market: MarketView, query: PageQuery): Promise<ListOf<TradeObject>> {
    const list = {
      items: market.trades,
      placeOf: placeOfEvent,
      timeOf: timeOfEvent,
      complete: market.historySinceSeq === 0 && market.trades.length < TRADES_KEPT,
    }
    return this.#page(
      list,
      query,
      (trade) => this.#objects.trade(market, trade),
      (ledger, page) => listTrades(ledger, { ...page, market: market.definition.market }),
      (row) => this.#objects.trade(market, row),
    )
  }

  fundingRates(market: MarketView, query: PageQuery): Promise<ListOf<FundingRateObject>> {
    const list = {
      items: market.fundingRates,
      placeOf: placeOfEvent,
      timeOf: timeOfEvent,
      complete: market.historySinceSeq === 0 && market.fundingRates.length < FUNDING_KEPT,
    }
    return this.#page(
      list,
      query,
      (rate) => this.#objects.fundingRate(market, rate),
      (ledger, page) => listFundingRates(ledger, { ...page, market: market.definition.market }),
      (row) => this.#rows.fundingRate(market, row),
    )
  }

  /** Candles of trades: `[openTime, o, h, l, c, baseVolume, quoteVolume, trades]`. */
  async candles(market: MarketView, query: CandleQuery) {
    const { intervalMs, since, until, limit, price } = query
    const { definition } = market
    const candles = candlesOf(market, price, intervalMs)
    const from = since ?? until - limit * intervalMs
    const isHere = candles.forgottenBefore === null || from >= candles.forgottenBefore
    const found =
      isHere || price !== 'last' || intervalMs < MINUTE_MS
        ? candles.list(intervalMs, since, until, limit)
        : await this.#source.read((ledger) =>
            listCandles(ledger, { ...query, market: definition.market }),
          )
    return found.map((candle) => this.#objects.candle(market, candle))
  }

  batches(query: PageQuery): Promise<ListOf<BatchObject>> {
    const all = this.#view.batches.list()
    const list = {
      items: [...all.slice(-BATCHES_LISTED), ...this.#view.batches.submitted],
      placeOf: (batch: BatchView): Place => [batch.batchNo, 0],
      timeOf: timeOfEvent,
      complete: all.length <= BATCHES_LISTED && (all[0]?.batchNo ?? 1) === 1,
    }
    return this.#page(
      list,
      query,
      (batch) => this.#objects.batch(batch),
      (ledger, page) => listSettlements(ledger, page),
      (row) => this.#rows.batch(row),
    )
  }

  orders(account: AccountView, filter: OrderFilter): Promise<ListOf<OrderObject>> {
    const { status, market } = filter
    const knownAfter = status === 'open' ? 0 : account.forgottenOrdersSeq
    const orders: OrderView[] = [
      ...(status === 'open' ? [] : account.closedOrders.values()),
      ...(status === 'closed' || status === 'canceled' ? [] : account.openOrders.values()),
    ].filter(
      (order) =>
        order.placedSeq > knownAfter &&
        ofMarket(order, market) &&
        (status !== 'canceled' || order.closeReason !== closeReason.filled),
    )
    const list = {
      items: orders.toSorted((a, b) => compare(placeOfOrder(a), placeOfOrder(b))),
      placeOf: placeOfOrder,
      timeOf: (order: OrderView) => order.createdAtMs,
      complete: knownAfter === 0,
    }
    return this.#page(
      list,
      filter,
      (order) => this.#objects.order(order),
      (ledger, page) => listOrders(ledger, { ...this.#scope(account, filter), ...page, status }),
      (row) => this.#rows.order(account, row),
    )
  }

  /** An order by id, also one that memory has forgotten; ORDER_NOT_FOUND. */
  async order(account: AccountView, orderId: number): Promise<OrderObject> {
    const order = account.order(orderId)
    if (order !== undefined) return this.#objects.order(order)
    if (account.forgottenOrdersSeq === 0) throw new PlumbError('ORDER_NOT_FOUND', { field: 'id' })
    const row = await this.#source.read((ledger) => orderById(ledger, orderId))
    if (row === undefined || row.accountId !== account.accountId)
      throw new PlumbError('ORDER_NOT_FOUND', { field: 'id' })
    return this.#rows.order(account, row)
  }

  /** The newest order of a client id; ORDER_NOT_FOUND. */
  async clientOrder(account: AccountView, clientOrderId: string): Promise<OrderObject> {
    const order = account.clientOrderIds.get(clientOrderId)
    if (order !== undefined) return this.#objects.order(order)
    if (account.forgottenOrdersSeq === 0)
      throw new PlumbError('ORDER_NOT_FOUND', { field: 'clientOrderId' })
    const row = await this.#source.read((ledger) =>
      orderByClientId(ledger, account.accountId, clientOrderId),
    )
    if (row === undefined) throw new PlumbError('ORDER_NOT_FOUND', { field: 'clientOrderId' })
    return this.#rows.order(account, row)
  }

  fills(account: AccountView, filter: AccountFilter): Promise<ListOf<FillObject>> {
    return this.#page(
      accountList(account, account.fills, filter.market),
      filter,
      (fill) => this.#objects.fill(account, fill),
      (ledger, page) => listFills(ledger, { ...this.#scope(account, filter), ...page }),
      (row) => this.#rows.fill(account, row),
    )
  }

  fundingPayments(
    account: AccountView,
    filter: AccountFilter,
  ): Promise<ListOf<FundingPaymentObject>> {
    return this.#page(
      accountList(account, account.fundingPayments, filter.market),
      filter,
      (payment) => this.#objects.fundingPayment(account, payment),
      (ledger, page) => listFundingPayments(ledger, { ...this.#scope(account, filter), ...page }),
      (row) => this.#rows.fundingPayment(account, row),
    )
  }

  /** Behind the newest, those that are on their way: no page before them knows them, so no cursor names them. */
  async deposits(account: AccountView, query: PageQuery): Promise<ListOf<TransferObject>> {
    const { limit = LIST_LIMIT_DEFAULT, since = 0, until = Infinity } = query
    const isNewest = query.since === undefined && query.cursor === undefined
    const pending = this.#view.pendingDeposits
      .of(account)
      .filter(({ seenMs }) => seenMs >= since && seenMs <= until)
      .slice(0, limit - 1)
    const room = isNewest ? limit - pending.length : limit
    const page = await this.#creditedDeposits(account, { ...query, limit: room })
    const isForward = walkOf(query).forward
    const isLast = isNewest || (isForward && page.nextCursor === null)
    if (!isLast) return page
    const shown = pending.map((deposit) => this.#objects.pendingDeposit(account, deposit))
    return { ...page, items: [...page.items, ...shown].slice(0, limit) }
  }

  #creditedDeposits(account: AccountView, query: PageQuery): Promise<ListOf<TransferObject>> {
    return this.#page(
      accountList(account, account.deposits, undefined),
      query,
      (deposit) => this.#objects.deposit(account, deposit),
      (ledger, page) => listDeposits(ledger, { ...page, accountId: account.accountId }),
      (row) => this.#rows.deposit(account, row),
    )
  }

  withdrawals(account: AccountView, query: PageQuery): Promise<ListOf<TransferObject>> {
    return this.#page(
      accountList(account, account.withdrawals, undefined),
      query,
      (withdrawal) => this.#objects.withdrawal(account, withdrawal),
      (ledger, page) => listWithdrawals(ledger, { ...page, accountId: account.accountId }),
      (row) => this.#rows.withdrawal(account, row),
    )
  }

  /** Transfers between the owner's subaccounts. */
  transfers(account: AccountView, query: PageQuery): Promise<ListOf<InternalTransferObject>> {
    return this.#page(
      { ...accountList(account, account.transfers, undefined), placeOf: ({ seq }) => [seq, 0] },
      query,
      (transfer) => internalTransferObject(account, transfer),
      (ledger, page) => listInternalTransfers(ledger, { ...page, accountId: account.accountId }),
      (row) => internalTransferObject(account, row),
    )
  }

  /** What the exchange did to an account. */
  notices(account: AccountView, query: PageQuery): Promise<ListOf<NoticeObject>> {
    return this.#page(
      accountList(account, account.notices, undefined),
      query,
      (notice) => noticeObject(account, notice),
      (ledger, page) => listNotices(ledger, { ...page, accountId: account.accountId }),
      (row) => this.#rows.notice(account, row),
    )
  }

  /** Trades whose taker was liquidated. */
  liquidations(market: MarketView, query: PageQuery): ListOf<TradeObject> {
    const list = {
      items: market.liquidations,
      placeOf: placeOfEvent,
      timeOf: timeOfEvent,
      complete: true,
    }
    return memoryOnly(list, query, (trade) => this.#objects.trade(market, trade))
  }

  openInterests(market: MarketView, query: PageQuery): ListOf<OpenInterestObject> {
    const list = {
      items: market.openInterests,
      placeOf: ({ timeMs }: OpenInterestView): Place => [timeMs, 0],
      timeOf: timeOfEvent,
      complete: true,
    }
    return memoryOnly(list, query, (point) => openInterestObject(market, point))
  }

  /** The statement: every entry with the balance before and after. Only the ledger has it. */
  entries(account: AccountView, filter: AccountFilter): Promise<ListOf<LedgerObject>> {
    return this.#ledgerOnly(
      filter,
      (ledger, page) => listEntries(ledger, { ...page, ...this.#scope(account, filter) }),
      (row) => this.#rows.entry(account, row),
    )
  }

  /** The statement as far as the ledger has it now: the oldest entries behind a place, or without one the newest. */
  async statement(
    account: AccountView,
    after: Place | null,
    limit: number,
  ): Promise<{ place: Place; entry: LedgerObject }[]> {
    const { accountId } = account
    const cursor = after === null ? undefined : cursorText(true, after)
    const page = await this.#source.read((ledger) =>
      listEntries(ledger, { accountId, limit, cursor }),
    )
    return page.items.map((row) => ({
      place: [row.seq, row.leg],
      entry: this.#rows.entry(account, row),
    }))
  }

  /** Steps of an account's liquidations. Only the ledger has them. */
  liquidationSteps(
    account: AccountView,
    filter: AccountFilter,
  ): Promise<ListOf<LiquidationObject>> {
    return this.#ledgerOnly(
      filter,
      (ledger, page) => listLiquidations(ledger, { ...page, ...this.#scope(account, filter) }),
      (row) => this.#rows.liquidation(account, row),
    )
  }

  /** Takeovers, deleveragings and settlements of an account. Only the ledger has them. */
  positionMoves(account: AccountView, filter: AccountFilter): Promise<ListOf<PositionMoveObject>> {
    return this.#ledgerOnly(
      filter,
      (ledger, page) => listPositionMoves(ledger, { ...page, ...this.#scope(account, filter) }),
      (row) => this.#rows.positionMove(account, row),
    )
  }

  /** A page of what only the ledger has, not before it has what an answer has already told. */
  async #ledgerOnly<R, O>(
    { since, until, cursor, limit = LIST_LIMIT_DEFAULT }: PageQuery,
    ask: (ledger: Ledger, page: LedgerQuery) => Promise<Page<R>>,
    rowToObject: (row: R) => O,
  ): Promise<ListOf<O>> {
    await this.#source.reached(this.#view.appliedSeq)
    const page = await this.#source.read((ledger) => ask(ledger, { since, until, cursor, limit }))
    return { items: page.items.map(rowToObject), nextCursor: page.nextCursor }
  }

  #scope(account: AccountView, { market }: AccountFilter) {
    const { accountId } = account
    if (market === undefined) return { accountId }
    return { accountId, market: marketOf(this.#view, market).definition.market }
  }

  async #page<T, R, O>(
    list: MemoryList<T>,
    query: PageQuery,
    toObject: (item: T) => O,
    ask: (ledger: Ledger, page: LedgerQuery) => Promise<Page<R>>,
    rowToObject: (row: R) => O,
  ): Promise<ListOf<O>> {
    const found = memoryPage(list, query)
    if (found !== null) return { items: found.items.map(toObject), nextCursor: found.nextCursor }
    const { since, until, cursor, limit = LIST_LIMIT_DEFAULT } = query
    // The newest rows, out of the ledger: not before it has what an answer has already told.
    if (cursor === undefined && since === undefined)
      await this.#source.reached(this.#view.appliedSeq)
    const page = await this.#source.read((ledger) => ask(ledger, { since, until, cursor, limit }))
    const items = page.items.map(rowToObject)
    const nextCursor = page.nextCursor ?? (await this.#intoMemory(list, query))
    return { items, nextCursor }
  }

  /** Walking towards now, the ledger ends where it lags: the rest is in memory, if the two overlap. */
  async #intoMemory<T>(list: MemoryList<T>, query: PageQuery): Promise<string | null> {
    const newest = list.items.at(-1)
    const [oldest] = list.items
    if (!walkOf(query).forward || newest === undefined || oldest === undefined) return null
    const ledgerSeq = await this.#source.cursorSeq()
    const ledgerEnd: Place = [ledgerSeq, Number.MAX_SAFE_INTEGER]
    if (compare(list.placeOf(newest), ledgerEnd) <= 0) return null
    if (compare(list.placeOf(oldest), ledgerEnd) > 0) throw new PlumbError('HISTORY_UNAVAILABLE')
    return cursorText(true, ledgerEnd)
  }
}

function candlesOf(market: MarketView, price: CandleQuery['price'], intervalMs: number) {
  if (price === 'mark') return market.markCandles
  if (price === 'index') return market.indexCandles
  return intervalMs < MINUTE_MS ? market.secondCandles : market.candles
}

function placeOfEvent({ seq, leg }: { seq: number; leg: number }): Place {
  return [seq, leg]
}

function placeOfOrder({ placedSeq, orderId }: OrderView): Place {
  return [placedSeq, orderId]
}

function timeOfEvent({ timeMs }: { timeMs: number }): number {
  return timeMs
}

/** A page of what only memory has: it ends where memory does. */
export function memoryOnly<T, O>(
  list: Omit<MemoryList<T>, 'complete'>,
  query: PageQuery,
  toObject: (item: T) => O,
): ListOf<O> {
  const page = memoryPage({ ...list, complete: true }, query)
  if (page === null) throw new PlumbError('HISTORY_UNAVAILABLE')
  return { items: page.items.map(toObject), nextCursor: page.nextCursor }
}

function ofMarket(item: { market?: MarketView | null }, symbol: string | undefined): boolean {
  return symbol === undefined || item.market?.definition.symbol === symbol
}

function accountList<
  T extends { seq: number; leg: number; timeMs: number; market?: MarketView | null },
>(
  { historySinceSeq }: AccountView,
  items: readonly T[],
  market: string | undefined,
): MemoryList<T> {
  return {
    items: items.filter((item) => ofMarket(item, market)),
    placeOf: placeOfEvent,
    timeOf: timeOfEvent,
    complete: historySinceSeq === 0 && items.length < ACCOUNT_LIST_KEPT,
  }
}
