//! The type of an open transaction of the ledger.
import type postgres from 'postgres'

export type LedgerTransaction = postgres.TransactionSql<{ bigint: number }>
