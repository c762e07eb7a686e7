//! What an order is asked before it may do anything, in the order in which it is asked (RULES.md 1.1).
import {
  type AmendOrder,
  limits,
  marketState,
  orderFlag,
  orderOption,
  type PlaceAdvancedOrder,
  type PlaceOrder,
  timeInForce,
  timeInForceOf,
} from '@plumb/model'
import { isSettlementStopped } from './reference-chain-state.ts'
import { openingAdmitted, requirement } from './reference-margin.ts'
import { expiredAt } from './reference-match.ts'
import { ceilDiv, floorDiv } from './reference-math.ts'
import {
  crossing,
  heldBy,
  INVALID,
  indexWithin,
  isPostOnly,
  isReduceOnly,
  isResting,
  openInterest,
  ordersOf,
  type ReferenceAccount,
  type ReferenceMarket,
  type ReferenceState,
  type Refusal,
  reducible,
  refuse,
  riskOf,
} from './reference-state.ts'

type Request = PlaceOrder | AmendOrder | PlaceAdvancedOrder
/** What of an order counts when it is let in: now, or when its trigger comes. */
export type Candidate = {
  side: 0 | 1
  flags: number
  /** The limit that counts: a market order's is its effective one. */
  price: number
  /** Lots that count for the size limits, and for margin. */
  lots: number
  marginLots: number
}

const PPM = 1_000_000n

/** Shape of a plain order; `conditional`: kind and trigger were judged elsewhere. */
export function checkShape(
  market: ReferenceMarket | undefined,
  c: Request,
  conditional = false,
): Refusal | undefined {
  if (market === undefined) return refuse('UNKNOWN_MARKET')
  if ((!conditional && c.orderKind !== 0) || c.flags < 0 || c.flags > 31)
    return refuse('UNSUPPORTED')
  const tif = timeInForceOf(c.flags)
  if (![0, 1].includes(c.side) || ![0, 1, 2].includes(c.selfTrade)) return INVALID
  if (tif === 3 || (!conditional && c.triggerTicks !== 0)) return INVALID
  if (isPostOnly(c) && tif !== timeInForce.gtc) return INVALID
  const options = c.options ?? 0
  const isMarket = options === orderOption.market && c.kind === 'PlaceOrder'
  if (options !== 0 && !(isMarket && tif === timeInForce.ioc)) return INVALID
  if (
    !Number.isSafeInteger(c.priceTicks) ||
    c.priceTicks < 1 ||
    c.priceTicks > limits.priceTicksMax
  )
    return refuse('INVALID_TICK', limits.priceTicksMax)
  if (!Number.isSafeInteger(c.sizeLots) || c.sizeLots < market.minOrderLots)
    return refuse('INVALID_STEP', market.minOrderLots)
  if (c.sizeLots > market.maxOrderLots) return refuse('MAX_SIZE', market.maxOrderLots)
  const notional = notionalOf(market, c)
  if (notional < BigInt(market.minNotionalQuote))
    return refuse('MIN_NOTIONAL', market.minNotionalQuote)
  if (notional > BigInt(limits.notionalQuoteMax))
    return refuse('MAX_NOTIONAL', limits.notionalQuoteMax)
  if (c.maxFee < 0 || c.maxFee > limits.maxFeeMax)
    return refuse('INVALID_PARAMETER', limits.maxFeeMax)
  const fee = isPostOnly(c) ? market.makerFee : market.takerFee
  return fee > c.maxFee ? refuse('FEE_ABOVE_MAX', fee) : undefined
}

const notionalOf = (market: ReferenceMarket, c: { priceTicks: number; sizeLots: number }): bigint =>
  BigInt(c.priceTicks) * BigInt(c.sizeLots) * BigInt(market.quotePerTickLot)

export function checkIsolated(
  account: ReferenceAccount,
  { market, flags }: { market: number; flags: number },
): Refusal | undefined {
  if (account.reductionsAsked.has(market)) return refuse('ASKED_ON_CHAIN')
  const isMoneyAsked = account.locked || [...account.reductionsAsked.values()].some((x) => x > 0n)
  if (isMoneyAsked && (flags & orderFlag.reduceOnly) === 0) return refuse('CLOSE_ONLY')
  const isolated = account.isolatedMarket !== -1 && account.isolatedMarket !== market
  return isolated ? refuse('ISOLATED_MARKET') : undefined
}

export function checkExpiry(s: ReferenceState, expiryS: number): Refusal | undefined {
  return expiredAt(s, expiryS) ? refuse('SIGNATURE_EXPIRED', s.lagS) : undefined
}

/** States in which a market takes no order of any kind. */
export function checkClosed(market: ReferenceMarket): Refusal | undefined {
  if (market.state === marketState.halted || market.state === marketState.settled)
    return refuse('MARKET_HALTED')
  return market.state === marketState.cancelOnly ? refuse('CANCEL_ONLY') : undefined
}

/** More than L behind, nothing is taken that would have to settle (7). */
export const checkSettlement = (s: ReferenceState): Refusal | undefined =>
  isSettlementStopped(s) ? refuse('SETTLEMENT_LAG', s.lagS) : undefined

export function checkState(
  s: ReferenceState,
  market: ReferenceMarket,
  c: { flags: number },
): Refusal | undefined {
  const closed = checkClosed(market)
  if (closed !== undefined) return closed
  if (market.state === marketState.reduceOnly && !isReduceOnly(c)) return refuse('CLOSE_ONLY')
  if (market.state === marketState.postOnly && !isPostOnly(c)) return refuse('POST_ONLY_STATE')
  return isPostOnly(c) ? undefined : checkSettlement(s)
}

/** Under load the small and then the taking orders are turned away (1.7), by their signed price. */
export function checkThrottle(
  s: ReferenceState,
  market: ReferenceMarket,
  c: Request,
): Refusal | undefined {
  const { level, minNotional } = s.throttle
  if (level === 0 || isReduceOnly(c)) return undefined
  if (notionalOf(market, c) < BigInt(minNotional)) return refuse('THROTTLED', minNotional)
  return level === 2 && !isPostOnly(c) ? refuse('THROTTLED') : undefined
}

/** Highest and lowest price at `ppm` around the mark. */
function around(market: ReferenceMarket, ppm: number): { up: number; down: number } {
  const mark = BigInt(market.mark)
  return {
    up: Number(floorDiv(mark * (PPM + BigInt(ppm)), PPM)),
    down: Number(ceilDiv(mark * (PPM - BigInt(ppm)), PPM)),
  }
}

export function outsideBand(market: ReferenceMarket, side: 0 | 1, price: number): boolean {
  if (market.priceBandPpm === 0) return false
  const { up, down } = around(market, market.priceBandPpm)
  return side === 0 ? price > up : price < down
}

/** Mark, index age, band and scope (2.7). */
export function checkPrices(
  s: ReferenceState,
  market: ReferenceMarket,
  c: { side: 0 | 1; flags: number; price: number },
): Refusal | undefined {
  if (market.mark === 0) return refuse('NO_MARK_PRICE')
  if (!indexWithin(s, market, 30_000)) return refuse('MARKET_HALTED')
  if (!indexWithin(s, market, 5_000) && !isReduceOnly(c)) return refuse('CLOSE_ONLY')
  const band = around(market, market.priceBandPpm)
  if (outsideBand(market, c.side, c.price))
    return refuse('PRICE_BAND', c.side === 0 ? band.up : band.down)
  const { scopePpm } = riskOf(market)
  if (scopePpm === 0 || isReduceOnly(c)) return undefined
  const scope = around(market, scopePpm)
  if (c.side === 0 && c.price < scope.down) return refuse('PRICE_BAND', scope.down)
  if (c.side === 1 && c.price > scope.up) return refuse('PRICE_BAND', scope.up)
  return undefined
}

/**
 * The limit of a market order (1.1, 1.4): the signed price brought inside the band, and within `slippage` ppm of
 * `reference` where both are given.
 */
export function effectiveLimit(
  market: ReferenceMarket,
  side: 0 | 1,
  price: number,
  reference = 0,
  slippage = 0,
): number {
  const bounds = [price]
  const band = around(market, market.priceBandPpm)
  if (market.mark !== 0 && market.priceBandPpm !== 0) bounds.push(side === 0 ? band.up : band.down)
  if (reference !== 0 && slippage !== 0) {
    const factor = side === 0 ? PPM + BigInt(slippage) : PPM - BigInt(slippage)
    const product = BigInt(reference) * factor
    bounds.push(Number(side === 0 ? floorDiv(product, PPM) : ceilDiv(product, PPM)))
  }
  return side === 0 ? Math.min(...bounds) : Math.max(...bounds)
}

/** Reduce-only, position and open interest limits, margin. `replaced`: the order an amend replaces. */
export function checkRisk(
  s: ReferenceState,
  account: ReferenceAccount,
  market: ReferenceMarket,
  c: Candidate,
  replaced: number | undefined,
): Refusal | undefined {
  const id = market.market
  const can = reducible(account, id, c.side)
  if (isReduceOnly(c)) return can === 0n ? refuse('REDUCE_ONLY') : undefined
  const held = heldBy(account, id)
  let total = BigInt(c.lots) + (c.side === 0 ? held : -held)
  for (const order of ordersOf(s, account.accountId)) {
    const counts = order.market === id && order.side === c.side && isResting(s, order)
    if (counts && !isReduceOnly(order) && order.orderId !== replaced)
      total += BigInt(order.remaining)
  }
  if (total > BigInt(market.maxPositionLots))
    return refuse('POSITION_LIMIT', market.maxPositionLots)
  const growth = BigInt(c.lots) - can
  if (
    market.maxOpenInterestLots !== 0 &&
    growth > 0n &&
    openInterest(s, id) + growth > BigInt(market.maxOpenInterestLots)
  )
    return refuse('OPEN_INTEREST_LIMIT', market.maxOpenInterestLots)
  const before = requirement(s, account.accountId, id)
  const added = { side: c.side, price: c.price, lots: c.marginLots }
  const after = requirement(s, account.accountId, id, {
    added,
    ...(replaced === undefined ? {} : { without: replaced }),
  })
  return openingAdmitted(s, account, id, before, after) ? undefined : refuse('INSUFFICIENT_MARGIN')
}

export function checkCrossing(
  market: ReferenceMarket,
  c: { side: 0 | 1; flags: number; price: number },
): Refusal | undefined {
  const crosses = crossing(market, c.side, c.price)
  if (isPostOnly(c) && crosses) return refuse('POST_ONLY_WOULD_CROSS')
  if (timeInForceOf(c.flags) !== timeInForce.gtc && !crosses) return refuse('NOT_FILLABLE')
  return undefined
}
