//! Markets and the house: genesis, listings, accounts, marks, funding rates, confirmations.
import {
  type AccountOpened,
  type BatchConfirmed,
  decodeCommand,
  type EventHeader,
  type FundingApplied,
  type MarkUpdated,
  marketState,
} from '@plumb/model'
import { ledgerAccount } from './ledger-account.ts'
import { LedgerError } from './ledger-error.ts'
import type { LedgerState } from './ledger-state.ts'
import type { PendingRows } from './pending-rows.ts'

export function projectGenesis(rows: PendingRows, stored: Uint8Array): void {
  const { seq, timeMs, command } = decodeCommand(stored)
  if (command.kind !== 'Genesis') throw new LedgerError('DIVERGED', `seq ${seq} opens no exchange`)
  rows.exchange
    .begin()
    .i64(command.chainId)
    .bytes(command.contract)
    .i32(command.settlementLagS)
    .i64(timeMs)
}

/** A market brings its accounts: funding pool, insurance tranche, bad debts, clearing. */
export function projectListing(state: LedgerState, rows: PendingRows, stored: Uint8Array): void {
  const { seq, timeMs, command } = decodeCommand(stored)
  if (command.kind !== 'ListMarket') throw new LedgerError('DIVERGED', `seq ${seq} lists no market`)
  const { kind: _, ...market } = command
  rows.listings.push({ ...market, listedMs: timeMs })
  rows.marketStates.set(market.market, marketState.trading)
  state.markets.set(market.market, {
    markTicks: market.fixedIndexTicks,
    indexTicks: market.fixedIndexTicks,
    fundingRateE10: 0,
  })
  rows.marketFigures.add(market.market)
  const houses = [
    [ledgerAccount.fundingPool(market.market), 'funding_pool'],
    [ledgerAccount.insurance(market.market), 'insurance'],
    [ledgerAccount.badDebt(market.market), 'bad_debt'],
    [ledgerAccount.clearing(market.market), 'clearing'],
  ] as const
  for (const [id, kind] of houses) {
    state.balances.set(id, 0)
    rows.accounts.begin().i32(id).text(kind).null().null().i16(market.market).i64(timeMs)
  }
}

export function projectAccountOpened(
  state: LedgerState,
  rows: PendingRows,
  { accountId, owner, subaccount, timeMs }: EventHeader & AccountOpened,
): void {
  state.balances.set(ledgerAccount.trader(accountId), 0)
  rows.accounts
    .begin()
    .i32(accountId)
    .text('trader')
    .bytes(owner)
    .i16(subaccount)
    .null()
    .i64(timeMs)
}

export function projectMark(
  state: LedgerState,
  rows: PendingRows,
  { market, markTicks, indexTicks }: Omit<MarkUpdated, 'kind'>,
): void {
  const figures = state.markets.get(market)
  if (figures === undefined) return
  figures.markTicks = markTicks
  figures.indexTicks = indexTicks
  rows.marketFigures.add(market)
}

export function projectFundingRate(
  state: LedgerState,
  rows: PendingRows,
  event: EventHeader & FundingApplied,
): void {
  const { market } = event
  const figures = state.markets.get(market)
  rows.fundingRates
    .begin()
    .i64(event.seq)
    .i32(event.leg)
    .i64(event.timeMs)
    .i16(market)
    .i64(event.rate)
    .i64(event.deltaIndex)
    .i64(event.fundingIndex)
    .i64(event.indexTicks)
    .i64(figures?.markTicks ?? 0)
    .i32(event.intervalS)
  if (figures !== undefined) figures.fundingRateE10 = event.rate
  rows.marketFigures.add(market)
  rows.fundingIndexes.set(market, event.fundingIndex)
}

export function projectConfirmation(rows: PendingRows, event: EventHeader & BatchConfirmed): void {
  rows.settlements
    .begin()
    .i64(event.seq)
    .i64(event.timeMs)
    .i64(event.batchNo)
    .i64(event.toSeq)
    .i64(event.gasUsed)
    .i64(event.blockNumber)
    .bytes(event.txHash)
}
