//! Maps whose changes can be taken back: the twin tries what the contract would do, then keeps or drops it.

/** Remembers how to undo every change since the oldest open savepoint. */
export class UndoLog {
  readonly #undos: (() => void)[] = []
  #open = 0

  /** Opens a savepoint; give what it returns to `rollback` or `commit`. */
  begin(): number {
    this.#open += 1
    return this.#undos.length
  }

  rollback(savepoint: number): void {
    while (this.#undos.length > savepoint) this.#undos.pop()?.()
    this.#open -= 1
  }

  /** Keeps the changes; an outer savepoint can still take them back. */
  commit(): void {
    this.#open -= 1
    if (this.#open === 0) this.#undos.length = 0
  }

  record(undo: () => void): void {
    if (this.#open > 0) this.#undos.push(undo)
  }
}

/** A map of immutable values that records its changes in the log. */
export class UndoMap<K, V> {
  readonly #map: Map<K, V>
  readonly #log: UndoLog

  constructor(log: UndoLog, entries?: Iterable<readonly [K, V]>) {
    this.#log = log
    this.#map = new Map(entries)
  }

  get(key: K): V | undefined {
    return this.#map.get(key)
  }

  set(key: K, value: V): void {
    const previous = this.#map.get(key)
    this.#map.set(key, value)
    this.#log.record(() => {
      if (previous === undefined) this.#map.delete(key)
      else this.#map.set(key, previous)
    })
  }

  entries(): Iterable<[K, V]> {
    return this.#map.entries()
  }
}
