//! Holds the contract against the journal, as of the last command that it settled.
import {
  type ChainBatch,
  type ContractViews,
  contractViews,
  createDepositReader,
  type Rpc,
  rollDepositHash,
} from '@plumb/chain'
import type { AccountHeld, BookSnapshot, CreditedDeposit } from './verify-account-book.ts'
import { VerifyError } from './verify-error.ts'

const differ = (message: string) => new VerifyError('chain', message)
const atOnce = 16

/** What the contract has settled, all read at one block. */
export type ChainPoint = { batch: ChainBatch; block: number; views: ContractViews }

export const readChainPoint = async (rpc: Rpc, contract: string): Promise<ChainPoint> => {
  const views = contractViews(rpc, contract)
  const block = await rpc.blockNumber()
  return { batch: await views.lastBatch(block), block, views }
}

const inParallel = async <T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> => {
  let next = 0
  const worker = async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

/** What the journal says about deposits: all of them, and how many were credited by the settled seq. */
export type DepositsSeen = { all: readonly CreditedDeposit[]; settledCount: number }

/** Deposits that the contract holds but that were not credited when it settled last, by owner and subaccount. */
const uncredited = async (
  rpc: Rpc,
  contract: string,
  { views, block }: ChainPoint,
  deposits: DepositsSeen,
): Promise<Map<string, number>> => {
  const last = await views.lastDeposit(block)
  const credited = deposits.all.filter(({ depositId }) => depositId <= last.depositId)
  if (credited.length < deposits.all.length)
    throw differ(
      `the journal credits deposit ${deposits.all.at(-1)?.depositId}, the contract has only ${last.depositId}`,
    )
  const rollingHash = credited.reduce(rollDepositHash, `0x${'00'.repeat(32)}`)
  const cursor = {
    depositId: credited.length,
    rollingHash,
    blockNumber: credited.at(-1)?.blockNumber ?? 0,
  }
  const newer =
    last.depositId === credited.length
      ? { deposits: [], cursor }
      : await createDepositReader({
          rpcs: [rpc],
          contract,
          blocksMax: Number.MAX_SAFE_INTEGER,
        }).read(cursor, block)
  if (newer.cursor.rollingHash !== last.rollingHash)
    throw differ(
      `deposits 1 to ${last.depositId} roll up to ${newer.cursor.rollingHash}, the contract says ${last.rollingHash}`,
    )
  const sums = new Map<string, number>()
  for (const { owner, subaccount, amountQuote } of [
    ...credited.slice(deposits.settledCount),
    ...newer.deposits,
  ]) {
    const key = `${owner.toLowerCase()}/${subaccount}`
    sums.set(key, (sums.get(key) ?? 0) + amountQuote)
  }
  return sums
}

const compareAccount = async (
  { views, block }: ChainPoint,
  account: AccountHeld,
  depositedQuote: number,
): Promise<number> => {
  const { owner, subaccount } = account
  const name = `account ${account.accountId} (${owner}/${subaccount})`
  const found = await views.account(owner, subaccount, block)
  const cashQuote = account.cashQuote + depositedQuote
  if (found.cashQuote !== cashQuote)
    throw differ(`${name}: cash is ${found.cashQuote}, the journal says ${cashQuote}`)
  const positions = new Map(found.positions.map((position) => [position.market, position]))
  for (const market of new Set([...account.positions.keys(), ...positions.keys()])) {
    const wanted = account.positions.get(market)
    const stored = positions.get(market)
    if ((stored?.sizeLots ?? 0) !== (wanted?.lots ?? 0))
      throw differ(
        `${name}: position in market ${market} is ${stored?.sizeLots ?? 0}, the journal says ${wanted?.lots ?? 0}`,
      )
    if (wanted !== undefined && stored?.fundingSnapshot !== wanted.fundingSnapshot)
      throw differ(
        `${name}: funding in market ${market} is settled to ${stored?.fundingSnapshot}, the journal says ${wanted.fundingSnapshot}`,
      )
  }
  for (const [lane, wanted] of account.lanes) {
    const stored = await views.lane(owner, subaccount, lane, block)
    if (stored.seq !== wanted.seq)
      throw differ(`${name}: lane ${lane} is at ${stored.seq}, the journal says ${wanted.seq}`)
    if (wanted.filledLots >= 0 && stored.filledLots !== wanted.filledLots)
      throw differ(
        `${name}: lane ${lane} is filled to ${stored.filledLots}, the journal says ${wanted.filledLots}`,
      )
  }
  return account.lanes.size
}

const sumOf = (sums: ReadonlyMap<number, number>) => [...sums.values()].reduce((a, b) => a + b, 0)

const compareTotals = async ({ views, block }: ChainPoint, book: BookSnapshot) => {
  const totals = await views.totals(block)
  const pools = sumOf(book.fundingPools) + sumOf(book.tranches)
  if (totals.feesQuote !== book.totals.feesQuote)
    throw differ(`fees are ${totals.feesQuote}, the journal says ${book.totals.feesQuote}`)
  // Together: the contract leaves the dust of a funding pool where it is, the engine moves it into the tranche.
  if (totals.fundingPoolsQuote + totals.insuranceQuote !== pools)
    throw differ(
      `funding pools and insurance are ${totals.fundingPoolsQuote + totals.insuranceQuote}, the journal says ${pools}`,
    )
  const dueQuote = totals.depositsQuote - totals.withdrawalsQuote + totals.owedQuote
  if (totals.tokenBalanceQuote < dueQuote)
    throw differ(`the contract holds ${totals.tokenBalanceQuote} tokens but owes ${dueQuote}`)
}

/** What was compared. */
export type ChainFigures = { accounts: number; lanes: number }

/**
 * Every account's cash, positions and lanes, and the totals, against the book as of `point.batch.toSeq`.
 *
 * @throws VerifyError naming the first difference
 */
export const checkChain = async (
  rpc: Rpc,
  contract: string,
  point: ChainPoint,
  book: BookSnapshot,
  deposits: readonly CreditedDeposit[],
): Promise<ChainFigures> => {
  const seen = { all: deposits, settledCount: book.depositCount }
  const waiting = await uncredited(rpc, contract, point, seen)
  let lanes = 0
  await inParallel([...book.accounts.values()], async (account) => {
    const key = `${account.owner.toLowerCase()}/${account.subaccount}`
    lanes += await compareAccount(point, account, waiting.get(key) ?? 0)
  })
  await compareTotals(point, book)
  return { accounts: book.accounts.size, lanes }
}
