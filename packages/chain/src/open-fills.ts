//! A Fills segment while it is being filled: each fill is judged as the contract will judge the whole segment.
import { orderFlag, orderKind, side } from '@plumb/model'
import { AccountRun } from './account-run.ts'
import { compareOrders, type FillsSegment, type OrderRecord, type Owner } from './batch.ts'
import { BatchGas } from './batch-gas.ts'
import type { BatchCodeName } from './generated/batch-code.ts'
import { keyNotional, ownerOf, positionLimit, resolveOwner } from './key-orders.ts'
import {
  advanceLane,
  checkOrder,
  checkPair,
  checkTrigger,
  fillMoney,
  priceOf,
} from './settle-fills.ts'
import { accountKey, type SettlementState } from './settlement-state.ts'
import { UndoLog, UndoMap } from './undo-map.ts'

/** An order as signed; the fee rates come with its fills. */
export type SignedOrder = Omit<OrderRecord, 'takerFee' | 'makerFee'>

/** A matched fill with its price and the fee rates that applied (units of 10 ppm). */
export type MatchedFill = {
  taker: SignedOrder
  maker: SignedOrder
  sizeLots: number
  priceTicks: number
  takerFee: number
  makerFee: number
}

/** Why fills cannot join: the contract's code, a rate unlike the one the order already carries, or a full table. */
export type JoinRefusal = BatchCodeName | 'FEE_RATE_CHANGED' | 'SEGMENT_FULL'

type Entry = {
  order: SignedOrder
  /** Whose account it trades: its signer, or the owner of the session key that signed it. */
  owner: Owner
  takerFee: number | null
  makerFee: number | null
  filled: number
}
/** What an account's orders of one market and one kind (plain, reducing buys, reducing sells) add up to. */
type Movement = { market: number; size: bigint; cash: bigint; isReduceOnly: boolean }
type Row = { taker: string; maker: string; sizeLots: number; priceTicks: number }

const COUNT_MAX = 65_535

/**
 * Fills that settle together, on top of a state that does not change meanwhile.
 *
 * @example
 * const open = new OpenFills(twin.state, timeS)
 * if (open.tryFills([fill]) !== null) {
 *   twin.applySegment(open.build(), timeS)
 *   open = new OpenFills(twin.state, timeS)
 * }
 */
export class OpenFills {
  readonly #state: SettlementState
  readonly #timeS: number
  readonly #log = new UndoLog()
  readonly #entries = new UndoMap<string, Entry>(this.#log)
  readonly #movements = new UndoMap<string, readonly Movement[]>(this.#log)
  /** Orders of session keys by account; what each key has filled here, at its orders' limits. */
  readonly #keyed = new UndoMap<string, readonly OrderRecord[]>(this.#log)
  readonly #charged = new UndoMap<Owner, bigint>(this.#log)
  readonly #rows: Row[] = []
  readonly #gas: BatchGas
  #orderCount = 0

  /**
   * `timeS`: block time at which the segment will be settled, as far as it can be known; `gas`: of the batch it stands in.
   */
  constructor(state: SettlementState, timeS: number, gas: BatchGas = new BatchGas(state)) {
    this.#state = state
    this.#timeS = timeS
    this.#gas = gas
  }

  get orderCount(): number {
    return this.#orderCount
  }

  get fillCount(): number {
    return this.#rows.length
  }

  /**
   * Adds fills that must settle together (mostly one), or adds none and says why.
   * A refusal means: close this segment first, and try again on the state after it.
   */
  tryFills(fills: readonly MatchedFill[]): JoinRefusal | null {
    const savepoint = this.#log.begin()
    const rows = this.#rows.length
    const orders = this.#orderCount
    const gas = this.#gas.begin()
    const refusal = this.#addAll(fills) ?? this.#check(fills)
    if (refusal === null) {
      this.#log.commit()
      this.#gas.commit()
    } else {
      this.#log.rollback(savepoint)
      this.#gas.rollback(gas)
      this.#rows.length = rows
      this.#orderCount = orders
    }
    return refusal
  }

  /** The segment: orders sorted, fills in the order they were added. */
  build(): FillsSegment {
    const sorted = [...this.#entries.entries()]
      .map(([key, entry]) => ({ key, record: recordOf(entry), owner: entry.owner }))
      .toSorted((a, b) => compareOrders(ownedBy(a), ownedBy(b)))
    const places = new Map(sorted.map(({ key }, place) => [key, place]))
    return {
      kind: 'Fills',
      orders: sorted.map(({ record }) => record),
      fills: this.#rows.map(({ taker, maker, sizeLots, priceTicks }) => ({
        taker: places.get(taker) ?? COUNT_MAX,
        maker: places.get(maker) ?? COUNT_MAX,
        sizeLots,
        priceTicks,
      })),
    }
  }

  #addAll(fills: readonly MatchedFill[]): JoinRefusal | null {
    for (const fill of fills) {
      const refusal = this.#add(fill)
      if (refusal !== null) return refusal
    }
    return null
  }

  #add(fill: MatchedFill): JoinRefusal | null {
    const { taker, maker, sizeLots, takerFee, makerFee } = fill
    if (sizeLots === 0) return 'ZERO_QUANTITY'
    const market = this.#state.market(taker.market)
    if (market === undefined) return 'UNKNOWN_MARKET'
    const took: OrderRecord = { ...taker, takerFee, makerFee: 0 }
    const made: OrderRecord = { ...maker, takerFee: 0, makerFee }
    const invalid = checkOrder(market, took, this.#timeS) ?? checkOrder(market, made, this.#timeS)
    if (invalid !== null) return invalid
    const takers = resolveOwner(this.#state, took, this.#timeS)
    const makers = resolveOwner(this.#state, made, this.#timeS)
    if (typeof takers === 'string') return takers
    if (typeof makers === 'string') return makers
    const code =
      checkTrigger(this.#state, takers, this.#timeS) ??
      checkTrigger(this.#state, makers, this.#timeS) ??
      checkPair(took, made)
    if (code !== null) return code
    const priceTicks = priceOf(took, made, fill.priceTicks)
    if (priceTicks === null || priceTicks !== fill.priceTicks) return 'PRICE_OUTSIDE_LIMITS'
    const money = fillMoney(market, took, made, priceTicks, sizeLots)
    if (-money.makerFee > money.takerFee) return 'REBATE_ABOVE_FEE'
    const refusal =
      this.#enter(taker, takers.owner, { takerFee }, sizeLots, money.takerCash) ??
      this.#enter(maker, makers.owner, { makerFee }, sizeLots, money.makerCash)
    if (refusal !== null) return refusal
    if (this.#rows.length === COUNT_MAX || this.#orderCount > COUNT_MAX) return 'SEGMENT_FULL'
    this.#gas.fill(maker.kind === orderKind.repricing)
    this.#rows.push({ taker: orderKey(takers), maker: orderKey(makers), sizeLots, priceTicks })
    return null
  }

  #enter(
    order: SignedOrder,
    owner: Owner,
    fee: { takerFee?: number; makerFee?: number },
    sizeLots: number,
    cash: bigint,
  ): JoinRefusal | null {
    const key = orderKey({ ...order, owner })
    const known = this.#entries.get(key)
    if (known === undefined) this.#orderCount += 1
    // The table has one place for a lane's sequence number; another order of that number waits for the next segment.
    else if (!isSameOrder(known.order, order)) return 'ORDERS_NOT_SORTED'
    const entry = known ?? { order, owner, takerFee: null, makerFee: null, filled: 0 }
    const takerFee = fee.takerFee ?? entry.takerFee
    const makerFee = fee.makerFee ?? entry.makerFee
    if ((entry.takerFee ?? takerFee) !== takerFee || (entry.makerFee ?? makerFee) !== makerFee)
      return 'FEE_RATE_CHANGED'
    const filled = entry.filled + sizeLots
    const holder = accountKey(owner, order.subaccount)
    const lane = this.#state.lane(holder, order.lane)
    const advanced = advanceLane(lane, order.laneSeq, filled, order.sizeLots)
    if (typeof advanced === 'string') return advanced
    const overspent = this.#charge(holder, order, known === undefined, sizeLots)
    if (overspent !== null) return overspent
    if (known === undefined) this.#gas.order(holder, order, order.owner)
    this.#meter(holder, order.market)
    this.#entries.set(key, { order, owner, takerFee, makerFee, filled })
    this.#move(holder, order, BigInt(order.side === side.buy ? sizeLots : -sizeLots), cash)
    return null
  }

  // What a session key's order fills comes off the key's notional; nothing for an owner's own.
  #charge(holder: string, order: SignedOrder, isNew: boolean, lots: number): JoinRefusal | null {
    const used = keyNotional(this.#state, order, lots)
    if (used === undefined) return null
    const left = this.#state.sessionKey(order.owner)?.notionalLeft ?? 0n
    const charged = (this.#charged.get(order.owner) ?? 0n) + used
    if (charged > left) return 'KEY_NOTIONAL'
    this.#charged.set(order.owner, charged)
    const record = { ...order, takerFee: 0, makerFee: 0 }
    if (isNew) this.#keyed.set(holder, [...(this.#keyed.get(holder) ?? []), record])
    return null
  }

  #move(holder: string, order: SignedOrder, size: bigint, cash: bigint): void {
    const { market } = order
    const isReduceOnly = (order.flags & orderFlag.reduceOnly) !== 0
    const movements = this.#movements.get(holder) ?? []
    // A reducing buy and a reducing sell stay apart, since the direction is what is judged.
    const joins = (other: Movement): boolean =>
      other.market === market &&
      other.isReduceOnly === isReduceOnly &&
      (!isReduceOnly || other.size > 0n === size > 0n)
    const joined = movements.find(joins)
    this.#movements.set(holder, [
      ...movements.filter((other) => other !== joined),
      {
        market,
        isReduceOnly,
        size: size + (joined?.size ?? 0n),
        cash: cash + (joined?.cash ?? 0n),
      },
    ])
  }

  // The account where it is the first time that it moves here, and each of its markets once.
  #meter(holder: string, market: number): void {
    const movements = this.#movements.get(holder)
    if (movements === undefined) this.#gas.account(holder, market)
    const moved = new Set(movements?.map((other) => other.market))
    if (!moved.has(market)) this.#gas.move(holder, market, moved.size)
  }

  // The end of the segment, as it would be now. Fill-or-kill orders may go on in the next one.
  #check(fills: readonly MatchedFill[]): JoinRefusal | null {
    const holders = new Set<string>()
    for (const { taker, maker } of fills)
      for (const order of [taker, maker])
        holders.add(accountKey(ownerOf(this.#state, order), order.subaccount))
    for (const holder of holders) {
      const run = new AccountRun(this.#state, holder)
      for (const { market, size, cash, isReduceOnly } of this.#movements.get(holder) ?? [])
        run.move(market, size, cash, isReduceOnly)
      for (const order of this.#keyed.get(holder) ?? []) {
        const limit = positionLimit(this.#state, order)
        if (limit !== undefined && run.isGrownBeyond(order.market, limit)) return 'KEY_POSITION'
      }
      const code = run.check(this.#timeS)
      if (code !== null) return code
    }
    return null
  }
}

const ownedBy = ({ record, owner }: { record: OrderRecord; owner: Owner }): OrderRecord => ({
  ...record,
  owner,
})

const orderKey = ({ owner, subaccount, lane, laneSeq }: SignedOrder): string =>
  `${owner}/${subaccount}/${lane}/${laneSeq}`

const recordOf = ({ order, takerFee, makerFee }: Entry): OrderRecord => ({
  ...order,
  takerFee: takerFee ?? 0,
  makerFee: makerFee ?? 0,
})

const isSameOrder = (a: SignedOrder, b: SignedOrder): boolean =>
  a === b ||
  (a.owner === b.owner &&
    a.market === b.market &&
    a.side === b.side &&
    a.flags === b.flags &&
    a.kind === b.kind &&
    a.priceTicks === b.priceTicks &&
    a.triggerTicks === b.triggerTicks &&
    a.sizeLots === b.sizeLots &&
    a.maxFee === b.maxFee &&
    a.expiryS === b.expiryS)
