import { describe, expect, test } from 'vitest'
import {
  type ChainDeposit,
  createDepositReader,
  type DepositCursor,
  depositGenesis,
  rollDepositHash,
} from './deposits.ts'
import { exchangeInterface } from './exchange-interface.ts'
import { createRpc, type Log, type Rpc } from './rpc.ts'

const contract = `0x${'c0'.repeat(20)}`
const owner = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'

/** A chain of `count` deposits, three blocks apart. */
const chainOf = (count: number): ChainDeposit[] => {
  const deposits: ChainDeposit[] = []
  let rollingHash = depositGenesis(0).rollingHash
  for (let depositId = 1; depositId <= count; depositId++) {
    const content = { depositId, owner, subaccount: depositId % 3, amountQuote: depositId * 1000 }
    rollingHash = rollDepositHash(rollingHash, content)
    const txHash = `0x${depositId.toString(16).padStart(64, '0')}`
    deposits.push({ ...content, blockNumber: depositId * 3, txHash, rollingHash })
  }
  return deposits
}

const logOf = (deposit: ChainDeposit): Log => {
  const { topics, data } = exchangeInterface.encodeEventLog('Deposited', [
    deposit.depositId,
    deposit.owner,
    deposit.subaccount,
    deposit.amountQuote,
    deposit.rollingHash,
  ])
  const { blockNumber, txHash } = deposit
  return { blockNumber, blockHash: '0x', txHash, logIndex: 0, topics, data }
}

const nodeOf = (deposits: readonly ChainDeposit[]): Rpc => ({
  ...createRpc('http://nowhere'),
  logs: ({ fromBlock, toBlock }) =>
    Promise.resolve(
      deposits
        .filter((d) => d.blockNumber >= fromBlock && d.blockNumber <= toBlock)
        .map(logOf)
        .toReversed(), // order is the reader's own business
    ),
})

const readAll = async (rpcs: [Rpc, ...Rpc[]], finalBlock: number) => {
  const reader = createDepositReader({ rpcs, contract, blocksMax: 7 })
  const found: ChainDeposit[] = []
  let cursor: DepositCursor = depositGenesis(0)
  while (cursor.blockNumber < finalBlock) {
    const step = await reader.read(cursor, finalBlock)
    found.push(...step.deposits)
    cursor = step.cursor
  }
  return { found, cursor }
}

describe('deposits of the chain', () => {
  test('come in order, once, in bounded pieces, up to the final block only', async () => {
    const deposits = chainOf(20)
    const { found, cursor } = await readAll([nodeOf(deposits)], 40)
    expect(found).toEqual(deposits.slice(0, 13))
    expect(cursor).toMatchObject({ depositId: 13, blockNumber: 40 })
  })

  const broken: [string, string, (deposits: ChainDeposit[]) => ChainDeposit[]][] = [
    ['a missing one', 'DEPOSIT_GAP', (all) => all.filter((d) => d.depositId !== 3)],
    ['one told twice', 'DEPOSIT_GAP', (all) => [...all, ...all.slice(2, 3)]],
    [
      'a forged amount',
      'DEPOSIT_HASH_MISMATCH',
      (all) => all.map((d) => (d.depositId === 3 ? { ...d, amountQuote: d.amountQuote + 1 } : d)),
    ],
    [
      'a forged owner',
      'DEPOSIT_HASH_MISMATCH',
      (all) => all.map((d) => (d.depositId === 3 ? { ...d, owner: contract } : d)),
    ],
  ]
  test.each(broken)('%s stops the credits: %s', async (_name, code, forge) => {
    const node = nodeOf(forge(chainOf(5)))
    await expect(readAll([node], 20)).rejects.toMatchObject({ code })
  })

  test('two nodes that disagree stop the credits', async () => {
    const honest = chainOf(5)
    const rpcs: [Rpc, Rpc] = [nodeOf(honest), nodeOf(honest.slice(0, 4))]
    await expect(readAll(rpcs, 20)).rejects.toMatchObject({ code: 'DEPOSIT_NODES_DISAGREE' })
    await expect(readAll([rpcs[1], rpcs[0]], 20)).rejects.toMatchObject({
      code: 'DEPOSIT_NODES_DISAGREE',
      depositId: 5,
    })
  })
})
