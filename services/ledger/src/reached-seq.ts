//! Waiting until the ledger has come to a seq.

export type ReachedSeq = {
  /** Resolves once the ledger is at `seq`. @throws when that takes longer than `timeoutMs` */
  reached: (seq: number) => Promise<void>
  /** The ledger is now here. */
  advance: (seq: number) => void
}

export function createReachedSeq(startSeq: number, timeoutMs: number): ReachedSeq {
  let now = startSeq
  const waiting = new Set<{ seq: number; resolve: () => void }>()
  return {
    advance: (seq) => {
      now = seq
      for (const waiter of waiting)
        if (waiter.seq <= seq) {
          waiting.delete(waiter)
          waiter.resolve()
        }
    },
    reached: (seq) => {
      if (seq <= now) return Promise.resolve()
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(waiter)
          reject(new Error(`the ledger is at seq ${now}, not yet at ${seq}`))
        }, timeoutMs)
        const waiter = {
          seq,
          resolve: () => {
            clearTimeout(timer)
            resolve()
          },
        }
        waiting.add(waiter)
      })
    },
  }
}
