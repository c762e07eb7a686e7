//! Deposits between their block and its finality: only the relayer's own records know them.
import { bytesHex } from '@plumb/chain'
import { listPendingDeposits } from '@plumb/ledger'
import type { PendingDeposits } from '../view/pending-deposits.ts'
import type { LedgerSource } from './ledger-source.ts'

/** Looks once. What it shows is a hint; what is credited comes from the journal alone. */
export async function readPendingDeposits(
  source: LedgerSource,
  pending: PendingDeposits,
): Promise<void> {
  const rows = await source.read((ledger) => listPendingDeposits(ledger))
  pending.replace(
    rows.map((row) =>
      Object.assign(row, { owner: bytesHex(row.owner), txHash: bytesHex(row.txHash) }),
    ),
  )
}
