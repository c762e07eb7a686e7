//! Walks the batches of one segment and says where and how they end. Pure: bytes in, verdict out.

import type { JournalBatch } from './batch.ts'
import { chainHashOf, recordsOf, recordsProblem } from './batch.ts'
import type { BatchHeader, JournalId } from './layout.ts'
import { batchBytes, isZero, readBatchHeader, sectorBytes, viewOf } from './layout.ts'
import { PayloadReader } from './payload-reader.ts'

/** Where the walk stands: what the next batch must continue. */
export type ScanState = {
  journalId: JournalId
  nextSeq: number
  chainHash: Buffer
  epoch: number
  /** The last batch holds records, so no later batch proves it yet. */
  lastIsUnproven: boolean
}

/** Why a walk ended. */
type ScanEnd =
  /** Only zeros follow. */
  | { kind: 'clean' }
  /** What follows is no whole batch, and no later batch proves that there ever was one. */
  | { kind: 'torn'; problem: string }
  /** What follows does not verify although it was durable, or belongs elsewhere. */
  | { kind: 'damaged'; problem: string }

/** The verdict on a segment; `offset` is where the next batch goes or the trouble begins. */
export type ScanResult = { end: ScanEnd; offset: number; state: ScanState }

type Held = { at: number; header: BatchHeader; before: ScanState; after: ScanState }

const misplaced = (header: BatchHeader, state: ScanState): string | undefined => {
  if (header.firstSeq !== state.nextSeq)
    return `a batch starts at seq ${header.firstSeq}, expected ${state.nextSeq}`
  if (!header.previousChainHash.equals(state.chainHash))
    return `the batch at seq ${state.nextSeq} does not continue the hash chain`
  if (header.epoch < state.epoch)
    return `the batch at seq ${state.nextSeq} has epoch ${header.epoch}, after ${state.epoch}`
  return undefined
}

/** One walk over one segment's bytes. */
class Scan {
  readonly bytes: Buffer
  readonly view: DataView
  readonly onBatch: ((batch: JournalBatch) => void) | undefined

  constructor(bytes: Buffer, onBatch: ((batch: JournalBatch) => void) | undefined) {
    this.bytes = bytes
    this.view = viewOf(bytes)
    this.onBatch = onBatch
  }

  /** The batch at `at` as the state after it; its records are not looked at yet. */
  hold(at: number, header: BatchHeader, before: ScanState): Held {
    const end = at + batchBytes(header.recordsBytes)
    const after: ScanState = {
      journalId: before.journalId,
      nextSeq: header.firstSeq + header.count,
      chainHash: chainHashOf(before.chainHash, this.bytes.subarray(at, end)),
      epoch: header.epoch,
      lastIsUnproven: header.count > 0,
    }
    return { at, header, before, after }
  }

  accept({ at, header, after }: Held): void {
    const { count, firstSeq, epoch, witness } = header
    this.onBatch?.({
      firstSeq,
      lastSeq: firstSeq + count - 1,
      count,
      epoch,
      witness,
      chainHash: after.chainHash,
      records: () => recordsOf(this.bytes, this.view, at, count),
      payloads: () => new PayloadReader(this.bytes, this.view, at, count),
    })
  }

  /** Judges what stands at `offset` and is no good batch: the end, a torn write, or damage. */
  broken(offset: number, state: ScanState, problem: string): ScanResult {
    const { bytes, view } = this
    if (isZero(bytes, offset, bytes.length)) return { end: { kind: 'clean' }, offset, state }
    const what = `${problem} at offset ${offset} (seq ${state.nextSeq})`
    // One batch is in flight at a time: any later one proves that this one was durable.
    for (let at = offset + sectorBytes; at < bytes.length; at += sectorBytes) {
      const later = readBatchHeader(bytes, view, at, state.journalId)
      if (later === undefined || later.firstSeq < state.nextSeq) continue
      const why = `${what}, and a later batch at offset ${at} proves that it was durable`
      return { end: { kind: 'damaged', problem: why }, offset, state }
    }
    return { end: { kind: 'torn', problem: what }, offset, state }
  }
}

/**
 * Walks the batches from `start`. A batch counts once the next header carries its hash; the last
 * one, and one whose hash is contradicted, counts once its records verify one by one.
 */
export const scanSegment = (
  bytes: Buffer,
  start: number,
  initial: ScanState,
  onBatch?: (batch: JournalBatch) => void,
): ScanResult => {
  const scan = new Scan(bytes, onBatch)
  let state = initial
  let offset = start
  let held: Held | undefined

  for (;;) {
    const header = readBatchHeader(bytes, scan.view, offset, state.journalId)
    if (held !== undefined) {
      const proven = header?.previousChainHash.equals(held.after.chainHash) ?? false
      const problem = proven ? undefined : recordsProblem(bytes, scan.view, held.at, held.header)
      if (problem !== undefined) return scan.broken(held.at, held.before, problem)
      scan.accept(held)
      held = undefined
    }
    if (header === undefined) return scan.broken(offset, state, 'the batch header does not verify')
    const problem = misplaced(header, state)
    if (problem !== undefined) return { end: { kind: 'damaged', problem }, offset, state }
    const end = offset + batchBytes(header.recordsBytes)
    if (end > bytes.length)
      return scan.broken(offset, state, 'the batch runs past the end of its segment')
    held = scan.hold(offset, header, state)
    state = held.after
    offset = end
  }
}

/**
 * The non-empty batches of a segment that was verified before (at opening), without hashing it again:
 * a batch's chain hash stands in the header after it.
 */
export function* walkSegment(
  bytes: Buffer,
  start: number,
  id: JournalId,
): Generator<JournalBatch, void, void> {
  const view = viewOf(bytes)
  let at = start
  for (let header = readBatchHeader(bytes, view, at, id); header !== undefined; ) {
    const { firstSeq, count, epoch, witness, previousChainHash, recordsBytes } = header
    const batchAt = at
    const end = at + batchBytes(recordsBytes)
    const next = readBatchHeader(bytes, view, end, id)
    const hash = () => chainHashOf(previousChainHash, bytes.subarray(batchAt, end))
    const records = () => recordsOf(bytes, view, batchAt, count)
    const payloads = () => new PayloadReader(bytes, view, batchAt, count)
    const chainHash = next === undefined ? hash() : next.previousChainHash
    if (count > 0)
      yield {
        firstSeq,
        lastSeq: firstSeq + count - 1,
        count,
        epoch,
        witness,
        chainHash,
        records,
        payloads,
      }
    header = next
    at = end
  }
}
