//! What the relayer keeps across crashes, and the one transaction that moves it.
import type { ChainDeposit, DepositCursor, SignedTransaction } from '@plumb/chain'
import type { Seq, TimeMs } from '@plumb/model'

/** PREPARED (stored) → SENT → MINED → FINAL, and from MINED back to SENT when the chain reorganises. */
export type BatchStatus = 'prepared' | 'sent' | 'mined' | 'final'

/** One small thing of the relayer's state; kinds are listed in relayer-state.ts. */
export type StateRecord = { kind: number; key: string; body: Uint8Array }

/** A batch as it was prepared. */
export type PreparedBatch = {
  batchNo: number
  fromSeq: Seq
  toSeq: Seq
  hashSeq: Seq
  calldata: Uint8Array
  fillCount: number
  withdrawalCount: number
  orderCount: number
  segmentCount: number
  gasLimit: number
  preparedMs: TimeMs
}

/** A batch and every transaction that was signed for it, oldest first. */
export type StoredBatch = {
  batchNo: number
  fromSeq: Seq
  toSeq: Seq
  status: BatchStatus
  calldata: Uint8Array
  gasLimit: number
  /** Not stored with it: known only to the process that prepared it. */
  fillCount?: number
  attempts: SignedTransaction[]
}

export type StoredRelayer = {
  /** Everything up to here is in `records`; the next batch starts after it. */
  cursorSeq: Seq
  /** Undefined before the first deposit was looked for. */
  deposits: DepositCursor | undefined
  records: readonly StateRecord[]
  /** Batches that are not final, and the last final one, by number. */
  batches: readonly StoredBatch[]
}

/** State after `cursorSeq`, and the batch that brought it there. */
export type Checkpoint = {
  expectedCursorSeq: Seq
  cursorSeq: Seq
  upserts: readonly StateRecord[]
  deletes: readonly { kind: number; key: string }[]
  batch?: PreparedBatch & { transaction: SignedTransaction }
}

type BatchChange = {
  status: BatchStatus
  atMs: TimeMs
  txHash?: string
  gasUsed?: number
  blockNumber?: number
}

/** Deposits above the newest final block, and where the chain was then. */
export type PendingDeposits = {
  headBlock: number
  finalBlock: number
  deposits: readonly { deposit: ChainDeposit; seenMs: TimeMs }[]
}

/** Every method resolves once what it did survives a crash. */
export type RelayerStore = {
  load(): Promise<StoredRelayer>
  /** All or nothing. @throws when another relayer moved the cursor */
  checkpoint(checkpoint: Checkpoint): Promise<void>
  /** `attempt` counts from 1, the one stored with the batch. */
  addAttempt(batchNo: number, attempt: number, transaction: SignedTransaction): Promise<void>
  updateBatch(batchNo: number, change: BatchChange): Promise<void>
  saveDeposits(cursor: DepositCursor): Promise<void>
  /** In place of what was pending before. */
  savePendingDeposits(pending: PendingDeposits): Promise<void>
  /** A record that no checkpoint carries. */
  saveRecord(record: StateRecord): Promise<void>
}
