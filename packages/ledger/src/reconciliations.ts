//! The ledger's side of reconciliation: figures as of a seq, and the record of every comparison.
import type { Quote } from '@plumb/model'
import { type LedgerAccountId, ledgerAccount, ledgerAccountKind } from './ledger-account.ts'
import type { Ledger } from './open-ledger.ts'
import { type Page, type PageQuery, pageOf, parsePlace } from './page.ts'

/** cash + fees + pools + pending withdrawals = deposits − paid, exactly. `paid` counts what has left the contract. */
export type Totals = {
  cashQuote: Quote
  feesQuote: Quote
  poolsQuote: Quote
  pendingWithdrawalsQuote: Quote
  depositsQuote: Quote
  paidQuote: Quote
}
export type ReconciliationRow = {
  id: number
  checkedMs: number
  trigger: 'batch' | 'timer' | 'demand' | 'verify'
  batchNo: number
  /** Engine, ledger and chain were compared as of this seq. */
  seq: number
  ok: boolean
  /** How many accounts were compared. */
  accounts: number
  engine: Totals | null
  ledger: Totals
  chain: Totals | null
  firstDifference: string | null
}

/** Every ledger account's balance right after `seq`. Costs the transfers behind it, not the ones before. */
export async function balancesAt(
  { sql }: Ledger,
  seq: number,
): Promise<Map<LedgerAccountId, Quote>> {
  const rows = await sql<{ id: number; quote: number }[]>`
    SELECT b.account_id AS id, (b.balance_quote - coalesce(m.moved, 0))::bigint AS quote
    FROM balances b LEFT JOIN (
      SELECT account_id, sum(delta) AS moved FROM (
        SELECT debit AS account_id, -amount_quote AS delta FROM transfers WHERE seq > ${seq}
        UNION ALL SELECT credit, amount_quote FROM transfers WHERE seq > ${seq}
      ) legs GROUP BY account_id
    ) m ON m.account_id = b.account_id`
  return new Map(rows.map(({ id, quote }) => [id, quote]))
}

/** Every position that was not flat right after `seq`, by account and market. */
export async function positionsAt(
  { sql }: Ledger,
  seq: number,
): Promise<{ accountId: number; market: number; positionLots: number }[]> {
  const rows = await sql<{ accountId: number; market: number; positionLots: number }[]>`
    SELECT account_id AS "accountId", market, lots::bigint AS "positionLots" FROM (
      SELECT p.account_id, p.market, p.position_lots - coalesce(m.moved, 0) AS lots
      FROM positions p LEFT JOIN (
        SELECT account_id, market, sum(delta) AS moved FROM (
          SELECT taker_account_id AS account_id, market, size_lots * (1 - 2 * taker_side) AS delta
          FROM trades WHERE seq > ${seq}
          UNION ALL
          SELECT maker_account_id, market, size_lots * (2 * taker_side - 1) FROM trades WHERE seq > ${seq}
          UNION ALL
          SELECT account_id, market, lots_change FROM position_moves WHERE seq > ${seq}
        ) fills GROUP BY account_id, market
      ) m ON m.account_id = p.account_id AND m.market = p.market
    ) held WHERE lots <> 0 ORDER BY account_id, market`
  return [...rows]
}

/** The ledger's totals right after `seq`. */
export async function ledgerTotalsAt(ledger: Ledger, seq: number): Promise<Totals> {
  const balances = await balancesAt(ledger, seq)
  const [moved] = await ledger.sql<{ deposited: number; paid: number }[]>`
    SELECT coalesce((SELECT sum(amount_quote) FROM deposits WHERE seq <= ${seq}), 0)::bigint AS deposited,
      coalesce((SELECT sum(w.amount_quote) FROM withdrawal_payments p JOIN withdrawals w USING (withdrawal_id)
                WHERE p.seq <= ${seq}), 0)::bigint AS paid`
  const sum = (...kinds: ReturnType<typeof ledgerAccountKind>[]) =>
    [...balances].reduce(
      (total, [id, quote]) => total + (kinds.includes(ledgerAccountKind(id)) ? quote : 0),
      0,
    )
  return {
    cashQuote: sum('trader'),
    feesQuote: balances.get(ledgerAccount.fees) ?? 0,
    poolsQuote: sum('fundingPool', 'insurance'),
    pendingWithdrawalsQuote: balances.get(ledgerAccount.pendingWithdrawals) ?? 0,
    depositsQuote: moved?.deposited ?? 0,
    paidQuote: moved?.paid ?? 0,
  }
}

const json = (totals: Totals | null) => (totals === null ? null : JSON.stringify(totals))

/** Records a comparison; answers its id. */
export async function insertReconciliation(
  { sql }: Ledger,
  row: Omit<ReconciliationRow, 'id'>,
): Promise<number> {
  const rows = await sql<{ id: number }[]>`
    INSERT INTO reconciliations (checked_ms, trigger, batch_no, seq, ok, accounts, engine, ledger, chain,
      first_difference)
    VALUES (${row.checkedMs}, ${row.trigger}, ${row.batchNo}, ${row.seq}, ${row.ok}, ${row.accounts},
      ${json(row.engine)}::text::jsonb, ${json(row.ledger)}::text::jsonb, ${json(row.chain)}::text::jsonb,
      ${row.firstDifference})
    RETURNING id`
  return rows[0]?.id ?? 0
}

export async function latestReconciliation(ledger: Ledger): Promise<ReconciliationRow | undefined> {
  const { items } = await listReconciliations(ledger, { limit: 1 })
  return items[0]
}

/** The newest comparison in which all agreed. */
export async function latestAgreement({
  sql,
}: Ledger): Promise<{ seq: number; batchNo: number } | undefined> {
  const [row] = await sql<{ seq: number; batchNo: number }[]>`
    SELECT seq, batch_no AS "batchNo" FROM reconciliations WHERE ok ORDER BY id DESC LIMIT 1`
  return row
}

/** Comparisons by number; times are those of the comparison. @throws RangeError 'cursor' */
export async function listReconciliations(
  { sql }: Ledger,
  { since, until, limit, cursor }: PageQuery,
): Promise<Page<ReconciliationRow>> {
  const place = cursor === undefined ? undefined : parsePlace(cursor)
  const forward = place?.forward ?? since !== undefined
  const [after] = place?.after ?? [0]
  const rows = await sql<ReconciliationRow[]>`
    SELECT id, checked_ms AS "checkedMs", trigger, batch_no AS "batchNo", seq, ok, accounts, engine, ledger, chain,
      first_difference AS "firstDifference"
    FROM reconciliations
    WHERE true
      ${since === undefined ? sql`` : sql`AND checked_ms >= ${since}`}
      ${until === undefined ? sql`` : sql`AND checked_ms <= ${until}`}
      ${place === undefined ? sql`` : forward ? sql`AND id > ${after}` : sql`AND id < ${after}`}
    ORDER BY id ${forward ? sql`ASC` : sql`DESC`} LIMIT ${limit}`
  return pageOf([...rows], { forward, limit }, ({ id }) => [id, 0])
}
