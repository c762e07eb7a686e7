//! What the contract tells is followed (RULES.md 7).
import {
  areMarginTiers,
  type ChainNotice,
  closeReason,
  marketState,
  noticeKind,
} from '@plumb/model'
import { chainPairsLeft, laneFree, pairFree, pairKnown } from './reference-capacity.ts'
import { hexOf } from './reference-cash.ts'
import {
  custody,
  isBackstopOwners,
  isPaused,
  isSettlementStopped,
} from './reference-chain-state.ts'
import { closeMany } from './reference-close.ts'
import { movePosition, settleAllFunding, settleFunding } from './reference-fill.ts'
import { fillAdmitted, withdrawable } from './reference-margin.ts'
import { abs, ceilDiv, max, min } from './reference-math.ts'
import {
  type Emit,
  heldBy,
  INVALID,
  indexWithin,
  marketOf,
  marketsAscending,
  ordersOf,
  type ReferenceAccount,
  type ReferenceMarket,
  type ReferenceState,
  type Refusal,
  refuse,
  riskOf,
} from './reference-state.ts'
import { begin, endReopening, enter } from './reference-states.ts'

type Heard = Required<Omit<ChainNotice, 'kind'>>

const isAmount = (x: number) => Number.isSafeInteger(x) && x >= 0
const { onChain } = closeReason

export function chainNotice(s: ReferenceState, c: ChainNotice, emit: Emit): Refusal | undefined {
  const heard: Heard = { ...absent, ...c }
  if (c.what === noticeKind.settlement) return noteSettlement(s, heard)
  const refusal = check(s, heard)
  if (refusal !== undefined) return refusal
  const { noticeId, what, market, amountQuote, lots, blockNumber, dueS, lane, laneSeq } = heard
  s.chain.notices = noticeId
  s.chain.backstopHex = hexOf(c.backstop)
  const account = find(s, hexOf(c.owner), c.subaccount)
  const accountId = account?.accountId ?? 0
  const told = { what, market, amountQuote, lots, blockNumber, dueS, lane, laneSeq }
  emit({ kind: 'ChainNoticed', accountId, noticeId, ...told, txHash: c.txHash })
  followAll(s, heard, emit)
  if (account !== undefined) followOwner(s, account, heard, emit)
  return undefined
}

const absent = {
  amountQuote: 0,
  lots: 0,
  priceTicks: 0,
  feeQuote: 0,
  fundingIndex: 0,
  leftQuote: 0,
  dueS: 0,
  lane: 0,
  laneSeq: 0,
  feePpm: 0,
  isLong: 0,
}

const find = (s: ReferenceState, ownerHex: string, subaccount: number) =>
  s.accounts.find((a) => a.ownerHex === ownerHex && a.subaccount === subaccount)

function check(s: ReferenceState, c: Heard): Refusal | undefined {
  const due = s.chain.notices + 1
  if (c.noticeId < due) return refuse('NOTICE_REPEATED', due)
  if (c.noticeId !== due) return refuse('NOTICE_GAP', due)
  const isKnown = c.what >= noticeKind.terms && c.what <= noticeKind.takenOver
  if (!isKnown) return INVALID
  const isReduced = c.what === noticeKind.reduced
  const isTakenOver = c.what === noticeKind.takenOver
  const amounts = [c.amountQuote, c.priceTicks, c.feeQuote, c.leftQuote, c.dueS]
  if (!amounts.every(isAmount)) return INVALID
  if (!isAmount(isReduced || isTakenOver ? Math.abs(c.lots) : c.lots)) return INVALID
  if (![c.fundingIndex, c.blockNumber].every((x) => Number.isSafeInteger(x))) return INVALID
  const inRange = c.subaccount >= 0 && c.subaccount <= 255 && c.feePpm >= 0
  if (!inRange || c.feePpm > 1_000_000) return INVALID
  const isMargins = c.what === noticeKind.marginsSet
  if (c.what === noticeKind.withdrawClaimed) return isPayable(s, c) ? undefined : INVALID
  const isOfMarket = c.what === noticeKind.reduceRequested || isReduced || isTakenOver || isMargins
  if (!isOfMarket) return undefined
  const market = s.markets.get(c.market)
  if (market === undefined) return refuse('UNKNOWN_MARKET')
  const { boundUsdc, imfPpm } = riskOf(market)
  const tiers = { imBps: c.lane, mmBps: c.laneSeq, boundUsdc, imfPpm }
  if (isTakenOver && c.lots === 0) return INVALID
  if (isReduced && !isPayable(s, c)) return INVALID
  if (isTakenOver || isReduced) return isBookable(s, market, c) ? checkPlaces(s, c) : INVALID
  if (!isMargins) return undefined
  const listable = c.lane >= 1 && c.lane <= 10_000 && c.laneSeq >= 1 && c.laneSeq <= c.lane
  return listable && areMarginTiers(tiers) ? undefined : INVALID
}

const isPayable = (s: ReferenceState, c: Heard) => BigInt(c.amountQuote) <= s.deposits - s.paid

const COUNTABLE = 2n ** 52n

/** Whether account and backstop could book the reduction and stay in numbers that can be counted. */
function isBookable(s: ReferenceState, market: ReferenceMarket, c: Heard): boolean {
  if (c.lots === 0) return true
  const { moved, taker, worth, fee, insured } = termsOf(market, c)
  const index = BigInt(c.fundingIndex)
  if (abs(index) > COUNTABLE || insured > market.tranche) return false
  const sides = [
    { one: find(s, hexOf(c.owner), c.subaccount), change: moved },
    { one: find(s, hexOf(c.backstop), taker), change: -moved },
  ]
  return sides.every(({ one, change }) => {
    const position = one?.positions.get(market.market)
    const held = position?.lots ?? 0n
    let payment = 0n
    if (one !== undefined && position !== undefined && held !== 0n)
      payment = isLate(one, market, index)
        ? ceilDiv(change * (market.fundingIndex - index), 1_000_000n)
        : ceilDiv(held * (index - position.snapshot), 1_000_000n)
    const sum = abs(one?.cash ?? 0n) + abs(position?.entry ?? 0n) + abs(payment)
    const fits = sum + worth + fee + insured < COUNTABLE
    return fits && abs(held) + abs(moved) <= 2n ** 44n
  })
}

/** Both sides have a place here, or can be given one. */
function checkPlaces(s: ReferenceState, c: Heard): Refusal | undefined {
  const account = find(s, hexOf(c.owner), c.subaccount)
  const isBackstops = hexOf(c.owner) === hexOf(c.backstop)
  if (c.lots === 0 || account === undefined || isBackstops) return undefined
  const backstop = find(s, hexOf(c.backstop), takerOf(c))
  if (backstop === undefined) return refuse('UNKNOWN_ACCOUNT')
  const both = [account, backstop]
  const missing = both.filter(({ accountId }) => !pairKnown(s, accountId, c.market))
  return missing.length > chainPairsLeft(s) ? refuse('CAPACITY') : undefined
}

const takerOf = (c: Heard) => (c.what === noticeKind.takenOver ? c.market + 1 : 0)

/** Of a reduction the price is told, of a takeover what was paid and insured. */
function termsOf(market: ReferenceMarket, c: Heard) {
  const lots = BigInt(c.lots)
  if (c.what === noticeKind.takenOver) {
    const [worth, insured] = [BigInt(c.amountQuote), BigInt(c.leftQuote)]
    return { moved: -lots, taker: takerOf(c), worth, fee: 0n, insured }
  }
  const worth = BigInt(c.priceTicks) * abs(lots) * BigInt(market.quotePerTickLot)
  return { moved: lots, taker: takerOf(c), worth, fee: BigInt(c.feeQuote), insured: 0n }
}

function noteSettlement(s: ReferenceState, c: Heard): Refusal | undefined {
  if (c.noticeId !== 0 || !isAmount(c.dueS) || s.chain.notices === 0) return INVALID
  Object.assign(s.chain, { heardMs: s.timeMs, unsettledMs: c.dueS })
  return undefined
}

/** What holds for all. */
function followAll(s: ReferenceState, c: Heard, emit: Emit): void {
  if (c.what === noticeKind.terms) s.chain.forceFeePpm = c.feePpm
  if (c.what === noticeKind.pauseEnded) s.chain.pausedUntilS = 0
  if (c.what === noticeKind.marginsSet)
    Object.assign(marketOf(s, c.market), { imBps: c.lane, mmBps: c.laneSeq })
  if (c.what !== noticeKind.pauseScheduled) return
  s.chain.pausedUntilS = c.dueS
  if (!isPaused(s)) return
  for (const market of marketsAscending(s)) {
    if (market.state >= marketState.halted || market.state === marketState.reduceOnly) continue
    const returns = market.state === marketState.trading || market.reopeningSinceMs !== 0
    endReopening(market)
    if (returns) begin(s, market, marketState.reduceOnly, emit)
    else enter(market, marketState.reduceOnly, emit)
  }
  const adding = [...s.orders.values()].filter(({ flags }) => (flags & 1) === 0)
  closeMany(s, adding, onChain, emit)
}

function followOwner(s: ReferenceState, account: ReferenceAccount, c: Heard, emit: Emit): void {
  switch (c.what) {
    case noticeKind.withdrawRequested: {
      const wanted = BigInt(c.amountQuote)
      if (wanted > free(s, account, c.dueS))
        closeMany(s, ordersOf(s, account.accountId), onChain, emit)
      account.locked = payRequested(s, account, wanted, c.dueS, emit) < wanted
      return
    }
    case noticeKind.withdrawClaimed:
      paidAlready(s, account, c.amountQuote, emit)
      account.locked = c.leftQuote > 0
      return
    case noticeKind.reduceRequested: {
      account.reductionsAsked.delete(c.market)
      if (c.lots === 0) return
      const own = ordersOf(s, account.accountId).filter(({ market }) => market === c.market)
      closeMany(s, own, onChain, emit)
      const wanted = BigInt(c.amountQuote)
      const closed = serve(s, account, c, emit)
      const paid = closed > 0n ? payRequested(s, account, wanted, c.dueS, emit) : 0n
      if (closed === BigInt(c.lots)) return
      if (paid < wanted) closeMany(s, ordersOf(s, account.accountId), onChain, emit)
      account.reductionsAsked.set(c.market, wanted - paid)
      return
    }
    case noticeKind.reduced: {
      if (c.lots !== 0) takeOver(s, account, c, emit)
      paidAlready(s, account, c.amountQuote, emit)
      const along = (account.reductionsAsked.get(c.market) ?? 0n) - BigInt(c.amountQuote)
      account.reductionsAsked.delete(c.market)
      if (c.leftQuote > 0) account.reductionsAsked.set(c.market, max(0n, along))
      return
    }
    case noticeKind.takenOver: {
      const own = ordersOf(s, account.accountId).filter(({ market }) => market === c.market)
      closeMany(s, own, onChain, emit)
      takeOver(s, account, c, emit)
      return
    }
    case noticeKind.laneCancelled:
      endLane(s, account, c, emit)
      return
    case noticeKind.allCancelled: {
      if (c.laneSeq <= account.minSeq) return
      account.minSeq = c.laneSeq
      const dead = ordersOf(s, account.accountId).filter(({ laneSeq }) => laneSeq < c.laneSeq)
      closeMany(s, dead, onChain, emit)
      return
    }
    // Not an owner's.
    case noticeKind.terms:
    case noticeKind.pauseScheduled:
    case noticeKind.pauseEnded:
    case noticeKind.marginsSet:
    case noticeKind.settlement:
  }
}

const isServable = (s: ReferenceState, dueS: number) =>
  s.timeMs + s.lagS * 1_000 <= dueS * 1_000 && !isSettlementStopped(s)

function free(s: ReferenceState, account: ReferenceAccount, dueS: number): bigint {
  const full = s.withdrawals.length >= s.limits.pendingWithdrawals
  if (!isServable(s, dueS) || s.paused !== 0 || full || isBackstopOwners(s, account)) return 0n
  if (account.reductionsAsked.size > 0) return 0n
  return max(0n, min(withdrawable(s, account), custody(s)))
}

function payRequested(
  s: ReferenceState,
  account: ReferenceAccount,
  wanted: bigint,
  dueS: number,
  emit: Emit,
): bigint {
  const paid = min(wanted, free(s, account, dueS))
  if (paid === 0n) return 0n
  settleAllFunding(s, account, emit)
  s.withdrawals.push({ seq: s.seq, accountId: account.accountId, amount: paid })
  takeOut(s, account, paid, emit)
  return paid
}

function paidAlready(s: ReferenceState, account: ReferenceAccount, amount: number, emit: Emit) {
  if (amount === 0) return
  takeOut(s, account, BigInt(amount), emit)
  s.paid += BigInt(amount)
  const { accountId } = account
  const of = { accountId, amountQuote: amount, withdrawalId: s.seq, batchNo: 0 }
  emit({ kind: 'WithdrawalPaid', ...of })
}

function takeOut(s: ReferenceState, account: ReferenceAccount, amount: bigint, emit: Emit): void {
  account.cash -= amount
  const { accountId } = account
  const of = { accountId, amountQuote: Number(amount), withdrawalId: s.seq, lane: 0, laneSeq: 0 }
  emit({ kind: 'WithdrawalAccepted', ...of, cashQuote: Number(account.cash) })
}

/** How many lots were closed. */
function serve(s: ReferenceState, account: ReferenceAccount, c: Heard, emit: Emit): bigint {
  const market = marketOf(s, c.market)
  const backstop = find(s, s.chain.backstopHex, 0)
  if (backstop === undefined || isBackstopOwners(s, account) || !isServable(s, c.dueS)) return 0n
  if (/^0*$/.test(s.chain.backstopHex)) return 0n
  const isPriced =
    market.mark !== 0 && market.state < marketState.halted && indexWithin(s, market, 5_000)
  const held = heldBy(account, c.market)
  if (!isPriced || held === 0n || held > 0n !== (c.isLong === 1)) return 0n
  const lots = min(BigInt(c.lots), abs(held))
  const moved = held > 0n ? -lots : lots
  const worth = BigInt(market.mark) * lots * BigInt(market.quotePerTickLot)
  const fee = ceilDiv(worth * BigInt(s.chain.forceFeePpm), 1_000_000n)
  const quote = (held > 0n ? worth : -worth) - fee
  const before = heldBy(backstop, c.market)
  const after = abs(before - moved)
  const fits = after <= BigInt(market.maxPositionLots) || after <= abs(before)
  if (!fits || !pairFree(s, backstop.accountId, c.market)) return 0n
  const taker = backstop.positions.get(c.market)
  const isDue = taker !== undefined && taker.snapshot !== market.fundingIndex
  if (isDue && s.accounts.some((one) => one !== account && one.reductionsAsked.has(c.market)))
    return 0n
  if (!fillAdmitted(s, account, c.market, moved, quote)) return 0n
  if (!fillAdmitted(s, backstop, c.market, -moved, -quote)) return 0n
  settleFunding(s, account, c.market, emit)
  settleFunding(s, backstop, c.market, emit)
  book({ account, backstop, market, moved, fee, price: market.mark, isServed: 1 }, emit)
  return lots
}

function takeOver(s: ReferenceState, account: ReferenceAccount, c: Heard, emit: Emit): void {
  const market = marketOf(s, c.market)
  const { moved, taker, worth, fee, insured } = termsOf(market, c)
  const backstop = find(s, s.chain.backstopHex, taker)
  if (backstop === undefined || /^0*$/.test(s.chain.backstopHex)) return
  if (isBackstopOwners(s, account)) return
  const both = [account, backstop]
  const flat = both.filter((one) => !one.positions.has(c.market))
  const fundingIndex = BigInt(c.fundingIndex)
  const late = both.map((one) => isLate(one, market, fundingIndex))
  for (const [i, one] of both.entries())
    if (late[i] === false) settleAt(s, one, market, fundingIndex, emit)
  const price = c.priceTicks
  if (c.what === noticeKind.takenOver)
    bookTakenOver({ account, backstop, market, moved, worth, insured, price }, emit)
  else book({ account, backstop, market, moved, fee, price, isServed: 0 }, emit)
  for (const one of flat) one.positions.get(c.market)!.snapshot = fundingIndex
  if (late[0] === true) settleMoved(account, market, moved, fundingIndex, emit)
  if (late[1] === true) settleMoved(backstop, market, -moved, fundingIndex, emit)
}

/** Whether funding of a held position is settled beyond an index of before already. */
function isLate(one: ReferenceAccount, market: ReferenceMarket, fundingIndex: bigint): boolean {
  const position = one.positions.get(market.market)
  return position?.snapshot === market.fundingIndex && market.fundingIndex !== fundingIndex
}

/** What lots that moved at an index of before owe since, where the rest of the position has paid. */
function settleMoved(
  one: ReferenceAccount,
  market: ReferenceMarket,
  moved: bigint,
  from: bigint,
  emit: Emit,
): void {
  const payment = ceilDiv(moved * (market.fundingIndex - from), 1_000_000n)
  one.cash -= payment
  market.pool += payment
  emit({
    kind: 'FundingSettled',
    accountId: one.accountId,
    market: market.market,
    paymentQuote: Number(payment),
    positionLots: Number(moved),
    fundingIndex: Number(market.fundingIndex),
    cashQuote: Number(one.cash),
  })
}

function settleAt(
  s: ReferenceState,
  account: ReferenceAccount,
  market: ReferenceMarket,
  fundingIndex: bigint,
  emit: Emit,
): void {
  const present = market.fundingIndex
  market.fundingIndex = fundingIndex
  settleFunding(s, account, market.market, emit)
  market.fundingIndex = present
}

type Reduction = {
  account: ReferenceAccount
  backstop: ReferenceAccount
  market: ReferenceMarket
  moved: bigint
  price: number
  fee: bigint
  isServed: 0 | 1
}

function book(made: Reduction, emit: Emit): void {
  const { account, backstop, market, moved, price, fee, isServed } = made
  const worth = -moved * BigInt(price) * BigInt(market.quotePerTickLot)
  const realized = movePosition(market, account, moved, -worth)
  const backstopRealized = movePosition(market, backstop, -moved, worth)
  account.cash += worth - fee
  backstop.cash -= worth - fee
  emit({
    kind: 'PositionReduced',
    accountId: account.accountId,
    market: market.market,
    priceTicks: price,
    sizeLots: Number(moved),
    quote: Number(worth - fee),
    feeQuote: Number(fee),
    realizedQuote: Number(realized),
    positionLots: Number(heldBy(account, market.market)),
    backstopPositionLots: Number(heldBy(backstop, market.market)),
    backstopAccountId: backstop.accountId,
    isServed,
    backstopRealizedQuote: Number(backstopRealized),
  })
}

type Takeover = Omit<Reduction, 'fee' | 'isServed'> & { worth: bigint; insured: bigint }

function bookTakenOver(made: Takeover, emit: Emit): void {
  const { account, backstop, market, moved, worth, insured, price } = made
  const pay = moved < 0n ? worth : -worth
  const realized = movePosition(market, account, moved, -pay)
  const backstopRealized = movePosition(market, backstop, -moved, pay)
  account.cash += pay + insured
  backstop.cash -= pay
  market.tranche -= insured
  emit({
    kind: 'PositionTakenOver',
    accountId: account.accountId,
    market: market.market,
    markTicks: price,
    sizeLots: Number(-moved),
    quote: Number(pay),
    insuranceQuote: Number(insured),
    realizedQuote: Number(realized),
    backstopPositionLots: Number(heldBy(backstop, market.market)),
    trancheQuote: Number(market.tranche),
    backstopAccountId: backstop.accountId,
    backstopRealizedQuote: Number(backstopRealized),
  })
}

function endLane(s: ReferenceState, account: ReferenceAccount, c: Heard, emit: Emit): void {
  if (c.laneSeq === 0 || c.lane < 0 || c.lane > 1_023) return
  if (!account.lanes.has(c.lane) && !laneFree(s, account, c.lane)) {
    account.locked = true
    return
  }
  const live = ordersOf(s, account.accountId).find(({ lane }) => lane === c.lane)
  if (live !== undefined && live.laneSeq <= c.laneSeq) closeMany(s, [live], onChain, emit)
  else if (live !== undefined) return
  const known = account.lanes.get(c.lane)
  if (known !== undefined && known.seq >= c.laneSeq) return
  account.lanes.set(c.lane, { seq: c.laneSeq, filled: 0, orderId: 0 })
}
