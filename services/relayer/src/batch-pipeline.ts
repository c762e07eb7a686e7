//! Takes prepared batches to the chain and, once they are final, to the engine: PREPARED → SENT → MINED → FINAL.
import {
  batchCode,
  exchangeInterface,
  type FinalitySource,
  type PendingTransaction,
  type Receipt,
  type Rpc,
  RpcError,
  type SignedTransaction,
  type TransactionSender,
} from '@plumb/chain'
import type { Seq } from '@plumb/model'
import { type Clock, faultPoint, type Logger } from '@plumb/runtime'
import type { BatchStatus, RelayerStore, StoredBatch } from './relayer-store.ts'

/** Why the contract refuses a batch: its code and place, or whatever else the node said. */
export type Refusal = { code: string; segment: number; index: number }

export type MinedBatch = {
  batchNo: number
  fromSeq: Seq
  toSeq: Seq
  /** Unknown of a batch that was stored before a restart. */
  fillCount?: number
  receipt: Receipt
}

export type PipelineOptions = {
  rpc: Rpc
  contract: string
  sender: TransactionSender
  finality: FinalitySource
  store: RelayerStore
  clock: Clock
  logger: Logger
  /** Last batch the contract has settled, at the head. */
  lastBatchNo: () => Promise<number>
  /** The batch is in a block (again, after a reorganisation). */
  onMined: (batch: MinedBatch) => void
  /** The batch is final: tells the engine; the batch stays MINED until this resolves. */
  onFinal: (batch: MinedBatch) => Promise<void>
}

type Entry = {
  batch: StoredBatch
  status: BatchStatus
  pending: PendingTransaction
  receipt: Receipt | undefined
}

/** Batches on their way, in order. One `step` looks at all of them; it may be repeated after any failure. */
export type BatchPipeline = {
  /** Why the contract would refuse this batch at the head, or null. */
  simulate(calldata: Uint8Array, gasLimit: number): Promise<Refusal | null>
  /** Signs the transaction of a batch at the next nonce, to be stored with it. */
  sign(calldata: Uint8Array, gasLimit: number): Promise<SignedTransaction>
  /** Takes over a stored batch; one it has already changes nothing. */
  add(batch: StoredBatch): void
  /** Whether every batch is mined: only then can the next one be simulated. */
  readonly isClear: boolean
  /** Batches not yet final. */
  readonly size: number
  /** Set while a batch that is already stored cannot be brought on-chain. */
  readonly blocked: string | undefined
  step(): Promise<void>
}

const settleData = (calldata: Uint8Array) =>
  exchangeInterface.encodeFunctionData('settle', [calldata])

/** What a failed call says, in the contract's words where it has any. */
const refusalOf = (error: RpcError): Refusal => {
  const parsed = error.data === undefined ? null : exchangeInterface.parseError(error.data)
  if (parsed?.name !== 'BatchRejected')
    return { code: parsed?.name ?? error.message, segment: -1, index: -1 }
  const [code, segment, index] = parsed.args.map(Number)
  const name = Object.entries(batchCode).find(([, number]) => number === code)?.[0]
  return { code: name ?? `CODE_${code}`, segment: segment ?? -1, index: index ?? -1 }
}

export const createBatchPipeline = (options: PipelineOptions): BatchPipeline => {
  const { rpc, contract, sender, finality, store, clock, logger } = options
  const entries: Entry[] = []
  let nextNonce = 0
  let finalNo = 0
  let blocked: string | undefined

  const simulate = async (calldata: Uint8Array, gasLimit: number) => {
    const data = settleData(calldata)
    try {
      await rpc.call({ from: sender.address, to: contract, data, gas: gasLimit }, 'latest')
      return null
    } catch (error) {
      if (error instanceof RpcError) return refusalOf(error)
      throw error
    }
  }

  const sign = async (calldata: Uint8Array, gasLimit: number) => {
    const used = await rpc.transactionCount(sender.address, 'latest')
    const nonce = Math.max(nextNonce, used)
    return sender.prepare({ to: contract, data: settleData(calldata), nonce, gasLimit })
  }

  const setStatus = async (entry: Entry, status: BatchStatus, receipt?: Receipt) => {
    const { txHash, gasUsed, blockNumber } = receipt ?? {}
    await store.updateBatch(entry.batch.batchNo, {
      status,
      atMs: clock.nowMs(),
      ...(txHash === undefined ? {} : { txHash }),
      ...(gasUsed === undefined ? {} : { gasUsed }),
      ...(blockNumber === undefined ? {} : { blockNumber }),
    })
    entry.status = status
    entry.receipt = receipt
  }

  const saveAttempt = async (entry: Entry, attempt: SignedTransaction) => {
    const { batchNo } = entry.batch
    await store.addAttempt(batchNo, entry.pending.attempts.length + 1, attempt)
    nextNonce = Math.max(nextNonce, attempt.nonce + 1)
    logger.warn({ batchNo, txHash: attempt.txHash, nonce: attempt.nonce }, 'batch signed anew')
  }

  // The nonce is gone without the batch (a reverted or a foreign transaction): the same bytes at a new nonce, unless
  // the contract has the batch after all.
  const renew = async (entry: Entry) => {
    const { batchNo, calldata, gasLimit } = entry.batch
    if ((await options.lastBatchNo()) >= batchNo) return
    const refusal = await simulate(calldata, gasLimit)
    if (refusal !== null) {
      blocked = `batch ${batchNo} is refused: ${refusal.code} (${refusal.segment}, ${refusal.index})`
      logger.error({ batchNo, refusal }, 'a stored batch is refused by the contract')
      return
    }
    blocked = undefined
    const attempt = await sign(calldata, gasLimit)
    await saveAttempt(entry, attempt)
    entry.pending.attempts.push(attempt)
  }

  /** Whether the batch is in a block now. */
  const bringOn = async (entry: Entry): Promise<boolean> => {
    const { batch, pending } = entry
    const state = await sender.advance(pending, { save: (attempt) => saveAttempt(entry, attempt) })
    if (state.state === 'waiting') faultPoint('relayer:transaction-sent')
    if (state.state === 'mined' && state.receipt.succeeded) {
      const { receipt } = state
      if (entry.status === 'mined' && entry.receipt?.blockHash === receipt.blockHash) return true
      faultPoint('relayer:batch-mined')
      await setStatus(entry, 'mined', receipt)
      faultPoint('relayer:mined-stored')
      logger.info({ batchNo: batch.batchNo, toSeq: batch.toSeq, ...receipt }, 'batch mined')
      options.onMined({ ...batch, receipt })
      return true
    }
    if (entry.status === 'mined')
      logger.warn({ batchNo: batch.batchNo, txHash: entry.receipt?.txHash }, 'batch left its block')
    if (entry.status !== 'sent') {
      await setStatus(entry, 'sent')
      faultPoint('relayer:sent-stored')
    }
    if (state.state !== 'waiting') await renew(entry)
    return false
  }

  const settleFinal = async () => {
    if (entries[0]?.status !== 'mined') return
    const final = await finality.finalBlock()
    for (let entry = entries[0]; entry?.receipt !== undefined; entry = entries[0]) {
      const { batch, receipt } = entry
      if (entry.status !== 'mined' || final === undefined || receipt.blockNumber > final) return
      faultPoint('relayer:batch-final')
      await options.onFinal({ ...batch, receipt })
      faultPoint('relayer:batch-confirmed')
      await setStatus(entry, 'final', receipt)
      faultPoint('relayer:final-stored')
      entries.shift()
      finalNo = batch.batchNo
      logger.info({ batchNo: batch.batchNo, toSeq: batch.toSeq }, 'batch final')
    }
  }

  return {
    simulate,
    sign,
    add: (batch) => {
      // A final batch only says where the nonces stand.
      for (const { nonce } of batch.attempts) nextNonce = Math.max(nextNonce, nonce + 1)
      if (batch.status === 'final') finalNo = Math.max(finalNo, batch.batchNo)
      if (batch.batchNo <= finalNo || entries.some((e) => e.batch.batchNo === batch.batchNo)) return
      const pending = { attempts: [...batch.attempts], lastSentMs: clock.nowMs() }
      entries.push({ batch, status: batch.status, pending, receipt: undefined })
    },
    get isClear() {
      return entries.every(({ status, receipt }) => status === 'mined' && receipt !== undefined)
    },
    get size() {
      return entries.length
    },
    get blocked() {
      return blocked
    },
    step: async () => {
      // In order: a batch is worth sending only on top of the one before it.
      for (const entry of entries) if (!(await bringOn(entry))) return
      await settleFinal()
    },
  }
}
