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
    const from = this.#placeOf(timeMs)
    return from === this.#minutes.length ? null : merge(this.#minutes.slice(from))
  }

  /** Price of the last trade kept, or null. */
  get last(): number | null {
    return this.#minutes.at(-1)?.close ?? null
  }

  /** Open time of the oldest minute kept; null when nothing was forgotten. */
  get forgottenBefore(): number | null {
    return this.#minutes.length < MINUTES_KEPT ? null : (this.#minutes[0]?.openTimeMs ?? null)
  }

  /**
   * Candles of an interval that is a multiple of a minute, ascending: with `sinceMs` the oldest `limit` from there,
   * else the newest up to `untilMs`. Quiet buckets repeat the close. None before the first trade.
   */
  list(intervalMs: number, sinceMs: number | undefined, untilMs: number, limit: number): Candle[] {
    const [oldest] = this.#minutes
    if (oldest === undefined) return []
    const first = bucketStart(oldest.openTimeMs, intervalMs)
    const newest = bucketStart(untilMs, intervalMs)
    const span = (limit - 1) * intervalMs
    const from = Math.max(
      first,
      sinceMs === undefined ? newest - span : bucketStart(sinceMs, intervalMs),
    )
    const to = Math.min(newest, from + span)
    let at = this.#placeOf(from)
    let close = this.#minutes[at - 1]?.close ?? 0
    const candles: Candle[] = []
    for (let start = from; start <= to; start += intervalMs) {
      const next = this.#placeOf(start + intervalMs)
      const candle = next === at ? quiet(start, close) : merge(this.#minutes.slice(at, next))
      candle.openTimeMs = start
      candles.push(candle)
      close = candle.close
      at = next
    }
    return candles
  }

  /** Index of the first minute that opens at or after a time. */
  #placeOf(timeMs: number): number {
    let low = 0
    let high = this.#minutes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#minutes[middle]?.openTimeMs ?? 0) < timeMs) low = middle + 1
      else high = middle
    }
    return low
  }
}

const WEEK_MS = 604_800_000
/** 1970-01-05 was a Monday. */
const MONDAY_MS = 4 * 86_400_000

function bucketStart(timeMs: number, intervalMs: number): number {
  const offset = intervalMs === WEEK_MS ? MONDAY_MS : 0
  return timeMs - ((timeMs - offset) % intervalMs)
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
