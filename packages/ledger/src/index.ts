//! @plumb/ledger: Postgres — double entry from events, history, and the relayer's memory. All SQL lives here.

export { type BrokenEntry, entryNear, firstBrokenEntry } from './check-history.ts'
export { checkLedger } from './check-ledger.ts'
export {
  type ComparedTable,
  firstLedgerDifference,
  type LedgerSnapshot,
  withLedgerSnapshot,
} from './compare-ledgers.ts'
export { type CsvTable, csvTables, exportCsv } from './export-csv.ts'
export { createFreshDatabase, type FreshDatabase } from './fresh-database.ts'
export { type LedgerAccountId, ledgerAccount } from './ledger-account.ts'
export { LedgerError, type LedgerErrorCode } from './ledger-error.ts'
export { createLedgerWriter, type LedgerWriter, type WriteReport } from './ledger-writer.ts'
export { type AccountRow, balanceOf, findAccount, listAccounts } from './list-accounts.ts'
export { type Candle, listCandles, type MarketStats, marketStats } from './list-candles.ts'
export {
  type DepositRow,
  type EntryRow,
  type InternalTransferRow,
  listDeposits,
  listEntries,
  listInternalTransfers,
  listWithdrawals,
  type WithdrawalRow,
  withdrawalById,
} from './list-cash.ts'
export {
  type FundingPaymentRow,
  type FundingRateRow,
  listFundingPayments,
  listFundingRates,
} from './list-funding.ts'
export { listMarkets, listPositions, type MarketRow, type PositionRow } from './list-markets.ts'
export { listNotices, type NoticeRow } from './list-notices.ts'
export { listOrders, type OrderRow, orderByClientId, orderById } from './list-orders.ts'
export {
  type LiquidationRow,
  listLiquidations,
  listPositionMoves,
  type PositionMoveRow,
} from './list-safety.ts'
export {
  lastSettlement,
  listSettlements,
  readCursor,
  type SettlementRow,
  settledSeq,
} from './list-settlements.ts'
export { type FillRow, listFills, listTrades, type TradeRow } from './list-trades.ts'
export { migrate } from './migrate.ts'
export { type Ledger, openLedger } from './open-ledger.ts'
export type { Page, PageQuery } from './page.ts'
export {
  type ChainPlace,
  listPendingDeposits,
  type PendingDeposit,
  replacePendingDeposits,
} from './pending-deposits.ts'
export { type Posting, postingsOf, type TransferKind, transferKind } from './postings-of.ts'
export type { Frame } from './project-frame.ts'
export { type CreditedDeposit, readDeposits, readExchange } from './read-deposits.ts'
export { readTransfers, type StoredTransfer } from './read-transfers.ts'
export {
  balancesAt,
  insertReconciliation,
  latestAgreement,
  latestReconciliation,
  ledgerTotalsAt,
  listReconciliations,
  positionsAt,
  type ReconciliationRow,
  type Totals,
} from './reconciliations.ts'
export {
  addBatchAttempt,
  type BatchAttempt,
  type BatchRow,
  type BatchStatus,
  type DepositPlace,
  listBatchAttempts,
  loadRelayerRecord,
  loadRelayerState,
  type NewBatch,
  type RelayerRecord,
  type RelayerState,
  saveDepositCursor,
  saveRelayerCheckpoint,
  saveRelayerRecord,
  updateBatch,
} from './relayer-store.ts'
export {
  attributePnl,
  type MarketPnl,
  type Statement,
  type StatementLine,
  statementOf,
  type TimeRange,
} from './statement.ts'
