//! Orders that wait: triggers, pegs and twaps at a tick (RULES.md 1.3-1.5).
import {
  closeReason,
  limits,
  marketState,
  orderStyle,
  rejectCode,
  timeInForce,
  timeInForceOf,
  triggerKind,
} from '@plumb/model'
import { countable, pageFree } from './reference-capacity.ts'
import { isSettlementStopped } from './reference-chain-state.ts'
import {
  type Candidate,
  checkCrossing,
  checkPrices,
  checkRisk,
  checkState,
  effectiveLimit,
  outsideBand,
} from './reference-checks.ts'
import { armedLots, close, leaveParent, parentOf } from './reference-close.ts'
import { emitRequeued, fillable, match, place, rest } from './reference-match.ts'
import {
  accountOf,
  type Emit,
  filledOf,
  indexWithin,
  type ReferenceMarket,
  type ReferenceOrder,
  type ReferenceState,
  type Refusal,
  refuse,
} from './reference-state.ts'

const ACTIVATIONS_MAX = 64
const open = new Set<number>([marketState.trading, marketState.postOnly, marketState.reduceOnly])

const spent = (s: ReferenceState) => s.fills === limits.fillsPerCommandMax

/** A market's orders that wait for something, by ascending waiting priority. */
const walk = (s: ReferenceState, market: ReferenceMarket, which: (o: ReferenceOrder) => boolean) =>
  [...s.orders.values()]
    .filter((order) => order.market === market.market && which(order))
    .toSorted((a, b) => a.waitingPriority - b.waitingPriority)

/** Step 4 of a tick for one market: triggers, then pegs, then twaps. */
export function wakeOrders(s: ReferenceState, market: ReferenceMarket, emit: Emit): void {
  if (!open.has(market.state) || !indexWithin(s, market, 30_000)) return
  const matches = !isSettlementStopped(s)
  if (matches) trigger(s, market, emit)
  for (const order of walk(s, market, (o) => o.style === orderStyle.peg))
    movePeg(s, market, order, emit)
  for (const order of walk(s, market, (o) => o.style === orderStyle.twap))
    if (matches && !spent(s)) releaseSlice(s, market, order, emit)
}

const oppositeBest = (market: ReferenceMarket, { side }: ReferenceOrder): number =>
  market.book.best(side === 0 ? 1 : 0)

const priceOf = (market: ReferenceMarket, { triggerSource }: ReferenceOrder): number =>
  [market.mark, market.index, market.last][triggerSource] ?? 0

/** A trailing stop starts from the price it finds. */
export function startTrailing(market: ReferenceMarket, order: ReferenceOrder): void {
  if (order.style === orderStyle.trailing) order.extreme = priceOf(market, order)
}

function isReached(order: ReferenceOrder, price: number): boolean {
  if (price === 0) return false
  if (order.style === orderStyle.trailing) {
    const { extreme } = order
    if (extreme === 0) order.extreme = price
    else order.extreme = order.side === 0 ? Math.min(extreme, price) : Math.max(extreme, price)
    const stop = order.extreme + (order.side === 0 ? order.offset : 0 - order.offset)
    return stop >= 1 && (order.side === 0 ? price >= stop : price <= stop)
  }
  // A stop waits for the price to run away from its side, a take-profit for it to come nearer.
  const upward = (order.side === 0) === (order.triggerKind === triggerKind.stop)
  return upward ? price >= order.trigger : price <= order.trigger
}

function trigger(s: ReferenceState, market: ReferenceMarket, emit: Emit): void {
  const reached: { order: ReferenceOrder; price: number }[] = []
  for (const order of walk(s, market, (o) => o.waiting && o.triggerKind !== 0)) {
    const price = priceOf(market, order)
    if (isReached(order, price) && armedLots(s, order) > 0) reached.push({ order, price })
  }
  for (const { order, price } of reached.slice(0, ACTIVATIONS_MAX)) {
    const alive = s.orders.has(order.orderId) && armedLots(s, order) > 0
    if (alive && !spent(s)) activate(s, market, order, price, emit)
  }
}

function activate(
  s: ReferenceState,
  market: ReferenceMarket,
  order: ReferenceOrder,
  price: number,
  emit: Emit,
): void {
  const lots = armedLots(s, order)
  const limit =
    order.style === orderStyle.market
      ? effectiveLimit(market, order.side, order.price, oppositeBest(market, order), order.slippage)
      : order.price
  const parent = order.parentLane === 0 ? undefined : parentOf(s, order)
  if (order.parentLane !== 0) {
    order.size = lots
    order.remaining = lots
    leaveParent(order)
  }
  emitTriggered(order, price, lots, limit, emit)
  if (parent !== undefined) close(s, parent, closeReason.linked, emit)
  const refusal =
    admit(s, market, order, lots, limit) ??
    (timeInForceOf(order.flags) === timeInForce.fok && !fillable(s, order, limit)
      ? refuse('NOT_FILLABLE')
      : undefined) ??
    (timeInForceOf(order.flags) === timeInForce.gtc && !pageFree(s, order.market, order.price)
      ? refuse('CAPACITY')
      : undefined)
  order.price = limit
  if (refusal !== undefined)
    return close(s, order, closeReason.triggerRefused, emit, rejectCode[refusal.refuse])
  const stopped = match(s, order, { limit, lots }, emit)
  if (stopped === closeReason.fillLimit) {
    order.price = order.limit
    return
  }
  order.waiting = false
  place(s, order, stopped, emit)
}

/** What a waiting order is asked when its moment comes. */
function admit(
  s: ReferenceState,
  market: ReferenceMarket,
  { side, flags, accountId }: ReferenceOrder,
  lots: number,
  price: number,
): Refusal | undefined {
  const candidate: Candidate = { side, flags, price, lots, marginLots: lots }
  return (
    checkState(s, market, candidate) ??
    checkPrices(s, market, candidate) ??
    checkRisk(s, accountOf(s, accountId)!, market, candidate, undefined) ??
    checkCrossing(market, candidate)
  )
}

function emitTriggered(
  order: ReferenceOrder,
  priceTicks: number,
  lots: number,
  limitTicks: number,
  emit: Emit,
): void {
  const { accountId, market, orderId } = order
  emit({ kind: 'OrderTriggered', accountId, market, orderId, priceTicks, lots, limitTicks })
}

/** Index + offset within the limit, never crossing; 0: nowhere. */
function wantedPrice(market: ReferenceMarket, { side, limit, offset }: ReferenceOrder): number {
  const bounds = [limit, market.index + offset]
  const opposite = market.book.best(side === 0 ? 1 : 0)
  if (opposite !== 0) bounds.push(side === 0 ? opposite - 1 : opposite + 1)
  const price = side === 0 ? Math.min(...bounds) : Math.max(...bounds)
  const possible = price >= 1 && price <= limits.priceTicksMax && !outsideBand(market, side, price)
  return possible ? price : 0
}

function movePeg(
  s: ReferenceState,
  market: ReferenceMarket,
  order: ReferenceOrder,
  emit: Emit,
): void {
  const wanted = wantedPrice(market, order)
  const previous = order.waiting ? 0 : order.price
  if (wanted === previous) return
  if (order.waiting && !pegAdmitted(s, market, order, wanted)) return
  market.book.remove(order.orderId)
  order.waiting =
    wanted === 0 ||
    !pageFree(s, order.market, wanted) ||
    !countable(s, order, order.remaining, wanted)
  order.price = order.waiting ? order.limit : wanted
  if (order.waiting) order.priority = 0
  else rest(s, market, order)
  if (!order.waiting || previous !== 0) emitRequeued(order, previous, emit)
}

function pegAdmitted(
  s: ReferenceState,
  market: ReferenceMarket,
  order: ReferenceOrder,
  wanted: number,
): boolean {
  const { side, flags, limit, remaining } = order
  const candidate = { side, flags, price: limit, lots: remaining, marginLots: remaining }
  const refusal =
    checkState(s, market, order) ??
    checkPrices(s, market, { side, flags, price: wanted }) ??
    checkRisk(s, accountOf(s, order.accountId)!, market, candidate, undefined)
  return refusal === undefined
}

/** At most one slice a tick: what the schedule has released by now less what is filled. */
function releaseSlice(
  s: ReferenceState,
  market: ReferenceMarket,
  order: ReferenceOrder,
  emit: Emit,
): void {
  const { count, size, side } = order
  const passed = Math.floor((s.timeMs - order.startMs) / (order.seconds * 1_000)) + 1
  const due = Math.min(count, passed)
  if (due === order.step) return
  order.step = due
  const released = Number((BigInt(size) * BigInt(due)) / BigInt(count))
  const goal = Math.min(released - filledOf(order), 3 * Math.ceil(size / count))
  if (goal >= market.minOrderLots || (due === count && goal > 0)) {
    const limit = effectiveLimit(market, side, order.price, market.mark, order.slippage)
    if (admit(s, market, order, goal, limit) === undefined) {
      emitTriggered(order, market.mark, goal, limit, emit)
      match(s, order, { limit, lots: goal }, emit)
    }
  }
  if (due < count) return
  close(s, order, order.remaining === 0 ? closeReason.filled : closeReason.ioc, emit)
}
