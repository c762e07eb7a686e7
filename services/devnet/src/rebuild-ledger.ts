//! The ledger once more, from the journal alone, and held against the live one.
import { createEngine } from '@plumb/engine'
import { readBatches } from '@plumb/journal'
import {
  type ComparedTable,
  createFreshDatabase,
  createLedgerWriter,
  type Frame,
  firstLedgerDifference,
  type LedgerWriter,
  migrate,
  openLedger,
  withLedgerSnapshot,
} from '@plumb/ledger'
import { CommandBuffer } from '@plumb/model'
import type { Progress } from './progress.ts'

export type RebuildOptions = {
  journalDir: string
  /** The live ledger's database. */
  databaseUrl: string
  /** An empty database to build into; default: one of its own beside the live one, dropped again. */
  into?: string | undefined
  say: Progress
}

export type RebuildFigures = {
  seq: number
  rows: number
  commandsPerSecond: number
  /** The first row that differs; null: none. */
  firstDifference: string | null
}

const FRAMES_AT_ONCE = 5_000
const SAY_EVERY_MS = 2_000

/**
 * Builds a second ledger up to where the live one stands, as it stands at the beginning, and compares all rows. The live
 * one is only read, and may go on meanwhile.
 */
export const rebuildLedger = async (options: RebuildOptions): Promise<RebuildFigures> => {
  const { databaseUrl, into, say } = options
  const live = await openLedger(databaseUrl, { applicationName: 'rebuild', max: 2 })
  const fresh =
    into === undefined
      ? await createFreshDatabase(databaseUrl, `ledger_rebuild_${Date.now()}`)
      : { url: into, drop: () => Promise.resolve() }
  try {
    return await withLedgerSnapshot(live, async (before) => {
      const { seq, chainHash } = before
      await migrate(fresh.url)
      const rebuilt = await openLedger(fresh.url, { applicationName: 'rebuild', max: 2 })
      try {
        const writer = await createLedgerWriter(rebuilt)
        if (writer.cursor > seq) throw new Error(`${fresh.url} is no empty ledger`)
        const startMs = performance.now()
        const reached = await writeJournal(options, writer, seq)
        const seconds = (performance.now() - startMs) / 1_000
        say(`✓ rebuilt from the journal: seq 1 to ${seq} (${seconds.toFixed(1)} s)`)
        let rows = 0
        const onTable = (table: ComparedTable, count: number) => {
          rows += count
          say(`✓ ${table}: ${count} rows are the same`)
        }
        const firstDifference =
          otherPast(seq, chainHash, reached) ??
          (await withLedgerSnapshot(rebuilt, (after) =>
            firstLedgerDifference(['the live ledger', before], ['the journal', after], onTable),
          )) ??
          null
        return { seq, rows, commandsPerSecond: Math.round(seq / seconds), firstDifference }
      } finally {
        await rebuilt.close()
      }
    })
  } finally {
    await live.close()
    await fresh.drop()
  }
}

/** Applies the journal to a fresh engine and its events to the writer; answers the chain hash at `toSeq`. */
const writeJournal = async (
  { journalDir, say }: RebuildOptions,
  writer: LedgerWriter,
  toSeq: number,
): Promise<Uint8Array | undefined> => {
  const engine = createEngine()
  const slots = new CommandBuffer(1)
  let frames: Frame[] = []
  let chainHash: Uint8Array | undefined
  let saidMs = performance.now()
  const flush = async () => {
    await writer.write(frames.splice(0), chainHash)
    if (performance.now() - saidMs < SAY_EVERY_MS) return
    saidMs = performance.now()
    say(`  seq ${writer.cursor} of ${toSeq} (${((writer.cursor / toSeq) * 100).toFixed(0)} %)`)
  }
  for (const batch of toSeq === 0 ? [] : readBatches(journalDir, 1, toSeq)) {
    for (const { seq, payload } of batch.records()) {
      slots.load(0, payload)
      engine.events.clear()
      engine.apply(slots, 0)
      frames.push({ seq, command: payload.slice(), events: engine.events.bytes().slice() })
    }
    chainHash = batch.chainHash
    if (frames.length >= FRAMES_AT_ONCE) await flush()
  }
  if (frames.length > 0) await flush()
  frames = []
  return chainHash
}

const hex = (bytes: Uint8Array | null | undefined) =>
  bytes === null || bytes === undefined ? 'none' : Buffer.from(bytes).toString('hex')

/** The live ledger may have been written from another journal, or be ahead of this one. */
const otherPast = (
  seq: number,
  live: Uint8Array | null,
  journal: Uint8Array | undefined,
): string | undefined =>
  hex(live) === hex(journal)
    ? undefined
    : `at seq ${seq} the live ledger was written from a journal with chain hash ${hex(live)}, this one has ${hex(journal)}`
