//! Money that an owner asked for on-chain: paid by the next batch, or by the chain already (RULES.md 7).
import { eventKind } from '@plumb/model'
import { custodyQuote, isBackstopOwners, isSettlementStopped } from './chain-state.ts'
import { touch } from './dirty-set.ts'
import { emit } from './emit.ts'
import { settleAll } from './outflow.ts'
import {
  ACCOUNT_D,
  ACCOUNT_W,
  D_CASH,
  LAG_S,
  PAID,
  PENDING,
  REDUCTION_ASKED,
  SEQ,
  TIME_MS,
  W_LOCKED,
  WITHDRAWALS_PAUSED,
} from './slabs.ts'
import type { EngineState } from './state.ts'
import { withdrawableQuote } from './withdrawable.ts'
import { addWithdrawal } from './withdrawal-ring.ts'

/** Whether a batch may still serve what is due at `dueS`: it may take L to get there, and longer while settlement is stopped. */
export function isServable(state: EngineState, dueS: number): boolean {
  const { totals } = state
  const isDue = totals[TIME_MS]! + totals[LAG_S]! * 1_000 > dueS * 1_000
  return !isDue && !isSettlementStopped(state)
}

/** Whether all of `amount` can be paid as things are. */
export function isFree(state: EngineState, account: number, amount: number, dueS: number): boolean {
  return amount <= freeQuote(state, account, dueS)
}

function freeQuote(state: EngineState, account: number, dueS: number): number {
  const { totals, withdrawals, limits, accounts } = state
  const may =
    isServable(state, dueS) &&
    totals[WITHDRAWALS_PAUSED] === 0 &&
    withdrawals.count < limits.pendingWithdrawals &&
    !isBackstopOwners(state, account) &&
    (accounts.i32[account * ACCOUNT_W + W_LOCKED]! & REDUCTION_ASKED) === 0
  return may ? Math.max(0, Math.min(withdrawableQuote(state, account), custodyQuote(state))) : 0
}

/** Takes out what is free of `amount`, to be paid by a batch; answers how much that is. */
export function payRequested(
  state: EngineState,
  account: number,
  amount: number,
  dueS: number,
): number {
  const { totals } = state
  const paid = Math.min(amount, freeQuote(state, account, dueS))
  if (paid === 0) return 0
  settleAll(state, account)
  debit(state, account, paid)
  totals[PENDING] = totals[PENDING]! + paid
  addWithdrawal(state, totals[SEQ]!, account, paid)
  return paid
}

/** Takes out what the chain has paid. */
export function paidAlready(state: EngineState, account: number, amount: number): void {
  if (amount === 0) return
  const { totals, events } = state
  debit(state, account, amount)
  totals[PAID] = totals[PAID]! + amount
  const record = emit(state, eventKind.WithdrawalPaid, account, 0) * 20
  events.f64[record + 4] = amount
  events.f64[record + 5] = totals[SEQ]!
}

function debit(state: EngineState, account: number, amount: number): void {
  const { accounts, events, totals } = state
  const cash = accounts.f64[account * ACCOUNT_D + D_CASH]! - amount
  accounts.f64[account * ACCOUNT_D + D_CASH] = cash
  touch(accounts.dirty, account)
  const record = emit(state, eventKind.WithdrawalAccepted, account, 0) * 20
  events.f64[record + 4] = amount
  events.f64[record + 5] = totals[SEQ]!
  events.f64[record + 6] = cash
}
