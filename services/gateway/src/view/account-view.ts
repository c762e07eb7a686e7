//! One account (owner, subaccount) as followers see it: cash, positions, orders, what happened lately.
import { hexBytes } from '@plumb/chain'
import type { AccountNoticeKind, MarketId, Side } from '@plumb/model'
import type { MarketView } from './market-view.ts'
import type { OrderView } from './order-view.ts'

const CLOSED_ORDERS_KEPT = 1_024
const RECENT_KEPT = 1_024
const DAY_MS = 86_400_000

export type PositionView = {
  readonly market: MarketView
  sizeLots: number
  /** What was paid for it, fees excluded; negative for shorts. */
  costQuote: number
  /** Since it was opened. */
  realizedQuote: number
  fundingPaidQuote: number
  /** Cumulative index up to which funding is paid. */
  fundingIndex: number
  updatedAtMs: number
}
/** One side of a trade. */
export type FillView = {
  readonly market: MarketView
  tradeId: number
  seq: number
  leg: number
  timeMs: number
  /** 0: the exchange's own order of a liquidation. */
  orderId: number
  clientOrderId: string
  side: Side
  liquidity: 'maker' | 'taker'
  /** One side of it was liquidated. */
  liquidation: boolean
  priceTicks: number
  sizeLots: number
  quote: number
  feeQuote: number
  /** Units of 10 ppm. */
  fee: number
  realizedQuote: number
}
export type DepositView = {
  depositId: number
  seq: number
  leg: number
  timeMs: number
  amountQuote: number
  txHash: string
}
export type WithdrawalView = {
  withdrawalId: number
  seq: number
  leg: number
  timeMs: number
  amountQuote: number
  /** Batch that paid it; null while pending. */
  batchNo: number | null
  paidAtMs: number | null
}
/** Money between two accounts of one owner; negative = it left. */
export type TransferView = {
  seq: number
  leg: number
  timeMs: number
  amountQuote: number
  otherSubaccount: number
}
/** What the exchange did to an account, and the inputs it used (engine event fields, in engine units). */
export type NoticeView = {
  readonly market: MarketView | null
  kind: AccountNoticeKind
  seq: number
  leg: number
  timeMs: number
  detail: Record<string, number>
}
export type FundingPaymentView = {
  readonly market: MarketView
  seq: number
  leg: number
  timeMs: number
  paymentQuote: number
  positionLots: number
  rate: number | null
  markTicks: number | null
}

export class AccountView {
  readonly accountId: number
  /** Owner, lower-case. */
  readonly address: string
  /** Owner, 20 bytes. */
  readonly owner: Uint8Array
  readonly subaccount: number
  readonly positions = new Map<MarketId, PositionView>()
  /** Sequence number last used in each lane. */
  readonly lanes = new Map<number, number>()
  readonly openOrders = new Map<number, OrderView>()
  readonly closedOrders = new Map<number, OrderView>()
  readonly clientOrderIds = new Map<string, OrderView>()
  readonly fills: FillView[] = []
  readonly deposits: DepositView[] = []
  readonly withdrawals: WithdrawalView[] = []
  readonly fundingPayments: FundingPaymentView[] = []
  readonly transfers: TransferView[] = []
  readonly notices: NoticeView[] = []
  /** Chosen leverage by market; absent: none. */
  readonly leverages = new Map<MarketId, number>()
  /** The one market it trades; −1: cross margin. */
  isolatedMarket = -1
  /** When the dead man's switch fires; 0 = off. */
  deadManDeadlineMs = 0
  /** When those of single markets fire. */
  readonly deadManMarkets = new Map<MarketId, number>()
  /** Group whose orders do not trade with each other; 0 = the owner's accounts alone. */
  selfTradeGroup = 0
  feeTier = 0
  /** Exponential 30-day volume (RULES 2.5), micro-USDC, as of `volumeDay`. */
  volumeQuote = 0
  volumeDay: number
  /** What happened after this seq is all remembered, up to what is kept; 0: everything is. */
  historySinceSeq = 0
  /** Orders placed after this seq are all remembered; 0: every order is. */
  forgottenOrdersSeq = 0
  cashQuote = 0
  pendingWithdrawalQuote = 0
  updatedAtMs = 0

  constructor(accountId: number, address: string, subaccount: number, openedMs = 0) {
    this.volumeDay = Math.floor(openedMs / DAY_MS)
    this.accountId = accountId
    this.address = address
    this.owner = hexBytes(address)
    this.subaccount = subaccount
  }

  /** Something is or was here: an order may be worth the engine's time. */
  get funded(): boolean {
    return this.cashQuote !== 0 || this.positions.size > 0
  }

  order(orderId: number): OrderView | undefined {
    return this.openOrders.get(orderId) ?? this.closedOrders.get(orderId)
  }

  addOrder(order: OrderView): void {
    this.openOrders.set(order.orderId, order)
    if (order.clientOrderId !== '') this.clientOrderIds.set(order.clientOrderId, order)
  }

  /** Moves an order to the remembered closed ones, forgetting the oldest. */
  closeOrder(order: OrderView): void {
    this.openOrders.delete(order.orderId)
    this.closedOrders.set(order.orderId, order)
    if (this.closedOrders.size <= CLOSED_ORDERS_KEPT) return
    const [oldest] = this.closedOrders.values()
    if (oldest !== undefined) this.forgetOrder(oldest)
  }

  /** Forgets a closed order; does nothing for one that is forgotten already. */
  forgetOrder(order: OrderView): void {
    if (!this.closedOrders.delete(order.orderId)) return
    // Closed first is not placed first: an older order may live on.
    this.forgottenOrdersSeq = Math.max(this.forgottenOrdersSeq, order.placedSeq)
    if (this.clientOrderIds.get(order.clientOrderId) === order)
      this.clientOrderIds.delete(order.clientOrderId)
  }

  /** The live order of a lane at a sequence number. */
  orderAt(lane: number, laneSeq: number): OrderView | undefined {
    for (const order of this.openOrders.values())
      if (order.lane === lane && order.laneSeq === laneSeq) return order
    return undefined
  }

  position(market: MarketView): PositionView {
    const id = market.definition.market
    const known = this.positions.get(id)
    if (known !== undefined) return known
    const position: PositionView = {
      market,
      sizeLots: 0,
      costQuote: 0,
      realizedQuote: 0,
      fundingPaidQuote: 0,
      fundingIndex: market.fundingIndex,
      updatedAtMs: 0,
    }
    this.positions.set(id, position)
    return position
  }
}

/** Appends, forgetting the oldest. */
export function remember<T>(list: T[], item: T): void {
  list.push(item)
  if (list.length > RECENT_KEPT) list.shift()
}
