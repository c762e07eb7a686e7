//! The exchange as its events tell it, in memory: what every read and every stream of the gateway shows.

import { bytesHex } from '@plumb/chain'
import {
  closeReason,
  commandKind,
  decodeCommand,
  decodeEvents,
  type EngineEvent,
  type Genesis,
  header,
  type MarketState,
  marketState,
  type Side,
  side,
  type TradeExecuted,
} from '@plumb/model'
import type { FeedEntry, FeedGroup } from '@plumb/runtime'
import { AccountView, type FillView, remember } from './account-view.ts'
import { BatchesView, type BatchView } from './batch-view.ts'
import { MarketView, type TradeView } from './market-view.ts'
import { newOrder, type OrderView } from './order-view.ts'

/** Hears what changed, in order. Objects are live: what shall stay must be copied. */
export type ViewSink = {
  orderChanged(order: OrderView): void
  filled(account: AccountView, fill: FillView): void
  /** Cash, positions or both moved. `market`: the position that moved. */
  accountChanged(account: AccountView, market: MarketView | null): void
  traded(market: MarketView, trade: TradeView): void
  pricesChanged(market: MarketView): void
  batchSettled(batch: BatchView): void
  statusChanged(): void
  /** All events of one command are applied. */
  commandApplied(seq: number, timeMs: number): void
  /** All commands of one durable group are applied: nothing is crossed or half done. */
  groupApplied(seq: number, timeMs: number): void
}

type EventOf<K extends EngineEvent['kind']> = Extract<EngineEvent, { kind: K }>
type Waiter = { seq: number; resolve: (reached: boolean) => void; deadlineMs: number }

/** Raised on a feed that cannot be of this exchange: the gateway must not serve it. */
export class ViewError extends Error {
  override readonly name = 'ViewError'
}

export class ExchangeView {
  readonly markets = new Map<number, MarketView>()
  readonly marketsBySymbol = new Map<string, MarketView>()
  readonly accounts = new Map<number, AccountView>()
  readonly batches = new BatchesView()
  genesis: Genesis | null = null
  withdrawalsPaused = false
  appliedSeq = 0
  appliedTimeMs = 0
  #accountsByOwner = new Map<string, AccountView>()
  #sink: ViewSink | null = null
  #waiters: Waiter[] = []
  /** Order of the command being applied that may come to rest, and whether it keeps its place. */
  #incoming: OrderView | null = null

  /** @param sink hears every change from now on */
  attach(sink: ViewSink): void {
    this.#sink = sink
  }

  account(address: string, subaccount: number): AccountView | undefined {
    return this.#accountsByOwner.get(ownerKey(address, subaccount))
  }

  subaccountsOf(address: string): AccountView[] {
    const owner = address.toLowerCase()
    return [...this.accounts.values()].filter((account) => account.address === owner)
  }

  /** Resolves once a sequence number is applied: true, or false at the deadline (the feed lags). */
  reached(seq: number, timeoutMs: number, nowMs: number): Promise<boolean> {
    if (this.appliedSeq >= seq) return Promise.resolve(true)
    return new Promise((resolve) => {
      this.#waiters.push({ seq, resolve, deadlineMs: nowMs + timeoutMs })
    })
  }

  /** Lets those go who have waited too long. */
  expireWaiters(nowMs: number): void {
    if (this.#waiters.every(({ deadlineMs }) => deadlineMs > nowMs)) return
    for (const { deadlineMs, resolve } of this.#waiters) if (deadlineMs <= nowMs) resolve(false)
    this.#waiters = this.#waiters.filter(({ deadlineMs }) => deadlineMs > nowMs)
  }

  apply(group: FeedGroup): void {
    for (const entry of group.entries) this.#applyEntry(entry)
    this.#sink?.groupApplied(this.appliedSeq, this.appliedTimeMs)
    if (this.#waiters.length === 0) return
    const waiters = this.#waiters
    this.#waiters = waiters.filter(({ seq }) => seq > this.appliedSeq)
    for (const { seq, resolve } of waiters) if (seq <= this.appliedSeq) resolve(true)
  }

  #applyEntry({ seq, command, events }: FeedEntry): void {
    if (seq !== this.appliedSeq + 1)
      throw new ViewError(`the feed continues at ${seq}, expected ${this.appliedSeq + 1}`)
    this.#applyDefinition(command)
    for (const event of decodeEvents(events)) this.#applyEvent(event, command)
    this.#restIncoming(seq)
    this.appliedSeq = seq
    this.appliedTimeMs = timeOf(command)
    this.#sink?.commandApplied(seq, this.appliedTimeMs)
  }

  /** The genesis is a fact of the command, not of an event. */
  #applyDefinition(bytes: Uint8Array): void {
    if (kindOf(bytes) !== commandKind.Genesis) return
    const { command } = decodeCommand(bytes)
    if (command.kind === 'Genesis') this.genesis ??= command
  }

  // The table of contents of what the gateway remembers.
  #applyEvent(event: EngineEvent, command: Uint8Array): void {
    switch (event.kind) {
      case 'MarketListed':
        return this.#marketListed(command)
      case 'AccountOpened':
        return this.#accountOpened(event)
      case 'DepositCredited':
        return this.#depositCredited(event)
      case 'WithdrawalAccepted':
        return this.#withdrawalAccepted(event)
      case 'WithdrawalPaid':
        return this.#withdrawalPaid(event)
      case 'OrderPlaced':
        return this.#orderPlaced(event)
      case 'OrderAmended':
        return this.#orderAmended(event)
      case 'OrderClosed':
        return this.#orderClosed(event)
      case 'TradeExecuted':
        return this.#tradeExecuted(event)
      case 'FundingSettled':
        return this.#fundingSettled(event)
      case 'IndexUpdated':
      case 'MarkUpdated':
      case 'PremiumSampled':
      case 'FundingApplied':
        return this.#pricesChanged(event)
      case 'BatchConfirmed':
        return this.#batchConfirmed(event)
      case 'MarketStateChanged':
        this.#market(event.market).state = stateOf(event.state)
        return this.#sink?.statusChanged()
      case 'WithdrawalsSwitched':
        this.withdrawalsPaused = event.paused === 1
        return this.#sink?.statusChanged()
      case 'ExchangeOpened':
      case 'CommandRejected':
      case 'DuplicateRequest':
      case 'AccountModeSet':
      case 'AdlExecuted':
      case 'AdlRound':
      case 'BackstopSet':
      case 'BadDebt':
      case 'DeadManSet':
      case 'DustCollected':
      case 'FeeTierChanged':
      case 'FeeTiersSet':
      case 'InsuranceFunded':
      case 'LeverageSet':
      case 'LiquidationExplained':
      case 'LiquidationFilled':
      case 'MarketRiskSet':
      case 'MarketSettled':
      case 'OrderReduced':
      case 'OrderRequeued':
      case 'OrderTriggered':
      case 'PositionSettled':
      case 'PositionTakenOver':
      case 'SelfTradeGroupSet':
      case 'ThrottleSet':
      case 'TransferBooked':
      case 'VolatilityUpdated':
        return undefined
      default:
        return unknownEvent(event)
    }
  }

  #market(id: number): MarketView {
    const market = this.markets.get(id)
    if (market === undefined) throw new ViewError(`event of unknown market ${id}`)
    return market
  }

  #account(id: number): AccountView {
    const account = this.accounts.get(id)
    if (account === undefined) throw new ViewError(`event of unknown account ${id}`)
    return account
  }

  #marketListed(bytes: Uint8Array): void {
    const { command, timeMs } = decodeCommand(bytes)
    if (command.kind !== 'ListMarket') throw new ViewError('MarketListed without ListMarket')
    const { kind: _, ...definition } = command
    const market = new MarketView(definition, timeMs)
    this.markets.set(definition.market, market)
    this.marketsBySymbol.set(definition.symbol, market)
    this.#sink?.statusChanged()
  }

  #accountOpened({ accountId, owner, subaccount }: EventOf<'AccountOpened'>): void {
    const account = new AccountView(accountId, bytesHex(owner), subaccount)
    this.accounts.set(accountId, account)
    this.#accountsByOwner.set(ownerKey(account.address, subaccount), account)
  }

  #depositCredited(event: EventOf<'DepositCredited'>): void {
    const account = this.#account(event.accountId)
    const { depositId, seq, leg, timeMs, amountQuote } = event
    account.cashQuote = event.cashQuote
    account.updatedAtMs = timeMs
    const txHash = bytesHex(event.txHash)
    remember(account.deposits, { depositId, seq, leg, timeMs, amountQuote, txHash })
    this.#sink?.accountChanged(account, null)
  }

  #withdrawalAccepted(event: EventOf<'WithdrawalAccepted'>): void {
    const account = this.#account(event.accountId)
    const { withdrawalId, timeMs, amountQuote, lane, laneSeq } = event
    const [seq, leg] = [withdrawalId, 0]
    account.cashQuote = event.cashQuote
    account.pendingWithdrawalQuote += amountQuote
    account.updatedAtMs = timeMs
    account.lanes.set(lane, laneSeq)
    const [batchNo, paidAtMs] = [null, null]
    remember(account.withdrawals, {
      withdrawalId,
      seq,
      leg,
      timeMs,
      amountQuote,
      batchNo,
      paidAtMs,
    })
    this.#sink?.accountChanged(account, null)
  }

  #withdrawalPaid(event: EventOf<'WithdrawalPaid'>): void {
    const account = this.#account(event.accountId)
    account.pendingWithdrawalQuote -= event.amountQuote
    account.updatedAtMs = event.timeMs
    const withdrawal = account.withdrawals.find((w) => w.withdrawalId === event.withdrawalId)
    if (withdrawal !== undefined) {
      withdrawal.batchNo = event.batchNo
      withdrawal.paidAtMs = event.timeMs
    }
    this.#sink?.accountChanged(account, null)
  }

  #orderPlaced(event: EventOf<'OrderPlaced'>): void {
    const account = this.#account(event.accountId)
    const order = newOrder(event, event.timeMs, account, this.#market(event.market))
    account.addOrder(order)
    account.lanes.set(event.lane, event.laneSeq)
    this.#incoming = order
    this.#sink?.orderChanged(order)
  }

  #orderAmended(event: EventOf<'OrderAmended'>): void {
    const account = this.#account(event.accountId)
    account.lanes.set(event.lane, event.laneSeq)
    const order = account.openOrders.get(event.orderId)
    if (order === undefined) throw new ViewError(`amend of unknown order ${event.orderId}`)
    const { book } = order.market
    if (event.keepsPriority === 1) book.shrink(order, event.sizeLots)
    else book.remove(order)
    order.priceTicks = event.priceTicks
    order.signedLots = event.sizeLots
    order.remainingLots = event.sizeLots
    order.flags = event.flags
    order.maxFee = event.maxFee
    order.lane = event.lane
    order.laneSeq = event.laneSeq
    order.expiryS = event.expiryS
    order.digest = null
    order.updatedAtMs = event.timeMs
    book.seq = event.seq
    if (event.keepsPriority === 0) this.#incoming = order
    this.#sink?.orderChanged(order)
  }

  #orderClosed(event: EventOf<'OrderClosed'>): void {
    const order = this.#account(event.accountId).openOrders.get(event.orderId)
    if (order !== undefined) this.#close(order, event)
  }

  #close(
    order: OrderView,
    event: { seq: number; timeMs: number; reason: OrderView['closeReason'] },
  ) {
    if (order.bookLots > 0) order.market.book.seq = event.seq
    order.market.book.remove(order)
    order.closeReason = event.reason
    order.updatedAtMs = event.timeMs
    order.owner.closeOrder(order)
    if (this.#incoming === order) this.#incoming = null
    this.#sink?.orderChanged(order)
  }

  #tradeExecuted(event: EventOf<'TradeExecuted'>): void {
    const market = this.#market(event.market)
    const { tradeId, seq, leg, timeMs, priceTicks, sizeLots, takerSide } = event
    market.addTrade({ tradeId, seq, leg, timeMs, priceTicks, sizeLots, takerSide }, event.quote)
    market.book.seq = seq
    this.batches.addTrade(seq, timeMs)
    this.#applyFill(market, event, 'taker')
    this.#applyFill(market, event, 'maker')
    const trade = market.trades.at(-1)
    if (trade !== undefined) this.#sink?.traded(market, trade)
  }

  #applyFill(market: MarketView, event: EventOf<'TradeExecuted'>, liquidity: 'maker' | 'taker') {
    const part = fillPart(event, liquidity)
    const account = this.#account(part.accountId)
    const order = account.openOrders.get(part.orderId)
    moveMoney(account, market, part, event)
    if (order !== undefined) this.#fillOrder(order, part, event)
    const { tradeId, seq, leg, timeMs, priceTicks, sizeLots, quote } = event
    const { orderId, side: ofSide, feeQuote, fee, realizedQuote } = part
    const clientOrderId = order?.clientOrderId ?? ''
    const fill: FillView = {
      market,
      tradeId,
      seq,
      leg,
      timeMs,
      orderId,
      clientOrderId,
      side: ofSide,
      liquidity,
      priceTicks,
      sizeLots,
      quote,
      feeQuote,
      fee,
      realizedQuote,
    }
    remember(account.fills, fill)
    this.#sink?.filled(account, fill)
    this.#sink?.accountChanged(account, market)
  }

  #fillOrder(order: OrderView, part: FillPart, event: EventOf<'TradeExecuted'>): void {
    order.filledLots += event.sizeLots
    order.remainingLots = part.remainingLots
    order.filledQuote += event.quote
    order.feeQuote += part.feeQuote
    order.lastTradeAtMs = event.timeMs
    order.updatedAtMs = event.timeMs
    order.market.book.shrink(order, part.remainingLots)
    if (part.remainingLots === 0) this.#close(order, { ...event, reason: closeReason.filled })
    else this.#sink?.orderChanged(order)
  }

  /** What of the command's order was left over now rests, behind its price. */
  #restIncoming(seq: number): void {
    const order = this.#incoming
    this.#incoming = null
    if (order === null || order.remainingLots === 0) return
    order.market.book.add(order)
    order.market.book.seq = seq
  }

  #fundingSettled(event: EventOf<'FundingSettled'>): void {
    const account = this.#account(event.accountId)
    const market = this.#market(event.market)
    const position = account.position(market)
    const { seq, leg, timeMs, paymentQuote, positionLots } = event
    account.cashQuote = event.cashQuote
    account.updatedAtMs = timeMs
    position.fundingIndex = event.fundingIndex
    position.fundingPaidQuote += paymentQuote
    const rate = market.fundingRates.at(-1)?.rate ?? null
    const { markTicks } = market
    const payment = { market, seq, leg, timeMs, paymentQuote, positionLots, rate, markTicks }
    remember(account.fundingPayments, payment)
    this.#sink?.accountChanged(account, market)
  }

  #pricesChanged(
    event: EventOf<'IndexUpdated' | 'MarkUpdated' | 'PremiumSampled' | 'FundingApplied'>,
  ): void {
    const market = this.#market(event.market)
    market.pricesAtMs = event.timeMs
    if (event.kind === 'PremiumSampled') market.predictedRate = event.predictedRate
    else market.indexTicks = event.indexTicks
    if (event.kind === 'MarkUpdated') market.markTicks = event.markTicks
    if (event.kind === 'FundingApplied') {
      market.fundingIndex = event.fundingIndex
      const { seq, leg, timeMs, rate, indexTicks, intervalS } = event
      const { markTicks } = market
      market.addFundingRate({ seq, leg, timeMs, rate, indexTicks, markTicks, intervalS })
    }
    this.#sink?.pricesChanged(market)
  }

  #batchConfirmed(event: EventOf<'BatchConfirmed'>): void {
    const { batchNo, toSeq, gasUsed, blockNumber, timeMs } = event
    const txHash = bytesHex(event.txHash)
    const batch = this.batches.confirm({ batchNo, toSeq, txHash, gasUsed, blockNumber, timeMs })
    this.#sink?.batchSettled(batch)
  }
}

type FillPart = {
  accountId: number
  orderId: number
  side: Side
  feeQuote: number
  fee: number
  realizedQuote: number
  positionLots: number
  remainingLots: number
}

function fillPart(event: TradeExecuted, liquidity: 'maker' | 'taker'): FillPart {
  return liquidity === 'taker'
    ? {
        accountId: event.takerAccountId,
        orderId: event.takerOrderId,
        side: event.takerSide,
        feeQuote: event.takerFeeQuote,
        fee: event.takerFee,
        realizedQuote: event.takerRealizedQuote,
        positionLots: event.takerPositionLots,
        remainingLots: event.takerRemainingLots,
      }
    : {
        accountId: event.makerAccountId,
        orderId: event.makerOrderId,
        side: event.takerSide === side.buy ? side.sell : side.buy,
        feeQuote: event.makerFeeQuote,
        fee: event.makerFee,
        realizedQuote: event.makerRealizedQuote,
        positionLots: event.makerPositionLots,
        remainingLots: event.makerRemainingLots,
      }
}

/** A fill moves cash by price × size and the fee; what stays of cash and position is cost and realized PnL. */
function moveMoney(
  account: AccountView,
  market: MarketView,
  part: FillPart,
  event: EventOf<'TradeExecuted'>,
): void {
  const position = account.position(market)
  const paid = part.side === side.buy ? event.quote : -event.quote
  account.cashQuote -= paid + part.feeQuote
  account.updatedAtMs = event.timeMs
  const before = position.sizeLots
  if (before === 0) Object.assign(position, { realizedQuote: 0, fundingPaidQuote: 0 })
  position.sizeLots = part.positionLots
  // Cash spent, less what closing realized, is the cost of what is still held: exact for any mix of both.
  position.costQuote += paid + part.realizedQuote
  position.realizedQuote += part.realizedQuote
  position.fundingIndex = market.fundingIndex
  position.updatedAtMs = event.timeMs
  market.openInterestLots += Math.max(0, part.positionLots) - Math.max(0, before)
}

function ownerKey(address: string, subaccount: number): string {
  return `${address.toLowerCase()}/${subaccount}`
}

function kindOf(command: Uint8Array): number {
  return new DataView(command.buffer, command.byteOffset).getInt32(header.kindI32 * 4, true)
}

function timeOf(command: Uint8Array): number {
  return new DataView(command.buffer, command.byteOffset).getFloat64(header.timeMsF64 * 8, true)
}

function stateOf(state: number): MarketState {
  const known = Object.values(marketState).find((value) => value === state)
  if (known === undefined) throw new ViewError(`unknown market state ${state}`)
  return known
}

function unknownEvent(event: never): never {
  throw new ViewError(`unknown event ${JSON.stringify(event)}`)
}
