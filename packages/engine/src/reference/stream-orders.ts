//! Random orders, plain and advanced, amends and cancels.
import {
  type AmendOrder,
  type CancelAll,
  type CancelOrder,
  limits,
  type OrderStyle,
  orderFlags,
  orderStyle,
  type PlaceAdvancedOrder,
  type PlaceOrder,
  type SelfTradePrevention,
  type Side,
  type TimeInForce,
  type TriggerKind,
  type TriggerSource,
  triggerSource,
} from '@plumb/model'
import type { Dice } from './dice.ts'
import type { StreamView } from './stream-view.ts'

const zeros = (length: number) => new Uint8Array(length)

export function cancel(view: StreamView): CancelOrder {
  const { dice } = view
  const order = dice.pick([...view.open.values()])
  const byClient = order.clientId !== '' && dice.chance(50)
  return {
    kind: 'CancelOrder',
    accountId: dice.chance(4) ? view.account() : order.accountId,
    orderId: byClient ? 0 : dice.chance(3) ? dice.between(-1, 3_000_000) : order.orderId,
    clientOrderId: byClient ? order.clientId : dice.chance(2) ? 'unknown' : '',
  }
}

export function cancelAll(view: StreamView): CancelAll {
  const { dice } = view
  return {
    kind: 'CancelAll',
    accountId: view.account(),
    market: dice.chance(50) ? -1 : view.market(),
    side: dice.pick([-1, -1, 0, 1]),
  }
}

function flagsOf({ dice, profile }: StreamView): number {
  if (dice.chance(0.7)) return dice.between(-1, 40)
  const tif = dice.chance(72) ? 0 : dice.pick<TimeInForce>([1, 2])
  const postOnly = dice.chance(tif === 0 ? (profile.postOnly ?? 15) : 1)
  return orderFlags({ timeInForce: tif, postOnly, reduceOnly: dice.chance(10) })
}

function optionsOf(dice: Dice, flags: number): number {
  const isIoc = (flags & 12) === 4
  return dice.chance(isIoc ? 30 : 0.5) ? dice.pick([1, 1, 1, 1, 2]) : 0
}

/** `ids`: how many client ids the stream has given so far. */
export function placePlain(view: StreamView, ids: number): PlaceOrder {
  const { dice } = view
  const accountId = view.account()
  const lane = view.lane()
  const market = view.market()
  const flags = flagsOf(view)
  const side = dice.pick<Side>([0, 1])
  const sizeLots = view.size(market)
  const sweeps = sizeLots === view.profile.sweepLots
  return {
    kind: 'PlaceOrder',
    accountId,
    market,
    side,
    flags,
    options: (view.profile.advanced ?? 0) > 0 ? optionsOf(dice, flags) : 0,
    orderKind: 0,
    priceTicks: sweeps ? generousPrice(view, { market, side }) : view.price(market),
    sizeLots,
    triggerTicks: 0,
    maxFee: dice.chance(2) ? dice.between(-1, 260) : 200,
    lane,
    laneSeq: view.laneSeq(accountId, lane),
    expiryS: view.expiry(),
    selfTrade: dice.pick<SelfTradePrevention>([0, 1, 2]),
    clientOrderId: dice.chance(30) ? `c-${dice.chance(3) ? 1 : ids}` : '',
    signer: zeros(20),
    signature: zeros(64),
    orderId: 0,
  }
}

const GTC = { timeInForce: 0 } as const
const IOC = { timeInForce: 1 } as const

/** The flags a style needs, and now and then others. */
function styledFlags(view: StreamView, style: OrderStyle, conditional: boolean): number {
  const { dice } = view
  const reduceOnly = dice.chance(20)
  if (dice.chance(2)) return flagsOf(view)
  if (style === orderStyle.market || style === orderStyle.twap)
    return orderFlags({ ...IOC, reduceOnly })
  if (style === orderStyle.slide || style === orderStyle.peg)
    return orderFlags({ ...GTC, postOnly: true, reduceOnly })
  if (style === orderStyle.iceberg || style === orderStyle.scale)
    return orderFlags({ ...GTC, postOnly: dice.chance(15), reduceOnly })
  if (!conditional) return flagsOf(view)
  const timeInForce = dice.pick<TimeInForce>([0, 0, 1, 2])
  return orderFlags({ timeInForce, postOnly: timeInForce === 0 && dice.chance(15), reduceOnly })
}

const NO_EXTRAS = {
  triggerKind: 0 as TriggerKind,
  triggerSource: 0 as TriggerSource,
  triggerTicks: 0,
  parentLane: 0,
  parentSeq: 0,
  ocoLane: 0,
  ocoSeq: 0,
  offsetTicks: 0,
  count: 0,
  seconds: 0,
  slippagePpm: 0,
  displayLots: 0,
}

export function placeAdvanced(view: StreamView, ids: number): PlaceAdvancedOrder {
  const { dice } = view
  const style = dice.pick<OrderStyle>([0, 0, 0, 1, 1, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7])
  const canTrigger = style <= 1 || style === orderStyle.trailing
  const conditional = style === orderStyle.trailing || (canTrigger && dice.chance(75))
  const plain = placePlain(view, ids)
  const order: PlaceAdvancedOrder = {
    ...plain,
    ...NO_EXTRAS,
    kind: 'PlaceAdvancedOrder',
    options: 0,
    style,
    flags: styledFlags(view, style, conditional),
  }
  if (conditional) {
    order.triggerKind = style === orderStyle.trailing ? 1 : dice.pick<TriggerKind>([1, 2])
    order.triggerSource = dice.pick<TriggerSource>([0, 0, 1, 2])
    if (style !== orderStyle.trailing) order.triggerTicks = view.price(order.market)
    if (dice.chance(60)) order.priceTicks = generousPrice(view, order)
  } else if (style === orderStyle.market && dice.chance(70))
    order.priceTicks = generousPrice(view, order)
  size(view, order)
  if (canTrigger && dice.chance(40)) link(view, order)
  const provable = order.triggerSource === 0 && style !== orderStyle.trailing
  const repriced =
    style === orderStyle.slide || style === orderStyle.peg || style === orderStyle.scale
  order.orderKind = order.triggerKind !== 0 && provable ? order.triggerKind : repriced ? 3 : 0
  return order
}

/** An order large enough to clear a book. */
export function sweepNow(
  view: StreamView,
  market: number,
  side: Side,
  sizeLots: number,
): PlaceOrder {
  const priceTicks = generousPrice(view, { market, side })
  const order = { market, side, sizeLots, priceTicks, flags: 0, options: 0, clientOrderId: '' }
  return { ...placePlain(view, 0), ...order }
}

/** A stop that is reached at once, or a twap, large enough to clear a book. */
export function sweepLater(
  view: StreamView,
  market: number,
  side: Side,
  sizeLots: number,
): PlaceAdvancedOrder {
  const { dice } = view
  const isTwap = dice.chance(25)
  return {
    ...placePlain(view, 0),
    ...NO_EXTRAS,
    kind: 'PlaceAdvancedOrder',
    market,
    side,
    options: 0,
    clientOrderId: '',
    style: isTwap ? orderStyle.twap : orderStyle.plain,
    flags: isTwap ? orderFlags(IOC) : dice.pick([0, 4, 8]),
    orderKind: 0,
    priceTicks: generousPrice(view, { market, side }),
    sizeLots,
    ...(isTwap
      ? { count: 2, seconds: 1 }
      : { triggerKind: dice.pick<TriggerKind>([1, 2]), triggerSource: triggerSource.index }),
    triggerTicks: isTwap ? 0 : (view.indexes.get(market) ?? 1) + dice.between(-100, 100),
  }
}

/** A limit that lets the order trade when its moment comes. */
function generousPrice(view: StreamView, { market, side }: { market: number; side: Side }): number {
  const mark = view.marks.get(market) ?? 1
  const away = Math.ceil(mark * view.dice.pick([0.01, 0.04, 0.3]))
  return Math.min(Math.max(1, side === 0 ? mark + away : mark - away), limits.priceTicksMax)
}

/** The numbers that belong to a style. */
function size(view: StreamView, order: PlaceAdvancedOrder): void {
  const { dice, profile } = view
  const spread = Math.max(1, Math.ceil(profile.spread))
  const least = profile.markets.find((m) => m.market === order.market)?.minOrderLots ?? 1
  switch (order.style) {
    case orderStyle.plain:
    case orderStyle.slide:
      break
    case orderStyle.market:
      order.slippagePpm = dice.chance(50) ? 0 : dice.pick([1, 200, 5_000, 500_000])
      break
    case orderStyle.peg:
      order.offsetTicks = dice.between(-spread, spread)
      break
    case orderStyle.trailing:
      order.offsetTicks = dice.between(1, spread * 4)
      break
    case orderStyle.twap:
      order.count = dice.pick([2, 3, 5, 10, 1_000])
      order.seconds = dice.pick([1, 1, 2, 5, 60, 600])
      order.slippagePpm = dice.pick([0, 0, 300, 20_000])
      if (dice.chance(80)) order.priceTicks = generousPrice(view, order)
      if (dice.chance(50)) order.sizeLots *= order.count > 10 ? 1 : order.count
      break
    case orderStyle.iceberg:
      order.sizeLots += least
      order.displayLots = Math.max(least, Math.floor(order.sizeLots / dice.between(2, 9)))
      break
    case orderStyle.scale:
      order.count = dice.pick([2, 3, 4, 8])
      order.offsetTicks = dice.between(1, Math.ceil(spread / 2))
      order.sizeLots = Math.max(order.sizeLots, order.count * least + dice.between(0, 3))
  }
}

const opposite = (side: Side): Side => (side === 0 ? 1 : 0)

/** Hangs an order on another of the same account: its sibling, its parent, or both. */
function link(view: StreamView, order: PlaceAdvancedOrder): void {
  const { dice } = view
  const own = [...view.open.values()].filter((o) => o.accountId === order.accountId)
  const done = [...view.filled.values()].filter((o) => o.accountId === order.accountId)
  const family = dice.chance(30) ? done : own
  if (dice.chance(55) && family.length > 0) {
    const parent = dice.pick(family)
    order.parentLane = parent.lane + 1
    order.parentSeq = dice.chance(3) ? 7 : parent.laneSeq
    order.market = dice.chance(3) ? order.market : parent.market
    order.side = dice.chance(3) ? parent.side : opposite(parent.side)
    order.flags = dice.chance(97) ? order.flags | 1 : order.flags
    order.sizeLots = dice.chance(5) ? parent.size + 1 : dice.between(1, parent.size)
    order.triggerTicks = order.style === orderStyle.trailing ? 0 : view.price(order.market)
  }
  if (own.length === 0 || (order.parentLane !== 0 && dice.chance(50))) return
  const alike = own.filter((o) => o.market === order.market && o.side === order.side)
  const other = dice.pick(alike.length === 0 || dice.chance(5) ? own : alike)
  order.ocoLane = other.lane + 1
  order.ocoSeq = other.laneSeq
  if (order.parentLane !== 0) return
  order.market = dice.chance(95) ? other.market : order.market
  order.side = dice.chance(95) ? other.side : order.side
  if (dice.chance(70)) order.sizeLots = other.size
}

export function amend(view: StreamView): AmendOrder {
  const { dice } = view
  const order = dice.pick([...view.open.values()])
  const keeps = dice.chance(40)
  return {
    kind: 'AmendOrder',
    accountId: dice.chance(2) ? view.account() : order.accountId,
    market: dice.chance(2) ? view.market() : order.market,
    side: dice.chance(2) ? 0 : order.side,
    flags: order.waiting && dice.chance(80) ? order.flags : dice.chance(85) ? 0 : flagsOf(view),
    orderKind: order.waiting && dice.chance(95) ? order.orderKind : 0,
    priceTicks: keeps ? order.price : view.price(order.market),
    sizeLots: keeps ? dice.between(1, Math.max(1, order.size)) : view.size(order.market),
    triggerTicks: order.waiting && dice.chance(95) ? view.price(order.market) : 0,
    maxFee: 200,
    lane: dice.chance(2) ? view.lane() : order.lane,
    laneSeq: view.laneSeq(order.accountId, order.lane),
    expiryS: view.expiry(),
    selfTrade: dice.pick<SelfTradePrevention>([0, 1, 2]),
    clientOrderId: '',
    signer: zeros(20),
    signature: zeros(64),
    orderId: dice.chance(2) ? dice.between(0, 3_000_000) : order.orderId,
  }
}
