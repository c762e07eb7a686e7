//! Cuts what the engine did into segments that the contract accepts: aggregated there, one by one here.
import type {
  Batch,
  FundingRecord,
  PricesSegment,
  RiskSegment,
  Segment,
  WithdrawalRecord,
} from './batch.ts'
import { BatchGas } from './batch-gas.ts'
import { type JoinRefusal, type MatchedFill, OpenFills } from './open-fills.ts'
import type { SegmentError } from './settlement-state.ts'
import type { SettlementTwin } from './settlement-twin.ts'

/** What a batch commits to besides its segments. */
export type BatchHeader = Omit<Batch, 'segments'>

/** Why something cannot be settled at all, now: not in the open segment, not in a fresh one, not at fresh marks. */
export type BuildRefusal = JoinRefusal

const pricesMayHelp: ReadonlySet<string> = new Set(['NOT_SETTLEABLE', 'NO_MARK', 'NOT_TRIGGERED'])

/**
 * Builds one batch on a twin, in sequencer order. Segments are applied to the twin as they close; a refusal leaves
 * everything before it intact, so that the batch can be finished and sent without what was refused.
 *
 * @example
 * const builder = new BatchBuilder(twin, timeS)
 * builder.addFills([fill], () => pricesNow) // null when added
 * const batch = builder.finish(header)
 */
export class BatchBuilder {
  readonly #twin: SettlementTwin
  #timeS: number
  readonly #segments: Segment[] = []
  #open: OpenFills
  #openTimeS: number
  #withdrawals: WithdrawalRecord[] = []
  readonly #gas: BatchGas

  constructor(twin: SettlementTwin, timeS: number) {
    this.#twin = twin
    this.#timeS = timeS
    twin.beginBatch()
    this.#gas = new BatchGas(twin.state)
    this.#open = new OpenFills(twin.state, timeS, this.#gas)
    this.#openTimeS = timeS
  }

  /** What comes from now on is judged at this block time; it only moves on. */
  advance(timeS: number): void {
    if (timeS <= this.#timeS) return
    this.#timeS = timeS
    if (this.#open.fillCount === 0) this.#renew()
  }

  /** Upper estimate of the batch's gas, for cutting below the transaction's limit (16,777,216). */
  get gasEstimate(): number {
    return this.#gas.total
  }

  get isEmpty(): boolean {
    return this.#segments.length + this.#open.fillCount + this.#withdrawals.length === 0
  }

  /**
   * Adds fills that must settle together (mostly one). Where the open segment would not
   * be settleable it closes before them; where a fresh one would not either, `prices` (the engine's marks of that
   * moment with the publishers' vectors) go in between.
   */
  addFills(
    fills: readonly MatchedFill[],
    prices: () => readonly PricesSegment[] = () => [],
  ): BuildRefusal | null {
    this.#closeWithdrawals()
    if (this.#open.tryFills(fills) === null) return null
    this.#closeFills()
    const refusal = this.#open.tryFills(fills)
    if (refusal === null || !pricesMayHelp.has(refusal)) return refusal
    for (const segment of prices()) this.addPrices(segment)
    return this.#open.tryFills(fills)
  }

  /** Adds a withdrawal; neighbours share a segment. */
  addWithdrawal(
    withdrawal: WithdrawalRecord,
    prices: () => readonly PricesSegment[] = () => [],
  ): BuildRefusal | null {
    this.#closeFills()
    const one: Segment = { kind: 'Withdrawals', withdrawals: [withdrawal] }
    let error = this.#tryWithdrawal(one, withdrawal)
    if (error !== null && pricesMayHelp.has(error.code)) {
      for (const segment of prices()) this.addPrices(segment)
      error = this.#tryWithdrawal(one, withdrawal)
    }
    if (error !== null) return error.code
    this.#withdrawals.push(withdrawal)
    return null
  }

  addFunding(updates: readonly FundingRecord[]): SegmentError | null {
    const gas = () => {
      for (const { market } of updates) this.#gas.funding(market)
    }
    return this.#add({ kind: 'Funding', updates }, gas)
  }

  addPrices(segment: PricesSegment): SegmentError | null {
    return this.#add(segment, () => this.#gas.prices(segment))
  }

  /** Activations, transfers, liquidations, takeovers, deleveragings: judged by the twin, at the marks at hand. */
  addRisk(segment: RiskSegment): SegmentError | null {
    return this.#add(segment, () => this.#gas.risk(segment))
  }

  /** Closes what is open: the twin then stands after all that was added. */
  close(): void {
    this.#closeWithdrawals()
    this.#closeFills()
  }

  /** Closes what is open and answers the batch; the twin then stands after all its segments. */
  finish(header: BatchHeader): Batch {
    this.close()
    if (this.#twin.state.openFoks !== 0)
      throw new RangeError('a batch must fill its fill-or-kill orders whole')
    this.#twin.commitHeader(header)
    return { ...header, segments: this.#segments }
  }

  #add(segment: Segment, meter: () => void): SegmentError | null {
    this.close()
    const error = this.#metered(segment, meter)
    if (error !== null) return error
    this.#segments.push(segment)
    this.#gas.add('segment')
    return null
  }

  #tryWithdrawal(one: Segment, withdrawal: WithdrawalRecord): SegmentError | null {
    return this.#metered(one, () => this.#gas.withdrawal(withdrawal))
  }

  // Gas is counted from the state before: which slots are empty, which positions are held.
  #metered(segment: Segment, meter: () => void): SegmentError | null {
    const before = this.#gas.begin()
    meter()
    const error = this.#twin.applySegment(segment, this.#timeS)
    if (error === null) this.#gas.commit()
    else this.#gas.rollback(before)
    return error
  }

  #closeWithdrawals(): void {
    if (this.#withdrawals.length === 0) return
    this.#segments.push({ kind: 'Withdrawals', withdrawals: this.#withdrawals })
    this.#gas.add('segment')
    this.#withdrawals = []
  }

  #closeFills(): void {
    if (this.#open.fillCount === 0) return
    const segment = this.#open.build()
    const error = this.#twin.applySegment(segment, this.#openTimeS)
    // Every prefix was judged when it was added: a refusal here is a fault of this file.
    if (error !== null) throw new Error(`closed segment refused: ${error.code} at ${error.index}`)
    this.#segments.push(segment)
    this.#gas.add('segment')
    this.#renew()
  }

  #renew(): void {
    this.#open = new OpenFills(this.#twin.state, this.#timeS, this.#gas)
    this.#openTimeS = this.#timeS
  }
}
