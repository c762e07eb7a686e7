//! PlaceOrder and PlaceAdvancedOrder: refuse with the first code that applies, or accept and work the order.
import {
  COMMAND_STRIDE,
  encodeCommand,
  limits,
  orderOption,
  orderStyle,
  type PlaceAdvancedOrder,
  type PlaceOrder,
  timeInForce,
  timeInForceOf,
} from '@plumb/model'
import { checkAdvancedShape, findLinks, type Links, waits } from './reference-advanced.ts'
import { checkCapacity, checkLane, restingPriceOf } from './reference-capacity.ts'
import {
  type Candidate,
  checkClosed,
  checkCrossing,
  checkExpiry,
  checkIsolated,
  checkPrices,
  checkRisk,
  checkShape,
  checkState,
  checkThrottle,
  effectiveLimit,
} from './reference-checks.ts'
import { forgetFirstClosed, idKey } from './reference-close.ts'
import { bindKey, checkKey, checkKeyPosition, signingKey } from './reference-keys.ts'
import { fillable, work } from './reference-match.ts'
import {
  accountOf,
  crossing,
  type Emit,
  marketOf,
  type ReferenceAccount,
  type ReferenceMarket,
  type ReferenceOrder,
  type ReferenceState,
  type Refusal,
  type RequestBody,
  refuse,
} from './reference-state.ts'
import { startTrailing } from './reference-waiting.ts'

type Place = PlaceOrder | PlaceAdvancedOrder

const NO_LINKS: Links = { sibling: undefined, parent: undefined }

/** Everything of a request that makes it the same request. */
const bodyOf = (c: Place): RequestBody => ({ signed: signedOf(c), options: optionsOf(c) })

const signedOf = (c: Place): number[] => [
  c.market,
  c.priceTicks,
  c.sizeLots,
  c.triggerTicks,
  c.side,
  c.flags,
  c.orderKind,
  c.selfTrade,
  c.maxFee,
  c.lane,
  c.laneSeq,
  c.expiryS,
]

/** Options, and the words of a command that only advanced orders have (layout.ts), all 0 in a plain one. */
function optionsOf(c: Place): number[] {
  const bytes = new Uint8Array(COMMAND_STRIDE)
  bytes.set(encodeCommand(c))
  const view = new DataView(bytes.buffer)
  const words = Array.from({ length: 10 }, (_, i) => view.getInt32((54 + i) * 4, true))
  return [c.options ?? 0, ...words]
}

export function placeOrder(s: ReferenceState, c: Place, emit: Emit): Refusal | undefined {
  const account = accountOf(s, c.accountId)
  if (account === undefined) return refuse('UNKNOWN_ACCOUNT')
  const known =
    c.clientOrderId === '' ? undefined : s.clientIds.get(idKey(c.accountId, c.clientOrderId))
  if (known !== undefined) {
    if (JSON.stringify(known.body) !== JSON.stringify(bodyOf(c)))
      return refuse('DUPLICATE_CLIENT_ORDER_ID')
    const { accountId, orderId, text } = known
    emit({ kind: 'DuplicateRequest', accountId, orderId, clientOrderId: text })
    return undefined
  }
  const refusal = checkForm(s, account, c)
  if (refusal !== undefined) return refusal
  const market = marketOf(s, c.market)
  return c.kind === 'PlaceAdvancedOrder' && waits(c)
    ? placeWaiting(s, account, market, c, emit)
    : placeWorking(s, account, market, c, emit)
}

/** What is asked of every order, before the market's state. */
function checkForm(s: ReferenceState, account: ReferenceAccount, c: Place): Refusal | undefined {
  const market = s.markets.get(c.market)
  const advanced = c.kind === 'PlaceAdvancedOrder'
  return (
    (advanced ? checkAdvancedShape(market, c) : undefined) ??
    checkShape(market, c, advanced) ??
    checkIsolated(account, c) ??
    checkLane(s, account, c.lane, c.laneSeq, 0) ??
    checkExpiry(s, c.expiryS) ??
    checkKey(s, account, c)
  )
}

function placeWaiting(
  s: ReferenceState,
  account: ReferenceAccount,
  market: ReferenceMarket,
  c: PlaceAdvancedOrder,
  emit: Emit,
): Refusal | undefined {
  const closed = checkClosed(market) ?? checkThrottle(s, market, c)
  if (closed !== undefined) return closed
  const links = findLinks(s, account, c)
  if ('refuse' in links) return links
  const full = checkCapacity(s, account, c.market, 0)
  if (full !== undefined) return full
  const order = newOrder(s, c, links)
  order.waiting = true
  order.waitingPriority = ++s.priorities
  if (order.style === orderStyle.twap) order.startMs = s.timeMs
  accept(s, account, c, order, links, emit)
  startTrailing(market, order)
  return undefined
}

function placeWorking(
  s: ReferenceState,
  account: ReferenceAccount,
  market: ReferenceMarket,
  c: Place,
  emit: Emit,
): Refusal | undefined {
  const limit = limitOf(market, c)
  const price = slidPrice(market, c) ?? limit
  const { side, flags, sizeLots: lots } = c
  const candidate: Candidate = { side, flags, price: limit, lots, marginLots: firstLots(c) }
  const early =
    checkState(s, market, c) ?? checkThrottle(s, market, c) ?? checkPrices(s, market, candidate)
  if (early !== undefined) return early
  const links = c.kind === 'PlaceAdvancedOrder' ? findLinks(s, account, c) : NO_LINKS
  if ('refuse' in links) return links
  const refusal =
    checkKeyPosition(s, account, c) ??
    checkRisk(s, account, market, { ...candidate, price }, undefined) ??
    checkCrossing(market, { side, flags, price }) ??
    checkCapacity(s, account, c.market, restingPriceOf(flags, price))
  if (refusal !== undefined) return refusal
  if (timeInForceOf(c.flags) === timeInForce.fok) {
    const trial = newOrder({ ...s, generations: [...s.generations], freeSlots: [] }, c, links)
    if (!fillable(s, trial, limit)) return refuse('NOT_FILLABLE')
  }
  const order = newOrder(s, c, links)
  order.price = price
  accept(s, account, c, order, links, emit)
  work(s, order, order.price, emit)
  return undefined
}

function limitOf(market: ReferenceMarket, c: Place): number {
  if (c.kind === 'PlaceOrder')
    return (c.options ?? 0) === orderOption.market
      ? effectiveLimit(market, c.side, c.priceTicks)
      : c.priceTicks
  if (c.style !== orderStyle.market) return c.priceTicks
  const opposite = market.book.best(c.side === 0 ? 1 : 0)
  return effectiveLimit(market, c.side, c.priceTicks, opposite, c.slippagePpm)
}

/** Where a crossing post-only order of style slide comes to rest; undefined: it need not move, or cannot. */
function slidPrice(market: ReferenceMarket, c: Place): number | undefined {
  if (c.kind === 'PlaceOrder' || c.style !== orderStyle.slide) return undefined
  if (!crossing(market, c.side, c.priceTicks)) return undefined
  const price = c.side === 0 ? market.book.best(1) - 1 : market.book.best(0) + 1
  return price >= 1 && price <= limits.priceTicksMax ? price : undefined
}

/** Lots of a scale's first level, all of any other order. */
function firstLots(c: Place): number {
  if (c.kind === 'PlaceOrder' || c.style !== orderStyle.scale) return c.sizeLots
  return c.sizeLots - (c.count - 1) * Math.floor(c.sizeLots / c.count)
}

/** Takes the slot freed last, or a fresh one; a slot's generation counts its orders. */
function newOrder(s: ReferenceState, c: Place, links: Links): ReferenceOrder {
  const slot = s.freeSlots.pop() ?? s.generations.push(0) - 1
  const generation = (s.generations[slot] ?? 0) + 1
  s.generations[slot] = generation
  const advanced = c.kind === 'PlaceAdvancedOrder' ? c : undefined
  return {
    orderId: generation * 2 ** 20 + slot,
    slot,
    accountId: c.accountId,
    market: c.market,
    side: c.side,
    flags: c.flags,
    price: c.priceTicks,
    size: c.sizeLots,
    remaining: c.sizeLots,
    hidden: c.sizeLots - firstLots(c),
    maxFee: c.maxFee,
    lane: c.lane,
    laneSeq: c.laneSeq,
    expiryS: c.expiryS,
    priority: 0,
    clientId: c.clientOrderId,
    selfTrade: c.selfTrade,
    waiting: false,
    waitingPriority: 0,
    style: advanced?.style ?? orderStyle.plain,
    triggerKind: advanced?.triggerKind ?? 0,
    triggerSource: advanced?.triggerSource ?? 0,
    trigger: advanced?.triggerTicks ?? 0,
    extreme: 0,
    limit: c.priceTicks,
    offset: advanced?.offsetTicks ?? 0,
    count: advanced?.count ?? 0,
    seconds: advanced?.seconds ?? 0,
    slippage: advanced?.slippagePpm ?? 0,
    display: advanced?.displayLots ?? 0,
    step: 0,
    startMs: 0,
    parentLane: links.parent === undefined ? 0 : links.parent.lane + 1,
    parentSeq: links.parent?.laneSeq ?? 0,
    parentTotal: links.parent?.size ?? 0,
    parentFilledBefore: 0,
    sibling: links.sibling?.orderId ?? 0,
    key: signingKey(c),
    keyLots: 0,
  }
}

/** The order is in: its lane taken, its id remembered, its links made, and said so. */
function accept(
  s: ReferenceState,
  account: ReferenceAccount,
  c: Place,
  order: ReferenceOrder,
  links: Links,
  emit: Emit,
): void {
  const { orderId, accountId, side, flags, maxFee, lane, laneSeq, expiryS } = order
  s.orders.set(orderId, order)
  bindKey(s, order, c)
  account.lanes.set(lane, { seq: laneSeq, filled: 0, orderId })
  if (links.sibling !== undefined) links.sibling.sibling = orderId
  if (c.clientOrderId !== '') rememberId(s, c, orderId)
  emit({
    kind: 'OrderPlaced',
    accountId,
    market: c.market,
    orderId,
    priceTicks: order.price,
    sizeLots: order.size,
    side,
    flags,
    orderKind: c.orderKind,
    maxFee,
    lane,
    laneSeq,
    expiryS,
    clientOrderId: c.clientOrderId,
    ...((c.options ?? 0) !== 0 && { limitTicks: c.priceTicks }),
    ...(c.kind === 'PlaceAdvancedOrder' && {
      limitTicks: c.priceTicks,
      style: c.style,
      triggerKind: c.triggerKind,
      triggerSource: c.triggerSource,
      waiting: order.waiting ? 1 : 0,
      triggerTicks: c.triggerTicks,
      offsetTicks: c.offsetTicks,
      count: c.count,
      displayLots: c.displayLots,
    }),
  })
}

/** Remembers a client id; when all places are taken the one that closed first makes room. */
function rememberId(s: ReferenceState, c: Place, orderId: number): void {
  if (s.clientIds.size >= s.limits.clientIds) forgetFirstClosed(s, () => true)
  const { accountId, clientOrderId: text } = c
  const entry = { accountId, text, orderId, body: bodyOf(c), closeNumber: 0 }
  s.clientIds.set(idKey(accountId, text), entry)
}
