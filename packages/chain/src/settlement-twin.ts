//! The settlement contract as a pure integer model: predicts exactly what a batch does, refusals included.

import type { Market } from '@plumb/model'
import type { ChainAccount } from './account-call.ts'
import { AccountRun } from './account-run.ts'
import type { Batch, OrderRecord, Owner, PositionName, Segment } from './batch.ts'
import type {
  ChainBatch,
  ChainLane,
  ChainMarket,
  ChainTier,
  ChainTotals,
} from './contract-views.ts'
import type { BatchCodeName } from './generated/batch-code.ts'
import { ownerOf } from './key-orders.ts'
import { settleActivations } from './settle-activations.ts'
import { settleDeleveragings } from './settle-deleveragings.ts'
import { settleDelistings } from './settle-delistings.ts'
import { settleFills } from './settle-fills.ts'
import { settleFunding } from './settle-funding.ts'
import { settleLiquidations } from './settle-liquidations.ts'
import { settlePrices } from './settle-prices.ts'
import { settleRequests } from './settle-requests.ts'
import { settleTakeovers } from './settle-takeovers.ts'
import { settleTransfers } from './settle-transfers.ts'
import { settleWithdrawals } from './settle-withdrawals.ts'
import {
  accountKey,
  type BatchError,
  type SegmentError,
  SettlementState,
  type TwinGenesis,
  type TwinLane,
  type TwinMarket,
  type TwinRequest,
  zeroOwner,
} from './settlement-state.ts'

const LIQUIDATION_FEE_PPM = 15_000 // where a market has no tiers

/** What a batch did or why it is refused. */
export type BatchResult =
  | { ok: true; skipped?: readonly BatchSkip[] }
  | { ok: false; error: BatchError }
/** A segment that a best-effort batch left out. */
export type BatchSkip = { segment: number; code: BatchCodeName }

/** An account as the views of the contract tell it; exact beyond 2^53. */
export type TwinAccountView = {
  cash: bigint
  positions: { market: number; size: bigint; fundingSnapshot: bigint }[]
}

/**
 * Integer model of PlumbExchange. Signatures are taken as verified (records carry their owner; the zero address stands
 * for an invalid one), formats as well-formed; everything else is judged in the contract's order with its codes. Cash,
 * sizes and funding are BigInt, so nothing is lost beyond 2^53. Time is the block's, seconds.
 *
 * @example
 * const result = twin.applyBatch(batch, { timeS })
 * if (!result.ok) log.error(result.error) // { code: 'NOT_SETTLEABLE', segment: 1, index: 4 }
 */
export class SettlementTwin {
  readonly #state: SettlementState

  constructor(genesis: TwinGenesis | SettlementState) {
    this.#state = genesis instanceof SettlementState ? genesis : new SettlementState(genesis)
  }

  /** The state itself: for `OpenFills`, which judges fills before they are in a batch. */
  get state(): SettlementState {
    return this.#state
  }

  /** An independent copy; savepoints are not copied. */
  clone(): SettlementTwin {
    return new SettlementTwin(new SettlementState(this.#state.genesis, this.#state))
  }

  /** Opens a savepoint; everything after it can be taken back with `rollback` or kept with `commit`. */
  begin(): number {
    return this.#state.log.begin()
  }

  rollback(savepoint: number): void {
    this.#state.log.rollback(savepoint)
  }

  commit(): void {
    this.#state.log.commit()
  }

  setPublishers(publishers: readonly Owner[], quorum: number): void {
    this.#state.publishers = publishers.map((publisher) => publisher.toLowerCase())
    this.#state.quorum = quorum
  }

  /** As `listMarket` does at block time `timeS`. */
  listMarket(market: Market, timeS: number): void {
    this.loadMarket(market.market, {
      ...market,
      listed: true,
      markBandPpm: market.fixedIndexTicks === 0 ? market.markBandPpm : 0,
      fixedMark: market.fixedIndexTicks !== 0,
      markTicks: market.fixedIndexTicks,
      markTimeS: timeS,
      fundingIndex: 0,
      fundingCreditTimeS: timeS,
      fundingPoolQuote: 0,
      openInterestLots: 0,
      tiers: [],
      liquidationFeePpm: LIQUIDATION_FEE_PPM,
      insuranceQuote: 0,
      isDelisting: false,
      isSettled: false,
      badDebtQuote: 0,
    })
  }

  /** A market as the contract's view tells it. */
  loadMarket(id: number, market: ChainMarket): void {
    this.#state.setMarket(id, {
      quotePerTickLot: BigInt(market.quotePerTickLot),
      imBps: BigInt(market.imBps),
      mmBps: BigInt(market.mmBps),
      tiers: tiersOf(market.tiers),
      liquidationFeePpm: BigInt(market.liquidationFeePpm),
      insurance: BigInt(market.insuranceQuote),
      markBandPpm: BigInt(market.markBandPpm),
      fixedMark: market.fixedMark,
      maxOrderLots: market.maxOrderLots,
      maxPositionLots: BigInt(market.maxPositionLots),
      mark: market.markTicks,
      markTimeS: market.markTimeS,
      fundingIndex: BigInt(market.fundingIndex),
      fundingCreditTimeS: market.fundingCreditTimeS,
      fundingPool: BigInt(market.fundingPoolQuote),
      openInterest: BigInt(market.openInterestLots),
      isDelisting: market.isDelisting,
      isSettled: market.isSettled,
      badDebt: BigInt(market.badDebtQuote),
    })
  }

  /** As `delistMarket` does. */
  delistMarket(id: number): void {
    this.#state.setMarket(id, { ...this.#state.listedMarket(id), isDelisting: true })
  }

  /** As `setMargins` does. */
  setMargins(id: number, imBps: number, mmBps: number): void {
    const market = this.#state.listedMarket(id)
    this.#state.setMarket(id, { ...market, imBps: BigInt(imBps), mmBps: BigInt(mmBps) })
  }

  /** What an owner asks for on-chain, in place of what was asked for before. `market`: 255 for a withdrawal. */
  noteRequest(owner: Owner, subaccount: number, market: number, request: TwinRequest): void {
    this.#state.setRequest(keyOf(owner, subaccount), market, request)
  }

  /** A withdrawal that was claimed outside of batches. */
  claim(owner: Owner, subaccount: number, amountQuote: number): void {
    const key = keyOf(owner, subaccount)
    const account = this.#state.account(key)
    const amount = BigInt(amountQuote)
    this.#state.setAccount(key, { ...account, cash: account.cash - amount })
    const { totals } = this.#state
    this.#state.setTotals({ ...totals, withdrawn: totals.withdrawn + amount })
  }

  /**
   * A position that was reduced or taken over outside of batches: `lots` signed, `quote` what the account was paid by the
   * backstop's `taker`, `insuredQuote` by the market's insurance.
   */
  reduce(
    position: PositionName,
    lots: number,
    quote: number,
    fundingIndex: number,
    { taker, insuredQuote } = { taker: 0, insuredQuote: 0 },
  ): void {
    const backstop = { owner: this.#state.genesis.backstop ?? zeroOwner, subaccount: taker }
    const insured = BigInt(insuredQuote)
    const market = this.#state.listedMarket(position.market)
    if (insured !== 0n)
      this.#state.setMarket(position.market, { ...market, insurance: market.insurance - insured })
    for (const [account, sign, extra] of [
      [position, 1n, insured],
      [backstop, -1n, 0n],
    ] as const) {
      const run = new AccountRun(this.#state, keyOf(account.owner, account.subaccount))
      const moved = sign * BigInt(lots)
      run.touchAt(position.market, BigInt(fundingIndex), moved)
      run.shift(position.market, moved, sign * BigInt(quote) + extra)
      run.store()
    }
  }

  /** As `setMarketTiers` does. */
  setMarketTiers(id: number, tiers: readonly ChainTier[], liquidationFeePpm: number): void {
    this.#state.setMarket(id, {
      ...this.#state.listedMarket(id),
      tiers: tiersOf(tiers),
      liquidationFeePpm: BigInt(liquidationFeePpm),
    })
  }

  /** An account as the contract's view tells it; lanes that are not given count as never used. */
  loadAccount(
    owner: Owner,
    subaccount: number,
    account: ChainAccount,
    lanes: ReadonlyMap<number, ChainLane> = new Map(),
  ): void {
    const key = keyOf(owner, subaccount)
    const positions = account.positions.map(
      ({ market, sizeLots, fundingSnapshot }) =>
        [market, { size: BigInt(sizeLots), fundingSnapshot: BigInt(fundingSnapshot) }] as const,
    )
    this.#state.setAccount(key, { cash: BigInt(account.cashQuote), positions: new Map(positions) })
    for (const [lane, { seq, filledLots }] of lanes)
      this.#state.setLane(key, lane, { seq, filled: filledLots })
  }

  /** Where the contract stands: batch numbers and totals as its views tell them. */
  loadTotals(totals: ChainTotals, batch: ChainBatch): void {
    this.#state.setTotals({
      deposited: BigInt(totals.depositsQuote),
      withdrawn: BigInt(totals.withdrawalsQuote),
      fees: BigInt(totals.feesQuote),
      batchNo: batch.batchNo,
      toSeq: batch.toSeq,
      hashSeq: batch.hashSeq,
    })
  }

  /** A deposit event. `at`: its number and block time, where deposits may come before the engine credits them. */
  deposit(
    owner: Owner,
    subaccount: number,
    amountQuote: number | bigint,
    at?: { id: number; timeS: number },
  ): void {
    if (at !== undefined)
      this.#state.noteDeposit(keyOf(owner, subaccount), { ...at, amount: BigInt(amountQuote) })
    const key = keyOf(owner, subaccount)
    const account = this.#state.account(key)
    const amount = BigInt(amountQuote)
    this.#state.setAccount(key, { ...account, cash: account.cash + amount })
    const { totals } = this.#state
    this.#state.setTotals({ ...totals, deposited: totals.deposited + amount })
  }

  /** Owner of the account an order trades: its signer, or the owner of the session key that signed it. */
  ownerOf(order: Omit<OrderRecord, 'takerFee' | 'makerFee'>): Owner {
    return ownerOf(this.#state, order)
  }

  /** As `revokeKey` does: its orders settle until `expiryS`, or their expiry if that comes first. */
  revokeKey(key: Owner, expiryS: number): void {
    const known = this.#state.sessionKey(key)
    if (known === undefined) return
    this.#state.setSessionKey(key, { ...known, expiryS: Math.min(known.expiryS, expiryS) })
  }

  account(owner: Owner, subaccount: number): TwinAccountView {
    const { cash, positions } = this.#state.account(keyOf(owner, subaccount))
    return {
      cash,
      positions: [...positions]
        .map(([market, position]) => ({
          market,
          size: position.size,
          fundingSnapshot: position.fundingSnapshot,
        }))
        .toSorted((a, b) => a.market - b.market),
    }
  }

  lane(owner: Owner, subaccount: number, lane: number): TwinLane {
    return this.#state.lane(keyOf(owner, subaccount), lane)
  }

  market(id: number): TwinMarket | undefined {
    return this.#state.market(id)
  }

  get totals() {
    return this.#state.totals
  }

  /**
   * Sum of all cash, fees, funding pools and insurance less bad debt: always deposits less withdrawals, except while a
   * delisted market still holds positions.
   */
  get accountedQuote(): bigint {
    let sum = this.#state.totals.fees
    for (const [, account] of this.#state.accounts()) sum += account.cash
    for (const [, market] of this.#state.markets())
      sum += market.fundingPool + market.insurance - market.badDebt
    return sum
  }

  /** Forgets the marks of the batch before: they prove no trigger any more. */
  beginBatch(): void {
    this.#state.beginBatch()
  }

  /** Applies one segment, or changes nothing and says why the contract would refuse it. */
  applySegment(segment: Segment, timeS: number): SegmentError | null {
    const savepoint = this.begin()
    const error = this.#settle(segment, timeS)
    if (error === null) this.commit()
    else this.rollback(savepoint)
    return error
  }

  /** Takes over the header of a batch whose segments are applied already. */
  commitHeader(header: Omit<Batch, 'segments'>): void {
    const error = this.#header(header)
    if (error !== null) throw new RangeError(`header of batch ${header.batchNo}: ${error.code}`)
  }

  /** Applies a whole batch, or changes nothing and says why the contract would refuse it. */
  applyBatch(batch: Batch, block: { timeS: number }): BatchResult {
    const savepoint = this.begin()
    this.beginBatch()
    const skipped = batch.isBestEffort === true ? [] : undefined
    const error = this.#header(batch) ?? this.#segments(batch.segments, block.timeS, skipped)
    if (error === null) this.commit()
    else this.rollback(savepoint)
    if (error !== null) return { ok: false, error }
    return skipped === undefined ? { ok: true } : { ok: true, skipped }
  }

  #header({ batchNo, toSeq, hashSeq }: Omit<Batch, 'segments'>): BatchError | null {
    const { totals } = this.#state
    if (batchNo !== totals.batchNo + 1) return { code: 'WRONG_BATCH_NO', segment: 0, index: 0 }
    if (toSeq < totals.toSeq || hashSeq < totals.hashSeq || hashSeq > toSeq)
      return { code: 'WRONG_SEQUENCE', segment: 0, index: 0 }
    this.#state.setTotals({ ...totals, batchNo, toSeq, hashSeq })
    return null
  }

  #segments(
    segments: readonly Segment[],
    timeS: number,
    skipped: BatchSkip[] | undefined,
  ): BatchError | null {
    for (const [segment, content] of segments.entries()) {
      if (skipped === undefined) {
        const error = this.#settle(content, timeS)
        if (error !== null) return { code: error.code, segment, index: error.index }
        continue
      }
      // In a call of its own, which remembers no marks of the ones before.
      this.#state.forgetMarks()
      const error = this.#applyAlone(content, timeS)
      if (error !== null) skipped.push({ segment, code: error.code })
    }
    const isWhole = skipped !== undefined || this.#state.openFoks === 0
    const last = Math.max(0, segments.length - 1)
    return isWhole ? null : { code: 'FOK_NOT_FILLED', segment: last, index: 0 }
  }

  #applyAlone(segment: Segment, timeS: number): SegmentError | null {
    const savepoint = this.begin()
    const error = this.#settle(segment, timeS)
    const isWhole = this.#state.openFoks === 0
    if (error === null && isWhole) this.commit()
    else this.rollback(savepoint)
    return error ?? (isWhole ? null : { code: 'FOK_NOT_FILLED', index: 0 })
  }

  #settle(segment: Segment, timeS: number): SegmentError | null {
    switch (segment.kind) {
      case 'Prices':
        return settlePrices(this.#state, segment, timeS)
      case 'Fills':
        return settleFills(this.#state, segment, timeS)
      case 'Withdrawals':
        return settleWithdrawals(this.#state, segment, timeS)
      case 'Funding':
        return settleFunding(this.#state, segment, timeS)
      case 'Credited':
        this.#state.firstUncredited = segment.firstUncredited
        return null
      case 'Delistings':
        return settleDelistings(this.#state, segment, timeS)
      case 'Requests':
        return settleRequests(this.#state, segment, timeS)
      case 'Activations':
        return settleActivations(this.#state, segment, timeS)
      case 'Transfers':
      case 'Insurance':
        return settleTransfers(this.#state, segment, timeS)
      case 'Liquidations':
        return settleLiquidations(this.#state, segment, timeS)
      case 'Takeovers':
        return settleTakeovers(this.#state, segment, timeS)
      case 'Deleveragings':
        return settleDeleveragings(this.#state, segment, timeS)
    }
  }
}

const tiersOf = (tiers: readonly ChainTier[]) =>
  tiers.map(({ boundUsdc, imfPpm }) => ({ boundUsdc: BigInt(boundUsdc), imfPpm: BigInt(imfPpm) }))

const keyOf = (owner: Owner, subaccount: number): string =>
  accountKey(owner.toLowerCase(), subaccount)
