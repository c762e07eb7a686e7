//! The relayer's memory: signed orders it still needs, its cursors, every batch and every raw transaction.
import { LedgerError } from './ledger-error.ts'
import type { LedgerTransaction } from './ledger-transaction.ts'
import type { Ledger } from './open-ledger.ts'

export type BatchStatus = 'prepared' | 'sent' | 'mined' | 'final'

/** A settlement batch; times in ms, null until it got there. `txHash`: of the mined attempt, else of the newest. */
export type BatchRow = {
  batchNo: number
  fromSeq: number
  toSeq: number
  hashSeq: number
  status: BatchStatus
  nonce: number
  calldata: Uint8Array
  fillCount: number
  withdrawalCount: number
  orderCount: number
  segmentCount: number
  gasLimit: number
  txHash: Uint8Array
  gasUsed: number | null
  blockNumber: number | null
  preparedMs: number
  sentMs: number | null
  minedMs: number | null
  finalMs: number | null
  error: string | null
}
export type BatchAttempt = {
  batchNo: number
  attempt: number
  txHash: Uint8Array
  rawTx: Uint8Array
  maxFeePerGas: bigint
  createdMs: number
}
/** A batch with its first signed transaction. */
export type NewBatch = Pick<
  BatchRow,
  | 'batchNo'
  | 'fromSeq'
  | 'toSeq'
  | 'hashSeq'
  | 'nonce'
  | 'calldata'
  | 'fillCount'
  | 'withdrawalCount'
  | 'orderCount'
  | 'segmentCount'
  | 'gasLimit'
  | 'preparedMs'
  | 'txHash'
> &
  Pick<BatchAttempt, 'rawTx' | 'maxFeePerGas'>

/** Anything the relayer keeps by key: open signed orders, accounts, price vectors … */
export type RelayerRecord = { kind: number; key: string; body: Uint8Array }
export type DepositPlace = { id: number; block: number; hash: Uint8Array }
export type RelayerState = {
  /** Everything up to here is in `records` and `batches`. */
  cursorSeq: number
  deposit: DepositPlace
  records: RelayerRecord[]
  /** All that are not final, and the last final one, ascending. */
  batches: BatchRow[]
}

/** What the relayer starts from, read from one snapshot. */
export function loadRelayerState(ledger: Ledger): Promise<RelayerState> {
  return ledger.sql.begin('ISOLATION LEVEL REPEATABLE READ READ ONLY', async (tx) => {
    const [cursor] = await tx<{ seq: number; id: number; block: number; hash: Uint8Array }[]>`
      SELECT cursor_seq AS seq, deposit_id AS id, deposit_block AS block, deposit_hash AS hash FROM relayer_cursor`
    if (cursor === undefined) throw new LedgerError('SCHEMA_MISMATCH', 'relayer_cursor is empty')
    const records = await tx<RelayerRecord[]>`SELECT kind, key, body FROM relayer_records`
    const batches = await tx<BatchRow[]>`
      SELECT batch_no AS "batchNo", from_seq AS "fromSeq", to_seq AS "toSeq", hash_seq AS "hashSeq", status, nonce,
        calldata, fill_count AS "fillCount", withdrawal_count AS "withdrawalCount", order_count AS "orderCount",
        segment_count AS "segmentCount", gas_limit AS "gasLimit", tx_hash AS "txHash", gas_used AS "gasUsed",
        block_number AS "blockNumber", prepared_ms AS "preparedMs", sent_ms AS "sentMs", mined_ms AS "minedMs",
        final_ms AS "finalMs", error
      FROM batches
      WHERE status <> 'final' OR batch_no = (SELECT max(batch_no) FROM batches WHERE status = 'final')
      ORDER BY batch_no`
    const { seq, ...deposit } = cursor
    return { cursorSeq: seq, deposit, records: [...records], batches: [...batches] }
  })
}

/**
 * Moves the relayer's cursor with everything it learned up to there, and a newly signed batch, in one transaction.
 *
 * @throws LedgerError CURSOR_MISMATCH when the cursor is not at `expectedCursorSeq`: another relayer is running
 */
export async function saveRelayerCheckpoint(
  ledger: Ledger,
  checkpoint: {
    expectedCursorSeq: number
    cursorSeq: number
    upserts: readonly RelayerRecord[]
    deletes: readonly Pick<RelayerRecord, 'kind' | 'key'>[]
    batch?: NewBatch
  },
): Promise<void> {
  const { expectedCursorSeq, cursorSeq, upserts, deletes, batch } = checkpoint
  await ledger.sql.begin(async (tx) => {
    const moved = await tx`
      UPDATE relayer_cursor SET cursor_seq = ${cursorSeq} WHERE cursor_seq = ${expectedCursorSeq}`
    if (moved.count !== 1)
      throw new LedgerError('CURSOR_MISMATCH', `the relayer is not at seq ${expectedCursorSeq}`)
    ledger.reached('relayer:cursor-moved')
    if (deletes.length > 0)
      await tx`
        DELETE FROM relayer_records r USING unnest(
          ${deletes.map(({ kind }) => kind)}::smallint[], ${deletes.map(({ key }) => key)}::text[]) AS gone (kind, key)
        WHERE r.kind = gone.kind AND r.key = gone.key`
    if (upserts.length > 0)
      await tx`
        INSERT INTO relayer_records (kind, key, body)
        SELECT kind, key, decode(body, 'hex') FROM unnest(
          ${upserts.map(({ kind }) => kind)}::smallint[], ${upserts.map(({ key }) => key)}::text[],
          ${upserts.map(({ body }) => Buffer.from(body).toString('hex'))}::text[]) AS fresh (kind, key, body)
        ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body`
    ledger.reached('relayer:records-written')
    if (batch !== undefined) {
      await insertBatch(tx, batch)
      ledger.reached('relayer:batch-written')
    }
  })
}

async function insertBatch(tx: LedgerTransaction, batch: NewBatch): Promise<void> {
  await tx`
    INSERT INTO batches (batch_no, from_seq, to_seq, hash_seq, status, nonce, calldata, fill_count, withdrawal_count,
      order_count, segment_count, gas_limit, tx_hash, prepared_ms)
    VALUES (${batch.batchNo}, ${batch.fromSeq}, ${batch.toSeq}, ${batch.hashSeq}, 'prepared', ${batch.nonce},
      ${batch.calldata}, ${batch.fillCount}, ${batch.withdrawalCount}, ${batch.orderCount}, ${batch.segmentCount},
      ${batch.gasLimit}, ${batch.txHash}, ${batch.preparedMs})`
  await insertAttempt(tx, { ...batch, attempt: 1, createdMs: batch.preparedMs })
}

async function insertAttempt(
  tx: LedgerTransaction | Ledger['sql'],
  { batchNo, attempt, txHash, rawTx, maxFeePerGas, createdMs }: BatchAttempt,
): Promise<void> {
  await tx`
    INSERT INTO batch_attempts (batch_no, attempt, tx_hash, raw_tx, max_fee_per_gas, created_ms)
    VALUES (${batchNo}, ${attempt}, ${txHash}, ${rawTx}, ${maxFeePerGas.toString()}::numeric, ${createdMs})`
}

/** Stores a replacement transaction (same nonce, higher fee) before it is sent; it becomes the batch's txHash. */
export async function addBatchAttempt(ledger: Ledger, attempt: BatchAttempt): Promise<void> {
  await ledger.sql.begin(async (tx) => {
    await insertAttempt(tx, attempt)
    await tx`UPDATE batches SET tx_hash = ${attempt.txHash} WHERE batch_no = ${attempt.batchNo}`
  })
}

/** Every transaction ever signed for a batch, oldest first. */
export async function listBatchAttempts(ledger: Ledger, batchNo: number): Promise<BatchAttempt[]> {
  const rows = await ledger.sql<(Omit<BatchAttempt, 'maxFeePerGas'> & { fee: string })[]>`
    SELECT batch_no AS "batchNo", attempt, tx_hash AS "txHash", raw_tx AS "rawTx", max_fee_per_gas::text AS fee,
      created_ms AS "createdMs"
    FROM batch_attempts WHERE batch_no = ${batchNo} ORDER BY attempt`
  return rows.map(({ fee, ...row }) => Object.assign(row, { maxFeePerGas: BigInt(fee) }))
}

/**
 * A batch moves on, or back after a reorganisation (which clears what the lost block said).
 *
 * @param change.atMs when; kept as sentMs, minedMs or finalMs
 * @throws LedgerError CURSOR_MISMATCH when there is no such batch
 */
export async function updateBatch(
  ledger: Ledger,
  batchNo: number,
  change: {
    status: BatchStatus
    atMs: number
    txHash?: Uint8Array
    gasUsed?: number
    blockNumber?: number
    error?: string
  },
): Promise<void> {
  const { status, atMs, txHash = null, gasUsed = null, blockNumber = null, error = null } = change
  const onChain = status === 'mined' || status === 'final'
  const updated = await ledger.sql`
    UPDATE batches SET status = ${status}, error = ${error}, tx_hash = coalesce(${txHash}::bytea, tx_hash),
      gas_used = CASE WHEN ${onChain} THEN coalesce(${gasUsed}::bigint, gas_used) END,
      block_number = CASE WHEN ${onChain} THEN coalesce(${blockNumber}::bigint, block_number) END,
      sent_ms = CASE WHEN ${status === 'sent'} THEN coalesce(sent_ms, ${atMs}::bigint)
                     WHEN ${status === 'prepared'} THEN NULL ELSE sent_ms END,
      mined_ms = CASE WHEN ${status === 'mined'} THEN ${atMs}::bigint WHEN ${onChain} THEN mined_ms END,
      final_ms = CASE WHEN ${status === 'final'} THEN ${atMs}::bigint END
    WHERE batch_no = ${batchNo}`
  if (updated.count !== 1) throw new LedgerError('CURSOR_MISMATCH', `there is no batch ${batchNo}`)
}

/** One record that no checkpoint carries. */
export async function saveRelayerRecord(ledger: Ledger, record: RelayerRecord): Promise<void> {
  const { kind, key, body } = record
  await ledger.sql`
    INSERT INTO relayer_records (kind, key, body) VALUES (${kind}, ${key}, ${body})
    ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body`
}

/** One record, undefined when there is none. */
export async function loadRelayerRecord(
  ledger: Ledger,
  kind: number,
  key: string,
): Promise<Uint8Array | undefined> {
  const [found] = await ledger.sql<{ body: Uint8Array }[]>`
    SELECT body FROM relayer_records WHERE kind = ${kind} AND key = ${key}`
  return found?.body
}

/** How far deposits were read from the chain. */
export async function saveDepositCursor(ledger: Ledger, place: DepositPlace): Promise<void> {
  const { id, block, hash } = place
  await ledger.sql`
    UPDATE relayer_cursor SET deposit_id = ${id}, deposit_block = ${block}, deposit_hash = ${hash}`
}
