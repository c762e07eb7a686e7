//! How far settlement is behind, and whether that stops all matching (RULES.md 7).
import { type ChainNotice, noticeKind } from '@plumb/model'

/** What of it lives on in a snapshot. */
export type SettlementMemory = {
  heardMs: number
  unsettledSinceMs: number
}

export class SettlementView {
  memory: SettlementMemory = { heardMs: 0, unsettledSinceMs: 0 }
  /** Longest age of an unsettled fill, s. */
  settlementLagS = 0
  #wasStopped = false

  /** A notice that the engine has followed. */
  noticed({ what, dueS = 0 }: Pick<ChainNotice, 'what' | 'dueS'>, timeMs: number): void {
    if (what === noticeKind.settlement) this.memory = { heardMs: timeMs, unsettledSinceMs: dueS }
  }

  /** Since when nothing is matched because settlement is behind, ms; undefined while it is not. */
  stoppedSinceMs(timeMs: number): number | undefined {
    const { heardMs, unsettledSinceMs } = this.memory
    if (heardMs === 0) return undefined
    const oldest = unsettledSinceMs === 0 ? heardMs : Math.min(heardMs, unsettledSinceMs)
    const until = oldest + this.settlementLagS * 1_000
    return timeMs > until ? until : undefined
  }

  /** Whether settlement has stopped, or goes on, since this was last asked. */
  hasChanged(timeMs: number): boolean {
    const isStopped = this.stoppedSinceMs(timeMs) !== undefined
    const changed = isStopped !== this.#wasStopped
    this.#wasStopped = isStopped
    return changed
  }
}
