//! What one fill moves: fees, funding, positions, cash (RULES.md 2.5, 3; risk.md 1.4, 1.11).

import { fundingOwed } from './reference-margin.ts'
import { ceilDiv, floorDiv, min } from './reference-math.ts'
import {
  type Emit,
  heldBy,
  marketOf,
  type ReferenceAccount,
  type ReferenceMarket,
  type ReferenceState,
} from './reference-state.ts'

const DAY_MS = 86_400_000
const VOLUME_MAX = BigInt(Number.MAX_SAFE_INTEGER)

/** Fee of one side: what is paid rounds up, what is received down. `fee` in units of 10 ppm. */
export function feeOf(quote: bigint, fee: number): bigint {
  const rate = BigInt(fee) * 10n
  return rate >= 0n ? ceilDiv(quote * rate, 1_000_000n) : -floorDiv(quote * -rate, 1_000_000n)
}

/** Volume and tier with which an account trades today. */
function tierToday(
  s: ReferenceState,
  account: ReferenceAccount,
): { day: number; volume: bigint; tier: number } {
  const day = Math.floor(s.timeMs / DAY_MS)
  const { volumeDay, tier } = account
  if (day === volumeDay) return { day, volume: account.volume, tier }
  let volume = day - volumeDay >= 1_200 ? 0n : account.volume
  for (let passed = volumeDay; passed < day && volume > 0n; passed++)
    volume = floorDiv(volume * 29n, 30n)
  const reached = s.feeTiers.findLastIndex((t) => t.volume !== 0 && volume >= BigInt(t.volume))
  return { day, volume, tier: reached + 1 }
}

/** Rates of an account in a market today, units of 10 ppm. */
export function ratesOf(
  s: ReferenceState,
  account: ReferenceAccount,
  market: ReferenceMarket,
): { taker: number; maker: number } {
  const { tier } = tierToday(s, account)
  const { takerOff, makerOff } = s.feeTiers[tier - 1] ?? { takerOff: 0, makerOff: 0 }
  const highest = s.feeTiers.findLast((t) => t.volume !== 0)
  const leastTaker = Math.max(0, market.takerFee - (highest?.takerOff ?? 0))
  return {
    taker: Math.max(0, market.takerFee - takerOff),
    maker: Math.max(0 - leastTaker, market.makerFee - makerOff),
  }
}

/** Brings an account's volume and tier to today. */
export function openDay(s: ReferenceState, account: ReferenceAccount, emit: Emit): void {
  const { day, volume, tier } = tierToday(s, account)
  const changed = tier !== account.tier
  Object.assign(account, { volumeDay: day, volume, tier })
  if (!changed) return
  const { accountId } = account
  emit({ kind: 'FeeTierChanged', accountId, volumeQuote: Number(volume), tier })
}

export function addVolume(account: ReferenceAccount, quote: bigint): void {
  account.volume = min(VOLUME_MAX, account.volume + quote)
}

export function settleFunding(
  s: ReferenceState,
  account: ReferenceAccount,
  marketId: number,
  emit: Emit,
): void {
  const position = account.positions.get(marketId)
  const market = marketOf(s, marketId)
  if (position === undefined || position.snapshot === market.fundingIndex) return
  const payment = fundingOwed(s, account, marketId)
  account.cash -= payment
  market.pool += payment
  position.snapshot = market.fundingIndex
  emit({
    kind: 'FundingSettled',
    accountId: account.accountId,
    market: marketId,
    paymentQuote: Number(payment),
    positionLots: Number(position.lots),
    fundingIndex: Number(market.fundingIndex),
    cashQuote: Number(account.cash),
  })
}

/** All of an account's funding, by ascending market. */
export function settleAllFunding(s: ReferenceState, account: ReferenceAccount, emit: Emit): void {
  for (const market of [...account.positions.keys()].toSorted((a, b) => a - b))
    settleFunding(s, account, market, emit)
}

/**
 * Moves a position by `delta` lots for which `cost` is paid (negative: received). Entry cost c = Σ price·Δs·q; closing
 * r of |s| releases ceil(c·r/|s|). Answers the realized PnL: receipt of the part that closes less what is released.
 */
export function movePosition(
  market: ReferenceMarket,
  account: ReferenceAccount,
  delta: bigint,
  cost: bigint,
): bigint {
  const fresh = { lots: 0n, entry: 0n, snapshot: market.fundingIndex, partialAtMs: 0 }
  const position = account.positions.get(market.market) ?? fresh
  const held = position.lots
  let opening = cost
  let realized = 0n
  if (held !== 0n && held > 0n !== delta > 0n) {
    const size = held > 0n ? held : -held
    const wanted = delta > 0n ? delta : -delta
    const closed = wanted < size ? wanted : size
    const released = ceilDiv(position.entry * closed, size)
    const receipt = floorDiv(-cost * closed, wanted)
    realized = receipt - released
    position.entry -= released
    opening = cost + receipt
    if (wanted >= size) position.partialAtMs = 0
  }
  position.entry += opening
  position.lots = held + delta
  if (position.lots === 0n) account.positions.delete(market.market)
  else account.positions.set(market.market, position)
  return realized
}

/** A fill's money before it is booked. Deltas and flows are signed for the side they name. */
export type Fill = {
  lots: number
  price: number
  quote: bigint
  takerDelta: bigint
  takerFlow: bigint
  makerFlow: bigint
  takerFee: number
  makerFee: number
  takerFeeQuote: bigint
  makerFeeQuote: bigint
}

export function priceFill(
  market: ReferenceMarket,
  price: number,
  lots: number,
  side: 0 | 1,
  rates: { taker: number; maker: number },
): Fill {
  const quote = BigInt(price) * BigInt(lots) * BigInt(market.quotePerTickLot)
  const takerFeeQuote = feeOf(quote, rates.taker)
  const makerFeeQuote = feeOf(quote, rates.maker)
  const sign = side === 0 ? 1n : -1n
  return {
    lots,
    price,
    quote,
    takerDelta: sign * BigInt(lots),
    takerFlow: -sign * quote - takerFeeQuote,
    makerFlow: sign * quote - makerFeeQuote,
    takerFee: rates.taker,
    makerFee: rates.maker,
    takerFeeQuote,
    makerFeeQuote,
  }
}

/** Books both sides of an ordinary fill and tells it; `remaining` is what each order has left after it. */
export function bookFill(
  s: ReferenceState,
  taker: { accountId: number; market: number; orderId: number; side: 0 | 1 },
  maker: { accountId: number; orderId: number },
  fill: Fill,
  remaining: { taker: number; maker: number },
  emit: Emit,
): void {
  const market = marketOf(s, taker.market)
  const takerAccount = s.accounts[taker.accountId - 1]!
  const makerAccount = s.accounts[maker.accountId - 1]!
  settleFunding(s, takerAccount, taker.market, emit)
  settleFunding(s, makerAccount, taker.market, emit)
  openDay(s, takerAccount, emit)
  openDay(s, makerAccount, emit)
  const cost = fill.takerDelta > 0n ? fill.quote : -fill.quote
  const takerRealized = movePosition(market, takerAccount, fill.takerDelta, cost)
  const makerRealized = movePosition(market, makerAccount, -fill.takerDelta, -cost)
  takerAccount.cash += fill.takerFlow
  makerAccount.cash += fill.makerFlow
  addVolume(takerAccount, fill.quote)
  addVolume(makerAccount, fill.quote)
  s.fees += fill.takerFeeQuote + fill.makerFeeQuote
  market.last = fill.price
  s.trades++
  s.fills++
  emit({
    kind: 'TradeExecuted',
    takerAccountId: taker.accountId,
    makerAccountId: maker.accountId,
    market: taker.market,
    tradeId: s.trades,
    priceTicks: fill.price,
    sizeLots: fill.lots,
    quote: Number(fill.quote),
    takerSide: taker.side,
    takerOrderId: taker.orderId,
    makerOrderId: maker.orderId,
    takerFee: fill.takerFee,
    makerFee: fill.makerFee,
    takerFeeQuote: Number(fill.takerFeeQuote),
    makerFeeQuote: Number(fill.makerFeeQuote),
    takerRealizedQuote: Number(takerRealized),
    makerRealizedQuote: Number(makerRealized),
    takerPositionLots: Number(heldBy(takerAccount, taker.market)),
    makerPositionLots: Number(heldBy(makerAccount, taker.market)),
    takerRemainingLots: remaining.taker,
    makerRemainingLots: remaining.maker,
  })
}
