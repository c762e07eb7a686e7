//! Market states, reopening, delisting, and who backs a market (RULES.md 4, 5).
import {
  closeReason,
  limits,
  marketState,
  type ReopenMarket,
  type SetBackstop,
  type SetMarketState,
  type SettleMarket,
} from '@plumb/model'
import { isPaused, mayBack } from './reference-chain-state.ts'
import { closeMany } from './reference-close.ts'
import { movePosition, settleFunding } from './reference-fill.ts'
import { collectDust } from './reference-funding.ts'
import { meanMark } from './reference-margin.ts'
import { ceilDiv, floorDiv, max, min } from './reference-math.ts'
import {
  accountOf,
  type Emit,
  INVALID,
  indexWithin,
  marketsAscending,
  openInterest,
  ordersOf,
  type ReferenceAccount,
  type ReferenceMarket,
  type ReferenceState,
  type Refusal,
  refuse,
  riskOf,
} from './reference-state.ts'

const GOOD_TICKS = 60
const SETTLEMENTS_MAX = 256

export function setBackstop(s: ReferenceState, c: SetBackstop, emit: Emit): Refusal | undefined {
  const { accountId } = c
  const account = accountOf(s, accountId)
  if (accountId !== 0 && account === undefined) return refuse('UNKNOWN_ACCOUNT')
  const market = s.markets.get(c.market)
  if (market === undefined) return refuse('UNKNOWN_MARKET')
  if (account !== undefined) {
    const fits = account.isolatedMarket === c.market && ordersOf(s, accountId).length === 0
    if (!fits || !mayBack(s, account, c.market)) return INVALID
  }
  market.backstop = accountId
  emit({ kind: 'BackstopSet', accountId, market: c.market })
  return undefined
}

export function enter(market: ReferenceMarket, state: number, emit: Emit): void {
  market.state = state
  emit({ kind: 'MarketStateChanged', market: market.market, state })
}

export function setMarketState(
  s: ReferenceState,
  c: SetMarketState,
  emit: Emit,
): Refusal | undefined {
  const market = s.markets.get(c.market)
  if (market === undefined) return refuse('UNKNOWN_MARKET')
  if (c.state < 0 || c.state >= marketState.settled) return INVALID
  if (market.state === marketState.settled) return INVALID
  if (c.state <= marketState.postOnly && isPaused(s)) return INVALID
  endReopening(market)
  enter(market, c.state, emit)
  return undefined
}

export function endReopening(market: ReferenceMarket): void {
  market.reopeningSinceMs = 0
  market.goodTicks = 0
}

export function reopenMarket(s: ReferenceState, c: ReopenMarket, emit: Emit): Refusal | undefined {
  const market = s.markets.get(c.market)
  if (market === undefined) return refuse('UNKNOWN_MARKET')
  if (market.state !== marketState.halted || isPaused(s)) return INVALID
  comeBack(s, market, emit)
  return undefined
}

/** From a halt: the averages start afresh, liquidation waits, and a pause of the contract is kept. */
function comeBack(s: ReferenceState, market: ReferenceMarket, emit: Emit): void {
  market.ema150 = { ...market.ema150, timeMs: 0 }
  market.ema30 = { ...market.ema30, timeMs: 0 }
  const { cancelOnlyS, rearmS } = riskOf(market)
  market.rearmedAtMs = s.timeMs + rearmS * 1_000
  if (isPaused(s)) begin(s, market, marketState.reduceOnly, emit)
  else if (cancelOnlyS > 0) begin(s, market, marketState.cancelOnly, emit)
  else beginPostOnly(s, market, emit)
}

/** Into a state that the market leaves by itself, or into trading. */
export function begin(s: ReferenceState, market: ReferenceMarket, state: number, emit: Emit): void {
  market.reopeningSinceMs = state === marketState.trading ? 0 : s.timeMs
  market.goodTicks = 0
  enter(market, state, emit)
}

function beginPostOnly(s: ReferenceState, market: ReferenceMarket, emit: Emit): void {
  const { postOnlyS } = riskOf(market)
  begin(s, market, postOnlyS > 0 ? marketState.postOnly : marketState.trading, emit)
}

/** No index, or no mark, for more than 30 s, where there are stages to come back through. */
function lostPrices(s: ReferenceState, market: ReferenceMarket): boolean {
  const { cancelOnlyS, postOnlyS } = riskOf(market)
  if (cancelOnlyS + postOnlyS === 0 || market.markSecond === 0) return false
  const unmarkedS = Math.floor(s.timeMs / 1_000) - market.markSecond
  return market.fixedIndexTicks === 0 && (!indexWithin(s, market, 30_000) || unmarkedS > 30)
}

/** At a tick: an open market without prices halts; of a reopening at most one stage ends. */
export function advanceReopening(s: ReferenceState, market: ReferenceMarket, emit: Emit): void {
  const isHeld = market.reopeningSinceMs !== 0
  const isOpen = isHeld ? market.state !== marketState.halted : market.state === marketState.trading
  if (isOpen && lostPrices(s, market)) begin(s, market, marketState.halted, emit)
  else if (isHeld) goOn(s, market, emit)
}

function goOn(s: ReferenceState, market: ReferenceMarket, emit: Emit): void {
  const { cancelOnlyS, postOnlyS } = riskOf(market)
  const passedMs = s.timeMs - market.reopeningSinceMs
  const isFresh = indexWithin(s, market, 5_000)
  switch (market.state) {
    case marketState.halted:
      if (isFresh) comeBack(s, market, emit)
      return
    case marketState.reduceOnly:
      if (isFresh && !isPaused(s)) beginPostOnly(s, market, emit)
      return
    case marketState.cancelOnly:
      if (passedMs >= cancelOnlyS * 1_000) beginPostOnly(s, market, emit)
      return
    default:
      if (isFresh) market.goodTicks++
      if (passedMs >= postOnlyS * 1_000 && market.goodTicks >= GOOD_TICKS)
        begin(s, market, marketState.trading, emit)
  }
}

/** The mean mark within the mark's band, as the contract wants it; or the fixed index. */
function settlementPrice(market: ReferenceMarket): number {
  if (market.fixedIndexTicks !== 0) return market.fixedIndexTicks
  const [mark, band] = [BigInt(market.mark), BigInt(market.markBandPpm)]
  const least = ceilDiv(mark * (1_000_000n - band), 1_000_000n)
  const most = floorDiv(mark * (1_000_000n + band), 1_000_000n)
  return Number(max(least, min(meanMark(market), most)))
}

export function settleMarket(s: ReferenceState, c: SettleMarket, emit: Emit): Refusal | undefined {
  const market = s.markets.get(c.market)
  if (market === undefined) return refuse('UNKNOWN_MARKET')
  const ready = market.state === marketState.halted || market.state === marketState.reduceOnly
  if (!ready || market.mark === 0 || !indexWithin(s, market, 5_000)) return INVALID
  const price = settlementPrice(market)
  const worth = openInterest(s, c.market) * BigInt(price) * BigInt(market.quotePerTickLot)
  if (worth >= BigInt(limits.notionalQuoteMax))
    return refuse('MAX_NOTIONAL', limits.notionalQuoteMax)
  endReopening(market)
  Object.assign(market, { mark: price, index: price, settlementPrice: price })
  enter(market, marketState.settled, emit)
  emit({ kind: 'MarketSettled', market: c.market, priceTicks: price })
  const orders = [...s.orders.values()].filter((order) => order.market === c.market)
  closeMany(s, orders, closeReason.marketClosed, emit)
  return undefined
}

/** The last step of a tick: positions of settled markets are paid out, 256 in all. */
export function payOutSettled(s: ReferenceState, emit: Emit): void {
  let left = SETTLEMENTS_MAX
  for (const market of marketsAscending(s)) {
    if (market.state !== marketState.settled) continue
    for (const account of s.accounts) {
      if (left === 0) break
      if (!account.positions.has(market.market)) continue
      payOut(s, market, account, emit)
      left--
    }
    collectDust(s, market, emit)
  }
}

function payOut(
  s: ReferenceState,
  market: ReferenceMarket,
  account: ReferenceAccount,
  emit: Emit,
): void {
  settleFunding(s, account, market.market, emit)
  const { lots } = account.positions.get(market.market)!
  const quote = lots * BigInt(market.mark) * BigInt(market.quotePerTickLot)
  const realized = movePosition(market, account, -lots, -quote)
  account.cash += quote
  emit({
    kind: 'PositionSettled',
    accountId: account.accountId,
    market: market.market,
    sizeLots: Number(lots),
    priceTicks: market.mark,
    quote: Number(quote),
    realizedQuote: Number(realized),
    cashQuote: Number(account.cash),
  })
  if (account.positions.size === 0 && account.cash < 0n) writeOff(market, account, emit)
}

/** A deficit that no position stands behind any more: the tranche pays what it can, the rest is bad debt. */
function writeOff(market: ReferenceMarket, account: ReferenceAccount, emit: Emit): void {
  const deficit = -account.cash
  const paid = min(deficit, market.tranche)
  market.tranche -= paid
  market.badDebt += deficit - paid
  account.cash = 0n
  emit({
    kind: 'BadDebt',
    accountId: account.accountId,
    market: market.market,
    amountQuote: Number(deficit - paid),
    badDebtQuote: Number(market.badDebt),
    insuranceQuote: Number(paid),
    trancheQuote: Number(market.tranche),
  })
}
