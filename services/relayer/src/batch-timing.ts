//! When a batch goes out: sooner while gas is cheap, later while it is dear, never later than a fixed bound.

/** How long a fill waits for company: usually, and at most. */
export type BatchAges = { ageMs: number; ageMaxMs: number }

/** The base fee as it usually is: a mean that forgets over about `memory` looks. */
export class UsualFee {
  readonly #memory: number
  #usual = 0

  constructor(memory = 600) {
    this.#memory = memory
  }

  /** Takes a look; answers the fee now as a multiple of the usual one. */
  note(baseFeeWei: number): number {
    if (this.#usual === 0) this.#usual = baseFeeWei
    const ratio = this.#usual === 0 ? 1 : baseFeeWei / this.#usual
    this.#usual += (baseFeeWei - this.#usual) / this.#memory
    return ratio
  }
}

/**
 * Age at which a batch is due. A batch that waits twice as long has twice the fills, and its fixed part is paid once: so
 * the wait grows with the square of how dear gas is, and while new orders are throttled nothing waits at all.
 */
export const dueAgeMs = (
  { ageMs, ageMaxMs }: BatchAges,
  feeRatio: number,
  stage: number,
): number =>
  stage > 0 ? 0 : Math.min(Math.max(ageMs, ageMaxMs), ageMs * Math.max(1, feeRatio) ** 2)
