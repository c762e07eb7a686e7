//! The mark (risk.md 1.2, RULES 6.1): the book's price, weighted by how long it has been tight, against the index; clamped.
import { eventKind, limits, mulDivCeil, mulDivFloor, mulDivFloorSigned } from '@plumb/model'
import { touch } from './dirty-set.ts'
import { emit } from './emit.ts'
import { noteMove } from './headroom-store.ts'
import { addToMean } from './mean-mark.ts'
import { updateBands } from './order-admission.ts'
import {
  CK_EMA_N,
  CK_SECOND,
  CK_WEIGHT,
  CLOCK_D,
  M_BEST_ASK,
  M_BEST_BID,
  M_EMA_D,
  M_EMA_N,
  M_EMA_TIME,
  M_INDEX,
  M_LAST,
  M_LONG_QUOTE,
  M_MARK,
  M_MARK_BAND,
  M_MARK_QUOTE,
  M_MEAN_MARK,
  M_QUOTE_PER_TICK_LOT,
  M_SHORT_QUOTE,
  MARKET_D,
  TIME_MS,
} from './slabs.ts'
import type { EngineState } from './state.ts'

const PPM = 1_000_000
const TWO_32 = 4_294_967_296
const TWO_16 = 65_536
/** Decay of one second at time constants of 150 and 30 seconds, in 2^-32. */
const DECAY_150 = 4_266_429_412
const DECAY_30 = 4_154_161_519
/** Places within an average, from its numerator. */
const DENOMINATOR = M_EMA_D - M_EMA_N
const TIME = M_EMA_TIME - M_EMA_N
/** A longer gap between samples starts an average afresh. */
const EMA_GAP_MS = 30_000
/** Seconds of a tight book after which the mark is the book's price alone, and the most that one update counts. */
const WEIGHT_MAX = 1_800
const WEIGHT_STEP_MAX = 60

/** Mark and mean mark, and all that is derived from them. */
export function placeMark(state: EngineState, market: number, mark: number, mean: number): void {
  const { markets } = state
  const m = market * MARKET_D
  const q = markets[m + M_QUOTE_PER_TICK_LOT]!
  const long = Math.min(mark, mean) * q
  const short = Math.max(mark, mean) * q
  const moved = Math.max(
    partMoved(markets[m + M_MARK_QUOTE]!, mark * q),
    partMoved(markets[m + M_LONG_QUOTE]!, long),
    partMoved(markets[m + M_SHORT_QUOTE]!, short),
  )
  if (moved > 0) noteMove(state.headroom, market, moved)
  markets[m + M_MEAN_MARK] = mean
  markets[m + M_LONG_QUOTE] = long
  markets[m + M_SHORT_QUOTE] = short
  if (mark === markets[m + M_MARK]) return
  markets[m + M_MARK] = mark
  markets[m + M_MARK_QUOTE] = mark * q
  updateBands(state, market)
}

/** How far a price has moved, as a part of what it was; the whole if there was none. */
function partMoved(before: number, after: number): number {
  return before === 0 ? 1 : Math.abs(after - before) / before
}

/** One second's mark of a market whose index is live. */
export function updateMark(state: EngineState, market: number): void {
  const { markets } = state
  const m = market * MARKET_D
  const index = markets[m + M_INDEX]!
  const band = markets[m + M_MARK_BAND]!
  touch(state.dirtyMarkets, market)
  const fair = fairPrice(state, market)
  const weight = updateWeight(state, market)
  const mixed = Math.floor((weight * fair + (WEIGHT_MAX - weight) * index) / WEIGHT_MAX)
  const lowest = mulDivCeil(index, PPM - band, PPM)
  const highest = Math.min(mulDivFloor(index, PPM + band, PPM), limits.priceTicksMax)
  const mark = Math.min(Math.max(mixed, lowest), highest)
  const before = markets[m + M_MARK]!
  placeMark(state, market, mark, addToMean(state, market, mark))
  if (mark === before) return
  const d = emit(state, eventKind.MarkUpdated, 0, market) * 20
  state.events.f64[d + 4] = mark
  state.events.f64[d + 5] = index
}

/** m: the median of what the book says, or the index where it says nothing. */
function fairPrice(state: EngineState, market: number): number {
  const { markets, clocks } = state
  const m = market * MARKET_D
  const index = markets[m + M_INDEX]!
  const bid = markets[m + M_BEST_BID]!
  const ask = markets[m + M_BEST_ASK]!
  const last = markets[m + M_LAST]!
  if (bid === 0 || ask === 0) return index
  const middle = Math.floor((bid + ask) / 2)
  const basis = index + average(state, market, markets, m + M_EMA_N, middle - index, DECAY_150)
  if (last === 0) return Math.floor((basis + index) / 2)
  const traded = median3(bid, ask, last)
  const at = market * CLOCK_D + CK_EMA_N
  const smooth = index + average(state, market, clocks, at, traded - index, DECAY_30)
  return median3(basis, traded, smooth)
}

/** The basis averages start afresh, as after a gap. */
export function restartAverages(state: EngineState, market: number): void {
  state.markets[market * MARKET_D + M_EMA_N + 2] = 0
  state.clocks[market * CLOCK_D + CK_EMA_N + 2] = 0
}

function median3(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c))
}

/**
 * Takes a sample into the average at `at` (numerator, denominator, time) and answers it: n ← floor(n·D/2^32) + x·2^16,
 * d ← floor(d·D/2^32) + 2^16, floor(n/d): a weighted mean in integers.
 */
function average(
  state: EngineState,
  market: number,
  averages: Float64Array,
  at: number,
  sample: number,
  decay: number,
): number {
  const { markets, totals } = state
  const m = market * MARKET_D
  const now = totals[TIME_MS]!
  // Inside the mark band the sum stays below 2^32 × 10 % × 2^16 × 151 < 2^53, and one mad quote moves little.
  const bound = mulDivFloor(markets[m + M_INDEX]!, markets[m + M_MARK_BAND]!, PPM)
  const x = Math.min(Math.max(sample, 0 - bound), bound)
  const fresh = now - averages[at + TIME]! > EMA_GAP_MS
  const n = (fresh ? 0 : mulDivFloorSigned(averages[at]!, decay, TWO_32)) + x * TWO_16
  const d = (fresh ? 0 : mulDivFloor(averages[at + DENOMINATOR]!, decay, TWO_32)) + TWO_16
  averages[at] = n
  averages[at + DENOMINATOR] = d
  averages[at + TIME] = now
  return Math.floor(n / d)
}

/** w: one more for each second that ends with a spread of at most 1 % of the middle, one less for each other. */
function updateWeight(state: EngineState, market: number): number {
  const { markets, clocks, totals } = state
  const m = market * MARKET_D
  const c = market * CLOCK_D
  const second = Math.floor(totals[TIME_MS]! / 1_000)
  const before = clocks[c + CK_SECOND]!
  const passed = before === 0 ? 0 : Math.min(second - before, WEIGHT_STEP_MAX)
  const bid = markets[m + M_BEST_BID]!
  const ask = markets[m + M_BEST_ASK]!
  const tight = bid !== 0 && ask !== 0 && 200 * (ask - bid) <= ask + bid
  const weight = clocks[c + CK_WEIGHT]! + (tight ? passed : 0 - passed)
  clocks[c + CK_SECOND] = second
  return (clocks[c + CK_WEIGHT] = Math.min(Math.max(weight, 0), WEIGHT_MAX))
}
