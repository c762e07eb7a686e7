//! A market's book on the trader's side, kept from one snapshot and its deltas.
import { bookChecksum, CHECKSUM_LEVELS, type StreamEvent, textToE8 } from '@plumb/protocol'

/** [price, size] as decimal text. */
export type BookLevel = readonly [price: string, size: string]
type BookLevels = { bids: readonly BookLevel[]; asks: readonly BookLevel[] }

type Side = Map<string, BookLevel>

/** Levels by price; size "0" removes one. Reads are best first. */
export class LocalBook {
  readonly #bids: Side = new Map()
  readonly #asks: Side = new Map()
  #seq = 0
  /** What the exchange's own book sums up to after the last message; undefined where it did not say. */
  #checksum: number | undefined

  /** Sequence number of the last message applied; 0 before the first snapshot. */
  get seq(): number {
    return this.#seq
  }

  /** Whether the best levels sum up to what the exchange said of its own. */
  get isIntact(): boolean {
    return this.#checksum === undefined || this.#checksum === this.checksum()
  }

  /** CRC-32 of the best 25 levels of each side, as the exchange computes it. */
  checksum(): number {
    return bookChecksum(e8(this.bids(CHECKSUM_LEVELS)), e8(this.asks(CHECKSUM_LEVELS)))
  }

  /** Applies a snapshot or delta of the `book` channel; the stream has checked that none is missing. */
  receive(event: StreamEvent): void {
    if (event.type === 'snapshot') {
      this.#bids.clear()
      this.#asks.clear()
    }
    const { bids, asks } = levelsOf(event.data)
    for (const level of bids) put(this.#bids, level)
    for (const level of asks) put(this.#asks, level)
    this.#seq = event.seq
    this.#checksum = event.checksum
  }

  /** Bids, highest first. */
  bids(depth = Infinity): BookLevel[] {
    return sorted(this.#bids, -1).slice(0, depth)
  }

  /** Asks, lowest first. */
  asks(depth = Infinity): BookLevel[] {
    return sorted(this.#asks, 1).slice(0, depth)
  }
}

function levelsOf(data: unknown): BookLevels {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the book channel carries nothing else
  return data as BookLevels
}

function e8(levels: readonly BookLevel[]): [string, string][] {
  return levels.map(([price, size]) => [textToE8(price), textToE8(size)])
}

function put(side: Side, level: BookLevel): void {
  if (level[1] === '0') side.delete(level[0])
  else side.set(level[0], level)
}

// Prices have at most 10 significant digits, so doubles order them exactly.
function sorted(side: Side, direction: 1 | -1): BookLevel[] {
  return [...side.values()].toSorted((a, b) => direction * (Number(a[0]) - Number(b[0])))
}
