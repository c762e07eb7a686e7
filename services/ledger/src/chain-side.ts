//! The contract's figures, all read at one block, as of the last batch it settled.
import { type ChainPosition, contractViews, type Rpc, RpcError } from '@plumb/chain'

export type ChainSide = {
  block: number
  batchNo: number
  /** Everything up to here is settled. */
  toSeq: number
  deposits: { depositId: number; rollingHash: string }
  totals: {
    tokenBalanceQuote: number
    depositsQuote: number
    withdrawalsQuote: number
    feesQuote: number
    fundingPoolsQuote: number
    /** Debited, and held up on its way out. */
    owedQuote: number
    insuranceQuote: number
  }
  /** Owner of the backstop's accounts, lowercase. */
  backstop: string
  /** By account, in the order they were asked for. */
  accounts: { cashQuote: number; positions: ChainPosition[] }[]
}

export type AccountName = { owner: string; subaccount: number }

const ATTEMPTS = 3

/**
 * Reads the contract at the head. A node that forgets old states quickly may lose the block in between: then again.
 *
 * @throws RpcUnavailableError, RpcError
 */
export async function readChainSide(
  rpc: Rpc,
  contract: string,
  accounts: readonly AccountName[],
): Promise<ChainSide> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readAtHead(rpc, contract, accounts)
    } catch (error) {
      if (attempt === ATTEMPTS || !(error instanceof RpcError)) throw error
    }
  }
}

async function readAtHead(
  rpc: Rpc,
  contract: string,
  accounts: readonly AccountName[],
): Promise<ChainSide> {
  const views = contractViews(rpc, contract)
  const block = await rpc.blockNumber()
  const [batch, deposits, totals, backstop] = await Promise.all([
    views.lastBatch(block),
    views.lastDeposit(block),
    views.totals(block),
    views.backstop(block),
  ])
  const found = await views.accounts(accounts, block)
  const { batchNo, toSeq } = batch
  return { block, batchNo, toSeq, deposits, totals, backstop, accounts: found }
}
