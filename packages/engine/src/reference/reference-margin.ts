//! Margin and `settleable` by the book: RULES.md 2, risk.md 1.5-1.7, contracts.md R3.
import { abs, ceilDiv, floorDiv, max, median, min } from './reference-math.ts'
import {
  accountOf,
  countedOf,
  isReduceOnly,
  isResting,
  marketOf,
  openInterest,
  ordersOf,
  type ReferenceAccount,
  type ReferenceMarket,
  type ReferenceState,
  riskOf,
} from './reference-state.ts'

/** Amounts from here on are outside exact doubles one step later: refused by rule. */
export const BOUND: bigint = 1n << 52n
const PPM = 1_000_000n
const USDC = 1_000_000n

/** V: what `lots` are worth at the mark, signed. */
export const worth = (market: ReferenceMarket, lots: bigint): bigint =>
  lots * BigInt(market.mark) * BigInt(market.quotePerTickLot)

type Tier = { from: bigint; imf: bigint; mmf: bigint; imDeduction: bigint; mmDeduction: bigint }

/** The tiers of a market, lowest first (2.1, 2.2). */
function tiersOf(market: ReferenceMarket): Tier[] {
  const imf = BigInt(market.imBps) * 100n
  const mmf = BigInt(market.mmBps) * 100n
  const tiers: Tier[] = [{ from: 0n, imf, mmf, imDeduction: 0n, mmDeduction: 0n }]
  const { boundUsdc, imfPpm } = riskOf(market)
  for (const [i, bound] of boundUsdc.entries()) {
    if (bound === 0) break
    const below = tiers.at(-1)!
    const next = BigInt(imfPpm[i] ?? 0)
    tiers.push({
      from: BigInt(bound) * USDC,
      imf: next,
      mmf: next / 2n,
      imDeduction: below.imDeduction + BigInt(bound) * (next - below.imf),
      mmDeduction: below.mmDeduction + BigInt(bound) * (next / 2n - below.mmf),
    })
  }
  return tiers
}

const tierAt = (market: ReferenceMarket, notional: bigint): Tier =>
  tiersOf(market).findLast(({ from }) => notional >= from)!

/** MM(N). */
export function maintenance(market: ReferenceMarket, notional: bigint): bigint {
  const { mmf, mmDeduction } = tierAt(market, notional)
  return ceilDiv(notional * mmf, PPM) - mmDeduction
}

/** IMt(N): what the contract asks. */
function tierMargin(market: ReferenceMarket, notional: bigint): bigint {
  const { imf, imDeduction } = tierAt(market, notional)
  return ceilDiv(notional * imf, PPM) - imDeduction
}

/** IMo(N). */
function openInterestMargin(s: ReferenceState, market: ReferenceMarket, notional: bigint): bigint {
  const { oiLowUsdc, oiHighUsdc } = riskOf(market)
  const low = BigInt(oiLowUsdc) * USDC
  const high = BigInt(oiHighUsdc) * USDC
  const open =
    openInterest(s, market.market) * BigInt(market.index) * BigInt(market.quotePerTickLot)
  if (high === 0n || open <= low) return 0n
  if (open >= high) return notional
  const base = BigInt(market.imBps) * 100n
  const factor = base * (high - low) + (PPM - base) * (open - low)
  return ceilDiv(notional * factor, PPM * (high - low))
}

/** Lower median of the last 24 hourly depths; undefined before the first. */
export function depthOf(market: ReferenceMarket): bigint | undefined {
  const { taken, ring } = market.depths
  return taken === 0 ? undefined : median(...ring.slice(0, Math.min(taken, 24)))
}

/** IMv(N). */
function volatilityMargin(market: ReferenceMarket, notional: bigint): bigint {
  const depth = depthOf(market)
  if (riskOf(market).volatility === 0 || depth === undefined) return 0n
  const ppm = BigInt(market.volatility.ppm)
  if (depth === 0n) return ceilDiv(notional * ppm * 3n, PPM)
  return ceilDiv(notional * ppm * (depth + min(notional, 2n * depth)), PPM * depth)
}

/** IM(N) of an account in a market. */
export function initialMargin(
  s: ReferenceState,
  account: ReferenceAccount,
  market: ReferenceMarket,
  notional: bigint,
): bigint {
  const leverage = BigInt(account.leverage.get(market.market) ?? 0)
  const parts = [
    tierMargin(market, notional),
    leverage === 0n ? 0n : ceilDiv(notional, leverage),
    openInterestMargin(s, market, notional),
    volatilityMargin(market, notional),
  ]
  return min(notional, parts.reduce(max))
}

export function fundingOwed(s: ReferenceState, account: ReferenceAccount, market: number): bigint {
  const position = account.positions.get(market)
  if (position === undefined) return 0n
  return ceilDiv(position.lots * (marketOf(s, market).fundingIndex - position.snapshot), PPM)
}

/**
 * Equity, tier margin and gross of an account at the marks, what is due in the markets other than `own` taken off.
 */
function pointOf(
  s: ReferenceState,
  account: ReferenceAccount,
  own: number,
  lotsByMarket: Map<number, bigint>,
  cash: bigint,
): { equity: bigint; margin: bigint; gross: bigint } {
  let equity = cash
  let margin = 0n
  let gross = abs(cash)
  for (const [id, lots] of lotsByMarket) {
    const market = marketOf(s, id)
    const owed = id === own ? 0n : fundingOwed(s, account, id)
    equity += worth(market, lots) - owed
    gross += abs(worth(market, lots)) + abs(owed)
    margin += tierMargin(market, abs(worth(market, lots)))
  }
  return { equity, margin, gross }
}

/** Its mark is older than L: it may not be had on-chain any more. */
export const isStale = (s: ReferenceState, market: ReferenceMarket): boolean =>
  market.settlementPrice === 0 &&
  market.fixedIndexTicks === 0 &&
  Math.floor(s.timeMs / 1_000) - market.markSecond > s.lagS

const holdsStale = (s: ReferenceState, account: ReferenceAccount): boolean =>
  [...account.positions.keys()].some((id) => isStale(s, marketOf(s, id)))

/** R3 for one fill of `delta` lots in `market` that moves cash by `flow` (fee included). */
export function fillAdmitted(
  s: ReferenceState,
  account: ReferenceAccount,
  market: number,
  delta: bigint,
  flow: bigint,
): boolean {
  const lots = new Map([...account.positions].map(([id, p]) => [id, p.lots]))
  const held = lots.get(market) ?? 0n
  const cash = account.cash - fundingOwed(s, account, market)
  const before = pointOf(s, account, market, lots, cash)
  lots.set(market, held + delta)
  const after = pointOf(s, account, market, lots, cash + flow)
  if (before.gross >= BOUND || after.gross >= BOUND) return false
  const touched = [market, ...account.positions.keys()]
  const isJudged = !touched.some((id) => isStale(s, marketOf(s, id)))
  if (isJudged && after.equity >= after.margin) return true
  const reduced =
    (held > 0n && delta < 0n && held + delta >= 0n) ||
    (held < 0n && delta > 0n && held + delta <= 0n)
  return reduced && after.equity * before.margin >= before.equity * after.margin
}

type Open = { side: 0 | 1; price: number; lots: number }

/**
 * Σ IM of one market with open orders; undefined = beyond bounds. `without` leaves an order out, `added` counts one in.
 */
export function requirement(
  s: ReferenceState,
  accountId: number,
  marketId: number,
  change: { without?: number; added?: Open } = {},
): bigint | undefined {
  const market = marketOf(s, marketId)
  const account = accountOf(s, accountId)!
  const held = account.positions.get(marketId)?.lots ?? 0n
  const open: Open[] = []
  for (const order of ordersOf(s, accountId)) {
    const counts = order.market === marketId && isResting(s, order) && !isReduceOnly(order)
    if (!counts || order.orderId === change.without) continue
    open.push({ side: order.side, price: order.price, lots: countedOf(order) })
  }
  if (change.added !== undefined) open.push(change.added)
  const buys = sideOf(s, account, market, held, open, 0)
  const sells = sideOf(s, account, market, held, open, 1)
  return buys === undefined || sells === undefined ? undefined : max(buys, sells)
}

function sideOf(
  s: ReferenceState,
  account: ReferenceAccount,
  market: ReferenceMarket,
  held: bigint,
  open: readonly Open[],
  side: 0 | 1,
): bigint | undefined {
  const sign = side === 0 ? 1n : -1n
  const q = BigInt(market.quotePerTickLot)
  let lots = sign * held
  let quote = 0n
  let loss = 0n
  for (const order of open) {
    if (order.side !== side) continue
    lots += BigInt(order.lots)
    quote += BigInt(order.price) * BigInt(order.lots) * q
    loss += max(0n, sign * (BigInt(order.price) - BigInt(market.mark))) * BigInt(order.lots) * q
  }
  const notional = worth(market, max(0n, lots))
  if (notional >= BOUND || quote >= BOUND) return undefined
  const fee = ceilDiv((quote + notional) * BigInt(market.takerFee) * 10n, PPM)
  return initialMargin(s, account, market, notional) + fee + loss
}

/** Markets in which an account has a position or an open order. */
export function marketsOf(s: ReferenceState, accountId: number): Set<number> {
  const found = new Set(accountOf(s, accountId)?.positions.keys())
  for (const order of ordersOf(s, accountId)) found.add(order.market)
  return found
}

/** Σ requirement over an account's markets; undefined = beyond bounds in one of them. */
export function requirements(s: ReferenceState, accountId: number): bigint | undefined {
  let sum = 0n
  for (const market of marketsOf(s, accountId)) {
    const share = requirement(s, accountId, market)
    if (share === undefined) return undefined
    sum += share
  }
  return sum
}

/** M̄ (6.2): the mean of five minutes' marks; without any, or where the mark is fixed, the mark. */
export const meanMark = (market: ReferenceMarket): bigint =>
  BigInt(market.meanMark === 0 || market.settlementPrice !== 0 ? market.mark : market.meanMark)

/** Eₒ (2.3); undefined where the gross is beyond bounds. */
function openingEquity(s: ReferenceState, account: ReferenceAccount): bigint | undefined {
  let equity = account.cash
  let gross = abs(account.cash)
  for (const [id, { lots, entry }] of account.positions) {
    const market = marketOf(s, id)
    const atMean = lots * meanMark(market) * BigInt(market.quotePerTickLot)
    const owed = fundingOwed(s, account, id)
    gross += max(abs(worth(market, lots)), abs(atMean)) + abs(owed)
    const gain = min(worth(market, lots), atMean) - entry
    const share = BigInt(riskOf(market).openingGainPpm)
    const counted = gain > 0n ? floorDiv(gain * share, PPM) : gain
    equity += entry + counted - owed
  }
  return gross < BOUND ? equity : undefined
}

/** 2.3: opening equity covers Σ IM with the order, or the market's IM does not rise. */
export function openingAdmitted(
  s: ReferenceState,
  account: ReferenceAccount,
  market: number,
  before: bigint | undefined,
  after: bigint | undefined,
): boolean {
  if (after === undefined) return false
  if (before === undefined || after <= before) return true
  let needed = after
  for (const other of marketsOf(s, account.accountId)) {
    if (other === market) continue
    const share = requirement(s, account.accountId, other)
    if (share === undefined) return false
    needed += share
  }
  const equity = openingEquity(s, account)
  return equity !== undefined && equity >= needed
}

/** An account at the marks, what it owes of funding taken off. */
export type Standing = {
  equity: bigint
  gross: bigint
  notional: bigint
  /** Σ (V − c). */
  unrealized: bigint
  maintenance: bigint
  /** Σ IM and Σ IMt of the positions, orders aside. */
  initial: bigint
  tierInitial: bigint
}

export function standingOf(s: ReferenceState, account: ReferenceAccount): Standing {
  const standing: Standing = {
    equity: account.cash,
    gross: abs(account.cash),
    notional: 0n,
    unrealized: 0n,
    maintenance: 0n,
    initial: 0n,
    tierInitial: 0n,
  }
  for (const [id, { lots, entry }] of account.positions) {
    const market = marketOf(s, id)
    const value = worth(market, lots)
    const owed = fundingOwed(s, account, id)
    standing.equity += value - owed
    standing.gross += abs(value) + abs(owed)
    standing.notional += abs(value)
    standing.unrealized += value - entry
    standing.maintenance += maintenance(market, abs(value))
    standing.initial += initialMargin(s, account, market, abs(value))
    standing.tierInitial += tierMargin(market, abs(value))
  }
  return standing
}

/** 2.6, and never past `settleable`'s first branch. */
export function withdrawable(s: ReferenceState, account: ReferenceAccount): bigint {
  const at = standingOf(s, account)
  const withOrders = requirements(s, account.accountId)
  if (at.gross >= BOUND || withOrders === undefined || holdsStale(s, account)) return 0n
  const kept = max(max(withOrders, at.tierInitial), ceilDiv(at.notional, 10n))
  return max(0n, at.equity - max(0n, at.unrealized) - kept)
}
