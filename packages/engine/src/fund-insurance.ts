//! FundInsurance: withdrawable cash of an account becomes a market's insurance (RULES.md 4).
import { eventKind, rejectCode } from '@plumb/model'
import { touch } from './dirty-set.ts'
import { emit, reject } from './emit.ts'
import { isListed } from './list-market.ts'
import { refuseAmount, refuseOutflow, takeOut } from './outflow.ts'
import { M_TRANCHE, MARKET_D } from './slabs.ts'
import { type EngineState, LIMIT_VALUE } from './state.ts'

export function fundInsurance(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const account = i32[w + 5]!
  const market = i32[w + 6]!
  if (!(account >= 1 && account <= state.accounts.used)) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_ACCOUNT)
    return
  }
  if (!isListed(state, market)) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_MARKET)
    return
  }
  state.scratch.f64[LIMIT_VALUE] = 0
  const amount = f64[d + 4]!
  const code = refuseOutflow(state, i32, f64, w, d) || refuseAmount(state, account, amount)
  if (code !== 0) {
    reject(state, i32, f64, w, d, code, state.scratch.f64[LIMIT_VALUE])
    return
  }
  const { markets } = state
  const cash = takeOut(state, i32, f64, w, d)
  const tranche = markets[market * MARKET_D + M_TRANCHE]! + amount
  markets[market * MARKET_D + M_TRANCHE] = tranche
  touch(state.dirtyMarkets, market)
  const record = emit(state, eventKind.InsuranceFunded, account, market)
  const events = state.events
  events.f64[record * 20 + 4] = amount
  events.f64[record * 20 + 5] = cash
  events.f64[record * 20 + 6] = tranche
  events.i32[record * 40 + 14] = i32[w + 18]!
  events.i32[record * 40 + 15] = i32[w + 19]!
}
