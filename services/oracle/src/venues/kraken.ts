//! Kraken spot: best bid and ask from a checked book, last from the trades.
import { z } from 'zod'
import { type BookLevel, CheckedBook } from './checked-book.ts'
import {
  PartialQuotes,
  priceField,
  secondsField,
  type Venue,
  VenueFault,
  type VenueQuote,
} from './venue.ts'

// Documentation: "Kraken WebSockets API v1": book, trade, book checksum. Version 1 because it quotes every decimal
// (version 2 sends JSON numbers, whose trailing zeros the checksum needs) and each update carries a checksum.
const sizeField = z.string().regex(/^\d{1,20}(\.\d{1,20})?$/)
const level = z.tuple([z.string().max(64), sizeField, secondsField], z.unknown())
const levels = z.array(level).max(5_000)
const snapshot = z.object({ as: levels, bs: levels })
const update = z.object({
  a: levels.optional(),
  b: levels.optional(),
  c: z
    .string()
    .regex(/^\d{1,10}$/)
    .optional(),
})
const bookChannel = z.templateLiteral(['book-', z.int()])
const bookMessage = z.union([
  z.tuple([z.int(), z.union([snapshot, update]), bookChannel, z.string()]),
  z.tuple([z.int(), update, update, bookChannel, z.string()]),
])
const tradeMessage = z.tuple([
  z.int(),
  z
    .array(z.tuple([priceField, sizeField, secondsField], z.unknown()))
    .min(1)
    .max(5_000),
  z.literal('trade'),
  z.string(),
])
const control = z.object({
  event: z.enum(['heartbeat', 'systemStatus', 'subscriptionStatus', 'pong', 'error']),
  status: z.string().default(''),
  errorMessage: z.string().default(''),
})
const subscribedDepth = 10

const readLevels = (some: z.output<typeof levels> | undefined): BookLevel[] =>
  (some ?? []).map(([priceText, sizeText]) => ({
    price: priceField.parse(priceText),
    priceText,
    sizeText,
  }))

const newestMs = (lists: readonly (z.output<typeof levels> | undefined)[]): number =>
  Math.max(0, ...lists.flatMap((list) => (list ?? []).map(([, , timeMs]) => timeMs)))

class KrakenSession {
  readonly #pairs: readonly string[]
  readonly #partial: PartialQuotes
  readonly #books = new Map<string, CheckedBook>()
  readonly #times = new Map<string, number>()

  constructor(pairs: readonly string[]) {
    this.#pairs = pairs
    this.#partial = new PartialQuotes(pairs)
  }

  receive(text: string): readonly VenueQuote[] {
    const raw: unknown = JSON.parse(text)
    if (!Array.isArray(raw)) {
      const said = control.parse(raw)
      if (said.status === 'error' || said.event === 'error')
        throw new VenueFault('subscription_refused', said.errorMessage)
      return []
    }
    if (raw[2] === 'trade') {
      const said = tradeMessage.parse(raw)
      const newest = said[1].at(-1)
      return newest === undefined
        ? []
        : this.#partial.add(said[3], 'trades', { last: newest[0] }, newest[2])
    }
    const said = bookMessage.parse(raw)
    return said.length === 4
      ? this.#onBook(said[3], Number(said[2].slice(5)), [said[1]])
      : this.#onBook(said[4], Number(said[3].slice(5)), [said[1], said[2]])
  }

  #onBook(
    pair: string,
    depth: number,
    parts: readonly (z.output<typeof snapshot> | z.output<typeof update>)[],
  ): readonly VenueQuote[] {
    if (!this.#pairs.includes(pair)) return []
    let book = this.#books.get(pair)
    let times: (z.output<typeof levels> | undefined)[] = []
    let checksum: string | undefined
    for (const part of parts) {
      if ('as' in part) {
        book = new CheckedBook(depth)
        this.#books.set(pair, book)
        book.set('asks', readLevels(part.as))
        book.set('bids', readLevels(part.bs))
        times = [part.as, part.bs]
        continue
      }
      if (book === undefined)
        throw new VenueFault('sequence_broken', `${pair}: an update before the snapshot`)
      book.set('asks', readLevels(part.a))
      book.set('bids', readLevels(part.b))
      times.push(part.a, part.b)
      checksum = part.c ?? checksum
    }
    if (checksum !== undefined && book?.checksum() !== Number(checksum))
      throw new VenueFault('checksum_wrong', `${pair}: not the checksum ${checksum}`)
    const bid = book?.bestBid?.price
    const ask = book?.bestAsk?.price
    // A level that moves up into the depth keeps its old time, so an update can carry only old ones.
    const timeMs = Math.max(this.#times.get(pair) ?? 0, newestMs(times))
    this.#times.set(pair, timeMs)
    return this.#partial.add(pair, 'book', { bid, ask }, timeMs)
  }
}

export const kraken: Venue = {
  name: 'kraken',
  url: (_symbols, base = 'wss://ws.kraken.com') => base,
  subscriptions: (pairs) =>
    pairs.flatMap((pair) =>
      [{ name: 'book', depth: subscribedDepth }, { name: 'trade' }].map((subscription) =>
        JSON.stringify({ event: 'subscribe', pair: [pair], subscription }),
      ),
    ),
  ping: { everyMs: 20_000, text: JSON.stringify({ event: 'ping' }) },
  openSession: (pairs) => new KrakenSession(pairs),
}
