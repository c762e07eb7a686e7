//! The relayer: deposits from the chain to the engine, batches from the engine to the chain.

import { setTimeout as sleep } from 'node:timers/promises'
import {
  type ContractViews,
  createDepositReader,
  createKeyReader,
  depositGenesis,
  type FinalitySource,
  type Rpc,
  type TransactionSender,
} from '@plumb/chain'
import { decodeEvents, encodeCommand, rejectCode, rejectName, type Seq } from '@plumb/model'
import { type Clock, type CommandClient, faultPoint, type Logger } from '@plumb/runtime'
import { UnsettleableError } from './batch-draft.ts'
import { type BatchPipeline, createBatchPipeline, type MinedBatch } from './batch-pipeline.ts'
import { dueAgeMs, UsualFee } from './batch-timing.ts'
import { compareAccounts, type Expectation } from './compare-accounts.ts'
import { createDepositCrediter, type DepositCrediter } from './credit-deposits.ts'
import {
  type ContractFollower,
  createContractFollower,
  settlementCommand,
} from './follow-contract.ts'
import { peekPrices } from './peek-prices.ts'
import type { PriceBook } from './price-book.ts'
import type { RelayerMetrics } from './relayer-metrics.ts'
import { type DeployedTerms, noticesRecord, restoreNotices, restoreState } from './relayer-state.ts'
import type { RelayerStore, StoredRelayer } from './relayer-store.ts'
import { createKeyReporter } from './report-keys.ts'
import {
  type BatchLimits,
  BatchRefusedError,
  type OpenFeed,
  type Progress,
  SettleFeed,
} from './settle-feed.ts'
import { ThrottleKeeper } from './throttle-keeper.ts'
import { createDepositWatcher, type DepositWatcher } from './watch-deposits.ts'

export type RelayerOptions = {
  openFeed: OpenFeed
  commands: Pick<CommandClient, 'submit'>
  /** Newest durable command known. */
  headSeq: () => Seq
  store: RelayerStore
  /** The first one is written to; deposits must be the same on all. */
  rpcs: readonly [Rpc, ...Rpc[]]
  views: ContractViews
  contract: string
  deployBlock: number
  sender: TransactionSender
  finality: FinalitySource
  deployed: DeployedTerms
  limits: BatchLimits
  /** Gas that the chain settles for us in a second, in the long run; 0: new orders are never throttled. */
  gasPerS?: number
  clock: Clock
  logger: Logger
  metrics: RelayerMetrics
  /** Waiting times, shortened by tests. */
  pollMs?: number
  retryMs?: number
}

/** What an operator sees. */
export type RelayerStatus = {
  cursorSeq: Seq
  lastSeq: Seq
  headSeq: Seq
  unsettledMs: number
  batchesPending: number
  depositId: number
  noticeId: number
  /** Why settlement stands still, if it does; why deposits and the contract's other log do. */
  poison: string | undefined
  deposits: string | undefined
  notices: string | undefined
  difference: string | undefined
}

/** The chain and our records contradict each other: no retry can repair that. */
class ChainMismatchError extends Error {
  readonly code: 'CHAIN_BEHIND' | 'CHAIN_AHEAD'

  constructor(code: ChainMismatchError['code'], message: string) {
    super(message)
    this.name = 'ChainMismatchError'
    this.code = code
  }
}

export class Relayer {
  readonly #options: RelayerOptions
  readonly #pipeline: BatchPipeline
  readonly #expectations = new Map<number, Expectation>()
  readonly #abort = new AbortController()
  readonly #pollMs: number
  readonly #retryMs: number
  readonly #usualFee = new UsualFee()
  #feeRatio = 1
  #keeper: ThrottleKeeper | undefined
  #crediter: DepositCrediter | undefined
  #watcher: DepositWatcher | undefined
  #follower: ContractFollower | undefined
  /** When the engine last heard how far settlement is behind, and what it heard. */
  #told = { atMs: 0, sinceMs: 0 }
  #lagS = defaultLagS
  #draining = false
  #isEmpty = true
  #running: Promise<void> = Promise.resolve()
  readonly status: RelayerStatus = {
    cursorSeq: 0,
    lastSeq: 0,
    headSeq: 0,
    unsettledMs: 0,
    batchesPending: 0,
    depositId: 0,
    noticeId: 0,
    poison: undefined,
    deposits: undefined,
    notices: undefined,
    difference: undefined,
  }

  constructor(options: RelayerOptions) {
    this.#options = options
    this.#pollMs = options.pollMs ?? 250
    this.#retryMs = options.retryMs ?? 10_000
    const [rpc] = options.rpcs
    this.#pipeline = createBatchPipeline({
      ...options,
      rpc,
      lastBatchNo: async () => (await options.views.lastBatch()).batchNo,
      onMined: (batch) => this.#onMined(batch),
      onFinal: (batch) => this.#confirm(batch),
    })
  }

  /**
   * Takes up what is stored and runs until `close`. The promise rejects on what needs an operator.
   *
   * @throws ChainMismatchError when chain and records contradict each other
   */
  async start(): Promise<{ done: Promise<void> }> {
    const { store, deployBlock, rpcs, contract, finality, commands, logger } = this.#options
    const stored = await store.load()
    const [rpc] = rpcs
    faultPoint('relayer:loaded')
    for (const batch of stored.batches) this.#pipeline.add(batch)
    await this.#checkChain(stored.batches)
    faultPoint('relayer:chain-checked')
    this.#crediter = createDepositCrediter({
      reader: createDepositReader({ rpcs, contract }),
      finality,
      commands,
      cursor: stored.deposits ?? depositGenesis(Math.max(deployBlock - 1, 0)),
      save: (cursor) => store.saveDeposits(cursor),
      others: createKeyReporter({ reader: createKeyReader({ rpcs, contract }), commands, logger }),
      logger,
    })
    const [primary] = rpcs
    this.#watcher = createDepositWatcher({
      // One node's word will do for a hint.
      reader: createDepositReader({ rpcs: [primary], contract }),
      headBlock: () => primary.blockNumber(),
      finality,
      save: (pending) => store.savePendingDeposits(pending),
      nowMs: () => this.#options.clock.nowMs(),
      logger,
    })
    const { deployed } = this.#options
    this.#follower = createContractFollower({
      rpcs,
      contract,
      terms: deployed,
      finality,
      commands,
      place: restoreNotices(stored, deployBlock),
      save: (place) => store.saveRecord(noticesRecord(place)),
      logger,
    })
    logger.info(
      { cursorSeq: stored.cursorSeq, batches: this.#pipeline.size, rpc: rpc.url },
      'relayer starts',
    )
    this.#keeper = this.#openKeeper(stored)
    this.#running = this.#run(finalSeqOf(stored.batches))
    return { done: this.#running }
  }

  /**
   * Ends in order; nothing is lost wherever it stops. With `drainMs`, what the engine has matched is brought into a
   * block first, for at most so long: fills that wait for the next start may be too old for their prices by then.
   */
  async close(drainMs = 0): Promise<void> {
    const toSeq = this.#options.headSeq()
    const untilMs = this.#options.clock.monotonicMs() + drainMs
    this.#draining = true
    faultPoint('relayer:draining')
    while (!this.#isDrained(toSeq) && this.#options.clock.monotonicMs() < untilMs)
      await sleep(this.#pollMs / 5)
    this.#abort.abort()
    await this.#running.catch(() => {})
  }

  async #run(finalSeq: Seq): Promise<void> {
    await Promise.all([
      this.#settle(),
      this.#carry(),
      this.#credit(),
      this.#followContract(),
      this.#watch(),
      this.#throttle(finalSeq),
    ])
  }

  #isDrained(toSeq: Seq): boolean {
    const { poison, lastSeq } = this.status
    if (poison !== undefined || this.#closing) return true
    return lastSeq >= toSeq && this.#isEmpty && this.#pipeline.isClear
  }

  get #closing(): boolean {
    return this.#abort.signal.aborted
  }

  async #checkChain(batches: readonly { batchNo: number; status: string }[]): Promise<void> {
    const { batchNo } = await this.#options.views.lastBatch()
    const newest = batches.at(-1)?.batchNo ?? 0
    const final = batches.findLast(({ status }) => status === 'final')?.batchNo ?? 0
    if (batchNo > newest)
      throw new ChainMismatchError(
        'CHAIN_AHEAD',
        `the contract has settled batch ${batchNo}, our last one is ${newest}: another relayer, or lost records`,
      )
    if (batchNo < final)
      throw new ChainMismatchError(
        'CHAIN_BEHIND',
        `batch ${final} was final, but the contract stands at ${batchNo}: another chain, or lost blocks`,
      )
  }

  // Each run begins at the stored cursor. A refusal halves the batch until the command that causes it stands alone.
  async #settle(): Promise<void> {
    const { store, deployed, logger, metrics, limits } = this.#options
    let commandsMax = Number.MAX_SAFE_INTEGER
    let stopBefore: Seq = 0
    let fresh: PriceBook | undefined
    while (!this.#closing) {
      const stored = await store.load()
      // A checkpoint whose answer was lost may have been stored all the same.
      for (const batch of stored.batches) this.#pipeline.add(batch)
      const state = restoreState(stored, deployed)
      const feed = new SettleFeed({
        ...this.#options,
        state,
        cursorSeq: stored.cursorSeq,
        pipeline: this.#pipeline,
        limits,
        ageMs: () => this.#dueAgeMs(),
        commandsMax,
        stopBefore,
        fresh,
        isDraining: () => this.#draining,
        refreshAgeS: Math.floor(deployed.markAgeMaxS / 2),
        signal: this.#abort.signal,
        onHeader: (batchNo, expectation) => {
          this.#expectations.set(batchNo, expectation)
          commandsMax = Number.MAX_SAFE_INTEGER
          metrics.poison.set(0)
          this.status.poison = undefined
        },
        onProgress: (progress) => this.#onProgress(progress),
      })
      try {
        await feed.run()
      } catch (error) {
        if (error instanceof BatchRefusedError) {
          const alone = error.commandCount <= 1
          commandsMax = Math.max(1, Math.floor(error.commandCount / 2))
          logger.error({ err: error, refusal: error.refusal, commandsMax }, 'batch refused')
          if (alone) await this.#poisoned(error.message)
        } else if (error instanceof UnsettleableError) {
          const again = stopBefore === error.seq
          stopBefore = error.seq
          logger.error({ err: error, seq: error.seq }, 'command cannot settle')
          if (again) await this.#poisoned(error.message)
          // It may only be late (we were away for longer than L): then today's prices must do.
          fresh = await peekPrices(
            this.#options.openFeed,
            this.#options.headSeq(),
            state.facts.quorum,
          )
        } else if (isPassing(error)) await this.#failed('settle', error)
        else throw error
      }
    }
  }

  // Never skipped: an operator must look, and the cause may pass (an old price, a paused token).
  async #poisoned(message: string): Promise<void> {
    this.#options.metrics.poison.set(1)
    this.status.poison = message
    await this.#pause(this.#retryMs)
  }

  async #carry(): Promise<void> {
    while (!this.#closing) {
      try {
        if (this.#pipeline.size > 0) await this.#pipeline.step()
      } catch (error) {
        if (!isPassing(error)) throw error
        await this.#failed('carry', error)
      }
      this.status.batchesPending = this.#pipeline.size
      this.#options.metrics.batchesPending.set(this.#pipeline.size)
      // Only the next batch waits for a block; finality may be noticed a little later.
      await this.#pause(this.#pipeline.isClear ? this.#pollMs * 2 : this.#pollMs)
    }
  }

  async #credit(): Promise<void> {
    const { metrics } = this.#options
    while (!this.#closing) {
      try {
        const count = (await this.#crediter?.step()) ?? 0
        metrics.deposits.inc(count)
        this.status.depositId = this.#crediter?.cursor.depositId ?? 0
        this.status.deposits = undefined
        if (this.#crediter !== undefined) await this.#watcher?.step(this.#crediter.cursor)
        await this.#pause(this.#pollMs * 4)
      } catch (error) {
        this.status.deposits = String(error)
        await this.#failed('credit', error)
      }
    }
  }

  // Apart from deposits: what an owner asks for must not wait behind a deposit that is not believed.
  async #followContract(): Promise<void> {
    while (!this.#closing) {
      try {
        const count = (await this.#follower?.step()) ?? 0
        this.#options.metrics.notices.inc(count)
        this.status.noticeId = this.#follower?.place.noticeId ?? 0
        this.status.notices = undefined
        await this.#tellSettlement()
        await this.#pause(this.#pollMs * 4)
      } catch (error) {
        this.status.notices = String(error)
        await this.#failed('follow', error)
      }
    }
  }

  // The engine counts on hearing it: silence stops liquidations that would come too late, and then matching. That what was
  // late is settled it hears at once.
  async #tellSettlement(): Promise<void> {
    const { clock, commands } = this.#options
    const sinceMs = this.#keeper?.unsettledSinceMs
    if (this.status.noticeId === 0 || sinceMs === undefined) return
    const atMs = clock.nowMs()
    const told = this.#told
    const wasLate = told.sinceMs !== 0 && atMs - told.sinceMs > (this.#lagS * 1_000) / 2
    const isBetter = wasLate && (sinceMs === 0 || sinceMs > told.sinceMs)
    if (!isBetter && atMs - told.atMs < tellMs) return
    await commands.submit(settlementCommand(sinceMs))
    this.#told = { atMs, sinceMs }
  }

  #onProgress({ cursorSeq, lastSeq, headSeq, oldestMs, isEmpty }: Progress): void {
    this.#isEmpty = isEmpty
    // A command may do what costs gas on-chain elsewhere only: a trigger that was the engine's alone, a claim.
    if (isEmpty && this.#pipeline.isClear) this.#keeper?.passed(lastSeq)
    Object.assign(this.status, { cursorSeq, lastSeq, headSeq, unsettledMs: oldestMs })
    this.#options.metrics.lagSeqs.set(headSeq - lastSeq)
    this.#options.metrics.unsettledSeconds.set(oldestMs / 1000)
  }

  #openKeeper(stored: StoredRelayer): ThrottleKeeper {
    const { gasPerS = 0, deployed } = this.#options
    const { facts } = restoreState(stored, deployed)
    this.#lagS = facts.exchange?.settlementLagS ?? defaultLagS
    const capacity = gasPerS === 0 ? undefined : { gasPerS, settlementLagS: this.#lagS }
    const signal = this.#abort.signal
    const told = { ...facts.throttle, seq: stored.cursorSeq }
    return new ThrottleKeeper({ ...this.#options, capacity, signal }, told)
  }

  // The feed is followed apart from settlement, which does not read on while its batch waits.
  async #throttle(finalSeq: Seq): Promise<void> {
    await this.#keeper?.follow(finalSeq + 1)
  }

  async #watch(): Promise<void> {
    const { rpcs, metrics } = this.#options
    const [rpc] = rpcs
    while (!this.#closing) {
      try {
        const fee = Number((await rpc.block('latest'))?.baseFeePerGas ?? 0n)
        metrics.baseFeeWei.set(fee)
        this.#feeRatio = this.#usualFee.note(fee)
        await this.#keeper?.step()
        await this.#pause(this.#pollMs * 4)
      } catch (error) {
        if (!isPassing(error)) throw error
        await this.#failed('watch', error)
      }
    }
  }

  #dueAgeMs(): number {
    const { ageMs, ageMaxMs = ageMs } = this.#options.limits
    return dueAgeMs({ ageMs, ageMaxMs }, this.#feeRatio, this.#keeper?.stage ?? 0)
  }

  #onMined(batch: MinedBatch): void {
    const { metrics, logger } = this.#options
    const { gasUsed, gasPriceWei } = batch.receipt
    metrics.batches.inc()
    metrics.gas.inc(gasUsed)
    this.#keeper?.mined(batch.toSeq)
    if (batch.fillCount !== undefined && batch.fillCount > 0) {
      metrics.fills.inc(batch.fillCount)
      metrics.gasPerFill.set(gasUsed / batch.fillCount)
      metrics.costPerFillWei.set((gasUsed / batch.fillCount) * gasPriceWei)
    }
    this.#compare(batch).catch((error: unknown) => logger.error({ err: error }, 'compare failed'))
  }

  async #compare({ batchNo, receipt }: MinedBatch): Promise<void> {
    const { views, contract, rpcs, commands, logger, metrics, deployBlock, deployed } =
      this.#options
    const expectation = this.#expectations.get(batchNo)
    if (expectation === undefined) return
    const [rpc] = rpcs
    const comparer = { rpc, views, contract, deployBlock, backstop: deployed.backstop }
    const found = await compareAccounts(comparer, expectation, receipt.blockNumber)
    if (found.length === 0) return
    const [difference] = found
    metrics.differences.inc(found.length)
    this.status.difference = difference
    logger.fatal({ batchNo, differences: found }, 'contract and engine differ: withdrawals pause')
    await commands.submit(encodeCommand({ kind: 'SetWithdrawals', paused: 1 }))
  }

  async #confirm({ batchNo, toSeq, receipt }: MinedBatch): Promise<void> {
    const { commands } = this.#options
    const { events } = await commands.submit(
      encodeCommand({
        kind: 'ConfirmBatch',
        batchNo,
        toSeq,
        gasUsed: receipt.gasUsed,
        blockNumber: receipt.blockNumber,
        txHash: new Uint8Array(Buffer.from(receipt.txHash.slice(2), 'hex')),
      }),
    )
    faultPoint('relayer:confirmation-sent')
    this.#expectations.delete(batchNo)
    const refusal = decodeEvents(events).find((event) => event.kind === 'CommandRejected')
    // Confirmed before a crash or an unanswered submit: done is done.
    if (refusal === undefined || refusal.code === rejectCode.NOTHING_TO_CONFIRM) return
    throw new Error(`the engine refuses to confirm batch ${batchNo}: ${rejectName(refusal.code)}`)
  }

  async #failed(step: string, error: unknown): Promise<void> {
    const { logger, metrics } = this.#options
    metrics.faults.inc({ step })
    logger.warn({ err: error, step }, 'step failed, will repeat')
    await this.#pause(Math.min(1_000, this.#retryMs))
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#abort.signal }).catch(() => {})
  }
}

/** How often the engine hears how far settlement is behind. */
const tellMs = 30_000
/** Where the feed's first command was not read yet. */
const defaultLagS = 600

const finalSeqOf = (batches: readonly { status: string; toSeq: Seq }[]): Seq =>
  batches.findLast(({ status }) => status === 'final')?.toSeq ?? 0

// Node, sequencer and database come back by themselves; anything else is a bug or an operator's matter.
const passing = new Set([
  'RPC_UNAVAILABLE',
  'RPC_ERROR',
  'OUTCOME_UNKNOWN',
  'UNAVAILABLE',
  'OVERLOADED',
  'ECONNREFUSED',
  'ECONNRESET',
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECT_TIMEOUT',
])

const isPassing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && passing.has(String(error.code))
