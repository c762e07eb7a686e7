//! CreditDeposit: contiguous deposit ids from the chain; the first one opens the account.
import { eventKind, limits, rejectCode } from '@plumb/model'
import { findAccount } from './account-store.ts'
import { touch } from './dirty-set.ts'
import { emit, reject } from './emit.ts'
import { openNewAccount } from './open-account.ts'
import { ACCOUNT_D, D_CASH, DEPOSITS, LAST_DEPOSIT } from './slabs.ts'
import type { EngineState } from './state.ts'

/** Bound of all deposits together: with every account's gross below 2^52, cash stays below 2^53. */
const DEPOSITS_MAX = limits.notionalQuoteMax
const OWNER_W = 33
const TX_HASH_W = 38

export function creditDeposit(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const { totals, accounts } = state
  const amount = f64[d + 4]!
  const depositId = f64[d + 5]!
  const subaccount = i32[w + 18]!
  const refuse = (code: (typeof rejectCode)[keyof typeof rejectCode], limitValue: number) =>
    reject(state, i32, f64, w, d, code, limitValue)
  const next = totals[LAST_DEPOSIT]! + 1
  if (depositId < next) return refuse(rejectCode.DEPOSIT_REPEATED, next)
  if (depositId !== next) return refuse(rejectCode.DEPOSIT_GAP, next)
  const valid =
    Number.isSafeInteger(amount) &&
    amount > 0 &&
    subaccount >= 0 &&
    subaccount < limits.subaccountsMax
  if (!valid) return refuse(rejectCode.INVALID_PARAMETER, 0)
  let account = findAccount(accounts, i32, w + OWNER_W, subaccount)
  const full = account === 0 && accounts.used === accounts.capacity
  if (full || totals[DEPOSITS]! + amount > DEPOSITS_MAX) return refuse(rejectCode.CAPACITY, 0)
  totals[LAST_DEPOSIT] = depositId
  totals[DEPOSITS] = totals[DEPOSITS]! + amount
  if (account === 0) account = openNewAccount(state, i32, w + OWNER_W, subaccount)
  const cash = accounts.f64[account * ACCOUNT_D + D_CASH]! + amount
  accounts.f64[account * ACCOUNT_D + D_CASH] = cash
  touch(accounts.dirty, account)
  const record = emit(state, eventKind.DepositCredited, account, 0)
  const events = state.events
  events.f64[record * 20 + 4] = amount
  events.f64[record * 20 + 5] = depositId
  events.f64[record * 20 + 6] = f64[d + 6]!
  events.f64[record * 20 + 7] = cash
  for (let i = 0; i < 8; i++) events.i32[record * 40 + 16 + i] = i32[w + TX_HASH_W + i]!
}
