//! Follows the journal into Postgres: frames and cursor in one transaction, each seq exactly once.
import { LedgerError } from './ledger-error.ts'
import { loadState } from './ledger-state.ts'
import type { Ledger } from './open-ledger.ts'
import { createPendingRows, type PendingRows } from './pending-rows.ts'
import { type Frame, projectFrame } from './project-frame.ts'
import { prepareRows, type Statement } from './write-rows.ts'

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
   * redelivery is harmless. Called again before it resolves, it reads the next frames while the database is busy, a few
   * at a time so that the database is never kept waiting; the transactions follow each other. After an error the writer
   * is spent: open a new one, which starts from the database.
   *
   * @param chainHash of the journal at the last frame, 32 bytes, kept beside the cursor
   * @throws LedgerError GAP, CURSOR_MISMATCH, DIVERGED
   */
  write(frames: readonly Frame[], chainHash?: Uint8Array): Promise<WriteReport>
}

/** About half a millisecond of reading: as long may the database wait for its next statement. */
const FRAMES_AT_ONCE = 16

/** Lets what arrived meanwhile have its turn: answers of the database first of all. */
const turn = () =>
  new Promise<void>((resolve) => {
    setImmediate(resolve)
  })

/** @example const writer = await createLedgerWriter(ledger); await writer.write(group.entries, group.chainHash) */
export async function createLedgerWriter(ledger: Ledger): Promise<LedgerWriter> {
  const state = await loadState(ledger)
  let writableTo = await ensurePartitions(ledger, state.seq)
  let cursor = state.seq
  let spent = false
  let lastRead: Promise<unknown> = Promise.resolve()
  let lastCommit: Promise<void> = Promise.resolve()

  /** Reads frames into rows; the state runs ahead of the database by what is being committed. */
  const project = async (frames: readonly Frame[]): Promise<PendingRows> => {
    if (spent) throw new LedgerError('CURSOR_MISMATCH', 'the writer failed before: open a new one')
    const rows = createPendingRows()
    let read = 0
    for (const frame of frames) {
      if (frame.seq <= state.seq) continue
      if (frame.seq !== state.seq + 1)
        throw new LedgerError('GAP', `frame ${frame.seq} where ${state.seq + 1} was due`)
      projectFrame(state, rows, frame)
      if (++read % FRAMES_AT_ONCE === 0) await turn()
    }
    return rows
  }

  /** What `frames` write, and how far; after everything that was handed over before. */
  const read = async (frames: readonly Frame[], chainHash: Uint8Array | undefined) => {
    const before = state.seq
    const rows = await project(frames)
    const toSeq = state.seq
    if (toSeq === before) return { rows, frames: 0, toSeq, statements: undefined }
    ledger.reached('ledger:projected')
    const statements = [moveCursor(before, toSeq, chainHash), ...prepareRows(state, rows)]
    return { rows, frames: toSeq - before, toSeq, statements }
  }

  const commit = async (statements: readonly Statement[], toSeq: number) => {
    if (toSeq >= writableTo) writableTo = await ensurePartitions(ledger, toSeq)
    await ledger.sql.begin(async (tx) => {
      const [cursorMove, ...rowWrites] = statements
      await cursorMove?.(tx)
      ledger.reached('ledger:cursor-moved')
      for (const statement of rowWrites) await statement(tx)
      ledger.reached('ledger:rows-written')
    })
    ledger.reached('ledger:committed')
    cursor = toSeq
  }

  const write: LedgerWriter['write'] = async (frames, chainHash) => {
    try {
      const reading = lastRead.then(() => read(frames, chainHash))
      lastRead = reading
      const { rows, statements, toSeq, frames: count } = await reading
      if (statements !== undefined) lastCommit = lastCommit.then(() => commit(statements, toSeq))
      await lastCommit
      return {
        toSeq,
        frames: count,
        transfers: rows.transfers.count,
        trades: rows.trades.count,
        orders: rows.newOrders.size + rows.changedOrders.size,
      }
    } catch (error) {
      spent = true
      throw error
    }
  }

  return {
    get cursor() {
      return cursor
    },
    write,
  }
}

/** Partitions beyond `seq`, made ahead; answers the first seq that has none. */
async function ensurePartitions({ sql }: Ledger, seq: number): Promise<number> {
  const [made] = await sql<{ to: number }[]>`SELECT ensure_partitions(${seq}) AS to`
  return made?.to ?? 0
}

function moveCursor(fromSeq: number, toSeq: number, chainHash: Uint8Array | undefined): Statement {
  return async (tx) => {
    const moved = await tx`
      UPDATE cursors SET seq = ${toSeq}, chain_hash = ${chainHash ?? null}
      WHERE consumer = 'ledger' AND seq = ${fromSeq}`
    if (moved.count !== 1)
      throw new LedgerError('CURSOR_MISMATCH', `the ledger is no longer at seq ${fromSeq}`)
  }
}
