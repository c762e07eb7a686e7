//! What the fields of PlaceAdvancedOrder must satisfy beyond those of a plain order (RULES.md 1.2).
import {
  limits,
  orderFlag,
  orderKind,
  orderStyle,
  type RejectCode,
  rejectCode,
  timeInForce,
  triggerKind,
  triggerSource,
} from '@plumb/model'
import { areLinksShaped } from './links.ts'
import { M_LISTED, M_MIN_ORDER, MARKET_D } from './slabs.ts'
import type { EngineState } from './state.ts'

const SLIPPAGE_MAX = 500_000
const TWAP_SLICES_MAX = 1_000
const TWAP_INTERVAL_S_MAX = 86_400
const TWAP_S_MAX = 604_800
const SCALE_LEVELS_MAX = 32

// The style, trigger kind and trigger source share word 54.
export const styleOf = (i32: Int32Array, w: number): number => i32[w + 54]! & 0xff
export const triggerKindOf = (i32: Int32Array, w: number): number => (i32[w + 54]! >>> 8) & 0xff
export const triggerSourceOf = (i32: Int32Array, w: number): number => (i32[w + 54]! >>> 16) & 0xff

const within = (value: number, min: number, max: number) =>
  Math.floor(value) === value && value >= min && value <= max

/** Market exists and the advanced fields go together; 0 = fine. `refuseShape` judges the rest. */
export function refuseAdvancedShape(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): RejectCode | 0 {
  const market = i32[w + 6]!
  if (!(market >= 0 && market < state.limits.markets)) return rejectCode.UNKNOWN_MARKET
  if (state.markets[market * MARKET_D + M_LISTED] === 0) return rejectCode.UNKNOWN_MARKET
  const style = styleOf(i32, w)
  const trigger = triggerKindOf(i32, w)
  const source = triggerSourceOf(i32, w)
  const known =
    style <= orderStyle.scale &&
    trigger <= triggerKind.takeProfit &&
    source <= triggerSource.last &&
    i32[w + 7] === 0
  if (!known) return rejectCode.INVALID_PARAMETER
  const kind = i32[w + 16]!
  if (kind < orderKind.limit || kind > orderKind.repricing) return rejectCode.UNSUPPORTED
  const shaped =
    kind === signedKind(style, trigger, source) &&
    isTriggerShaped(style, trigger, source, f64[d + 6]!) &&
    areFlagsShaped(style, i32[w + 15]!) &&
    areTermsShaped(state, i32, f64, w, d) &&
    areLinksShaped(i32, w, style, trigger !== 0)
  return shaped ? 0 : rejectCode.INVALID_PARAMETER
}

/** The kind under which such an order is signed: what the contract can judge of it. */
export function signedKind(style: number, trigger: number, source: number): number {
  if (style === orderStyle.slide || style === orderStyle.peg || style === orderStyle.scale)
    return orderKind.repricing
  return source === triggerSource.mark && style !== orderStyle.trailing ? trigger : orderKind.limit
}

function isTriggerShaped(style: number, trigger: number, source: number, ticks: number): boolean {
  if (style === orderStyle.trailing) return trigger === triggerKind.stop && ticks === 0
  if (trigger === triggerKind.none) return source === 0 && ticks === 0
  return style <= orderStyle.market && within(ticks, 1, limits.priceTicksMax)
}

/** Time in force and post-only as the style needs them. */
export function areFlagsShaped(style: number, flags: number): boolean {
  const tif = (flags >> 2) & 3
  const postOnly = (flags & orderFlag.postOnly) !== 0
  switch (style) {
    case orderStyle.market:
    case orderStyle.twap:
      return tif === timeInForce.ioc && !postOnly
    case orderStyle.slide:
    case orderStyle.peg:
      return tif === timeInForce.gtc && postOnly
    case orderStyle.iceberg:
    case orderStyle.scale:
      return tif === timeInForce.gtc
    default:
      return true
  }
}

function areTermsShaped(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): boolean {
  const style = styleOf(i32, w)
  const offset = i32[w + 58]!
  const count = i32[w + 59]!
  const seconds = i32[w + 60]!
  const slippage = i32[w + 61]!
  const display = f64[d + 31]!
  const least = state.markets[i32[w + 6]! * MARKET_D + M_MIN_ORDER]!
  const distant = style === orderStyle.trailing || style === orderStyle.scale
  if (distant ? offset < 1 : offset !== 0 && style !== orderStyle.peg) return false
  const capped = style === orderStyle.market || style === orderStyle.twap
  if (slippage < 0 || slippage > (capped ? SLIPPAGE_MAX : 0)) return false
  if (style === orderStyle.iceberg ? !within(display, least, f64[d + 5]! - 1) : display !== 0)
    return false
  if (style === orderStyle.twap)
    return (
      within(count, 2, TWAP_SLICES_MAX) &&
      within(seconds, 1, TWAP_INTERVAL_S_MAX) &&
      count * seconds <= TWAP_S_MAX
    )
  if (seconds !== 0) return false
  if (style !== orderStyle.scale) return count === 0
  const distance = (count - 1) * offset
  const last = i32[w + 14] === 0 ? f64[d + 4]! - distance : f64[d + 4]! + distance
  return (
    within(count, 2, SCALE_LEVELS_MAX) &&
    f64[d + 5]! >= count * least &&
    last >= 1 &&
    last <= limits.priceTicksMax
  )
}
