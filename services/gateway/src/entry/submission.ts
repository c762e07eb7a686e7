//! The common part of everything that changes something: checks at the door, the durable answer, failures in public words.
import { bytesHex, compactSignature, type Recovered, type VerifyPool } from '@plumb/chain'
import { decodeEvents, type EngineEvent, type Market } from '@plumb/model'
import { PlumbError } from '@plumb/protocol'
import {
  type Clock,
  type CommandClient,
  CommandError,
  type CommandReply,
  type CommandWaiter,
  faultPoint,
  type StageTimes,
} from '@plumb/runtime'
import type { Origin, TrafficGuard } from '../guard/traffic-guard.ts'
import { catchingUp } from '../view/catching-up.ts'
import type { EventsWaiter, ExchangeView } from '../view/exchange-view.ts'
import { reasonOf } from '../view/market-reason.ts'
import type { PublicObjects } from '../view/public-objects.ts'
import { AnswerDeadlines, type Awaiting } from './answer-deadlines.ts'
import { stage } from './order-stages.ts'
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
  stages: StageTimes
}

/** What a command led to, durable. */
export type Answer = { seq: number; timeMs: number; events: readonly EngineEvent[] }

/** Who hears of an answer: a refusal of the engine as PlumbError. Its methods must not throw. */
export type AnswerSink = {
  readonly market: Market | undefined
  answered(answer: Answer): void
  failed(error: unknown): void
}

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
      throw poolClosed()
    })
    const compact = recovered === null ? null : compactSignature(signature)
    const isTheirs = recovered !== null && bytesHex(recovered.signer) === account.toLowerCase()
    if (compact === null || !isTheirs) {
      const failure = this.#badSignature(origin)
      throw recovered !== null && this.#isKeyOf(account, recovered) ? keyMayNot() : failure
    }
    return { ...recovered, signature: compact }
  }

  /** Throws BAD_SIGNATURE unless the address, the account's owner or its session key, signed. */
  requireSigner(signer: Uint8Array, recovered: Recovered | null, origin: Origin): Recovered {
    if (recovered === null || !isSame(recovered.signer, signer)) throw this.#badSignature(origin)
    return recovered
  }

  #isKeyOf(account: string, { signer }: Recovered): boolean {
    return this.parts.view.sessionKeys.get(bytesHex(signer))?.owner === account.toLowerCase()
  }

  #badSignature(origin: Origin): PlumbError {
    this.parts.guard.badSignature(origin, this.parts.clock.nowMs())
    return new PlumbError('BAD_SIGNATURE', { field: 'signature' })
  }

  /** The durable answer of the sequencer, once reads would show it; a refusal of the engine as PlumbError. */
  submit(command: Uint8Array, market?: Market): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.send(command, { market, answered: resolve, failed: reject })
    })
  }

  /** As `submit`, with a call instead of a promise; a failure may come at once. */
  send(command: Uint8Array, sink: AnswerSink): void {
    const flight = new Flight(this.parts, this.#deadlines, sink)
    this.#deadlines.begin(flight)
    this.parts.commands.send(command, flight)
    faultPoint('gateway:command-sent')
  }

  /** A request is under way until `ended`; answers when it began. */
  began(): number {
    this.#inFlight += 1
    faultPoint('gateway:request-taken')
    return this.parts.clock.monotonicMs()
  }

  ended(op: string, code: string, startMs: number): void {
    if (code === 'ok') faultPoint('gateway:request-answered')
    this.#inFlight -= 1
    if (this.#inFlight === 0) this.#idle?.()
    this.parts.answered(op, code, (this.parts.clock.monotonicMs() - startMs) / 1_000)
  }

  async measured<T>(op: string, run: () => Promise<T>): Promise<T> {
    const startMs = this.began()
    try {
      const result = await run()
      this.ended(op, 'ok', startMs)
      return result
    } catch (error) {
      const failure = publicError(error)
      this.ended(op, failure?.code ?? 'INTERNAL', startMs)
      throw failure ?? error // a bug: the edge answers INTERNAL and logs it
    }
  }
}

/** The sequencer did not answer in time. */
class AnswerTimeout extends Error {}

/** One command on its way: to the sequencer, and then until the view shows it. */
class Flight implements CommandWaiter, Awaiting, EventsWaiter {
  dueMs = 0
  readonly #parts: EntryParts
  readonly #deadlines: AnswerDeadlines
  readonly #sink: AnswerSink
  #reply: CommandReply | undefined
  /** When the stage it is in began. */
  #sinceMs: number

  constructor(parts: EntryParts, deadlines: AnswerDeadlines, sink: AnswerSink) {
    this.#parts = parts
    this.#deadlines = deadlines
    this.#sink = sink
    this.#sinceMs = parts.clock.monotonicMs()
  }

  durable(reply: CommandReply): void {
    if (!this.#deadlines.settled(this)) return
    faultPoint('gateway:command-durable')
    const { view, clock } = this.#parts
    this.#reply = reply
    this.#passed(stage.sequence)
    // A feed that lags does not hold the answer for long.
    view.whenApplied(reply.seq, this, clock.nowMs() + VIEW_TIMEOUT_MS)
  }

  shown(shown: readonly EngineEvent[] | null): void {
    const reply = this.#reply
    if (reply === undefined) return
    const { seq, timeMs } = reply
    this.#passed(stage.show)
    const events = shown ?? decodeEvents(reply.events)
    const rejected = eventOf(events, 'CommandRejected')
    if (rejected === undefined) this.#sink.answered({ seq, timeMs, events })
    else this.#sink.failed(rejectError(rejected, this.#sink.market, () => this.#why(rejected)))
    this.#passed(stage.reply)
  }

  #passed(place: number): void {
    const nowMs = this.#parts.clock.monotonicMs()
    this.#parts.stages.took(place, nowMs - this.#sinceMs)
    this.#sinceMs = nowMs
  }

  /** Why the market of a refused command is in its state. */
  #why({ market }: { market: number }): string | null {
    const { view } = this.#parts
    const found = view.markets.get(market)
    return found === undefined ? null : reasonOf(found, view.appliedTimeMs)
  }

  unanswered(error: CommandError): void {
    if (this.#deadlines.settled(this)) this.#sink.failed(error)
  }

  expired(): void {
    this.#sink.failed(new AnswerTimeout())
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false
  return a.length === b.length
}

/** The pool is closing: nothing was sequenced. */
export function poolClosed(): PlumbError {
  return new PlumbError('OVERLOADED')
}

/** What the transport did, in public words: only a command that surely was not sequenced may be called failed. */
export function publicError(error: unknown): PlumbError | undefined {
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
  for (const event of events) if (isOfKind(event, kind)) return event
  return undefined
}

function isOfKind<K extends EngineEvent['kind']>(
  event: EngineEvent,
  kind: K,
): event is Extract<EngineEvent, { kind: K }> {
  return event.kind === kind
}

/** What only the owner may sign. */
function keyMayNot(): PlumbError {
  return new PlumbError('KEY_FORBIDDEN', {
    field: 'signature',
    message: 'a session key signs orders and logins only',
  })
}
