//! Which deposits the contract holds that were not credited by a given seq.
import { type ChainDeposit, createDepositReader, type Rpc, rollDepositHash } from '@plumb/chain'
import { type CreditedDeposit, type Ledger, readDeposits } from '@plumb/ledger'

type Cursor = { depositId: number; rollingHash: string; blockNumber: number }

/** Deposits by owner and subaccount, micro-USDC, and the difference if the two sides tell different stories. */
export type UncreditedDeposits = {
  byAccount: Map<string, number>
  totalQuote: number
  difference: string | undefined
}

/** How accounts are named between ledger and chain: lower-case address / subaccount. */
export const accountName = (owner: string | Uint8Array, subaccount: number): string => {
  const hex = typeof owner === 'string' ? owner : `0x${Buffer.from(owner).toString('hex')}`
  return `${hex.toLowerCase()}/${subaccount}`
}

const genesis: Cursor = { depositId: 0, rollingHash: `0x${'00'.repeat(32)}`, blockNumber: 0 }
const BLOCKS_MAX = 50_000

/** Keeps the contract's rolling hash up to the last credited deposit, so that each look only reads what is new. */
export class DepositTrail {
  private readonly credited: { seq: number; name: string; amountQuote: number }[] = []
  private tip = genesis
  /** The last deposit of an earlier block than the tip's: logs are read by whole blocks. */
  private beforeTip = genesis
  private readonly ledger: Ledger
  private readonly rpc: Rpc
  private readonly contract: string

  constructor(ledger: Ledger, rpc: Rpc, contract: string) {
    this.ledger = ledger
    this.rpc = rpc
    this.contract = contract
  }

  /** What the contract held at `block` beyond what was credited up to `seq`. */
  async uncredited(
    seq: number,
    block: number,
    onChain: { depositId: number; rollingHash: string },
  ): Promise<UncreditedDeposits> {
    await this.readCredited()
    const byAccount = new Map<string, number>()
    let totalQuote = 0
    const add = (name: string, amountQuote: number) => {
      byAccount.set(name, (byAccount.get(name) ?? 0) + amountQuote)
      totalQuote += amountQuote
    }
    for (let i = this.credited.length - 1; i >= 0; i--) {
      const deposit = this.credited[i]
      if (deposit === undefined || deposit.seq <= seq) break
      add(deposit.name, deposit.amountQuote)
    }
    if (onChain.depositId < this.tip.depositId)
      return {
        byAccount,
        totalQuote,
        difference: `deposit ${this.tip.depositId} is credited, the contract has only ${onChain.depositId}`,
      }
    const newer = onChain.depositId === this.tip.depositId ? [] : await this.readLogs(block)
    for (const deposit of newer)
      add(accountName(deposit.owner, deposit.subaccount), deposit.amountQuote)
    const rollingHash = newer.at(-1)?.rollingHash ?? this.tip.rollingHash
    const difference =
      rollingHash === onChain.rollingHash
        ? undefined
        : `deposits up to ${onChain.depositId} roll up to ${rollingHash}, the contract says ${onChain.rollingHash}`
    return { byAccount, totalQuote, difference }
  }

  private async readCredited(): Promise<void> {
    for (;;) {
      const page = await readDeposits(this.ledger, this.tip.depositId)
      if (page.length === 0) return
      for (const deposit of page) this.addCredited(deposit)
    }
  }

  private addCredited({
    depositId,
    seq,
    owner,
    subaccount,
    amountQuote,
    blockNumber,
  }: CreditedDeposit): void {
    if (blockNumber > this.tip.blockNumber) this.beforeTip = this.tip
    const ownerHex = `0x${Buffer.from(owner).toString('hex')}`
    const deposit = { depositId, owner: ownerHex, subaccount, amountQuote }
    this.tip = {
      depositId,
      blockNumber,
      rollingHash: rollDepositHash(this.tip.rollingHash, deposit),
    }
    this.credited.push({ seq, name: accountName(owner, subaccount), amountQuote })
  }

  private async readLogs(block: number): Promise<ChainDeposit[]> {
    const reader = createDepositReader({
      rpcs: [this.rpc],
      contract: this.contract,
      blocksMax: BLOCKS_MAX,
    })
    // From the tip's own block on: it may hold deposits that were not credited yet.
    let cursor: Cursor = { ...this.beforeTip, blockNumber: Math.max(this.tip.blockNumber, 1) - 1 }
    const found: ChainDeposit[] = []
    while (cursor.blockNumber < block) {
      const read = await reader.read(cursor, block)
      found.push(...read.deposits)
      cursor = read.cursor
    }
    return found.filter(({ depositId }) => depositId > this.tip.depositId)
  }
}
