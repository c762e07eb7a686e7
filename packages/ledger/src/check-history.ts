//! Whether stored transfers still chain: each entry leaves its account what the entry before left, plus or minus itself.
import { accountEntries } from './account-entries.ts'
import type { LedgerAccountId } from './ledger-account.ts'
import type { Ledger } from './open-ledger.ts'

/** The first entry that does not follow from the one before it. */
export type BrokenEntry = {
  accountId: LedgerAccountId
  seq: number
  leg: number
  /** Name of the kind of transfer. */
  kind: string
  /** What the row says the account has afterwards, and what follows from the entry before. */
  afterQuote: number
  expectedQuote: number
}

/**
 * Checks the transfers of fromSeq < seq <= toSeq. A row changed behind the triggers' back is found whichever of its figures was changed. Cost: the rows of
 * the range, and one look-up for each trader in it.
 */
export async function firstBrokenEntry(
  { sql }: Ledger,
  fromSeq: number,
  toSeq: number,
): Promise<BrokenEntry | undefined> {
  const newest = sql`ORDER BY t.seq DESC, t.leg DESC LIMIT 1`
  const [broken] = await sql<BrokenEntry[]>`
    WITH entries AS (
      SELECT debit AS account_id, seq, leg, kind, -amount_quote AS delta, debit_after_quote AS after FROM transfers
      WHERE seq > ${fromSeq} AND seq <= ${toSeq}
      UNION ALL
      SELECT credit, seq, leg, kind, amount_quote, credit_after_quote FROM transfers
      WHERE seq > ${fromSeq} AND seq <= ${toSeq}
    ), chained AS (
      SELECT *, lag(after) OVER (PARTITION BY account_id ORDER BY seq, leg) AS before FROM entries
    ), firsts AS (
      SELECT c.*, CASE WHEN account_id < 0 AND ${fromSeq} > 0 THEN after - delta ELSE coalesce((
        SELECT e.after_quote FROM (
          ${accountEntries(sql, sql`c.account_id`, { fromSeq: 0, toSeq: fromSeq }, sql``, newest)}
        ) e ORDER BY seq DESC, leg DESC LIMIT 1), 0) END AS earlier
      FROM chained c WHERE before IS NULL
    )
    SELECT account_id AS "accountId", seq, leg, k.name AS kind, after AS "afterQuote", expected::bigint AS "expectedQuote"
    FROM (
      SELECT account_id, seq, leg, kind, after, before + delta AS expected FROM chained WHERE before IS NOT NULL
      UNION ALL SELECT account_id, seq, leg, kind, after, earlier + delta FROM firsts
    ) all_entries JOIN transfer_kinds k USING (kind)
    WHERE after <> expected ORDER BY seq, leg, account_id LIMIT 1`
  return broken
}

export type LastEntry = { seq: number; leg: number; kind: string }

/** An account's last entry at or before `seq`, or its first one behind `afterSeq`. */
export async function entryNear(
  { sql }: Ledger,
  accountId: LedgerAccountId,
  { afterSeq, seq }: { afterSeq?: number; seq: number },
): Promise<LastEntry | undefined> {
  const to = afterSeq === undefined ? sql`DESC` : sql`ASC`
  const first = sql`ORDER BY t.seq ${to}, t.leg ${to} LIMIT 1`
  const fromSeq = (afterSeq ?? -1) + 1
  // The house's accounts are in no index: its entries are everywhere.
  const entries =
    accountId >= 0
      ? accountEntries(sql, accountId, { fromSeq, toSeq: seq }, sql``, first)
      : sql`SELECT t.seq, t.leg, t.kind FROM transfers t
          WHERE ${accountId} IN (t.debit, t.credit) AND t.seq >= ${fromSeq} AND t.seq <= ${seq} ${first}`
  const [found] = await sql<LastEntry[]>`
    SELECT e.seq, e.leg, k.name AS kind FROM (${entries}) e
    JOIN transfer_kinds k USING (kind) ORDER BY e.seq ${to}, e.leg ${to} LIMIT 1`
  return found
}
