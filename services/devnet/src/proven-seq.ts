//! How far the journal has been seen by others: a sequencer whose journal ends before that must not start.
import { contractViews, type Rpc } from '@plumb/chain'
import { loadRelayerState, openLedger, readCursor } from '@plumb/ledger'

/** The newest seq that ledger, relayer or contract know of; 0 on a fresh house. */
export const readProvenSeq = async (
  databaseUrl: string,
  rpc: Rpc,
  contract: string,
): Promise<number> => {
  const ledger = await openLedger(databaseUrl, { applicationName: 'devnet', max: 1 })
  try {
    const cursor = await readCursor(ledger)
    const relayer = await loadRelayerState(ledger)
    const { toSeq } = await contractViews(rpc, contract).lastBatch()
    return Math.max(cursor?.seq ?? 0, relayer.cursorSeq, toSeq)
  } finally {
    await ledger.close()
  }
}
