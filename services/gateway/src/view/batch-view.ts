//! Which fills are settled, and in which transaction.

const BATCHES_KEPT = 100_000
/** In a snapshot: what was settled longer ago is the ledger's to tell. */
const BATCHES_STORED = 2_000

/** `settled`: confirmed through the sequencer; `submitted`: sent, not confirmed yet. */
export type BatchView = {
  status: 'submitted' | 'settled'
  batchNo: number
  toSeq: number
  txHash: string | null
  gasUsed: number | null
  blockNumber: number | null
  timeMs: number
  fills: number
}

export class BatchesView {
  readonly #batches: BatchView[] = []
  #unsettledTrades: { seq: number; timeMs: number }[] = []
  #submitted: BatchView[] = []

  addTrade(seq: number, timeMs: number): void {
    this.#unsettledTrades.push({ seq, timeMs })
  }

  confirm(batch: Omit<BatchView, 'fills' | 'status'>): BatchView {
    const left = this.#unsettledTrades.findIndex(({ seq }) => seq > batch.toSeq)
    const fills = left < 0 ? this.#unsettledTrades.length : left
    this.#unsettledTrades = left < 0 ? [] : this.#unsettledTrades.slice(left)
    const known: BatchView = { status: 'settled', ...batch, fills }
    this.#batches.push(known)
    if (this.#batches.length > BATCHES_KEPT) this.#batches.shift()
    return known
  }

  /** The batches on their way, as the relayer wrote them down; ascending. */
  setSubmitted(batches: BatchView[]): void {
    this.#submitted = batches
  }

  get submitted(): readonly BatchView[] {
    const { settledSeq } = this
    return this.#submitted.filter(({ toSeq }) => toSeq > settledSeq)
  }

  /** What has become of a fill of this sequence number. */
  statusOf(seq: number): 'matched' | 'submitted' | 'settled' {
    if (seq <= this.settledSeq) return 'settled'
    return seq <= (this.#submitted.at(-1)?.toSeq ?? 0) ? 'submitted' : 'matched'
  }

  /** Everything up to here is settled on-chain. */
  get settledSeq(): number {
    return this.#batches.at(-1)?.toSeq ?? 0
  }

  get unsettledFills(): number {
    return this.#unsettledTrades.length
  }

  /** When the oldest unsettled fill was matched; undefined when all are settled. */
  get oldestUnsettledMs(): number | undefined {
    return this.#unsettledTrades[0]?.timeMs
  }

  /** The batch that settled a sequence number; undefined while it is not settled (or long ago). */
  settling(seq: number): BatchView | undefined {
    if (seq > this.settledSeq) return undefined
    let low = 0
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#batches[middle]?.toSeq ?? 0) < seq) low = middle + 1
      else high = middle
    }
    const found = this.#batches[low]
    // The oldest one kept says where it ends, not where it begins.
    return low === 0 && (found?.batchNo ?? 1) > 1 ? undefined : found
  }

  /** What a restart must know: the newest batches, and trades that none has settled. */
  get memory() {
    return { confirmed: this.#batches.slice(-BATCHES_STORED), unsettled: this.#unsettledTrades }
  }

  restore({ confirmed, unsettled }: BatchesView['memory']): void {
    this.#batches.push(...confirmed)
    this.#unsettledTrades = [...unsettled]
  }

  byNumber(batchNo: number): BatchView | undefined {
    const first = this.#batches[0]?.batchNo ?? 0
    return this.#batches[batchNo - first]
  }

  list(): readonly BatchView[] {
    return this.#batches
  }
}
