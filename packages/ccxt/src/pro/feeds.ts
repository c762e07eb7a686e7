//! Who waits for which channel, and which channel has news that nobody has taken yet.

type Waiter = {
  keys: ReadonlySet<string>
  resolve: (key: string) => void
  reject: (error: Error) => void
}

/** News by channel key. What arrives while nobody waits is kept for the next who asks: no update falls between two calls. */
export class Feeds {
  readonly #news = new Set<string>()
  readonly #waiters = new Set<Waiter>()

  arrived(key: string): void {
    const waiting = [...this.#waiters].filter(({ keys }) => keys.has(key))
    if (waiting.length === 0) this.#news.add(key)
    for (const waiter of waiting) {
      this.#waiters.delete(waiter)
      waiter.resolve(key)
    }
  }

  /** The first of these channels that has news. */
  next(keys: readonly string[]): Promise<string> {
    const known = keys.find((key) => this.#news.delete(key))
    if (known !== undefined) return Promise.resolve(known)
    return new Promise((resolve, reject) => {
      this.#waiters.add({ keys: new Set(keys), resolve, reject })
    })
  }

  /** Ends waiting: of one channel, or of all. */
  fail(error: Error, key?: string): void {
    for (const waiter of this.#waiters)
      if (key === undefined || waiter.keys.has(key)) {
        this.#waiters.delete(waiter)
        waiter.reject(error)
      }
    if (key === undefined) this.#news.clear()
    else this.#news.delete(key)
  }
}
