//! The batch that is being filled: settlement steps in, in sequencer order; segments, touched accounts and counts out.
import {
  BatchBuilder,
  type BatchHeader,
  type FundingRecord,
  type MatchedFill,
  type PricesSegment,
} from '@plumb/chain'
import { type MarketId, type Seq, timeInForce, timeInForceOf } from '@plumb/model'
import { enginePrices } from './engine-prices.ts'
import type { AccountName } from './order-store.ts'
import { noteMark, noteVector, type PriceBook } from './price-book.ts'
import type { RelayerState } from './relayer-state.ts'
import { type Involved, involvedIn, isKeyed, judgedAtMarks, segmentOf } from './risk-segment.ts'
import type {
  DelistingStep,
  DustStep,
  FillStep,
  FundingStep,
  RiskStep,
  SettlementStep,
  WithdrawalStep,
} from './settlement-step.ts'

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
  /** Block time as far as it can be known: now, since the block comes later. */
  nowS: () => number
  /** Marks older than this are renewed with the next fill in their market. */
  refreshAgeS: number
  /** Prices of now, for what is settled too late for its own. */
  fresh: PriceBook | undefined
}

type NoteStep = Extract<
  SettlementStep,
  { kind: 'request' | 'claimed' | 'reduced' | 'margins' | 'noticed' }
>

const driftPart = 4
// What the engine's own marks of the moment may cure.
const pricesMayHelp: ReadonlySet<string> = new Set([
  'NOT_SETTLEABLE',
  'NO_MARK',
  'NOT_TRIGGERED',
  'WRONG_COUNTERPARTY',
  'BACKSTOP_SHORT',
])

/** @example draft.add(steps); if (draft.gasEstimate > limit) send(draft.finish(header)) */
export class BatchDraft {
  readonly #state: RelayerState
  readonly #nowS: () => number
  readonly #refreshAgeS: number
  readonly #fresh: PriceBook | undefined
  #open: { builder: BatchBuilder; timeS: number } | undefined
  readonly #seen = new Set<MarketId>()
  #firstUncredited = 0
  /** Accounts whose words this batch changes. */
  readonly touched = new Set<string>()
  fillCount = 0
  withdrawalCount = 0
  fundingCount = 0
  /** Transfers, liquidations, takeovers, deleveragings, activations. */
  riskCount = 0
  /** Commands with something to settle. */
  commandCount = 0

  constructor({ state, nowS, refreshAgeS, fresh }: DraftOptions) {
    this.#state = state
    this.#nowS = nowS
    this.#refreshAgeS = refreshAgeS
    this.#fresh = fresh
  }

  get #batch(): { builder: BatchBuilder; timeS: number } {
    const timeS = Math.max(this.#nowS(), this.#open?.timeS ?? 0)
    const builder = this.#open?.builder ?? new BatchBuilder(this.#state.twin, timeS)
    builder.advance(timeS)
    this.#open = { builder, timeS }
    return this.#open
  }

  get isEmpty(): boolean {
    return this.commandCount === 0
  }

  get gasEstimate(): number {
    return this.#open?.builder.gasEstimate ?? 0
  }

  /**
   * Takes the steps of one command, and answers those that this batch has no room for: a tick that liquidates many does
   * more than a transaction can hold. They come first in the next batch.
   *
   * @throws UnsettleableError when the twin refuses one; the draft and the state are then void
   */
  add(steps: readonly SettlementStep[], gasMax = Number.POSITIVE_INFINITY): SettlementStep[] {
    let settles = false
    let i = 0
    for (let step = steps[0]; step !== undefined; step = steps[i]) {
      if (settles && this.gasEstimate >= gasMax && !isContinued(steps[i - 1], step)) break
      const group = groupFrom(steps, i)
      i += group.length
      settles = this.#addGroup(step, group) || settles
    }
    if (settles) this.commandCount += 1
    return steps.slice(i)
  }

  finish(header: BatchHeader) {
    return this.#batch.builder.finish(header)
  }

  #addGroup(step: SettlementStep, group: readonly SettlementStep[]): boolean {
    switch (step.kind) {
      case 'fill':
        this.#addFill(step)
        return true
      case 'withdrawal':
        this.#addWithdrawal(step)
        return true
      case 'funding':
        return this.#addFunding(
          step,
          group.filter((s) => s.kind === 'funding'),
        )
      case 'dust':
        return this.#addDust(step)
      case 'activation':
      case 'transfer':
      case 'insurance':
      case 'liquidation':
      case 'takeover':
      case 'deleveraging':
      case 'served':
        this.#addRisk(step)
        return true
      case 'delisting':
        this.#addDelisting(step)
        return true
      case 'deposit':
        this.#state.twin.deposit(step.owner, step.subaccount, step.amountQuote)
        this.#touch(step.owner, step.subaccount)
        this.#state.facts = { ...this.#state.facts, depositId: step.depositId }
        return false
      case 'mark':
        noteMark(this.#state.prices, step.market, step.markTicks)
        return false
      case 'vector':
        noteVector(this.#state.prices, this.#state.facts.quorum, step.vector, step.timeMs)
        return false
      case 'throttle': {
        const { level, minNotionalQuote } = step
        this.#state.facts = { ...this.#state.facts, throttle: { level, minNotionalQuote } }
        return false
      }
      case 'key':
        this.#state.twin.state.setSessionKey(step.key, step.terms)
        this.#state.touchedKeys.add(step.key)
        return false
      case 'keyEnd':
        this.#state.twin.revokeKey(step.key, step.expiryS)
        this.#state.touchedKeys.add(step.key)
        return false
      case 'request':
      case 'claimed':
      case 'reduced':
      case 'margins':
      case 'noticed':
        this.#note(step)
        return false
      case 'listing':
        return false
    }
  }

  // What the contract has done, or holds, beside the batches.
  #note(step: NoteStep): void {
    const state = this.#state
    const { twin } = state
    if (step.kind === 'noticed') state.facts = { ...state.facts, noticeBlock: step.blockNumber }
    else if (step.kind === 'margins') twin.setMargins(step.market, step.imBps, step.mmBps)
    else if (step.kind === 'request') {
      const { owner, subaccount, market, amountQuote, lots, isLong, untilS } = step
      const request = { amount: BigInt(amountQuote), lots: BigInt(lots), isLong, untilS }
      twin.noteRequest(owner, subaccount, market, request)
      state.touchedRequests.add(`${owner}/${subaccount}/${market}`)
    } else if (step.kind === 'claimed') {
      // Fills that are still open are judged without it, as the contract has.
      this.#open?.builder.close()
      twin.claim(step.owner, step.subaccount, step.amountQuote)
      this.#touch(step.owner, step.subaccount)
    } else {
      this.#open?.builder.close()
      const { position, lots, quote, fundingIndex, taker, insuredQuote } = step
      twin.reduce(position, lots, quote, fundingIndex, { taker, insuredQuote })
      this.#touch(position.owner, position.subaccount)
      this.#touch(twin.state.genesis.backstop ?? '', taker)
    }
  }

  // The admin has announced it long ago: whether he really has, the simulation tells.
  #addDelisting(step: DelistingStep): void {
    const { market } = step.delisting
    const known = this.#state.twin.market(market)
    if (known?.isDelisting === false) this.#state.twin.delistMarket(market)
    if (known?.isSettled === false)
      for (const prices of this.#enginePrices([market])) this.#batch.builder.addPrices(prices)
    this.#sayCredited()
    this.#addRisk(step)
  }

  #addFill(fill: FillStep): void {
    this.#renewMark(fill.taker.market)
    const refusal = this.#batch.builder.addFills([fill], () => this.#prices(fill))
    if (refusal !== null) throw new UnsettleableError(fill, refusal)
    this.fillCount += 1
    for (const order of [fill.taker, fill.maker]) {
      this.#touch(this.#state.twin.ownerOf(order), order.subaccount, order.lane)
      if (isKeyed(order)) this.#state.touchedKeys.add(order.owner)
    }
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
      for (const prices of this.#enginePrices(updates.map(({ market }) => market)))
        this.#batch.builder.addPrices(prices)
      error = this.#batch.builder.addFunding(updates)
    }
    if (error !== null) throw new UnsettleableError(step, error.code)
    this.fundingCount += updates.length
    return true
  }

  // Any funding record sweeps the pool of a market that nobody holds; here the index need not move.
  #addDust(step: DustStep): boolean {
    const { market } = step
    const known = this.#state.twin.market(market)
    if (known === undefined || known.fundingPool === 0n) return false
    const update = { market, fundingIndex: Number(known.fundingIndex) }
    const error = this.#batch.builder.addFunding([update])
    if (error !== null) throw new UnsettleableError(step, error.code)
    this.fundingCount += 1
    return true
  }

  #addRisk(step: RiskStep): void {
    const backstop = this.#state.twin.state.genesis.backstop ?? ''
    const involved = involvedIn(step, (order) => this.#state.twin.ownerOf(order), backstop)
    const victim = judgedAtMarks(step)
    // Its amounts follow from the marks: they must be the engine's, not just near.
    if (victim !== undefined) {
      this.#bringMarks(step, victim)
      this.#sayCredited()
    }
    const segment = segmentOf(step)
    let error = this.#batch.builder.addRisk(segment)
    if (error !== null && pricesMayHelp.has(error.code)) {
      const markets = involved.accounts.flatMap((a) => this.#marketsOf(a.owner, a.subaccount))
      for (const prices of this.#enginePrices([...markets, ...involved.markets]))
        this.#batch.builder.addPrices(prices)
      error = this.#batch.builder.addRisk(segment)
    }
    if (error !== null) throw new UnsettleableError(step, error.code)
    this.riskCount += 1
    for (const key of involved.keys) this.#state.touchedKeys.add(key)
    if (step.kind === 'served') {
      const { owner, subaccount, market } = step.request
      this.#state.touchedRequests.add(`${owner}/${subaccount}/${market}`)
    }
    this.#touchInvolved(involved)
  }

  // A deposit that is on-chain already and not in the engine yet must not make the victim healthy.
  #sayCredited(): void {
    const firstUncredited = this.#state.facts.depositId + 1
    if (this.#firstUncredited === firstUncredited) return
    this.#firstUncredited = firstUncredited
    this.#batch.builder.addRisk({ kind: 'Credited', firstUncredited })
  }

  #bringMarks(step: RiskStep, { owner, subaccount }: AccountName): void {
    // Fills that are still open change what it holds.
    this.#batch.builder.close()
    const markets = this.#marketsOf(owner, subaccount)
    for (const prices of this.#enginePrices(markets)) {
      const error = this.#batch.builder.addPrices(prices)
      if (error !== null) throw new UnsettleableError(step, error.code)
    }
    const other = markets.find((id) => {
      const market = this.#state.twin.market(id)
      return (
        market?.fixedMark === false && market.mark !== this.#state.prices.marks.get(id)?.markTicks
      )
    })
    if (other !== undefined) throw new UnsettleableError(step, `no prices for market ${other}`)
  }

  #touchInvolved({ accounts, lanes }: Involved): void {
    for (const { owner, subaccount } of accounts) this.#touch(owner, subaccount)
    for (const { owner, subaccount, lane } of lanes) this.#touch(owner, subaccount, lane)
  }

  // Once for each market and batch: a mark that is old, or has moved by a quarter of its band, is renewed.
  #renewMark(id: MarketId): void {
    if (this.#seen.has(id)) return
    this.#seen.add(id)
    const market = this.#state.twin.market(id)
    const mark = this.#state.prices.marks.get(id)?.markTicks
    if (market === undefined || market.fixedMark || mark === undefined) return
    const drift = Math.abs(mark - market.mark) * 1_000_000 * driftPart
    const isOld = this.#batch.timeS - market.markTimeS >= this.#refreshAgeS
    if (!isOld && drift < market.mark * Number(market.markBandPpm)) return
    for (const prices of this.#enginePrices([id])) this.#batch.builder.addPrices(prices)
  }

  #prices({ taker, maker }: MatchedFill): PricesSegment[] {
    const held = [taker, maker].flatMap((order) =>
      this.#marketsOf(this.#state.twin.ownerOf(order), order.subaccount),
    )
    return this.#enginePrices([taker.market, ...held])
  }

  #marketsOf(owner: string, subaccount: number): MarketId[] {
    return this.#state.twin.account(owner, subaccount).positions.map(({ market }) => market)
  }

  #enginePrices(markets: Iterable<MarketId>): PricesSegment[] {
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

/** A fill-or-kill order fills whole in one batch. */
const isContinued = (before: SettlementStep | undefined, step: SettlementStep): boolean => {
  if (before?.kind !== 'fill' || step.kind !== 'fill') return false
  const [a, b] = [before.taker, step.taker]
  const isSame = a.owner === b.owner && a.subaccount === b.subaccount && a.lane === b.lane
  return isSame && a.laneSeq === b.laneSeq && timeInForceOf(b.flags) === timeInForce.fok
}

/** Steps that settle together: all funding of one command that nothing comes between. */
const groupFrom = (steps: readonly SettlementStep[], at: number): SettlementStep[] => {
  const first = steps[at]
  if (first === undefined) return []
  const end = steps.findIndex(
    (step, i) => i > at && (first.kind !== 'funding' || step.kind !== 'funding'),
  )
  return steps.slice(at, end < 0 ? steps.length : end)
}
