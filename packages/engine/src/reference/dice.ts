//! Chance from a seed: the same numbers for the same seed everywhere.

/** A small generator of uniform integers (xorshift32). */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) ^ 0x6d2b79f5 || 1
    for (let i = 0; i < 8; i++) this.word()
  }

  word(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x
    return x >>> 0
  }

  /** Integer in low … high. */
  between(low: number, high: number): number {
    const span = high - low + 1
    return low + Math.floor(((this.word() * 2_097_152 + (this.word() >>> 11)) / 2 ** 53) * span)
  }

  chance(percent: number): boolean {
    return this.between(1, 10_000) <= percent * 100
  }

  pick<T>(from: readonly T[]): T {
    const value = from[this.between(0, from.length - 1)]
    if (value === undefined) throw new RangeError('nothing to pick from')
    return value
  }
}
