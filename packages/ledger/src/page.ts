//! Pages of lists that grow: oldest-first from a time or newest-first, always shown ascending, never repeating or skipping.
import { asc, desc, type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import type { Ledger } from './open-ledger.ts'

/**
 * With `since`: the oldest `limit` rows from there; without: the newest; both ascending. `cursor` is an earlier
 * nextCursor and goes on in the direction of the page that gave it. Times are milliseconds, both ends included.
 */
export type PageQuery = {
  since?: number | undefined
  until?: number | undefined
  limit: number
  cursor?: string | undefined
}
/** `nextCursor` null: nothing further in that direction at the moment of asking. */
export type Page<T> = { items: T[]; nextCursor: string | null }

/** Place of a row in its list: seq and leg (of an order: its id), or an id and 0. */
type Place = readonly [number, number]
/** A query resolved: which way to walk, where to begin (exclusive), and the bounds in time and in seq. */
export type Walk = {
  forward: boolean
  after: Place | undefined
  since: number | undefined
  until: number | undefined
  fromSeq: number
  toSeq: number
  limit: number
}

const FIRST = 0
const LAST = Number.MAX_SAFE_INTEGER

/**
 * Resolves a page query; times become seq bounds, so that every list is walked along its (…, seq) index.
 *
 * @throws RangeError 'cursor' for text that no page gave out
 */
export async function walkOf(ledger: Ledger, query: PageQuery): Promise<Walk> {
  const { since, until, limit, cursor } = query
  const place = cursor === undefined ? undefined : parsePlace(cursor)
  const [fromSeq, toSeq] = await Promise.all([
    since === undefined ? FIRST : seqBefore(ledger, since),
    until === undefined ? LAST : seqAfter(ledger, until),
  ])
  const forward = place?.forward ?? since !== undefined
  return { forward, after: place?.after, since, until, fromSeq, toSeq, limit }
}

/** The seqs in which the rest of a walk lies. */
export function seqsOf({ forward, after, fromSeq, toSeq }: Walk): {
  fromSeq: number
  toSeq: number
} {
  if (after === undefined) return { fromSeq, toSeq }
  const [seq] = after
  return forward
    ? { fromSeq: Math.max(fromSeq, seq), toSeq }
    : { fromSeq, toSeq: Math.min(toSeq, seq) }
}

/** A seq at or before the first command of time `ms` or later. */
async function seqBefore(ledger: Ledger, ms: number): Promise<number> {
  const rows = await ledger.sql<{ seq: number }[]>`
    SELECT seq FROM seq_times WHERE time_ms < ${ms} ORDER BY time_ms DESC, seq DESC LIMIT 1`
  return rows[0]?.seq ?? FIRST
}

/** A seq at or behind the last command of time `ms` or earlier. */
async function seqAfter(ledger: Ledger, ms: number): Promise<number> {
  const rows = await ledger.sql<{ seq: number }[]>`
    SELECT seq FROM seq_times WHERE time_ms > ${ms} ORDER BY time_ms, seq LIMIT 1`
  return rows[0]?.seq ?? LAST
}

const pattern = /^([np])(\d{1,16})\.(\d{1,16})$/

/** Reads a cursor. @throws RangeError cursor */
export function parsePlace(text: string): { forward: boolean; after: Place } {
  const match = pattern.exec(text)
  if (match === null) throw new RangeError('cursor')
  return { forward: match[1] === 'n', after: [Number(match[2]), Number(match[3])] }
}

/** The rows of a walk (already limited, in walking order) as a page. */
export function pageOf<T>(
  rows: T[],
  walk: Pick<Walk, 'forward' | 'limit'>,
  placeOf: (row: T) => Place,
): Page<T> {
  const last = rows.at(-1)
  const full = rows.length >= walk.limit && last !== undefined
  const [first, second] = full ? placeOf(last) : [0, 0]
  return {
    items: walk.forward ? rows : rows.toReversed(),
    nextCursor: full ? `${walk.forward ? 'n' : 'p'}${first}.${second}` : null,
  }
}

/** Where-condition of a walk over a table keyed by (seq, leg). */
export function within(
  walk: Walk,
  columns: { seq: AnyPgColumn; leg?: AnyPgColumn; timeMs: AnyPgColumn },
): SQL {
  const { seq, leg = sql`0`, timeMs } = columns
  const parts = [sql`${seq} BETWEEN ${walk.fromSeq} AND ${walk.toSeq}`]
  if (walk.since !== undefined) parts.push(sql`${timeMs} >= ${walk.since}`)
  if (walk.until !== undefined) parts.push(sql`${timeMs} <= ${walk.until}`)
  if (walk.after !== undefined) {
    const [afterSeq, afterLeg] = walk.after
    const place = sql`(${afterSeq}::bigint, ${afterLeg}::bigint)`
    parts.push(walk.forward ? sql`(${seq}, ${leg}) > ${place}` : sql`(${seq}, ${leg}) < ${place}`)
  }
  return sql.join(parts, sql` AND `)
}

/** Walking order over columns that make a row unique. */
export function order(walk: Pick<Walk, 'forward'>, ...columns: AnyPgColumn[]): SQL[] {
  return columns.map((column) => (walk.forward ? asc(column) : desc(column)))
}
