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
  type TransferFields,
  type WithdrawFields,
} from './eip712.ts'
import type { SignatureBackendName } from './signature-backend.ts'
import { JOB_BYTES, type Recovered, readAnswer, writeJob } from './signature-batch.ts'
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

/** Who waits for a signer. Its methods must not throw. */
export type SignerWaiter = {
  /** @param recovered views of a batch's answer; null: the signature is to be refused */
  recovered(recovered: Recovered | null): void
  /** A thread died: nothing is known of the signature. */
  poolFailed(error: Error): void
}
/** Jobs are written where they will travel from; `waiters` are as many as there are jobs. */
type Batch = { jobs: Uint8Array<ArrayBuffer>; waiters: SignerWaiter[] }
type Lane = { thread: SignatureThread; inFlight: number }

/**
 * Recovers signers off the calling thread. Answers may come in any order: callers keep their own. A rejection means
 * that a thread died, never that a signature is bad (that is null).
 */
export class VerifyPool {
  readonly backend: SignatureBackendName
  readonly #lanes: Lane[]
  #queue: Batch[] = []
  #queued = 0
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
    return this.#queued
  }

  recoverOrderSigner(order: OrderFields, signature: Uint8Array): Promise<Recovered | null> {
    return this.#recover(signature, (out, at) => encodeOrder(out, at, order))
  }

  /** As `recoverOrderSigner`, with a call instead of a promise; it may come at once. */
  recoverOrder(order: OrderFields, signature: Uint8Array, waiter: SignerWaiter): void {
    this.#add(signature, (out, at) => encodeOrder(out, at, order), waiter)
  }

  recoverWithdrawSigner(
    withdraw: WithdrawFields,
    signature: Uint8Array,
  ): Promise<Recovered | null> {
    return this.#recover(signature, (out, at) => encodeWithdraw(out, at, withdraw))
  }

  recoverTransferSigner(
    transfer: TransferFields,
    signature: Uint8Array,
  ): Promise<Recovered | null> {
    return this.#recover(signature, (out, at) => encodeTransfer(out, at, transfer))
  }

  recoverLoginSigner(login: LoginFields, signature: Uint8Array): Promise<Recovered | null> {
    return this.#recover(signature, (out, at) => encodeLogin(out, at, login))
  }

  /** Stops the threads; what still waits is rejected. */
  async close(): Promise<void> {
    this.#closed = true
    clearImmediate(this.#turn)
    for (const batch of this.#queue.splice(0)) fail(batch, closedError())
    this.#queued = 0
    await Promise.all(this.#lanes.map(({ thread }) => thread.close()))
  }

  #recover(
    signature: Uint8Array,
    encode: (out: Uint8Array, at: number) => number,
  ): Promise<Recovered | null> {
    return new Promise((resolve, reject) => {
      this.#add(signature, encode, { recovered: resolve, poolFailed: reject })
    })
  }

  #add(
    signature: Uint8Array,
    encode: (out: Uint8Array, at: number) => number,
    waiter: SignerWaiter,
  ): void {
    if (this.#closed) {
      waiter.poolFailed(closedError())
      return
    }
    const batch = this.#open()
    if (!writeJob(batch.jobs, batch.waiters.length, signature, encode)) {
      waiter.recovered(null)
      return
    }
    batch.waiters.push(waiter)
    this.#queued += 1
    if (this.#queued >= BATCH_MIN) this.#dispatch(BATCH_MIN)
    else this.#turn ??= setImmediate(this.#endOfTurn)
  }

  readonly #endOfTurn = (): void => {
    this.#turn = undefined
    this.#dispatch(1)
  }

  /** The last batch while it has room, or a new one behind it. */
  #open(): Batch {
    const last = this.#queue.at(-1)
    if (last !== undefined && last.waiters.length < BATCH_MAX) return last
    const batch = { jobs: new Uint8Array(BATCH_MAX * JOB_BYTES), waiters: [] }
    this.#queue.push(batch)
    return batch
  }

  /** Hands batches to the threads that have room, the least loaded first, while at least `least` jobs wait. */
  #dispatch(least: number): void {
    while (this.#queued >= least) {
      const lane = this.#idlest()
      if (lane === undefined || lane.inFlight >= BATCHES_PER_THREAD) return
      const batch = this.#queue.shift()
      if (batch === undefined) return
      this.#queued -= batch.waiters.length
      void this.#answer(lane, batch)
    }
  }

  #idlest(): Lane | undefined {
    return this.#lanes.toSorted((a, b) => a.inFlight - b.inFlight)[0]
  }

  async #answer(lane: Lane, { jobs, waiters }: Batch): Promise<void> {
    lane.inFlight++
    try {
      const answers = await lane.thread.answer(jobs.subarray(0, waiters.length * JOB_BYTES))
      for (const [index, waiter] of waiters.entries()) waiter.recovered(readAnswer(answers, index))
    } catch (error) {
      fail({ jobs, waiters }, error instanceof Error ? error : new Error(String(error)))
    }
    lane.inFlight--
    this.#dispatch(1)
  }
}

function fail({ waiters }: Batch, error: Error): void {
  for (const waiter of waiters) waiter.poolFailed(error)
}

function closedError(): Error {
  return new Error('the verification pool is closed')
}
