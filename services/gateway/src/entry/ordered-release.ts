//! First in, first out up to the sequencer, however long each signature takes.

/** One request in its place. */
export type Turn = {
  /** What it waited for is known. */
  isReady: boolean
  /** Its turn has come: hands its command over before it returns. Must not throw. */
  go(): void
}

/**
 * Releases work in the order it came in: verification of many runs at once, but the command of one is handed over only
 * after that of everything before it, so a cancel never overtakes its order. One that was refused holds nobody up.
 */
export class OrderedRelease {
  readonly #turns: Turn[] = []

  enter(turn: Turn): void {
    this.#turns.push(turn)
  }

  /** Lets everything go whose turn has come. */
  ready(turn: Turn): void {
    turn.isReady = true
    for (let first = this.#turns[0]; first?.isReady === true; first = this.#turns[0]) {
      this.#turns.shift()
      first.go()
    }
  }
}

/** For requests that have no order among them. */
export const unordered = {
  enter: (_turn: Turn): void => undefined,
  ready: (turn: Turn): void => {
    turn.isReady = true
    turn.go()
  },
}
export type Release = Pick<OrderedRelease, 'enter' | 'ready'>
