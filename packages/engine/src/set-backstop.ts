//! SetBackstop: the account that takes over positions of a market (RULES.md 4); 0 = none.
import { eventKind, rejectCode } from '@plumb/model'
import { mayBack } from './chain-state.ts'
import { touch } from './dirty-set.ts'
import { emit, reject } from './emit.ts'
import { isListed } from './list-market.ts'
import { ACCOUNT_W, ISOLATED_MASK, M_BACKSTOP, MARKET_D, W_OPEN_ORDERS, W_RISK } from './slabs.ts'
import type { EngineState } from './state.ts'

export function setBackstop(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const account = i32[w + 5]!
  const market = i32[w + 6]!
  const { accounts } = state
  if (!(account >= 0 && account <= accounts.used)) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_ACCOUNT)
    return
  }
  if (!isListed(state, market)) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_MARKET)
    return
  }
  const fits =
    account === 0 || (isReady(accounts.i32, account, market) && mayBack(state, account, market))
  if (!fits) {
    reject(state, i32, f64, w, d, rejectCode.INVALID_PARAMETER)
    return
  }
  state.markets[market * MARKET_D + M_BACKSTOP] = account
  touch(state.dirtyMarkets, market)
  emit(state, eventKind.BackstopSet, account, market)
}

/** Isolated to the market, so that its losses are the market's alone, and without live orders. */
function isReady(accounts: Int32Array, account: number, market: number): boolean {
  const a = account * ACCOUNT_W
  return (accounts[a + W_RISK]! & ISOLATED_MASK) === market + 1 && accounts[a + W_OPEN_ORDERS] === 0
}
