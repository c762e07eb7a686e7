//! The mark (risk.md 1.2, first form): median of index + ema150(mid − index), median(bid, ask, last) and index, clamped.
import { eventKind, limits, mulDivCeil, mulDivFloor, mulDivFloorSigned } from '@plumb/model'
import { touch } from './dirty-set.ts'
import { emit } from './emit.ts'
import { updateBands } from './order-admission.ts'
import {
  M_BEST_ASK,
  M_BEST_BID,
  M_EMA_D,
  M_EMA_N,
  M_EMA_TIME,
  M_INDEX,
  M_LAST,
  M_MARK,
  M_MARK_BAND,
  M_MARK_QUOTE,
  M_QUOTE_PER_TICK_LOT,
  MARKET_D,
  TIME_MS,
} from './slabs.ts'
import type { EngineState } from './state.ts'

const PPM = 1_000_000
const TWO_32 = 4_294_967_296
const TWO_16 = 65_536
/** Decay of one second at a 150-second time constant, in 2^-32. */
const DECAY_150 = 4_266_429_412
/** A longer gap between two-sided books starts the average afresh. */
const EMA_GAP_MS = 30_000

/** One second's mark of a market whose index is live. */
export function updateMark(state: EngineState, market: number): void {
  const { markets } = state
  const m = market * MARKET_D
  const index = markets[m + M_INDEX]!
  const band = markets[m + M_MARK_BAND]!
  const bid = markets[m + M_BEST_BID]!
  const ask = markets[m + M_BEST_ASK]!
  const last = markets[m + M_LAST]!
  touch(state.dirtyMarkets, market)
  const hasBook = bid !== 0 && ask !== 0
  if (hasBook) sampleBasis(state, market, Math.floor((bid + ask) / 2) - index)
  const fair = hasBook ? index + basisOf(state, market) : 0
  const traded = hasBook && last !== 0 ? median3(bid, ask, last) : 0
  const lowest = mulDivCeil(index, PPM - band, PPM)
  const highest = Math.min(mulDivFloor(index, PPM + band, PPM), limits.priceTicksMax)
  const mark = Math.min(Math.max(combine(fair, traded, index), lowest), highest)
  if (mark === markets[m + M_MARK]) return
  markets[m + M_MARK] = mark
  markets[m + M_MARK_QUOTE] = mark * markets[m + M_QUOTE_PER_TICK_LOT]!
  updateBands(state, market)
  const d = emit(state, eventKind.MarkUpdated, 0, market) * 20
  state.events.f64[d + 4] = mark
  state.events.f64[d + 5] = index
}

/** Median of the components there are; an even count takes the floor of the middle mean. */
function combine(fair: number, traded: number, index: number): number {
  if (fair === 0) return index
  return traded === 0 ? Math.floor((fair + index) / 2) : median3(fair, traded, index)
}

function median3(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c))
}

/** n ← floor(n·D/2^32) + x·2^16, d ← floor(d·D/2^32) + 2^16: a weighted mean in integers. */
function sampleBasis(state: EngineState, market: number, basis: number): void {
  const { markets, totals } = state
  const m = market * MARKET_D
  const now = totals[TIME_MS]!
  // Inside the mark band the sum stays below 2^32 × 10 % × 2^16 × 151 < 2^53, and one mad quote moves little.
  const bound = mulDivFloor(markets[m + M_INDEX]!, markets[m + M_MARK_BAND]!, PPM)
  const x = Math.min(Math.max(basis, 0 - bound), bound)
  const fresh = now - markets[m + M_EMA_TIME]! > EMA_GAP_MS
  const n = fresh ? 0 : mulDivFloorSigned(markets[m + M_EMA_N]!, DECAY_150, TWO_32)
  const d = fresh ? 0 : mulDivFloor(markets[m + M_EMA_D]!, DECAY_150, TWO_32)
  markets[m + M_EMA_N] = n + x * TWO_16
  markets[m + M_EMA_D] = d + TWO_16
  markets[m + M_EMA_TIME] = now
}

function basisOf(state: EngineState, market: number): number {
  const m = market * MARKET_D
  return Math.floor(state.markets[m + M_EMA_N]! / state.markets[m + M_EMA_D]!)
}
