//! Orders and the book, as order events tell them (engine RULES 1): what is accepted, waits, rests, shows and closes.
import {
  type Command,
  closeReason,
  limits,
  orderOption,
  orderStyle,
  type PlaceAdvancedOrder,
  side,
  triggerKind,
} from '@plumb/model'
import { newOrder, type OrderView, shownLots } from './order-view.ts'
import { type EventOf, ViewError, type ViewState } from './view-state.ts'

type Closing = {
  seq: number
  timeMs: number
  reason: OrderView['closeReason']
  rejectCode?: number
}
/** What of an order a fill took. */
export type OrderFill = {
  seq: number
  timeMs: number
  sizeLots: number
  quote: number
  feeQuote: number
}

export class OrderFollower {
  readonly #state: ViewState
  /** The order at work: it may take, and what is left of it then comes to rest. */
  #incoming: { order: OrderView; limitTicks: number } | null = null
  /** Fills of the command being applied: a tick that has used them up leaves a triggered order waiting. */
  #fills = 0

  constructor(state: ViewState) {
    this.#state = state
  }

  /** @param plain what of a plain `PlaceOrder` is not in its event; null: the order is of another command */
  placed(
    event: EventOf<'OrderPlaced'>,
    command: () => Command,
    plain: { options: number } | null,
  ): void {
    const account = this.#state.account(event.accountId)
    const terms = plain === null ? termsOf(command()) : null
    const isMarketOrder = plain !== null && (plain.options & orderOption.market) !== 0
    const market = this.#state.market(event.market)
    const order = newOrder(event, event.timeMs, account, market, terms, isMarketOrder)
    this.#state.keys.signed(order, command)
    account.addOrder(order)
    account.lanes.set(event.lane, event.laneSeq)
    if (!order.waiting) this.#incoming = { order, limitTicks: event.priceTicks }
    if (terms !== null) this.#noteChild(order, terms)
    this.#changed(order)
  }

  amended(event: EventOf<'OrderAmended'>, command: () => Command): void {
    const account = this.#state.account(event.accountId)
    account.lanes.set(event.lane, event.laneSeq)
    const order = account.openOrders.get(event.orderId)
    if (order === undefined) throw new ViewError(`amend of unknown order ${event.orderId}`)
    const { book } = order.market
    if (event.keepsPriority === 1) book.shrink(order, event.sizeLots)
    else book.remove(order)
    order.priceTicks = event.priceTicks
    order.signedTicks = event.priceTicks
    order.signedLots = event.sizeLots
    order.remainingLots = event.sizeLots
    order.flags = event.flags
    order.maxFee = event.maxFee
    order.lane = event.lane
    order.laneSeq = event.laneSeq
    order.expiryS = event.expiryS
    order.digest = null
    this.#state.keys.signed(order, command)
    order.updatedAtMs = event.timeMs
    if (order.advanced !== null) {
      order.advanced.limitTicks = event.priceTicks
      if (order.waiting) order.advanced.triggerTicks = event.triggerTicks ?? 0
    }
    // An activated order is amended as a plain one: its trigger has done its work.
    if (!order.waiting) order.kind = 0
    book.seq = event.seq
    if (event.keepsPriority === 0) this.#incoming = { order, limitTicks: event.priceTicks }
    this.#changed(order)
  }

  /** A waiting order's moment came, or a slice's; what was at work before is done. */
  triggered(event: EventOf<'OrderTriggered'>): void {
    this.settleIncoming(event.seq)
    const order = this.#open(event)
    order.updatedAtMs = event.timeMs
    if (order.advanced?.style === orderStyle.twap) {
      this.#incoming = null
      return
    }
    order.remainingLots = event.lots
    order.waiting = false
    order.priceTicks = event.limitTicks
    this.#incoming = { order, limitTicks: event.limitTicks }
    this.#changed(order)
  }

  requeued(event: EventOf<'OrderRequeued'>): void {
    const order = this.#open(event)
    if (this.#incoming?.order === order) this.#incoming = null
    else if (order.advanced?.style === orderStyle.peg) this.settleIncoming(event.seq)
    const { book } = order.market
    book.remove(order)
    order.remainingLots = event.remainingLots
    order.updatedAtMs = event.timeMs
    order.waiting = event.priceTicks === 0
    order.priceTicks = event.priceTicks === 0 ? order.signedTicks : event.priceTicks
    if (!order.waiting) book.add(order, event.shownLots)
    book.seq = event.seq
    this.#changed(order)
  }

  reduced(event: EventOf<'OrderReduced'>): void {
    const order = this.#open(event)
    order.remainingLots = event.remainingLots
    order.updatedAtMs = event.timeMs
    if (order.bookLots > 0) {
      order.market.book.shrink(order, event.remainingLots)
      order.market.book.seq = event.seq
    }
    this.#changed(order)
  }

  closed(event: EventOf<'OrderClosed'>): void {
    const order = this.#state.account(event.accountId).openOrders.get(event.orderId)
    if (order === undefined) return
    order.remainingLots = event.remainingLots
    this.#close(order, event)
  }

  /** Before a taker's fill: whoever was at work before it is done. */
  takes(takerOrderId: number, seq: number): void {
    this.#fills += 1
    if (this.#incoming !== null && this.#incoming.order.orderId !== takerOrderId)
      this.settleIncoming(seq)
  }

  filled(order: OrderView, fill: OrderFill): void {
    order.filledLots += fill.sizeLots
    order.remainingLots -= fill.sizeLots
    order.filledQuote += fill.quote
    order.feeQuote += fill.feeQuote
    order.lastTradeAtMs = fill.timeMs
    this.#state.keys.filled(order, fill)
    order.updatedAtMs = fill.timeMs
    const { book } = order.market
    if (order.bookLots > 0) {
      if (order.bookLots === fill.sizeLots) book.remove(order)
      else book.shrink(order, order.bookLots - fill.sizeLots)
      book.seq = fill.seq
    }
    if (order.remainingLots === 0 && order.advanced === null)
      this.#close(order, { ...fill, reason: closeReason.filled })
    else this.#changed(order)
  }

  /** What of the order at work was left over rests now, behind its price, or waits on. */
  settleIncoming(seq: number): void {
    const incoming = this.#incoming
    this.#incoming = null
    if (incoming === null || incoming.order.remainingLots === 0) return
    const { order, limitTicks } = incoming
    const { advanced, market } = order
    // A tick whose fills are used up stops a triggered order in mid-match: it waits on.
    const isStopped = this.#fills >= limits.fillsPerCommandMax && this.#crosses(order, limitTicks)
    if (isStopped && advanced !== null && advanced.triggerKind !== triggerKind.none) {
      order.waiting = true
      order.priceTicks = order.signedTicks
      this.#changed(order)
      return
    }
    market.book.add(order, shownLots(order))
    market.book.seq = seq
  }

  commandApplied(seq: number): void {
    this.settleIncoming(seq)
    this.#fills = 0
  }

  #crosses(order: OrderView, limitTicks: number): boolean {
    const { book } = order.market
    const best = book.best(order.side === side.buy ? side.sell : side.buy)
    if (best === null) return false
    return order.side === side.buy ? best[0] <= limitTicks : best[0] >= limitTicks
  }

  #close(order: OrderView, event: Closing): void {
    if (order.bookLots > 0) order.market.book.seq = event.seq
    order.market.book.remove(order)
    order.closeReason = event.reason
    order.rejectCode = event.rejectCode ?? 0
    order.waiting = false
    // Children that live on have no parent any more.
    order.stopLossTicks = null
    order.takeProfitTicks = null
    order.updatedAtMs = event.timeMs
    order.owner.closeOrder(order)
    this.#state.orderClosed(order)
    this.#state.keys.closed(order)
    if (this.#incoming?.order === order) this.#incoming = null
    this.#forgetChild(order)
    this.#changed(order)
  }

  /** A stop or take-profit child shows at its parent. */
  #noteChild(child: OrderView, { parentLane, parentSeq }: PlaceAdvancedOrder): void {
    if (parentLane === 0 || child.advanced === null) return
    const parent = child.owner.orderAt(parentLane - 1, parentSeq)
    if (parent === undefined) return
    const key =
      child.advanced.triggerKind === triggerKind.stop ? 'stopLossTicks' : 'takeProfitTicks'
    parent[key] = child.advanced.triggerTicks
    this.#changed(parent)
  }

  #forgetChild(child: OrderView): void {
    const { advanced, owner } = child
    if (advanced?.parent === undefined || advanced.parent === null) return
    const parent = owner.orderAt(advanced.parent.lane, advanced.parent.seq)
    if (parent === undefined) return
    const key = advanced.triggerKind === triggerKind.stop ? 'stopLossTicks' : 'takeProfitTicks'
    if (parent[key] === advanced.triggerTicks) parent[key] = null
  }

  #open(event: { accountId: number; orderId: number; kind: string }): OrderView {
    const order = this.#state.account(event.accountId).openOrders.get(event.orderId)
    if (order === undefined) throw new ViewError(`${event.kind} of unknown order ${event.orderId}`)
    return order
  }

  #changed(order: OrderView): void {
    this.#state.sink?.orderChanged(order)
  }
}

function termsOf(command: Command): PlaceAdvancedOrder | null {
  return command.kind === 'PlaceAdvancedOrder' ? command : null
}
