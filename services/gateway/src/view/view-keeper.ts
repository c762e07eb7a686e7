//! Stores the view from time to time, and knows whether what was stored still belongs to the journal.
import type { FeedGroup, Logger } from '@plumb/runtime'
import type { ExchangeView } from './exchange-view.ts'
import { encodeView, removeView, type StoredView, writeView } from './snapshot-file.ts'
import { ViewError } from './view-state.ts'

export type ViewKeeperParts = {
  view: ExchangeView
  /** What the view was restored from; null: nothing. */
  stored: StoredView | null
  logger: Logger
  dataDirectory: string | undefined
  snapshotCommands: number
}

export class ViewKeeper {
  readonly #parts: ViewKeeperParts
  #storedSeq: number
  #chainHash: Uint8Array | null
  #isChecked: boolean
  #writing: Promise<void> = Promise.resolve()

  constructor(parts: ViewKeeperParts) {
    this.#parts = parts
    this.#storedSeq = parts.view.appliedSeq
    this.#chainHash = parts.stored?.chainHash ?? null
    this.#isChecked = parts.stored === null
    if (parts.stored !== null)
      parts.logger.info({ seq: this.#storedSeq }, 'view restored from its snapshot')
  }

  /**
   * Whether a group is the one that the snapshot ends with, which comes first. Throws ViewError when it is not what was
   * stored: then the snapshot is of another journal, is removed, and the next start follows the feed from its beginning.
   */
  isKnown(group: FeedGroup): boolean {
    if (this.#isChecked) return false
    this.#isChecked = true
    const { chainHash, lastSeq } = group
    if (lastSeq === this.#storedSeq && isSame(chainHash, this.#chainHash)) return true
    removeView(this.#parts.dataDirectory ?? '')
    throw new ViewError(
      `the snapshot of the view at seq ${this.#storedSeq} is of another journal: it is removed, start again`,
    )
  }

  /** A group is applied: stores the view when enough has happened since. */
  applied({ lastSeq, chainHash }: FeedGroup): void {
    this.#chainHash = chainHash
    if (lastSeq - this.#storedSeq >= this.#parts.snapshotCommands) this.#store()
  }

  /** Stores what was not stored yet, and waits until it is on disk. */
  async close(): Promise<void> {
    if (this.#isChecked) this.#store()
    await this.#writing
  }

  #store(): void {
    const { dataDirectory, view, logger } = this.#parts
    if (dataDirectory === undefined || this.#chainHash === null) return
    if (view.appliedSeq === this.#storedSeq) return
    this.#storedSeq = view.appliedSeq
    const bytes = encodeView({ chainHash: this.#chainHash, view: view.snapshot() })
    const seq = this.#storedSeq
    this.#writing = this.#writing
      .then(() => writeView(dataDirectory, bytes))
      .then(() => logger.info({ seq, bytes: bytes.length }, 'view stored'))
      // A start without it only takes longer.
      .catch((error: unknown) => logger.warn({ err: error }, 'view not stored'))
  }
}

function isSame(a: Uint8Array, b: Uint8Array | null): boolean {
  return b !== null && Buffer.from(a).equals(b)
}
