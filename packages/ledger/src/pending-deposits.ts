//! Deposits seen on-chain and not final yet: the relayer writes them, the gateway shows them.
import type { Ledger } from './open-ledger.ts'

/** A deposit on its way: credited once `finalBlock`, which follows `headBlock`, has reached `blockNumber`. */
export type PendingDeposit = {
  depositId: number
  owner: Uint8Array
  subaccount: number
  amountQuote: number
  blockNumber: number
  txHash: Uint8Array
  /** When it was seen first. */
  seenMs: number
}

/** Where the chain was when deposits were looked for. */
export type ChainPlace = { headBlock: number; finalBlock: number }

/** These and no others are pending now. */
export async function replacePendingDeposits(
  { sql }: Ledger,
  { headBlock, finalBlock }: ChainPlace,
  deposits: readonly PendingDeposit[],
): Promise<void> {
  const hexes = (of: (deposit: PendingDeposit) => Uint8Array) =>
    deposits.map((deposit) => Buffer.from(of(deposit)).toString('hex'))
  await sql.begin(async (tx) => {
    await tx`DELETE FROM pending_deposits`
    if (deposits.length === 0) return
    await tx`
      INSERT INTO pending_deposits (deposit_id, owner, subaccount, amount_quote, block_number, tx_hash, seen_ms,
        head_block, final_block)
      SELECT deposit_id, decode(owner, 'hex'), subaccount, amount_quote, block_number, decode(tx_hash, 'hex'), seen_ms,
        ${headBlock}, ${finalBlock}
      FROM unnest(
        ${deposits.map(({ depositId }) => depositId)}::bigint[], ${hexes(({ owner }) => owner)}::text[],
        ${deposits.map(({ subaccount }) => subaccount)}::smallint[],
        ${deposits.map(({ amountQuote }) => amountQuote)}::bigint[],
        ${deposits.map(({ blockNumber }) => blockNumber)}::bigint[], ${hexes(({ txHash }) => txHash)}::text[],
        ${deposits.map(({ seenMs }) => seenMs)}::bigint[])
        AS seen (deposit_id, owner, subaccount, amount_quote, block_number, tx_hash, seen_ms)`
  })
}

/** All that are pending, in the contract's order; the first 10,000. */
export async function listPendingDeposits({
  sql,
}: Ledger): Promise<(PendingDeposit & ChainPlace)[]> {
  const rows = await sql<(PendingDeposit & ChainPlace)[]>`
    SELECT deposit_id AS "depositId", owner, subaccount, amount_quote AS "amountQuote", block_number AS "blockNumber",
      tx_hash AS "txHash", seen_ms AS "seenMs", head_block AS "headBlock", final_block AS "finalBlock"
    FROM pending_deposits ORDER BY deposit_id LIMIT 10000`
  return [...rows]
}
