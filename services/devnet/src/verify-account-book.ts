//! What every account must hold, added up from events alone: neither the engine's own books nor the ledger's.
import {
  decodeCommand,
  type EngineEvent,
  type EventHeader,
  type EventOf,
  eventsThatTouch,
  noticeKind,
  side,
} from '@plumb/model'
import { VerifyError } from './verify-error.ts'

/** What one lane has used: the signed sequence number and the lots filled under it (−1: a withdrawal took it whole). */
export type LaneUse = { seq: number; filledLots: number }
export type PositionHeld = { lots: number; fundingSnapshot: number }

export type AccountHeld = {
  accountId: number
  owner: string
  subaccount: number
  cashQuote: number
  /** By market; flat ones are absent. */
  positions: Map<number, PositionHeld>
  lanes: Map<number, LaneUse>
}

const changesBook = eventsThatTouch('money', 'position', 'order')
type Trade = EventOf<'TradeExecuted'>
type TrancheMove = EventHeader & { market: number; trancheQuote: number }
type OpenOrder = { accountId: number; lane: number; laneSeq: number }

/** Deposits as the journal credited them, in order. */
export type CreditedDeposit = {
  depositId: number
  owner: string
  subaccount: number
  amountQuote: number
  blockNumber: number
}

const addTo = (sums: Map<number, number>, key: number, amount: number): number => {
  const sum = (sums.get(key) ?? 0) + amount
  sums.set(key, sum)
  return sum
}

const hexOf = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`

/** Sums of the whole exchange. */
export type BookTotals = { feesQuote: number; paidQuote: number; pendingQuote: number }

/** Funding index at which the chain has moved a position itself, if that is what a stored command tells. */
export const toldIndexOf = (payload: Uint8Array): number | undefined => {
  const { command } = decodeCommand(payload)
  if (command.kind !== 'ChainNotice') return undefined
  const isMove = command.what === noticeKind.reduced || command.what === noticeKind.takenOver
  return isMove ? command.fundingIndex : undefined
}

/** @example const book = new AccountBook(); book.takeAll(events, toldIndexOf(payload)) */
export class AccountBook {
  readonly accounts = new Map<number, AccountHeld>()
  readonly fundingIndex = new Map<number, number>()
  readonly fundingPools = new Map<number, number>()
  /** Insurance tranches by market. */
  readonly tranches = new Map<number, number>()
  readonly deposits: CreditedDeposit[] = []
  readonly totals: BookTotals = { feesQuote: 0, paidQuote: 0, pendingQuote: 0 }
  private readonly orders = new Map<number, OpenOrder>()
  private toldIndex: number | undefined

  /**
   * Adds up the events of one command.
   *
   * @param toldIndex funding index at which the chain has moved a position, where the command tells that it has
   * @throws VerifyError when an event contradicts the ones before it
   */
  takeAll(events: readonly EngineEvent[], toldIndex?: number): void {
    this.toldIndex = toldIndex
    for (const event of events) this.take(event)
  }

  private take(event: EngineEvent): void {
    if (event.kind === 'AccountOpened') this.open(event)
    if (event.kind === 'FundingApplied') this.fundingIndex.set(event.market, event.fundingIndex)
    if (!changesBook(event)) return
    switch (event.kind) {
      case 'DepositCredited': {
        const account = this.account(event.accountId)
        account.cashQuote += event.amountQuote
        this.expectCash(event.seq, account, event.cashQuote)
        const { depositId, amountQuote, blockNumber } = event
        const { owner, subaccount } = account
        this.deposits.push({ depositId, owner, subaccount, amountQuote, blockNumber })
        return
      }
      case 'WithdrawalAccepted': {
        const account = this.account(event.accountId)
        account.cashQuote -= event.amountQuote
        this.expectCash(event.seq, account, event.cashQuote)
        // What was asked for on-chain uses no lane.
        if (event.laneSeq !== 0)
          account.lanes.set(event.lane, { seq: event.laneSeq, filledLots: -1 })
        this.totals.pendingQuote += event.amountQuote
        return
      }
      case 'WithdrawalPaid':
        this.totals.pendingQuote -= event.amountQuote
        this.totals.paidQuote += event.amountQuote
        return
      case 'FundingSettled': {
        const account = this.account(event.accountId)
        account.cashQuote -= event.paymentQuote
        addTo(this.fundingPools, event.market, event.paymentQuote)
        const position = account.positions.get(event.market)
        if (position !== undefined) position.fundingSnapshot = event.fundingIndex
        return
      }
      case 'OrderPlaced':
      case 'OrderAmended': {
        const { orderId, accountId, lane, laneSeq } = event
        this.orders.set(orderId, { accountId, lane, laneSeq })
        return
      }
      case 'OrderClosed':
        this.orders.delete(event.orderId)
        return
      // The order stays where it is: in its lane.
      case 'OrderTriggered':
      case 'OrderRequeued':
      case 'OrderReduced':
        return
      case 'TradeExecuted':
        return this.takeTrade(event)
      case 'LiquidationFilled':
        return this.takeLiquidation(event)
      case 'TransferBooked': {
        const [from, to] = [this.account(event.accountId), this.account(event.toAccountId)]
        from.cashQuote -= event.amountQuote
        to.cashQuote += event.amountQuote
        this.expectCash(event.seq, from, event.cashQuote)
        this.expectCash(event.seq, to, event.toCashQuote)
        from.lanes.set(event.lane, { seq: event.laneSeq, filledLots: -1 })
        return
      }
      case 'InsuranceFunded': {
        const account = this.account(event.accountId)
        account.cashQuote -= event.amountQuote
        this.expectCash(event.seq, account, event.cashQuote)
        account.lanes.set(event.lane, { seq: event.laneSeq, filledLots: -1 })
        this.moveTranche(event, event.amountQuote)
        return
      }
      case 'DustCollected':
        addTo(this.fundingPools, event.market, -event.amountQuote)
        this.moveTranche(event, event.amountQuote)
        return
      case 'PositionTakenOver': {
        const [victim, backstop] = [
          this.account(event.accountId),
          this.account(event.backstopAccountId),
        ]
        victim.cashQuote += event.quote + event.insuranceQuote
        backstop.cashQuote -= event.quote
        this.moveTranche(event, -event.insuranceQuote)
        const held = victim.positions.get(event.market)?.lots ?? 0
        this.movePosition(event, victim, -event.sizeLots, held - event.sizeLots)
        this.movePosition(event, backstop, event.sizeLots, event.backstopPositionLots)
        return
      }
      case 'PositionReduced': {
        const own = this.account(event.accountId)
        const backstop = this.account(event.backstopAccountId)
        own.cashQuote += event.quote
        backstop.cashQuote -= event.quote
        this.movePosition(event, own, event.sizeLots, event.positionLots)
        this.movePosition(event, backstop, -event.sizeLots, event.backstopPositionLots)
        return
      }
      case 'AdlExecuted': {
        const [account, victim] = [
          this.account(event.accountId),
          this.account(event.victimAccountId),
        ]
        account.cashQuote += event.quote - event.deficitQuote
        victim.cashQuote -= event.quote - event.deficitQuote
        this.movePosition(event, account, -event.sizeLots, event.positionLots)
        const held = victim.positions.get(event.market)?.lots ?? 0
        this.movePosition(event, victim, event.sizeLots, held + event.sizeLots)
        return
      }
      case 'AdlRound':
        this.account(event.accountId).cashQuote += event.insuranceQuote
        this.moveTranche(event, -event.insuranceQuote)
        return
      case 'PositionSettled': {
        const account = this.account(event.accountId)
        account.cashQuote += event.quote
        this.expectCash(event.seq, account, event.cashQuote)
        this.movePosition(event, account, -event.sizeLots, 0)
        return
      }
      case 'BadDebt': {
        const account = this.account(event.accountId)
        account.cashQuote += event.amountQuote + event.insuranceQuote
        this.expectCash(event.seq, account, 0)
        this.moveTranche(event, -event.insuranceQuote)
        return
      }
      default:
        return event satisfies never
    }
  }

  private open({ accountId, owner, subaccount }: EventOf<'AccountOpened'>): void {
    this.accounts.set(accountId, {
      accountId,
      owner: hexOf(owner),
      subaccount,
      cashQuote: 0,
      positions: new Map(),
      lanes: new Map(),
    })
  }

  private account(accountId: number): AccountHeld {
    const account = this.accounts.get(accountId)
    if (account === undefined)
      throw new VerifyError('journal', `account ${accountId} was never opened`)
    return account
  }

  private expectCash(seq: number, account: AccountHeld, cashQuote: number): void {
    if (account.cashQuote !== cashQuote)
      throw new VerifyError(
        'journal',
        `seq ${seq}: account ${account.accountId} holds ${cashQuote}, its events sum to ${account.cashQuote}`,
      )
  }

  private takeTrade(trade: Trade): void {
    const taker = this.account(trade.takerAccountId)
    const maker = this.account(trade.makerAccountId)
    const paid = trade.takerSide === side.buy ? trade.quote : -trade.quote
    taker.cashQuote -= paid + trade.takerFeeQuote
    maker.cashQuote -= -paid + trade.makerFeeQuote
    this.totals.feesQuote += trade.takerFeeQuote + trade.makerFeeQuote
    const lots = trade.takerSide === side.buy ? trade.sizeLots : -trade.sizeLots
    this.movePosition(trade, taker, lots, trade.takerPositionLots)
    this.movePosition(trade, maker, -lots, trade.makerPositionLots)
    this.fillLane(trade.seq, trade.takerOrderId, trade.sizeLots)
    this.fillLane(trade.seq, trade.makerOrderId, trade.sizeLots)
  }

  private takeLiquidation(fill: EventOf<'LiquidationFilled'>): void {
    const victim = this.account(fill.accountId)
    const maker = this.account(fill.makerAccountId)
    const paid = fill.side === side.buy ? fill.quote : -fill.quote
    victim.cashQuote -= paid + fill.insuranceQuote
    maker.cashQuote -= -paid + fill.makerFeeQuote
    this.totals.feesQuote += fill.makerFeeQuote
    this.moveTranche(fill, fill.insuranceQuote)
    const lots = fill.side === side.buy ? fill.sizeLots : -fill.sizeLots
    this.movePosition(fill, victim, lots, fill.positionLots)
    this.movePosition(fill, maker, -lots, fill.makerPositionLots)
    this.fillLane(fill.seq, fill.makerOrderId, fill.sizeLots)
  }

  /** The event says what the tranche holds afterwards. */
  private moveTranche({ seq, market, trancheQuote }: TrancheMove, amountQuote: number): void {
    const held = addTo(this.tranches, market, amountQuote)
    if (held !== trancheQuote)
      throw new VerifyError(
        'journal',
        `seq ${seq}: the tranche of market ${market} holds ${trancheQuote}, its events sum to ${held}`,
      )
  }

  private movePosition(
    { seq, leg, market }: EventHeader & { market: number },
    account: AccountHeld,
    lots: number,
    after: number,
  ): void {
    const before = account.positions.get(market)
    if ((before?.lots ?? 0) + lots !== after)
      throw new VerifyError(
        'journal',
        `seq ${seq}, event ${leg}: account ${account.accountId} has ${after} lots, its events sum to ${(before?.lots ?? 0) + lots}`,
      )
    // What is held has settled its funding before, and said so; what is opened starts at the index of the move.
    const present = this.fundingIndex.get(market) ?? 0
    const fundingSnapshot = before?.fundingSnapshot ?? this.toldIndex ?? present
    if (after === 0) account.positions.delete(market)
    else account.positions.set(market, { lots: after, fundingSnapshot })
  }

  private fillLane(seq: number, orderId: number, lots: number): void {
    const order = this.orders.get(orderId)
    if (order === undefined)
      throw new VerifyError('journal', `seq ${seq}: order ${orderId} fills but is not open`)
    const { lanes } = this.account(order.accountId)
    const used = lanes.get(order.lane)
    const filled = used?.seq === order.laneSeq ? used.filledLots : 0
    lanes.set(order.lane, { seq: order.laneSeq, filledLots: filled + lots })
  }

  /** A copy that later events do not touch. */
  snapshot(): BookSnapshot {
    return structuredClone({
      accounts: this.accounts,
      fundingIndex: this.fundingIndex,
      fundingPools: this.fundingPools,
      tranches: this.tranches,
      totals: this.totals,
      depositCount: this.deposits.length,
    })
  }
}

/** The book as of one seq. */
export type BookSnapshot = {
  accounts: Map<number, AccountHeld>
  fundingIndex: Map<number, number>
  fundingPools: Map<number, number>
  tranches: Map<number, number>
  totals: BookTotals
  depositCount: number
}
