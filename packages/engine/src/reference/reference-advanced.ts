//! Shape and links of an advanced order (RULES.md 1.2, 1.6).
import {
  limits,
  orderKind,
  orderStyle,
  type PlaceAdvancedOrder,
  timeInForce,
  timeInForceOf,
  triggerKind,
} from '@plumb/model'
import { childrenOf } from './reference-close.ts'
import {
  INVALID,
  isFok,
  isPostOnly,
  isReduceOnly,
  ordersOf,
  type ReferenceAccount,
  type ReferenceMarket,
  type ReferenceOrder,
  type ReferenceState,
  type Refusal,
  refuse,
} from './reference-state.ts'

const between = (x: number, low: number, high: number) =>
  Number.isSafeInteger(x) && x >= low && x <= high

const CHILDREN_MAX = 8
const linkable = new Set<number>([orderStyle.plain, orderStyle.market, orderStyle.trailing])
const repriced = new Set<number>([orderStyle.slide, orderStyle.peg, orderStyle.scale])

/** Accepted, and not on the book until its trigger, price or time comes (1.3). */
export const waits = (c: { style: number; triggerKind: number }): boolean =>
  c.triggerKind !== triggerKind.none || c.style === orderStyle.peg || c.style === orderStyle.twap

/** Everything of 1.2 that goes beyond `PlaceOrder`'s shape. */
export function checkAdvancedShape(
  market: ReferenceMarket | undefined,
  c: PlaceAdvancedOrder,
): Refusal | undefined {
  if (market === undefined) return refuse('UNKNOWN_MARKET')
  if (c.style > 7 || c.triggerKind > 2 || c.triggerSource > 2 || (c.options ?? 0) !== 0)
    return INVALID
  if (c.orderKind < 0 || c.orderKind > orderKind.repricing) return refuse('UNSUPPORTED')
  const right =
    c.orderKind === signedKind(c) &&
    triggerFits(c) &&
    timingFits(c) &&
    sizesFit(market, c) &&
    linksFit(c)
  return right ? undefined : INVALID
}

function signedKind(c: PlaceAdvancedOrder): number {
  const provable = c.triggerSource === 0 && c.style !== orderStyle.trailing
  if (c.triggerKind !== 0 && provable) return c.triggerKind
  return repriced.has(c.style) ? orderKind.repricing : orderKind.limit
}

function triggerFits(c: PlaceAdvancedOrder): boolean {
  if (c.style === orderStyle.trailing)
    return c.triggerKind === triggerKind.stop && c.triggerTicks === 0
  if (c.triggerKind === 0) return c.triggerTicks === 0 && c.triggerSource === 0
  return linkable.has(c.style) && between(c.triggerTicks, 1, limits.priceTicksMax)
}

/** Time in force and post-only as the style needs them. */
function timingFits(c: PlaceAdvancedOrder): boolean {
  const tif = timeInForceOf(c.flags)
  switch (c.style) {
    case orderStyle.plain:
    case orderStyle.trailing:
      return true
    case orderStyle.market:
    case orderStyle.twap:
      return tif === timeInForce.ioc && !isPostOnly(c)
    case orderStyle.slide:
    case orderStyle.peg:
      return tif === timeInForce.gtc && isPostOnly(c)
    case orderStyle.iceberg:
    case orderStyle.scale:
      return tif === timeInForce.gtc
  }
}

function sizesFit(market: ReferenceMarket, c: PlaceAdvancedOrder): boolean {
  const { style, offsetTicks, count, seconds, slippagePpm, displayLots } = c
  const isScale = style === orderStyle.scale
  const isTwap = style === orderStyle.twap
  const offsetFits =
    style === orderStyle.peg ||
    (isScale || style === orderStyle.trailing ? offsetTicks >= 1 : offsetTicks === 0)
  const countFits = isTwap
    ? between(count, 2, 1_000)
    : isScale
      ? between(count, 2, 32)
      : count === 0
  const secondsFit = isTwap
    ? between(seconds, 1, 86_400) && count * seconds <= 604_800
    : seconds === 0
  const slips = isTwap || style === orderStyle.market
  const slippageFits = slips ? between(slippagePpm, 0, 500_000) : slippagePpm === 0
  const displayFits =
    style === orderStyle.iceberg
      ? between(displayLots, market.minOrderLots, c.sizeLots - 1)
      : displayLots === 0
  if (!(offsetFits && countFits && secondsFit && slippageFits && displayFits)) return false
  if (!isScale) return true
  const away = (count - 1) * offsetTicks
  const last = c.side === 0 ? c.priceTicks - away : c.priceTicks + away
  // A price that is none at all is told by `PlaceOrder`'s shape.
  return c.sizeLots >= count * market.minOrderLots && last >= 1 && last <= limits.priceTicksMax
}

function linksFit(c: PlaceAdvancedOrder): boolean {
  if (Math.max(c.ocoLane, c.parentLane) > limits.lanesPerAccountMax) return false
  if (c.ocoLane === 0 ? c.ocoSeq !== 0 : !linkable.has(c.style)) return false
  if (c.ocoLane + c.parentLane !== 0 && isFok(c)) return false
  if (c.parentLane === 0) return c.parentSeq === 0
  return c.triggerKind !== 0 && isReduceOnly(c)
}

export type Links = {
  sibling: ReferenceOrder | undefined
  /** Undefined too where the parent has closed: its child is armed whole and on its own. */
  parent: ReferenceOrder | undefined
}

/** Looks up what an order is linked to, or says why it cannot be. */
export function findLinks(
  s: ReferenceState,
  account: ReferenceAccount,
  c: PlaceAdvancedOrder,
): Links | Refusal {
  const named = (lane: number, laneSeq: number) =>
    ordersOf(s, account.accountId).find((o) => o.lane + 1 === lane && o.laneSeq === laneSeq)
  const links: Links = { sibling: undefined, parent: undefined }
  if (c.ocoLane !== 0) {
    const other = named(c.ocoLane, c.ocoSeq)
    const fits =
      other !== undefined &&
      other.market === c.market &&
      other.side === c.side &&
      other.sibling === 0 &&
      !isFok(other) &&
      linkable.has(other.style)
    if (!fits) return refuse('LINK_NOT_FOUND')
    links.sibling = other
  }
  if (c.parentLane === 0) return links
  const live = named(c.parentLane, c.parentSeq)
  const total = live === undefined ? filledOfClosed(account, c) : totalOf(live, c)
  if (total === 0) return refuse('LINK_NOT_FOUND')
  if (c.sizeLots > total) return refuse('INVALID_PARAMETER', total)
  if (live !== undefined && childrenOf(s, live).length >= CHILDREN_MAX)
    return refuse('OPEN_ORDERS_LIMIT', CHILDREN_MAX)
  return { ...links, parent: live }
}

/** Size of a parent that fits; 0: it does not. */
function totalOf(order: ReferenceOrder, c: PlaceAdvancedOrder): number {
  const fits =
    order.market === c.market &&
    order.side !== c.side &&
    order.sibling === 0 &&
    order.parentLane === 0
  return fits ? order.size : 0
}

/** The lane remembers of its last order how much was filled: all that a child of it can close. */
function filledOfClosed(account: ReferenceAccount, c: PlaceAdvancedOrder): number {
  const lane = account.lanes.get(c.parentLane - 1)
  return lane?.seq === c.parentSeq && lane.orderId === 0 ? lane.filled : 0
}
