//! SetThrottle: how much a new order must be worth, or that it must be post-only, while settlement is behind.
import { eventKind, limits, rejectCode } from '@plumb/model'
import { emit, reject } from './emit.ts'
import { THROTTLE_LEVEL, THROTTLE_NOTIONAL } from './slabs.ts'
import type { EngineState } from './state.ts'

const LEVEL_MAX = 2

export function setThrottle(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const level = i32[w + 14]!
  const least = f64[d + 4]!
  const valid =
    level >= 0 &&
    level <= LEVEL_MAX &&
    Number.isSafeInteger(least) &&
    least >= 0 &&
    least <= limits.notionalQuoteMax
  if (!valid) {
    reject(state, i32, f64, w, d, rejectCode.INVALID_PARAMETER)
    return
  }
  state.totals[THROTTLE_LEVEL] = level
  state.totals[THROTTLE_NOTIONAL] = least
  const record = emit(state, eventKind.ThrottleSet, 0, 0)
  state.events.f64[record * 20 + 4] = least
  state.events.i32[record * 40 + 10] = level
}
