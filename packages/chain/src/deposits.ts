//! Deposits out of the chain's logs, believed only when ids, hashes and every node agree.
import { AbiCoder, keccak256 } from 'ethers'
import { exchangeInterface, topicOf } from './exchange-interface.ts'
import type { Log, Rpc } from './rpc.ts'

/** A deposit as the contract logged it. `owner` is a checksummed address. */
export type ChainDeposit = {
  depositId: number
  owner: string
  subaccount: number
  amountQuote: number
  blockNumber: number
  txHash: string
  rollingHash: string
}

/** How far deposits have been read: everything up to `blockNumber`, the last one being `depositId`. */
export type DepositCursor = { depositId: number; rollingHash: string; blockNumber: number }

/** Before the first deposit. */
export const depositGenesis = (blockNumber: number): DepositCursor => ({
  depositId: 0,
  rollingHash: `0x${'00'.repeat(32)}`,
  blockNumber,
})

/** The logs cannot be believed: credits must stop until an operator has looked. */
export class DepositLogError extends Error {
  readonly code: 'DEPOSIT_GAP' | 'DEPOSIT_HASH_MISMATCH' | 'DEPOSIT_NODES_DISAGREE'
  readonly depositId: number

  constructor(code: DepositLogError['code'], depositId: number, message: string) {
    super(message)
    this.name = 'DepositLogError'
    this.code = code
    this.depositId = depositId
  }
}

/** Rolling hash after one more deposit: keccak256(abi.encode(previous, id, owner, subaccount, amount)). */
export const rollDepositHash = (
  previous: string,
  deposit: Pick<ChainDeposit, 'depositId' | 'owner' | 'subaccount' | 'amountQuote'>,
): string =>
  keccak256(
    AbiCoder.defaultAbiCoder().encode(
      ['bytes32', 'uint64', 'address', 'uint8', 'uint256'],
      [previous, deposit.depositId, deposit.owner, deposit.subaccount, deposit.amountQuote],
    ),
  )

const depositOf = (log: Log): ChainDeposit => {
  const values = exchangeInterface.decodeEventLog('Deposited', log.data, log.topics)
  return {
    depositId: Number(values['depositId']),
    owner: String(values['owner']),
    subaccount: Number(values['subaccount']),
    amountQuote: Number(values['amount']),
    blockNumber: log.blockNumber,
    txHash: log.txHash,
    rollingHash: String(values['rollingHash']),
  }
}

/** Checks that `deposits` continue `cursor`: ids rise by one and every rolling hash is the recomputed one. */
export const checkDeposits = (cursor: DepositCursor, deposits: readonly ChainDeposit[]): void => {
  let { depositId, rollingHash } = cursor
  for (const deposit of deposits) {
    depositId += 1
    if (deposit.depositId !== depositId)
      throw new DepositLogError(
        'DEPOSIT_GAP',
        depositId,
        `deposit ${deposit.depositId} where ${depositId} was due`,
      )
    rollingHash = rollDepositHash(rollingHash, deposit)
    if (deposit.rollingHash !== rollingHash)
      throw new DepositLogError(
        'DEPOSIT_HASH_MISMATCH',
        depositId,
        `deposit ${depositId} carries ${deposit.rollingHash}, recomputed ${rollingHash}`,
      )
  }
}

const sameDeposit = (a: ChainDeposit | undefined, b: ChainDeposit) =>
  a !== undefined &&
  a.depositId === b.depositId &&
  a.rollingHash === b.rollingHash &&
  a.txHash === b.txHash &&
  a.blockNumber === b.blockNumber

const checkSame = (
  cursor: DepositCursor,
  deposits: readonly ChainDeposit[],
  opinion: readonly ChainDeposit[],
) => {
  for (let i = 0; i < Math.max(opinion.length, deposits.length); i++) {
    const deposit = deposits[i]
    if (deposit !== undefined && sameDeposit(opinion[i], deposit)) continue
    const depositId = cursor.depositId + i + 1
    throw new DepositLogError(
      'DEPOSIT_NODES_DISAGREE',
      depositId,
      `the nodes disagree about deposit ${depositId}`,
    )
  }
}

/** How deposits are read. Several nodes must all tell the same; `blocksMax` bounds one request. */
export type DepositReaderOptions = {
  rpcs: readonly [Rpc, ...Rpc[]]
  contract: string
  blocksMax?: number
}

/** A reader of `Deposited` logs. */
export type DepositReader = {
  /**
   * Deposits after `cursor` up to `finalBlock` (or a bounded piece of it), oldest first, and the cursor after them.
   *
   * @throws DepositLogError when they are not to be believed
   */
  read(
    cursor: DepositCursor,
    finalBlock: number,
  ): Promise<{ deposits: ChainDeposit[]; cursor: DepositCursor }>
}

export const createDepositReader = (options: DepositReaderOptions): DepositReader => {
  const { rpcs, contract, blocksMax = 5_000 } = options
  const topics = [topicOf('Deposited')]
  const readFrom = async (rpc: Rpc, fromBlock: number, toBlock: number) =>
    (await rpc.logs({ address: contract, topics, fromBlock, toBlock }))
      .map(depositOf)
      .toSorted((a, b) => a.depositId - b.depositId)
  return {
    read: async (cursor, finalBlock) => {
      const fromBlock = cursor.blockNumber + 1
      const toBlock = Math.min(finalBlock, cursor.blockNumber + blocksMax)
      if (toBlock < fromBlock) return { deposits: [], cursor }
      const [primary, ...others] = rpcs
      const [deposits, ...opinions] = await Promise.all([
        readFrom(primary, fromBlock, toBlock),
        ...others.map((rpc) => readFrom(rpc, fromBlock, toBlock)),
      ])
      for (const opinion of opinions) checkSame(cursor, deposits, opinion)
      checkDeposits(cursor, deposits)
      const last = deposits.at(-1) ?? cursor
      return {
        deposits,
        cursor: { depositId: last.depositId, rollingHash: last.rollingHash, blockNumber: toBlock },
      }
    },
  }
}
