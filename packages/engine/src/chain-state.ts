//! What the contract has told, as the rest of the engine asks for it (RULES.md 7).
import { type AccountStore, findAccount } from './account-store.ts'
import {
  ACCOUNT_W,
  BACKSTOP_OWNER,
  DEPOSITS,
  LAG_S,
  PAID,
  PAUSED_UNTIL_S,
  PENDING,
  SETTLEMENT_HEARD,
  TIME_MS,
  UNSETTLED_SINCE,
  W_LOCKED,
  W_MIN_SEQ,
  W_RISK,
  W_SUBACCOUNT,
  WATCHED,
} from './slabs.ts'
import type { EngineState } from './state.ts'

const OWNER_WORDS = 5

/** Whether the account is one of the backstop's owner: on-chain it pays out by request only, and is nobody's victim. */
export function isBackstopOwners(state: EngineState, account: number): boolean {
  const { chain, accounts } = state
  let known = 0
  for (let i = 0; i < OWNER_WORDS; i++) {
    const word = chain[BACKSTOP_OWNER + i]!
    if (accounts.owners[account * OWNER_WORDS + i]! >>> 0 !== word) return false
    known += word
  }
  return known !== 0
}

/** A subaccount of the backstop's owner; 0 before its first deposit. */
export function backstopAccount({ accounts, chain }: EngineState, subaccount: number): number {
  const words = new Int32Array(OWNER_WORDS)
  for (let i = 0; i < OWNER_WORDS; i++) words[i] = chain[BACKSTOP_OWNER + i]!
  return findAccount(accounts, words, 0, subaccount)
}

/**
 * Whether the account may be a market's backstop: on-chain that is subaccount market + 1 of the backstop's owner and nobody
 * else. Before the contract has named the owner anybody may.
 */
export function mayBack(state: EngineState, account: number, market: number): boolean {
  const { chain, accounts } = state
  const isNamed = chain
    .subarray(BACKSTOP_OWNER, BACKSTOP_OWNER + OWNER_WORDS)
    .some((word) => word !== 0)
  if (!isNamed) return true
  const isOwn = accounts.i32[account * ACCOUNT_W + W_SUBACCOUNT] === market + 1
  return isOwn && isBackstopOwners(state, account)
}

/** Whether the contract takes no new risk now. */
export function isPaused(state: EngineState): boolean {
  return state.totals[TIME_MS]! < state.chain[PAUSED_UNTIL_S]! * 1_000
}

/**
 * Settlement is so far behind, or silent for so long, that a liquidation of now would reach the chain when its prices are too
 * old for it: half of L, where the contract allows L and five minutes.
 */
export function isSettlementLate(state: EngineState): boolean {
  return state.totals[TIME_MS]! - settledSince(state) > state.totals[LAG_S]! * 500
}

/** Settlement is more than L behind, or silent for so long: what is matched now could be void before it reaches the chain. */
export function isSettlementStopped(state: EngineState): boolean {
  return state.totals[TIME_MS]! > settlesUntil(state)
}

/** Until when settlement is not stopped, ms, unless the relayer tells better news. */
export function settlesUntil(state: EngineState): number {
  return settledSince(state) + state.totals[LAG_S]! * 1_000
}

/** Up to when everything is known to be settled, ms; Infinity where no relayer has told yet. */
function settledSince({ chain }: EngineState): number {
  const heard = chain[SETTLEMENT_HEARD]!
  if (heard === 0) return Infinity
  const since = chain[UNSETTLED_SINCE]!
  return since === 0 ? heard : Math.min(since, heard)
}

/** What the contract can pay at most: no more leaves than has come in (CUSTODY_SHORT). */
export function custodyQuote({ totals }: EngineState): number {
  return totals[DEPOSITS]! - totals[PAID]! - totals[PENDING]!
}

/** Marks an account that has something of its own to be asked for at the door. */
export function watch(accounts: AccountStore, account: number): void {
  const a = account * ACCOUNT_W
  const { i32 } = accounts
  const watched = i32[a + W_LOCKED] !== 0 || i32[a + W_MIN_SEQ] !== 0
  i32[a + W_RISK] = watched ? i32[a + W_RISK]! | WATCHED : i32[a + W_RISK]! & ~WATCHED
}
