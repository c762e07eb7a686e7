//! An account's cash: deposits, withdrawals, and the statement with the balance before and after every entry.
import type { AccountId, MarketId } from '@plumb/model'
import { and, eq, isNotNull, isNull, type SQL } from 'drizzle-orm'
import { accountEntries } from './account-entries.ts'
import type { LedgerAccountId } from './ledger-account.ts'
import type { Ledger } from './open-ledger.ts'
import { order, type Page, type PageQuery, pageOf, seqsOf, walkOf, within } from './page.ts'
import { type TransferKind, transferKind } from './postings-of.ts'
import { deposits, settlements, withdrawalPayments, withdrawals } from './schema.ts'

export type DepositRow = typeof deposits.$inferSelect

/** @throws RangeError 'cursor' */
export async function listDeposits(
  ledger: Ledger,
  query: PageQuery & { accountId: AccountId },
): Promise<Page<DepositRow>> {
  const walk = await walkOf(ledger, query)
  const rows = await ledger.db
    .select()
    .from(deposits)
    .where(and(eq(deposits.accountId, query.accountId), within(walk, deposits)))
    .orderBy(...order(walk, deposits.seq, deposits.leg))
    .limit(walk.limit)
  return pageOf(rows, walk, ({ seq, leg }) => [seq, leg])
}

/** `withdrawalId` is the seq of the request; batch, time and transaction are null until the chain has paid. */
export type WithdrawalRow = {
  withdrawalId: number
  accountId: AccountId
  timeMs: number
  amountQuote: number
  lane: number
  laneSeq: number
  status: 'pending' | 'paid'
  batchNo: number | null
  paidMs: number | null
  txHash: Uint8Array | null
}

const withdrawalColumns = {
  withdrawalId: withdrawals.withdrawalId,
  accountId: withdrawals.accountId,
  timeMs: withdrawals.timeMs,
  amountQuote: withdrawals.amountQuote,
  lane: withdrawals.lane,
  laneSeq: withdrawals.laneSeq,
  batchNo: withdrawalPayments.batchNo,
  paidMs: withdrawalPayments.timeMs,
  txHash: settlements.txHash,
}

function selectWithdrawals(ledger: Ledger, wanted: SQL | undefined) {
  return ledger.db
    .select(withdrawalColumns)
    .from(withdrawals)
    .leftJoin(withdrawalPayments, eq(withdrawalPayments.withdrawalId, withdrawals.withdrawalId))
    .leftJoin(settlements, eq(settlements.batchNo, withdrawalPayments.batchNo))
    .where(wanted)
}

const withdrawalOf = (row: Omit<WithdrawalRow, 'status'>): WithdrawalRow => ({
  ...row,
  status: row.batchNo === null ? 'pending' : 'paid',
})

export async function withdrawalById(
  ledger: Ledger,
  withdrawalId: number,
): Promise<WithdrawalRow | undefined> {
  const rows = await selectWithdrawals(ledger, eq(withdrawals.withdrawalId, withdrawalId))
  return rows.map(withdrawalOf)[0]
}

/** @throws RangeError 'cursor' */
export async function listWithdrawals(
  ledger: Ledger,
  query: PageQuery & { accountId: AccountId; status?: 'pending' | 'paid' | undefined },
): Promise<Page<WithdrawalRow>> {
  const walk = await walkOf(ledger, query)
  const { batchNo } = withdrawalPayments
  const paid = { pending: isNull(batchNo), paid: isNotNull(batchNo) }
  const rows = await selectWithdrawals(
    ledger,
    and(
      eq(withdrawals.accountId, query.accountId),
      query.status === undefined ? undefined : paid[query.status],
      within(walk, { seq: withdrawals.seq, timeMs: withdrawals.timeMs }),
    ),
  )
    .orderBy(...order(walk, withdrawals.seq))
    .limit(walk.limit)
  return pageOf(rows.map(withdrawalOf), walk, ({ withdrawalId }) => [withdrawalId, 0])
}

/** One line of a statement; each line's `beforeQuote` is the `afterQuote` of the line before. */
export type EntryRow = {
  seq: number
  leg: number
  timeMs: number
  accountId: AccountId
  direction: 'in' | 'out'
  kind: TransferKind
  amountQuote: number
  beforeQuote: number
  afterQuote: number
  market: MarketId | null
  /** Number of the trade, deposit or withdrawal; the funding index for funding; see transfers.reference. */
  reference: number
  /** The other side; negative for accounts of the house. */
  counterpartyId: LedgerAccountId
}

type EntryQuery = PageQuery & {
  accountId: AccountId
  market?: MarketId | undefined
  kinds?: readonly TransferKind[] | undefined
}

/**
 * With `market` or `kinds`, the lines about that market or of those kinds only (transfers between subaccounts:
 * `kinds: ['transfer']`): balances are still of the whole account.
 *
 * @throws RangeError 'cursor'
 */
export async function listEntries(ledger: Ledger, query: EntryQuery): Promise<Page<EntryRow>> {
  const walk = await walkOf(ledger, query)
  const { sql: pg } = ledger
  const { accountId, market, kinds } = query
  const to = walk.forward ? pg`ASC` : pg`DESC`
  const [afterSeq, afterLeg] = walk.after ?? [0, 0]
  const place = walk.forward
    ? pg`AND (t.seq, t.leg) > (${afterSeq}::bigint, ${afterLeg}::bigint)`
    : pg`AND (t.seq, t.leg) < (${afterSeq}::bigint, ${afterLeg}::bigint)`
  const where = pg`
    ${market === undefined ? pg`` : pg`AND t.market = ${market}`}
    ${kinds === undefined ? pg`` : pg`AND t.kind = ANY(${kinds.map((name) => transferKind[name])}::smallint[])`}
    ${walk.since === undefined ? pg`` : pg`AND t.time_ms >= ${walk.since}`}
    ${walk.until === undefined ? pg`` : pg`AND t.time_ms <= ${walk.until}`}
    ${walk.after === undefined ? pg`` : place}`
  const page = pg`ORDER BY t.seq ${to}, t.leg ${to} LIMIT ${walk.limit}`
  const rows = await pg<EntryRow[]>`
    SELECT e.seq, e.leg, e.time_ms AS "timeMs", ${accountId}::integer AS "accountId",
      CASE WHEN e.amount_quote > 0 THEN 'in' ELSE 'out' END AS direction, k.name AS kind,
      abs(e.amount_quote) AS "amountQuote", e.after_quote - e.amount_quote AS "beforeQuote",
      e.after_quote AS "afterQuote", nullif(e.market, -1) AS market, e.reference, e.counterparty AS "counterpartyId"
    FROM (${accountEntries(pg, accountId, seqsOf(walk), where, page)}) e JOIN transfer_kinds k USING (kind)
    ORDER BY seq ${to}, leg ${to} LIMIT ${walk.limit}`
  return pageOf([...rows], walk, ({ seq, leg }) => [seq, leg])
}

/** Money between two accounts of one owner; negative = it left. A command makes one: its place is [seq, 0]. */
export type InternalTransferRow = {
  seq: number
  timeMs: number
  amountQuote: number
  otherSubaccount: number
}

/** @throws RangeError 'cursor' */
export async function listInternalTransfers(
  ledger: Ledger,
  query: PageQuery & { accountId: AccountId },
): Promise<Page<InternalTransferRow>> {
  const walk = await walkOf(ledger, query)
  const { sql: pg } = ledger
  const to = walk.forward ? pg`ASC` : pg`DESC`
  const [afterSeq = 0] = walk.after ?? []
  const rest = walk.forward ? pg`AND t.seq > ${afterSeq}` : pg`AND t.seq < ${afterSeq}`
  const where = pg`AND t.kind = ${transferKind.transfer}
    ${walk.since === undefined ? pg`` : pg`AND t.time_ms >= ${walk.since}`}
    ${walk.until === undefined ? pg`` : pg`AND t.time_ms <= ${walk.until}`}
    ${walk.after === undefined ? pg`` : rest}`
  const page = pg`ORDER BY t.seq ${to}, t.leg ${to} LIMIT ${walk.limit}`
  const rows = await pg<InternalTransferRow[]>`
    SELECT e.seq, e.time_ms AS "timeMs", e.amount_quote AS "amountQuote", a.subaccount AS "otherSubaccount"
    FROM (${accountEntries(pg, query.accountId, seqsOf(walk), where, page)}) e
      JOIN accounts a ON a.account_id = e.counterparty
    ORDER BY e.seq ${to} LIMIT ${walk.limit}`
  return pageOf([...rows], walk, ({ seq }) => [seq, 0])
}
