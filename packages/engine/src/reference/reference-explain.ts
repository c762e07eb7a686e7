//! Why a liquidation acts: the record that precedes each action (RULES.md 4).
import { isBackstopOwners } from './reference-chain-state.ts'
import { settleAllFunding } from './reference-fill.ts'
import { requirements, standingOf } from './reference-margin.ts'
import { min } from './reference-math.ts'
import {
  type Emit,
  heldBy,
  type ReferenceAccount,
  type ReferenceMarket,
  type ReferenceState,
} from './reference-state.ts'

export const isBackstop = (s: ReferenceState, { accountId }: ReferenceAccount): boolean =>
  [...s.markets.values()].some((market) => market.backstop === accountId)

/** Neither liquidated nor deleveraged. */
export const isSpared = (s: ReferenceState, account: ReferenceAccount): boolean =>
  isBackstopOwners(s, account) || isBackstop(s, account)

/** The account's funding is settled everywhere, then the action explained. */
export function openAction(
  s: ReferenceState,
  account: ReferenceAccount,
  market: ReferenceMarket,
  stage: number,
  sizeLots: bigint,
  limitTicks: number,
  emit: Emit,
): void {
  settleAllFunding(s, account, emit)
  explain(s, account, market, stage, sizeLots, limitTicks, emit)
}

/** What an explanation says of the account and the market before the action. */
export function explain(
  s: ReferenceState,
  account: ReferenceAccount,
  market: ReferenceMarket,
  stage: number,
  sizeLots: bigint,
  limitTicks: number,
  emit: Emit,
): void {
  const at = standingOf(s, account)
  const initial = requirements(s, account.accountId) ?? BigInt(Number.MAX_SAFE_INTEGER)
  emit({
    kind: 'LiquidationExplained',
    accountId: account.accountId,
    market: market.market,
    markTicks: market.mark,
    indexTicks: market.index,
    equityQuote: Number(at.equity),
    maintenanceQuote: Number(at.maintenance),
    initialQuote: Number(min(initial, BigInt(Number.MAX_SAFE_INTEGER))),
    positionLots: Number(heldBy(account, market.market)),
    sizeLots: Number(sizeLots),
    limitTicks,
    trancheQuote: Number(market.tranche),
    stage,
  })
}
