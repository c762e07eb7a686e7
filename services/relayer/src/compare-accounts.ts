//! After a batch: the contract's account words against the twin's, to the unit.
import {
  type ChainAccount,
  type ContractViews,
  exchangeInterface,
  outsideLogs,
  type Rpc,
  type TwinAccountView,
  topicOf,
} from '@plumb/chain'

/** What the twin says an account must be once its batch is in a block. */
type ExpectedAccount = { owner: string; subaccount: number; account: TwinAccountView }

/** What the twin stood at when the batch ended. */
export type Expectation = {
  accounts: readonly ExpectedAccount[]
  depositId: number
  /** Block of the last entry of the contract's log that the engine has followed. */
  noticeBlock: number
}

export type ComparerOptions = {
  rpc: Rpc
  views: ContractViews
  contract: string
  deployBlock: number
  /** Owner of the backstop's accounts, lowercase. */
  backstop: string
}

const describe = ({ cash, positions }: TwinAccountView) =>
  JSON.stringify({
    cash: String(cash),
    positions: positions.map((p) => [p.market, String(p.size), String(p.fundingSnapshot)]),
  })

const asTwin = (account: ChainAccount): TwinAccountView => ({
  cash: BigInt(account.cashQuote),
  positions: account.positions.map(({ market, sizeLots, fundingSnapshot }) => ({
    market,
    size: BigInt(sizeLots),
    fundingSnapshot: BigInt(fundingSnapshot),
  })),
})

/**
 * Differences at one block, one line each. A deposit counts on-chain at once and in the engine once final: those the
 * twin has not seen are taken off first.
 */
export const compareAccounts = async (
  options: ComparerOptions,
  expectation: Expectation,
  blockNumber: number,
): Promise<string[]> => {
  const { views } = options
  const differences: string[] = []
  const found = await views.accounts(expectation.accounts, blockNumber)
  for (const [i, { owner, subaccount, account }] of expectation.accounts.entries()) {
    const answered = found[i]
    if (answered === undefined) throw new RangeError(`no answer about ${owner}/${subaccount}`)
    const chain = asTwin(answered)
    if (describe(chain) === describe(account)) continue
    const waiting = await waitingDeposits(options, owner, subaccount, expectation, blockNumber)
    const paid = await paidOutside(options, owner, subaccount, expectation, blockNumber)
    // What the chain did to a position in between shows once the engine has heard of it.
    if (paid === undefined) continue
    const credited = { ...chain, cash: chain.cash - waiting }
    const isPaid = paid.some(
      (sum) => describe({ ...credited, cash: credited.cash + sum }) === describe(account),
    )
    if (!isPaid)
      differences.push(
        `${owner}/${subaccount} at block ${blockNumber}: contract ${describe(credited)}, twin ${describe(account)}`,
      )
  }
  return differences
}

// What claims may have taken that the twin has not seen: of the block it has seen the last entry of, perhaps some. Undefined
// where positions moved too.
const paidOutside = async (
  { rpc, contract, deployBlock, backstop }: ComparerOptions,
  owner: string,
  subaccount: number,
  { noticeBlock }: Expectation,
  toBlock: number,
): Promise<bigint[] | undefined> => {
  const fromBlock = Math.max(noticeBlock, deployBlock)
  const logs = await outsideLogs(rpc, contract, { fromBlock, toBlock })
  const isOwn = (one: { owner: string; subaccount: number }) =>
    one.owner === owner.toLowerCase() && one.subaccount === subaccount
  const isBackstop = (taker: number) => owner.toLowerCase() === backstop && subaccount === taker
  const isMoved = logs.some(
    (one) =>
      one.backstopSubaccount !== undefined && (isBackstop(one.backstopSubaccount) || isOwn(one)),
  )
  if (isMoved) return undefined
  const own = logs.filter(isOwn)
  const total = own.reduce((sum, { paidQuote }) => sum + BigInt(paidQuote), 0n)
  const sums = [total]
  let seen = 0n
  for (const { blockNumber, paidQuote } of own) {
    if (blockNumber !== noticeBlock) break
    seen += BigInt(paidQuote)
    sums.push(total - seen)
  }
  return sums
}

const waitingDeposits = async (
  options: ComparerOptions,
  owner: string,
  subaccount: number,
  { depositId }: Expectation,
  toBlock: number,
) => {
  const topics = [topicOf('Deposited'), null, `0x${owner.slice(2).padStart(64, '0')}`]
  const { rpc, contract: address, deployBlock: fromBlock } = options
  const logs = await rpc.logs({ address, topics, fromBlock, toBlock })
  let waiting = 0n
  for (const log of logs) {
    const values = exchangeInterface.decodeEventLog('Deposited', log.data, log.topics)
    if (Number(values['depositId']) <= depositId || Number(values['subaccount']) !== subaccount)
      continue
    waiting += BigInt(String(values['amount']))
  }
  return waiting
}
