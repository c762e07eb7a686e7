//! Reads a recorded file (CSV, plain or gzipped) into series of points in time order.
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import type { TimeMs } from '@plumb/model'
import { parse } from 'csv-parse'
import { type PriceE18, parsePrice } from '../decimal.ts'
import {
  type RecordedColumns,
  RecordedFileError,
  type ResolvedColumns,
  resolveColumns,
  timeMsOf,
} from './recorded-columns.ts'

/** What one series said at a time. */
export type RecordedPoint = { timeMs: TimeMs; bid: PriceE18; ask: PriceE18; last: PriceE18 }

/** One series, oldest first. `barMs` is the length of its bars, undefined for trades. */
export type RecordedSeries = { points: readonly RecordedPoint[]; barMs: number | undefined }

export type RecordingOptions = {
  columns: RecordedColumns
  /** Bars are played as the path open, nearer extreme, other extreme, close; or by their close alone. */
  barPath: 'ohlc' | 'close'
}

type Row = Record<string, string>
type Words = { bid?: PriceE18; ask?: PriceE18; last?: PriceE18 }
type Bar = { open: PriceE18; high: PriceE18; low: PriceE18; close: PriceE18 }
type ReadRow = { timeMs: TimeMs; words: Words; bar: Bar | undefined }

const rowsMax = 5_000_000

/**
 * Reads the whole file. Rows may be in any order (newest first, several series after each other); equal times keep
 * the file's order.
 *
 * @throws RecordedFileError with the line and the value; the error of the file system where it cannot be read
 */
export const readRecording = async (
  path: string,
  options: RecordingOptions,
): Promise<Map<string, RecordedSeries>> => {
  const file = createReadStream(path)
  const text = path.endsWith('.gz') ? file.pipe(createGunzip()) : file
  let header: readonly string[] = []
  const parser = parse({
    columns: (names: string[]) => {
      header = names
      return names
    },
    bom: true,
    // Bars of trades have fewer columns than bars of quotes in the same file.
    relax_column_count_less: true,
    skip_empty_lines: true,
  })
  for (const stream of [file, text]) stream.on('error', (error: Error) => parser.destroy(error))
  text.pipe(parser)
  const rows = new Map<string, ReadRow[]>()
  let columns: ResolvedColumns | undefined
  let line = 1
  try {
    for await (const row of parser as AsyncIterable<Row>) {
      line += 1
      if (line > rowsMax)
        throw new RecordedFileError('REPLAY_TOO_LARGE', `${path} has more than ${rowsMax} rows`)
      columns ??= resolveColumns(header, options.columns)
      const id = columns.series.map((name) => row[name] ?? '').join('/') || 'file'
      const list = rows.get(id) ?? []
      rows.set(id, list)
      list.push(readRow(row, columns, `${path}, line ${line}`))
    }
  } finally {
    file.destroy()
  }
  if (rows.size === 0) throw new RecordedFileError('REPLAY_EMPTY', `${path} has no row`)
  return new Map([...rows].map(([id, list]) => [id, seriesOf(list, options.barPath)]))
}

const readRow = (row: Row, columns: ResolvedColumns, where: string): ReadRow => {
  const priceAt = (name: string): PriceE18 => {
    const price = parsePrice(row[name] ?? '')
    if (price !== undefined) return price
    throw new RecordedFileError(
      'REPLAY_BAD_ROW',
      `${where}: ${name} is no price: ${row[name] ?? ''}`,
    )
  }
  const timeMs = timeMsOf(row[columns.time] ?? '', columns.timeUnit)
  if (timeMs === undefined)
    throw new RecordedFileError(
      'REPLAY_BAD_ROW',
      `${where}: ${columns.time} is no time: ${row[columns.time] ?? ''}`,
    )
  const { quoteRows, bid, ask, price, open, high, low, close } = columns
  const isQuote = quoteRows !== undefined && row[quoteRows.column] === quoteRows.value
  const hasQuote = bid !== undefined && ask !== undefined && (quoteRows === undefined || isQuote)
  const words: Words = hasQuote ? { bid: priceAt(bid), ask: priceAt(ask) } : {}
  if (isQuote) return { timeMs, words, bar: undefined }
  const last = price ?? close
  if (last !== undefined) words.last = priceAt(last)
  const isBar = price === undefined && open !== undefined && high !== undefined && low !== undefined
  return {
    timeMs,
    words,
    bar:
      isBar && close !== undefined
        ? { open: priceAt(open), high: priceAt(high), low: priceAt(low), close: priceAt(close) }
        : undefined,
  }
}

/** How long a word of a series stands: two bars, or a minute where there are only trades. */
export const holdMsOf = (barMs: number | undefined): number =>
  barMs === undefined ? 60_000 : 2 * barMs

/** The shortest distance between two rows is the length of a bar. */
const barLength = (rows: readonly ReadRow[]): number => {
  let shortest = Number.POSITIVE_INFINITY
  for (const [i, { timeMs }] of rows.entries()) {
    const gap = timeMs - (rows[i - 1]?.timeMs ?? Number.NEGATIVE_INFINITY)
    if (gap > 0 && gap < shortest) shortest = gap
  }
  return Number.isFinite(shortest) ? shortest : 60_000
}

/** When and what a bar's path says: its close belongs to the last moment of the bar, not to its opening time. */
const pathOf = ({ open, high, low, close }: Bar, barMs: number, barPath: 'ohlc' | 'close') => {
  const end = { afterMs: barMs - 1, last: close }
  if (barPath === 'close') return [end]
  const [nearer, other] = close >= open ? [low, high] : [high, low]
  const third = Math.floor(barMs / 3)
  return [
    { afterMs: 0, last: open },
    { afterMs: third, last: nearer },
    { afterMs: 2 * third, last: other },
    end,
  ]
}

const seriesOf = (unsorted: readonly ReadRow[], barPath: 'ohlc' | 'close'): RecordedSeries => {
  // Of one time the bar comes before the quote that closed it: nothing is known before it happened.
  const rows = unsorted.toSorted(
    (a, b) => a.timeMs - b.timeMs || Number(a.bar === undefined) - Number(b.bar === undefined),
  )
  const barMs = rows.some(({ bar }) => bar !== undefined) ? barLength(rows) : undefined
  const points: RecordedPoint[] = []
  let quote: { bid: PriceE18; ask: PriceE18; timeMs: TimeMs } | undefined
  let trade: PriceE18 | undefined
  const say = (timeMs: TimeMs, { bid, ask, last }: Words) => {
    if (bid !== undefined && ask !== undefined) quote = { bid, ask, timeMs }
    trade = last ?? trade
    // A book that was not heard of lately would outvote the trades in the median of the three.
    if (quote !== undefined && timeMs - quote.timeMs > holdMsOf(barMs)) quote = undefined
    const price = trade ?? (quote === undefined ? undefined : (quote.bid + quote.ask) / 2n)
    // A file of trades alone has no book: its price stands for all three.
    if (price !== undefined)
      points.push({ timeMs, bid: quote?.bid ?? price, ask: quote?.ask ?? price, last: price })
  }
  for (const { timeMs, words, bar } of rows) {
    if (bar === undefined || barMs === undefined) say(timeMs + (barMs ?? 1) - 1, words)
    else
      for (const { afterMs, last } of pathOf(bar, barMs, barPath)) say(timeMs + afterMs, { last })
  }
  return { points: points.toSorted((a, b) => a.timeMs - b.timeMs), barMs }
}
