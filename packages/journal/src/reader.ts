//! Reads a journal batch by batch, also one that is being written, without the writer's lock.
import type { JournalBatch } from './batch.ts'
import { JournalError } from './journal-error.ts'
import { segmentHeaderBytes } from './layout.ts'
import { readSegment, verifySegments } from './recover.ts'
import { scanSegment, walkSegment } from './scan.ts'
import { listAllSegments, listSegments } from './segment-files.ts'

/**
 * The non-empty batches that hold `fromSeq` and everything after it, up to `toSeq` (the durable seq
 * of a live journal) or the end. A batch that starts before `fromSeq` comes whole.
 *
 * @throws JournalError `JOURNAL_DAMAGED`
 */
export function* readBatches(
  directory: string,
  fromSeq: number,
  toSeq: number = Number.MAX_SAFE_INTEGER,
): Generator<JournalBatch, void, void> {
  const segments = listAllSegments(directory)
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1]
    if ((next !== undefined && next.firstSeq <= fromSeq) || segment.firstSeq > toSeq) continue
    const { bytes, header } = readSegment(segment)
    const found: JournalBatch[] = []
    const { end } = scanSegment(
      bytes,
      segmentHeaderBytes,
      {
        journalId: header.journalId,
        nextSeq: header.firstSeq,
        chainHash: header.previousChainHash,
        epoch: header.epoch,
        lastIsUnproven: false,
      },
      (batch) => {
        if (batch.count > 0 && batch.lastSeq >= fromSeq && batch.firstSeq <= toSeq)
          found.push(batch)
      },
    )
    if (end.kind === 'damaged')
      throw new JournalError('JOURNAL_DAMAGED', `${segment.path}: ${end.problem}`)
    yield* found
  }
}

/** Like `readBatches`, for the process that verified the journal when it opened it. */
export function* readVerifiedBatches(
  directory: string,
  fromSeq: number,
  toSeq: number,
): Generator<JournalBatch, void, void> {
  const segments = listSegments(directory)
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1]
    if ((next !== undefined && next.firstSeq <= fromSeq) || segment.firstSeq > toSeq) continue
    const { bytes, header } = readSegment(segment)
    for (const batch of walkSegment(bytes, segmentHeaderBytes, header.journalId))
      if (batch.lastSeq >= fromSeq && batch.firstSeq <= toSeq) yield batch
  }
}

/** What a whole journal amounts to. */
export type JournalSummary = { lastSeq: number; chainHash: Buffer; torn: string | undefined }

/**
 * Verifies every bit of a journal from its first record on, without writing, and hands over each
 * batch on the way.
 *
 * @throws JournalError `JOURNAL_DAMAGED` naming file, offset and seq
 */
export const verifyJournal = (
  directory: string,
  onBatch?: (batch: JournalBatch) => void,
): JournalSummary => {
  const found = verifySegments(listAllSegments(directory), onBatch)
  if (found === undefined) return { lastSeq: 0, chainHash: Buffer.alloc(32), torn: undefined }
  const { end } = found.last
  return {
    lastSeq: found.state.nextSeq - 1,
    chainHash: found.state.chainHash,
    torn: end.kind === 'torn' ? end.problem : undefined,
  }
}
