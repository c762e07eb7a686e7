//! The relayer's store in memory, with a kill switch at every write.
import type { DepositCursor, SignedTransaction } from '@plumb/chain'
import type {
  BatchStatus,
  Checkpoint,
  PendingDeposits,
  RelayerStore,
  StateRecord,
  StoredBatch,
} from '../relayer-store.ts'

/** The process is dead: nothing it does afterwards reaches the store. */
class KilledError extends Error {
  readonly code = 'KILLED'
}

type Row = StoredBatch & { status: BatchStatus }

/** What survives: one for all lives of a relayer. */
export class MemoryDisk {
  cursorSeq = 0
  deposits: DepositCursor | undefined
  pendingDeposits: PendingDeposits | undefined
  readonly records = new Map<string, StateRecord>()
  readonly batches = new Map<number, Row>()
  /** Writes so far, over all lives. */
  writes = 0
  /** Kill the process at this write: before it, or right after it. */
  killAt: { write: number; after: boolean } | undefined
}

/** A process' connection to the disk. */
export const memoryStore = (disk: MemoryDisk): RelayerStore & { readonly killed: boolean } => {
  let killed = false
  const write = (change: () => void): Promise<void> => {
    if (killed) return Promise.reject(new KilledError('dead already'))
    disk.writes += 1
    const { killAt } = disk
    const isNow = killAt !== undefined && killAt.write === disk.writes
    if (!(isNow && !killAt.after)) change()
    if (!isNow) return Promise.resolve()
    killed = true
    disk.killAt = undefined
    return Promise.reject(new KilledError(`killed at write ${disk.writes}`))
  }
  const batch = (batchNo: number): Row => {
    const row = disk.batches.get(batchNo)
    if (row === undefined) throw new RangeError(`no batch ${batchNo}`)
    return row
  }
  const apply = (checkpoint: Checkpoint) => {
    if (checkpoint.expectedCursorSeq !== disk.cursorSeq)
      throw new Error(`cursor is at ${disk.cursorSeq}, not ${checkpoint.expectedCursorSeq}`)
    disk.cursorSeq = checkpoint.cursorSeq
    for (const record of checkpoint.upserts)
      disk.records.set(`${record.kind}/${record.key}`, { ...record, body: record.body.slice() })
    for (const { kind, key } of checkpoint.deletes) disk.records.delete(`${kind}/${key}`)
    if (checkpoint.batch === undefined) return
    const { transaction, ...prepared } = checkpoint.batch
    if (disk.batches.has(prepared.batchNo)) throw new Error(`batch ${prepared.batchNo} twice`)
    disk.batches.set(prepared.batchNo, { ...prepared, status: 'prepared', attempts: [transaction] })
  }
  return {
    get killed() {
      return killed
    },
    load: () => {
      const batches = [...disk.batches.values()].map((row) =>
        Object.assign({}, row, { attempts: [...row.attempts] }),
      )
      const final = batches.findLast(({ status }) => status === 'final')
      return Promise.resolve({
        cursorSeq: disk.cursorSeq,
        deposits: disk.deposits,
        records: [...disk.records.values()],
        batches: batches.filter((row) => row.status !== 'final' || row === final),
      })
    },
    checkpoint: (checkpoint) => write(() => apply(checkpoint)),
    addAttempt: (batchNo: number, attempt: number, transaction: SignedTransaction) =>
      write(() => {
        const { attempts } = batch(batchNo)
        if (attempt !== attempts.length + 1) throw new Error(`attempt ${attempt} out of turn`)
        attempts.push(transaction)
      }),
    updateBatch: (batchNo, { status }) =>
      write(() => {
        batch(batchNo).status = status
      }),
    saveRecord: (record) =>
      write(() => {
        disk.records.set(`${record.kind}/${record.key}`, record)
      }),
    saveDeposits: (cursor) =>
      write(() => {
        disk.deposits = cursor
      }),
    // A hint, which no life depends on: no place to be killed at.
    savePendingDeposits: (pending) => {
      if (!killed) disk.pendingDeposits = pending
      return Promise.resolve()
    },
  }
}
