//! The relayer's store in the ledger's database.
import { bytesHex, hexBytes, readSignedTransaction, type SignedTransaction } from '@plumb/chain'
import {
  addBatchAttempt,
  type Ledger,
  listBatchAttempts,
  loadRelayerState,
  replacePendingDeposits,
  saveDepositCursor,
  saveRelayerCheckpoint,
  saveRelayerRecord,
  updateBatch,
} from '@plumb/ledger'
import type { Clock } from '@plumb/runtime'
import type { RelayerStore, StoredBatch } from './relayer-store.ts'

const rawOf = ({ rawTx, txHash }: SignedTransaction) => ({
  rawTx: hexBytes(rawTx),
  txHash: hexBytes(txHash),
  maxFeePerGas: readSignedTransaction(rawTx).maxFeePerGas,
})

const attemptOf = (row: { rawTx: Uint8Array; txHash: Uint8Array }): SignedTransaction => {
  const rawTx = bytesHex(row.rawTx)
  return { nonce: readSignedTransaction(rawTx).nonce, txHash: bytesHex(row.txHash), rawTx }
}

/** @example const store = ledgerStore(await openLedger(url, { applicationName: 'relayer' }), systemClock) */
export const ledgerStore = (ledger: Ledger, clock: Clock): RelayerStore => ({
  load: async () => {
    const { cursorSeq, deposit, records, batches } = await loadRelayerState(ledger)
    const stored: StoredBatch[] = []
    for (const { batchNo, fromSeq, toSeq, status, calldata, gasLimit } of batches) {
      const attempts = (await listBatchAttempts(ledger, batchNo))
        .toSorted((a, b) => a.attempt - b.attempt)
        .map(attemptOf)
      stored.push({ batchNo, fromSeq, toSeq, status, calldata, gasLimit, attempts })
    }
    const { id, block, hash } = deposit
    const read = { depositId: id, blockNumber: block, rollingHash: bytesHex(hash) }
    return { cursorSeq, deposits: block === 0 ? undefined : read, records, batches: stored }
  },
  checkpoint: async ({ batch, expectedCursorSeq, cursorSeq, upserts, deletes }) => {
    const moved = { expectedCursorSeq, cursorSeq, upserts: [...upserts], deletes: [...deletes] }
    if (batch === undefined) return saveRelayerCheckpoint(ledger, moved)
    const { transaction, ...prepared } = batch
    const { nonce } = transaction
    await saveRelayerCheckpoint(ledger, {
      ...moved,
      batch: { ...prepared, nonce, ...rawOf(transaction) },
    })
  },
  addAttempt: (batchNo, attempt, transaction) =>
    addBatchAttempt(ledger, {
      batchNo,
      attempt,
      createdMs: clock.nowMs(),
      ...rawOf(transaction),
    }),
  updateBatch: (batchNo, { txHash, ...change }) =>
    updateBatch(ledger, batchNo, {
      ...change,
      ...(txHash === undefined ? {} : { txHash: hexBytes(txHash) }),
    }),
  saveRecord: (record) => saveRelayerRecord(ledger, record),
  saveDeposits: ({ depositId, blockNumber, rollingHash }) =>
    saveDepositCursor(ledger, { id: depositId, block: blockNumber, hash: hexBytes(rollingHash) }),
  savePendingDeposits: ({ deposits, ...place }) =>
    replacePendingDeposits(
      ledger,
      place,
      deposits.map(({ deposit: { owner, txHash, ...deposit }, seenMs }) => ({
        ...deposit,
        owner: hexBytes(owner),
        txHash: hexBytes(txHash),
        seenMs,
      })),
    ),
})
