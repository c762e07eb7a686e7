//! Transfer: cash to another subaccount of the same owner, which it opens if need be (RULES 2.6).
import { eventKind, limits, type RejectCode, rejectCode } from '@plumb/model'
import { findAccount, OWNER_WORDS } from './account-store.ts'
import { touch } from './dirty-set.ts'
import { emit, reject } from './emit.ts'
import { openNewAccount } from './open-account.ts'
import { refuseAmount, refuseOutflow, takeOut } from './outflow.ts'
import { ACCOUNT_D, ACCOUNT_W, D_CASH, W_SUBACCOUNT } from './slabs.ts'
import { type EngineState, LIMIT_VALUE } from './state.ts'

export function transfer(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  state.scratch.f64[LIMIT_VALUE] = 0
  const code = refuse(state, i32, f64, w, d)
  if (code !== 0) {
    reject(state, i32, f64, w, d, code, state.scratch.f64[LIMIT_VALUE])
    return
  }
  const { accounts, events } = state
  const account = i32[w + 5]!
  const amount = f64[d + 4]!
  const subaccount = i32[w + 14]!
  const owner = account * OWNER_WORDS
  const found = findAccount(accounts, accounts.owners, owner, subaccount)
  const to = found === 0 ? openNewAccount(state, accounts.owners, owner, subaccount) : found
  const cash = takeOut(state, i32, f64, w, d)
  const toCash = accounts.f64[to * ACCOUNT_D + D_CASH]! + amount
  accounts.f64[to * ACCOUNT_D + D_CASH] = toCash
  touch(accounts.dirty, to)
  const record = emit(state, eventKind.TransferBooked, account, 0)
  events.f64[record * 20 + 4] = amount
  events.f64[record * 20 + 5] = cash
  events.f64[record * 20 + 6] = toCash
  events.i32[record * 40 + 14] = to
  events.i32[record * 40 + 15] = i32[w + 18]!
  events.i32[record * 40 + 16] = i32[w + 19]!
}

function refuse(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): RejectCode | 0 {
  const { accounts } = state
  const account = i32[w + 5]!
  const subaccount = i32[w + 14]!
  if (!(account >= 1 && account <= accounts.used)) return rejectCode.UNKNOWN_ACCOUNT
  const elsewhere = subaccount !== accounts.i32[account * ACCOUNT_W + W_SUBACCOUNT]
  if (!(subaccount >= 0 && subaccount < limits.subaccountsMax && elsewhere))
    return rejectCode.INVALID_PARAMETER
  const code = refuseOutflow(state, i32, f64, w, d)
  if (code !== 0) return code
  if (accounts.used === accounts.capacity) {
    const to = findAccount(accounts, accounts.owners, account * OWNER_WORDS, subaccount)
    if (to === 0) return rejectCode.CAPACITY
  }
  return refuseAmount(state, account, f64[d + 4]!)
}
