//! The batch that is being filled: settlement steps in, in sequencer order; segments, touched accounts and counts out.
import {
  BatchBuilder,
  type BatchHeader,
  type FundingRecord,
  type MatchedFill,
  type PricesSegment,
} from '@plumb/chain'
import { type MarketId, type Seq, timeInForce, timeInForceOf } from '@plumb/model'
import { enginePrices, type PriceSet } from './engine-prices.ts'
import type { RelayerState } from './relayer-state.ts'
import type { FillStep, FundingStep, SettlementStep, WithdrawalStep } from './settlement-step.ts'

/** The contract would refuse this step in any segment and at any price: an operator must look. */
export class UnsettleableError extends Error {
  readonly code = 'UNSETTLEABLE'
  readonly seq: Seq
  readonly refusal: string

  constructor(step: SettlementStep, refusal: string) {
    super(`the ${step.kind} of command ${step.seq} cannot settle: ${refusal}`)
    this.name = 'UnsettleableError'
    this.seq = step.seq
    this.refusal = refusal
  }
}

export type DraftOptions = {
  state: RelayerState
  /** Block time as far as it can be known; asked when the first step comes. */
  nowS: () => number
  /** Marks older than this are renewed with the next fill in their market. */
  refreshAgeS: number
  /** Prices of now, for what is settled too late for its own. */
  fresh: PriceSet | undefined
}

const driftPart = 4

/** @example draft.add(steps); if (draft.gasEstimate > limit) send(draft.finish(header)) */
export class BatchDraft {
  readonly #state: RelayerState
  readonly #nowS: () => number
  readonly #refreshAgeS: number
  readonly #fresh: PriceSet | undefined
  #open: { builder: BatchBuilder; timeS: number } | undefined
  readonly #seen = new Set<MarketId>()
  /** Accounts whose words this batch changes. */
  readonly touched = new Set<string>()
  fillCount = 0
  withdrawalCount = 0
  fundingCount = 0
  /** Commands with something to settle. */
  commandCount = 0

  constructor({ state, nowS, refreshAgeS, fresh }: DraftOptions) {
    this.#state = state
    this.#nowS = nowS
    this.#refreshAgeS = refreshAgeS
    this.#fresh = fresh
  }

  get #batch(): { builder: BatchBuilder; timeS: number } {
    if (this.#open !== undefined) return this.#open
    const timeS = this.#nowS()
    this.#open = { builder: new BatchBuilder(this.#state.twin, timeS), timeS }
    return this.#open
  }

  get isEmpty(): boolean {
    return this.commandCount === 0
  }

  get gasEstimate(): number {
    return this.#open?.builder.gasEstimate ?? 0
  }

  /**
   * Takes the steps of one command.
   *
   * @throws UnsettleableError when the twin refuses one; the draft and the state are then void
   */
  add(steps: readonly SettlementStep[]): void {
    let settles = false
    for (let i = 0; i < steps.length; ) {
      const step = steps[i]
      if (step === undefined) break
      const group = groupFrom(steps, i)
      i += group.length
      settles = this.#addGroup(step, group) || settles
    }
    if (settles) this.commandCount += 1
  }

  finish(header: BatchHeader) {
    return this.#batch.builder.finish(header)
  }

  #addGroup(step: SettlementStep, group: readonly SettlementStep[]): boolean {
    switch (step.kind) {
      case 'fill':
        this.#addFills(
          step,
          group.filter((s) => s.kind === 'fill'),
        )
        return true
      case 'withdrawal':
        this.#addWithdrawal(step)
        return true
      case 'funding':
        return this.#addFunding(
          step,
          group.filter((s) => s.kind === 'funding'),
        )
      case 'deposit':
        this.#state.twin.deposit(step.owner, step.subaccount, step.amountQuote)
        this.#touch(step.owner, step.subaccount)
        this.#state.facts = { ...this.#state.facts, depositId: step.depositId }
        return false
      case 'mark':
        this.#state.marks.set(step.market, step.markTicks)
        return false
      case 'vector':
        this.#state.vectors.set(`${step.vector.page}/${step.vector.publisher}`, step.vector)
        return false
      case 'listing':
        return false
    }
  }

  #addFills(step: FillStep, fills: readonly MatchedFill[]): void {
    this.#renewMark(step.taker.market)
    const prices = () => this.#prices(fills)
    const refusal = this.#batch.builder.addFills(fills, prices)
    if (refusal !== null) throw new UnsettleableError(step, refusal)
    this.fillCount += fills.length
    for (const { taker, maker } of fills)
      for (const { owner, subaccount, lane } of [taker, maker]) this.#touch(owner, subaccount, lane)
  }

  #addWithdrawal(step: WithdrawalStep): void {
    const { withdrawal } = step
    const prices = () =>
      this.#enginePrices(this.#marketsOf(withdrawal.owner, withdrawal.subaccount))
    const refusal = this.#batch.builder.addWithdrawal(withdrawal, prices)
    if (refusal !== null) throw new UnsettleableError(step, refusal)
    this.withdrawalCount += 1
    this.#touch(withdrawal.owner, withdrawal.subaccount, withdrawal.lane)
  }

  #addFunding(step: FundingStep, steps: readonly FundingStep[]): boolean {
    const updates: FundingRecord[] = steps
      .map(({ market, fundingIndex }) => ({ market, fundingIndex }))
      .filter(({ market, fundingIndex }) => {
        const known = this.#state.twin.market(market)
        return known !== undefined && known.fundingIndex !== BigInt(fundingIndex)
      })
    if (updates.length === 0) return false
    let error = this.#batch.builder.addFunding(updates)
    if (error?.code === 'FUNDING_CLAMP') {
      // The clamp is a part of the mark: without a mark, or with an old one, it is too narrow.
      const segment = this.#enginePrices(updates.map(({ market }) => market))
      if (segment !== null) this.#batch.builder.addPrices(segment)
      error = this.#batch.builder.addFunding(updates)
    }
    if (error !== null) throw new UnsettleableError(step, error.code)
    this.fundingCount += updates.length
    return true
  }

  // Once for each market and batch: a mark that is old, or has moved by a quarter of its band, is renewed.
  #renewMark(id: MarketId): void {
    if (this.#seen.has(id)) return
    this.#seen.add(id)
    const market = this.#state.twin.market(id)
    const mark = this.#state.marks.get(id)
    if (market === undefined || market.fixedMark || mark === undefined) return
    const drift = Math.abs(mark - market.mark) * 1_000_000 * driftPart
    const isOld = this.#batch.timeS - market.markTimeS >= this.#refreshAgeS
    if (!isOld && drift < market.mark * Number(market.markBandPpm)) return
    const segment = this.#enginePrices([id])
    if (segment !== null) this.#batch.builder.addPrices(segment)
  }

  #prices(fills: readonly MatchedFill[]): PricesSegment | null {
    const markets = new Set<MarketId>()
    for (const { taker, maker } of fills) {
      markets.add(taker.market)
      for (const { owner, subaccount } of [taker, maker])
        for (const market of this.#marketsOf(owner, subaccount)) markets.add(market)
    }
    return this.#enginePrices(markets)
  }

  #marketsOf(owner: string, subaccount: number): MarketId[] {
    return this.#state.twin.account(owner, subaccount).positions.map(({ market }) => market)
  }

  #enginePrices(markets: Iterable<MarketId>): PricesSegment | null {
    const { timeS } = this.#batch
    const refreshAgeS = this.#refreshAgeS
    return enginePrices({ state: this.#state, timeS, refreshAgeS, fresh: this.#fresh }, markets)
  }

  #touch(owner: string, subaccount: number, lane?: number): void {
    const account = `${owner}/${subaccount}`
    this.touched.add(account)
    this.#state.touchedAccounts.add(account)
    if (lane !== undefined) this.#state.touchedLanes.set(`${account}/${lane}`, { account, lane })
  }
}

/** Steps that must settle together: all fills of one fill-or-kill order, all funding of one command. */
const groupFrom = (steps: readonly SettlementStep[], at: number): SettlementStep[] => {
  const first = steps[at]
  if (first === undefined) return []
  const joins = (step: SettlementStep): boolean => {
    if (first.kind === 'funding') return step.kind === 'funding'
    if (first.kind !== 'fill' || step.kind !== 'fill') return step === first
    return step === first || timeInForceOf(first.taker.flags) === timeInForce.fok
  }
  const end = steps.findIndex((step, i) => i > at && !joins(step))
  return steps.slice(at, end < 0 ? steps.length : end)
}
