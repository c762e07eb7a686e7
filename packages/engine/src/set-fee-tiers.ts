//! SetFeeTiers: the exchange's ladder of volumes and what each takes off the fees (RULES 2.5).
import { eventKind, rejectCode } from '@plumb/model'
import { emit, reject } from './emit.ts'
import { countRecord, mixFeeTier } from './hash-state.ts'
import { type EngineState, FEE_TIER_D, FEE_TIERS, LARGEST_TAKER_OFF } from './state.ts'

const OFF_MAX = 255
const VOLUMES_D = 4
const TAKER_OFFS_W = 22
const MAKER_OFFS_W = 29

export function setFeeTiers(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  if (!isValid(i32, f64, w, d)) {
    reject(state, i32, f64, w, d, rejectCode.INVALID_PARAMETER)
    return
  }
  const { feeTiers } = state
  let largest = 0
  for (let t = 1; t < FEE_TIERS; t++) {
    countRecord(state, mixFeeTier, t, -1)
    feeTiers[t * FEE_TIER_D] = f64[d + VOLUMES_D + t - 1]!
    feeTiers[t * FEE_TIER_D + 1] = i32[w + TAKER_OFFS_W + t - 1]!
    feeTiers[t * FEE_TIER_D + 2] = i32[w + MAKER_OFFS_W + t - 1]!
    countRecord(state, mixFeeTier, t, 1)
    largest = Math.max(largest, feeTiers[t * FEE_TIER_D + 1]!)
  }
  feeTiers[LARGEST_TAKER_OFF] = largest
  emit(state, eventKind.FeeTiersSet, 0, 0)
}

/** Volumes strictly ascending, offs not falling, each within its range, nothing behind a volume of 0. */
function isValid(i32: Int32Array, f64: Float64Array, w: number, d: number): boolean {
  let volume = 0
  let takerOff = 0
  let makerOff = 0
  let ended = false
  for (let i = 0; i < FEE_TIERS - 1; i++) {
    const next = f64[d + VOLUMES_D + i]!
    const taker = i32[w + TAKER_OFFS_W + i]!
    const maker = i32[w + MAKER_OFFS_W + i]!
    if (next === 0) {
      if (taker !== 0 || maker !== 0) return false
      ended = true
      continue
    }
    if (ended || !Number.isSafeInteger(next) || next <= volume) return false
    if (taker < takerOff || taker > OFF_MAX || maker < makerOff || maker > OFF_MAX) return false
    volume = next
    takerOff = taker
    makerOff = maker
  }
  return true
}
