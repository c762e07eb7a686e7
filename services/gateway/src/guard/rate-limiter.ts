//! Token buckets: how much of something one key (account, address) may use.

/** `perSecond` tokens flow in; up to `burst` may be saved. */
export type Rate = { perSecond: number; burst: number }
/** What the RateLimit headers say. Seconds until the bucket is full again; ms until the next token. */
export type RateVerdict = {
  allowed: boolean
  limit: number
  remaining: number
  resetS: number
  retryAfterMs: number
}

type Bucket = { tokens: number; atMs: number }

/** Keys remembered at once; beyond it the older half is forgotten. */
const KEYS_MAX = 100_000

/** One kind of limit over many keys. */
export class RateLimiter {
  readonly #rate: Rate
  readonly #buckets = new Map<string, Bucket>()

  constructor(rate: Rate) {
    this.#rate = rate
  }

  /** Takes `cost` tokens if they are there. A refused request costs nothing. */
  take(key: string, cost: number, nowMs: number): RateVerdict {
    const bucket = this.#refill(key, nowMs)
    const allowed = bucket.tokens >= cost
    if (allowed) bucket.tokens -= cost
    return this.#verdict(bucket, allowed ? 0 : cost, allowed)
  }

  /** Whether one token is there, without taking it. */
  peek(key: string, nowMs: number): RateVerdict {
    const bucket = this.#refill(key, nowMs)
    return this.#verdict(bucket, 1, bucket.tokens >= 1)
  }

  #refill(key: string, nowMs: number): Bucket {
    const { perSecond, burst } = this.#rate
    const bucket = this.#buckets.get(key)
    if (bucket === undefined) {
      const fresh = { tokens: burst, atMs: nowMs }
      this.#buckets.set(key, fresh)
      if (this.#buckets.size > KEYS_MAX) this.#forget()
      return fresh
    }
    const elapsedMs = Math.max(0, nowMs - bucket.atMs)
    bucket.tokens = Math.min(burst, bucket.tokens + (elapsedMs * perSecond) / 1_000)
    bucket.atMs = nowMs
    return bucket
  }

  /** The half that was seen first goes: rare, and cheap for each key even when somebody invents keys. */
  #forget(): void {
    for (const key of this.#buckets.keys()) {
      if (this.#buckets.size <= KEYS_MAX / 2) return
      this.#buckets.delete(key)
    }
  }

  #verdict({ tokens }: Bucket, missing: number, allowed: boolean): RateVerdict {
    const { perSecond, burst } = this.#rate
    return {
      allowed,
      limit: burst,
      remaining: Math.floor(tokens),
      resetS: Math.ceil((burst - tokens) / perSecond),
      retryAfterMs: allowed ? 0 : Math.ceil(((missing - tokens) / perSecond) * 1_000),
    }
  }
}
