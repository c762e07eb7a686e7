//! Liquidation at the end of a tick: cancel, book, backstop, insurance (RULES.md 4, risk.md 1.9).
import { closeReason, limits, marketState } from '@plumb/model'
import { deleverage } from './reference-adl.ts'
import { pairFree } from './reference-capacity.ts'
import { isSettlementLate, mayBack } from './reference-chain-state.ts'
import { close, closeMany } from './reference-close.ts'
import { explain, isSpared, openAction } from './reference-explain.ts'
import { movePosition, settleFunding } from './reference-fill.ts'
import { liquidateOnBook } from './reference-liquidation-book.ts'
import {
  BOUND,
  fundingOwed,
  isStale,
  maintenance,
  requirements,
  standingOf,
  worth,
} from './reference-margin.ts'
import { abs, ceilDiv, floorDiv, max, min } from './reference-math.ts'
import {
  accountOf,
  byOrderId,
  type Emit,
  heldBy,
  indexWithin,
  isReduceOnly,
  isResting,
  marketOf,
  ordersOf,
  type ReferenceAccount,
  type ReferenceMarket,
  type ReferenceOrder,
  type ReferenceState,
  riskOf,
} from './reference-state.ts'

const ACCOUNTS_MAX = 32
const PARTIAL_PAUSE_MS = 30_000
const open = new Set<number>([marketState.trading, marketState.postOnly, marketState.reduceOnly])

const spent = (s: ReferenceState) => s.fills >= limits.fillsPerCommandMax

export function liquidate(s: ReferenceState, emit: Emit): void {
  if (isSettlementLate(s)) return
  const armed = [...s.markets.values()]
    .filter((market) => qualifies(s, market))
    .toSorted((a, b) => a.market - b.market)
  const noted = s.accounts.filter(
    (account) =>
      armed.some(({ market }) => account.positions.has(market)) &&
      !isSpared(s, account) &&
      ![...account.positions.keys()].some((id) => isStale(s, marketOf(s, id))) &&
      standingOf(s, account).gross < BOUND,
  )
  const unhealthy = noted
    .map((account) => ({ account, at: standingOf(s, account) }))
    .filter(({ at }) => at.equity < at.maintenance)
    .toSorted((a, b) => compare(a.at.equity * b.at.maintenance, b.at.equity * a.at.maintenance))
  for (const account of noted) cancelRisk(s, account, armed, emit)
  let acted = 0
  for (const { account } of unhealthy) {
    if (acted === ACCOUNTS_MAX || spent(s)) return
    if (liquidateAccount(s, account, armed, emit)) acted++
  }
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

function qualifies(s: ReferenceState, market: ReferenceMarket): boolean {
  return (
    riskOf(market).liquidation === 1 &&
    open.has(market.state) &&
    indexWithin(s, market, 5_000) &&
    s.timeMs >= market.rearmedAtMs
  )
}

/** Stage 0: the orders that would add risk, and of the others what is more than the position. */
function cancelRisk(
  s: ReferenceState,
  account: ReferenceAccount,
  armed: readonly ReferenceMarket[],
  emit: Emit,
): void {
  let explained = false
  for (const market of armed) {
    const initial = requirements(s, account.accountId)
    if (initial !== undefined && standingOf(s, account).equity >= initial) return
    for (const order of riskyOrders(s, account, market)) {
      if (!s.orders.has(order.orderId)) continue
      if (!explained) explain(s, account, market, 0, 0n, 0, emit)
      explained = true
      close(s, order, closeReason.liquidation, emit)
    }
  }
}

function riskyOrders(
  s: ReferenceState,
  account: ReferenceAccount,
  market: ReferenceMarket,
): ReferenceOrder[] {
  const resting = ordersOf(s, account.accountId).filter(
    (o) => o.market === market.market && isResting(s, o) && !isReduceOnly(o),
  )
  const held = heldBy(account, market.market)
  const adding = resting.filter((o) => held === 0n || (o.side === 0) === held > 0n)
  const closing = resting.filter((o) => held !== 0n && (o.side === 0) !== held > 0n)
  // Sells are most passive when dear, buys when cheap.
  const mostPassive = closing.toSorted(
    (a, b) => (a.side === 1 ? b.price - a.price : a.price - b.price) || b.orderId - a.orderId,
  )
  let sum = closing.reduce((total, o) => total + BigInt(o.remaining), 0n)
  const chosen = adding.toSorted(byOrderId)
  for (const order of mostPassive) {
    if (sum <= abs(held)) break
    sum -= BigInt(order.remaining)
    chosen.push(order)
  }
  return chosen
}

/** Whether something happened to the account in book, backstop or ADL. */
function liquidateAccount(
  s: ReferenceState,
  account: ReferenceAccount,
  armed: readonly ReferenceMarket[],
  emit: Emit,
): boolean {
  const held = armed.filter(({ market }) => account.positions.has(market))
  const at = standingOf(s, account)
  if (held.length === 0 || at.equity >= at.maintenance || at.gross >= BOUND) return false
  cancelAllIn(s, account, armed, emit)
  const marginOf = (market: ReferenceMarket) =>
    maintenance(market, abs(worth(market, heldBy(account, market.market))))
  const largestFirst = held.toSorted(
    (a, b) => compare(marginOf(b), marginOf(a)) || a.market - b.market,
  )
  return largestFirst.some((market) => liquidatePosition(s, account, market, emit))
}

function cancelAllIn(
  s: ReferenceState,
  account: ReferenceAccount,
  armed: readonly ReferenceMarket[],
  emit: Emit,
): void {
  const orders = ordersOf(s, account.accountId).filter((order) =>
    armed.some(({ market }) => market === order.market),
  )
  const first = orders.toSorted(byOrderId)[0]
  if (first === undefined) return
  explain(s, account, marketOf(s, first.market), 0, 0n, 0, emit)
  closeMany(s, orders, closeReason.liquidation, emit)
}

function liquidatePosition(
  s: ReferenceState,
  account: ReferenceAccount,
  market: ReferenceMarket,
  emit: Emit,
): boolean {
  const at = standingOf(s, account)
  const position = account.positions.get(market.market)!
  const size = abs(position.lots)
  if (3n * at.equity >= 2n * at.maintenance) {
    const large = abs(worth(market, position.lots)) > BigInt(riskOf(market).partialAboveQuote)
    const paused = position.partialAtMs !== 0 && s.timeMs - position.partialAtMs < PARTIAL_PAUSE_MS
    const partial = large && !paused
    const lots = partial ? ceilDiv(size, 5n) : size
    return liquidateOnBook(s, account, market, { lots, partial }, emit)
  }
  if (takeOver(s, account, market, emit)) return true
  if (liquidateOnBook(s, account, market, { lots: size, partial: false }, emit)) return true
  return at.equity < 0n && deleverage(s, account, market, deficitShare(s, account, market), emit)
}

/** e: what of the account's deficit falls to this market; 0 without one. */
function deficitShare(
  s: ReferenceState,
  account: ReferenceAccount,
  market: ReferenceMarket,
): bigint {
  const { equity, maintenance: total } = standingOf(s, account)
  if (equity >= 0n) return 0n
  const share = maintenance(market, abs(worth(market, heldBy(account, market.market))))
  return -floorDiv(equity * share, total)
}

/** The market's backstop takes the whole position, the tranche paying a deficit first; false: it cannot. */
function takeOver(
  s: ReferenceState,
  account: ReferenceAccount,
  market: ReferenceMarket,
  emit: Emit,
): boolean {
  const at = standingOf(s, account)
  const { lots } = account.positions.get(market.market)!
  const value = worth(market, lots)
  const deficit = deficitShare(s, account, market)
  const share = maintenance(market, abs(value))
  const discount = min(
    max(0n, floorDiv(at.equity * share, at.maintenance)),
    ceilDiv(abs(value) * BigInt(riskOf(market).liquidationFeePpm), 1_000_000n),
  )
  const pay = value - discount
  const backstop = accountOf(s, market.backstop)
  if (backstop === undefined || market.tranche < deficit) return false
  if (!mayBack(s, backstop, market.market)) return false
  if (!canTake(s, backstop, market, lots, pay)) return false
  openAction(s, account, market, at.equity >= 0n ? 2 : 3, abs(lots), 0, emit)
  settleFunding(s, backstop, market.market, emit)
  market.tranche -= deficit
  const realized = movePosition(market, account, -lots, -pay)
  const backstopRealized = movePosition(market, backstop, lots, pay)
  account.cash += pay + deficit
  backstop.cash -= pay
  s.fills++
  emit({
    kind: 'PositionTakenOver',
    accountId: account.accountId,
    market: market.market,
    markTicks: market.mark,
    sizeLots: Number(lots),
    quote: Number(pay),
    insuranceQuote: Number(deficit),
    realizedQuote: Number(realized),
    backstopPositionLots: Number(heldBy(backstop, market.market)),
    trancheQuote: Number(market.tranche),
    backstopAccountId: backstop.accountId,
    backstopRealizedQuote: Number(backstopRealized),
  })
  return true
}

function canTake(
  s: ReferenceState,
  backstop: ReferenceAccount,
  market: ReferenceMarket,
  lots: bigint,
  pay: bigint,
): boolean {
  const after = heldBy(backstop, market.market) + lots
  if (abs(after) > BigInt(market.maxPositionLots)) return false
  if (!pairFree(s, backstop.accountId, market.market)) return false
  const cash = backstop.cash - fundingOwed(s, backstop, market.market) - pay
  const trial: ReferenceAccount = { ...backstop, cash, positions: new Map(backstop.positions) }
  const position = { lots: after, entry: 0n, snapshot: market.fundingIndex, partialAtMs: 0 }
  if (after === 0n) trial.positions.delete(market.market)
  else trial.positions.set(market.market, position)
  const at = standingOf(s, trial)
  return at.gross < BOUND && at.equity >= at.initial
}
