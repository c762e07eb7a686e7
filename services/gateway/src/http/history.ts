//! Lists: out of memory while it reaches back far enough, then out of the ledger.
import {
  type BatchObject,
  type FillObject,
  type FundingPaymentObject,
  type FundingRateObject,
  fillIdOf,
  type ListOf,
  type OrderObject,
  type PageQuery,
  PlumbError,
  type TradeObject,
  type TransferObject,
} from '@plumb/protocol'
import type { AccountView, FillView } from '../view/account-view.ts'
import type { ExchangeView } from '../view/exchange-view.ts'
import type { MarketView } from '../view/market-view.ts'
import type { OrderView } from '../view/order-view.ts'
import type { PublicObjects } from '../view/public-objects.ts'
import { type MemoryList, memoryPage } from './memory-page.ts'

const ACCOUNT_LIST_KEPT = 1_024
const TRADES_KEPT = 1_000
const FUNDING_KEPT = 720
const BATCHES_KEPT = 100_000

export type OrderFilter = PageQuery & {
  market?: string | undefined
  status?: 'open' | 'closed' | undefined
}
export type AccountFilter = PageQuery & { market?: string | undefined }

export class History {
  readonly #view: ExchangeView
  readonly #objects: PublicObjects

  constructor(view: ExchangeView, objects: PublicObjects) {
    this.#view = view
    this.#objects = objects
  }

  trades(market: MarketView, query: PageQuery): ListOf<TradeObject> {
    return page(
      {
        items: market.trades,
        keyOf: (trade) => trade.tradeId,
        timeOf: (trade) => trade.timeMs,
        complete: market.trades.length < TRADES_KEPT,
      },
      query,
      (trade) => this.#objects.trade(market, trade),
    )
  }

  fundingRates(market: MarketView, query: PageQuery): ListOf<FundingRateObject> {
    return page(
      {
        items: market.fundingRates,
        keyOf: (rate) => rate.timeMs,
        timeOf: (rate) => rate.timeMs,
        complete: market.fundingRates.length < FUNDING_KEPT,
      },
      query,
      (rate) => this.#objects.fundingRate(market, rate),
    )
  }

  batches(query: PageQuery): ListOf<BatchObject> {
    const items = this.#view.batches.list()
    return page(
      {
        items,
        keyOf: (batch) => batch.batchNo,
        timeOf: (batch) => batch.timeMs,
        complete: items.length < BATCHES_KEPT,
      },
      query,
      (batch) => this.#objects.batch(batch),
    )
  }

  orders(account: AccountView, filter: OrderFilter): ListOf<OrderObject> {
    const { status, market } = filter
    const orders: OrderView[] = [
      ...(status === 'open' ? [] : account.closedOrders.values()),
      ...(status === 'closed' ? [] : account.openOrders.values()),
    ].filter((order) => ofMarket(order, market))
    return page(
      {
        items: orders.toSorted((a, b) => a.placedSeq - b.placedSeq),
        keyOf: (order) => order.placedSeq,
        timeOf: (order) => order.createdAtMs,
        complete: status === 'open' || account.closedOrders.size < ACCOUNT_LIST_KEPT,
      },
      filter,
      (order) => this.#objects.order(order),
    )
  }

  fills(account: AccountView, filter: AccountFilter): ListOf<FillObject> {
    const list = accountList(account.fills, fillKey, filter.market)
    return page(list, filter, (fill) => this.#objects.fill(account, fill))
  }

  fundingPayments(account: AccountView, filter: AccountFilter): ListOf<FundingPaymentObject> {
    const list = accountList(account.fundingPayments, (payment) => payment.seq, filter.market)
    return page(list, filter, (payment) => this.#objects.fundingPayment(account, payment))
  }

  deposits(account: AccountView, query: PageQuery): ListOf<TransferObject> {
    const list = accountList(account.deposits, (deposit) => deposit.depositId, undefined)
    return page(list, query, (deposit) => this.#objects.deposit(account, deposit))
  }

  withdrawals(account: AccountView, query: PageQuery): ListOf<TransferObject> {
    const list = accountList(account.withdrawals, (w) => w.withdrawalId, undefined)
    return page(list, query, (withdrawal) => this.#objects.withdrawal(account, withdrawal))
  }
}

function fillKey({ tradeId, liquidity }: FillView): number {
  return Number(fillIdOf(tradeId, liquidity))
}

function ofMarket(item: { market?: MarketView }, symbol: string | undefined): boolean {
  return symbol === undefined || item.market?.definition.symbol === symbol
}

function accountList<T extends { timeMs: number; market?: MarketView }>(
  items: readonly T[],
  keyOf: (item: T) => number,
  market: string | undefined,
): MemoryList<T> {
  return {
    items: items.filter((item) => ofMarket(item, market)),
    keyOf,
    timeOf: (item) => item.timeMs,
    complete: items.length < ACCOUNT_LIST_KEPT,
  }
}

function page<T, O>(list: MemoryList<T>, query: PageQuery, toObject: (item: T) => O): ListOf<O> {
  const found = memoryPage(list, query)
  if (found === null) throw new PlumbError('HISTORY_UNAVAILABLE')
  return { items: found.items.map(toObject), nextCursor: found.nextCursor }
}
