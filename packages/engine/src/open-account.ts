//! Opening an account: by its first deposit, or by a transfer to a subaccount that does not exist yet.
import { eventKind } from '@plumb/model'
import { copyOwner, openAccount } from './account-store.ts'
import { emit } from './emit.ts'
import { today } from './fee-tiers.ts'
import { clearHome } from './position-store.ts'
import { ACCOUNTS } from './slabs.ts'
import type { EngineState } from './state.ts'

/** Opens the account of the owner at word `at`; the caller has checked the capacity and that it does not exist. */
export function openNewAccount(
  state: EngineState,
  words: Int32Array,
  at: number,
  subaccount: number,
): number {
  const account = openAccount(state.accounts, words, at, subaccount, today(state))
  clearHome(state.positions, account)
  state.totals[ACCOUNTS] = account
  const opened = emit(state, eventKind.AccountOpened, account, 0) * 40
  state.events.i32[opened + 8] = subaccount
  copyOwner(state.accounts, account, state.events.i32, opened + 16)
  return account
}
