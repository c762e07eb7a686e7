//! A venue's public WebSocket feed as a source that comes back by itself.
import type { Clock, Logger } from '@plumb/runtime'
import type { PriceSource, Quote, SourceHealth } from '../price-source.ts'
import type { Venue } from '../venues/venue.ts'
import { LiveConnection, type LiveFault, type LiveLimits, liveLimits } from './live-connection.ts'

export type LiveSourceOptions = {
  venue: Venue
  /** The venue's own names of what is wanted. */
  symbols: readonly string[]
  /** In place of the venue's own host. */
  url?: string | undefined
  clock: Clock
  logger: Logger
  limits?: Partial<LiveLimits>
}

const refusedFailures = 4

/** Connects at `start` and whenever a connection is lost or of no use, until `stop`. */
export const createLiveSource = (options: LiveSourceOptions): PriceSource => new LiveSource(options)

class LiveSource implements PriceSource {
  readonly name: string
  readonly #options: LiveSourceOptions
  readonly #limits: LiveLimits
  readonly #wanted: ReadonlySet<string>
  #emit: ((quote: Quote) => void) | undefined
  #connection: LiveConnection | undefined
  #retry: NodeJS.Timeout | undefined
  #failures = 0
  #health: SourceHealth

  constructor(options: LiveSourceOptions) {
    this.name = options.venue.name
    this.#options = options
    this.#limits = { ...liveLimits, ...options.limits }
    this.#wanted = new Set(options.symbols)
    this.#health = {
      name: this.name,
      state: 'stopped',
      connections: 0,
      quotes: 0,
      badMessages: 0,
    }
  }

  start(emit: (quote: Quote) => void): void {
    if (this.#emit !== undefined) return
    this.#emit = emit
    this.#connect()
  }

  advance(): void {}

  health(): SourceHealth {
    return { ...this.#health }
  }

  async stop(): Promise<void> {
    this.#emit = undefined
    clearTimeout(this.#retry)
    this.#health.state = 'stopped'
    await this.#connection?.close()
  }

  #connect(): void {
    const { venue, symbols, url, clock } = this.#options
    this.#health.state = 'connecting'
    const openedMs = clock.monotonicMs()
    this.#connection = new LiveConnection(
      venue,
      venue.url(symbols, url),
      symbols,
      this.#limits,
      clock,
      {
        opened: () => {
          this.#health.state = 'open'
          this.#health.connections += 1
        },
        quoted: (quote) => {
          if (!this.#wanted.has(quote.symbol)) return
          this.#health.quotes += 1
          this.#emit?.({ source: this.name, ...quote })
        },
        misunderstood: () => {
          this.#health.badMessages += 1
        },
        refused: (detail) => {
          this.#health.lastFault = 'subscription_refused'
          this.#options.logger.warn({ source: this.name, detail }, 'venue refuses a symbol')
        },
        ended: (fault, detail) => this.#onEnd(fault, detail, clock.monotonicMs() - openedMs),
      },
    )
  }

  #onEnd(fault: LiveFault, detail: string, livedMs: number): void {
    this.#connection = undefined
    if (this.#emit === undefined) return
    this.#health.state = 'waiting'
    this.#health.lastFault = fault
    if (livedMs >= this.#limits.stableMs) this.#failures = 0
    // Refused with a status (429, 403, 418): a venue that says so wants distance, and bans who comes back at once.
    if (fault === 'http_refused') this.#failures = Math.max(this.#failures, refusedFailures)
    const { pauseMinMs, pauseMaxMs } = this.#limits
    const pause = Math.min(pauseMaxMs, pauseMinMs * 2 ** Math.min(this.#failures, 16))
    this.#failures += 1
    // The random part keeps the publishers of the world from returning in one instant.
    const pauseMs = Math.round(pause * (0.5 + Math.random() / 2))
    this.#options.logger.warn({ source: this.name, fault, detail, pauseMs }, 'feed lost')
    this.#retry = setTimeout(() => this.#connect(), pauseMs)
  }
}
