//! What an account is worth against what it must hold: for opening (risk.md 1.6) and for liquidation (1.9).
import { mulDivFloor } from '@plumb/model'
import { initialMargin, maintenanceMargin } from './initial-margin.ts'
import { fundingDue, GROSS_MAX, marketRequirement } from './margin.ts'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const {
  ACCOUNT_D,
  ACCOUNT_W,
  D_CASH,
  D_ENTRY,
  D_LOTS,
  GAIN_CUT,
  MARKET_D,
  M_LONG_QUOTE,
  M_MARK_QUOTE,
  M_OPENING_GAIN,
  M_RISK_FLAGS,
  M_SHORT_QUOTE,
  NONE,
  POSITION_D,
  POSITION_W,
  P_LEVERAGE,
  P_MARKET,
  P_NEXT,
  W_FIRST_POSITION,
} = slabs

const PPM = 1_000_000

/** Places in what `accountHealth` writes. */
export const HEALTH_EQUITY = 0
export const HEALTH_MAINTENANCE = 1
export const HEALTH_INITIAL = 2

/**
 * E (at marks, funding due counted), ΣMM and ΣIM without orders of an account into `health`, changing nothing else. False,
 * and nothing written, when the account is beyond exact arithmetic (|cash| + Σ(|V| + |funding due|) ≥ 2^52).
 */
export function accountHealth(state: EngineState, account: number, health: Float64Array): boolean {
  const { positions, markets } = state
  let equity = state.accounts.f64[account * ACCOUNT_D + D_CASH]!
  let gross = Math.abs(equity)
  let maintenance = 0
  let initial = 0
  let record = state.accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION]!
  for (; record !== NONE; record = positions.i32[record * POSITION_W + P_NEXT]!) {
    const lots = positions.f64[record * POSITION_D + D_LOTS]!
    if (lots === 0) continue
    const m = positions.i32[record * POSITION_W + P_MARKET]! * MARKET_D
    const value = lots * markets[m + M_MARK_QUOTE]!
    const notional = Math.abs(value)
    const due = fundingDue(state, record)
    gross += notional + Math.abs(due)
    if (gross >= GROSS_MAX) return false
    equity += value - due
    maintenance += maintenanceMargin(markets, m, notional)
    const leverage = positions.i32[record * POSITION_W + P_LEVERAGE]!
    initial += initialMargin(markets, m, notional, leverage)
  }
  if (gross >= GROSS_MAX) return false
  health[HEALTH_EQUITY] = equity
  health[HEALTH_MAINTENANCE] = maintenance
  health[HEALTH_INITIAL] = initial
  return true
}

/**
 * Eₒ (RULES 2.3): equity with each position at the worse of mark and mean mark, a gain cut where its market says so,
 * funding settled; −Infinity for an account beyond exact arithmetic (it may open nothing).
 */
export function openingEquity(state: EngineState, account: number): number {
  const { positions, markets } = state
  let equity = state.accounts.f64[account * ACCOUNT_D + D_CASH]!
  let gross = Math.abs(equity)
  let record = state.accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION]!
  while (record !== NONE) {
    const w = record * POSITION_W
    const lots = positions.f64[record * POSITION_D + D_LOTS]!
    if (lots !== 0) {
      const m = positions.i32[w + P_MARKET]! * MARKET_D
      const worth = lots * markets[m + (lots > 0 ? M_LONG_QUOTE : M_SHORT_QUOTE)]!
      gross += Math.abs(lots * markets[m + M_SHORT_QUOTE]!)
      equity +=
        (markets[m + M_RISK_FLAGS]! & GAIN_CUT) === 0 ? worth : cutGain(state, record, worth)
      const due = fundingDue(state, record)
      gross += Math.abs(due)
      equity -= due
    }
    record = positions.i32[w + P_NEXT]!
  }
  return gross < GROSS_MAX ? equity : -Infinity
}

/** c + floor(u·h/1e6) of a gain u = worth − c; a loss counts whole. */
function cutGain(state: EngineState, record: number, worth: number): number {
  const m = state.positions.i32[record * POSITION_W + P_MARKET]! * MARKET_D
  const cost = state.positions.f64[record * POSITION_D + D_ENTRY]!
  const gain = worth - cost
  return gain > 0 ? cost + mulDivFloor(gain, state.markets[m + M_OPENING_GAIN]!, PPM) : worth
}

/** Equity at mark, all funding settled; −Infinity for an account beyond exact arithmetic (it may open nothing). */
export function equityOf(state: EngineState, account: number): number {
  const positions = state.positions
  let equity = state.accounts.f64[account * ACCOUNT_D + D_CASH]!
  let gross = Math.abs(equity)
  let record = state.accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION]!
  while (record !== NONE) {
    const w = record * POSITION_W
    const lots = positions.f64[record * POSITION_D + D_LOTS]!
    if (lots !== 0) {
      const worth = lots * state.markets[positions.i32[w + P_MARKET]! * MARKET_D + M_MARK_QUOTE]!
      const due = fundingDue(state, record)
      gross += Math.abs(worth) + Math.abs(due)
      equity += worth - due
    }
    record = positions.i32[w + P_NEXT]!
  }
  return gross < GROSS_MAX ? equity : -Infinity
}

/** Σ of the requirements of the account's other markets. */
export function otherRequirements(
  state: EngineState,
  account: number,
  exceptRecord: number,
): number {
  const positions = state.positions.i32
  let sum = 0
  let record = state.accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION]!
  while (record !== NONE) {
    if (record !== exceptRecord)
      sum += marketRequirement(
        state,
        account,
        record,
        positions[record * POSITION_W + P_MARKET]!,
        NONE,
        0,
        0,
      )
    record = positions[record * POSITION_W + P_NEXT]!
  }
  return sum
}
