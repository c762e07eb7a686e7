//! An account under liquidation: funding settled everywhere, judged against maintenance margin (RiskBase.sol).
import { AccountRun } from './account-run.ts'
import type { PositionName } from './batch.ts'
import type { BatchCodeName } from './generated/batch-code.ts'
import { abs, initialMargin, maintenanceMargin, valueAtMark } from './settlement-math.ts'
import { accountKey, type SettlementState, type TwinMarket } from './settlement-state.ts'

/** At the carried marks; margins are sums over the account's markets. */
export type Health = {
  equity: bigint
  maintenance: bigint
  initial: bigint
  isFresh: boolean
}

/** What a position is worth at the mark. */
export const atMark = (market: TwinMarket, size: bigint): bigint => valueAtMark(market, size).value

/** Maintenance margin of so many lots. */
export const maintenanceOf = (market: TwinMarket, lots: bigint): bigint =>
  maintenanceMargin(market, abs(atMark(market, lots)))

/** Loads the account, all its funding settled. */
export function openRun(state: SettlementState, owner: string, subaccount: number): AccountRun {
  const run = new AccountRun(state, accountKey(owner, subaccount))
  run.touchAll()
  return run
}

/** Funding still due is taken off. */
export function healthOf(state: SettlementState, run: AccountRun, timeS: number): Health {
  const found = { equity: run.cash, maintenance: 0n, initial: 0n, isFresh: true }
  for (const [id, { size, due }] of run.held()) {
    const market = state.listedMarket(id)
    const isStale = market.mark === 0 || timeS > market.markTimeS + state.genesis.markAgeMaxS
    if (isStale && !market.fixedMark) found.isFresh = false
    const value = atMark(market, size)
    found.equity += value - due
    found.maintenance += maintenanceMargin(market, abs(value))
    found.initial += initialMargin(market, abs(value))
  }
  return found
}

/** Of an account to be liquidated, as the engine knew it: without deposits that it had not credited. */
export function victimHealth(state: SettlementState, run: AccountRun, timeS: number): Health {
  const health = healthOf(state, run, timeS)
  return { ...health, equity: health.equity - state.uncredited(run.key, timeS) }
}

/** Why the account is no victim in this market, or null. */
export function checkVictim(
  state: SettlementState,
  { owner }: PositionName,
  health: Health,
  size: bigint,
): BatchCodeName | null {
  if (owner === state.genesis.backstop) return 'BACKSTOP_PARTY'
  if (!health.isFresh) return 'STALE_MARK'
  if (health.equity >= health.maintenance) return 'HEALTHY'
  return size === 0n ? 'NOT_REDUCING' : null
}
