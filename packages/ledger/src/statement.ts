//! What an account's money did between two times: balances at both ends, sums by kind, and profit and loss by market.
import type { AccountId, MarketId, Quote } from '@plumb/model'
import { accountEntries } from './account-entries.ts'
import type { LedgerTransaction } from './ledger-transaction.ts'
import type { Ledger } from './open-ledger.ts'
import { walkOf } from './page.ts'
import type { TransferKind } from './postings-of.ts'

/** Milliseconds since 1970, both ends included; undefined: from the first command, to the last. */
export type TimeRange = { since?: number | undefined; until?: number | undefined }

export type StatementLine = {
  kind: TransferKind
  inQuote: Quote
  outQuote: Quote
  entries: number
}

/** closing = opening + Σ in − Σ out, exactly. */
export type Statement = {
  accountId: AccountId
  openingQuote: Quote
  closingQuote: Quote
  /** By kind of transfer, those that occurred. */
  lines: StatementLine[]
}

/**
 * Profit and loss of an account in one market, micro-USDC. Cash moved by more than `netQuote` where a position grew or
 * shrank: what is paid for open lots is their entry cost, neither profit nor loss.
 */
export type MarketPnl = {
  market: MarketId
  /** Beginning of the bucket, 0 without buckets. */
  fromMs: number
  /** Price profit of what was closed, against average entry cost. */
  realizedQuote: Quote
  /** Trading fees paid, above zero. */
  feesQuote: Quote
  /** Rebates received, above zero. */
  rebatesQuote: Quote
  /** Funding paid, negative = received. */
  fundingQuote: Quote
  /** Paid into the insurance tranche when liquidated. */
  liquidationFeesQuote: Quote
  /** Received from the tranche because the account could not pay. */
  insuranceQuote: Quote
  /** Borne of other accounts' deficits by auto-deleveraging, negative = others bore of its own. */
  deficitsQuote: Quote
  /** Debt that nobody bore and the account does not owe any more. */
  badDebtQuote: Quote
  /** realized − fees + rebates − funding − liquidation fees + insurance − deficits + bad debt. */
  netQuote: Quote
  fills: number
  /** Σ price × size of its fills; may leave the integers of a number. */
  volumeQuote: bigint
  makerVolumeQuote: bigint
}

type Range = { fromSeq: number; toSeq: number; since: number; until: number }

const EVER = Number.MAX_SAFE_INTEGER

async function rangeOf(ledger: Ledger, { since, until }: TimeRange): Promise<Range> {
  const { fromSeq, toSeq } = await walkOf(ledger, { since, until, limit: 1 })
  return { fromSeq, toSeq, since: since ?? 0, until: until ?? EVER }
}

/** @example const { closingQuote } = await statementOf(ledger, { accountId: 7, since: monthStartMs }) */
export async function statementOf(
  ledger: Ledger,
  query: TimeRange & { accountId: AccountId },
): Promise<Statement> {
  const { accountId } = query
  const range = await rangeOf(ledger, query)
  return ledger.sql.begin('ISOLATION LEVEL REPEATABLE READ READ ONLY', async (tx) => {
    const openingQuote = await balanceBefore(tx, accountId, range.fromSeq, range.since)
    const lines = await tx<StatementLine[]>`
      SELECT k.name AS kind, coalesce(sum(amount_quote) FILTER (WHERE amount_quote > 0), 0)::bigint AS "inQuote",
        coalesce(-sum(amount_quote) FILTER (WHERE amount_quote < 0), 0)::bigint AS "outQuote", count(*)::integer AS entries
      FROM (${accountEntries(tx, accountId, range, times(tx, range), tx``)})
      e JOIN transfer_kinds k USING (kind) GROUP BY k.kind, k.name ORDER BY k.kind`
    const moved = lines.reduce((sum, { inQuote, outQuote }) => sum + inQuote - outQuote, 0)
    return { accountId, openingQuote, closingQuote: openingQuote + moved, lines: [...lines] }
  })
}

/** What the account held right before time `since`: behind the newest of its earlier entries. */
async function balanceBefore(
  tx: LedgerTransaction,
  accountId: AccountId,
  fromSeq: number,
  since: number,
): Promise<Quote> {
  // Entries of the second that `fromSeq` begins may still be earlier than `since`; one row of each index is enough.
  const toSeq = tx`(SELECT coalesce(min(seq), ${EVER}) FROM seq_times WHERE seq > ${fromSeq} AND time_ms >= ${since})`
  const newest = tx`ORDER BY t.seq DESC, t.leg DESC LIMIT 1`
  const before = tx`AND t.time_ms < ${since}`
  const [last] = await tx<{ after: number }[]>`
    SELECT after_quote AS after FROM (${accountEntries(tx, accountId, { fromSeq: 0, toSeq }, before, newest)}) e
    ORDER BY seq DESC, leg DESC LIMIT 1`
  return last?.after ?? 0
}

const times = (tx: LedgerTransaction, { since, until }: Range) =>
  tx`AND t.time_ms >= ${since} AND t.time_ms <= ${until}`

type PnlRow = Omit<MarketPnl, 'netQuote' | 'volumeQuote' | 'makerVolumeQuote'> & {
  volume: string
  makerVolume: string
}

/**
 * Where an account's profit and loss came from: one row a market, or a market and bucket of `bucketMs` (an hour is
 * 3,600,000; buckets begin at multiples of it since 1970). Ascending by bucket, then market.
 */
export async function attributePnl(
  ledger: Ledger,
  query: TimeRange & {
    accountId: AccountId
    market?: MarketId | undefined
    bucketMs?: number | undefined
  },
): Promise<MarketPnl[]> {
  const { accountId, market, bucketMs } = query
  const { sql: pg } = ledger
  const range = await rangeOf(ledger, query)
  const bounds = pg`seq BETWEEN ${range.fromSeq} AND ${range.toSeq} AND time_ms >= ${range.since}
    AND time_ms <= ${range.until} ${market === undefined ? pg`` : pg`AND market = ${market}`}`
  const fillsAs = (role: 'taker' | 'maker') => {
    const fee = pg(`${role}_fee_quote`)
    return pg`
      SELECT market, time_ms, ${pg(`${role}_realized_quote`)} AS realized, greatest(${fee}, 0) AS fees,
        greatest(-${fee}, 0) AS rebates, 0 AS funding, 0 AS kind, 0 AS amount, 1 AS fills, quote AS volume,
        ${role === 'maker' ? pg`quote` : pg`0`} AS maker_volume
      FROM trades WHERE ${pg(`${role}_account_id`)} = ${accountId} AND ${bounds}`
  }
  const safetyAs = (role: 'debit' | 'credit') => pg`
    SELECT market, time_ms, 0, 0, 0, 0, kind, ${role === 'credit' ? pg`` : pg`-`} amount_quote, 0, 0, 0
    FROM transfers WHERE ${pg(role)} = ${accountId} AND ${pg(role)} >= 0 AND kind NOT IN (2, 3, 4, 10)
      AND kind IN (11, 12, 15, 17) AND ${bounds}`
  const rows = await pg<PnlRow[]>`
    SELECT market, ${bucketMs === undefined ? pg`0` : pg`time_ms - time_ms % ${bucketMs}`}::bigint AS "fromMs",
      sum(realized)::bigint AS "realizedQuote", sum(fees)::bigint AS "feesQuote",
      sum(rebates)::bigint AS "rebatesQuote", sum(funding)::bigint AS "fundingQuote",
      coalesce(-sum(amount) FILTER (WHERE kind = 11), 0)::bigint AS "liquidationFeesQuote",
      coalesce(sum(amount) FILTER (WHERE kind = 12), 0)::bigint AS "insuranceQuote",
      coalesce(-sum(amount) FILTER (WHERE kind = 15), 0)::bigint AS "deficitsQuote",
      coalesce(sum(amount) FILTER (WHERE kind = 17), 0)::bigint AS "badDebtQuote",
      sum(fills)::integer AS fills, sum(volume)::text AS volume, sum(maker_volume)::text AS "makerVolume"
    FROM (
      (${fillsAs('taker')}) UNION ALL (${fillsAs('maker')})
      UNION ALL SELECT market, time_ms, realized_quote, 0, 0, 0, 0, 0, 0, 0, 0
        FROM position_moves WHERE account_id = ${accountId} AND ${bounds}
      UNION ALL SELECT market, time_ms, 0, 0, 0, payment_quote, 0, 0, 0, 0, 0
        FROM funding_payments WHERE account_id = ${accountId} AND ${bounds}
      UNION ALL (${safetyAs('debit')}) UNION ALL (${safetyAs('credit')})
    ) moved GROUP BY 1, 2 ORDER BY 2, 1`
  return rows.map(pnlOf)
}

function pnlOf({ volume, makerVolume, ...row }: PnlRow): MarketPnl {
  const netQuote =
    row.realizedQuote -
    row.feesQuote +
    row.rebatesQuote -
    row.fundingQuote -
    row.liquidationFeesQuote +
    row.insuranceQuote -
    row.deficitsQuote +
    row.badDebtQuote
  return { ...row, netQuote, volumeQuote: BigInt(volume), makerVolumeQuote: BigInt(makerVolume) }
}
