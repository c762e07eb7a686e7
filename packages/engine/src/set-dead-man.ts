//! SetDeadMan (RULES.md).
import { rejectCode } from '@plumb/model'
import { reject } from './emit.ts'
import type { EngineState } from './state.ts'

export function setDeadMan(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  reject(state, i32, f64, w, d, rejectCode.UNSUPPORTED)
}
