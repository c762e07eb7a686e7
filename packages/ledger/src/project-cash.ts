//! Money moving: transfers, deposits, withdrawals, funding payments.
import type {
  AccountId,
  DepositCredited,
  EngineEvent,
  EventHeader,
  FundingSettled,
  InsuranceFunded,
  PositionSettled,
  Quote,
  TransferBooked,
  WithdrawalAccepted,
  WithdrawalPaid,
} from '@plumb/model'
import { ledgerAccount } from './ledger-account.ts'
import { LedgerError } from './ledger-error.ts'
import { type LedgerState, positionKey } from './ledger-state.ts'
import type { PendingRows } from './pending-rows.ts'
import { postingsOf, transferKind } from './postings-of.ts'

/** Books an event's postings: the running balances move and the transfers carry them. */
export function projectTransfers(state: LedgerState, rows: PendingRows, event: EngineEvent): void {
  for (const posting of postingsOf(event)) {
    const { debit, credit, amountQuote } = posting
    const debitAfter = balanceOf(state, debit, event) - amountQuote
    const creditAfter = balanceOf(state, credit, event) + amountQuote
    state.balances.set(debit, debitAfter)
    state.balances.set(credit, creditAfter)
    rows.touchedBalances.add(debit).add(credit)
    rows.transfers
      .begin()
      .i64(posting.seq)
      .i32(posting.leg)
      .i64(event.timeMs)
      .i32(debit)
      .i32(credit)
      .i64(amountQuote)
      .i64(debitAfter)
      .i64(creditAfter)
      .i64(posting.reference)
      .i16(transferKind[posting.kind])
      .i16(posting.market ?? -1)
  }
}

function balanceOf(state: LedgerState, account: number, { seq, kind }: EngineEvent): Quote {
  const balance = state.balances.get(account)
  if (balance === undefined)
    throw new LedgerError('DIVERGED', `seq ${seq}: ${kind} names account ${account}, never opened`)
  return balance
}

/** The engine says what cash an account has after this event; the ledger must have the same. */
function checkCash(
  state: LedgerState,
  { seq, kind }: EngineEvent,
  accountId: AccountId,
  cashQuote: Quote,
): void {
  const ours = state.balances.get(ledgerAccount.trader(accountId))
  if (ours !== cashQuote)
    throw new LedgerError(
      'DIVERGED',
      `seq ${seq}: ${kind} leaves account ${accountId} ${cashQuote} in the engine, ${ours} in the ledger`,
    )
}

/** After events whose postings are all there is to them: the engine's figures against ours. */
export function checkBooked(
  state: LedgerState,
  event: EventHeader & (InsuranceFunded | PositionSettled | TransferBooked),
): void {
  checkCash(state, event, event.accountId, event.cashQuote)
  if (event.kind === 'TransferBooked') checkCash(state, event, event.toAccountId, event.toCashQuote)
}

export function projectDeposit(
  state: LedgerState,
  rows: PendingRows,
  event: EventHeader & DepositCredited,
): void {
  rows.deposits
    .begin()
    .i64(event.seq)
    .i32(event.leg)
    .i64(event.timeMs)
    .i64(event.depositId)
    .i32(event.accountId)
    .i64(event.amountQuote)
    .i64(event.blockNumber)
    .bytes(event.txHash)
  checkCash(state, event, event.accountId, event.cashQuote)
}

export function projectWithdrawal(
  state: LedgerState,
  rows: PendingRows,
  event: EventHeader & WithdrawalAccepted,
): void {
  rows.withdrawals
    .begin()
    .i64(event.seq)
    .i32(event.leg)
    .i64(event.timeMs)
    .i64(event.withdrawalId)
    .i32(event.accountId)
    .i64(event.amountQuote)
    .i16(event.lane)
    .i64(event.laneSeq)
  checkCash(state, event, event.accountId, event.cashQuote)
}

export function projectWithdrawalPayment(
  rows: PendingRows,
  event: EventHeader & WithdrawalPaid,
): void {
  rows.withdrawalPayments
    .begin()
    .i64(event.seq)
    .i32(event.leg)
    .i64(event.timeMs)
    .i64(event.withdrawalId)
    .i64(event.batchNo)
}

export function projectFundingPayment(
  state: LedgerState,
  rows: PendingRows,
  event: EventHeader & FundingSettled,
): void {
  const { seq, accountId, market } = event
  const figures = state.markets.get(market)
  rows.fundingPayments
    .begin()
    .i64(seq)
    .i32(event.leg)
    .i64(event.timeMs)
    .i32(accountId)
    .i16(market)
    .i64(event.paymentQuote)
    .i64(event.positionLots)
    .i64(event.fundingIndex)
    .i64(figures?.fundingRateE10 ?? 0)
    .i64(figures?.markTicks ?? 0)
  checkCash(state, event, accountId, event.cashQuote)
  const position = state.positions.get(positionKey(accountId, market))
  if (position === undefined) return
  position.fundingQuote += event.paymentQuote
  position.sinceFundingQuote += event.paymentQuote
  position.updatedSeq = seq
  rows.positions.add(position)
}
