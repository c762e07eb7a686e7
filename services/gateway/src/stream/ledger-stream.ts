//! The channel `ledger`: an account's postings, told once the ledger has them for good, from any seq on.
import { setTimeout as sleep } from 'node:timers/promises'
import { type LedgerObject, PlumbError } from '@plumb/protocol'
import type { Logger } from '@plumb/runtime'
import type { Place } from '../history/memory-page.ts'
import type { AccountView } from '../view/account-view.ts'
import { QUEUE_BYTES_CONFLATE, type StreamConnection } from './stream-connection.ts'
import { type StreamTopic, type TopicName, topicKey } from './topic.ts'

const SNAPSHOT_ROWS = 50
const PAGE_ROWS = 500
/** How often the ledger is asked whether it has what somebody waits for. */
const LOOK_MS = 50
const RETRY_MS = 1_000
const LAST = Number.MAX_SAFE_INTEGER

export type StatementRow = { place: Place; entry: LedgerObject }

export type LedgerStreamParts = {
  /** Seq up to which the view has applied commands. */
  appliedSeq: () => number
  connected: () => boolean
  /** Seq up to which the ledger has everything. */
  cursorSeq: () => Promise<number>
  /** The oldest entries behind a place, or without one the newest; ascending. */
  statement: (account: AccountView, after: Place | null, limit: number) => Promise<StatementRow[]>
  logger: Logger
}

type Reader = {
  readonly connection: StreamConnection
  readonly account: AccountView
  readonly name: TopicName
  /** Seq of the last message; null: a snapshot is due. */
  lastSeq: number | null
  /** Last entry read, and those read of a seq that may have more. */
  place: Place
  unsent: StatementRow[]
  /** Up to where it was read, and up to where there may be something. */
  readSeq: number
  wantedSeq: number
}

/**
 * Every reader has a place of its own in the ledger, so whoever comes back is told what was missed, however long ago.
 * What is sent ends at the ledger's cursor: whole seqs, none of which can change any more.
 */
export class LedgerStream {
  readonly #parts: LedgerStreamParts
  readonly #readers = new Map<AccountView, Map<StreamConnection, Reader>>()
  #running = false

  constructor(parts: LedgerStreamParts) {
    this.#parts = parts
  }

  /** Throws HISTORY_UNAVAILABLE while there is no ledger to read. */
  topic(account: AccountView): StreamTopic {
    if (!this.#parts.connected()) throw new PlumbError('HISTORY_UNAVAILABLE')
    const { address, subaccount } = account
    const name: TopicName = { channel: 'ledger', market: null, account: address, subaccount }
    return {
      key: topicKey(name),
      add: (connection) => {
        this.#enter(connection, account, name, null)
      },
      remove: (connection) => {
        this.#remove(connection, account)
      },
      canResume: (seq) => seq <= this.#parts.appliedSeq(),
      resume: (connection, seq) => {
        this.#enter(connection, account, name, seq)
      },
    }
  }

  /** The account's cash moves in the command that is being applied. */
  moved(account: AccountView): void {
    const readers = this.#readers.get(account)
    if (readers === undefined) return
    for (const reader of readers.values()) reader.wantedSeq = this.#parts.appliedSeq() + 1
    void this.#run()
  }

  /** The connection is gone. */
  leave(connection: StreamConnection): void {
    for (const account of this.#readers.keys()) this.#remove(connection, account)
  }

  #enter(
    connection: StreamConnection,
    account: AccountView,
    name: TopicName,
    seq: number | null,
  ): void {
    const readers = this.#readers.get(account) ?? new Map<StreamConnection, Reader>()
    this.#readers.set(account, readers)
    readers.set(connection, {
      connection,
      account,
      name,
      lastSeq: seq,
      place: [seq ?? 0, LAST],
      unsent: [],
      readSeq: seq ?? 0,
      wantedSeq: this.#parts.appliedSeq(),
    })
    void this.#run()
  }

  #remove(connection: StreamConnection, account: AccountView): void {
    const readers = this.#readers.get(account)
    if (readers?.delete(connection) === true && readers.size === 0) this.#readers.delete(account)
  }

  #isHere(reader: Reader): boolean {
    return this.#readers.get(reader.account)?.get(reader.connection) === reader
  }

  /** Those who lack something the ledger may have. */
  #waiting(): Reader[] {
    const waiting: Reader[] = []
    for (const readers of this.#readers.values())
      for (const reader of readers.values())
        if (reader.lastSeq === null || reader.readSeq < reader.wantedSeq) waiting.push(reader)
    return waiting
  }

  /** Looks until nobody lacks anything. */
  async #run(): Promise<void> {
    if (this.#running) return
    this.#running = true
    for (let waiting = this.#waiting(); waiting.length > 0; waiting = this.#waiting()) {
      const pauseMs = await this.#look(waiting).catch((error: unknown) => {
        // That the ledger cannot be read is logged where it is read.
        if (!(error instanceof PlumbError))
          this.#parts.logger.error({ err: error }, 'ledger stream failed')
        return RETRY_MS
      })
      if (pauseMs > 0) await sleep(pauseMs, undefined, { ref: false })
    }
    this.#running = false
  }

  /** Tells each reader at most a page; answers after how long there may be more. */
  async #look(waiting: readonly Reader[]): Promise<number> {
    const toSeq = Math.min(await this.#parts.cursorSeq(), this.#parts.appliedSeq())
    let isMore = false
    for (const reader of waiting) {
      if (!this.#isHere(reader) || reader.connection.queuedBytes > QUEUE_BYTES_CONFLATE) continue
      if (reader.lastSeq === null) await this.#snapshot(reader, toSeq)
      else if (reader.readSeq < toSeq) isMore = (await this.#page(reader, toSeq)) || isMore
    }
    return isMore ? 0 : LOOK_MS
  }

  async #snapshot(reader: Reader, toSeq: number): Promise<void> {
    const rows = await this.#parts.statement(reader.account, null, SNAPSHOT_ROWS)
    if (!this.#isHere(reader)) return
    const shown = rows.filter(({ place: [seq] }) => seq <= toSeq)
    this.#send(reader, 'snapshot', toSeq, toSeq, shown)
    reader.place = [toSeq, LAST]
    reader.readSeq = toSeq
  }

  /** Whether there is more up to `toSeq`. */
  async #page(reader: Reader, toSeq: number): Promise<boolean> {
    const page = await this.#parts.statement(reader.account, reader.place, PAGE_ROWS)
    if (!this.#isHere(reader)) return false
    const rows = page.filter(({ place: [seq] }) => seq <= toSeq)
    const isFull = rows.length === PAGE_ROWS
    const all = [...reader.unsent, ...rows]
    const lastSeq = all.at(-1)?.place[0]
    // A full page may end within a seq: that one waits for its rest.
    const isWhole = ({ place: [seq] }: StatementRow) => !isFull || seq !== lastSeq
    const whole = all.filter(isWhole)
    reader.unsent = all.filter((row) => !isWhole(row))
    reader.place = isFull ? (rows.at(-1)?.place ?? reader.place) : [toSeq, LAST]
    if (!isFull) reader.readSeq = toSeq
    const seq = whole.at(-1)?.place[0]
    if (seq !== undefined) this.#send(reader, 'update', seq, reader.lastSeq ?? seq, whole)
    return isFull
  }

  #send(
    reader: Reader,
    type: 'snapshot' | 'update',
    seq: number,
    prevSeq: number,
    rows: readonly StatementRow[],
  ): void {
    const data = rows.map(({ entry }) => entry)
    const ts = data.at(-1)?.ts ?? reader.account.updatedAtMs
    reader.connection.sendJson({ ...reader.name, type, seq, prevSeq, ts, data })
    reader.lastSeq = seq
  }
}
