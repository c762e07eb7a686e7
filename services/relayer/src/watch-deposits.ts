//! Deposits that the chain may still take back: told to their owners, believed by nobody.
import {
  type ChainDeposit,
  type DepositCursor,
  DepositLogError,
  type DepositReader,
  type FinalitySource,
} from '@plumb/chain'
import type { Logger } from '@plumb/runtime'
import type { PendingDeposits } from './relayer-store.ts'

export type DepositWatcherOptions = {
  reader: DepositReader
  headBlock: () => Promise<number>
  finality: FinalitySource
  save: (pending: PendingDeposits) => Promise<void>
  nowMs: () => number
  logger: Logger
}

export type DepositWatcher = {
  /** Looks what came behind `credited`, the cursor of what is credited, and tells it when that has changed. */
  step(credited: DepositCursor): Promise<void>
}

export const createDepositWatcher = (options: DepositWatcherOptions): DepositWatcher => {
  const { reader, headBlock, finality, save, nowMs, logger } = options
  /** When each was seen first: a hash is another one after a reorganisation. */
  let seenMs = new Map<string, number>()
  let told: string | undefined

  const look = async (credited: DepositCursor): Promise<PendingDeposits> => {
    const finalBlock = Math.max(credited.blockNumber, (await finality.finalBlock()) ?? 0)
    const head = await headBlock()
    const found = await reader.read(credited, head)
    // What became final since is credited by the next step.
    const deposits = found.deposits.filter(({ blockNumber }) => blockNumber > finalBlock)
    seenMs = new Map(deposits.map((one) => [one.txHash, seenMs.get(one.txHash) ?? nowMs()]))
    return { headBlock: Math.max(head, finalBlock), finalBlock, deposits: deposits.map(withTime) }
  }
  const withTime = (deposit: ChainDeposit) => ({
    deposit,
    seenMs: seenMs.get(deposit.txHash) ?? nowMs(),
  })

  return {
    step: async (credited) => {
      let pending: PendingDeposits
      try {
        pending = await look(credited)
      } catch (error) {
        // A reorganisation between two answers looks like a gap; the next look is whole again.
        if (!(error instanceof DepositLogError)) throw error
        logger.info({ err: error }, 'pending deposits not read')
        return
      }
      const text = pending.deposits.length === 0 ? '' : JSON.stringify(pending)
      if (text === told) return
      await save(pending)
      told = text
    },
  }
}
