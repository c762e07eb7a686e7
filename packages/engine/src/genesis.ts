//! Genesis: binds the journal to a chain and names the price publishers.
import { eventKind, limits, rejectCode } from '@plumb/model'
import { touch } from './dirty-set.ts'
import { emit, reject } from './emit.ts'
import { CHAIN_ID, LAG_S, OPENED, PUBLISHERS, QUORUM } from './slabs.ts'
import type { EngineState } from './state.ts'

/** Longest settlement lag a genesis may set, seconds. */
const LAG_S_MAX = 86_400

export function genesis(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const { totals } = state
  if (totals[OPENED] !== 0) {
    reject(state, i32, f64, w, d, rejectCode.ALREADY_INITIALISED)
    return
  }
  const chainId = f64[d + 4]!
  const lagS = i32[w + 10]!
  const publishers = i32[w + 14]!
  const quorum = i32[w + 15]!
  const valid =
    Number.isSafeInteger(chainId) &&
    chainId > 0 &&
    lagS >= 1 &&
    lagS <= LAG_S_MAX &&
    publishers >= 1 &&
    publishers <= limits.publishersMax &&
    quorum >= 1 &&
    quorum <= publishers
  if (!valid) {
    reject(state, i32, f64, w, d, rejectCode.INVALID_PARAMETER)
    return
  }
  totals[OPENED] = 1
  totals[CHAIN_ID] = chainId
  totals[LAG_S] = lagS
  totals[PUBLISHERS] = publishers
  totals[QUORUM] = quorum
  const pages = Math.ceil(state.limits.markets / limits.pricesPerPage)
  for (let p = 0; p < publishers * pages; p++) touch(state.dirtyPublishers, p)
  state.events.f64[emit(state, eventKind.ExchangeOpened, 0, 0) * 20 + 4] = chainId
}
