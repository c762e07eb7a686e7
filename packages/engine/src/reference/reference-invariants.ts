//! The named invariants of reliability.md 2 on the reference's state, whose hash is the engine's.

import { fundingOwed, meanMark, standingOf } from './reference-margin.ts'
import { abs } from './reference-math.ts'
import { filledOf, type ReferenceState, shownOf } from './reference-state.ts'

/** Throws on the first invariant that does not hold, by name. */
export function must(holds: boolean, name: string, detail: unknown): void {
  if (holds) return
  const shown = JSON.stringify(detail, (_, v) => (typeof v === 'bigint' ? `${v}` : v))
  throw new Error(`invariant ${name}: ${shown}`)
}

/** E1-E6, E9, E13, E16 and what links of orders may be, for the state as it stands. */
export function checkReference(s: ReferenceState): void {
  checkPositions(s)
  checkMoney(s)
  for (const order of s.orders.values()) {
    const { orderId, size, remaining, hidden } = order
    must(remaining > 0 && remaining <= size && filledOf(order) >= 0, 'E6 filled', order)
    must(hidden >= 0 && shownOf(order) > 0, 'E9 shown', order)
    const resting = s.markets.get(order.market)?.book.get(orderId) === order
    must(resting !== order.waiting || order.style === 5, 'waiting-or-resting', order)
    const sibling = s.orders.get(order.sibling)
    must(order.sibling === 0 || sibling?.sibling === orderId, 'sibling-mutual', order)
  }
}

function checkPositions(s: ReferenceState): void {
  for (const [id, market] of s.markets) {
    let sum = 0n
    let owed = 0n
    for (const account of s.accounts) {
      sum += account.positions.get(id)?.lots ?? 0n
      owed += fundingOwed(s, account, id)
    }
    must(sum === 0n, 'E1 size-zero', { id, sum })
    // Rounding is the accounts' loss, under one unit for each settlement that is booked or due.
    must(market.pool + owed >= 0n, 'E4 funding-zero', { id, pool: market.pool, owed })
    must(market.tranche >= 0n && market.badDebt >= 0n, 'E16 insurance', { id })
    must(market.mark === 0 || meanMark(market) > 0n, 'mean-mark', { id })
    const bid = market.book.best(0)
    const ask = market.book.best(1)
    must(bid === 0 || ask === 0 || bid < ask, 'E8 uncrossed', { bid, ask })
  }
}

function checkMoney(s: ReferenceState): void {
  let held = s.fees
  for (const account of s.accounts) {
    held += account.cash
    for (const [market, position] of account.positions)
      must(position.lots !== 0n, 'position-open', { id: account.accountId, market })
    const at = standingOf(s, account)
    must(at.maintenance <= at.notional, 'margin-bounded', at)
    must(abs(account.cash) < 1n << 53n, 'cash-exact', account.cash)
  }
  for (const { pool, tranche, badDebt } of s.markets.values()) held += pool + tranche - badDebt
  for (const { amount } of s.withdrawals) held += amount
  must(held === s.deposits - s.paid, 'E3 cash-conserved', { held, deposits: s.deposits })
}
