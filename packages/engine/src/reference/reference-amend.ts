//! AmendOrder, CancelOrder, CancelAll (RULES.md 1.1, 1.3).
import {
  type AmendOrder,
  type CancelAll,
  type CancelOrder,
  closeReason,
  limits,
  orderStyle,
  timeInForce,
  timeInForceOf,
} from '@plumb/model'
import { checkLane, pageFree } from './reference-capacity.ts'
import {
  checkClosed,
  checkExpiry,
  checkPrices,
  checkRisk,
  checkShape,
  checkState,
  checkThrottle,
} from './reference-checks.ts'
import { childrenOf, close, closeMany, releaseKey } from './reference-close.ts'
import { bindKey, checkKey, checkKeyPosition } from './reference-keys.ts'
import { work } from './reference-match.ts'
import {
  accountOf,
  crossing,
  type Emit,
  filledOf,
  INVALID,
  isFok,
  isPostOnly,
  isReduceOnly,
  marketOf,
  ordersOf,
  type ReferenceAccount,
  type ReferenceMarket,
  type ReferenceOrder,
  type ReferenceState,
  type Refusal,
  refuse,
} from './reference-state.ts'

const isAmendable = ({ style }: ReferenceOrder): boolean =>
  style === orderStyle.plain || style === orderStyle.market

/** A stop or take-profit, limit or market, whose moment has not come. */
const isConditional = (order: ReferenceOrder): boolean => order.waiting && isAmendable(order)

export function amendOrder(s: ReferenceState, c: AmendOrder, emit: Emit): Refusal | undefined {
  const account = accountOf(s, c.accountId)
  if (account === undefined) return refuse('UNKNOWN_ACCOUNT')
  const order = ordersOf(s, c.accountId).find((o) => o.orderId === c.orderId)
  if (order === undefined) return refuse('ORDER_NOT_FOUND')
  if (!isAmendable(order)) return refuse('INVALID_AMEND')
  const market = s.markets.get(c.market)
  const refusal = isConditional(order)
    ? checkWaitingAmend(s, account, market, order, c)
    : checkAmend(s, account, market, order, c)
  if (refusal !== undefined) return refusal
  amend(s, account, order, c, emit)
  return undefined
}

function checkAmend(
  s: ReferenceState,
  account: ReferenceAccount,
  market: ReferenceMarket | undefined,
  order: ReferenceOrder,
  c: AmendOrder,
): Refusal | undefined {
  const form =
    checkShape(market, c) ??
    checkSameOrder(order, c, isGtc(c)) ??
    checkLane(s, account, c.lane, c.laneSeq, order.orderId) ??
    checkExpiry(s, c.expiryS) ??
    checkKey(s, account, c, order)
  if (form !== undefined || market === undefined) return form
  const { side, flags, priceTicks: price, sizeLots: lots } = c
  const candidate = { side, flags, price, lots, marginLots: lots }
  return (
    checkState(s, market, c) ??
    checkThrottle(s, market, c) ??
    checkPrices(s, market, candidate) ??
    checkKeyPosition(s, account, c) ??
    checkRisk(s, account, market, candidate, order.orderId) ??
    (isPostOnly(c) && crossing(market, side, price)
      ? refuse('POST_ONLY_WOULD_CROSS')
      : undefined) ??
    (pageFree(s, c.market, price) ? undefined : refuse('CAPACITY'))
  )
}

const isGtc = (c: AmendOrder) => timeInForceOf(c.flags) === timeInForce.gtc

function checkSameOrder(
  order: ReferenceOrder,
  c: AmendOrder,
  amendable: boolean,
): Refusal | undefined {
  const same = c.market === order.market && c.side === order.side && c.lane === order.lane
  return same && amendable ? undefined : refuse('INVALID_AMEND')
}

function checkWaitingAmend(
  s: ReferenceState,
  account: ReferenceAccount,
  market: ReferenceMarket | undefined,
  order: ReferenceOrder,
  c: AmendOrder,
): Refusal | undefined {
  const { triggerTicks: trigger } = c
  const triggers = Number.isSafeInteger(trigger) && trigger >= 1 && trigger <= limits.priceTicksMax
  const timed = order.style === orderStyle.plain || timeInForceOf(c.flags) === timeInForce.ioc
  const isChild = order.parentLane !== 0
  const isWhole = isFok(c) && (isChild || order.sibling !== 0)
  const fitsParent = !isChild || (isReduceOnly(c) && c.sizeLots <= order.parentTotal)
  return (
    checkShape(market, c, true) ??
    (triggers ? undefined : INVALID) ??
    checkSameOrder(
      order,
      c,
      c.orderKind === signedKindOf(order) && timed && fitsParent && !isWhole,
    ) ??
    checkLane(s, account, c.lane, c.laneSeq, order.orderId) ??
    checkExpiry(s, c.expiryS) ??
    checkKey(s, account, c, order) ??
    checkClosed(market!) ??
    checkThrottle(s, market!, c)
  )
}

/** The kind a conditional order was signed with: a trigger on the mark is proven on-chain. */
const signedKindOf = (order: ReferenceOrder): number =>
  order.triggerSource === 0 ? order.triggerKind : 0

function amend(
  s: ReferenceState,
  account: ReferenceAccount,
  order: ReferenceOrder,
  c: AmendOrder,
  emit: Emit,
): void {
  const market = marketOf(s, order.market)
  const previousPriceTicks = order.price
  const previousRemainingLots = order.remaining
  const keeps = order.waiting || (c.priceTicks === order.price && c.sizeLots <= order.remaining)
  if (!keeps) market.book.remove(order.orderId)
  const { flags, maxFee, laneSeq, expiryS, selfTrade } = c
  adoptChildren(s, order, c)
  releaseKey(s, order)
  Object.assign(order, { flags, maxFee, laneSeq, expiryS, selfTrade })
  Object.assign(order, { price: c.priceTicks, limit: c.priceTicks })
  Object.assign(order, { size: c.sizeLots, remaining: c.sizeLots })
  bindKey(s, order, c)
  if (order.waiting) order.trigger = c.triggerTicks
  account.lanes.set(c.lane, { seq: laneSeq, filled: 0, orderId: order.orderId })
  const { orderId, accountId, side, lane } = order
  emit({
    kind: 'OrderAmended',
    accountId,
    market: c.market,
    orderId,
    priceTicks: order.price,
    sizeLots: order.size,
    side,
    flags,
    keepsPriority: keeps ? 1 : 0,
    maxFee,
    lane,
    laneSeq,
    expiryS,
    previousPriceTicks,
    previousRemainingLots,
    triggerTicks: order.waiting ? order.trigger : 0,
  })
  if (!keeps) work(s, order, order.price, emit)
}

/** An amended parent keeps its children: what it had filled counts on. */
function adoptChildren(s: ReferenceState, parent: ReferenceOrder, c: AmendOrder): void {
  for (const child of childrenOf(s, parent)) {
    child.parentFilledBefore += filledOf(parent)
    child.parentTotal = child.parentFilledBefore + c.sizeLots
    child.parentSeq = c.laneSeq
  }
}

export function cancelOrder(s: ReferenceState, c: CancelOrder, emit: Emit): Refusal | undefined {
  if (accountOf(s, c.accountId) === undefined) return refuse('UNKNOWN_ACCOUNT')
  const named = (o: ReferenceOrder) =>
    c.orderId === 0
      ? c.clientOrderId !== '' && o.clientId === c.clientOrderId
      : o.orderId === c.orderId
  const order = ordersOf(s, c.accountId).find(named)
  if (order === undefined) return refuse('ORDER_NOT_FOUND')
  close(s, order, closeReason.user, emit)
  return undefined
}

export function cancelAll(s: ReferenceState, c: CancelAll, emit: Emit): Refusal | undefined {
  if (accountOf(s, c.accountId) === undefined) return refuse('UNKNOWN_ACCOUNT')
  if (c.market !== -1 && !s.markets.has(c.market)) return refuse('UNKNOWN_MARKET')
  if (c.side < -1 || c.side > 1) return INVALID
  const chosen = ordersOf(s, c.accountId).filter(
    (o) => (c.market === -1 || o.market === c.market) && (c.side === -1 || o.side === c.side),
  )
  closeMany(s, chosen, closeReason.user, emit)
  return undefined
}
