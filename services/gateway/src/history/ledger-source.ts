//! The gateway's connection to the ledger: it may come late and go away, and the gateway serves on without it.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Ledger, openLedger, readCursor } from '@plumb/ledger'
import { PlumbError } from '@plumb/protocol'
import type { Logger } from '@plumb/runtime'

const RETRY_MS = 2_000
const CONNECTIONS_MAX = 4
const LAG_WAIT_MS = 1_000
const LAG_POLL_MS = 25

export class LedgerSource {
  readonly #url: string | undefined
  readonly #logger: Logger
  #ledger: Ledger | null = null
  #retry: NodeJS.Timeout | undefined
  #closed = false
  /** To connect, the latest. */
  #attempt: Promise<void> = Promise.resolve()
  #told = ''

  /** @param url undefined: there is no ledger, and history beyond memory answers HISTORY_UNAVAILABLE */
  constructor(url: string | undefined, logger: Logger) {
    this.#url = url
    this.#logger = logger
  }

  /** Connects, now or as soon as the database can be reached. */
  start(): Promise<void> {
    this.#attempt = this.#connect()
    return this.#attempt
  }

  async #connect(): Promise<void> {
    if (this.#url === undefined || this.#closed) return
    try {
      this.#ledger = await openLedger(this.#url, {
        applicationName: 'plumb-gateway',
        max: CONNECTIONS_MAX,
      })
      this.#logger.info('ledger connected')
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      if (why !== this.#told) this.#logger.warn({ why }, 'no ledger yet')
      this.#told = why
      this.#retry = setTimeout(() => void this.start(), RETRY_MS)
    }
  }

  get connected(): boolean {
    return this.#ledger !== null
  }

  /** Runs a query; HISTORY_UNAVAILABLE without a database, BAD_REQUEST for a cursor it does not know. */
  async read<T>(query: (ledger: Ledger) => Promise<T>): Promise<T> {
    // Asked right after a start: the connection may be a moment away.
    if (this.#ledger === null)
      await Promise.race([this.#attempt, sleep(LAG_WAIT_MS, undefined, { ref: false })])
    if (this.#ledger === null) throw new PlumbError('HISTORY_UNAVAILABLE')
    try {
      return await query(this.#ledger)
    } catch (error) {
      if (error instanceof PlumbError) throw error
      if (error instanceof RangeError && error.message === 'cursor')
        throw new PlumbError('BAD_REQUEST', { field: 'cursor' })
      this.#logger.warn({ err: error }, 'ledger query failed')
      throw new PlumbError('HISTORY_UNAVAILABLE')
    }
  }

  /** Seq up to which the ledger has everything; 0 when unknown. */
  async cursorSeq(): Promise<number> {
    const cursor = await this.read((ledger) => readCursor(ledger))
    return cursor?.seq ?? 0
  }

  /** Waits until the ledger has a seq, so that a read after an answer sees it; gives up after a second. */
  async reached(seq: number): Promise<void> {
    for (let waitedMs = 0; waitedMs < LAG_WAIT_MS; waitedMs += LAG_POLL_MS) {
      if ((await this.cursorSeq()) >= seq) return
      await sleep(LAG_POLL_MS)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#retry)
    await this.#ledger?.close()
  }
}
