//! Rows of a stream: the newest version of each, and which of them nobody has read yet.

/** Keeps the newest `max` rows by key; a newer version replaces a row and moves it to the end. */
export class RecentRows<T> {
  readonly #max: number
  readonly #keyOf: (row: T) => string
  readonly #rows = new Map<string, T>()
  readonly #unread = new Set<string>()

  constructor(max: number, keyOf: (row: T) => string) {
    this.#max = max
    this.#keyOf = keyOf
  }

  /** `read`: already known to the reader, e.g. a first snapshot. */
  append(row: T, read = false): void {
    const key = this.#keyOf(row)
    this.#rows.delete(key)
    this.#rows.set(key, row)
    if (!read) this.#unread.add(key)
    if (this.#rows.size <= this.#max) return
    const [oldest] = this.#rows.keys()
    if (oldest === undefined) return
    this.#rows.delete(oldest)
    this.#unread.delete(oldest)
  }

  has(row: T): boolean {
    return this.#rows.has(this.#keyOf(row))
  }

  /** Every row that `keep` wants, oldest change first. */
  all(keep: (row: T) => boolean): T[] {
    return [...this.#rows.values()].filter(keep)
  }

  /** The unread rows that `keep` wants; they are read now. */
  takeUnread(keep: (row: T) => boolean): T[] {
    const taken = [...this.#rows].filter(([key, row]) => this.#unread.has(key) && keep(row))
    for (const [key] of taken) this.#unread.delete(key)
    return taken.map(([, row]) => row)
  }
}
