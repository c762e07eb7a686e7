//! Every transfer in order, for an audit that holds them against the journal.
import type { LedgerAccountId } from './ledger-account.ts'
import type { Ledger } from './open-ledger.ts'

/** A transfer as it is stored. `market` −1: none. */
export type StoredTransfer = {
  seq: number
  leg: number
  timeMs: number
  debit: LedgerAccountId
  credit: LedgerAccountId
  amountQuote: number
  debitAfterQuote: number
  creditAfterQuote: number
  kind: number
  market: number
  reference: number
}

const rowsAtOnce = 5_000

/** Transfers behind `afterSeq` up to `toSeq` by (seq, leg), a few thousand at a time. */
export async function* readTransfers(
  { sql }: Ledger,
  toSeq: number,
  afterSeq = 0,
): AsyncGenerator<StoredTransfer[], void, void> {
  yield* sql<StoredTransfer[]>`
    SELECT seq, leg, time_ms AS "timeMs", debit, credit, amount_quote AS "amountQuote",
      debit_after_quote AS "debitAfterQuote", credit_after_quote AS "creditAfterQuote", kind, market, reference
    FROM transfers WHERE seq > ${afterSeq} AND seq <= ${toSeq} ORDER BY seq, leg`.cursor(rowsAtOnce)
}
