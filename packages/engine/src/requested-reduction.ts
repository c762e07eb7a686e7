//! Reductions that stand on-chain: from T1 on anybody may carry them out, so the engine leaves the position to the chain (RULES.md 7).
import { hashedRecord } from '@plumb/model'
import { watch } from './chain-state.ts'
import { largestOf, setValue, valueOf } from './pair-list.ts'
import {
  ACCOUNT_W,
  MONEY_ASKED,
  MONEY_ASKED_ALONG,
  NONE,
  REDUCTION_ASKED,
  W_LOCKED,
} from './slabs.ts'
import type { EngineState } from './state.ts'

/** Whether the account's position in the market is the chain's to reduce. */
export function isReductionAsked(state: EngineState, account: number, market: number): boolean {
  const locked = state.accounts.i32[account * ACCOUNT_W + W_LOCKED]!
  return (
    (locked & REDUCTION_ASKED) !== 0 && valueOf(state, state.reductions, account, market) !== NONE
  )
}

/** Whether positions of others in the market are the chain's to reduce. */
export function othersAsked(state: EngineState, account: number, market: number): boolean {
  const { reductions, limits } = state
  for (let place = 0; place < reductions.used; place++) {
    const key = reductions.f64[2 * place]!
    if (key % limits.markets === market && Math.floor(key / limits.markets) !== account) return true
  }
  return false
}

/** Money that was asked for along with it, micro-USDC. */
export function askedAlong(state: EngineState, account: number, market: number): number {
  return Math.max(0, valueOf(state, state.reductions, account, market))
}

/** Notes what stands on-chain in the market: `lots` still to be reduced (0: nothing any more), `amount` to be paid along. */
export function noteReduction(
  state: EngineState,
  account: number,
  market: number,
  lots: number,
  amount: number,
): void {
  const { accounts, reductions } = state
  const value = lots === 0 ? NONE : amount
  setValue(state, reductions, hashedRecord.reductionAsked, account, market, value)
  const largest = largestOf(state, reductions, account)
  const at = account * ACCOUNT_W + W_LOCKED
  const reduction = largest === NONE ? 0 : REDUCTION_ASKED
  const along = largest > 0 ? MONEY_ASKED_ALONG : 0
  accounts.i32[at] = (accounts.i32[at]! & MONEY_ASKED) | reduction | along
  watch(accounts, account)
}
