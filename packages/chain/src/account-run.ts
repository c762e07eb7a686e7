//! One account between load and store, as the contract handles it: funding first, then moves, then one check.
import type { BatchCodeName } from './generated/batch-code.ts'
import { abs, fitsSigned, fundingPayment, isWithin, valueAtMark } from './settlement-math.ts'
import type { SettlementState, TwinAccount, TwinMarket, TwinPosition } from './settlement-state.ts'

const CASH_BITS = 72

/** Positions and cash of one account while a segment touches it. */
export class AccountRun {
  readonly key: string
  readonly #state: SettlementState
  readonly #before: TwinAccount
  /** Markets touched in this run, with the position now; their funding is settled. */
  readonly #touched = new Map<number, bigint>()
  readonly #pools = new Map<number, bigint>()
  /** Where funding was settled at another index than the market's present one. */
  readonly #snapshots = new Map<number, bigint>()
  readonly #reduceBuys = new Set<number>()
  readonly #reduceSells = new Set<number>()
  #cash: bigint
  #moved = 0n

  constructor(state: SettlementState, key: string) {
    this.key = key
    this.#state = state
    this.#before = state.account(key)
    this.#cash = this.#before.cash
  }

  /** Settles funding of one market; its position may then move. */
  touch(market: number): void {
    if (this.#touched.has(market)) return
    const position = this.#before.positions.get(market)
    this.#touched.set(market, position?.size ?? 0n)
    if (position === undefined) return
    const payment = fundingPayment(
      position.size,
      this.#market(market).fundingIndex - position.fundingSnapshot,
    )
    this.#cash -= payment
    if (payment !== 0n) this.#pools.set(market, payment)
  }

  /**
   * `touch` at a funding index of before, as a call between batches has settled it. Where it is settled to the present one
   * already, the lots that move pay what they owe since.
   */
  touchAt(market: number, fundingIndex: bigint, moved: bigint): void {
    const present = this.#market(market)
    const position = this.#before.positions.get(market)
    const isLate =
      position?.fundingSnapshot === present.fundingIndex && present.fundingIndex !== fundingIndex
    if (isLate) {
      this.touch(market)
      const payment = fundingPayment(moved, present.fundingIndex - fundingIndex)
      this.#cash -= payment
      this.#pools.set(market, payment)
      return
    }
    this.#state.setMarket(market, { ...present, fundingIndex })
    this.touch(market)
    this.#snapshots.set(market, fundingIndex)
    this.#state.setMarket(market, present)
  }

  touchAll(): void {
    for (const market of this.#before.positions.keys()) this.touch(market)
  }

  /** Moves a position and the cash of the fill; a reduce-only order binds the whole run. */
  move(market: number, sizeDelta: bigint, cashDelta: bigint, isReduceOnly: boolean): void {
    this.touch(market)
    this.#touched.set(market, (this.#touched.get(market) ?? 0n) + sizeDelta)
    this.#cash += cashDelta
    this.#moved += cashDelta
    if (isReduceOnly) (sizeDelta > 0n ? this.#reduceBuys : this.#reduceSells).add(market)
  }

  debit(amount: bigint): void {
    this.#cash -= amount
  }

  /** Moves a position without an order: no reduce-only, nothing for the ratio of before and after. */
  shift(market: number, sizeDelta: bigint, cashDelta: bigint): void {
    this.touch(market)
    this.#touched.set(market, (this.#touched.get(market) ?? 0n) + sizeDelta)
    this.#cash += cashDelta
  }

  get cash(): bigint {
    return this.#cash
  }

  /** The position in a market now. */
  sizeIn(market: number): bigint {
    return this.#touched.get(market) ?? this.#sizeBefore(market)
  }

  /** Open positions now, with the funding still due there. */
  *held(): Iterable<[number, { size: bigint; due: bigint }]> {
    for (const [id, { size, fundingSnapshot }] of this.#positionsNow()) {
      const due = fundingPayment(size, this.#market(id).fundingIndex - fundingSnapshot)
      yield [id, { size, due }]
    }
  }

  /** Whether the run has grown its position in `market` beyond `limit` lots, either side. */
  isGrownBeyond(market: number, limit: bigint): boolean {
    const size = this.#touched.get(market) ?? 0n
    return !isWithin(size, this.#sizeBefore(market)) && abs(size) > limit
  }

  /** Why the account's fills cannot settle, or null: reduce-only, position limit, then `settleable`. */
  check(timeS: number): BatchCodeName | null {
    let isAboveLimit = false
    for (const [market, size] of this.#touched) {
      const before = this.#sizeBefore(market)
      const buys = this.#reduceBuys.has(market)
      const sells = this.#reduceSells.has(market)
      const opposite = (!buys || before < 0n) && (!sells || before > 0n)
      if ((buys || sells) && !(opposite && isWithin(size, before))) return 'REDUCE_ONLY'
      const lots = abs(size)
      if (lots > this.#market(market).maxPositionLots && lots > abs(before)) isAboveLimit = true
    }
    if (isAboveLimit) return 'POSITION_LIMIT'
    return this.checkSettleable(timeS, true)
  }

  /** The margin rule; without `mayReduce` its first branch alone (withdrawals). */
  checkSettleable(timeS: number, mayReduce: boolean): BatchCodeName | null {
    let { equity, margin } = { equity: this.#cash, margin: 0n }
    let isStale = false
    for (const [id, position] of this.#positionsNow()) {
      const market = this.#market(id)
      if (market.mark === 0) return 'NO_MARK'
      if (!market.fixedMark && timeS > market.markTimeS + this.#state.genesis.markAgeMaxS)
        isStale = true
      const at = this.#valueOf(market, position)
      equity += at.value
      margin += at.margin
    }
    if (!isStale && equity >= margin) return null
    if (!mayReduce || !this.#isReduced()) return 'NOT_SETTLEABLE'
    const before = this.#pointBefore()
    return equity * before.margin >= before.equity * margin ? null : 'NOT_SETTLEABLE'
  }

  /** Writes the account, its markets' pools and open interest back. */
  store(): BatchCodeName | null {
    if (!fitsSigned(this.#cash, CASH_BITS)) return 'CASH_OVERFLOW'
    const positions = new Map([...this.#positionsNow()].filter(([, { size }]) => size !== 0n))
    this.#state.setAccount(this.key, { cash: this.#cash, positions })
    for (const [id, size] of this.#touched) {
      const interest = longPart(size) - longPart(this.#sizeBefore(id))
      const payment = this.#pools.get(id) ?? 0n
      if (interest === 0n && payment === 0n) continue
      const market = this.#market(id)
      this.#state.setMarket(id, {
        ...market,
        openInterest: market.openInterest + interest,
        fundingPool: market.fundingPool + payment,
      })
    }
    return null
  }

  *#positionsNow(): Iterable<[number, TwinPosition]> {
    for (const [id, position] of this.#before.positions)
      if (!this.#touched.has(id)) yield [id, position]
    for (const [id, size] of this.#touched)
      if (size !== 0n) yield [id, { size, fundingSnapshot: this.#snapshotOf(id) }]
  }

  #snapshotOf(market: number): bigint {
    return this.#snapshots.get(market) ?? this.#market(market).fundingIndex
  }

  // Funding stays settled where it was settled, so the two points differ by the fills only.
  #pointBefore(): { equity: bigint; margin: bigint } {
    let { equity, margin } = { equity: this.#cash - this.#moved, margin: 0n }
    for (const [id, { size, fundingSnapshot }] of this.#before.positions) {
      const market = this.#market(id)
      const snapshot = this.#touched.has(id) ? market.fundingIndex : fundingSnapshot
      const at = this.#valueOf(market, { size, fundingSnapshot: snapshot })
      equity += at.value
      margin += at.margin
    }
    return { equity, margin }
  }

  // Value at mark less the funding still due.
  #valueOf(market: TwinMarket, position: TwinPosition): { value: bigint; margin: bigint } {
    const { value, margin } = valueAtMark(market, position.size)
    const due = fundingPayment(position.size, market.fundingIndex - position.fundingSnapshot)
    return { value: value - due, margin }
  }

  #isReduced(): boolean {
    let strictly = false
    for (const [market, size] of this.#touched) {
      const before = this.#sizeBefore(market)
      if (!isWithin(size, before)) return false
      if (size !== before) strictly = true
    }
    return strictly
  }

  #sizeBefore(market: number): bigint {
    return this.#before.positions.get(market)?.size ?? 0n
  }

  #market(id: number): TwinMarket {
    const market = this.#state.market(id)
    if (market === undefined) throw new RangeError(`market ${id} is not listed in the twin`)
    return market
  }
}

const longPart = (size: bigint): bigint => (size > 0n ? size : 0n)
