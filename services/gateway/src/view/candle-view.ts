//! Minute candles of one market out of its trades; a week in memory, older ones are the ledger's.

const MINUTE_MS = 60_000
const MINUTES_KEPT = 10_080

/** A bucket that had trades. Prices in ticks. */
export type Candle = {
  openTimeMs: number
  open: number
  high: number
  low: number
  close: number
  lots: number
  quote: number
  trades: number
}

export class CandleView {
  readonly #minutes: Candle[] = []

  add(timeMs: number, priceTicks: number, lots: number, quote: number): void {
    const openTimeMs = timeMs - (timeMs % MINUTE_MS)
    const last = this.#minutes.at(-1)
    if (last?.openTimeMs === openTimeMs) {
      last.high = Math.max(last.high, priceTicks)
      last.low = Math.min(last.low, priceTicks)
      last.close = priceTicks
      last.lots += lots
      last.quote += quote
      last.trades += 1
      return
    }
    const [open, high, low, close] = [priceTicks, priceTicks, priceTicks, priceTicks]
    this.#minutes.push({ openTimeMs, open, high, low, close, lots, quote, trades: 1 })
    if (this.#minutes.length > MINUTES_KEPT) this.#minutes.shift()
  }

  /** All trades since a time (to the minute) as one candle; null when there were none. */
  since(timeMs: number): Candle | null {
    const from = this.#minutes.findIndex((candle) => candle.openTimeMs >= timeMs)
    return from < 0 ? null : merge(this.#minutes.slice(from))
  }

  /** Price of the last trade kept, or null. */
  get last(): number | null {
    return this.#minutes.at(-1)?.close ?? null
  }

  /** Candles of an interval that is a multiple of a minute; quiet buckets repeat the close. */
  list(intervalMs: number, sinceMs: number, untilMs: number, limit: number): Candle[] {
    const buckets = new Map<number, Candle[]>()
    for (const minute of this.#minutes) {
      const start = bucketStart(minute.openTimeMs, intervalMs)
      const bucket = buckets.get(start)
      if (bucket === undefined) buckets.set(start, [minute])
      else bucket.push(minute)
    }
    const first = buckets.keys().next().value
    if (first === undefined) return []
    const candles: Candle[] = []
    let close = 0
    for (let start = first; start <= untilMs; start = nextBucket(start, intervalMs)) {
      const bucket = buckets.get(start)
      const candle =
        bucket === undefined ? quiet(start, close) : { ...merge(bucket), openTimeMs: start }
      close = candle.close
      if (start >= sinceMs) candles.push(candle)
    }
    return sinceMs > 0 ? candles.slice(0, limit) : candles.slice(-limit)
  }
}

const WEEK_MS = 604_800_000
/** 1970-01-05 was a Monday. */
const MONDAY_MS = 4 * 86_400_000

function bucketStart(timeMs: number, intervalMs: number): number {
  const offset = intervalMs === WEEK_MS ? MONDAY_MS : 0
  return timeMs - ((timeMs - offset) % intervalMs)
}

function nextBucket(start: number, intervalMs: number): number {
  return start + intervalMs
}

function quiet(openTimeMs: number, close: number): Candle {
  return { openTimeMs, open: close, high: close, low: close, close, lots: 0, quote: 0, trades: 0 }
}

function merge(candles: readonly Candle[]): Candle {
  const merged = quiet(candles[0]?.openTimeMs ?? 0, 0)
  merged.open = candles[0]?.open ?? 0
  merged.low = merged.open
  for (const candle of candles) {
    merged.high = Math.max(merged.high, candle.high)
    merged.low = Math.min(merged.low, candle.low)
    merged.close = candle.close
    merged.lots += candle.lots
    merged.quote += candle.quote
    merged.trades += candle.trades
  }
  return merged
}
