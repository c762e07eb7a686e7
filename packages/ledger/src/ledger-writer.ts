//! Follows the journal into Postgres: frames and cursor in one transaction, each seq exactly once.
import { LedgerError } from './ledger-error.ts'
import { loadState } from './ledger-state.ts'
import type { LedgerTransaction } from './ledger-transaction.ts'
import type { Ledger } from './open-ledger.ts'
import { createPendingRows } from './pending-rows.ts'
import { type Frame, projectFrame } from './project-frame.ts'
import { countWrongBalances, writeRows } from './write-rows.ts'

export type WriteReport = {
  toSeq: number
  frames: number
  transfers: number
  trades: number
  orders: number
}

export type LedgerWriter = {
  /** Last seq written. */
  readonly cursor: number
  /**
   * Writes contiguous frames and moves the cursor, all or nothing. Frames at or below the cursor are skipped, so a
   * redelivery is harmless. After an error the writer is spent: open a new one, which starts from the database.
   *
   * @param chainHash of the journal at the last frame, 32 bytes, kept beside the cursor
   * @throws LedgerError GAP, CURSOR_MISMATCH, DIVERGED
   */
  write(frames: readonly Frame[], chainHash?: Uint8Array): Promise<WriteReport>
}

/** @example const writer = await createLedgerWriter(ledger); await writer.write(group.entries, group.chainHash) */
export async function createLedgerWriter(ledger: Ledger): Promise<LedgerWriter> {
  const state = await loadState(ledger)
  let spent = false

  const write: LedgerWriter['write'] = async (frames, chainHash) => {
    if (spent) throw new LedgerError('CURSOR_MISMATCH', 'the writer failed before: open a new one')
    const fresh = frames.filter(({ seq }) => seq > state.seq)
    const rows = createPendingRows()
    const fromSeq = state.seq
    if (fresh.length === 0) return { toSeq: fromSeq, frames: 0, transfers: 0, trades: 0, orders: 0 }
    spent = true
    for (const frame of fresh) {
      if (frame.seq !== state.seq + 1)
        throw new LedgerError('GAP', `frame ${frame.seq} where ${state.seq + 1} was due`)
      projectFrame(state, rows, frame)
    }
    await ledger.sql.begin(async (tx) => {
      await moveCursor(tx, fromSeq, state.seq, chainHash)
      await writeRows(tx, state, rows)
      const wrong = await countWrongBalances(tx, state, rows)
      if (wrong > 0)
        throw new LedgerError('DIVERGED', `${wrong} balances are not what was booked to them`)
    })
    spent = false
    return {
      toSeq: state.seq,
      frames: fresh.length,
      transfers: rows.transfers.count,
      trades: rows.trades.count,
      orders: rows.newOrders.size + rows.changedOrders.size,
    }
  }

  return {
    get cursor() {
      return state.seq
    },
    write,
  }
}

async function moveCursor(
  tx: LedgerTransaction,
  fromSeq: number,
  toSeq: number,
  chainHash: Uint8Array | undefined,
): Promise<void> {
  const moved = await tx`
    UPDATE cursors SET seq = ${toSeq}, chain_hash = ${chainHash ?? null}
    WHERE consumer = 'ledger' AND seq = ${fromSeq}`
  if (moved.count !== 1)
    throw new LedgerError('CURSOR_MISMATCH', `the ledger is no longer at seq ${fromSeq}`)
}
