//! Withdrawals that the chain has not paid yet, in the order they will be: who is next, and when that was so far.

const WAITS_KEPT = 20

export type PendingMemory = {
  pending: [withdrawalId: number, acceptedMs: number][]
  waitsMs: number[]
}

export class PendingWithdrawals {
  #pending = new Map<number, number>()
  /** How long the latest that were paid had waited. */
  #waitsMs: number[] = []

  accepted(withdrawalId: number, timeMs: number): void {
    this.#pending.set(withdrawalId, timeMs)
  }

  paid(withdrawalId: number, timeMs: number): void {
    const acceptedMs = this.#pending.get(withdrawalId)
    if (acceptedMs === undefined) return
    this.#pending.delete(withdrawalId)
    this.#waitsMs = [...this.#waitsMs, timeMs - acceptedMs].slice(-WAITS_KEPT)
  }

  /** 1: next to be paid; null: not pending. */
  placeOf(withdrawalId: number): number | null {
    if (!this.#pending.has(withdrawalId)) return null
    let place = 1
    for (const id of this.#pending.keys()) if (id < withdrawalId) place += 1
    return place
  }

  /** When it is paid if it waits as long as the latest did on average; null: not pending, or none was paid yet. */
  etaOf(withdrawalId: number): number | null {
    const acceptedMs = this.#pending.get(withdrawalId)
    const waits = this.#waitsMs
    if (acceptedMs === undefined || waits.length === 0) return null
    return acceptedMs + Math.round(waits.reduce((sum, wait) => sum + wait, 0) / waits.length)
  }

  get memory(): PendingMemory {
    return { pending: [...this.#pending], waitsMs: this.#waitsMs }
  }

  set memory({ pending, waitsMs }: PendingMemory) {
    this.#pending = new Map(pending)
    this.#waitsMs = waitsMs
  }
}
