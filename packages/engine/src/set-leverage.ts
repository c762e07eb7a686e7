//! SetLeverage: how much initial margin an account asks of itself in a market (RULES 2.4).
import { eventKind, rejectCode } from '@plumb/model'
import { emit, reject } from './emit.ts'
import { countRecord, mixLeverage } from './hash-state.ts'
import { coversMargin } from './headroom.ts'
import { forgetHeadroom } from './headroom-store.ts'
import { marketRequirement } from './margin.ts'
import { findPosition } from './position-store.ts'
import { M_LISTED, MARKET_D, NONE, P_LEVERAGE, POSITION_W } from './slabs.ts'
import type { EngineState } from './state.ts'

const LEVERAGE_MAX = 255

export function setLeverage(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const account = i32[w + 5]!
  const market = i32[w + 6]!
  const leverage = i32[w + 14]!
  const { markets, positions, accounts } = state
  if (!(account >= 1 && account <= accounts.used)) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_ACCOUNT)
    return
  }
  if (!(market >= 0 && market < state.limits.markets) || !markets[market * MARKET_D + M_LISTED]) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_MARKET)
    return
  }
  if (leverage < 0 || leverage > LEVERAGE_MAX) {
    reject(state, i32, f64, w, d, rejectCode.INVALID_PARAMETER)
    return
  }
  const record = findPosition(positions, accounts, account, market)
  const cell = account * positions.markets + market
  const before = positions.leverage[cell]!
  const asked = marketRequirement(state, account, record, market, NONE, 0, 0)
  putLeverage(state, record, cell, leverage)
  const asks = marketRequirement(state, account, record, market, NONE, 0, 0)
  if (asks > asked && !coversMargin(state, account, record, asks)) {
    putLeverage(state, record, cell, before)
    reject(state, i32, f64, w, d, rejectCode.INSUFFICIENT_MARGIN)
    return
  }
  state.events.i32[emit(state, eventKind.LeverageSet, account, market) * 40 + 8] = leverage
}

function putLeverage(state: EngineState, record: number, cell: number, leverage: number): void {
  countRecord(state, mixLeverage, cell, -1)
  state.positions.leverage[cell] = leverage
  forgetHeadroom(state.headroom, Math.floor(cell / state.positions.markets))
  if (record !== NONE) state.positions.i32[record * POSITION_W + P_LEVERAGE] = leverage
  countRecord(state, mixLeverage, cell, 1)
}
