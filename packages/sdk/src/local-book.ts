//! A market's book on the trader's side, kept from one snapshot and its deltas.
import type { StreamEvent } from '@plumb/protocol'

/** [price, size] as decimal text. */
export type BookLevel = readonly [price: string, size: string]
type BookLevels = { bids: readonly BookLevel[]; asks: readonly BookLevel[] }

type Side = Map<string, BookLevel>

/** Levels by price; size "0" removes one. Reads are best first. */
export class LocalBook {
  readonly #bids: Side = new Map()
  readonly #asks: Side = new Map()
  #seq = 0

  /** Sequence number of the last message applied; 0 before the first snapshot. */
  get seq(): number {
    return this.#seq
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

function put(side: Side, level: BookLevel): void {
  if (level[1] === '0') side.delete(level[0])
  else side.set(level[0], level)
}

// Prices have at most 10 significant digits, so doubles order them exactly.
function sorted(side: Side, direction: 1 | -1): BookLevel[] {
  return [...side.values()].toSorted((a, b) => direction * (Number(a[0]) - Number(b[0])))
}
