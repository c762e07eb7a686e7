//! The twin of TakeoverSegment.sol.
import type { PositionName, TakeoversSegment } from './batch.ts'
import type { BatchCodeName } from './generated/batch-code.ts'
import {
  atMark,
  checkVictim,
  type Health,
  healthOf,
  maintenanceOf,
  openRun,
  victimHealth,
} from './risk-run.ts'
import { abs, mulDivCeil } from './settlement-math.ts'
import {
  type SegmentError,
  type SettlementState,
  type TwinMarket,
  zeroOwner,
} from './settlement-state.ts'

const PPM = 1_000_000n

/** Applies a Takeovers segment, or says why the contract refuses it. */
export function settleTakeovers(
  state: SettlementState,
  segment: TakeoversSegment,
  timeS: number,
): SegmentError | null {
  for (const [index, position] of segment.takeovers.entries()) {
    const code = takeOver(state, position, timeS)
    if (code !== null) return { code, index }
  }
  return null
}

/** The position's share of an account's negative equity, rounded up: ceil(−E·MM/ΣMM). */
export const deficitOf = (market: TwinMarket, size: bigint, health: Health): bigint =>
  mulDivCeil(-health.equity, maintenanceOf(market, abs(size)), health.maintenance)

function takeOver(
  state: SettlementState,
  position: PositionName,
  timeS: number,
): BatchCodeName | null {
  const run = openRun(state, position.owner, position.subaccount)
  const market = state.market(position.market)
  if (market === undefined) return 'UNKNOWN_MARKET'
  const health = victimHealth(state, run, timeS)
  const size = run.sizeIn(position.market)
  const code = checkVictim(state, position, health, size)
  if (code !== null) return code
  const value = atMark(market, size)
  const isInsured = health.equity < 0n
  const insured = isInsured ? deficitOf(market, size, health) : 0n
  if (insured > market.insurance) return 'INSURANCE_SHORT'
  const pay = isInsured ? value : value - costOf(market, size, health)
  run.shift(position.market, -size, pay + insured)
  state.setMarket(position.market, { ...market, insurance: market.insurance - insured })
  return run.store() ?? giveToBackstop(state, position.market, size, pay, timeS)
}

// Bankruptcy price, or the liquidation fee off the mark where that leaves the user more.
function costOf(market: TwinMarket, size: bigint, health: Health): bigint {
  const fee = mulDivCeil(abs(atMark(market, size)), market.liquidationFeePpm, PPM)
  const share = (health.equity * maintenanceOf(market, abs(size))) / health.maintenance
  return share < fee ? share : fee
}

// Market m's backstop is subaccount m + 1: within its own margin and the position limit, or not at all.
function giveToBackstop(
  state: SettlementState,
  id: number,
  size: bigint,
  pay: bigint,
  timeS: number,
): BatchCodeName | null {
  const run = openRun(state, state.genesis.backstop ?? zeroOwner, id + 1)
  run.shift(id, size, -pay)
  const health = healthOf(state, run, timeS)
  const isTooLarge = abs(run.sizeIn(id)) > state.listedMarket(id).maxPositionLots
  if (isTooLarge || health.equity < health.initial) return 'BACKSTOP_SHORT'
  return run.store()
}
