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

/** Where a request came from: the network address as a rate-limit key. */
export type Origin = { address: string }

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
   * address has not sent many bad signatures. Throws RATE_LIMITED.
   */
  order(owner: string, origin: Origin, nowMs: number): RateVerdict {
    const suspicion = this.#badSignatures.peek(origin.address, nowMs)
    this.#checked(suspicion, 'bad_signature')
    if (this.#exempt.has(owner.toLowerCase())) return suspicion
    this.#checked(this.#requests.take(origin.address, 1, nowMs), 'request')
    return this.#checked(this.#orders.take(owner.toLowerCase(), 1, nowMs), 'order')
  }

  /** An authenticated cancel. Throws RATE_LIMITED. */
  cancel(owner: string, nowMs: number): RateVerdict {
    const key = owner.toLowerCase()
    const verdict = this.#cancels.take(key, 1, nowMs)
    return this.#exempt.has(key) ? { ...verdict, allowed: true } : this.#checked(verdict, 'cancel')
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

/** RATE_LIMITED with what the headers need. */
export class RateLimitedError extends PlumbError {
  readonly verdict: RateVerdict

  constructor(verdict: RateVerdict) {
    super('RATE_LIMITED', { limit: verdict.limit, retryAfter: verdict.retryAfterMs })
    this.verdict = verdict
  }
}
