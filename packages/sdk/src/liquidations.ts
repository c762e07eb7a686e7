//! Liquidation without the operator: anybody may flag an account below maintenance margin, and later have it taken over.
import { Contract, JsonRpcProvider, Wallet as KeyWallet } from 'ethers'
import type { Mined, OnChainAccount, WalletOptions } from './wallet.ts'

const CALLS = [
  'function health(address owner, uint8 subaccount) view returns (int256 equity, uint256 maintenance, uint256 initial, bool isFresh)',
  'function account(address owner, uint8 subaccount) view returns (int256 cash, tuple(uint8 market, int256 size, int256 fundingSnapshot)[] positions)',
  'function flag(address owner, uint8 subaccount)',
  'function clearFlag(address owner, uint8 subaccount)',
  'function executeFlagged(address owner, uint8 subaccount, uint8 market)',
  'event Deposited(uint64 indexed depositId, address indexed owner, uint8 subaccount, uint256 amount, bytes32 rollingHash)',
  'event AccountFlagged(address indexed owner, uint8 subaccount, uint64 executableAt)',
]

/** An account on the contract. */
export type ChainOwner = { owner: string; subaccount: number }
/** Micro-USDC, at the marks of the last batch; stale marks allow no liquidation. */
export type ChainHealth = {
  equityQuote: number
  maintenanceQuote: number
  initialQuote: number
  isFresh: boolean
}
/** An account flagged for liquidation, and from when on it may be executed (Unix ms). */
export type Flag = ChainOwner & { executableAtMs: number }

/** The contract's public liquidation. Calls that it would refuse throw its reason and send nothing. */
export type Liquidations = {
  /** Accounts that ever deposited, and flags that were raised, in blocks `fromBlock` … the head. */
  scan(fromBlock: number): Promise<{ accounts: ChainOwner[]; flags: Flag[]; toBlock: number }>
  health(account: ChainOwner): Promise<ChainHealth>
  positions(account: ChainOwner): Promise<OnChainAccount['positions']>
  /** The chain's own time. */
  timeMs(): Promise<number>
  flag(account: ChainOwner): Promise<Mined>
  /** Takes the flag off an account that is healthy again. */
  clearFlag(account: ChainOwner): Promise<Mined>
  /** From `executableAtMs` on, for as long again: the backstop takes the position over. */
  executeFlagged(account: ChainOwner, market: number): Promise<Mined>
  close(): void
}

/**
 * Connects a liquidator's key to the contract; `token` is not used.
 *
 * @example
 * const liquidations = createLiquidations({ rpcUrl, contract, signer: privateKey })
 * if ((await liquidations.health(account)).equityQuote < 0) await liquidations.flag(account)
 */
export function createLiquidations(options: Omit<WalletOptions, 'token'>): Liquidations {
  const provider = new JsonRpcProvider(options.rpcUrl, undefined, {
    staticNetwork: true,
    cacheTimeout: -1,
  })
  provider.pollingInterval = 500
  const signer =
    typeof options.signer === 'string' ? new KeyWallet(options.signer, provider) : options.signer
  const exchange = new Contract(options.contract, CALLS, signer)
  const send = async (name: string, values: unknown[]): Promise<Mined> => {
    const sent = await exchange.getFunction(name).send(...values)
    const receipt = await sent.wait(1, 60_000)
    if (receipt === null || receipt.status !== 1) throw new Error(`${name} ${sent.hash} reverted`)
    return { txHash: receipt.hash, blockNumber: receipt.blockNumber }
  }
  const events = async (name: string, fromBlock: number, toBlock: number) => {
    const topic = exchange.interface.getEvent(name)?.topicHash ?? null
    const filter = { address: options.contract, topics: [topic], fromBlock, toBlock }
    const logs = await provider.getLogs(filter)
    return logs.flatMap((log) => {
      const args = exchange.interface.parseLog(log)?.args
      // Arguments are a list themselves: flattened they would fall apart.
      return args === undefined ? [] : [args]
    })
  }
  return {
    async scan(fromBlock) {
      const toBlock = await provider.getBlockNumber()
      if (toBlock < fromBlock) return { accounts: [], flags: [], toBlock: fromBlock - 1 }
      const [deposits, flags] = await Promise.all([
        events('Deposited', fromBlock, toBlock),
        events('AccountFlagged', fromBlock, toBlock),
      ])
      const of = (args: (typeof deposits)[number]): ChainOwner => ({
        owner: String(args['owner']),
        subaccount: Number(args['subaccount']),
      })
      return {
        accounts: deposits.map(of),
        flags: flags.map((args) =>
          Object.assign(of(args), { executableAtMs: Number(args['executableAt']) * 1_000 }),
        ),
        toBlock,
      }
    },
    async health({ owner, subaccount }) {
      const [equity, maintenance, initial, isFresh]: [bigint, bigint, bigint, boolean] =
        await exchange.getFunction('health')(owner, subaccount)
      return {
        equityQuote: Number(equity),
        maintenanceQuote: Number(maintenance),
        initialQuote: Number(initial),
        isFresh,
      }
    },
    async positions({ owner, subaccount }) {
      const [, positions]: [bigint, { market: bigint; size: bigint }[]] =
        await exchange.getFunction('account')(owner, subaccount)
      return positions.map(({ market, size }) => ({
        market: Number(market),
        sizeLots: Number(size),
      }))
    },
    timeMs: async () => ((await provider.getBlock('latest'))?.timestamp ?? 0) * 1_000,
    flag: ({ owner, subaccount }) => send('flag', [owner, subaccount]),
    clearFlag: ({ owner, subaccount }) => send('clearFlag', [owner, subaccount]),
    executeFlagged: ({ owner, subaccount }, market) =>
      send('executeFlagged', [owner, subaccount, market]),
    close: () => provider.destroy(),
  }
}
