//! What a venue's public feed looks like to the live source: pure, so that recorded messages test it.
import type { TimeMs } from '@plumb/model'
import { z } from 'zod'
import { type PriceE18, parsePrice } from '../decimal.ts'

/** What a message said of one symbol. */
export type VenueQuote = {
  symbol: string
  bid: PriceE18
  ask: PriceE18
  last: PriceE18
  timeMs: TimeMs
}

/** What is wrong with a connection. Words are stable. */
export type VenueFaultCode =
  /** The venue asked for it (maintenance, shutdown). */
  | 'reconnect_requested'
  /** A message was lost or came out of order: what we know of the book is wrong. */
  | 'sequence_broken'
  | 'checksum_wrong'
  /** The venue refused a symbol; the message has its words. The others go on. */
  | 'subscription_refused'

/** Thrown by a session. Unless a symbol was refused, only a new connection helps. */
export class VenueFault extends Error {
  readonly code: VenueFaultCode

  constructor(code: VenueFaultCode, message: string) {
    super(message.slice(0, 200))
    this.name = 'VenueFault'
    this.code = code
  }
}

/** One connection's memory. */
export type VenueSession = {
  /**
   * Reads one text message; answers the quotes that it completes (none for what is not about prices).
   *
   * @throws VenueFault when the connection is of no use any more; anything else means: the message is not understood
   */
  receive(text: string): readonly VenueQuote[]
}

/** A venue's public feed. */
export type Venue = {
  readonly name: string
  /** Where to connect; `base` replaces the venue's own host (a mirror, a test). */
  url(symbols: readonly string[], base?: string): string
  /** What to say after connecting: symbols apart, so that one that the venue does not know costs no other. */
  subscriptions(symbols: readonly string[]): readonly string[]
  /** What the venue wants to hear regularly. */
  ping?: { everyMs: number; text: string }
  /** @param symbols what was asked for; the session remembers nothing of others */
  openSession(symbols: readonly string[]): VenueSession
}

/** A price as decimal text. Numbers are refused: a JSON number has already been rounded to a float. */
export const priceField = z
  .string()
  .max(64)
  .transform((text, check): PriceE18 => {
    const price = parsePrice(text)
    if (price !== undefined) return price
    check.addIssue({ code: 'custom', message: 'not a price' })
    return z.NEVER
  })

/** Milliseconds since 1970, as a number or as text. */
export const millisecondsField = z
  .union([z.int(), z.string().regex(/^\d{13}$/)])
  .transform(Number)
  .pipe(z.int().min(1_000_000_000_000).max(9_999_999_999_999))

/** Microseconds since 1970, as text; cut to milliseconds. */
export const microsecondsField = z
  .string()
  .regex(/^\d{16}$/)
  .transform((text) => Number(text.slice(0, 13)))

/** Seconds since 1970 with six decimals, as text; cut to milliseconds. */
export const secondsField = z
  .string()
  .regex(/^\d{10}\.\d{3,9}$/)
  .transform((text) => Number(text.slice(0, 10) + text.slice(11, 14)))

/** ISO 8601 in UTC; cut to milliseconds. */
export const isoField = z
  .string()
  .max(40)
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/)
  .transform(Date.parse)
  .pipe(z.int())

/** What one channel says of a symbol; undefined forgets (a side of the book is empty). */
type Words = { bid?: PriceE18 | undefined; ask?: PriceE18 | undefined; last?: PriceE18 | undefined }

/** Bid, ask and last that arrive on different channels; whole once all three are known. */
export class PartialQuotes {
  readonly #symbols: ReadonlySet<string>
  #known = new Map<string, Words & { bookMs: TimeMs; tradesMs: TimeMs }>()

  /** @param symbols what was asked for; a venue that names others must not fill our memory */
  constructor(symbols: readonly string[]) {
    this.#symbols = new Set(symbols)
  }

  /**
   * Adds what a channel said; answers the symbol's quote where it is whole. What is older than the channel's last
   * word is left out.
   */
  add(
    symbol: string,
    channel: 'book' | 'trades',
    words: Words,
    timeMs: TimeMs,
  ): readonly VenueQuote[] {
    const known = this.#known.get(symbol) ?? { bookMs: 0, tradesMs: 0 }
    const timeField = channel === 'book' ? 'bookMs' : 'tradesMs'
    if (timeMs < known[timeField] || !this.#symbols.has(symbol)) return []
    const now = { ...known, ...words, [timeField]: timeMs }
    this.#known.set(symbol, now)
    const { bid, ask, last } = now
    if (bid === undefined || ask === undefined || last === undefined) return []
    return [{ symbol, bid, ask, last, timeMs: Math.max(now.bookMs, now.tradesMs) }]
  }
}
