//! Answers that do not come: one clock for all, since every wait is as long as the others.

/** The sequencer did not answer in time. */
export class AnswerTimeout extends Error {}

const SWEEP_MS = 250

type Wait = { dueMs: number; reject: (error: Error) => void }

/** Rejects with AnswerTimeout what is not settled after `timeoutMs`; late by a quarter of a second at most. */
export class AnswerDeadlines {
  readonly #timeoutMs: number
  /** In the order they fall due. */
  readonly #waits = new Set<Wait>()
  #timer: NodeJS.Timeout | undefined

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  within<T>(answer: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const wait = { dueMs: performance.now() + this.#timeoutMs, reject }
      this.#waits.add(wait)
      this.#timer ??= setInterval(this.#sweep, SWEEP_MS).unref()
      const settled = (settle: () => void) => {
        this.#waits.delete(wait)
        settle()
      }
      answer.then(
        (value) => settled(() => resolve(value)),
        (error: unknown) => settled(() => reject(asError(error))),
      )
    })
  }

  readonly #sweep = (): void => {
    const nowMs = performance.now()
    for (const wait of this.#waits) {
      if (wait.dueMs > nowMs) return
      this.#waits.delete(wait)
      wait.reject(new AnswerTimeout())
    }
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
