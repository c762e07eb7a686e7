//! SetAccountMode: cross margin, or isolated to one market (RULES 2.4).
import { eventKind, rejectCode } from '@plumb/model'
import { touch } from './dirty-set.ts'
import { emit, reject } from './emit.ts'
import {
  ACCOUNT_W,
  D_LOTS,
  ISOLATED_MASK,
  M_BACKSTOP,
  M_LISTED,
  MARKET_D,
  NONE,
  P_MARKET,
  P_NEXT,
  P_ORDERS,
  POSITION_D,
  POSITION_W,
  W_FIRST_POSITION,
  W_RISK,
} from './slabs.ts'
import type { EngineState } from './state.ts'

export function setAccountMode(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const account = i32[w + 5]!
  const market = i32[w + 14]!
  const { accounts, markets } = state
  if (!(account >= 1 && account <= accounts.used)) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_ACCOUNT)
    return
  }
  const listed =
    market >= 0 && market < state.limits.markets && markets[market * MARKET_D + M_LISTED] === 1
  if (market !== NONE && !listed) {
    reject(state, i32, f64, w, d, rejectCode.UNKNOWN_MARKET)
    return
  }
  if (isBackstop(state, account) || (market !== NONE && isElsewhere(state, account, market))) {
    reject(state, i32, f64, w, d, rejectCode.ISOLATED_MARKET)
    return
  }
  const at = account * ACCOUNT_W + W_RISK
  accounts.i32[at] = (accounts.i32[at]! & ~ISOLATED_MASK) | (market + 1)
  touch(accounts.dirty, account)
  state.events.i32[emit(state, eventKind.AccountModeSet, account, 0) * 40 + 8] = market
}

/** Whether the account takes positions over: then it stays with its one market. */
function isBackstop(state: EngineState, account: number): boolean {
  const market = (state.accounts.i32[account * ACCOUNT_W + W_RISK]! & ISOLATED_MASK) - 1
  return market >= 0 && state.markets[market * MARKET_D + M_BACKSTOP] === account
}

/** Whether the account has a position or a live order in another market. */
function isElsewhere(state: EngineState, account: number, market: number): boolean {
  const { i32, f64 } = state.positions
  let record = state.accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION]!
  for (; record !== NONE; record = i32[record * POSITION_W + P_NEXT]!) {
    const w = record * POSITION_W
    if (i32[w + P_MARKET] === market) continue
    if (i32[w + P_ORDERS] !== 0 || f64[record * POSITION_D + D_LOTS] !== 0) return true
  }
  return false
}
