//! A page of a list that is kept in memory, ascending by place.
import type { ListOf, PageQuery } from '@plumb/protocol'
import { PlumbError } from '@plumb/protocol'

export const LIST_LIMIT_DEFAULT = 100

/** Where a row stands among all rows ever: seq and leg of its event (an order: its id). The ledger's cursors name the same. */
export type Place = readonly [seq: number, leg: number]

/** `complete`: nothing older was ever forgotten. */
export type MemoryList<T> = {
  items: readonly T[]
  placeOf: (item: T) => Place
  timeOf: (item: T) => number
  complete: boolean
}

/** Which way a page walks, and from where (exclusive). */
export type Walk = { forward: boolean; from: Place | null }

/**
 * With `since`: the oldest rows from there; without: the newest; both ascending (api.md principle 2). Cursors name
 * the last row seen, so pages neither repeat nor skip while rows arrive. null: memory does not reach back far enough.
 */
export function memoryPage<T>(list: MemoryList<T>, query: PageQuery): ListOf<T> | null {
  const walk = walkOf(query)
  const { items, placeOf, timeOf } = list
  const limit = query.limit ?? LIST_LIMIT_DEFAULT
  const { since, until } = query
  const inRange = items.filter(
    (item) =>
      (since === undefined || timeOf(item) >= since) &&
      (until === undefined || timeOf(item) <= until),
  )
  const { from } = walk
  if (walk.forward) {
    if (!reachesBack(list, since, from)) return null
    const rest =
      from === null ? inRange : inRange.filter((item) => compare(placeOf(item), from) > 0)
    const page = rest.slice(0, limit)
    const last = page.at(-1)
    const more = rest.length > limit && last !== undefined
    return { items: page, nextCursor: more ? cursorText(true, placeOf(last)) : null }
  }
  const rest = from === null ? inRange : inRange.filter((item) => compare(placeOf(item), from) < 0)
  const whole = reachesBack(list, since, null)
  if (rest.length < limit && !whole) return null
  const page = rest.slice(-limit)
  const first = page[0]
  const more = first !== undefined && (rest.length > limit || !whole)
  return { items: page, nextCursor: more ? cursorText(false, placeOf(first)) : null }
}

/** Whether memory has every row from a time or place on. */
function reachesBack<T>(list: MemoryList<T>, since: number | undefined, from: Place | null) {
  const [oldest] = list.items
  if (list.complete) return true
  if (oldest === undefined) return false
  return (
    (since !== undefined && list.timeOf(oldest) < since) ||
    (from !== null && compare(list.placeOf(oldest), from) <= 0)
  )
}

/** Direction and start of a query. Throws BAD_REQUEST for a cursor that no page gave out. */
export function walkOf({ cursor, since }: PageQuery): Walk {
  if (cursor === undefined) return { forward: since !== undefined, from: null }
  const parts = /^([np])(\d{1,16})\.(\d{1,16})$/.exec(cursor)
  if (parts === null) throw new PlumbError('BAD_REQUEST', { field: 'cursor' })
  return { forward: parts[1] === 'n', from: [Number(parts[2]), Number(parts[3])] }
}

/** `n` goes on to newer rows, `p` to older ones. */
export function cursorText(forward: boolean, [seq, leg]: Place): string {
  return `${forward ? 'n' : 'p'}${seq}.${leg}`
}

export function compare(a: Place, b: Place): number {
  return a[0] === b[0] ? a[1] - b[1] : a[0] - b[0]
}
