//! The exchange as its events tell it, in memory: what every read and every stream of the gateway shows.

import { bytesHex } from '@plumb/chain'
import {
  type Command,
  commandKind,
  commandLayouts,
  decodeCommand,
  decodeEvents,
  type EngineEvent,
  type Genesis,
  header,
  type MarketState,
  marketState,
} from '@plumb/model'
import type { FeedEntry, FeedGroup } from '@plumb/runtime'
import { AccountView } from './account-view.ts'
import type { BatchesView } from './batch-view.ts'
import { MoneyFollower } from './follow-money.ts'
import { OrderFollower } from './follow-orders.ts'
import { PriceFollower } from './follow-prices.ts'
import { MarketView } from './market-view.ts'
import { PendingDeposits } from './pending-deposits.ts'
import type { PendingWithdrawals } from './pending-withdrawals.ts'
import type { SessionKeysView, SessionKeyView } from './session-keys-view.ts'
import type { SettlementView } from './settlement-view.ts'
import type { ViewSink } from './view-sink.ts'
import {
  restoreAccount,
  restoreBook,
  restoreMarket,
  SNAPSHOT_VERSION,
  storeState,
  type ViewSnapshot,
} from './view-snapshot.ts'
import { type EventOf, type FeeTierView, ViewError, ViewState } from './view-state.ts'

/** Who waits for a command to be applied; its method must not throw. */
export type EventsWaiter = {
  /** @param events what the command did; null when that must be asked elsewhere */
  shown(events: readonly EngineEvent[] | null): void
}

const ORDER_OPTIONS_I32 = commandLayouts.PlaceOrder.fields['options']?.at ?? 0

type Asker = { events: readonly EngineEvent[] | null; waiter: EventsWaiter; deadlineMs: number }

export class ExchangeView {
  readonly #state = new ViewState()
  /** What the relayer has seen and the journal has not: no part of a snapshot. */
  readonly pendingDeposits = new PendingDeposits()
  readonly #orders = new OrderFollower(this.#state)
  readonly #money = new MoneyFollower(this.#state, this.#orders)
  readonly #prices = new PriceFollower(this.#state)
  readonly marketsBySymbol = new Map<string, MarketView>()
  genesis: Genesis | null = null
  appliedSeq = 0
  appliedTimeMs = 0
  /** By subaccount, then by owner: a key of both would be a new string for each look. */
  readonly #accountsByOwner: Map<string, AccountView>[] = []
  /** Who asked for the events of a command that is not applied yet, by its seq. */
  readonly #askers = new Map<number, Asker>()

  get markets(): ReadonlyMap<number, MarketView> {
    return this.#state.markets
  }

  get accounts(): ReadonlyMap<number, AccountView> {
    return this.#state.accounts
  }

  get batches(): BatchesView {
    return this.#state.batches
  }

  get sessionKeys(): SessionKeysView {
    return this.#state.keys
  }

  get withdrawals(): PendingWithdrawals {
    return this.#state.withdrawals
  }

  get settlement(): SettlementView {
    return this.#state.settlement
  }

  get withdrawalsPaused(): boolean {
    return this.#state.withdrawalsPaused
  }

  /** Tiers by number; tier 0 takes nothing off. */
  get feeTiers(): readonly FeeTierView[] {
    return this.#state.feeTiers
  }

  get throttle(): { level: number; minNotionalQuote: number } {
    return this.#state.throttle
  }

  /** @param sink hears every change from now on */
  attach(sink: ViewSink): void {
    this.#state.sink = sink
  }

  account(address: string, subaccount: number): AccountView | undefined {
    return this.#accountsByOwner[subaccount]?.get(address.toLowerCase())
  }

  subaccountsOf(address: string): AccountView[] {
    const owner = address.toLowerCase()
    return [...this.accounts.values()].filter((account) => account.address === owner)
  }

  /**
   * Calls once a command that is not applied yet is, with its events: they are decoded once, for the view and for the
   * answer. With null when it is applied already, and at the deadline. One waiter for each command.
   */
  whenApplied(seq: number, waiter: EventsWaiter, deadlineMs: number): void {
    if (this.appliedSeq >= seq) waiter.shown(null)
    else this.#askers.set(seq, { events: null, waiter, deadlineMs })
  }

  /** Lets those go who have waited too long. */
  expireWaiters(nowMs: number): void {
    for (const [seq, { deadlineMs, waiter }] of this.#askers)
      if (deadlineMs <= nowMs) {
        this.#askers.delete(seq)
        waiter.shown(null)
      }
  }

  apply(group: Pick<FeedGroup, 'entries'>): void {
    for (const entry of group.entries) this.#applyEntry(entry)
    this.#state.sink?.groupApplied(this.appliedSeq, this.appliedTimeMs)
    if (this.#askers.size > 0)
      for (const { seq } of group.entries) {
        const asker = this.#askers.get(seq)
        if (asker === undefined) continue
        this.#askers.delete(seq)
        asker.waiter.shown(asker.events)
      }
    this.#state.forgetClosed()
  }

  /** What is live, as plain data that shares its objects: serialise it before the next group. */
  snapshot(): ViewSnapshot {
    const { feeTiers, throttle, withdrawalsPaused, settlement, withdrawals, batches, keys } =
      this.#state
    return {
      version: SNAPSHOT_VERSION,
      seq: this.appliedSeq,
      timeMs: this.appliedTimeMs,
      genesis: this.genesis,
      feeTiers,
      throttle,
      withdrawalsPaused,
      settlement: settlement.memory,
      withdrawals: withdrawals.memory,
      prices: this.#prices.memory,
      batches: batches.memory,
      keys: keys.memory,
      ...storeState(this.#state),
    }
  }

  /** Goes on from a snapshot. Only before the first group. */
  restore(snapshot: ViewSnapshot): void {
    const { seq, markets, accounts } = snapshot
    for (const stored of markets) this.#addMarket(restoreMarket(stored, seq))
    const marketOf = (id: number) => this.#state.market(id)
    for (const stored of accounts) this.#addAccount(restoreAccount(stored, seq, marketOf))
    for (const stored of markets)
      restoreBook(stored, marketOf(stored.definition.market), (accountId, orderId) => {
        const order = this.#state.account(accountId).openOrders.get(orderId)
        if (order === undefined) throw new ViewError(`the snapshot lacks order ${orderId}`)
        return order
      })
    this.genesis = snapshot.genesis
    this.#state.feeTiers = snapshot.feeTiers
    this.#state.throttle = snapshot.throttle
    this.#state.withdrawalsPaused = snapshot.withdrawalsPaused
    this.#state.settlement.memory = snapshot.settlement
    this.#state.withdrawals.memory = snapshot.withdrawals
    this.#state.settlement.settlementLagS = snapshot.genesis?.settlementLagS ?? 0
    this.#state.batches.restore(snapshot.batches)
    this.#state.keys.restore(snapshot.keys)
    this.#prices.restore(snapshot.prices)
    this.appliedSeq = seq
    this.appliedTimeMs = snapshot.timeMs
  }

  #applyEntry({ seq, command, events }: FeedEntry): void {
    if (seq !== this.appliedSeq + 1)
      throw new ViewError(`the feed continues at ${seq}, expected ${this.appliedSeq + 1}`)
    const view = new DataView(command.buffer, command.byteOffset)
    const timeMs = view.getFloat64(header.timeMsF64 * 8, true)
    let decoded: Command | undefined
    const decode = () => (decoded ??= decodeCommand(command).command)
    const happened = decodeEvents(events)
    const asker = this.#askers.get(seq)
    if (asker !== undefined) asker.events = happened
    const kind = view.getInt32(header.kindI32 * 4, true)
    // The commonest command of all is not worth decoding: one word of it is missing in its event.
    const plain =
      kind === commandKind.PlaceOrder
        ? { options: view.getInt32(ORDER_OPTIONS_I32 * 4, true) }
        : null
    for (const event of happened) this.#applyEvent(event, decode, plain)
    this.#orders.commandApplied(seq)
    this.#prices.passed(timeMs)
    if (kind === commandKind.Tick) this.#ticked(timeMs)
    else if (kind === commandKind.ObservePrice) this.#observed(decode(), happened, timeMs)
    else if (kind === commandKind.ChainNotice) this.#noticed(decode(), happened, timeMs)
    this.appliedSeq = seq
    this.appliedTimeMs = timeMs
    this.#state.sink?.commandApplied(seq, timeMs)
  }

  #ticked(timeMs: number): void {
    this.#prices.ticked(timeMs)
    // A revoked one has been told of already.
    for (const key of this.#state.keys.ticked(timeMs))
      if (!key.isRevoked) this.#keyChanged(key, timeMs)
    if (this.#state.settlement.hasChanged(timeMs)) this.#state.sink?.statusChanged()
  }

  // How far settlement is behind is told by a command without events.
  #noticed(command: Command, events: readonly EngineEvent[], timeMs: number): void {
    if (command.kind !== 'ChainNotice' || events[0]?.kind === 'CommandRejected') return
    const { settlement, sink } = this.#state
    settlement.noticed(command, timeMs)
    if (settlement.hasChanged(timeMs)) sink?.statusChanged()
  }

  // The table of contents of what the gateway remembers. Some facts stand in the command only.
  #applyEvent(event: EngineEvent, command: () => Command, plain: { options: number } | null): void {
    const [orders, money, prices] = [this.#orders, this.#money, this.#prices]
    switch (event.kind) {
      case 'ExchangeOpened':
        return this.#opened(command())
      case 'MarketListed':
        return this.#marketListed(event, command())
      case 'AccountOpened':
        return this.#accountOpened(event)
      case 'DepositCredited':
        return money.deposited(event)
      case 'WithdrawalAccepted':
        return money.withdrawalAccepted(event)
      case 'WithdrawalPaid':
        return money.withdrawalPaid(event)
      case 'TransferBooked':
        return money.transferred(event)
      case 'InsuranceFunded':
        return money.insuranceFunded(event)
      case 'OrderPlaced':
        return orders.placed(event, command, plain)
      case 'OrderAmended':
        return orders.amended(event, command)
      case 'OrderTriggered':
        return orders.triggered(event)
      case 'OrderRequeued':
        return orders.requeued(event)
      case 'OrderReduced':
        return orders.reduced(event)
      case 'OrderClosed':
        return orders.closed(event)
      case 'TradeExecuted':
        return money.traded(event)
      case 'LiquidationExplained':
        orders.settleIncoming(event.seq)
        return money.explained(event)
      case 'LiquidationFilled':
        return money.liquidationFilled(event)
      case 'PositionTakenOver':
        return money.takenOver(event, command())
      case 'PositionReduced':
        return money.reduced(event, command())
      case 'ChainNoticed':
        return money.noticed(event)
      case 'AdlExecuted':
        return money.deleveraged(event)
      case 'AdlRound':
        return money.deleveragingDone(event)
      case 'PositionSettled':
        return money.positionSettled(event)
      case 'BadDebt':
        return money.badDebt(event)
      case 'DustCollected':
        this.#state.market(event.market).insuranceQuote = event.trancheQuote
        return undefined
      case 'FundingSettled':
        return money.fundingSettled(event)
      case 'FeeTierChanged':
        return money.feeTierChanged(event)
      case 'IndexUpdated':
      case 'MarkUpdated':
      case 'PremiumSampled':
      case 'FundingApplied':
        return prices.changed(event)
      case 'VolatilityUpdated':
        return prices.volatilityUpdated(event)
      case 'MarketRiskSet':
        return prices.riskSet(event, command())
      case 'MarketSettled':
        return prices.settled(event)
      case 'BatchConfirmed':
        return this.#batchConfirmed(event)
      case 'MarketStateChanged':
        return this.#marketStateChanged(event, command())
      case 'WithdrawalsSwitched':
        this.#state.withdrawalsPaused = event.paused === 1
        return this.#state.sink?.statusChanged()
      case 'ThrottleSet': {
        const { level, minNotionalQuote } = event
        this.#state.throttle = { level, minNotionalQuote }
        return this.#state.sink?.statusChanged()
      }
      case 'FeeTiersSet':
        return this.#feeTiersSet(command())
      case 'LeverageSet':
        return this.#leverageSet(event)
      case 'AccountModeSet':
        this.#state.account(event.accountId).isolatedMarket = event.isolatedMarket
        return undefined
      case 'DeadManSet':
        return this.#deadManSet(event)
      case 'SelfTradeGroupSet':
        return this.#selfTradeGroupSet(event)
      case 'KeyRegistered':
        return this.#keyChanged(this.#state.keys.registered(event), event.timeMs)
      case 'KeyRevoked':
        return this.#keyChanged(this.#state.keys.revoked(event), event.timeMs)
      case 'CommandRejected':
      case 'DuplicateRequest':
      case 'BackstopSet':
        return undefined
      default:
        return unknownEvent(event)
    }
  }

  #opened(command: Command): void {
    if (command.kind !== 'Genesis') throw new ViewError('ExchangeOpened without Genesis')
    this.genesis = command
    this.#prices.publisherCount = command.publisherCount
    this.#prices.quorum = command.publisherQuorum
    this.#prices.settlementLagS = command.settlementLagS
    this.#state.settlement.settlementLagS = command.settlementLagS
  }

  #marketListed({ timeMs }: EventOf<'MarketListed'>, command: Command): void {
    if (command.kind !== 'ListMarket') throw new ViewError('MarketListed without ListMarket')
    const { kind: _, ...definition } = command
    this.#addMarket(new MarketView(definition, timeMs))
    this.#state.sink?.statusChanged()
  }

  #addMarket(market: MarketView): void {
    this.#state.markets.set(market.definition.market, market)
    this.marketsBySymbol.set(market.definition.symbol, market)
  }

  #accountOpened({ accountId, owner, subaccount, timeMs }: EventOf<'AccountOpened'>): void {
    const account = new AccountView(accountId, bytesHex(owner), subaccount, timeMs)
    // A group is of all of the owner's accounts, present and future.
    account.selfTradeGroup = this.subaccountsOf(account.address)[0]?.selfTradeGroup ?? 0
    this.#addAccount(account)
  }

  #addAccount(account: AccountView): void {
    this.#state.accounts.set(account.accountId, account)
    const { address, subaccount } = account
    while (this.#accountsByOwner.length <= subaccount) this.#accountsByOwner.push(new Map())
    this.#accountsByOwner[subaccount]?.set(address, account)
  }

  #marketStateChanged(event: EventOf<'MarketStateChanged'>, command: Command): void {
    const { market, state, timeMs } = event
    this.#state.market(market).setState(stateOf(state), timeMs, command.kind)
    this.#state.sink?.statusChanged()
  }

  #leverageSet({ accountId, market, leverage }: EventOf<'LeverageSet'>): void {
    const account = this.#state.account(accountId)
    if (leverage === 0) account.leverages.delete(market)
    else account.leverages.set(market, leverage)
    this.#state.sink?.accountChanged(account, this.#state.market(market))
  }

  #keyChanged(key: SessionKeyView | undefined, timeMs: number): void {
    if (key !== undefined) this.#state.sink?.sessionKeyChanged(key, timeMs)
  }

  #deadManSet({ accountId, scope, deadlineMs }: EventOf<'DeadManSet'>): void {
    const account = this.#state.account(accountId)
    if (scope === 0) account.deadManDeadlineMs = deadlineMs
    else if (deadlineMs === 0) account.deadManMarkets.delete(scope - 1)
    else account.deadManMarkets.set(scope - 1, deadlineMs)
  }

  #selfTradeGroupSet({ accountId, group }: EventOf<'SelfTradeGroupSet'>): void {
    const { address } = this.#state.account(accountId)
    for (const account of this.subaccountsOf(address)) account.selfTradeGroup = group
  }

  #feeTiersSet(command: Command): void {
    if (command.kind !== 'SetFeeTiers') throw new ViewError('FeeTiersSet without SetFeeTiers')
    const { volumeQuote, takerOff, makerOff } = command
    const ends = volumeQuote.indexOf(0)
    const tiers = ends < 0 ? volumeQuote : volumeQuote.slice(0, ends)
    this.#state.feeTiers = tiers.map((volume, i) => ({
      volumeQuote: volume,
      takerOff: takerOff[i] ?? 0,
      makerOff: makerOff[i] ?? 0,
    }))
    this.#state.sink?.statusChanged()
  }

  #observed(command: Command, events: readonly EngineEvent[], timeMs: number): void {
    if (command.kind !== 'ObservePrice' || events[0]?.kind === 'CommandRejected') return
    this.#prices.observed(command, timeMs)
  }

  #batchConfirmed(event: EventOf<'BatchConfirmed'>): void {
    const { batchNo, toSeq, gasUsed, blockNumber, timeMs } = event
    const txHash = bytesHex(event.txHash)
    const batch = this.batches.confirm({ batchNo, toSeq, txHash, gasUsed, blockNumber, timeMs })
    this.#state.sink?.batchSettled(batch)
  }
}

function stateOf(state: number): MarketState {
  const known = Object.values(marketState).find((value) => value === state)
  if (known === undefined) throw new ViewError(`unknown market state ${state}`)
  return known
}

function unknownEvent(event: never): never {
  throw new ViewError(`unknown event ${JSON.stringify(event)}`)
}
