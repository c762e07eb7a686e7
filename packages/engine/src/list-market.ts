//! ListMarket: a market's constants, each inside the range that keeps every product below 2^53.
import { eventKind, limits, rejectCode } from '@plumb/model'
import { touch } from './dirty-set.ts'
import { emit, reject } from './emit.ts'
import { placeMark } from './mark.ts'
import { setDefaultRisk } from './market-risk.ts'
import {
  M_FIXED_INDEX,
  M_IM_BPS,
  M_INDEX,
  M_LISTED,
  M_LOT_E8,
  M_MAKER_FEE,
  M_MARK_BAND,
  M_MAX_OPEN_INTEREST,
  M_MAX_ORDER,
  M_MAX_POSITION,
  M_MIN_NOTIONAL,
  M_MIN_ORDER,
  M_MM_BPS,
  M_PRICE_BAND,
  M_QUOTE_PER_TICK_LOT,
  M_TAKER_FEE,
  M_TICK_E8,
  MARKET_D,
} from './slabs.ts'
import type { EngineState } from './state.ts'

const PPM = 1_000_000
/** Largest value of one tick × one lot, micro-USDC: with the highest price still an exact integer. */
const QUOTE_PER_TICK_LOT_MAX = 1_048_576
/** Largest position limit of a market, lots; position and all open orders of a side add up to less than 2^53. */
export const POSITION_LOTS_MAX: number = 2 ** 44
/** Widest mark band: bounds the basis average of the mark (mark.ts). */
const MARK_BAND_PPM_MAX = 100_000

/** Where a listing's numbers stand in the command (doubles, then words), by market field. */
const doubles = [
  M_TICK_E8,
  M_LOT_E8,
  M_QUOTE_PER_TICK_LOT,
  M_MIN_ORDER,
  M_MAX_ORDER,
  M_MAX_POSITION,
  M_MIN_NOTIONAL,
  M_MAX_OPEN_INTEREST,
  M_FIXED_INDEX,
]
const words = [M_IM_BPS, M_MM_BPS, M_TAKER_FEE, M_MAKER_FEE, M_PRICE_BAND, M_MARK_BAND]
const FIRST_DOUBLE = 4
const FIRST_WORD = 26

const within = (value: number, min: number, max: number) =>
  Number.isSafeInteger(value) && value >= min && value <= max

export function listMarket(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const market = i32[w + 6]!
  const { markets } = state
  const inRange = market >= 0 && market < state.limits.markets
  const m = market * MARKET_D
  if (!inRange || markets[m + M_LISTED] === 1 || !isValid(f64, d, i32, w)) {
    reject(state, i32, f64, w, d, rejectCode.INVALID_PARAMETER)
    return
  }
  for (const [i, field] of doubles.entries()) markets[m + field] = f64[d + FIRST_DOUBLE + i]!
  for (const [i, field] of words.entries()) markets[m + field] = i32[w + FIRST_WORD + i]!
  markets[m + M_LISTED] = 1
  copySymbol(state, market, i32, w)
  setDefaultRisk(state, market)
  const fixed = markets[m + M_FIXED_INDEX]!
  if (fixed !== 0) {
    markets[m + M_INDEX] = fixed
    placeMark(state, market, fixed, fixed)
  }
  touch(state.dirtyMarkets, market)
  emit(state, eventKind.MarketListed, 0, market)
}

/** Whether a market of this number exists. */
export function isListed(state: EngineState, market: number): boolean {
  const inRange = market >= 0 && market < state.limits.markets
  return inRange && state.markets[market * MARKET_D + M_LISTED] === 1
}

function isValid(f64: Float64Array, d: number, i32: Int32Array, w: number): boolean {
  const number = (i: number) => f64[d + FIRST_DOUBLE + i]!
  const word = (i: number) => i32[w + FIRST_WORD + i]!
  const takerFee = word(2)
  const makerFee = word(3)
  return (
    within(number(0), 1, Number.MAX_SAFE_INTEGER) &&
    within(number(1), 1, Number.MAX_SAFE_INTEGER) &&
    within(number(2), 1, QUOTE_PER_TICK_LOT_MAX) &&
    within(number(3), 1, limits.sizeLotsMax) &&
    within(number(4), number(3), limits.sizeLotsMax) &&
    within(number(5), 1, POSITION_LOTS_MAX) &&
    within(number(6), 0, limits.notionalQuoteMax) &&
    within(number(7), 0, Number.MAX_SAFE_INTEGER) &&
    within(number(8), 0, limits.priceTicksMax) &&
    within(word(0), 1, 10_000) &&
    within(word(1), 1, word(0)) &&
    within(takerFee, 0, 255) &&
    within(makerFee, -Math.min(takerFee, 128), takerFee) &&
    within(word(4), 0, PPM - 1) &&
    within(word(5), 0, MARK_BAND_PPM_MAX)
  )
}

function copySymbol(state: EngineState, market: number, i32: Int32Array, w: number): void {
  const at = market * limits.symbolLengthMax
  for (let i = 0; i < limits.symbolLengthMax; i++)
    state.symbols[at + i] = (i32[w + 32 + (i >> 2)]! >>> (8 * (i & 3))) & 0xff
}
