//! Money in, out and between: deposits, withdrawals, transfers, insurance, confirmed batches (RULES.md 2.6, 4).
import {
  type ConfirmBatch,
  type CreditDeposit,
  type FundInsurance,
  type RequestWithdrawal,
  type Transfer,
} from '@plumb/model'
import { checkLane } from './reference-capacity.ts'
import { custody, isBackstopOwners } from './reference-chain-state.ts'
import { checkExpiry, checkSettlement } from './reference-checks.ts'
import { settleAllFunding } from './reference-fill.ts'
import { withdrawable } from './reference-margin.ts'
import {
  accountOf,
  type Emit,
  INVALID,
  type ReferenceAccount,
  type ReferenceState,
  type Refusal,
  refuse,
} from './reference-state.ts'

const between = (x: number, low: number, high: number) =>
  Number.isSafeInteger(x) && x >= low && x <= high
const isAmount = (x: number) => between(x, 1, Number.MAX_SAFE_INTEGER)

const find = (s: ReferenceState, ownerHex: string, subaccount: number) =>
  s.accounts.find((a) => a.ownerHex === ownerHex && a.subaccount === subaccount)

/** A new account of an owner, in the self-trade group of the owner's others. */
function openAccount(
  s: ReferenceState,
  owner: Uint8Array,
  subaccount: number,
  emit: Emit,
): ReferenceAccount {
  const ownerHex = hexOf(owner)
  const account: ReferenceAccount = {
    accountId: s.accounts.length + 1,
    owner,
    ownerHex,
    subaccount,
    cash: 0n,
    group: s.accounts.find((a) => a.ownerHex === ownerHex)?.group ?? 0,
    isolatedMarket: -1,
    tier: 0,
    volume: 0n,
    volumeDay: Math.floor(s.timeMs / 86_400_000),
    deadMan: new Map(),
    positions: new Map(),
    lanes: new Map(),
    leverage: new Map(),
    minSeq: 0,
    locked: false,
    reductionsAsked: new Map(),
  }
  s.accounts.push(account)
  emit({ kind: 'AccountOpened', accountId: account.accountId, subaccount, owner })
  return account
}

export const hexOf = (owner: Uint8Array): string =>
  Array.from(owner, (byte) => byte.toString(16).padStart(2, '0')).join('')

export function creditDeposit(
  s: ReferenceState,
  c: CreditDeposit,
  emit: Emit,
): Refusal | undefined {
  const next = s.lastDepositId + 1
  if (c.depositId < next) return refuse('DEPOSIT_REPEATED', next)
  if (c.depositId !== next) return refuse('DEPOSIT_GAP', next)
  if (!isAmount(c.amountQuote) || !between(c.subaccount, 0, 255)) return INVALID
  const known = find(s, hexOf(c.owner), c.subaccount)
  const full = known === undefined && s.accounts.length >= s.limits.accounts
  if (full || s.deposits + BigInt(c.amountQuote) > 1n << 52n) return refuse('CAPACITY')
  s.lastDepositId = c.depositId
  s.deposits += BigInt(c.amountQuote)
  const account = known ?? openAccount(s, c.owner, c.subaccount, emit)
  account.cash += BigInt(c.amountQuote)
  emit({
    kind: 'DepositCredited',
    accountId: account.accountId,
    amountQuote: c.amountQuote,
    depositId: c.depositId,
    blockNumber: c.blockNumber,
    cashQuote: Number(account.cash),
    txHash: c.txHash,
  })
  return undefined
}

type Payment = RequestWithdrawal | Transfer | FundInsurance

/** What every signed payment is asked; `full`: nothing has room for it. */
function checkPayment(
  s: ReferenceState,
  account: ReferenceAccount,
  c: Payment,
  full: boolean,
): Refusal | undefined {
  if (account.locked || account.reductionsAsked.size > 0) return refuse('ASKED_ON_CHAIN')
  const refusal =
    checkLane(s, account, c.lane, c.laneSeq, 0) ?? checkExpiry(s, c.expiryS) ?? checkSettlement(s)
  if (refusal !== undefined) return refusal
  if (s.paused !== 0) return refuse('WITHDRAWALS_PAUSED')
  if (full) return refuse('CAPACITY')
  const most = withdrawable(s, account)
  return BigInt(c.amountQuote) > most ? refuse('INSUFFICIENT_BALANCE', Number(most)) : undefined
}

/** Takes the amount out of the account, its funding settled and its lane consumed. */
function pay(s: ReferenceState, account: ReferenceAccount, c: Payment, emit: Emit): void {
  settleAllFunding(s, account, emit)
  account.lanes.set(c.lane, { seq: c.laneSeq, filled: 0, orderId: 0 })
  account.cash -= BigInt(c.amountQuote)
}

export function requestWithdrawal(
  s: ReferenceState,
  c: RequestWithdrawal,
  emit: Emit,
): Refusal | undefined {
  const account = accountOf(s, c.accountId)
  if (account === undefined) return refuse('UNKNOWN_ACCOUNT')
  if (!isAmount(c.amountQuote)) return INVALID
  if (isBackstopOwners(s, account)) return refuse('BACKSTOP_LOCKED')
  const full = s.withdrawals.length >= s.limits.pendingWithdrawals
  const refusal = checkPayment(s, account, c, full)
  if (refusal !== undefined) return refusal
  const left = custody(s)
  if (BigInt(c.amountQuote) > left) return refuse('INSUFFICIENT_BALANCE', Number(left))
  pay(s, account, c, emit)
  const { accountId, amountQuote, lane, laneSeq } = c
  s.withdrawals.push({ seq: s.seq, accountId, amount: BigInt(amountQuote) })
  emit({
    kind: 'WithdrawalAccepted',
    accountId,
    amountQuote,
    withdrawalId: s.seq,
    cashQuote: Number(account.cash),
    lane,
    laneSeq,
  })
  return undefined
}

export function transfer(s: ReferenceState, c: Transfer, emit: Emit): Refusal | undefined {
  const account = accountOf(s, c.accountId)
  if (account === undefined) return refuse('UNKNOWN_ACCOUNT')
  if (!isAmount(c.amountQuote) || !between(c.toSubaccount, 0, 255)) return INVALID
  if (c.toSubaccount === account.subaccount) return INVALID
  if (isBackstopOwners(s, account)) return refuse('BACKSTOP_LOCKED')
  const known = find(s, account.ownerHex, c.toSubaccount)
  const full = known === undefined && s.accounts.length >= s.limits.accounts
  const refusal = checkPayment(s, account, c, full)
  if (refusal !== undefined) return refusal
  const to = known ?? openAccount(s, account.owner, c.toSubaccount, emit)
  pay(s, account, c, emit)
  to.cash += BigInt(c.amountQuote)
  const { accountId, amountQuote, lane, laneSeq } = c
  emit({
    kind: 'TransferBooked',
    accountId,
    amountQuote,
    cashQuote: Number(account.cash),
    toCashQuote: Number(to.cash),
    toAccountId: to.accountId,
    lane,
    laneSeq,
  })
  return undefined
}

export function fundInsurance(
  s: ReferenceState,
  c: FundInsurance,
  emit: Emit,
): Refusal | undefined {
  const account = accountOf(s, c.accountId)
  if (account === undefined) return refuse('UNKNOWN_ACCOUNT')
  const market = s.markets.get(c.market)
  if (market === undefined) return refuse('UNKNOWN_MARKET')
  if (!isAmount(c.amountQuote)) return INVALID
  if (isBackstopOwners(s, account)) return refuse('BACKSTOP_LOCKED')
  const refusal = checkPayment(s, account, c, false)
  if (refusal !== undefined) return refusal
  pay(s, account, c, emit)
  market.tranche += BigInt(c.amountQuote)
  const { accountId, amountQuote, lane, laneSeq } = c
  emit({
    kind: 'InsuranceFunded',
    accountId,
    market: c.market,
    amountQuote,
    cashQuote: Number(account.cash),
    trancheQuote: Number(market.tranche),
    lane,
    laneSeq,
  })
  return undefined
}

export function confirmBatch(s: ReferenceState, c: ConfirmBatch, emit: Emit): Refusal | undefined {
  if (!Number.isSafeInteger(c.batchNo) || !Number.isSafeInteger(c.toSeq) || c.toSeq >= s.seq)
    return INVALID
  if (c.batchNo <= s.lastBatch || c.toSeq <= s.batchToSeq)
    return refuse('NOTHING_TO_CONFIRM', s.lastBatch)
  s.lastBatch = c.batchNo
  s.batchToSeq = c.toSeq
  while (s.withdrawals[0] !== undefined && s.withdrawals[0].seq <= c.toSeq) {
    const { seq, accountId, amount } = s.withdrawals[0]
    s.withdrawals.shift()
    s.paid += amount
    const { batchNo } = c
    const amountQuote = Number(amount)
    emit({ kind: 'WithdrawalPaid', accountId, amountQuote, withdrawalId: seq, batchNo })
  }
  const { batchNo, toSeq, gasUsed, blockNumber, txHash } = c
  emit({ kind: 'BatchConfirmed', batchNo, toSeq, gasUsed, blockNumber, txHash })
  return undefined
}
