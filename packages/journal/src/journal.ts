//! The append-only command log: open is recovery, append is group commit, the first failure is final.

import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import type { JournalBatch } from './batch.ts'
import { chainHashOf } from './batch.ts'
import type { JournalFiles } from './file-system.ts'
import { syncDirectory, systemFiles } from './file-system.ts'
import type { Commit } from './group.ts'
import { Group } from './group.ts'
import { JournalError } from './journal-error.ts'
import type { JournalId, JournalRecord, Witness } from './layout.ts'
import {
  batchHeaderBytes,
  recordHeaderBytes,
  segmentHeaderBytes,
  toSectors,
  writeBatchHeader,
} from './layout.ts'
import type { Lock } from './lock.ts'
import { acquireLock } from './lock.ts'
import { readBatches, readVerifiedBatches } from './reader.ts'
import type { Recovered } from './recover.ts'
import { cutTail, recover } from './recover.ts'
import { archiveSegments, readRetained, segmentsBelow } from './retention.ts'
import {
  archiveOf,
  freeBytesOf,
  listAllSegments,
  listSegments,
  removeTemporaryFiles,
  requireFree,
} from './segment-files.ts'
import type { SegmentWriter } from './segment-writer.ts'
import { createSegmentWriter } from './segment-writer.ts'
import type { Snapshot } from './snapshots.ts'
import { listSnapshots, readSnapshotFile, writeSnapshotFile } from './snapshots.ts'

/** How a journal is opened. */
export type JournalOptions = {
  /** The writer's epoch; not below the journal's last. Default: the last + 1. */
  epoch?: number
  /** Preallocated size of a segment. */
  segmentBytes?: number
  /** A batch is at most this long. */
  groupBytesMax?: number
  /** Free disk below which `open` refuses and `isDiskLow` warns. */
  lowWaterBytes?: number
  /** An unproven last batch is proven by an empty one after this much idleness. */
  idleProofMs?: number
  /** A seq that somebody outside (a follower, the ledger) has already seen. */
  provenSeq?: number
  snapshotsKept?: number
  /** Called once, with the write or sync error that ended the journal. The process must end too. */
  onFatal?: (error: JournalError) => void
  files?: JournalFiles
}

/** What `open` found. */
export type Opening = {
  /** The torn tail that was cut, if there was one: never acknowledged to anybody. */
  cut: string | undefined
  lastTimeMs: number
  /** The newest state hash in the journal. */
  witness: Witness
}

const noHash = Buffer.alloc(32)

/** A journal open for writing. Only one process can have it. */
export class Journal {
  readonly directory: string
  readonly opening: Opening
  readonly epoch: number
  private readonly id: JournalId
  private readonly options: JournalOptions
  private readonly files: JournalFiles
  private readonly segmentBytes: number
  private readonly groupBytesMax: number
  private readonly lock: Lock
  private readonly writer: SegmentWriter
  private chainHash: Buffer
  private nextSeq: number
  private lastTimeMs: number
  private durable: number
  private witness: Witness
  private unproven = false
  private readonly pending: Group[] = []
  private inFlight: Group | undefined
  private readonly freeBuffers: Buffer[] = []
  private writing: Promise<void> | undefined
  private failure: JournalError | undefined
  private idleTimer: NodeJS.Timeout | undefined
  private closed = false

  private constructor(
    directory: string,
    options: JournalOptions,
    lock: Lock,
    found: Recovered | undefined,
  ) {
    this.directory = directory
    this.options = options
    this.lock = lock
    this.files = options.files ?? systemFiles
    this.segmentBytes = toSectors(options.segmentBytes ?? 64 * 1024 * 1024)
    const room = this.segmentBytes - segmentHeaderBytes
    this.groupBytesMax = Math.min(options.groupBytesMax ?? 4 * 1024 * 1024, room)
    const lastEpoch = found?.state.epoch ?? 0
    this.epoch = options.epoch ?? lastEpoch + 1
    if (this.epoch < lastEpoch)
      throw new JournalError(
        'JOURNAL_REFUSED',
        `epoch ${this.epoch} is older than ${directory}'s ${lastEpoch}: another writer has taken over`,
      )
    this.id = found?.state.journalId ?? randomBytes(8)
    this.chainHash = found?.state.chainHash ?? noHash
    this.nextSeq = found?.state.nextSeq ?? 1
    this.durable = this.nextSeq - 1
    this.lastTimeMs = found?.lastTimeMs ?? 0
    this.witness = found?.lastWitness ?? { seq: 0, hi: 0, lo: 0 }
    this.opening = { cut: found?.torn?.problem, lastTimeMs: this.lastTimeMs, witness: this.witness }
    this.writer = createSegmentWriter({
      directory,
      segmentBytes: this.segmentBytes,
      files: this.files,
      current: currentSegment(directory, found),
    })
  }

  /**
   * Recovers and opens. When it returns, everything in the journal is durable and proven.
   *
   * @throws JournalError `JOURNAL_LOCKED`, `JOURNAL_DAMAGED`, `JOURNAL_BEHIND`, `JOURNAL_REFUSED`, `DISK_LOW`
   */
  static async open(directory: string, options: JournalOptions = {}): Promise<Journal> {
    if (mkdirSync(directory, { recursive: true }) !== undefined) syncDirectory(directory)
    const lock = await acquireLock(directory)
    const files = options.files ?? systemFiles
    try {
      files.reached('journal:locked')
      removeTemporaryFiles(directory)
      requireFree(directory, options.lowWaterBytes ?? 0)
      const snapshotSeq = listSnapshots(directory)[0] ?? 0
      const segments = listSegments(directory)
      if (segments.length === 0 && snapshotSeq > 0)
        throw new JournalError(
          'JOURNAL_BEHIND',
          `${directory} has a snapshot of seq ${snapshotSeq} but no journal: its segment files are missing. Restore them from a copy`,
        )
      const retained = readRetained(directory)
      const found = recover(segments, Math.max(options.provenSeq ?? 0, snapshotSeq), retained)
      if (found?.torn !== undefined) {
        cutTail(found.torn.path, found.offset)
        files.reached('journal:tail-cut')
      }
      files.reached('journal:recovered')
      const journal = new Journal(directory, options, lock, found)
      await journal.prove()
      files.reached('journal:proven')
      return journal
    } catch (error) {
      lock.release()
      throw error
    }
  }

  /** The last seq handed to `append`. */
  get lastSeq(): number {
    return this.nextSeq - 1
  }

  /** The last seq that a crash cannot take back. */
  get durableSeq(): number {
    return this.durable
  }

  /** Bytes waiting for the disk. */
  get pendingBytes(): number {
    return this.pending.reduce((sum, group) => sum + group.end, this.inFlight?.end ?? 0)
  }

  /** Less than the low-water mark is free: take only what lets people out. */
  isDiskLow(): boolean {
    return freeBytesOf(this.directory) < (this.options.lowWaterBytes ?? 0)
  }

  /**
   * Adds records, which stay together in one batch, and promises their durability. Records of
   * several calls share a batch (and the promise) while the one before it is on its way.
   *
   * @param records consecutive seqs from `lastSeq + 1`; times that never fall
   * @param witness the state hash after the last of them, if known
   */
  append(records: readonly JournalRecord[], witness?: Witness): Promise<Commit> {
    if (this.failure !== undefined) return Promise.reject(this.failure)
    if (this.closed)
      return Promise.reject(new JournalError('JOURNAL_FAILED', 'the journal is closed'))
    if (records.length === 0) throw new RangeError('append needs at least one record')
    const group = this.groupFor(records)
    for (const record of records) {
      if (record.seq !== this.nextSeq)
        throw new RangeError(`record ${record.seq} where ${this.nextSeq} comes next`)
      if (record.timeMs < this.lastTimeMs)
        throw new RangeError(`time falls from ${this.lastTimeMs} to ${record.timeMs}`)
      group.add(record)
      this.nextSeq += 1
      this.lastTimeMs = record.timeMs
    }
    if (witness !== undefined) this.witness = witness
    group.witness = this.witness
    this.start()
    return group.done
  }

  private groupFor(records: readonly JournalRecord[]): Group {
    let bytes = 0
    for (const { payload } of records) bytes += recordHeaderBytes + payload.length
    if (toSectors(batchHeaderBytes + bytes) > this.groupBytesMax)
      throw new RangeError(`${bytes} bytes of records exceed a batch (${this.groupBytesMax})`)
    const newest = this.pending.at(-1)
    const fits = newest !== undefined && toSectors(newest.end + bytes) <= this.groupBytesMax
    return fits ? newest : this.newGroup()
  }

  private newGroup(): Group {
    const group = new Group(this.nextSeq, this.witness, this.freeBuffers.pop())
    this.pending.push(group)
    return group
  }

  private start(): void {
    clearTimeout(this.idleTimer)
    this.writing ??= this.writeAll()
  }

  /** One batch is in flight at a time: the next one gathers meanwhile, and proves it. */
  private async writeAll(): Promise<void> {
    // Let the callers of this turn of the event loop get into the first batch.
    await Promise.resolve()
    try {
      for (;;) {
        this.inFlight = this.pending.shift()
        if (this.inFlight === undefined) break
        await this.commit(this.inFlight)
      }
      this.writing = undefined
      if (this.unproven && !this.closed) this.proveWhenIdle()
    } catch (error) {
      this.fail(error)
    }
  }

  private async commit(group: Group): Promise<void> {
    const batch = group.pad()
    const { firstSeq, count, witness } = group
    writeBatchHeader(batch, this.id, {
      epoch: this.epoch,
      count,
      firstSeq,
      recordsBytes: group.end - batchHeaderBytes,
      durableSeq: this.durable,
      witness,
      previousChainHash: this.chainHash,
    })
    const chainHash = chainHashOf(this.chainHash, batch)
    await this.writer.write(batch, () => ({
      journalId: this.id,
      segmentBytes: this.segmentBytes,
      firstSeq,
      epoch: this.epoch,
      previousChainHash: this.chainHash,
    }))
    this.chainHash = chainHash
    this.durable = firstSeq + count - 1
    this.unproven = count > 0
    if (this.freeBuffers.length < 4) this.freeBuffers.push(group.bytes)
    this.files.reached('journal:committed')
    group.resolve({ firstSeq, lastSeq: this.durable, count, chainHash })
  }

  /** The kernel may call failed pages clean: after one error no retry can be believed. */
  private fail(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error)
    const failure = new JournalError(
      'JOURNAL_FAILED',
      `${this.directory}: a write or sync failed (${why}); nothing after seq ${this.durable} may be acknowledged. Restart to recover`,
      { cause: error },
    )
    this.failure = failure
    this.inFlight?.reject(failure)
    for (const group of this.pending.splice(0)) group.reject(failure)
    this.options.onFatal?.(failure)
  }

  private proveWhenIdle(): void {
    this.idleTimer = setTimeout(() => {
      if (this.pending.length === 0 && this.writing === undefined) void this.prove().catch(() => {})
    }, this.options.idleProofMs ?? 1_000)
    this.idleTimer.unref()
  }

  /** Writes an empty batch, which proves the one before it. */
  private prove(): Promise<Commit> {
    const group = this.newGroup()
    this.start()
    return group.done
  }

  /** Non-empty batches from the one that holds `fromSeq` to the durable end. */
  batches(fromSeq: number): Generator<JournalBatch, void, void> {
    if (fromSeq >= (listSegments(this.directory)[0]?.firstSeq ?? 1))
      return readVerifiedBatches(this.directory, fromSeq, this.durable)
    // What is archived was not verified when this journal was opened.
    const { firstSeq } = this
    if (fromSeq >= firstSeq) return readBatches(this.directory, fromSeq, this.durable)
    throw new JournalError(
      'JOURNAL_REFUSED',
      `commands ${fromSeq} to ${firstSeq - 1} are archived and not at hand: put the segment files back into ${archiveOf(this.directory)}`,
    )
  }

  /** The first seq that can be read: above 1 when archived segments were taken elsewhere. */
  get firstSeq(): number {
    return listAllSegments(this.directory)[0]?.firstSeq ?? 1
  }

  /**
   * Archives the segments whose records all stand at or below `seq` and below the oldest kept snapshot. While there are
   * fewer snapshots than are kept, nothing is.
   *
   * @param seq what ledger and relayer have taken over durably
   * @returns how many segments were archived
   * @throws Error when a file cannot be moved; the journal is not harmed
   */
  archiveBelow(seq: number): number {
    const snapshots = listSnapshots(this.directory)
    if (snapshots.length < (this.options.snapshotsKept ?? 3)) return 0
    const floorSeq = Math.min(seq, snapshots.at(-1) ?? 0)
    const gone = segmentsBelow(listSegments(this.directory), floorSeq)
    archiveSegments(this.directory, gone, this.files)
    return gone.length
  }

  /** The records from `fromSeq` to the durable end. */
  *read(fromSeq: number): Generator<JournalRecord, void, void> {
    for (const batch of this.batches(fromSeq))
      for (const record of batch.records()) if (record.seq >= fromSeq) yield record
  }

  /**
   * Stores the state after `seq`, which must be durable. The newest three (or more) are kept.
   *
   * @param bytes the engine's own format
   */
  async writeSnapshot(
    seq: number,
    bytes: Uint8Array,
    stateHash: { hi: number; lo: number },
  ): Promise<void> {
    if (seq > this.durable)
      throw new RangeError(`a snapshot of seq ${seq}, but only ${this.durable} is durable`)
    const snapshot = { seq, stateHash, bytes }
    await writeSnapshotFile(
      this.directory,
      this.id,
      snapshot,
      this.files,
      this.options.snapshotsKept,
    )
  }

  /** The newest snapshot that verifies, at or below `atMost`; bad ones are passed over. */
  newestValidSnapshot(atMost: number = this.durable): Snapshot | undefined {
    for (const seq of listSnapshots(this.directory)) {
      if (seq > atMost) continue
      const snapshot = readSnapshotFile(this.directory, this.id, seq)
      if (snapshot !== undefined) return snapshot
    }
    return undefined
  }

  /** Waits for what was appended, proves it, releases the lock. */
  async close(): Promise<void> {
    if (this.closed) return
    this.files.reached('journal:closing')
    if (this.failure === undefined && (this.unproven || this.writing !== undefined))
      await this.prove().catch(() => {})
    this.closed = true
    clearTimeout(this.idleTimer)
    await this.writing
    await this.writer.close()
    this.files.reached('journal:closed')
    this.lock.release()
  }
}

const currentSegment = (directory: string, found: Recovered | undefined) => {
  const last = listSegments(directory).at(-1)
  if (found === undefined || last === undefined) return undefined
  return { path: last.path, offset: found.offset, bytes: found.fileBytes }
}
