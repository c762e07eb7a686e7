//! Follows the feed and turns it into batches: read, draft, cut, simulate, store, hand over.

import { setTimeout as sleep } from 'node:timers/promises'
import { bytesHex, type ContractViews, encodeBatch, hexBytes } from '@plumb/chain'
import type { Seq } from '@plumb/model'
import {
  type Clock,
  type FeedClient,
  type FeedEntry,
  type FeedGroup,
  faultPoint,
  type Logger,
} from '@plumb/runtime'
import { BatchDraft } from './batch-draft.ts'
import type { BatchPipeline, Refusal } from './batch-pipeline.ts'
import type { Expectation } from './compare-accounts.ts'
import type { PriceBook } from './price-book.ts'
import { readGenesis, readSteps } from './read-steps.ts'
import { openExchange, type RelayerState, stateChanges, stateSaved } from './relayer-state.ts'
import type { PreparedBatch, RelayerStore } from './relayer-store.ts'
import type { SettlementStep } from './settlement-step.ts'

/** The feed from a command on. */
export type OpenFeed = (fromSeq: Seq) => Pick<FeedClient, 'groups' | 'headSeq' | 'close'>

/** Where batches are cut. */
export type BatchLimits = {
  fillsMax: number
  /** Upper estimate of a batch's gas; the transaction's own limit is 16,777,216 (EIP-7825). */
  gasMax: number
  /** Settle this long after the first fill or withdrawal while gas costs what it usually does. */
  ageMs: number
  /** And this long at the latest. */
  ageMaxMs?: number
  /** Funding alone can wait for company. */
  fundingAgeMs: number
}

/** Where a run stands. `oldestMs`: age of the oldest step in no batch, 0 while there is none. */
export type Progress = {
  cursorSeq: Seq
  lastSeq: Seq
  headSeq: Seq
  oldestMs: number
  isEmpty: boolean
}

export type SettleFeedOptions = {
  openFeed: OpenFeed
  state: RelayerState
  cursorSeq: Seq
  store: RelayerStore
  pipeline: BatchPipeline
  views: ContractViews
  limits: BatchLimits
  /** Settle at the latest this long after the first fill or withdrawal: `limits.ageMs`, or what gas costs now. */
  ageMs: () => number
  /** At most so many settling commands in the first batch: bisection of a refused one. */
  commandsMax: number
  /** This command could not settle: the batch before it goes out on its own. */
  stopBefore: Seq
  /** Marks older than this are renewed on-chain. */
  refreshAgeS: number
  /** Prices of now, where a command was too late for its own. */
  fresh: PriceBook | undefined
  /** Settle what there is without waiting for company: the process is about to end. */
  isDraining: () => boolean
  clock: Clock
  logger: Logger
  signal: AbortSignal
  onHeader: (batchNo: number, expectation: Expectation) => void
  onProgress: (progress: Progress) => void
}

/** The contract refuses a batch: nothing was stored, the state is void, begin again from the cursor with less. */
export class BatchRefusedError extends Error {
  readonly code = 'BATCH_REFUSED'
  readonly fromSeq: Seq
  readonly toSeq: Seq
  readonly commandCount: number
  readonly refusal: Refusal

  constructor(batch: PreparedBatch, commandCount: number, refusal: Refusal) {
    const { batchNo, fromSeq, toSeq } = batch
    super(`batch ${batchNo} (${fromSeq}..${toSeq}) is refused: ${refusal.code}`)
    this.name = 'BatchRefusedError'
    this.fromSeq = fromSeq
    this.toSeq = toSeq
    this.commandCount = commandCount
    this.refusal = refusal
  }
}

const pollMs = 100
const transactionGasMax = 16_700_000
// The estimate counts records; the first use of a market or of the contract itself costs this at most besides.
const gasReserve = 250_000
const outOfGas = /out ?of ?gas|gas required exceeds/i
const checkpointSeqs = 5_000
const checkpointMs = 30_000

/** One run from the cursor; ends when the signal aborts, throws what voids the state. */
export class SettleFeed {
  readonly #options: SettleFeedOptions
  #draft: BatchDraft
  #cursorSeq: Seq
  #lastSeq: Seq
  #commandsMax: number
  #openedMs: number | undefined
  #savedMs: number
  #headSeq = 0

  constructor(options: SettleFeedOptions) {
    this.#options = options
    this.#cursorSeq = options.cursorSeq
    this.#lastSeq = options.cursorSeq
    this.#commandsMax = options.commandsMax
    this.#savedMs = options.clock.nowMs()
    this.#draft = this.#newDraft()
  }

  async run(): Promise<void> {
    const { openFeed, signal } = this.#options
    const feed = openFeed(this.#cursorSeq + 1)
    const close = () => void feed.close()
    signal.addEventListener('abort', close, { once: true })
    try {
      await this.#resume()
      const groups = feed.groups()[Symbol.asyncIterator]()
      let next = groups.next()
      while (!signal.aborted) {
        const got = await Promise.race([next, sleep(pollMs, undefined, { ref: false })])
        if (got?.done === true) break
        if (got !== undefined) {
          await this.#takeGroup(got.value)
          faultPoint('relayer:group-taken')
          next = groups.next()
        }
        this.#headSeq = feed.headSeq
        await this.#flushIfDue()
      }
    } finally {
      signal.removeEventListener('abort', close)
      await feed.close()
    }
  }

  #newDraft(): BatchDraft {
    const { state, refreshAgeS, fresh, clock } = this.#options
    const nowS = () => Math.floor(clock.nowMs() / 1000)
    return new BatchDraft({ state, refreshAgeS, fresh, nowS })
  }

  async #takeGroup(group: FeedGroup): Promise<void> {
    const { state } = this.#options
    for (const entry of group.entries) await this.#takeEntry(entry)
    const { hi, lo } = group.stateHash
    state.facts = {
      ...state.facts,
      journal: {
        hashSeq: group.lastSeq,
        journalHash: bytesHex(group.chainHash),
        stateHash: (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0),
      },
    }
  }

  async #takeEntry(entry: FeedEntry): Promise<void> {
    const { state, stopBefore } = this.#options
    // Full before this command, so that a batch always ends with a whole one.
    if (this.#isFull() || (entry.seq === stopBefore && !this.#draft.isEmpty)) await this.#flush()
    const genesis = readGenesis(entry)
    if (genesis !== undefined) openExchange(state, genesis)
    const steps = readSteps(state.orderStore, entry)
    for (const step of steps) if (step.kind === 'listing') await this.#list(step.market.market)
    const rest = this.#add(steps)
    await this.#carry(rest, entry.seq)
    this.#lastSeq = entry.seq
  }

  #add(steps: readonly SettlementStep[]): SettlementStep[] {
    const wasEmpty = this.#draft.isEmpty
    const rest = this.#draft.add(steps, this.#options.limits.gasMax)
    if (wasEmpty && !this.#draft.isEmpty) this.#openedMs = this.#options.clock.nowMs()
    return rest
  }

  // What a command asked for beyond the last stored batch, before anything new.
  async #resume(): Promise<void> {
    const { carried } = this.#options.state.facts
    if (carried.length === 0) return
    this.#lastSeq = this.#cursorSeq - 1
    await this.#carry(this.#add(carried), this.#cursorSeq)
    this.#lastSeq = this.#cursorSeq
  }

  // Batch after batch, until the last one has room for what is left. Each but that one ends before the command `seq`.
  async #carry(steps: readonly SettlementStep[], seq: Seq): Promise<void> {
    for (let rest = steps; rest.length > 0 && !this.#options.signal.aborted; rest = this.#add(rest))
      await this.#flush({ steps: rest, seq })
  }

  // The contract is asked: it knows the listing's time, which bounds funding.
  async #list(market: number): Promise<void> {
    const { state, views, logger } = this.#options
    const listed = await views.market(market)
    if (!listed.listed) logger.error({ market }, 'a market of the engine is not listed on-chain')
    else state.twin.loadMarket(market, listed)
  }

  #isFull(): boolean {
    const { limits } = this.#options
    const { fillCount, gasEstimate, commandCount } = this.#draft
    return (
      fillCount >= limits.fillsMax ||
      gasEstimate >= limits.gasMax ||
      commandCount >= this.#commandsMax
    )
  }

  async #flushIfDue(): Promise<void> {
    const { clock, limits, pipeline, onProgress, isDraining } = this.#options
    const now = clock.nowMs()
    const { fillCount, withdrawalCount, riskCount, isEmpty } = this.#draft
    const moves = fillCount + withdrawalCount + riskCount > 0
    const ageMs = moves ? this.#options.ageMs() : limits.fundingAgeMs
    const oldestMs = isEmpty ? 0 : now - (this.#openedMs ?? now)
    onProgress({
      cursorSeq: this.#cursorSeq,
      lastSeq: this.#lastSeq,
      headSeq: Math.max(this.#headSeq, this.#lastSeq),
      oldestMs,
      isEmpty,
    })
    const isDue = oldestMs >= ageMs || isDraining()
    if (!isEmpty && pipeline.isClear && isDue) return this.#flush()
    const moved = this.#lastSeq - this.#cursorSeq
    const isOld = moved > 0 && now - this.#savedMs >= checkpointMs
    if (isEmpty && (moved >= checkpointSeqs || isOld)) await this.#save(this.#lastSeq)
  }

  /** `carried`: what the command being read asks for beyond this batch. */
  async #flush(carried?: { steps: readonly SettlementStep[]; seq: Seq }): Promise<void> {
    const { pipeline, signal } = this.#options
    // One unmined batch at a time: the next is simulated on top of it.
    while (!pipeline.isClear && !signal.aborted) await sleep(pollMs / 2)
    if (signal.aborted) return
    const { state } = this.#options
    const { batch, expectation } = this.#finish()
    faultPoint('relayer:batch-encoded')
    let refusal = await pipeline.simulate(batch.calldata, batch.gasLimit)
    if (refusal !== null && outOfGas.test(refusal.code)) {
      batch.gasLimit = transactionGasMax
      refusal = await pipeline.simulate(batch.calldata, batch.gasLimit)
    }
    if (refusal !== null) throw new BatchRefusedError(batch, this.#draft.commandCount, refusal)
    faultPoint('relayer:batch-simulated')
    const transaction = await pipeline.sign(batch.calldata, batch.gasLimit)
    faultPoint('relayer:batch-signed')
    state.facts = { ...state.facts, carried: carried?.steps ?? [] }
    await this.#save(carried?.seq ?? this.#lastSeq, { ...batch, transaction })
    faultPoint('relayer:batch-stored')
    this.#commandsMax = Number.MAX_SAFE_INTEGER
    this.#options.onHeader(batch.batchNo, expectation)
    pipeline.add({ ...batch, status: 'prepared', attempts: [transaction] })
    this.#draft = this.#newDraft()
    this.#openedMs = undefined
  }

  #finish(): { batch: PreparedBatch; expectation: Expectation } {
    const { state, clock } = this.#options
    const draft = this.#draft
    const { hashSeq, journalHash, stateHash } = state.facts.journal
    const header = {
      batchNo: state.twin.totals.batchNo + 1,
      toSeq: this.#lastSeq,
      hashSeq,
      journalHash: hexBytes(journalHash),
      stateHash,
    }
    const gasLimit = Math.min(Math.ceil(draft.gasEstimate * 1.2) + gasReserve, transactionGasMax)
    const finished = draft.finish(header)
    const { segments } = finished
    const orderCount = segments.reduce((n, s) => n + (s.kind === 'Fills' ? s.orders.length : 0), 0)
    const { fillCount, withdrawalCount } = draft
    const batch = {
      batchNo: header.batchNo,
      // One that carries only a part of a command names the one before it, which is settled.
      fromSeq: Math.min(this.#cursorSeq + 1, this.#lastSeq),
      toSeq: this.#lastSeq,
      hashSeq,
      calldata: encodeBatch(finished),
      fillCount,
      withdrawalCount,
      orderCount,
      segmentCount: segments.length,
      gasLimit,
      preparedMs: clock.nowMs(),
    }
    return { batch, expectation: this.#expectation(draft) }
  }

  #expectation(draft: BatchDraft): Expectation {
    const { twin, facts } = this.#options.state
    const accounts = [...draft.touched].map((key) => {
      const [owner = '', subaccount = '0'] = key.split('/')
      const number = Number(subaccount)
      return { owner, subaccount: number, account: twin.account(owner, number) }
    })
    const { depositId, noticeBlock } = facts
    return { accounts, depositId, noticeBlock }
  }

  async #save(
    cursorSeq: Seq,
    batch?: Parameters<RelayerStore['checkpoint']>[0]['batch'],
  ): Promise<void> {
    const { state, store, clock } = this.#options
    await store.checkpoint({
      expectedCursorSeq: this.#cursorSeq,
      cursorSeq,
      ...stateChanges(state),
      ...(batch === undefined ? {} : { batch }),
    })
    faultPoint('relayer:checkpoint-committed')
    stateSaved(state)
    this.#cursorSeq = cursorSeq
    this.#savedMs = clock.nowMs()
  }
}
