//! First in, first out up to the sequencer, however long each signature takes.

/**
 * Releases work in the order it came in: verification of many runs at once, but `submit` of one is called only
 * after that of everything before it, so a cancel never overtakes its order.
 */
export class OrderedRelease {
  #tail: Promise<unknown> = Promise.resolve()

  /** @param submit must hand its command over before it first waits; its answer may come any time later */
  run<P, R>(ready: Promise<P>, submit: (prepared: P) => Promise<R>): Promise<R> {
    const released = this.#tail.then(() => ready).then((prepared) => ({ answer: submit(prepared) }))
    this.#tail = released.catch(() => undefined) // one that was refused holds nobody up
    ready.catch(() => undefined) // it may fail while its turn has not come
    return released.then(({ answer }) => answer)
  }
}

/** For requests that have no order among them. */
export const unordered = {
  run: async <P, R>(ready: Promise<P>, submit: (prepared: P) => Promise<R>): Promise<R> =>
    submit(await ready),
}
export type Release = Pick<OrderedRelease, 'run'>
