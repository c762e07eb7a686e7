//! One transaction at a nonce until it is mined: stored before it is sent, resent when lost, replaced only in place.
import { computeAddress, SigningKey, Transaction } from 'ethers'
import { type Receipt, type Rpc, RpcError } from './rpc.ts'

/** A signed transaction as it is stored and sent; the raw bytes (hex) say all about it. */
export type SignedTransaction = { nonce: number; txHash: string; rawTx: string }
/** EIP-1559 fees in wei. */
export type Fees = { maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }
/** What a transaction shall do, whatever it costs. */
export type TransactionContent = { to: string; data: string; nonce: number; gasLimit: number }

/** Signs for one key on one chain. */
export type TransactionSigner = {
  readonly address: string
  sign(content: TransactionContent, fees: Fees): SignedTransaction
}

/** @param privateKey 32 bytes as 0x-hex */
export const createTransactionSigner = (privateKey: string, chainId: number): TransactionSigner => {
  const key = new SigningKey(privateKey)
  return {
    address: computeAddress(key.publicKey),
    sign: (content, fees) => {
      const transaction = Transaction.from({ type: 2, chainId, ...content, ...fees, value: 0 })
      transaction.signature = key.sign(transaction.unsignedHash)
      const { hash, serialized } = transaction
      if (hash === null) throw new TypeError('a signed transaction has no hash')
      return { nonce: content.nonce, txHash: hash, rawTx: serialized }
    },
  }
}

/** Fees for the next blocks: room for the base fee to double, and the tip the node asks for. */
export const suggestFees = async (rpc: Rpc): Promise<Fees> => {
  const [block, tip] = await Promise.all([rpc.block('latest'), rpc.priorityFee()])
  return { maxFeePerGas: 2n * (block?.baseFeePerGas ?? 0n) + tip, maxPriorityFeePerGas: tip }
}

const raised = (fee: bigint) => (fee * 1_125n + 999n) / 1_000n

const larger = (a: bigint, b: bigint) => (a > b ? a : b)

/** Fees a node accepts as a replacement (12.5 % more of both), or the suggested ones where these are higher. */
export const bumpFees = (previous: Fees, suggested: Fees): Fees => ({
  maxFeePerGas: larger(raised(previous.maxFeePerGas), suggested.maxFeePerGas),
  maxPriorityFeePerGas: larger(
    raised(previous.maxPriorityFeePerGas),
    suggested.maxPriorityFeePerGas,
  ),
})

/** Content and fees out of the stored bytes. */
export const readSignedTransaction = (rawTx: string): TransactionContent & Fees => {
  const { to, data, nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas } = Transaction.from(rawTx)
  if (to === null || maxFeePerGas === null || maxPriorityFeePerGas === null)
    throw new TypeError('not an EIP-1559 call')
  return { to, data, nonce, gasLimit: Number(gasLimit), maxFeePerGas, maxPriorityFeePerGas }
}

/** Every signed form of one transaction, oldest first; the nonce only rises where an earlier one was lost. */
export type PendingTransaction = { attempts: SignedTransaction[]; lastSentMs: number }

/** Where attempts are kept: `save` resolves when the attempt survives a crash. */
export type AttemptStore = { save(attempt: SignedTransaction): Promise<void> }

export type TransactionState =
  /** In a block; `receipt.succeeded` says whether it did anything. */
  | { state: 'mined'; receipt: Receipt }
  | { state: 'waiting' }
  /** The nonce is used, yet none of the attempts is mined: somebody else sent with this key, or the head is moving. */
  | { state: 'displaced' }

export type TransactionSenderOptions = {
  rpc: Rpc
  signer: TransactionSigner
  nowMs: () => number
  /** Replace an attempt that has waited this long. */
  bumpAfterMs?: number
  /** Never bid above this (wei per gas). */
  maxFeePerGasCap?: bigint
}

/** Takes transactions to the chain; every step may be repeated after a crash. */
export type TransactionSender = {
  readonly address: string
  /** Signs without sending: the caller stores it first. */
  prepare(content: TransactionContent): Promise<SignedTransaction>
  /** One step: looks for a receipt, resends what the node has lost, replaces what waits too long. */
  advance(pending: PendingTransaction, store: AttemptStore): Promise<TransactionState>
}

// What nodes say when the transaction, or another one at its nonce, is there already.
const benign = /already known|already imported|nonce too low|underpriced|known transaction/i

const send = async (rpc: Rpc, attempt: SignedTransaction) => {
  try {
    await rpc.sendRawTransaction(attempt.rawTx)
  } catch (error) {
    if (!(error instanceof RpcError && benign.test(error.message))) throw error
  }
}

// A failed attempt counts only while its nonce is the current one: later ones may still succeed.
const findReceipt = async (rpc: Rpc, attempts: readonly SignedTransaction[]) => {
  const nonce = attempts.at(-1)?.nonce
  let failed: Receipt | undefined
  for (const attempt of attempts.toReversed()) {
    const receipt = await rpc.receipt(attempt.txHash)
    if (receipt?.succeeded === true) return receipt
    if (receipt !== undefined && attempt.nonce === nonce) failed = receipt
  }
  return failed
}

/** @example const { state } = await sender.advance(pending, store) // again on every new block */
export const createTransactionSender = (options: TransactionSenderOptions): TransactionSender => {
  const { rpc, signer, nowMs } = options
  const { bumpAfterMs = 15_000, maxFeePerGasCap = 500_000_000_000n } = options

  const replace = async (
    newest: SignedTransaction,
    pending: PendingTransaction,
    store: AttemptStore,
  ) => {
    const { maxFeePerGas, maxPriorityFeePerGas, ...content } = readSignedTransaction(newest.rawTx)
    const fees = bumpFees({ maxFeePerGas, maxPriorityFeePerGas }, await suggestFees(rpc))
    if (fees.maxFeePerGas > maxFeePerGasCap) return send(rpc, newest)
    const attempt = signer.sign(content, fees)
    await store.save(attempt)
    pending.attempts.push(attempt)
    await send(rpc, attempt)
  }

  return {
    address: signer.address,
    prepare: async (content) => signer.sign(content, await suggestFees(rpc)),
    advance: async (pending, store) => {
      const newest = pending.attempts.at(-1)
      if (newest === undefined) throw new RangeError('a pending transaction without attempts')
      // The count first: an attempt mined between the two questions is then still found below.
      const before = await rpc.transactionCount(signer.address, 'latest')
      const receipt = await findReceipt(rpc, pending.attempts)
      if (receipt !== undefined) return { state: 'mined', receipt }
      // And again: with blocks taken back between the questions, neither answer was wrong, and nobody took the nonce.
      const used = Math.min(before, await rpc.transactionCount(signer.address, 'latest'))
      if (used > newest.nonce) return { state: 'displaced' }
      // After a reorganisation the chain may stand at the nonce of an earlier attempt: a later one would wait for it for ever.
      const due = pending.attempts.findLast(({ nonce }) => nonce === used) ?? newest
      const now = nowMs()
      if (!(await rpc.knowsTransaction(due.txHash))) await send(rpc, due)
      else if (now - pending.lastSentMs < bumpAfterMs) return { state: 'waiting' }
      else await replace(due, pending, store)
      pending.lastSentMs = now
      return { state: 'waiting' }
    },
  }
}
