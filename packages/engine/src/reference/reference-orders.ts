//! Orders in the reference engine: admission, matching, closing. Rules as in the README's order life, nothing clever.
import {
  type AmendOrder,
  type CancelAll,
  type CancelOrder,
  type CloseReason,
  closeReason,
  type EventBody,
  limits,
  marketState,
  orderFlag,
  type PlaceOrder,
  type RejectName,
  timeInForce,
  timeInForceOf,
} from '@plumb/model'
import { fillAdmitted, fundingOwed, openingAdmitted, requirement } from './reference-margin.ts'
import { ceilDiv, floorDiv } from './reference-math.ts'
import {
  accountOf,
  allOrders,
  listedMarket,
  openInterest,
  ordersOf,
  type ReferenceAccount,
  type ReferenceMarket,
  type ReferenceOrder,
  type ReferenceState,
} from './reference-state.ts'

export type Emit = (event: EventBody) => void
export type Refusal = { refuse: RejectName; limitValue?: number }

const refuse = (name: RejectName, limitValue = 0): Refusal => ({ refuse: name, limitValue })
const isInteger = (x: number) => Number.isSafeInteger(x)
const isReduceOnly = (order: { flags: number }) => (order.flags & orderFlag.reduceOnly) !== 0
const isPostOnly = (order: { flags: number }) => (order.flags & orderFlag.postOnly) !== 0
const idKey = (accountId: number, text: string) => `${accountId}:${text}`

/** Everything of a request that makes it the same request. */
const bodyOf = (c: PlaceOrder): number[] => [
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

const heldBy = (account: ReferenceAccount, market: number) =>
  account.positions.get(market)?.lots ?? 0n

/** Lots by which a fill of `side` would reduce the position. */
function reducible(account: ReferenceAccount, market: number, side: 0 | 1): bigint {
  const held = heldBy(account, market)
  if (side === 0) return held < 0n ? -held : 0n
  return held > 0n ? held : 0n
}

function crossing(market: ReferenceMarket, side: 0 | 1, price: number): boolean {
  const best = market.book.best(side === 0 ? 1 : 0)
  if (best === 0) return false
  return side === 0 ? best <= price : best >= price
}

function expiredAt(s: ReferenceState, expiryS: number): boolean {
  return (expiryS - s.lagS) * 1_000 <= s.timeMs
}

function checkShape(
  market: ReferenceMarket | undefined,
  c: PlaceOrder | AmendOrder,
): Refusal | undefined {
  if (market === undefined) return refuse('UNKNOWN_MARKET')
  if (c.orderKind !== 0 || c.flags < 0 || c.flags > 15) return refuse('UNSUPPORTED')
  const tif = timeInForceOf(c.flags)
  if (![0, 1].includes(c.side) || ![0, 1, 2].includes(c.selfTrade))
    return refuse('INVALID_PARAMETER')
  if (tif === 3 || c.triggerTicks !== 0) return refuse('INVALID_PARAMETER')
  if (isPostOnly(c) && tif !== timeInForce.gtc) return refuse('INVALID_PARAMETER')
  if (!isInteger(c.priceTicks) || c.priceTicks < 1 || c.priceTicks > limits.priceTicksMax)
    return refuse('INVALID_TICK', limits.priceTicksMax)
  if (!isInteger(c.sizeLots) || c.sizeLots < market.minOrderLots)
    return refuse('INVALID_STEP', market.minOrderLots)
  if (c.sizeLots > market.maxOrderLots) return refuse('MAX_SIZE', market.maxOrderLots)
  const notional = BigInt(c.priceTicks) * BigInt(c.sizeLots) * BigInt(market.quotePerTickLot)
  if (notional < BigInt(market.minNotionalQuote))
    return refuse('MIN_NOTIONAL', market.minNotionalQuote)
  if (notional > BigInt(limits.notionalQuoteMax))
    return refuse('MAX_NOTIONAL', limits.notionalQuoteMax)
  if (c.maxFee < 0 || c.maxFee > limits.maxFeeMax)
    return refuse('INVALID_PARAMETER', limits.maxFeeMax)
  const fee = isPostOnly(c) ? market.makerFee : market.takerFee
  return fee > c.maxFee ? refuse('FEE_ABOVE_MAX', fee) : undefined
}

export function checkLane(
  s: ReferenceState,
  account: ReferenceAccount,
  lane: number,
  laneSeq: number,
  ownOrder: number,
): Refusal | undefined {
  if (lane < 0 || lane >= limits.lanesPerAccountMax)
    return refuse('INVALID_LANE', limits.lanesPerAccountMax - 1)
  const known = account.lanes.get(lane)
  if (laneSeq <= (known?.seq ?? 0)) return refuse('NONCE_USED', known?.seq ?? 0)
  if (known === undefined) {
    const blocks = new Set<string>()
    for (const { accountId, lanes } of s.accounts)
      for (const used of lanes.keys())
        if (used >= 16) blocks.add(`${accountId}:${Math.floor(used / 16)}`)
    const mine = blocks.has(`${account.accountId}:${Math.floor(lane / 16)}`)
    return lane >= 16 && !mine && blocks.size >= s.limits.lanePages ? refuse('CAPACITY') : undefined
  }
  return known.orderId !== 0 && known.orderId !== ownOrder ? refuse('LANE_BUSY') : undefined
}

export function checkExpiry(s: ReferenceState, expiryS: number): Refusal | undefined {
  return expiredAt(s, expiryS) ? refuse('SIGNATURE_EXPIRED', s.lagS) : undefined
}

function checkMarket(
  s: ReferenceState,
  market: ReferenceMarket,
  c: PlaceOrder | AmendOrder,
): Refusal | undefined {
  if (market.state === marketState.halted || market.state === marketState.settled)
    return refuse('MARKET_HALTED')
  if (market.state === marketState.cancelOnly) return refuse('CANCEL_ONLY')
  if (market.state === marketState.reduceOnly && !isReduceOnly(c)) return refuse('CLOSE_ONLY')
  if (market.state === marketState.postOnly && !isPostOnly(c)) return refuse('POST_ONLY_STATE')
  if (market.mark === 0) return refuse('NO_MARK_PRICE')
  if (market.fixedIndexTicks === 0) {
    const age = s.timeMs - market.indexTimeMs
    if (age > 30_000) return refuse('MARKET_HALTED')
    if (age > 5_000 && !isReduceOnly(c)) return refuse('CLOSE_ONLY')
  }
  if (market.priceBandPpm === 0) return undefined
  const mark = BigInt(market.mark)
  const band = BigInt(market.priceBandPpm)
  const highest = Number(floorDiv(mark * (1_000_000n + band), 1_000_000n))
  const lowest = Number(ceilDiv(mark * (1_000_000n - band), 1_000_000n))
  if (c.side === 0 && c.priceTicks > highest) return refuse('PRICE_BAND', highest)
  if (c.side === 1 && c.priceTicks < lowest) return refuse('PRICE_BAND', lowest)
  return undefined
}

function checkRisk(
  s: ReferenceState,
  account: ReferenceAccount,
  market: ReferenceMarket,
  c: PlaceOrder | AmendOrder,
  replaced: number | undefined,
): Refusal | undefined {
  const can = reducible(account, c.market, c.side)
  if (isReduceOnly(c)) return can === 0n ? refuse('REDUCE_ONLY') : undefined
  const held = heldBy(account, c.market)
  let total = BigInt(c.sizeLots) + (c.side === 0 ? held : -held)
  for (const order of ordersOf(s, account.accountId))
    if (
      order.market === c.market &&
      order.side === c.side &&
      !isReduceOnly(order) &&
      order.orderId !== replaced
    )
      total += BigInt(order.remaining)
  if (total > BigInt(market.maxPositionLots))
    return refuse('POSITION_LIMIT', market.maxPositionLots)
  const growth = BigInt(c.sizeLots) - can
  if (
    market.maxOpenInterestLots !== 0 &&
    growth > 0n &&
    openInterest(s, c.market) + growth > BigInt(market.maxOpenInterestLots)
  )
    return refuse('OPEN_INTEREST_LIMIT', market.maxOpenInterestLots)
  const before = requirement(s, account.accountId, c.market)
  const added = { market: c.market, side: c.side, price: c.priceTicks, lots: c.sizeLots }
  const after = requirement(s, account.accountId, c.market, {
    added,
    ...(replaced === undefined ? {} : { without: replaced }),
  })
  return openingAdmitted(s, account, c.market, before, after)
    ? undefined
    : refuse('INSUFFICIENT_MARGIN')
}

/** Distinct pages of 1,024 prices, and ranges of 2^21, that hold resting orders. */
function pagesInUse(s: ReferenceState): { pages: Set<string>; ranges: Set<string> } {
  const pages = new Set<string>()
  const ranges = new Set<string>()
  for (const { market, price } of allOrders(s)) {
    pages.add(`${market}:${Math.floor(price / 1_024)}`)
    ranges.add(`${market}:${Math.floor(price / 2_097_152)}`)
  }
  return { pages, ranges }
}

function checkPages(s: ReferenceState, market: number, price: number): Refusal | undefined {
  const { pages, ranges } = pagesInUse(s)
  const newRange = !ranges.has(`${market}:${Math.floor(price / 2_097_152)}`)
  const newPage = !pages.has(`${market}:${Math.floor(price / 1_024)}`)
  const full =
    (newRange && ranges.size >= s.limits.pageDirectories) ||
    (newPage && pages.size >= s.limits.pages)
  return full ? refuse('CAPACITY') : undefined
}

function checkCapacity(
  s: ReferenceState,
  account: ReferenceAccount,
  c: PlaceOrder,
): Refusal | undefined {
  const own = [...ordersOf(s, account.accountId)]
  if (own.length >= s.limits.ordersPerAccount)
    return refuse('OPEN_ORDERS_LIMIT', s.limits.ordersPerAccount)
  if (s.freeSlots.length === 0 && s.generations.length >= s.limits.openOrders)
    return refuse('CAPACITY')
  const pairs = new Set<string>()
  for (const a of s.accounts) for (const m of a.positions.keys()) pairs.add(`${a.accountId}:${m}`)
  for (const order of allOrders(s)) pairs.add(`${order.accountId}:${order.market}`)
  if (!pairs.has(`${account.accountId}:${c.market}`) && pairs.size >= s.limits.positions)
    return refuse('CAPACITY')
  if (timeInForceOf(c.flags) !== timeInForce.gtc) return undefined
  return checkPages(s, c.market, c.priceTicks)
}

export function placeOrder(s: ReferenceState, c: PlaceOrder, emit: Emit): Refusal | undefined {
  const account = accountOf(s, c.accountId)
  if (account === undefined) return refuse('UNKNOWN_ACCOUNT')
  const known =
    c.clientOrderId === '' ? undefined : s.clientIds.get(idKey(c.accountId, c.clientOrderId))
  if (known !== undefined) {
    if (known.body.join() !== bodyOf(c).join()) return refuse('DUPLICATE_CLIENT_ORDER_ID')
    const { accountId, orderId, text } = known
    emit({ kind: 'DuplicateRequest', accountId, orderId, clientOrderId: text })
    return undefined
  }
  const market = s.markets.get(c.market)
  const refusal =
    checkShape(market, c) ??
    checkLane(s, account, c.lane, c.laneSeq, 0) ??
    checkExpiry(s, c.expiryS) ??
    checkMarket(s, market!, c) ??
    checkRisk(s, account, market!, c, undefined) ??
    checkCrossing(market!, c) ??
    checkCapacity(s, account, c)
  if (refusal !== undefined) return refusal
  if (timeInForceOf(c.flags) === timeInForce.fok) {
    const trial = copyState(s)
    const order = newOrder(trial, c)
    match(trial, order, c.selfTrade, () => undefined)
    if (order.remaining > 0) return refuse('NOT_FILLABLE')
  }
  accept(s, account, market!, c, emit)
  return undefined
}

function checkCrossing(market: ReferenceMarket, c: PlaceOrder): Refusal | undefined {
  const crosses = crossing(market, c.side, c.priceTicks)
  if (isPostOnly(c) && crosses) return refuse('POST_ONLY_WOULD_CROSS')
  if (timeInForceOf(c.flags) !== timeInForce.gtc && !crosses) return refuse('NOT_FILLABLE')
  return undefined
}

/** Takes the slot freed last, or a fresh one; a slot's generation counts its orders. */
function newOrder(s: ReferenceState, c: PlaceOrder): ReferenceOrder {
  const slot = s.freeSlots.pop() ?? s.generations.push(0) - 1
  const generation = (s.generations[slot] ?? 0) + 1
  s.generations[slot] = generation
  const { accountId, market, side, flags, maxFee, lane, laneSeq, expiryS } = c
  return {
    orderId: generation * 2 ** 20 + slot,
    slot,
    accountId,
    market,
    side,
    flags,
    price: c.priceTicks,
    size: c.sizeLots,
    remaining: c.sizeLots,
    maxFee,
    lane,
    laneSeq,
    expiryS,
    priority: 0,
    clientId: c.clientOrderId,
  }
}

function accept(
  s: ReferenceState,
  account: ReferenceAccount,
  market: ReferenceMarket,
  c: PlaceOrder,
  emit: Emit,
): void {
  const order = newOrder(s, c)
  account.lanes.set(c.lane, { seq: c.laneSeq, filled: 0, orderId: order.orderId })
  if (c.clientOrderId !== '') {
    makeRoomForId(s)
    s.clientIds.set(idKey(c.accountId, c.clientOrderId), {
      accountId: c.accountId,
      text: c.clientOrderId,
      orderId: order.orderId,
      body: bodyOf(c),
      closeNumber: 0,
    })
  }
  const { orderId, accountId, side, flags, maxFee, lane, laneSeq, expiryS } = order
  emit({
    kind: 'OrderPlaced',
    accountId,
    market: c.market,
    orderId,
    priceTicks: order.price,
    sizeLots: order.size,
    side,
    flags,
    orderKind: 0,
    maxFee,
    lane,
    laneSeq,
    expiryS,
    clientOrderId: c.clientOrderId,
  })
  const stopped = match(s, order, c.selfTrade, emit)
  if (order.remaining === 0) close(s, order, closeReason.filled, emit)
  else if (stopped !== undefined) close(s, order, stopped, emit)
  else if (timeInForceOf(flags) === timeInForce.ioc) close(s, order, closeReason.ioc, emit)
  else rest(s, market, order)
}

function rest(s: ReferenceState, market: ReferenceMarket, order: ReferenceOrder): void {
  order.priority = ++s.priorities
  market.book.add(order)
}

/** Forgets the id that closed first when all places are taken. */
function makeRoomForId(s: ReferenceState): void {
  if (s.clientIds.size < s.limits.clientIds) return
  forgetFirstClosed(s, () => true)
}

function forgetFirstClosed(s: ReferenceState, among: (accountId: number) => boolean): void {
  const closed = [...s.clientIds.values()].filter((id) => id.closeNumber > 0 && among(id.accountId))
  const first = closed.toSorted((a, b) => a.closeNumber - b.closeNumber)[0]
  if (first !== undefined) s.clientIds.delete(idKey(first.accountId, first.text))
}

/** Closes an order that is on no book (any more). */
function close(s: ReferenceState, order: ReferenceOrder, reason: CloseReason, emit: Emit): void {
  const { accountId, market, orderId, side } = order
  emit({
    kind: 'OrderClosed',
    accountId,
    market,
    orderId,
    remainingLots: order.remaining,
    priceTicks: order.price,
    side,
    reason,
  })
  const lane = accountOf(s, accountId)!.lanes.get(order.lane)!
  lane.orderId = 0
  lane.filled = order.size - order.remaining
  s.freeSlots.push(order.slot)
  const id = s.clientIds.get(idKey(accountId, order.clientId))
  if (order.clientId === '' || id === undefined) return
  id.closeNumber = ++s.closes
  let remembered = 0
  for (const other of s.clientIds.values())
    if (other.accountId === accountId && other.closeNumber > 0) remembered++
  if (remembered > limits.clientIdsRememberedPerAccount)
    forgetFirstClosed(s, (other) => other === accountId)
}

export function closeResting(
  s: ReferenceState,
  order: ReferenceOrder,
  reason: CloseReason,
  emit: Emit,
): void {
  s.markets.get(order.market)!.book.remove(order.orderId)
  close(s, order, reason, emit)
}

/** Price-time matching; answers why what is left must close, undefined if it is filled or may rest. */
function match(
  s: ReferenceState,
  taker: ReferenceOrder,
  selfTrade: number,
  emit: Emit,
): CloseReason | undefined {
  const market = s.markets.get(taker.market)!
  const takerAccount = accountOf(s, taker.accountId)!
  const makerSide = taker.side === 0 ? 1 : 0
  let fills = 0
  while (taker.remaining > 0 && crossing(market, taker.side, taker.price)) {
    const maker = market.book.head(makerSide)!
    const makerAccount = accountOf(s, maker.accountId)!
    if (expiredAt(s, maker.expiryS)) {
      closeResting(s, maker, closeReason.expired, emit)
      continue
    }
    if (makerAccount.ownerHex === takerAccount.ownerHex) {
      if (selfTrade === 1 || selfTrade === 2) closeResting(s, maker, closeReason.selfTrade, emit)
      if (selfTrade === 0 || selfTrade === 2) return closeReason.selfTrade
      continue
    }
    let lots = Math.min(taker.remaining, maker.remaining)
    if (isReduceOnly(taker)) {
      lots = Math.min(lots, Number(reducible(takerAccount, taker.market, taker.side)))
      if (lots === 0) return closeReason.reduceOnly
    }
    if (isReduceOnly(maker)) {
      lots = Math.min(lots, Number(reducible(makerAccount, taker.market, makerSide)))
      if (lots === 0) {
        closeResting(s, maker, closeReason.reduceOnly, emit)
        continue
      }
    }
    if (fills === limits.fillsPerCommandMax) return closeReason.fillLimit
    const fill = priceFill(market, maker.price, lots, taker.side)
    if (!fillAdmitted(s, takerAccount, taker.market, fill.takerDelta, fill.takerFlow))
      return closeReason.notSettleable
    if (!fillAdmitted(s, makerAccount, taker.market, -fill.takerDelta, fill.makerFlow)) {
      closeResting(s, maker, closeReason.notSettleable, emit)
      continue
    }
    book(s, market, taker, maker, lots, fill, emit)
    fills++
    if (maker.remaining === 0) closeResting(s, maker, closeReason.filled, emit)
    else if (isReduceOnly(maker) && heldBy(makerAccount, taker.market) === 0n)
      closeResting(s, maker, closeReason.reduceOnly, emit)
  }
  return undefined
}

type Fill = {
  quote: bigint
  takerDelta: bigint
  takerFlow: bigint
  makerFlow: bigint
  takerFee: bigint
  makerFee: bigint
}

/** Fee of one side: what is paid rounds up, what is received down. */
function feeOf(quote: bigint, fee: number): bigint {
  const rate = BigInt(fee) * 10n
  return rate >= 0n ? ceilDiv(quote * rate, 1_000_000n) : -floorDiv(quote * -rate, 1_000_000n)
}

function priceFill(market: ReferenceMarket, price: number, lots: number, side: 0 | 1): Fill {
  const quote = BigInt(price) * BigInt(lots) * BigInt(market.quotePerTickLot)
  const takerFee = feeOf(quote, market.takerFee)
  const makerFee = feeOf(quote, market.makerFee)
  const sign = side === 0 ? 1n : -1n
  return {
    quote,
    takerDelta: sign * BigInt(lots),
    takerFlow: -sign * quote - takerFee,
    makerFlow: sign * quote - makerFee,
    takerFee,
    makerFee,
  }
}

export function settleFunding(
  s: ReferenceState,
  account: ReferenceAccount,
  marketId: number,
  emit: Emit,
): void {
  const position = account.positions.get(marketId)
  const market = s.markets.get(marketId)!
  if (position === undefined || position.snapshot === market.fundingIndex) return
  const payment = fundingOwed(s, account, marketId)
  account.cash -= payment
  market.pool += payment
  position.snapshot = market.fundingIndex
  emit({
    kind: 'FundingSettled',
    accountId: account.accountId,
    market: marketId,
    paymentQuote: Number(payment),
    positionLots: Number(position.lots),
    fundingIndex: Number(market.fundingIndex),
    cashQuote: Number(account.cash),
  })
}

function book(
  s: ReferenceState,
  market: ReferenceMarket,
  taker: ReferenceOrder,
  maker: ReferenceOrder,
  lots: number,
  fill: Fill,
  emit: Emit,
): void {
  const takerAccount = accountOf(s, taker.accountId)!
  const makerAccount = accountOf(s, maker.accountId)!
  settleFunding(s, takerAccount, taker.market, emit)
  settleFunding(s, makerAccount, taker.market, emit)
  const takerRealized = movePosition(market, takerAccount, fill.takerDelta, maker.price)
  const makerRealized = movePosition(market, makerAccount, -fill.takerDelta, maker.price)
  takerAccount.cash += fill.takerFlow
  makerAccount.cash += fill.makerFlow
  s.fees += fill.takerFee + fill.makerFee
  taker.remaining -= lots
  maker.remaining -= lots
  market.last = maker.price
  s.trades++
  emit({
    kind: 'TradeExecuted',
    takerAccountId: taker.accountId,
    makerAccountId: maker.accountId,
    market: taker.market,
    tradeId: s.trades,
    priceTicks: maker.price,
    sizeLots: lots,
    quote: Number(fill.quote),
    takerSide: taker.side,
    takerOrderId: taker.orderId,
    makerOrderId: maker.orderId,
    takerFee: market.takerFee,
    makerFee: market.makerFee,
    takerFeeQuote: Number(fill.takerFee),
    makerFeeQuote: Number(fill.makerFee),
    takerRealizedQuote: Number(takerRealized),
    makerRealizedQuote: Number(makerRealized),
    takerPositionLots: Number(heldBy(takerAccount, taker.market)),
    makerPositionLots: Number(heldBy(makerAccount, taker.market)),
    takerRemainingLots: taker.remaining,
    makerRemainingLots: maker.remaining,
  })
}

/** Entry cost c = Σ price·Δs·q; closing r of |s| releases ceil(c·r/|s|). Answers the realized PnL. */
function movePosition(
  market: ReferenceMarket,
  account: ReferenceAccount,
  delta: bigint,
  price: number,
): bigint {
  const unit = BigInt(price) * BigInt(market.quotePerTickLot)
  const position = account.positions.get(market.market) ?? {
    lots: 0n,
    entry: 0n,
    snapshot: market.fundingIndex,
  }
  const held = position.lots
  let opening = delta
  let realized = 0n
  if (held !== 0n && held > 0n !== delta > 0n) {
    const size = held > 0n ? held : -held
    const wanted = delta > 0n ? delta : -delta
    const closed = wanted < size ? wanted : size
    const released = ceilDiv(position.entry * closed, size)
    const closing = delta > 0n ? closed : -closed
    realized = -closing * unit - released
    position.entry -= released
    opening = delta - closing
  }
  position.entry += opening * unit
  position.lots = held + delta
  if (position.lots === 0n) account.positions.delete(market.market)
  else account.positions.set(market.market, position)
  return realized
}

export function amendOrder(s: ReferenceState, c: AmendOrder, emit: Emit): Refusal | undefined {
  const account = accountOf(s, c.accountId)
  if (account === undefined) return refuse('UNKNOWN_ACCOUNT')
  const order = [...ordersOf(s, c.accountId)].find((o) => o.orderId === c.orderId)
  if (order === undefined) return refuse('ORDER_NOT_FOUND')
  const market = s.markets.get(c.market)
  const refusal =
    checkShape(market, c) ??
    checkSameOrder(order, c) ??
    checkLane(s, account, c.lane, c.laneSeq, order.orderId) ??
    checkExpiry(s, c.expiryS) ??
    checkMarket(s, market!, c) ??
    checkRisk(s, account, market!, c, order.orderId) ??
    (isPostOnly(c) && crossing(market!, c.side, c.priceTicks)
      ? refuse('POST_ONLY_WOULD_CROSS')
      : undefined) ??
    checkPages(s, c.market, c.priceTicks)
  if (refusal !== undefined) return refusal
  const previousPriceTicks = order.price
  const previousRemainingLots = order.remaining
  const keeps = c.priceTicks === order.price && c.sizeLots <= order.remaining
  if (!keeps) market!.book.remove(order.orderId)
  const { flags, maxFee, laneSeq, expiryS } = c
  Object.assign(order, { flags, maxFee, laneSeq, expiryS, price: c.priceTicks })
  order.size = c.sizeLots
  order.remaining = c.sizeLots
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
  })
  if (keeps) return undefined
  const stopped = match(s, order, c.selfTrade, emit)
  if (order.remaining === 0) close(s, order, closeReason.filled, emit)
  else if (stopped !== undefined) close(s, order, stopped, emit)
  else rest(s, market!, order)
  return undefined
}

function checkSameOrder(order: ReferenceOrder, c: AmendOrder): Refusal | undefined {
  const same = c.market === order.market && c.side === order.side && c.lane === order.lane
  return same && timeInForceOf(c.flags) === timeInForce.gtc ? undefined : refuse('INVALID_AMEND')
}

export function cancelOrder(s: ReferenceState, c: CancelOrder, emit: Emit): Refusal | undefined {
  if (accountOf(s, c.accountId) === undefined) return refuse('UNKNOWN_ACCOUNT')
  const named = (o: ReferenceOrder) =>
    c.orderId === 0
      ? c.clientOrderId !== '' && o.clientId === c.clientOrderId
      : o.orderId === c.orderId
  const order = [...ordersOf(s, c.accountId)].find(named)
  if (order === undefined) return refuse('ORDER_NOT_FOUND')
  closeResting(s, order, closeReason.user, emit)
  return undefined
}

export function cancelAll(s: ReferenceState, c: CancelAll, emit: Emit): Refusal | undefined {
  if (accountOf(s, c.accountId) === undefined) return refuse('UNKNOWN_ACCOUNT')
  if (c.market !== -1 && !s.markets.has(c.market)) return refuse('UNKNOWN_MARKET')
  if (c.side < -1 || c.side > 1) return refuse('INVALID_PARAMETER')
  const chosen = [...ordersOf(s, c.accountId)].filter(
    (o) => (c.market === -1 || o.market === c.market) && (c.side === -1 || o.side === c.side),
  )
  for (const order of chosen.toSorted((a, b) => a.orderId - b.orderId))
    closeResting(s, order, closeReason.user, emit)
  return undefined
}

/** A copy deep enough for a match to be tried on. */
function copyState(s: ReferenceState): ReferenceState {
  const markets = new Map<number, ReferenceMarket>()
  for (const [id, market] of s.markets) {
    const copy = { ...market, book: listedMarket(market).book }
    for (const side of [0, 1] as const)
      for (const order of market.book.orders(side)) copy.book.add({ ...order })
    markets.set(id, copy)
  }
  return {
    ...s,
    markets,
    accounts: s.accounts.map((a) => ({
      ...a,
      positions: new Map([...a.positions].map(([m, p]) => [m, { ...p }])),
      lanes: new Map([...a.lanes].map(([lane, l]) => [lane, { ...l }])),
    })),
    generations: [...s.generations],
    freeSlots: [...s.freeSlots],
    clientIds: new Map([...s.clientIds].map(([key, id]) => [key, { ...id }])),
  }
}
