//! Cuts what the engine did into segments that the contract accepts: aggregated there, one by one here.
import type {
  Batch,
  FundingRecord,
  PricesSegment,
  RiskSegment,
  Segment,
  WithdrawalRecord,
} from './batch.ts'
import { type JoinRefusal, type MatchedFill, OpenFills } from './open-fills.ts'
import type { SegmentError } from './settlement-state.ts'
import type { SettlementTwin } from './settlement-twin.ts'

/** What a batch commits to besides its segments. */
export type BatchHeader = Omit<Batch, 'segments'>

/** Why something cannot be settled at all, now: not in the open segment, not in a fresh one, not at fresh marks. */
export type BuildRefusal = JoinRefusal

// Upper bounds, like those of OpenFills: slots of the exchange that a first batch writes fresh included.
const GAS = {
  batch: 150_000,
  segment: 3_000,
  pricesSegment: 50_000,
  vector: 16_000,
  mark: 12_000,
  withdrawal: 90_000,
  withdrawnPosition: 36_000,
  // With what is left in the pool going to insurance.
  funding: 45_000,
  riskSegment: 60_000,
  activation: 60_000,
  transfer: 150_000,
  position: 130_000,
  fill: 200_000,
  counterparty: 80_000,
  heldPosition: 40_000,
}

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
  #gas = GAS.batch

  constructor(twin: SettlementTwin, timeS: number) {
    this.#twin = twin
    this.#timeS = timeS
    twin.beginBatch()
    this.#open = new OpenFills(twin.state, timeS)
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
    return this.#gas + this.#open.gasEstimate
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
    let error = this.#twin.applySegment(one, this.#timeS)
    if (error !== null && pricesMayHelp.has(error.code)) {
      for (const segment of prices()) this.addPrices(segment)
      error = this.#twin.applySegment(one, this.#timeS)
    }
    if (error !== null) return error.code
    this.#withdrawals.push(withdrawal)
    const { positions } = this.#twin.account(withdrawal.owner, withdrawal.subaccount)
    this.#gas += GAS.withdrawal + positions.length * GAS.withdrawnPosition
    return null
  }

  addFunding(updates: readonly FundingRecord[]): SegmentError | null {
    return this.#add({ kind: 'Funding', updates }, updates.length * GAS.funding)
  }

  addPrices(segment: PricesSegment): SegmentError | null {
    const records = segment.vectors.length * GAS.vector + segment.marks.length * GAS.mark
    return this.#add(segment, GAS.pricesSegment + records)
  }

  /** Activations, transfers, liquidations, takeovers, deleveragings: judged by the twin, at the marks at hand. */
  addRisk(segment: RiskSegment): SegmentError | null {
    return this.#add(segment, GAS.riskSegment + riskGas(segment))
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

  #add(segment: Segment, gas: number): SegmentError | null {
    this.close()
    const error = this.#twin.applySegment(segment, this.#timeS)
    if (error !== null) return error
    this.#segments.push(segment)
    this.#gas += GAS.segment + gas
    return null
  }

  #closeWithdrawals(): void {
    if (this.#withdrawals.length === 0) return
    this.#segments.push({ kind: 'Withdrawals', withdrawals: this.#withdrawals })
    this.#gas += GAS.segment
    this.#withdrawals = []
  }

  #closeFills(): void {
    if (this.#open.fillCount === 0) return
    const segment = this.#open.build()
    const error = this.#twin.applySegment(segment, this.#openTimeS)
    // Every prefix was judged when it was added: a refusal here is a fault of this file.
    if (error !== null) throw new Error(`closed segment refused: ${error.code} at ${error.index}`)
    this.#segments.push(segment)
    this.#gas += GAS.segment + this.#open.gasEstimate
    this.#renew()
  }

  #renew(): void {
    this.#open = new OpenFills(this.#twin.state, this.#timeS)
    this.#openTimeS = this.#timeS
  }
}

// Every account that is touched may hold positions in a few markets.
function riskGas(segment: RiskSegment): number {
  switch (segment.kind) {
    case 'Credited':
      return 0
    case 'Delistings':
      return segment.delistings.reduce(
        (sum, { accounts }) => sum + GAS.position + accounts.length * GAS.counterparty,
        0,
      )
    case 'Requests':
      return segment.requests.length * (GAS.position + GAS.withdrawal + 4 * GAS.heldPosition)
    case 'Activations':
      return segment.orders.length * (GAS.activation + GAS.heldPosition)
    case 'Transfers':
    case 'Insurance':
      return segment.transfers.length * (GAS.transfer + 2 * GAS.heldPosition)
    case 'Liquidations':
      return segment.liquidations.reduce(
        (sum, { fills }) => sum + GAS.position + fills.length * (GAS.fill + 4 * GAS.heldPosition),
        0,
      )
    case 'Takeovers':
      return segment.takeovers.length * (GAS.position + 4 * GAS.heldPosition)
    case 'Deleveragings':
      return segment.deleveragings.reduce(
        (sum, { counterparties }) =>
          sum + GAS.position + counterparties.length * (GAS.counterparty + 2 * GAS.heldPosition),
        0,
      )
  }
}
