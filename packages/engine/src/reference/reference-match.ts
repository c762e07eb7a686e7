//! Price-time matching, and what an order does once it is matched: it closes, rests, or shows its next part.
import {
  type CloseReason,
  closeReason,
  limits,
  orderStyle,
  timeInForce,
  timeInForceOf,
} from '@plumb/model'
import { countable, freePlaces, pageFree } from './reference-capacity.ts'
import { close, reduceSibling } from './reference-close.ts'
import { bookFill, priceFill, ratesOf } from './reference-fill.ts'
import { keyAdmits } from './reference-keys.ts'
import { fillAdmitted } from './reference-margin.ts'
import {
  accountOf,
  copyState,
  crossing,
  type Emit,
  heldBy,
  isReduceOnly,
  marketOf,
  type ReferenceAccount,
  type ReferenceMarket,
  type ReferenceOrder,
  type ReferenceState,
  reducible,
  shownOf,
} from './reference-state.ts'

/** How far an order goes at this moment. */
export type Reach = { limit: number; lots: number }

export function expiredAt(s: ReferenceState, expiryS: number): boolean {
  return (expiryS - s.lagS) * 1_000 <= s.timeMs
}

/** One owner's accounts are one group; owners may be put into a common one (1.1). */
export const sameGroup = (a: ReferenceAccount, b: ReferenceAccount): boolean =>
  a.ownerHex === b.ownerHex || (a.group !== 0 && a.group === b.group)

/** Matches within `reach`; answers why what is left must close, undefined if it is filled or may rest. */
export function match(
  s: ReferenceState,
  taker: ReferenceOrder,
  reach: Reach,
  emit: Emit,
): CloseReason | undefined {
  const market = marketOf(s, taker.market)
  const takerAccount = accountOf(s, taker.accountId)!
  const makerSide = taker.side === 0 ? 1 : 0
  let left = reach.lots
  while (left > 0 && crossing(market, taker.side, reach.limit)) {
    const maker = market.book.head(makerSide)!
    const makerAccount = accountOf(s, maker.accountId)!
    if (expiredAt(s, maker.expiryS)) {
      close(s, maker, closeReason.expired, emit)
      continue
    }
    if (sameGroup(makerAccount, takerAccount)) {
      if (taker.selfTrade !== 0) close(s, maker, closeReason.selfTrade, emit)
      if (taker.selfTrade !== 1) return closeReason.selfTrade
      continue
    }
    let lots = Math.min(left, shownOf(maker))
    if (isReduceOnly(taker)) {
      lots = Math.min(lots, Number(reducible(takerAccount, taker.market, taker.side)))
      if (lots === 0) return closeReason.reduceOnly
    }
    if (isReduceOnly(maker)) {
      lots = Math.min(lots, Number(reducible(makerAccount, taker.market, makerSide)))
      if (lots === 0) {
        close(s, maker, closeReason.reduceOnly, emit)
        continue
      }
    }
    if (s.fills === limits.fillsPerCommandMax) return closeReason.fillLimit
    if (!keyAdmits(s, taker, lots)) return closeReason.keyPosition
    if (!keyAdmits(s, maker, lots)) {
      close(s, maker, closeReason.keyPosition, emit)
      continue
    }
    const rates = {
      taker: ratesOf(s, takerAccount, market).taker,
      maker: ratesOf(s, makerAccount, market).maker,
    }
    const fill = priceFill(market, maker.price, lots, taker.side, rates)
    if (!fillAdmitted(s, takerAccount, taker.market, fill.takerDelta, fill.takerFlow))
      return closeReason.notSettleable
    if (!fillAdmitted(s, makerAccount, taker.market, -fill.takerDelta, fill.makerFlow)) {
      close(s, maker, closeReason.notSettleable, emit)
      continue
    }
    taker.remaining -= lots
    maker.remaining -= lots
    left -= lots
    bookFill(s, taker, maker, fill, { taker: taker.remaining, maker: maker.remaining }, emit)
    reduceSibling(s, taker, lots, emit)
    afterMakerFill(s, maker, lots, emit)
  }
  return undefined
}

/** A maker's fill is told: its sibling shrinks, and it closes or shows its next part. */
export function afterMakerFill(
  s: ReferenceState,
  maker: ReferenceOrder,
  lots: number,
  emit: Emit,
): void {
  reduceSibling(s, maker, lots, emit)
  const flat = heldBy(accountOf(s, maker.accountId)!, maker.market) === 0n
  if (maker.remaining === 0) close(s, maker, closeReason.filled, emit)
  else if (isReduceOnly(maker) && flat) close(s, maker, closeReason.reduceOnly, emit)
  else if (shownOf(maker) === 0) {
    const market = marketOf(s, maker.market)
    market.book.remove(maker.orderId)
    showNext(s, market, maker, maker.price, emit)
  }
}

/** Queues the next part of an iceberg or the next level of a scale. `previous`: where it rested, 0 if it did not. */
function showNext(
  s: ReferenceState,
  market: ReferenceMarket,
  order: ReferenceOrder,
  previous: number,
  emit: Emit,
): void {
  let price = order.price
  let shown = Math.min(order.display, order.hidden)
  if (order.display === 0) {
    price = nextLevelPrice(market, order)
    shown = Math.floor(order.size / order.count)
  }
  const room = pageFree(s, order.market, price, order.display === 0 ? 2 : 1)
  const counts = order.display !== 0 || countable(s, order, shown, price)
  if (price < 1 || price > limits.priceTicksMax || !room || !counts)
    return close(s, order, closeReason.ioc, emit)
  if (order.display === 0) order.step++
  order.price = price
  order.hidden -= shown
  rest(s, market, order)
  emitRequeued(order, previous, emit)
}

/** The level's own price, or one tick behind the best opposite price where that would cross. */
function nextLevelPrice(market: ReferenceMarket, { side, limit, step, offset }: ReferenceOrder) {
  const away = (step + 1) * offset
  const level = side === 0 ? limit - away : limit + away
  if (!crossing(market, side, level)) return level
  return side === 0 ? market.book.best(1) - 1 : market.book.best(0) + 1
}

export function emitRequeued(order: ReferenceOrder, previousPriceTicks: number, emit: Emit): void {
  const { accountId, market, orderId, side, waiting } = order
  emit({
    kind: 'OrderRequeued',
    accountId,
    market,
    orderId,
    priceTicks: waiting ? 0 : order.price,
    shownLots: waiting ? 0 : shownOf(order),
    previousPriceTicks,
    remainingLots: order.remaining,
    side,
  })
}

/** To the tail of its price. */
export function rest(s: ReferenceState, market: ReferenceMarket, order: ReferenceOrder): void {
  order.priority = ++s.priorities
  market.book.add(order)
}

/** Matches an order that is being admitted, then closes it or lets it rest. */
export function work(s: ReferenceState, order: ReferenceOrder, limit: number, emit: Emit): void {
  place(s, order, match(s, order, { limit, lots: shownOf(order) }, emit), emit)
}

/** What becomes of an order after its match, which `stopped` ended before it was filled or found nothing more. */
export function place(
  s: ReferenceState,
  order: ReferenceOrder,
  stopped: CloseReason | undefined,
  emit: Emit,
): void {
  const market = marketOf(s, order.market)
  if (order.remaining === 0) close(s, order, closeReason.filled, emit)
  else if (stopped !== undefined) close(s, order, stopped, emit)
  else if (timeInForceOf(order.flags) === timeInForce.ioc) close(s, order, closeReason.ioc, emit)
  else if (shownOf(order) === 0) showNext(s, market, order, 0, emit)
  else {
    if (order.display !== 0) order.hidden = Math.max(0, order.remaining - order.display)
    rest(s, market, order)
  }
}

/** Whether all of an order could be matched now: tried on a copy. */
export function fillable(s: ReferenceState, order: ReferenceOrder, limit: number): boolean {
  const trial = copyState(s)
  const copy = { ...order }
  if (trial.orders.has(order.orderId)) trial.orders.set(order.orderId, copy)
  let levels = 0
  match(trial, copy, { limit, lots: copy.remaining }, (event) => {
    const next =
      event.kind === 'OrderRequeued' ||
      (event.kind === 'OrderClosed' && event.reason === closeReason.ioc)
    if (next && s.orders.get(event.orderId)?.style === orderStyle.scale) levels++
  })
  // A scale's next levels must be sure of their pages, whatever the match frees on its way.
  return copy.remaining === 0 && (levels === 0 || levels < freePlaces(s))
}
