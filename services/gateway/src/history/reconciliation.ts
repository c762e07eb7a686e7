//! The last three-way comparison, as the ledger service wrote it down.
import { latestReconciliation, type Totals } from '@plumb/ledger'
import { quoteToText } from '@plumb/protocol'
import type { LedgerSource } from './ledger-source.ts'

const names: Record<keyof Totals, string> = {
  cashQuote: 'account cash',
  feesQuote: 'fees',
  poolsQuote: 'funding pools',
  pendingWithdrawalsQuote: 'pending withdrawals',
  depositsQuote: 'deposits',
  paidQuote: 'withdrawals paid',
}
const keys = [
  'cashQuote',
  'feesQuote',
  'poolsQuote',
  'pendingWithdrawalsQuote',
  'depositsQuote',
  'paidQuote',
] as const

function text(totals: Totals | null, key: keyof Totals): string | null {
  return totals === null ? null : quoteToText(totals[key])
}

/** `checkedAt` null until the first comparison. A side that could not be asked is null in each of its totals. */
export async function reconciliationReport(source: LedgerSource): Promise<object> {
  const row = await source.read((ledger) => latestReconciliation(ledger))
  if (row === undefined)
    return { ok: false, checkedAt: null, seq: null, totals: [], firstDifference: null }
  return {
    ok: row.ok,
    checkedAt: row.checkedMs,
    seq: row.seq,
    batchNo: row.batchNo,
    accounts: row.accounts,
    totals: keys.map((key) => ({
      name: names[key],
      engine: text(row.engine, key),
      ledger: text(row.ledger, key),
      chain: text(row.chain, key),
    })),
    firstDifference: row.firstDifference,
  }
}
