//! Answers that do not come: one clock for all, since every wait is as long as the others.

const SWEEP_MS = 250

/** What waits; `expired` is called once it has waited too long, and must not throw. */
export type Awaiting = { dueMs: number; expired(): void }

/** Lets go what is not settled after `timeoutMs`; late by a quarter of a second at most. */
export class AnswerDeadlines {
  readonly #timeoutMs: number
  /** In the order they fall due. */
  readonly #waits = new Set<Awaiting>()
  #timer: NodeJS.Timeout | undefined

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  begin(wait: Awaiting): void {
    wait.dueMs = performance.now() + this.#timeoutMs
    this.#waits.add(wait)
    this.#timer ??= setInterval(this.#sweep, SWEEP_MS).unref()
  }

  /** Whether the answer still counts: false once its wait has expired. */
  settled(wait: Awaiting): boolean {
    return this.#waits.delete(wait)
  }

  readonly #sweep = (): void => {
    const nowMs = performance.now()
    for (const wait of this.#waits) {
      if (wait.dueMs > nowMs) return
      this.#waits.delete(wait)
      wait.expired()
    }
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
