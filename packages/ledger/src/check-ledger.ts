//! The ledger's invariants (reliability.md L1-L6) in SQL, over the whole history.
import type { Ledger } from './open-ledger.ts'

/** Each query answers one row for the first thing that is wrong, or none. */
const checks: Record<string, string> = {
  // L1: debit and credit are one row, so a seq sums to zero unless an account is missing.
  'transfers name accounts that exist': `
    SELECT format('transfer (%s, %s) names account %s, never opened', seq, leg, account) AS difference
    FROM (SELECT seq, leg, unnest(ARRAY[debit, credit]) AS account FROM transfers) t
    WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.account_id = account) ORDER BY seq, leg LIMIT 1`,
  // L4 and L5: every statement chains from zero to the balance.
  'statements chain': `
    SELECT format('account %s: transfer (%s, %s) leaves %s, its entries sum to %s', account_id, seq, leg, after, total)
      AS difference
    FROM (
      SELECT account_id, seq, leg, after, sum(delta) OVER (PARTITION BY account_id ORDER BY seq, leg) AS total FROM (
        SELECT debit AS account_id, seq, leg, debit_after_quote AS after, -amount_quote AS delta FROM transfers
        UNION ALL SELECT credit, seq, leg, credit_after_quote, amount_quote FROM transfers
      ) legs
    ) chained WHERE after <> total ORDER BY seq, leg LIMIT 1`,
  'balances are the sum of their entries': `
    SELECT format('account %s: balance %s, its entries sum to %s', account_id, balance_quote, coalesce(total, 0))
      AS difference
    FROM balances LEFT JOIN (
      SELECT account_id, sum(delta) AS total FROM (
        SELECT debit AS account_id, -amount_quote AS delta FROM transfers
        UNION ALL SELECT credit, amount_quote FROM transfers
      ) legs GROUP BY account_id
    ) sums USING (account_id)
    WHERE balance_quote <> coalesce(total, 0) ORDER BY account_id LIMIT 1`,
  'positions are the sum of their fills': `
    SELECT format('account %s market %s: position %s, its fills sum to %s', account_id, market,
      coalesce(position_lots, 0), coalesce(total, 0)) AS difference
    FROM positions FULL JOIN (
      SELECT account_id, market, sum(delta) AS total FROM (
        SELECT taker_account_id AS account_id, market, size_lots * (1 - 2 * taker_side) AS delta FROM trades
        UNION ALL SELECT maker_account_id, market, size_lots * (2 * taker_side - 1) FROM trades
        UNION ALL SELECT account_id, market, lots_change FROM position_moves
      ) fills GROUP BY account_id, market
    ) sums USING (account_id, market)
    WHERE coalesce(position_lots, 0) <> coalesce(total, 0) ORDER BY account_id, market LIMIT 1`,
  'open orders are the orders that are open': `
    SELECT format('order %s: status %s, %s', order_id, status, CASE WHEN listed THEN 'listed as open' ELSE 'not listed' END)
      AS difference
    FROM (SELECT coalesce(o.order_id, l.order_id) AS order_id, o.status, l.order_id IS NOT NULL AS listed
          FROM orders o FULL JOIN open_orders l USING (account_id, created_seq, order_id)) both_sides
    WHERE (status IS NOT DISTINCT FROM 0) <> listed ORDER BY order_id LIMIT 1`,
  'positions of a market sum to zero': `
    SELECT format('market %s: positions sum to %s', market, sum(position_lots)) AS difference
    FROM positions GROUP BY market HAVING sum(position_lots) <> 0
      AND market NOT IN (SELECT market FROM position_moves WHERE kind = 3) LIMIT 1`,
  'every trade is paid': `
    SELECT format('trade %s: %s booked, %s traded', trade_id, coalesce(amount_quote, 0), quote) AS difference
    FROM trades t LEFT JOIN transfers f ON f.seq = t.seq AND f.leg = t.leg * 4
        AND f.kind = CASE t.kind WHEN 0 THEN 2 ELSE 10 END
    WHERE f.amount_quote IS DISTINCT FROM t.quote
      OR f.debit <> CASE taker_side WHEN 0 THEN taker_account_id ELSE maker_account_id END
      OR f.credit <> CASE taker_side WHEN 0 THEN maker_account_id ELSE taker_account_id END
    ORDER BY trade_id LIMIT 1`,
  'every position that moves without a trade is paid': `
    SELECT format('account %s at (%s, %s): %s booked, %s moved', m.account_id, m.seq, m.leg, booked, wanted)
      AS difference
    FROM (
      SELECT seq, market, account_id, kind = 3 AS settled, sum(quote + insurance_quote - deficit_quote) AS wanted, min(leg) AS leg
      FROM position_moves GROUP BY seq, market, account_id, settled
    ) m LEFT JOIN LATERAL (
      SELECT coalesce(sum(CASE WHEN t.credit = m.account_id THEN amount_quote ELSE -amount_quote END), 0) AS booked
      FROM transfers t WHERE t.seq = m.seq AND t.market = m.market AND m.account_id IN (t.debit, t.credit)
        AND (t.kind IN (13, 14, 15, 16) OR (t.kind = 12 AND NOT settled AND NOT EXISTS (
          SELECT FROM trades d WHERE d.seq = t.seq AND d.leg = t.leg / 4)))
    ) f ON true
    WHERE booked <> wanted ORDER BY m.seq LIMIT 1`,
  // L2 and L6: no row beyond the cursor.
  'nothing is ahead of the cursor': `
    SELECT format('transfer of seq %s, the cursor is at %s', max(t.seq), (SELECT seq FROM cursors WHERE consumer = 'ledger'))
      AS difference
    FROM transfers t HAVING max(t.seq) > (SELECT seq FROM cursors WHERE consumer = 'ledger')`,
  'trade numbers have no gap': `
    SELECT format('trade %s follows trade %s', trade_id, before) AS difference
    FROM (SELECT trade_id, lag(trade_id, 1, 0::bigint) OVER (ORDER BY trade_id) AS before FROM trades) t
    WHERE trade_id <> before + 1 ORDER BY trade_id LIMIT 1`,
}

/** Checks everything from one snapshot. Answers the first difference, or undefined when there is none. */
export function checkLedger(ledger: Ledger): Promise<string | undefined> {
  return ledger.sql.begin('ISOLATION LEVEL REPEATABLE READ READ ONLY', async (tx) => {
    for (const [name, query] of Object.entries(checks)) {
      const [row] = await tx.unsafe<{ difference: string }[]>(query)
      if (row !== undefined) return `${name}: ${row.difference}`
    }
    return undefined
  })
}
