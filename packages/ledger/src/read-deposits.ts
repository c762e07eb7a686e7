//! Credited deposits in the contract's order, for whoever holds them against the contract's rolling hash.
import type { Ledger } from './open-ledger.ts'

/** A deposit as the journal credited it, with whom it belongs to. */
export type CreditedDeposit = {
  depositId: number
  seq: number
  owner: Uint8Array
  subaccount: number
  amountQuote: number
  blockNumber: number
}

/** Deposits with a higher id, ascending. */
export async function readDeposits(
  { sql }: Ledger,
  depositId: number,
  limit = 10_000,
): Promise<CreditedDeposit[]> {
  const rows = await sql<CreditedDeposit[]>`
    SELECT d.deposit_id AS "depositId", d.seq, a.owner, a.subaccount, d.amount_quote AS "amountQuote",
      d.block_number AS "blockNumber"
    FROM deposits d JOIN accounts a USING (account_id)
    WHERE d.deposit_id > ${depositId} ORDER BY d.deposit_id LIMIT ${limit}`
  return [...rows]
}

/** Which exchange this ledger is of: undefined before the genesis was written. */
export async function readExchange({
  sql,
}: Ledger): Promise<{ chainId: number; contract: Uint8Array } | undefined> {
  const rows = await sql<{ chainId: number; contract: Uint8Array }[]>`
    SELECT chain_id AS "chainId", contract FROM exchange`
  return rows[0]
}
