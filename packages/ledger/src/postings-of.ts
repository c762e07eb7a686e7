//! Events -> postings. Each moves one amount from one account to another, so every seq sums to zero by construction.
import type { EngineEvent, MarketId, Quote, Seq, TradeExecuted } from '@plumb/model'
import { side } from '@plumb/model'
import { type LedgerAccountId, ledgerAccount } from './ledger-account.ts'

/** Numbers of transfers.kind; the names are public. */
export const transferKind = {
  deposit: 1,
  trade: 2,
  fee: 3,
  rebate: 4,
  funding: 5,
  withdrawal: 6,
  withdrawal_paid: 7,
} as const
export type TransferKind = keyof typeof transferKind

/** `debit` pays `credit` the amount, micro-USDC, always above zero. */
export type Posting = {
  seq: Seq
  /** Unique within the seq: event leg × 4 + 0 … 2. */
  leg: number
  debit: LedgerAccountId
  credit: LedgerAccountId
  amountQuote: Quote
  kind: TransferKind
  market: MarketId | undefined
  /** Number of the trade, deposit or withdrawal; the funding index for funding. */
  reference: number
}

const LEGS_PER_EVENT = 4

/**
 * The postings of one event, in the order they happen; none for events that move no money.
 *
 * @example postingsOf(tradeExecuted) // [{ kind: 'trade', … }, { kind: 'fee', … }, { kind: 'rebate', … }]
 */
export function postingsOf(event: EngineEvent): Posting[] {
  const { seq } = event
  const leg = event.leg * LEGS_PER_EVENT
  switch (event.kind) {
    case 'DepositCredited':
      return move({
        seq,
        leg,
        debit: ledgerAccount.external,
        credit: ledgerAccount.trader(event.accountId),
        amountQuote: event.amountQuote,
        kind: 'deposit',
        market: undefined,
        reference: event.depositId,
      })
    case 'WithdrawalAccepted':
      return move({
        seq,
        leg,
        debit: ledgerAccount.trader(event.accountId),
        credit: ledgerAccount.pendingWithdrawals,
        amountQuote: event.amountQuote,
        kind: 'withdrawal',
        market: undefined,
        reference: event.withdrawalId,
      })
    case 'WithdrawalPaid':
      return move({
        seq,
        leg,
        debit: ledgerAccount.pendingWithdrawals,
        credit: ledgerAccount.external,
        amountQuote: event.amountQuote,
        kind: 'withdrawal_paid',
        market: undefined,
        reference: event.withdrawalId,
      })
    case 'FundingSettled':
      return move({
        seq,
        leg,
        debit: ledgerAccount.trader(event.accountId),
        credit: ledgerAccount.fundingPool(event.market),
        amountQuote: event.paymentQuote,
        kind: 'funding',
        market: event.market,
        reference: event.fundingIndex,
      })
    case 'TradeExecuted':
      return postingsOfTrade(seq, leg, event)
    case 'DustCollected':
      return move({
        seq,
        leg,
        debit: ledgerAccount.fundingPool(event.market),
        credit: ledgerAccount.insurance(event.market),
        amountQuote: event.amountQuote,
        kind: 'funding',
        market: event.market,
        reference: 0,
      })
    // These move money in ways that have no postings yet; the sequencer takes no command that leads to them.
    case 'AdlExecuted':
    case 'AdlRound':
    case 'BadDebt':
    case 'InsuranceFunded':
    case 'LiquidationFilled':
    case 'PositionSettled':
    case 'PositionTakenOver':
    case 'TransferBooked':
      throw new RangeError(`${event.kind} at seq ${seq} has no postings`)
    case 'CommandRejected':
    case 'ExchangeOpened':
    case 'MarketListed':
    case 'AccountOpened':
    case 'OrderPlaced':
    case 'OrderAmended':
    case 'OrderClosed':
    case 'IndexUpdated':
    case 'MarkUpdated':
    case 'PremiumSampled':
    case 'FundingApplied':
    case 'BatchConfirmed':
    case 'MarketStateChanged':
    case 'WithdrawalsSwitched':
    case 'DuplicateRequest':
    case 'AccountModeSet':
    case 'BackstopSet':
    case 'DeadManSet':
    case 'FeeTierChanged':
    case 'FeeTiersSet':
    case 'LeverageSet':
    case 'LiquidationExplained':
    case 'MarketRiskSet':
    case 'MarketSettled':
    case 'OrderReduced':
    case 'OrderRequeued':
    case 'OrderTriggered':
    case 'SelfTradeGroupSet':
    case 'ThrottleSet':
    case 'VolatilityUpdated':
      return []
    default:
      // A new kind of event must say what it moves.
      return event satisfies never
  }
}

/** A negative amount runs the other way round, a zero one is no posting. */
function move(posting: Posting): Posting[] {
  if (posting.amountQuote > 0) return [posting]
  if (posting.amountQuote === 0) return []
  const { debit, credit, amountQuote } = posting
  return [{ ...posting, debit: credit, credit: debit, amountQuote: -amountQuote }]
}

/** The buyer pays the seller, then the taker its fee, then the maker its fee (or is paid its rebate). */
function postingsOfTrade(seq: Seq, leg: number, trade: TradeExecuted): Posting[] {
  const taker = ledgerAccount.trader(trade.takerAccountId)
  const maker = ledgerAccount.trader(trade.makerAccountId)
  const takerBuys = trade.takerSide === side.buy
  const { market, tradeId: reference, quote: amountQuote } = trade
  const postings: Posting[] = [
    {
      seq,
      leg,
      debit: takerBuys ? taker : maker,
      credit: takerBuys ? maker : taker,
      amountQuote,
      kind: 'trade',
      market,
      reference,
    },
  ]
  pushFee(postings, seq, leg + 1, trade, taker, trade.takerFeeQuote)
  pushFee(postings, seq, leg + 2, trade, maker, trade.makerFeeQuote)
  return postings
}

function pushFee(
  postings: Posting[],
  seq: Seq,
  leg: number,
  { market, tradeId: reference }: TradeExecuted,
  payer: LedgerAccountId,
  feeQuote: Quote,
): void {
  if (feeQuote === 0) return
  const { fees } = ledgerAccount
  const pays = feeQuote > 0
  postings.push({
    seq,
    leg,
    debit: pays ? payer : fees,
    credit: pays ? fees : payer,
    amountQuote: Math.abs(feeQuote),
    kind: pays ? 'fee' : 'rebate',
    market,
    reference,
  })
}
