//! The common part of everything that changes something: checks at the door, the durable answer, failures in public words.
import { bytesHex, compactSignature, type Recovered, type VerifyPool } from '@plumb/chain'
import { type CommandRejected, decodeEvents, type EngineEvent, type Market } from '@plumb/model'
import { PlumbError } from '@plumb/protocol'
import { type Clock, type CommandClient, CommandError, faultPoint } from '@plumb/runtime'
import type { Origin, TrafficGuard } from '../guard/traffic-guard.ts'
import { catchingUp } from '../view/catching-up.ts'
import type { ExchangeView } from '../view/exchange-view.ts'
import type { PublicObjects } from '../view/public-objects.ts'
import { AnswerDeadlines, AnswerTimeout } from './answer-deadlines.ts'
import { rejectError } from './reject-error.ts'

/** Longest wait for the sequencer's answer; then the outcome is open (TIMEOUT). */
const ANSWER_TIMEOUT_MS = 8_000
/** Longest wait for the gateway's own view to show what was acknowledged. */
const VIEW_TIMEOUT_MS = 1_000
/** Unverified signatures beyond which new orders are turned away; cancels still pass. */
const VERIFY_QUEUE_MAX = 4_096
/** Longest wait of a closing gateway for answers: what has none then has an open outcome. */
const DRAIN_MS = 3_000
const CLOSING_RETRY_MS = 1_000

export type EntryParts = {
  view: ExchangeView
  objects: PublicObjects
  commands: CommandClient
  pool: VerifyPool
  guard: TrafficGuard
  clock: Clock
  /** Whether the view has caught up, so that its answers may be trusted. */
  ready: () => boolean
  /** Counts answers by code (`ok` for success) and their latency. */
  answered: (op: string, code: string, seconds: number) => void
}

/** What a command led to, durable. */
export type Answer = { seq: number; timeMs: number; events: readonly EngineEvent[] }

export class Submission {
  readonly parts: EntryParts
  readonly #deadlines = new AnswerDeadlines(ANSWER_TIMEOUT_MS)
  #inFlight = 0
  #draining = false
  #idle: (() => void) | undefined

  constructor(parts: EntryParts) {
    this.parts = parts
  }

  /** Throws UNAVAILABLE while the view is not in step, and for all but cancels once the gateway is closing. */
  requireReady(isCancel = false): void {
    if (this.#draining && !isCancel)
      throw new PlumbError('UNAVAILABLE', {
        message: 'The gateway is closing: nothing was done, ask another or try again.',
        retryAfter: CLOSING_RETRY_MS,
      })
    if (!this.parts.ready()) throw catchingUp()
  }

  /** Takes nothing new but cancels from now on; resolves once everything taken is answered, or after a while. */
  async drain(): Promise<void> {
    this.#draining = true
    if (this.#inFlight === 0) return
    await new Promise<void>((resolve) => {
      this.#idle = resolve
      setTimeout(resolve, DRAIN_MS).unref()
    })
  }

  /** Turns new signatures away while too many wait. */
  requireRoom(): void {
    if (this.parts.pool.queued > VERIFY_QUEUE_MAX) throw new PlumbError('OVERLOADED')
  }

  /** Signer and compact signature, once it is certain that the named account made it. */
  async signedBy(
    account: string,
    signature: Uint8Array,
    job: Promise<Recovered | null>,
    origin: Origin,
  ): Promise<Recovered & { signature: Uint8Array }> {
    const recovered = await job.catch(() => {
      throw new PlumbError('OVERLOADED') // the pool is closing: nothing was sequenced
    })
    const compact = recovered === null ? null : compactSignature(signature)
    if (
      recovered === null ||
      compact === null ||
      bytesHex(recovered.signer) !== account.toLowerCase()
    ) {
      this.parts.guard.badSignature(origin, this.parts.clock.nowMs())
      throw new PlumbError('BAD_SIGNATURE', { field: 'signature' })
    }
    return { ...recovered, signature: compact }
  }

  /** The durable answer of the sequencer, once reads would show it; a refusal of the engine as PlumbError. */
  async submit(command: Uint8Array, market?: Market): Promise<Answer> {
    const submitted = this.parts.commands.submit(command)
    faultPoint('gateway:command-sent')
    const reply = await this.#deadlines.within(submitted)
    faultPoint('gateway:command-durable')
    const { view, clock } = this.parts
    // A feed that lags does not hold the answer for long.
    const shown = await view.eventsOf(reply.seq, VIEW_TIMEOUT_MS, clock.nowMs())
    const events = shown ?? decodeEvents(reply.events)
    const rejected: CommandRejected | undefined = eventOf(events, 'CommandRejected')
    if (rejected !== undefined) throw rejectError(rejected, market)
    return { seq: reply.seq, timeMs: reply.timeMs, events }
  }

  async measured<T>(op: string, run: () => Promise<T>): Promise<T> {
    const { clock, answered } = this.parts
    const start = clock.monotonicMs()
    this.#inFlight += 1
    const done = (code: string) => {
      this.#inFlight -= 1
      if (this.#inFlight === 0) this.#idle?.()
      answered(op, code, (clock.monotonicMs() - start) / 1_000)
    }
    try {
      faultPoint('gateway:request-taken')
      const result = await run()
      faultPoint('gateway:request-answered')
      done('ok')
      return result
    } catch (error) {
      const failure = publicError(error)
      done(failure?.code ?? 'INTERNAL')
      throw failure ?? error // a bug: the edge answers INTERNAL and logs it
    }
  }
}

/** What the transport did, in public words: only a command that surely was not sequenced may be called failed. */
function publicError(error: unknown): PlumbError | undefined {
  if (error instanceof PlumbError) return error
  if (error instanceof AnswerTimeout) return new PlumbError('TIMEOUT')
  if (error instanceof CommandError) {
    if (error.code === 'OUTCOME_UNKNOWN') return new PlumbError('TIMEOUT')
    if (error.code === 'OVERLOADED') return new PlumbError('OVERLOADED', { retryAfter: 100 })
    if (error.code === 'UNAVAILABLE') return new PlumbError('UNAVAILABLE', { retryAfter: 1_000 })
  }
  return undefined
}

/** The first event of a kind. */
export function eventOf<K extends EngineEvent['kind']>(
  events: readonly EngineEvent[],
  kind: K,
): Extract<EngineEvent, { kind: K }> | undefined {
  const isKind = (event: EngineEvent): event is Extract<EngineEvent, { kind: K }> =>
    event.kind === kind
  return events.find(isKind)
}
