//! ObservePrice: one publisher's page of prices; the index is the lower median of the fresh ones.
import { eventKind, limits, marketState, rejectCode } from '@plumb/model'
import { touch } from './dirty-set.ts'
import { emit, reject } from './emit.ts'
import {
  M_FIXED_INDEX,
  M_INDEX,
  M_INDEX_TIME,
  M_LISTED,
  M_STATE,
  MARKET_D,
  PUBLISHERS,
  QUORUM,
  TIME_MS,
} from './slabs.ts'
import { type EngineState, PUBLISHER_D } from './state.ts'

/** A publisher silent for longer than this does not count (risk.md 1.1). */
export const PUBLISHER_FRESH_MS = 10_000
/** How far a publisher's clock may be ahead. */
const AHEAD_MS = 5_000
const PRICES_W = 32

/** Record of a publisher's page. */
export function publisherRecord(state: EngineState, publisher: number, page: number): number {
  return publisher * Math.ceil(state.limits.markets / limits.pricesPerPage) + page
}

export function observePrice(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const { totals, publishers } = state
  const publisher = i32[w + 14]!
  const page = i32[w + 15]!
  const count = i32[w + 12]!
  const publishTime = f64[d + 4]!
  if (!(publisher >= 0 && publisher < totals[PUBLISHERS]!)) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_PUBLISHER)
    return
  }
  const now = totals[TIME_MS]!
  const valid =
    page >= 0 &&
    page * limits.pricesPerPage < state.limits.markets &&
    count >= 1 &&
    count <= limits.pricesPerPage &&
    Number.isSafeInteger(publishTime) &&
    publishTime <= now + AHEAD_MS
  if (!valid) {
    reject(state, i32, f64, w, d, rejectCode.INVALID_PARAMETER)
    return
  }
  const record = publisherRecord(state, publisher, page)
  const at = record * PUBLISHER_D
  if (publishTime <= publishers[at]! || now - publishTime > PUBLISHER_FRESH_MS) {
    reject(state, i32, f64, w, d, rejectCode.STALE_PRICE_MESSAGE, publishers[at])
    return
  }
  publishers[at] = publishTime
  for (let i = 0; i < limits.pricesPerPage; i++)
    publishers[at + 1 + i] = i < count ? i32[w + PRICES_W + i]! >>> 0 : 0
  touch(state.dirtyPublishers, record)
  for (let i = 0; i < count; i++) if (publishers[at + 1 + i] !== 0) updateIndex(state, page, i)
}

function updateIndex(state: EngineState, page: number, place: number): void {
  const { markets, totals } = state
  const market = page * limits.pricesPerPage + place
  const m = market * MARKET_D
  if (market >= state.limits.markets || markets[m + M_LISTED] === 0) return
  if (markets[m + M_FIXED_INDEX] !== 0 || markets[m + M_STATE] === marketState.settled) return
  const prices = freshPrices(state, page, place)
  if (prices.length < totals[QUORUM]!) return
  const index = prices[(prices.length - 1) >> 1]!
  markets[m + M_INDEX_TIME] = totals[TIME_MS]!
  touch(state.dirtyMarkets, market)
  if (index === markets[m + M_INDEX]) return
  markets[m + M_INDEX] = index
  const record = emit(state, eventKind.IndexUpdated, 0, market)
  state.events.f64[record * 20 + 4] = index
  state.events.i32[record * 40 + 14] = prices.length
}

// A few messages a second, five prices each: a small array here costs nothing anyone could measure.
function freshPrices(state: EngineState, page: number, place: number): number[] {
  const { publishers, totals } = state
  const prices: number[] = []
  for (let p = 0; p < totals[PUBLISHERS]!; p++) {
    const at = publisherRecord(state, p, page) * PUBLISHER_D
    const price = publishers[at + 1 + place]!
    if (price !== 0 && totals[TIME_MS]! - publishers[at]! <= PUBLISHER_FRESH_MS) prices.push(price)
  }
  return prices.toSorted((a, b) => a - b)
}
