//! A page of a list that is kept in memory, ascending by time and key.
import { type ListOf, type PageQuery, PlumbError } from '@plumb/protocol'

const LIMIT_DEFAULT = 100

/** `complete`: nothing older was ever forgotten. */
export type MemoryList<T> = {
  items: readonly T[]
  keyOf: (item: T) => number
  timeOf: (item: T) => number
  complete: boolean
}

type Cursor = { after: number } | { before: number }

/**
 * With `since`: the oldest rows from there; without: the newest; both ascending (api.md principle 2). Cursors name
 * the last key seen, so pages neither repeat nor skip while rows arrive. null: memory does not reach back far enough.
 */
export function memoryPage<T>(list: MemoryList<T>, query: PageQuery): ListOf<T> | null {
  const cursor = query.cursor === undefined ? null : readCursor(query.cursor)
  const { items, keyOf, timeOf, complete } = list
  const limit = query.limit ?? LIMIT_DEFAULT
  const { since, until } = query
  const inRange = items.filter(
    (item) =>
      (since === undefined || timeOf(item) >= since) &&
      (until === undefined || timeOf(item) <= until),
  )
  const forward = cursor === null ? since !== undefined : 'after' in cursor
  const oldest = items[0]
  const reachesBack =
    complete || (oldest !== undefined && since !== undefined && timeOf(oldest) < since)
  if (forward) {
    const after = cursor !== null && 'after' in cursor ? cursor.after : -1
    if (!reachesBack && (oldest === undefined || after < keyOf(oldest))) return null
    const rest = inRange.filter((item) => keyOf(item) > after)
    const page = rest.slice(0, limit)
    const last = page.at(-1)
    const more = rest.length > limit && last !== undefined
    return { items: page, nextCursor: more ? `m.a${keyOf(last)}` : null }
  }
  const before = cursor !== null && 'before' in cursor ? cursor.before : Number.POSITIVE_INFINITY
  const rest = inRange.filter((item) => keyOf(item) < before)
  if (rest.length < limit && !reachesBack) return null
  const page = rest.slice(-limit)
  const first = page[0]
  const more = first !== undefined && (rest.length > limit || !reachesBack)
  return { items: page, nextCursor: more ? `m.b${keyOf(first)}` : null }
}

/** Whether a cursor was given by `memoryPage`. */
export function isMemoryCursor(cursor: string): boolean {
  return cursor.startsWith('m.')
}

function readCursor(text: string): Cursor {
  const parts = /^m\.([ab])(\d{1,16})$/.exec(text)
  if (parts === null) throw new PlumbError('BAD_REQUEST', { field: 'cursor' })
  const key = Number(parts[2])
  return parts[1] === 'a' ? { after: key } : { before: key }
}
