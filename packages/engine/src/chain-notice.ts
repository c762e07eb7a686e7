//! ChainNotice: what the contract logged is followed here, in its order and exactly once (RULES.md 7).
import {
  areMarginTiers,
  closeReason,
  eventKind,
  limits,
  marketState,
  noticeKind,
  type RejectCode,
  rejectCode,
} from '@plumb/model'
import { findAccount } from './account-store.ts'
import { type ChainMove, carryOut, isBookable, refusePlaces } from './carry-out.ts'
import { isPaused, settlesUntil, watch } from './chain-state.ts'
import { closeCollected, collect, collectAccount } from './close-many.ts'
import { touch } from './dirty-set.ts'
import { emit, reject } from './emit.ts'
import { forgetAllHeadroom } from './headroom-store.ts'
import { findLane, makeLane, orderOfLane, seqOfLane, takeLane } from './lane-store.ts'
import { isListed } from './list-market.ts'
import { deriveRisk } from './market-risk.ts'
import { serveReduction } from './reduce-position.ts'
import { holdMarket } from './reopen-market.ts'
import { isFree, paidAlready, payRequested } from './requested-payout.ts'
import { askedAlong, noteReduction } from './requested-reduction.ts'
import { closeResting } from './rest-order.ts'
import { changeState } from './set-market-state.ts'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const {
  ACCOUNT_W,
  BACKSTOP_OWNER,
  DEPOSITS,
  FORCE_FEE,
  MARKET_D,
  M_BOUNDS,
  M_IMFS,
  M_IM_BPS,
  M_LISTED,
  M_MM_BPS,
  M_QUOTE_PER_TICK_LOT,
  M_REOPEN_SINCE,
  M_STATE,
  MONEY_ASKED,
  NONE,
  NOTICES,
  ORDER_W,
  PAID,
  PAUSED_UNTIL_S,
  SETTLEMENT_HEARD,
  TIME_MS,
  UNSETTLED_SINCE,
  W_LANE_SEQ,
  W_LIVE,
  W_LOCKED,
  W_MIN_SEQ,
} = slabs
const OWNER_W = 33
const BACKSTOP_W = 38
const TX_HASH_W = 43
const FEE_PPM_MAX = 1_000_000
/** All of the notional. */
const BPS = 10_000
const reduceOnlyFlag = 1

export function chainNotice(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const { chain } = state
  if (i32[w + 26] === noticeKind.settlement) return noteSettlement(state, i32, f64, w, d)
  const next = chain[NOTICES]! + 1
  const code = refuse(state, i32, f64, w, d, next)
  if (code !== 0) {
    const isOrder = code === rejectCode.NOTICE_GAP || code === rejectCode.NOTICE_REPEATED
    return reject(state, i32, f64, w, d, code, isOrder ? next : 0)
  }
  chain[NOTICES] = next
  for (let i = 0; i < 5; i++) chain[BACKSTOP_OWNER + i] = i32[w + BACKSTOP_W + i]! >>> 0
  const account = findAccount(state.accounts, i32, w + OWNER_W, i32[w + 27]!)
  tell(state, account, i32, f64, w, d)
  follow(state, account, i32, f64, w, d)
}

function refuse(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
  next: number,
): RejectCode | 0 {
  const noticeId = f64[d + 4]!
  if (noticeId < next) return rejectCode.NOTICE_REPEATED
  if (noticeId !== next) return rejectCode.NOTICE_GAP
  const what = i32[w + 26]!
  if (what < noticeKind.terms || what > noticeKind.takenOver) return rejectCode.INVALID_PARAMETER
  for (let at = 5; at <= 12; at++)
    if (!Number.isSafeInteger(f64[d + at]!)) return rejectCode.INVALID_PARAMETER
  const isSigned = what === noticeKind.reduced || what === noticeKind.takenOver
  for (const at of [5, 6, 7, 8, 10, 11])
    if (f64[d + at]! < 0 && !(isSigned && at === 6)) return rejectCode.INVALID_PARAMETER
  const subaccount = i32[w + 27]!
  const fee = i32[w + 30]!
  if (subaccount < 0 || subaccount >= limits.subaccountsMax || fee < 0 || fee > FEE_PPM_MAX)
    return rejectCode.INVALID_PARAMETER
  const needsMarket =
    what === noticeKind.reduceRequested || isSigned || what === noticeKind.marginsSet
  if (needsMarket && !isListed(state, i32[w + 6]!)) return rejectCode.UNKNOWN_MARKET
  if (what === noticeKind.marginsSet && !areMargins(state, i32, w))
    return rejectCode.INVALID_PARAMETER
  if (what !== noticeKind.withdrawClaimed && !isSigned) return 0
  return refuseDone(state, i32, f64, w, d)
}

/** What the chain has done already is booked whole, or is no log entry of it: it can be counted, and pays what came in. */
function refuseDone(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): RejectCode | 0 {
  const what = i32[w + 26]!
  const isTakeover = what === noticeKind.takenOver
  const isMoved = what !== noticeKind.withdrawClaimed && f64[d + 6] !== 0
  if (isTakeover && !isMoved) return rejectCode.INVALID_PARAMETER
  if (!isTakeover && f64[d + 5]! > state.totals[DEPOSITS]! - state.totals[PAID]!)
    return rejectCode.INVALID_PARAMETER
  if (!isMoved) return 0
  const account = findAccount(state.accounts, i32, w + OWNER_W, i32[w + 27]!)
  const backstop = findAccount(
    state.accounts,
    i32,
    w + BACKSTOP_W,
    isTakeover ? i32[w + 6]! + 1 : 0,
  )
  const move = moveOf(state, account, i32, f64, w, d)
  if (!isBookable(state, move, backstop)) return rejectCode.INVALID_PARAMETER
  return account === 0 || isBackstops(i32, w) ? 0 : refusePlaces(state, move, backstop)
}

/** Whether the notice is about an account of the backstop's owner. */
function isBackstops(i32: Int32Array, w: number): boolean {
  for (let i = 0; i < 5; i++) if (i32[w + OWNER_W + i] !== i32[w + BACKSTOP_W + i]) return false
  return true
}

/** What has moved, of a reduction or a takeover: a takeover tells the whole payment and what insurance added to it. */
function moveOf(
  { markets }: EngineState,
  account: number,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): ChainMove {
  const market = i32[w + 6]!
  const lots = f64[d + 6]!
  const price = f64[d + 7]!
  const shared = { account, market, price, fundingIndex: f64[d + 9]! }
  if (i32[w + 26] === noticeKind.takenOver) {
    const worth = f64[d + 5]!
    return { ...shared, taker: market + 1, moved: 0 - lots, worth, fee: 0, insured: f64[d + 10]! }
  }
  const worth = price * Math.abs(lots) * markets[market * MARKET_D + M_QUOTE_PER_TICK_LOT]!
  return { ...shared, taker: 0, moved: lots, worth, fee: f64[d + 8]!, insured: 0 }
}

/** Initial and maintenance fraction stand where a lane and its number do; bounded as at the listing. */
function areMargins(state: EngineState, i32: Int32Array, w: number): boolean {
  const m = i32[w + 6]! * MARKET_D
  const { markets } = state
  const imBps = i32[w + 28]!
  const mmBps = i32[w + 29]!
  if (imBps < 1 || imBps > BPS || mmBps < 1 || mmBps > imBps) return false
  return areMarginTiers({
    imBps,
    mmBps,
    boundUsdc: markets.subarray(m + M_BOUNDS, m + M_BOUNDS + 3),
    imfPpm: markets.subarray(m + M_IMFS, m + M_IMFS + 3),
  })
}

function tell(
  state: EngineState,
  account: number,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const record = emit(state, eventKind.ChainNoticed, account, i32[w + 6]!)
  const events = state.events
  const to = record * 20
  events.f64[to + 4] = f64[d + 4]!
  events.f64[to + 5] = f64[d + 5]!
  events.f64[to + 6] = f64[d + 6]!
  events.f64[to + 7] = f64[d + 12]!
  events.f64[to + 8] = f64[d + 11]!
  events.i32[record * 40 + 18] = i32[w + 26]!
  events.i32[record * 40 + 19] = i32[w + 28]!
  events.i32[record * 40 + 20] = i32[w + 29]!
  for (let i = 0; i < 8; i++) events.i32[record * 40 + 24 + i] = i32[w + TX_HASH_W + i]!
}

function follow(
  state: EngineState,
  account: number,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const { chain } = state
  const market = i32[w + 6]!
  switch (i32[w + 26]!) {
    case noticeKind.terms:
      chain[FORCE_FEE] = i32[w + 30]!
      return
    case noticeKind.pauseScheduled:
      chain[PAUSED_UNTIL_S] = f64[d + 11]!
      return reduceEverywhere(state)
    case noticeKind.pauseEnded:
      chain[PAUSED_UNTIL_S] = 0
      return
    case noticeKind.marginsSet: {
      const m = market * MARKET_D
      state.markets[m + M_IM_BPS] = i32[w + 28]!
      state.markets[m + M_MM_BPS] = i32[w + 29]!
      deriveRisk(state, market)
      forgetAllHeadroom(state.headroom)
      touch(state.dirtyMarkets, market)
      return
    }
    default:
      if (account !== 0) followOwner(state, account, i32, f64, w, d)
  }
}

function followOwner(
  state: EngineState,
  account: number,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const amount = f64[d + 5]!
  const market = i32[w + 6]!
  switch (i32[w + 26]!) {
    case noticeKind.withdrawRequested: {
      // Orders hold margin that the contract knows nothing of.
      if (amount > 0 && !isFree(state, account, amount, f64[d + 11]!))
        closeAll(state, account, NONE)
      const paid = amount > 0 ? payRequested(state, account, amount, f64[d + 11]!) : 0
      return lock(state, account, paid < amount)
    }
    case noticeKind.withdrawClaimed:
      paidAlready(state, account, amount)
      return lock(state, account, f64[d + 10]! > 0)
    case noticeKind.reduceRequested: {
      const wanted = f64[d + 6]!
      noteReduction(state, account, market, 0, 0)
      if (wanted === 0) return
      closeAll(state, account, market)
      const dueS = f64[d + 11]!
      const closed = serveReduction(state, account, market, wanted, i32[w + 31]!, dueS)
      const paid = closed > 0 && amount > 0 ? payRequested(state, account, amount, dueS) : 0
      // Money that may leave at any time holds up all that could need it.
      if (closed < wanted && paid < amount) closeAll(state, account, NONE)
      return noteReduction(state, account, market, wanted - closed, amount - paid)
    }
    case noticeKind.reduced: {
      if (f64[d + 6] !== 0) carryOut(state, moveOf(state, account, i32, f64, w, d))
      if (amount > 0) paidAlready(state, account, amount)
      const along = Math.max(0, askedAlong(state, account, market) - amount)
      return noteReduction(state, account, market, f64[d + 10]!, along)
    }
    case noticeKind.takenOver:
      closeAll(state, account, market)
      return carryOut(state, moveOf(state, account, i32, f64, w, d))
    case noticeKind.laneCancelled:
      return endLane(state, account, i32[w + 28]!, i32[w + 29]! >>> 0)
    case noticeKind.allCancelled:
      return endAll(state, account, i32[w + 29]! >>> 0)
    default:
  }
}

function closeAll(state: EngineState, account: number, market: number): void {
  closeCollected(state, collectAccount(state, account, market, NONE), closeReason.onChain)
}

/** Only what reduces is taken from the account, or anything again. */
function lock(state: EngineState, account: number, locked: boolean): void {
  const at = account * ACCOUNT_W + W_LOCKED
  const { i32 } = state.accounts
  i32[at] = (i32[at]! & ~MONEY_ASKED) | (locked ? MONEY_ASKED : 0)
  watch(state.accounts, account)
  touch(state.accounts.dirty, account)
}

/** The lane's orders up to a sequence number are dead on-chain soon: the live one closes, none is taken any more. */
function endLane(state: EngineState, account: number, lane: number, seq: number): void {
  const { lanes, orders } = state
  if (seq === 0 || !(lane >= 0 && lane < limits.lanesPerAccountMax)) return
  let place = findLane(lanes, account, lane)
  if (place === NONE) {
    // Without room the lane cannot be remembered: nothing new is taken from the account then.
    if (lanes.used === lanes.capacity) return lock(state, account, true)
    place = makeLane(lanes, account, lane)
  }
  const live = orderOfLane(lanes, place)
  if (live !== NONE && orders.i32[live * ORDER_W + W_LANE_SEQ]! >>> 0 <= seq)
    closeResting(state, live, closeReason.onChain)
  if (orderOfLane(lanes, place) !== NONE || seqOfLane(lanes, place) >= seq) return
  takeLane(lanes, place, seq | 0, NONE)
  touch(lanes.dirty, place)
}

function endAll(state: EngineState, account: number, minSeq: number): void {
  const { accounts, orders, scratch } = state
  const a = account * ACCOUNT_W
  if (minSeq <= accounts.i32[a + W_MIN_SEQ]! >>> 0) return
  accounts.i32[a + W_MIN_SEQ] = minSeq | 0
  watch(accounts, account)
  touch(accounts.dirty, account)
  const all = collectAccount(state, account, NONE, NONE)
  let count = 0
  for (let i = 0; i < all; i++) {
    const slot = scratch.orderIds[i]! % slabs.SLOT_RANGE
    if (orders.i32[slot * ORDER_W + W_LANE_SEQ]! >>> 0 < minSeq)
      scratch.orderIds[count++] = scratch.orderIds[i]!
  }
  closeCollected(state, count, closeReason.onChain)
}

/** No market opens new risk: each goes reduce-only, and orders that could add to a position close. */
function reduceEverywhere(state: EngineState): void {
  if (!isPaused(state)) return
  const { markets, orders } = state
  for (let market = 0; market < state.limits.markets; market++) {
    const m = market * MARKET_D
    const now = markets[m + M_STATE]!
    if (markets[m + M_LISTED] === 0) continue
    if (now >= marketState.halted || now === marketState.reduceOnly) continue
    // What an operator had restricted waits for the operator, the rest comes back when the pause is over.
    if (now === marketState.trading || markets[m + M_REOPEN_SINCE] !== 0)
      holdMarket(state, market, marketState.reduceOnly)
    else changeState(state, market, marketState.reduceOnly)
  }
  let count = 0
  for (let slot = 0; slot < orders.used; slot++) {
    const o = slot * ORDER_W
    if (orders.i32[o + W_LIVE] === 1 && (orders.i32[o + slabs.W_FLAGS]! & reduceOnlyFlag) === 0)
      count = collect(state, count, slot)
  }
  closeCollected(state, count, closeReason.onChain)
}

/** How far settlement is behind, as the relayer says: no number, no event. */
function noteSettlement(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  const { chain, totals } = state
  const since = f64[d + 11]!
  if (f64[d + 4] !== 0 || !(Number.isSafeInteger(since) && since >= 0) || chain[NOTICES] === 0) {
    reject(state, i32, f64, w, d, rejectCode.INVALID_PARAMETER)
    return
  }
  chain[SETTLEMENT_HEARD] = totals[TIME_MS]!
  chain[UNSETTLED_SINCE] = since
  state.headroom.settlesUntilMs = settlesUntil(state)
}
