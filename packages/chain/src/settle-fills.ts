//! The twin of FillSegment.sol: the same checks in the same order.
import { orderFlag, orderKind, side, timeInForce, timeInForceOf } from '@plumb/model'
import { AccountRun } from './account-run.ts'
import { compareOrders, type FillsSegment, isConditional, type OrderRecord } from './batch.ts'
import type { BatchCodeName } from './generated/batch-code.ts'
import { chargeKey, positionLimit, resolveOwner } from './key-orders.ts'
import { feeOf } from './settlement-math.ts'
import {
  accountKey,
  type SegmentError,
  type SettlementState,
  type TwinLane,
  type TwinMarket,
  zeroOwner,
} from './settlement-state.ts'

export const LANE_MAX = 1023
const FLAGS_MAX = 31
const INVALID_TIF = 3
const KIND_MAX = orderKind.repricing

/** What an order's fills add up to. */
type OrderSum = { filled: number; cash: bigint }

/** Applies a Fills segment to the state, or says why the contract refuses it (the state is then half changed). */
export function settleFills(
  state: SettlementState,
  segment: FillsSegment,
  timeS: number,
): SegmentError | null {
  // Owners of session keys in place of the keys, as they are resolved.
  const orders: OrderRecord[] = []
  for (const [index, signed] of segment.orders.entries()) {
    const code = checkOrder(state.market(signed.market), signed, timeS)
    if (code !== null) return { code, index }
    const order = resolveOwner(state, signed, timeS)
    if (typeof order === 'string') return { code: order, index }
    const untriggered = checkTrigger(state, order, timeS)
    if (untriggered !== null) return { code: untriggered, index }
    const previous = orders[index - 1]
    if (previous !== undefined && compareOrders(previous, order) >= 0)
      return { code: 'ORDERS_NOT_SORTED', index }
    orders.push(order)
  }
  const sums: OrderSum[] = orders.map(() => ({ filled: 0, cash: 0n }))
  const refused = sumFills(state, segment, sums) ?? chargeKeys(state, segment.orders, sums)
  return refused ?? settleRuns(state, segment.orders, orders, sums, timeS)
}

function chargeKeys(
  state: SettlementState,
  signed: readonly OrderRecord[],
  sums: readonly OrderSum[],
): SegmentError | null {
  for (const [index, order] of signed.entries()) {
    const code = chargeKey(state, order, sums[index]?.filled ?? 0)
    if (code !== null) return { code, index }
  }
  return null
}

/** What an order can be refused for by itself. */
export function checkOrder(
  market: TwinMarket | undefined,
  order: OrderRecord,
  timeS: number,
): BatchCodeName | null {
  if (market === undefined) return 'UNKNOWN_MARKET'
  if (order.flags > FLAGS_MAX || timeInForceOf(order.flags) === INVALID_TIF) return 'INVALID_FLAGS'
  if (order.kind > KIND_MAX) return 'UNSUPPORTED_KIND'
  if (order.priceTicks === 0) return 'INVALID_PRICE'
  if (order.sizeLots === 0 || order.sizeLots > market.maxOrderLots) return 'INVALID_SIZE'
  if (order.lane > LANE_MAX || order.laneSeq === 0) return 'INVALID_LANE'
  if (timeS > order.expiryS) return 'EXPIRED'
  if (order.takerFee > order.maxFee || order.makerFee > order.maxFee) return 'FEE_ABOVE_MAX'
  if (isConditional(order.kind) && order.triggerTicks === 0) return 'INVALID_TRIGGER'
  return order.owner === zeroOwner ? 'INVALID_SIGNATURE' : null
}

/**
 * Whether a stop or take-profit order may fill (Triggers.sol): the mark of its market is at the trigger or beyond, a
 * mark earlier in this batch was, or its lane stands at its sequence number and so proves an earlier fill or activation.
 * `isMarkAlone`: in a segment that does not know the marks of the ones before.
 */
export function checkTrigger(
  state: SettlementState,
  order: OrderRecord,
  timeS: number,
  isMarkAlone = false,
): BatchCodeName | null {
  const isReached = isMarkAlone ? isMarkAtTrigger : isTriggered
  if (!isConditional(order.kind) || isReached(state, order, timeS)) return null
  const lane = state.lane(accountKey(order.owner, order.subaccount), order.lane)
  return lane.seq === order.laneSeq ? null : 'NOT_TRIGGERED'
}

// The first two proofs: the mark, or an earlier one of this batch, has reached the trigger.
function isTriggered(state: SettlementState, order: OrderRecord, timeS: number): boolean {
  const earlier = state.batchMarks(order.market)
  if (earlier !== null && (reaches(order, earlier.low) || reaches(order, earlier.high))) return true
  return isMarkAtTrigger(state, order, timeS)
}

/** The first proof: the mark is at the trigger or beyond, and not stale. */
export function isMarkAtTrigger(
  state: SettlementState,
  order: OrderRecord,
  timeS: number,
): boolean {
  const market = marketOf(state, order.market)
  const isStale = !market.fixedMark && timeS > market.markTimeS + state.genesis.markAgeMaxS
  return market.mark !== 0 && !isStale && reaches(order, market.mark)
}

function reaches({ kind, side: orderSide, triggerTicks }: OrderRecord, mark: number): boolean {
  const isRising = (kind === orderKind.stop) === (orderSide === side.buy)
  return isRising ? mark >= triggerTicks : mark <= triggerTicks
}

function sumFills(
  state: SettlementState,
  segment: FillsSegment,
  sums: OrderSum[],
): SegmentError | null {
  let fees = 0n
  for (const [index, fill] of segment.fills.entries()) {
    const taker = segment.orders[fill.taker]
    const maker = segment.orders[fill.maker]
    const takerSum = sums[fill.taker]
    const makerSum = sums[fill.maker]
    if (!taker || !maker || !takerSum || !makerSum) return { code: 'INVALID_ORDER_INDEX', index }
    if (fill.sizeLots === 0) return { code: 'ZERO_QUANTITY', index }
    const code = checkPair(taker, maker)
    if (code !== null) return { code, index }
    const price = priceOf(taker, maker, fill.priceTicks)
    if (price === null) return { code: 'PRICE_OUTSIDE_LIMITS', index }
    const money = fillMoney(marketOf(state, maker.market), taker, maker, price, fill.sizeLots)
    if (-money.makerFee > money.takerFee) return { code: 'REBATE_ABOVE_FEE', index }
    fees += money.takerFee + money.makerFee
    takerSum.filled += fill.sizeLots
    makerSum.filled += fill.sizeLots
    takerSum.cash += money.takerCash
    makerSum.cash += money.makerCash
  }
  state.setTotals({ ...state.totals, fees: state.totals.fees + fees })
  return null
}

/** What two orders cannot be matched for. */
export function checkPair(taker: OrderRecord, maker: OrderRecord): BatchCodeName | null {
  if (taker.market !== maker.market) return 'MARKET_MISMATCH'
  if (taker.side === maker.side) return 'SAME_SIDE'
  const crosses =
    taker.side === side.sell
      ? taker.priceTicks <= maker.priceTicks
      : taker.priceTicks >= maker.priceTicks
  if (!crosses) return 'NOT_CROSSING'
  return (taker.flags & orderFlag.postOnly) === 0 ? null : 'POST_ONLY_TAKER'
}

/** The price that counts: the maker's limit, or the fill's own where the maker reprices (null: outside the limits). */
export function priceOf(taker: OrderRecord, maker: OrderRecord, priceTicks: number): number | null {
  if (maker.kind !== orderKind.repricing) return maker.priceTicks
  const low = Math.min(taker.priceTicks, maker.priceTicks)
  const high = Math.max(taker.priceTicks, maker.priceTicks)
  return priceTicks < low || priceTicks > high ? null : priceTicks
}

/** Cash and fees of one fill. */
export function fillMoney(
  market: TwinMarket,
  taker: OrderRecord,
  maker: OrderRecord,
  priceTicks: number,
  sizeLots: number,
): { takerFee: bigint; makerFee: bigint; takerCash: bigint; makerCash: bigint } {
  const notional = BigInt(priceTicks) * BigInt(sizeLots) * market.quotePerTickLot
  const takerFee = feeOf(notional, taker.takerFee)
  const makerFee = feeOf(notional, maker.makerFee)
  const bought = taker.side === side.buy ? notional : -notional
  return { takerFee, makerFee, takerCash: -bought - takerFee, makerCash: bought - makerFee }
}

function settleRuns(
  state: SettlementState,
  signed: readonly OrderRecord[],
  orders: readonly OrderRecord[],
  sums: readonly OrderSum[],
  timeS: number,
): SegmentError | null {
  for (let first = 0; first < orders.length; ) {
    const key = keyOf(orders[first])
    const run = new AccountRun(state, key)
    let next = first
    for (; next < orders.length && keyOf(orders[next]) === key; next++) {
      const order = orders[next]
      const sum = sums[next]
      if (!order || !sum) break
      const code = useOrder(state, key, order, sum.filled)
      if (code !== null) return { code, index: next }
      const delta = BigInt(order.side === side.buy ? sum.filled : -sum.filled)
      run.move(order.market, delta, sum.cash, (order.flags & orderFlag.reduceOnly) !== 0)
    }
    for (let index = first; index < next; index++) {
      const order = signed[index]
      const limit = order === undefined ? undefined : positionLimit(state, order)
      if (order !== undefined && limit !== undefined && run.isGrownBeyond(order.market, limit))
        return { code: 'KEY_POSITION', index }
    }
    const code = run.check(timeS) ?? run.store()
    if (code !== null) return { code, index: first }
    first = next
  }
  return null
}

const keyOf = (order: OrderRecord | undefined): string =>
  order === undefined ? '' : accountKey(order.owner, order.subaccount)

function useOrder(
  state: SettlementState,
  key: string,
  order: OrderRecord,
  filled: number,
): BatchCodeName | null {
  if (filled === 0) return 'ORDER_UNUSED'
  const advanced = advanceLane(state.lane(key, order.lane), order.laneSeq, filled, order.sizeLots)
  if (typeof advanced === 'string') return advanced
  state.setLane(key, order.lane, advanced)
  if (timeInForceOf(order.flags) === timeInForce.fok) noteFok(state, order, filled, advanced.filled)
  return null
}

// Filled whole over as many segments as it takes, but in one batch.
function noteFok(state: SettlementState, order: OrderRecord, filled: number, total: number): void {
  if (total === filled && total !== order.sizeLots) state.openFoks += 1
  if (total !== filled && total === order.sizeLots) state.openFoks -= 1
}

/** The lane after `filled` more lots of the order `seq`, or why it refuses. */
export function advanceLane(
  stored: TwinLane,
  seq: number,
  filled: number,
  sizeLots: number,
): TwinLane | BatchCodeName {
  if (seq < stored.seq) return 'LANE_SPENT'
  const total = filled + (seq === stored.seq ? stored.filled : 0)
  return total > sizeLots ? 'OVERFILLED' : { seq, filled: total }
}

function marketOf(state: SettlementState, id: number): TwinMarket {
  const market = state.market(id)
  if (market === undefined) throw new RangeError(`market ${id} is not listed in the twin`)
  return market
}
