//! Deposits on their way, as the relayer sees them: shown to their owners until they are credited.
import type { AccountView } from './account-view.ts'

export type PendingDepositView = {
  depositId: number
  /** Lower-case. */
  owner: string
  subaccount: number
  amountQuote: number
  blockNumber: number
  txHash: string
  seenMs: number
  headBlock: number
  finalBlock: number
}

export class PendingDeposits {
  #all: readonly PendingDepositView[] = []
  #confirmationsNeeded: number | null = null

  replace(all: readonly PendingDepositView[]): void {
    this.#all = all
    const [one] = all
    if (one !== undefined) this.#confirmationsNeeded = one.headBlock - one.finalBlock
  }

  /** Blocks that the chain asked for behind a final one when a deposit last waited; null: none has yet. */
  get confirmationsNeeded(): number | null {
    return this.#confirmationsNeeded
  }

  /** Of an account, in the contract's order, without those that the journal has credited meanwhile. */
  of({ address, subaccount, deposits }: AccountView): PendingDepositView[] {
    return this.#all.filter(
      (one) =>
        one.owner === address &&
        one.subaccount === subaccount &&
        !deposits.some(({ depositId }) => depositId === one.depositId),
    )
  }
}
