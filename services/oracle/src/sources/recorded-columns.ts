//! How a recorded file's header is read: which column says what.
import { z } from 'zod'

/** Thrown for a file that cannot be replayed: what is wrong, and where. */
export class RecordedFileError extends Error {
  readonly code: 'REPLAY_NO_COLUMN' | 'REPLAY_BAD_ROW' | 'REPLAY_TOO_LARGE' | 'REPLAY_EMPTY'

  constructor(code: RecordedFileError['code'], message: string) {
    super(message)
    this.name = 'RecordedFileError'
    this.code = code
  }
}

const column = z.string().min(1).max(64)

/** The header mapping of a recorded file, all by column name. What is left out is found by the usual names. */
export const recordedColumnsSchema = z.strictObject({
  time: column.optional(),
  /** `auto` tells seconds, milliseconds, microseconds and nanoseconds by their size, else reads ISO 8601. */
  timeUnit: z.enum(['auto', 's', 'ms', 'us', 'ns', 'iso']).default('auto'),
  /** Columns that together name a series (venue, pair): `binance/BTCUSDT`. None: the file is one series. */
  series: z.array(column).max(8).optional(),
  /** A trade's price, or a quote's last. */
  price: column.optional(),
  open: column.optional(),
  high: column.optional(),
  low: column.optional(),
  close: column.optional(),
  bid: column.optional(),
  ask: column.optional(),
  /** Rows of this value in this column are quotes: `bid` and `ask` are read there, prices elsewhere. */
  quoteRows: z.strictObject({ column, value: z.string() }).optional(),
})

export type RecordedColumns = z.output<typeof recordedColumnsSchema>

/** A mapping of which each column exists in the header. */
export type ResolvedColumns = Omit<RecordedColumns, 'time' | 'series'> & {
  time: string
  series: readonly string[]
}

const timeNames = ['open_time_s', 'timestamp', 'open_time', 'time_ms', 'time', 'date', 'datetime']
const seriesNames = ['exchange', 'venue', 'market', 'pair', 'symbol']

/**
 * Completes a mapping from the header. Known by themselves: trades (`price`), bars (`open`, `high`, `low`, `close`),
 * quotes (`bid`, `ask`), and bars of trades and quotes in one file (`type` = `quote`, `ask_close`).
 *
 * @throws RecordedFileError REPLAY_NO_COLUMN naming what is missing and what there is
 */
export const resolveColumns = (
  header: readonly string[],
  wanted: RecordedColumns,
): ResolvedColumns => {
  const has = (name: string | undefined) => name !== undefined && header.includes(name)
  const given = Object.values(wanted).flatMap((value) =>
    typeof value === 'string' ? [value] : Array.isArray(value) ? value : (value?.column ?? []),
  )
  const strangers = given.filter((name) => name !== wanted.timeUnit && !has(name))
  if (strangers.length > 0) throw missing(strangers.join(', '), header)
  const found = (name: string) => (has(name) ? name : undefined)
  const time = wanted.time ?? timeNames.find(has)
  if (time === undefined) throw missing('a time column', header)
  const mixed = has('type') && has('ask_close')
  const resolved: ResolvedColumns = {
    timeUnit: wanted.timeUnit,
    time,
    series: wanted.series ?? seriesNames.filter(has),
    price: wanted.price ?? found('price') ?? found('last'),
    open: wanted.open ?? found('open'),
    high: wanted.high ?? found('high'),
    low: wanted.low ?? found('low'),
    close: wanted.close ?? found('close'),
    bid: wanted.bid ?? (mixed ? found('close') : found('bid')),
    ask: wanted.ask ?? (mixed ? 'ask_close' : found('ask')),
    quoteRows: wanted.quoteRows ?? (mixed ? { column: 'type', value: 'quote' } : undefined),
  }
  const { price, close, bid, ask } = resolved
  if (price === undefined && close === undefined && (bid === undefined || ask === undefined))
    throw missing('a price column (price, close, or bid and ask)', header)
  return resolved
}

const missing = (what: string, header: readonly string[]) =>
  new RecordedFileError(
    'REPLAY_NO_COLUMN',
    `no column ${what}; the header has ${header.join(', ')}`,
  )

const unitOfLength: Record<number, 's' | 'ms' | 'us' | 'ns'> = {
  10: 's',
  13: 'ms',
  16: 'us',
  19: 'ns',
}
const timeMsMax = 8_640_000_000_000_000

/** Milliseconds since 1970 of a time's text, or undefined where it is none. Fractions of a millisecond are cut. */
export const timeMsOf = (text: string, unit: RecordedColumns['timeUnit']): number | undefined => {
  const [, whole = '', fraction = ''] = /^(\d{1,19})(?:\.(\d+))?$/.exec(text) ?? []
  const known = unit === 'auto' && whole !== '' ? unitOfLength[whole.length] : unit
  const timeMs =
    known === 'auto' || known === 'iso' ? isoMs(text) : digitsMs(whole, fraction, known)
  return timeMs !== undefined && timeMs <= timeMsMax ? timeMs : undefined
}

const digitsMs = (whole: string, fraction: string, unit: 's' | 'ms' | 'us' | 'ns' | undefined) => {
  if (whole === '' || unit === undefined) return undefined
  // By text: in floats 1.005 s are 1004 ms.
  if (unit === 's') return Number(whole + fraction.slice(0, 3).padEnd(3, '0'))
  return Number(unit === 'ms' ? whole : whole.slice(0, unit === 'us' ? -3 : -6))
}

const isoMs = (text: string) => {
  const dated = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00` : text.replace(' ', 'T')
  // A time without a zone is UTC in a market's record, never this machine's zone.
  const timeMs = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(dated) ? dated : `${dated}Z`)
  return Number.isNaN(timeMs) ? undefined : timeMs
}
