//! An account's transfers by way of the indexes there are: what a trade posts is found by the trade, which knows both its
//! accounts; every other kind by its own debit and credit.
import type postgres from 'postgres'
import type { Ledger } from './open-ledger.ts'
import { transferKind } from './postings-of.ts'

type Sql = Pick<Ledger, 'sql'>['sql'] | postgres.TransactionSql<{ bigint: number }>
export type Fragment = postgres.Fragment

/** Kinds that only trades post: the indexes of transfers by account leave them out (migration 0008). */
const { trade, fee, rebate, liquidation } = transferKind
const tradeKinds = [trade, fee, rebate, liquidation].join(', ')

/** Of an event, as postings count them. */
const LEGS_PER_EVENT = 4

/**
 * The entries of a trader's account between two seqs, both included, as a query with the columns seq, leg, time_ms,
 * kind, market (−1: none), reference, counterparty, amount_quote (negative = paid) and after_quote.
 *
 * @param account its number, at least 0; or a column of a query around this one
 * @param where further conditions on transfers, named `t`; begins with AND
 * @param walk order and limit: each of the four parts is walked along its index, and the reader sorts what they gave
 */
export function accountEntries(
  sql: Sql,
  account: number | Fragment,
  { fromSeq, toSeq }: { fromSeq: number | Fragment; toSeq: number | Fragment },
  where: Fragment,
  walk: Fragment,
): Fragment {
  const ofTrade = sql.unsafe(`IN (${tradeKinds})`)
  const ofOthers = sql.unsafe(`NOT IN (${tradeKinds})`)
  const columns = sql`t.seq, t.leg, t.time_ms, t.kind, t.market, t.reference`
  const paid = sql`t.debit AS counterparty, t.amount_quote, t.credit_after_quote AS after_quote`
  const booked = (role: 'debit' | 'credit') => sql`
    SELECT ${columns}, ${
      role === 'credit'
        ? paid
        : sql`t.credit AS counterparty, -t.amount_quote AS amount_quote, t.debit_after_quote AS after_quote`
    }
    FROM transfers t
    WHERE t.${sql(role)} = ${account} AND t.${sql(role)} >= 0 AND t.kind ${ofOthers}
      AND t.seq >= ${fromSeq} AND t.seq <= ${toSeq} ${where} ${walk}`
  const traded = (role: 'taker' | 'maker') => sql`
    SELECT ${columns}, CASE WHEN t.debit = ${account} THEN t.credit ELSE t.debit END AS counterparty,
      CASE WHEN t.debit = ${account} THEN -t.amount_quote ELSE t.amount_quote END AS amount_quote,
      CASE WHEN t.debit = ${account} THEN t.debit_after_quote ELSE t.credit_after_quote END AS after_quote
    FROM trades d JOIN transfers t ON t.seq = d.seq AND t.leg >= d.leg * ${LEGS_PER_EVENT}::integer
      AND t.leg < (d.leg + 1) * ${LEGS_PER_EVENT}::integer
    WHERE d.${sql(`${role}_account_id`)} = ${account} AND ${account} IN (t.debit, t.credit) AND t.kind ${ofTrade}
      AND d.seq >= ${fromSeq} AND d.seq <= ${toSeq} AND t.seq >= ${fromSeq} AND t.seq <= ${toSeq} ${where} ${walk}`
  return sql`(${booked('debit')}) UNION ALL (${booked('credit')}) UNION ALL (${traded('taker')})
    UNION ALL (${traded('maker')})`
}
