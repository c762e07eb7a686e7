//! Lazy funding: what a position owes since it was last touched is booked when it is touched again.
import { eventKind } from '@plumb/model'
import { touch } from './dirty-set.ts'
import { emit } from './emit.ts'
import { forgetHeadroom } from './headroom-store.ts'
import { fundingDue } from './margin.ts'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const {
  ACCOUNT_D,
  D_CASH,
  D_LOTS,
  D_SNAPSHOT,
  MARKET_D,
  M_FUNDING_INDEX,
  M_POOL,
  POSITION_D,
  POSITION_W,
  P_ACCOUNT,
  P_MARKET,
} = slabs

/** Books the payment through the market's pool; without a position only the snapshot moves. */
export function settleFunding(state: EngineState, record: number): void {
  const { positions, markets } = state
  const w = record * POSITION_W
  const p = record * POSITION_D
  const market = positions.i32[w + P_MARKET]!
  const m = market * MARKET_D
  const fundingIndex = markets[m + M_FUNDING_INDEX]!
  if (positions.f64[p + D_SNAPSHOT] === fundingIndex) return
  const lots = positions.f64[p + D_LOTS]!
  if (lots === 0) {
    positions.f64[p + D_SNAPSHOT] = fundingIndex
    return
  }
  const payment = fundingDue(state, record)
  positions.f64[p + D_SNAPSHOT] = fundingIndex
  touch(positions.dirty, record)
  payFunding(state, positions.i32[w + P_ACCOUNT]!, market, payment, lots, fundingIndex)
}

/** Moves a payment (micro-USDC, signed) from an account to its market's pool, and says for which lots and up to which index. */
export function payFunding(
  state: EngineState,
  account: number,
  market: number,
  payment: number,
  lots: number,
  fundingIndex: number,
): void {
  const { accounts, markets } = state
  const pool = market * MARKET_D + M_POOL
  forgetHeadroom(state.headroom, account)
  const cash = accounts.f64[account * ACCOUNT_D + D_CASH]! - payment
  accounts.f64[account * ACCOUNT_D + D_CASH] = cash
  markets[pool] = markets[pool]! + payment
  touch(accounts.dirty, account)
  touch(state.dirtyMarkets, market)
  const d = emit(state, eventKind.FundingSettled, account, market) * 20
  const events = state.events.f64
  events[d + 4] = payment
  events[d + 5] = lots
  events[d + 6] = fundingIndex
  events[d + 7] = cash
}
