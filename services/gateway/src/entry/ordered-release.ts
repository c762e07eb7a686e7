//! First in, first out up to the sequencer, however long each signature takes.

/** One request in its place; `settle` when its turn has come and what it waited for is known. */
type Turn = { settle: (() => void) | null }

/**
 * Releases work in the order it came in: verification of many runs at once, but `submit` of one is called only
 * after that of everything before it, so a cancel never overtakes its order.
 */
export class OrderedRelease {
  readonly #turns: Turn[] = []

  /** @param submit must hand its command over before it first waits; its answer may come any time later */
  run<P, R>(ready: Promise<P>, submit: (prepared: P) => Promise<R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const turn: Turn = { settle: null }
      this.#turns.push(turn)
      const settled = (settle: () => void) => {
        turn.settle = settle
        this.#advance()
      }
      ready.then(
        (prepared) => settled(() => resolve(submit(prepared))),
        // One that was refused holds nobody up.
        (error: unknown) =>
          settled(() => reject(error instanceof Error ? error : new Error(String(error)))),
      )
    })
  }

  #advance(): void {
    for (let turn = this.#turns[0]; turn !== undefined; turn = this.#turns[0]) {
      const { settle } = turn
      if (settle === null) return
      this.#turns.shift()
      settle()
    }
  }
}

/** For requests that have no order among them. */
export const unordered = {
  run: async <P, R>(ready: Promise<P>, submit: (prepared: P) => Promise<R>): Promise<R> =>
    submit(await ready),
}
export type Release = Pick<OrderedRelease, 'run'>
