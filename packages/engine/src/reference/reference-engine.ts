//! The exchange again, from the rules alone: objects, Map and BigInt, no line shared with the fast engine.
import {
  type Command,
  type CommandRejected,
  type ConfirmBatch,
  type CreditDeposit,
  commandKind,
  type EngineEvent,
  type Envelope,
  type EventBody,
  encodeEvent,
  type Genesis,
  limits,
  type Market,
  type RequestWithdrawal,
  rejectCode,
  type StateHash,
} from '@plumb/model'
import { defaultLimits, type EngineLimits } from '../engine-limits.ts'
import { observePrice, tick } from './reference-clock.ts'
import { referenceHash } from './reference-hash.ts'
import { withdrawable } from './reference-margin.ts'
import {
  amendOrder,
  cancelAll,
  cancelOrder,
  checkExpiry,
  checkLane,
  type Emit,
  placeOrder,
  type Refusal,
  settleFunding,
} from './reference-orders.ts'
import { accountOf, emptyState, listedMarket, type ReferenceState } from './reference-state.ts'

const between = (x: number, low: number, high: number) =>
  Number.isSafeInteger(x) && x >= low && x <= high
const INVALID: Refusal = { refuse: 'INVALID_PARAMETER' }

export class ReferenceEngine {
  readonly state: ReferenceState

  constructor(engineLimits: Partial<EngineLimits> = {}) {
    this.state = emptyState({ ...defaultLimits, ...engineLimits })
  }

  /** The events of one command, as their records. */
  apply({ seq, timeMs, command }: Envelope): Uint8Array[] {
    const s = this.state
    s.seq = seq
    s.timeMs = timeMs
    const records: Uint8Array[] = []
    const emit: Emit = (event: EventBody) => {
      const leg = records.length
      const whole: EngineEvent = { ...event, seq, timeMs, leg }
      records.push(encodeEvent(whole))
    }
    const refusal = !s.opened && command.kind !== 'Genesis' ? INVALID : run(s, command, emit)
    if (refusal !== undefined) emit(rejection(command, refusal))
    return records
  }

  stateHash(): StateHash {
    return referenceHash(this.state)
  }
}

function rejection(command: Command, { refuse, limitValue = 0 }: Refusal): CommandRejected {
  const named =
    command.kind === 'PlaceOrder' || command.kind === 'AmendOrder' || command.kind === 'CancelOrder'
  return {
    kind: 'CommandRejected',
    accountId: 'accountId' in command ? command.accountId : 0,
    market: 'market' in command ? command.market : 0,
    code: rejectCode[refuse],
    commandKind: commandKind[command.kind],
    orderId: named ? command.orderId : 0,
    limitValue,
    clientOrderId: named ? command.clientOrderId : '',
  }
}

function run(s: ReferenceState, c: Command, emit: Emit): Refusal | undefined {
  switch (c.kind) {
    case 'Genesis':
      return genesis(s, c, emit)
    case 'ListMarket':
      return listMarket(s, c, emit)
    case 'PlaceOrder':
      return placeOrder(s, c, emit)
    case 'AmendOrder':
      return amendOrder(s, c, emit)
    case 'CancelOrder':
      return cancelOrder(s, c, emit)
    case 'CancelAll':
      return cancelAll(s, c, emit)
    case 'CreditDeposit':
      return creditDeposit(s, c, emit)
    case 'RequestWithdrawal':
      return requestWithdrawal(s, c, emit)
    case 'ObservePrice':
      return observePrice(s, c, emit)
    case 'Tick':
      return tick(s, emit) ?? undefined
    case 'ConfirmBatch':
      return confirmBatch(s, c, emit)
    case 'SetMarketState': {
      const market = s.markets.get(c.market)
      if (market === undefined) return { refuse: 'UNKNOWN_MARKET' }
      if (!between(c.state, 0, 5)) return INVALID
      market.state = c.state
      emit({ kind: 'MarketStateChanged', market: c.market, state: c.state })
      return undefined
    }
    case 'SetWithdrawals':
      if (!between(c.paused, 0, 1)) return INVALID
      s.paused = c.paused
      emit({ kind: 'WithdrawalsSwitched', paused: c.paused })
      return undefined
    case 'PlaceAdvancedOrder':
    case 'Transfer':
    case 'SetLeverage':
    case 'SetAccountMode':
    case 'SetDeadMan':
    case 'SetSelfTradeGroup':
    case 'SetFeeTiers':
    case 'SetMarketRisk':
    case 'SetBackstop':
    case 'FundInsurance':
    case 'SetThrottle':
    case 'ReopenMarket':
    case 'SettleMarket':
      return { refuse: 'UNSUPPORTED' }
  }
}

function genesis(s: ReferenceState, c: Genesis, emit: Emit): Refusal | undefined {
  if (s.opened) return { refuse: 'ALREADY_INITIALISED' }
  const valid =
    between(c.chainId, 1, Number.MAX_SAFE_INTEGER) &&
    between(c.settlementLagS, 1, 86_400) &&
    between(c.publisherCount, 1, limits.publishersMax) &&
    between(c.publisherQuorum, 1, c.publisherCount)
  if (!valid) return INVALID
  s.opened = true
  s.chainId = c.chainId
  s.lagS = c.settlementLagS
  s.publisherCount = c.publisherCount
  s.quorum = c.publisherQuorum
  emit({ kind: 'ExchangeOpened', chainId: c.chainId })
  return undefined
}

function listMarket(
  s: ReferenceState,
  c: Market & { kind: 'ListMarket' },
  emit: Emit,
): Refusal | undefined {
  const most = Number.MAX_SAFE_INTEGER
  const valid =
    between(c.market, 0, s.limits.markets - 1) &&
    !s.markets.has(c.market) &&
    between(c.tickE8, 1, most) &&
    between(c.lotE8, 1, most) &&
    between(c.quotePerTickLot, 1, 2 ** 20) &&
    between(c.minOrderLots, 1, limits.sizeLotsMax) &&
    between(c.maxOrderLots, c.minOrderLots, limits.sizeLotsMax) &&
    between(c.maxPositionLots, 1, 2 ** 44) &&
    between(c.minNotionalQuote, 0, limits.notionalQuoteMax) &&
    between(c.maxOpenInterestLots, 0, most) &&
    between(c.fixedIndexTicks, 0, limits.priceTicksMax) &&
    between(c.imBps, 1, 10_000) &&
    between(c.mmBps, 1, c.imBps) &&
    between(c.takerFee, 0, 255) &&
    between(c.makerFee, -128, c.takerFee) &&
    c.makerFee >= -c.takerFee &&
    between(c.priceBandPpm, 0, 999_999) &&
    between(c.markBandPpm, 0, 100_000)
  if (!valid) return INVALID
  s.markets.set(c.market, listedMarket(c))
  emit({ kind: 'MarketListed', market: c.market })
  return undefined
}

function creditDeposit(s: ReferenceState, c: CreditDeposit, emit: Emit): Refusal | undefined {
  const next = s.lastDepositId + 1
  if (c.depositId < next) return { refuse: 'DEPOSIT_REPEATED', limitValue: next }
  if (c.depositId !== next) return { refuse: 'DEPOSIT_GAP', limitValue: next }
  if (!between(c.amountQuote, 1, Number.MAX_SAFE_INTEGER) || !between(c.subaccount, 0, 255))
    return INVALID
  const ownerHex = Array.from(c.owner, (byte) => byte.toString(16).padStart(2, '0')).join('')
  let account = s.accounts.find((a) => a.ownerHex === ownerHex && a.subaccount === c.subaccount)
  const full = account === undefined && s.accounts.length >= s.limits.accounts
  if (full || s.deposits + BigInt(c.amountQuote) > 1n << 52n) return { refuse: 'CAPACITY' }
  s.lastDepositId = c.depositId
  s.deposits += BigInt(c.amountQuote)
  if (account === undefined) {
    account = {
      accountId: s.accounts.length + 1,
      owner: c.owner,
      ownerHex,
      subaccount: c.subaccount,
      cash: 0n,
      positions: new Map(),
      lanes: new Map(),
    }
    s.accounts.push(account)
    const { accountId, owner, subaccount } = account
    emit({ kind: 'AccountOpened', accountId, subaccount, owner })
  }
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

function requestWithdrawal(
  s: ReferenceState,
  c: RequestWithdrawal,
  emit: Emit,
): Refusal | undefined {
  const account = accountOf(s, c.accountId)
  if (account === undefined) return { refuse: 'UNKNOWN_ACCOUNT' }
  if (!between(c.amountQuote, 1, Number.MAX_SAFE_INTEGER)) return INVALID
  const refusal = checkLane(s, account, c.lane, c.laneSeq, 0) ?? checkExpiry(s, c.expiryS)
  if (refusal !== undefined) return refusal
  if (s.paused !== 0) return { refuse: 'WITHDRAWALS_PAUSED' }
  if (s.withdrawals.length >= s.limits.pendingWithdrawals) return { refuse: 'CAPACITY' }
  const most = withdrawable(s, account)
  if (BigInt(c.amountQuote) > most)
    return { refuse: 'INSUFFICIENT_BALANCE', limitValue: Number(most) }
  for (const market of [...account.positions.keys()].toSorted((a, b) => a - b))
    settleFunding(s, account, market, emit)
  account.lanes.set(c.lane, { seq: c.laneSeq, filled: 0, orderId: 0 })
  account.cash -= BigInt(c.amountQuote)
  s.withdrawals.push({ seq: s.seq, accountId: c.accountId, amount: BigInt(c.amountQuote) })
  emit({
    kind: 'WithdrawalAccepted',
    accountId: c.accountId,
    amountQuote: c.amountQuote,
    withdrawalId: s.seq,
    cashQuote: Number(account.cash),
    lane: c.lane,
    laneSeq: c.laneSeq,
  })
  return undefined
}

function confirmBatch(s: ReferenceState, c: ConfirmBatch, emit: Emit): Refusal | undefined {
  if (!Number.isSafeInteger(c.batchNo) || !Number.isSafeInteger(c.toSeq) || c.toSeq >= s.seq)
    return INVALID
  if (c.batchNo <= s.lastBatch || c.toSeq <= s.batchToSeq)
    return { refuse: 'NOTHING_TO_CONFIRM', limitValue: s.lastBatch }
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
