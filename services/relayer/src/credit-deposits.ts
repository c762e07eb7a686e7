//! Final deposits of the chain, credited by the engine exactly once: it refuses gaps and repeats, so retrying is safe.
import {
  type ChainDeposit,
  type DepositCursor,
  type DepositReader,
  type FinalitySource,
  hexBytes,
} from '@plumb/chain'
import { decodeEvents, encodeCommand, rejectCode, rejectName } from '@plumb/model'
import { type CommandClient, faultPoint, type Logger } from '@plumb/runtime'

/** The engine does not take a deposit: credits stop there, since ids are contiguous. */
class DepositRefusedError extends Error {
  readonly code = 'DEPOSIT_REFUSED'
  readonly depositId: number

  constructor(depositId: number, refusal: string) {
    super(`the engine refuses deposit ${depositId}: ${refusal}`)
    this.name = 'DepositRefusedError'
    this.depositId = depositId
  }
}

export type CrediterOptions = {
  reader: DepositReader
  finality: FinalitySource
  commands: Pick<CommandClient, 'submit'>
  cursor: DepositCursor
  save: (cursor: DepositCursor) => Promise<void>
  /** Tells the engine of other events of the blocks that the cursor passes; safe to repeat. Answers how many there were. */
  others?: (fromBlock: number, toBlock: number) => Promise<number>
  logger: Logger
}

/** Moves deposits from chain to engine. */
export type DepositCrediter = {
  readonly cursor: DepositCursor
  /**
   * Credits what is final and new; answers how many. A failure leaves the cursor where it was, the next call repeats.
   *
   * @throws DepositLogError, DepositRefusedError, CommandError, RpcUnavailableError
   */
  step(): Promise<number>
}

const commandOf = (deposit: ChainDeposit) =>
  encodeCommand({
    kind: 'CreditDeposit',
    owner: hexBytes(deposit.owner),
    subaccount: deposit.subaccount,
    amountQuote: deposit.amountQuote,
    depositId: deposit.depositId,
    blockNumber: deposit.blockNumber,
    txHash: hexBytes(deposit.txHash),
  })

/** @example setInterval(() => crediter.step(), 1_000) */
export const createDepositCrediter = (options: CrediterOptions): DepositCrediter => {
  const { reader, finality, commands, save, logger, others } = options
  let cursor = options.cursor

  const credit = async (deposit: ChainDeposit) => {
    const credited = commands.submit(commandOf(deposit))
    faultPoint('relayer:deposit-sent')
    const { seq, events } = await credited
    faultPoint('relayer:deposit-credited')
    const refusal = decodeEvents(events).find((event) => event.kind === 'CommandRejected')
    // Credited before a crash or an unanswered submit: done is done.
    if (refusal?.code === rejectCode.DEPOSIT_REPEATED) return
    if (refusal !== undefined)
      throw new DepositRefusedError(deposit.depositId, rejectName(refusal.code))
    const { depositId, owner, subaccount, amountQuote } = deposit
    logger.info({ seq, depositId, owner, subaccount, amountQuote }, 'deposit credited')
  }

  return {
    get cursor() {
      return cursor
    },
    step: async () => {
      const finalBlock = await finality.finalBlock()
      if (finalBlock === undefined || finalBlock <= cursor.blockNumber) return 0
      const found = await reader.read(cursor, finalBlock)
      if (found.deposits.length > 0) faultPoint('relayer:deposits-read')
      // All at once: the command channel keeps their order, and a gap behind a failure is refused.
      const outcomes = await Promise.allSettled(found.deposits.map(credit))
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
      const told = (await others?.(cursor.blockNumber + 1, found.cursor.blockNumber)) ?? 0
      if (found.deposits.length + told > 0 || found.cursor.blockNumber - cursor.blockNumber >= 50) {
        await save(found.cursor)
        faultPoint('relayer:deposits-saved')
      }
      cursor = found.cursor
      return found.deposits.length
    },
  }
}
