//! Signature recovery on worker threads, in batches; the gateway's event loop only copies bytes.
import {
  domainSeparator,
  encodeLogin,
  encodeOrder,
  encodeTransfer,
  encodeWithdraw,
  type LoginFields,
  type OrderFields,
  type SigningDomain,
  STRUCT_BYTES_MAX,
  type TransferFields,
  type WithdrawFields,
} from './eip712.ts'
import type { SignatureBackendName } from './signature-backend.ts'
import { JOB_BYTES, type Recovered, readAnswer, writeJob } from './signature-batch.ts'
import { readSignature } from './signature-encoding.ts'
import { createInlineThread, createWorkerThread, type SignatureThread } from './signature-thread.ts'

/** A batch this large leaves at once; a smaller one at the end of the event loop's turn. */
const BATCH_MIN = 16
/** Largest batch: bounds how long one batch keeps a thread (64 × 55 us). */
const BATCH_MAX = 64
/** Batches given to a thread before it answers: one at work, one waiting, so that it never idles. */
const BATCHES_PER_THREAD = 2

export type VerifyPoolOptions = SigningDomain & {
  /** Worker threads; 0 verifies in line, in the same batches (tests, one-core machines). */
  threads: number
}

type Pending = {
  struct: Uint8Array
  signature: Uint8Array
  parity: 0 | 1
  resolve: (recovered: Recovered | null) => void
  reject: (error: Error) => void
}
type Lane = { thread: SignatureThread; inFlight: number }

/**
 * Recovers signers off the calling thread. Answers may come in any order: callers keep their own. A rejection means
 * that a thread died, never that a signature is bad (that is null).
 */
export class VerifyPool {
  readonly backend: SignatureBackendName
  readonly #lanes: Lane[]
  #queue: Pending[] = []
  #turn: NodeJS.Immediate | undefined
  #closed = false

  private constructor(threads: SignatureThread[]) {
    this.backend = threads[0]?.backend ?? 'noble-curves'
    this.#lanes = threads.map((thread) => ({ thread, inFlight: 0 }))
  }

  /** Starts the threads and waits until each has loaded its backend. */
  static async create(options: VerifyPoolOptions): Promise<VerifyPool> {
    const domain = domainSeparator(options)
    const start = () => createWorkerThread(domain)
    const threads =
      options.threads === 0
        ? [await createInlineThread(domain)]
        : await Promise.all(Array.from({ length: options.threads }, start))
    return new VerifyPool(threads)
  }

  /** Jobs waiting for a thread. */
  get queued(): number {
    return this.#queue.length
  }

  recoverOrderSigner(order: OrderFields, signature: Uint8Array): Promise<Recovered | null> {
    const struct = new Uint8Array(STRUCT_BYTES_MAX)
    encodeOrder(struct, 0, order)
    return this.#recover(struct, signature)
  }

  recoverWithdrawSigner(
    withdraw: WithdrawFields,
    signature: Uint8Array,
  ): Promise<Recovered | null> {
    const struct = new Uint8Array(STRUCT_BYTES_MAX)
    return this.#recover(struct.subarray(0, encodeWithdraw(struct, 0, withdraw)), signature)
  }

  recoverTransferSigner(
    transfer: TransferFields,
    signature: Uint8Array,
  ): Promise<Recovered | null> {
    const struct = new Uint8Array(STRUCT_BYTES_MAX)
    return this.#recover(struct.subarray(0, encodeTransfer(struct, 0, transfer)), signature)
  }

  recoverLoginSigner(login: LoginFields, signature: Uint8Array): Promise<Recovered | null> {
    const struct = new Uint8Array(STRUCT_BYTES_MAX)
    return this.#recover(struct.subarray(0, encodeLogin(struct, 0, login)), signature)
  }

  /** Stops the threads; what still waits is rejected. */
  async close(): Promise<void> {
    this.#closed = true
    clearImmediate(this.#turn)
    for (const { reject } of this.#queue.splice(0)) reject(closedError())
    await Promise.all(this.#lanes.map(({ thread }) => thread.close()))
  }

  #recover(struct: Uint8Array, signature: Uint8Array): Promise<Recovered | null> {
    if (this.#closed) return Promise.reject(closedError())
    const plain = new Uint8Array(64)
    const parity = readSignature(signature, plain)
    if (parity === -1) return Promise.resolve(null)
    return new Promise((resolve, reject) => {
      this.#queue.push({ struct, signature: plain, parity, resolve, reject })
      if (this.#queue.length >= BATCH_MIN) this.#dispatch(BATCH_MIN)
      else
        this.#turn ??= setImmediate(() => {
          this.#turn = undefined
          this.#dispatch(1)
        })
    })
  }

  /** Hands batches of at least `least` jobs to the threads that have room, the least loaded first. */
  #dispatch(least: number): void {
    while (this.#queue.length >= least) {
      const lane = this.#idlest()
      if (lane === undefined || lane.inFlight >= BATCHES_PER_THREAD) return
      void this.#answer(lane, this.#queue.splice(0, BATCH_MAX))
    }
  }

  #idlest(): Lane | undefined {
    return this.#lanes.toSorted((a, b) => a.inFlight - b.inFlight)[0]
  }

  async #answer(lane: Lane, batch: Pending[]): Promise<void> {
    const jobs = new Uint8Array(batch.length * JOB_BYTES)
    for (const [index, job] of batch.entries()) writeJob(jobs, index, job)
    lane.inFlight++
    try {
      const answers = await lane.thread.answer(jobs)
      for (const [index, { resolve }] of batch.entries()) resolve(readAnswer(answers, index))
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error))
      for (const { reject } of batch) reject(failure)
    }
    lane.inFlight--
    this.#dispatch(1)
  }
}

function closedError(): Error {
  return new Error('the verification pool is closed')
}
