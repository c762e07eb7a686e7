//! Who may send how much. Cancels have a reserve of their own that orders and reads cannot use up.
import { PlumbError } from '@plumb/protocol'
import { type Rate, RateLimiter, type RateVerdict } from './rate-limiter.ts'

/** Rates by kind; `exempt`: owner addresses (lower-case) whose orders are not limited. */
export type TrafficLimits = {
  ordersPerAccount: Rate
  cancelsPerAccount: Rate
  requestsPerAddress: Rate
  badSignaturesPerAddress: Rate
  exempt: ReadonlySet<string>
}

/** Where a request came from: the network address as a rate-limit key; and the limit it was counted against last. */
export type Origin = { address: string; verdict?: RateVerdict }

export class TrafficGuard {
  readonly #orders: RateLimiter
  readonly #cancels: RateLimiter
  readonly #requests: RateLimiter
  readonly #badSignatures: RateLimiter
  readonly #exempt: ReadonlySet<string>
  readonly #refused: (kind: string) => void

  /** @param refused counts refusals by kind */
  constructor(limits: TrafficLimits, refused: (kind: string) => void) {
    this.#orders = new RateLimiter(limits.ordersPerAccount)
    this.#cancels = new RateLimiter(limits.cancelsPerAccount)
    this.#requests = new RateLimiter(limits.requestsPerAddress)
    this.#badSignatures = new RateLimiter(limits.badSignaturesPerAddress)
    this.#exempt = limits.exempt
    this.#refused = refused
  }

  /** A read, a subscription, a login. Throws RATE_LIMITED. */
  request(origin: Origin, nowMs: number): RateVerdict {
    return this.#checked(this.#requests.take(origin.address, 1, nowMs), 'request')
  }

  /**
   * A signed order or withdrawal, before its signature is checked: an exempt name is believed only while the
   * address has not sent many bad signatures. One that only reduces may use the reserve of the cancels. Throws
   * RATE_LIMITED.
   */
  order(owner: string, reduces: boolean, origin: Origin, nowMs: number): RateVerdict {
    const suspicion = this.#badSignatures.peek(origin.address, nowMs)
    this.#checked(suspicion, 'bad_signature')
    const key = owner.toLowerCase()
    if (this.#exempt.has(key)) return suspicion
    const verdict = this.#ordinary(key, origin, nowMs)
    if (verdict.allowed || !reduces) return this.#noted(origin, verdict, 'order')
    return this.#noted(origin, this.#cancels.take(key, 1, nowMs), 'order')
  }

  /** A change of an account's settings: counts as an order. Throws RATE_LIMITED. */
  change(owner: string, nowMs: number): RateVerdict {
    const key = owner.toLowerCase()
    const verdict = this.#orders.take(key, 1, nowMs)
    return this.#exempt.has(key) ? { ...verdict, allowed: true } : this.#checked(verdict, 'order')
  }

  #ordinary(key: string, origin: Origin, nowMs: number): RateVerdict {
    const request = this.#requests.take(origin.address, 1, nowMs)
    return request.allowed ? this.#orders.take(key, 1, nowMs) : request
  }

  #noted(origin: Origin, verdict: RateVerdict, kind: string): RateVerdict {
    origin.verdict = verdict
    return this.#checked(verdict, kind)
  }

  /** An authenticated cancel. Throws RATE_LIMITED. */
  cancel(owner: string, nowMs: number, origin?: Origin): RateVerdict {
    const key = owner.toLowerCase()
    const verdict = this.#cancels.take(key, 1, nowMs)
    if (origin !== undefined) origin.verdict = verdict
    return this.#exempt.has(key) ? { ...verdict, allowed: true } : this.#checked(verdict, 'cancel')
  }

  /** What is left of each limit, without using any. */
  state(owner: string, origin: Origin, nowMs: number): Record<string, LimitState> {
    const key = owner.toLowerCase()
    return {
      orders: stateOf(this.#orders.peek(key, nowMs)),
      cancels: stateOf(this.#cancels.peek(key, nowMs)),
      requests: stateOf(this.#requests.peek(origin.address, nowMs)),
    }
  }

  /** A signature that did not belong to the account it named. */
  badSignature(origin: Origin, nowMs: number): void {
    this.#badSignatures.take(origin.address, 1, nowMs)
  }

  #checked(verdict: RateVerdict, kind: string): RateVerdict {
    if (verdict.allowed) return verdict
    this.#refused(kind)
    throw new RateLimitedError(verdict)
  }
}

type LimitState = { limit: number; remaining: number; resetS: number }

function stateOf({ limit, remaining, resetS }: RateVerdict): LimitState {
  return { limit, remaining, resetS }
}

/** RATE_LIMITED with what the headers need. */
export class RateLimitedError extends PlumbError {
  readonly verdict: RateVerdict

  constructor(verdict: RateVerdict) {
    super('RATE_LIMITED', { limit: verdict.limit, retryAfter: verdict.retryAfterMs })
    this.verdict = verdict
  }
}
