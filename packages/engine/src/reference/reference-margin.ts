//! Margin and `settleable` by the book: risk.md 1.5-1.7, contracts.md R3.
import { orderFlag } from '@plumb/model'
import { abs, ceilDiv, max } from './reference-math.ts'
import {
  accountOf,
  ordersOf,
  type ReferenceAccount,
  type ReferenceMarket,
  type ReferenceState,
} from './reference-state.ts'

/** Amounts from here on are outside exact doubles one step later: refused by rule. */
const BOUND = 1n << 52n

const marketOf = (s: ReferenceState, id: number): ReferenceMarket => {
  const market = s.markets.get(id)
  if (market === undefined) throw new Error(`no market ${id}`)
  return market
}

const worth = (market: ReferenceMarket, lots: bigint) =>
  lots * BigInt(market.mark) * BigInt(market.quotePerTickLot)

const initialMargin = (market: ReferenceMarket, lots: bigint) =>
  ceilDiv(abs(worth(market, lots)) * BigInt(market.imBps), 10_000n)

export function fundingOwed(s: ReferenceState, account: ReferenceAccount, market: number): bigint {
  const position = account.positions.get(market)
  if (position === undefined) return 0n
  return ceilDiv(position.lots * (marketOf(s, market).fundingIndex - position.snapshot), 1_000_000n)
}

/** Equity, initial margin and gross of an account at the marks, other markets' funding as it was last settled. */
function pointOf(
  s: ReferenceState,
  lotsByMarket: Map<number, bigint>,
  cash: bigint,
): { equity: bigint; margin: bigint; gross: bigint } {
  let equity = cash
  let margin = 0n
  let gross = abs(cash)
  for (const [id, lots] of lotsByMarket) {
    const market = marketOf(s, id)
    equity += worth(market, lots)
    gross += abs(worth(market, lots))
    margin += initialMargin(market, lots)
  }
  return { equity, margin, gross }
}

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
  const before = pointOf(s, lots, cash)
  lots.set(market, held + delta)
  const after = pointOf(s, lots, cash + flow)
  if (before.gross >= BOUND || after.gross >= BOUND) return false
  if (after.equity >= after.margin) return true
  const reduced =
    (held > 0n && delta < 0n && held + delta >= 0n) ||
    (held < 0n && delta > 0n && held + delta <= 0n)
  return reduced && after.equity * before.margin >= before.equity * after.margin
}

type Added = { market: number; side: 0 | 1; price: number; lots: number }

/**
 * Σ IM of one market with open orders; undefined = beyond bounds. `without` leaves an order out, `added` counts one in.
 */
export function requirement(
  s: ReferenceState,
  accountId: number,
  marketId: number,
  change: { without?: number; added?: Added } = {},
): bigint | undefined {
  const market = marketOf(s, marketId)
  const account = accountOf(s, accountId)
  const held = account?.positions.get(marketId)?.lots ?? 0n
  const open: { side: 0 | 1; price: number; lots: number }[] = []
  for (const order of ordersOf(s, accountId))
    if (
      order.market === marketId &&
      order.orderId !== change.without &&
      (order.flags & orderFlag.reduceOnly) === 0
    )
      open.push({ side: order.side, price: order.price, lots: order.remaining })
  if (change.added !== undefined) open.push(change.added)
  const sides = ([0, 1] as const).map((side) => sideOf(market, held, open, side))
  const [buys, sells] = sides
  if (buys === undefined || sells === undefined) return undefined
  return max(buys, sells)
}

function sideOf(
  market: ReferenceMarket,
  held: bigint,
  open: readonly { side: 0 | 1; price: number; lots: number }[],
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
  const fee = ceilDiv((quote + notional) * BigInt(market.takerFee) * 10n, 1_000_000n)
  return ceilDiv(notional * BigInt(market.imBps), 10_000n) + fee + loss
}

/** Markets in which an account has a position or an open order. */
export function marketsOf(s: ReferenceState, accountId: number): Set<number> {
  const found = new Set(accountOf(s, accountId)?.positions.keys())
  for (const order of ordersOf(s, accountId)) found.add(order.market)
  return found
}

/** risk.md 1.6: equity covers Σ IM with the order, or the market's IM does not rise. */
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
  let equity = account.cash
  let gross = abs(account.cash)
  for (const [id, { lots }] of account.positions) {
    equity += worth(marketOf(s, id), lots) - fundingOwed(s, account, id)
    gross += abs(worth(marketOf(s, id), lots))
  }
  return gross < BOUND && equity >= needed
}

/** risk.md 1.7, and never past `settleable`'s first branch. */
export function withdrawable(s: ReferenceState, account: ReferenceAccount): bigint {
  let equity = account.cash
  let gross = abs(account.cash)
  let unrealized = 0n
  let notional = 0n
  let margin = 0n
  for (const [id, { lots, entry }] of account.positions) {
    const value = worth(marketOf(s, id), lots)
    gross += abs(value)
    notional += abs(value)
    unrealized += value - entry
    equity += value - fundingOwed(s, account, id)
    margin += initialMargin(marketOf(s, id), lots)
  }
  if (gross >= BOUND) return 0n
  let withOrders = 0n
  for (const id of marketsOf(s, account.accountId)) {
    const share = requirement(s, account.accountId, id)
    if (share === undefined) return 0n
    withOrders += share
  }
  const kept = max(max(withOrders, margin), ceilDiv(notional, 10n))
  return max(0n, equity - max(0n, unrealized) - kept)
}
