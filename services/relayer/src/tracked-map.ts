//! A map that remembers what changed since it was last saved.

/** What a save has to write. */
type MapChanges<K, V> = { upserts: [K, V][]; deletes: K[] }

/** A map with a list of its changes. */
export type TrackedMap<K, V> = {
  get(key: K): V | undefined
  set(key: K, value: V): void
  delete(key: K): void
  readonly size: number
  entries(): IterableIterator<[K, V]>
  /** What changed since `saved`; stays until `saved` is called. */
  changes(): MapChanges<K, V>
  saved(): void
}

/** @param stored what a save has already; not a change */
export const createTrackedMap = <K, V>(stored: Iterable<[K, V]> = []): TrackedMap<K, V> => {
  const map = new Map(stored)
  const known = new Set(map.keys())
  let changed = new Set<K>()
  return {
    get: (key) => map.get(key),
    set: (key, value) => {
      map.set(key, value)
      changed.add(key)
    },
    delete: (key) => {
      if (map.delete(key)) changed.add(key)
    },
    get size() {
      return map.size
    },
    entries: () => map.entries(),
    changes: () => {
      const upserts: [K, V][] = []
      const deletes: K[] = []
      for (const key of changed) {
        const value = map.get(key)
        if (value !== undefined) upserts.push([key, value])
        else if (known.has(key)) deletes.push(key) // what came and went in between was never saved
      }
      return { upserts, deletes }
    },
    saved: () => {
      for (const key of changed)
        if (map.has(key)) known.add(key)
        else known.delete(key)
      changed = new Set()
    },
  }
}
