//! Candles of the last price, from the minutes the writer keeps.
import type { MarketId } from '@plumb/model'
import type { Ledger } from './open-ledger.ts'

/** Prices in ticks; a bucket without trades repeats the close before it with volume 0. */
export type Candle = {
  openTimeMs: number
  open: number
  high: number
  low: number
  close: number
  baseLots: number
  quote: number
  trades: number
}
export type MarketStats = Omit<Candle, 'openTimeMs' | 'close'> & { last: number }

const MINUTE_MS = 60_000
const WEEK_MS = 7 * 24 * 60 * MINUTE_MS
/** 1970-01-05 was a Monday: weeks begin there. */
const MONDAY_MS = 4 * 24 * 60 * MINUTE_MS

/**
 * Candles ascending: with `since` the oldest `limit` from its bucket on, else the newest up to the last trade or `until`.
 * None before the first trade; the newest bucket is the one of `until`, or of the last trade.
 *
 * @param query.intervalMs a multiple of a minute; open times are multiples of it (weeks: Mondays)
 */
export async function listCandles(
  ledger: Ledger,
  query: {
    market: MarketId
    intervalMs: number
    since?: number | undefined
    until?: number | undefined
    limit: number
  },
): Promise<Candle[]> {
  const { market, intervalMs, limit } = query
  if (intervalMs <= 0 || intervalMs % MINUTE_MS !== 0) throw new RangeError('intervalMs')
  const shift = intervalMs === WEEK_MS ? MONDAY_MS : 0
  const bucketOf = (ms: number) => ms - ((((ms - shift) % intervalMs) + intervalMs) % intervalMs)
  const [traded] = await ledger.sql<{ first: number | null; last: number | null }[]>`
    SELECT min(open_time_ms) AS first, max(open_time_ms) AS last FROM candles WHERE market = ${market}`
  if (traded === undefined || traded.first === null || traded.last === null) return []
  const first = bucketOf(traded.first)
  const newest = bucketOf(query.until ?? traded.last)
  const from =
    query.since === undefined
      ? Math.max(first, newest - (limit - 1) * intervalMs)
      : Math.max(first, bucketOf(query.since))
  const to = Math.min(newest, from + (limit - 1) * intervalMs)
  if (to < from) return []
  const rows = await ledger.sql<Candle[]>`
    SELECT bucket AS "openTimeMs", (array_agg(open_ticks ORDER BY open_time_ms))[1] AS open,
      max(high_ticks) AS high, min(low_ticks) AS low,
      (array_agg(close_ticks ORDER BY open_time_ms DESC))[1] AS close, sum(base_lots)::bigint AS "baseLots",
      sum(quote)::bigint AS quote, sum(trades)::integer AS trades
    FROM (SELECT *, open_time_ms - (open_time_ms - ${shift}::bigint) % ${intervalMs}::bigint AS bucket FROM candles
          WHERE market = ${market} AND open_time_ms >= ${from} AND open_time_ms < ${to + intervalMs}) minutes
    GROUP BY bucket ORDER BY bucket`
  const before = from === first ? undefined : await closeBefore(ledger, market, from)
  return fillQuiet(rows, { from, to, intervalMs, before })
}

async function closeBefore(
  ledger: Ledger,
  market: MarketId,
  ms: number,
): Promise<number | undefined> {
  const rows = await ledger.sql<{ close: number }[]>`
    SELECT close_ticks AS close FROM candles WHERE market = ${market} AND open_time_ms < ${ms}
    ORDER BY open_time_ms DESC LIMIT 1`
  return rows[0]?.close
}

function fillQuiet(
  rows: readonly Candle[],
  range: { from: number; to: number; intervalMs: number; before: number | undefined },
): Candle[] {
  const byTime = new Map(rows.map((row) => [row.openTimeMs, row]))
  const candles: Candle[] = []
  let close = range.before
  for (let openTimeMs = range.from; openTimeMs <= range.to; openTimeMs += range.intervalMs) {
    const found = byTime.get(openTimeMs)
    close = found?.close ?? close
    if (found !== undefined) candles.push(found)
    else if (close !== undefined)
      candles.push({
        openTimeMs,
        open: close,
        high: close,
        low: close,
        close,
        baseLots: 0,
        quote: 0,
        trades: 0,
      })
  }
  return candles
}

/**
 * What a ticker needs of the trades since a time (to the minute). Without a trade since then: open, high, low and last
 * are the last price before, with no volume. Undefined when the market never traded.
 */
export async function marketStats(
  ledger: Ledger,
  market: MarketId,
  sinceMs: number,
): Promise<MarketStats | undefined> {
  const from = sinceMs - (sinceMs % MINUTE_MS)
  const [row] = await ledger.sql<(MarketStats & { open: number | null })[]>`
    SELECT (array_agg(open_ticks ORDER BY open_time_ms))[1] AS open, max(high_ticks) AS high,
      min(low_ticks) AS low, (array_agg(close_ticks ORDER BY open_time_ms DESC))[1] AS last,
      coalesce(sum(base_lots), 0)::bigint AS "baseLots", coalesce(sum(quote), 0)::bigint AS quote,
      coalesce(sum(trades), 0)::integer AS trades
    FROM candles WHERE market = ${market} AND open_time_ms >= ${from}`
  if (row !== undefined && row.open !== null) return row
  const close = await closeBefore(ledger, market, from)
  if (close === undefined) return undefined
  return { open: close, high: close, low: close, last: close, baseLots: 0, quote: 0, trades: 0 }
}
