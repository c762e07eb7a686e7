//! Candles of one price of a market in buckets of one length; older ones than those kept are the ledger's.
import type { CandleInterval } from '@plumb/protocol'

const MINUTE_MS = 60_000
/** Length of each candle interval. */
export const intervalMs: Record<CandleInterval, number> = {
  '1s': 1_000,
  '1m': MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '1h': 60 * MINUTE_MS,
  '4h': 240 * MINUTE_MS,
  '1d': 1_440 * MINUTE_MS,
  '1w': 10_080 * MINUTE_MS,
}
/** A week of minutes. */
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
  readonly #bucketMs: number
  readonly #kept: number
  readonly #minutes: Candle[] = []

  /** @param bucketMs length of a bucket; other intervals are multiples of it */
  constructor(bucketMs: number = MINUTE_MS, kept: number = MINUTES_KEPT) {
    this.#bucketMs = bucketMs
    this.#kept = kept
  }

  /** Buckets kept, ascending. */
  get rows(): readonly Candle[] {
    return this.#minutes
  }

  /** Takes buckets that were kept before. Only while empty. */
  restore(candles: readonly Candle[]): void {
    for (const candle of candles) this.#minutes.push(candle)
  }

  /** A trade of `lots`; or, with 0 lots, a price that was seen. */
  add(timeMs: number, priceTicks: number, lots: number, quote: number): void {
    const openTimeMs = timeMs - (timeMs % this.#bucketMs)
    const last = this.#minutes.at(-1)
    const trades = lots === 0 ? 0 : 1
    if (last?.openTimeMs === openTimeMs) {
      last.high = Math.max(last.high, priceTicks)
      last.low = Math.min(last.low, priceTicks)
      last.close = priceTicks
      last.lots += lots
      last.quote += quote
      last.trades += trades
      return
    }
    const [open, high, low, close] = [priceTicks, priceTicks, priceTicks, priceTicks]
    this.#minutes.push({ openTimeMs, open, high, low, close, lots, quote, trades })
    if (this.#minutes.length > this.#kept) this.#minutes.shift()
  }

  /** All trades since a time (to the bucket) as one candle; null when there were none. */
  since(timeMs: number): Candle | null {
    const from = this.#placeOf(timeMs)
    return from === this.#minutes.length ? null : merge(this.#minutes.slice(from))
  }

  /** The bucket of an interval that a time is in, as far as it has come; null when nothing happened in it. */
  current(lengthMs: number, timeMs: number): Candle | null {
    const start = bucketStart(timeMs, lengthMs)
    const from = this.#placeOf(start)
    if (from === this.#minutes.length) return null
    return { ...merge(this.#minutes.slice(from)), openTimeMs: start }
  }

  /** Price of the last trade kept, or null. */
  get last(): number | null {
    return this.#minutes.at(-1)?.close ?? null
  }

  /** Open time of the oldest minute kept; null when nothing was forgotten. */
  get forgottenBefore(): number | null {
    return this.#minutes.length < this.#kept ? null : (this.#minutes[0]?.openTimeMs ?? null)
  }

  /**
   * Candles of an interval that is a multiple of the bucket, ascending: with `sinceMs` the oldest `limit` from there,
   * else the newest up to `untilMs`. Quiet buckets repeat the close. None before the first trade.
   */
  list(lengthMs: number, sinceMs: number | undefined, untilMs: number, limit: number): Candle[] {
    const [oldest] = this.#minutes
    if (oldest === undefined) return []
    const first = bucketStart(oldest.openTimeMs, lengthMs)
    const newest = bucketStart(untilMs, lengthMs)
    const span = (limit - 1) * lengthMs
    const from = Math.max(
      first,
      sinceMs === undefined ? newest - span : bucketStart(sinceMs, lengthMs),
    )
    const to = Math.min(newest, from + span)
    let at = this.#placeOf(from)
    let close = this.#minutes[at - 1]?.close ?? 0
    const candles: Candle[] = []
    for (let start = from; start <= to; start += lengthMs) {
      const next = this.#placeOf(start + lengthMs)
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

const WEEK_MS = intervalMs['1w']
/** 1970-01-05 was a Monday. */
const MONDAY_MS = 4 * 86_400_000

function bucketStart(timeMs: number, lengthMs: number): number {
  const offset = lengthMs === WEEK_MS ? MONDAY_MS : 0
  return timeMs - ((timeMs - offset) % lengthMs)
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
