//! Settlement as the public sees it: the relayer's batches and what the journal heard confirmed.
import type { Ledger } from './open-ledger.ts'
import { type Page, type PageQuery, pageOf, parsePlace } from './page.ts'

/** A batch on its way; `confirmed` once the confirmation came back through the sequencer. */
export type SettlementRow = {
  batchNo: number
  fromSeq: number
  toSeq: number
  status: 'prepared' | 'sent' | 'mined' | 'final' | 'confirmed'
  fills: number
  withdrawals: number
  orders: number
  txHash: Uint8Array | null
  gasUsed: number | null
  blockNumber: number | null
  /** When it was prepared. */
  timeMs: number
  confirmedMs: number | null
}

/** Batches by number; `since` and `until` are about the time of preparation. @throws RangeError 'cursor' */
export async function listSettlements(
  { sql }: Ledger,
  { since, until, limit, cursor }: PageQuery,
): Promise<Page<SettlementRow>> {
  const place = cursor === undefined ? undefined : parsePlace(cursor)
  const forward = place?.forward ?? since !== undefined
  const [after] = place?.after ?? [0]
  const rows = await sql<SettlementRow[]>`
    SELECT b.batch_no AS "batchNo", b.from_seq AS "fromSeq", b.to_seq AS "toSeq",
      CASE WHEN s.batch_no IS NULL THEN b.status ELSE 'confirmed' END AS status, b.fill_count AS fills,
      b.withdrawal_count AS withdrawals, b.order_count AS orders, coalesce(s.tx_hash, b.tx_hash) AS "txHash",
      coalesce(s.gas_used, b.gas_used) AS "gasUsed", coalesce(s.block_number, b.block_number) AS "blockNumber",
      b.prepared_ms AS "timeMs", s.time_ms AS "confirmedMs"
    FROM batches b LEFT JOIN settlements s USING (batch_no)
    WHERE true
      ${since === undefined ? sql`` : sql`AND b.prepared_ms >= ${since}`}
      ${until === undefined ? sql`` : sql`AND b.prepared_ms <= ${until}`}
      ${place === undefined ? sql`` : forward ? sql`AND b.batch_no > ${after}` : sql`AND b.batch_no < ${after}`}
    ORDER BY b.batch_no ${forward ? sql`ASC` : sql`DESC`} LIMIT ${limit}`
  return pageOf([...rows], { forward, limit }, ({ batchNo }) => [batchNo, 0])
}

/** Everything up to this seq is settled on-chain, as far as the ledger has heard. */
export async function settledSeq({ sql }: Ledger): Promise<number> {
  const rows = await sql<{ seq: number | null }[]>`SELECT max(to_seq) AS seq FROM settlements`
  return rows[0]?.seq ?? 0
}

/** The last confirmed batch. */
export async function lastSettlement({
  sql,
}: Ledger): Promise<{ batchNo: number; toSeq: number; blockNumber: number } | undefined> {
  const rows = await sql<{ batchNo: number; toSeq: number; blockNumber: number }[]>`
    SELECT batch_no AS "batchNo", to_seq AS "toSeq", block_number AS "blockNumber"
    FROM settlements ORDER BY batch_no DESC LIMIT 1`
  return rows[0]
}

/** A consumer's cursor: `chainHash` is the journal's at that seq, when the consumer knew it. */
export async function readCursor(
  { sql }: Ledger,
  consumer = 'ledger',
): Promise<{ seq: number; chainHash: Uint8Array | null } | undefined> {
  const rows = await sql<{ seq: number; chainHash: Uint8Array | null }[]>`
    SELECT seq, chain_hash AS "chainHash" FROM cursors WHERE consumer = ${consumer}`
  return rows[0]
}
