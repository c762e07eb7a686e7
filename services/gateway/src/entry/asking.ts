//! A request on the straight road: taken, handed over in its turn, answered with text; no promise on the way.
import { PlumbError } from '@plumb/protocol'
import type { Turn } from './ordered-release.ts'
import { type Answer, type AnswerSink, publicError, type Submission } from './submission.ts'

/** Hears what became of a request. Its methods must not throw. */
export type ReplySink = {
  /** @param reply the reply object as JSON */
  replied(reply: string): void
  /** @param error PlumbError, or a bug that is not the client's */
  failed(error: unknown): void
}

/** The reply as a promise. */
export function asPromise(ask: (sink: ReplySink) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    ask({ replied: resolve, failed: reject })
  })
}

/** An item's failure in a batch; a bug stays a bug. */
export function itemError(error: unknown): PlumbError {
  return error instanceof PlumbError ? error : new PlumbError('INTERNAL')
}

/** Puts the replies of several requests together, in their order: `{"results":[…]}`. */
export class ReplyList {
  readonly #texts: string[] = []
  readonly #sink: ReplySink
  readonly #requestId: string | undefined
  #open: number

  constructor(count: number, requestId: string | undefined, sink: ReplySink) {
    this.#open = count
    this.#requestId = requestId
    this.#sink = sink
  }

  /** The sink of one item; what fails there does not fail its neighbours. */
  item(place: number): ReplySink {
    return {
      replied: (reply) => this.#done(place, reply),
      failed: (error) =>
        this.#done(place, JSON.stringify({ error: itemError(error).body(this.#requestId) })),
    }
  }

  #done(place: number, text: string): void {
    this.#texts[place] = text
    this.#open -= 1
    if (this.#open === 0) this.#sink.replied(`{"results":[${this.#texts.join(',')}]}`)
  }
}

/** One request with one command, counted and timed from its making to its end. */
export abstract class Asking implements Turn, AnswerSink {
  isReady = false
  market: AnswerSink['market'] = undefined
  /** Why it will fail when its turn comes. */
  protected refusal: unknown = undefined
  readonly #submission: Submission
  readonly #op: string
  readonly #sink: ReplySink
  protected readonly startMs: number

  constructor(submission: Submission, op: string, sink: ReplySink) {
    this.#submission = submission
    this.#op = op
    this.#sink = sink
    this.startMs = submission.began()
  }

  /** The bytes to hand over; they are copied at once. May throw PlumbError. */
  protected abstract command(): Uint8Array
  /** The reply as JSON. May throw PlumbError. */
  protected abstract replyTo(answer: Answer): string

  go(): void {
    if (this.refusal === undefined)
      try {
        this.#submission.send(this.command(), this)
      } catch (error) {
        this.failed(error)
      }
    else this.failed(this.refusal)
  }

  answered(answer: Answer): void {
    let reply: string
    try {
      reply = this.replyTo(answer)
    } catch (error) {
      this.failed(error)
      return
    }
    this.#submission.ended(this.#op, 'ok', this.startMs)
    this.#sink.replied(reply)
  }

  failed(error: unknown): void {
    const failure = publicError(error)
    this.#submission.ended(this.#op, failure?.code ?? 'INTERNAL', this.startMs)
    this.#sink.failed(failure ?? error)
  }
}
