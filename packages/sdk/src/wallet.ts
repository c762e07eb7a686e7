//! The on-chain side of a trader: test tokens, approval, deposits, and what the contract holds.
import { type SessionKeyTerms, sessionKeyTypedData, typedDomain } from '@plumb/protocol'
import { Contract, JsonRpcProvider, Wallet as KeyWallet, type Signer } from 'ethers'
import {
  type SessionKeyLimits,
  sessionKeyTerms,
  signSessionKey,
  splitSignature,
} from './session-key.ts'
import { type SignerInput, signerAddress, signTyped } from './signing/signer.ts'
import { typedDataDigest } from './signing/typed-data-digest.ts'

const NOT_NEEDED = [`0x${'00'.repeat(32)}`, `0x${'00'.repeat(32)}`]

const TOKEN_CALLS = [
  'function balanceOf(address owner) view returns (uint256)',
  'function allowance(address owner, address spender) view returns (uint256)',
  'function approve(address spender, uint256 value) returns (bool)',
  'function mint(address to, uint256 value)',
]
const EXCHANGE_CALLS = [
  'function deposit(uint8 subaccount, uint256 amount) returns (uint64)',
  'function depositFor(address owner, uint8 subaccount, uint256 amount) returns (uint64)',
  'function account(address owner, uint8 subaccount) view returns (int256 cash, tuple(uint8 market, int256 size, int256 fundingSnapshot)[] positions)',
  'function registerKey((address owner, address key, uint8 subaccount, bool allSubaccounts, uint32 expiry, uint64 notional, uint64 markets, uint64 maxPosition, uint64 maxOrderNotional) terms, bytes32[2] ownerSignature, bytes32[2] keySignature)',
  'function registerWalletKey((address owner, address key, uint8 subaccount, bool allSubaccounts, uint32 expiry, uint64 notional, uint64 markets, uint64 maxPosition, uint64 maxOrderNotional) terms, bytes walletSignature, bytes32[2] keySignature)',
  'function revokeKey(address key)',
  'event Deposited(uint64 indexed depositId, address indexed owner, uint8 subaccount, uint256 amount, bytes32 rollingHash)',
]

/** Which chain, which contract, and who signs the transactions. */
export type WalletOptions = {
  rpcUrl: string
  /** Settlement contract and its collateral token. */
  contract: string
  token: string
  /** A private key, or an ethers signer that is connected to the chain. */
  signer: string | Signer
}

/** A mined transaction. */
export type Mined = { txHash: string; blockNumber: number }
/** A mined deposit; the exchange credits it once the block is final. `depositId` as in GET /v1/deposits. */
export type MinedDeposit = Mined & { depositId: number; amountQuote: number }
/** Micro-USDC and lots as the contract has them. */
export type OnChainAccount = {
  cashQuote: number
  positions: { market: number; sizeLots: number }[]
}

/** Amounts are micro-USDC. */
export type Wallet = {
  address(): Promise<string>
  /** Tokens of an address, this wallet's own by default. */
  tokenBalance(owner?: string): Promise<number>
  /** Makes test USDC for this wallet; only development tokens allow it. */
  mint(amountQuote: number): Promise<Mined>
  /** Approves if needed and deposits, for this wallet's account or for another owner's. */
  deposit(amountQuote: number, to?: { owner?: string; subaccount?: number }): Promise<MinedDeposit>
  /** Deposits for several owners at once: the transactions are sent together and share blocks. */
  depositForAll(deposits: readonly { owner: string; amountQuote: number }[]): Promise<Mined[]>
  /** What the contract holds for an account; `blockNumber` = the head by default. */
  account(owner: string, subaccount?: number, blockNumber?: number): Promise<OnChainAccount>
  /**
   * Registers a session key of this wallet; the exchange takes its orders once the block is final (`trader.read.agents`
   * shows it). The key must be at hand: it signs too, so that nobody captures another's.
   */
  registerKey(
    key: SignerInput,
    limits: SessionKeyLimits,
  ): Promise<Mined & { terms: SessionKeyTerms }>
  /**
   * Registers a session key of a contract wallet (ERC-1271); anybody may bring it. `sign` answers what the wallet's
   * `isValidSignature` takes for the digest.
   */
  registerWalletKey(
    owner: string,
    key: SignerInput,
    limits: SessionKeyLimits,
    sign: (digest: Uint8Array) => Promise<string>,
  ): Promise<Mined & { terms: SessionKeyTerms }>
  /** Ends a session key of this wallet: the exchange refuses its orders once the block is final, the contract after D. */
  revokeKey(key: string): Promise<Mined>
  /** Wei of this wallet for gas. */
  gasBalance(): Promise<bigint>
  close(): void
}

/**
 * A wallet on the exchange's chain.
 *
 * @example
 * const wallet = createWallet({ rpcUrl, contract, token, signer: privateKey })
 * await wallet.deposit(1_000_000_000) // 1,000 USDC
 */
export function createWallet(options: WalletOptions): Wallet {
  // ethers repeats an answer for 250 ms: a chain that mines at once would be sent the same nonce twice.
  const settings = { staticNetwork: true, cacheTimeout: -1 }
  const provider = new JsonRpcProvider(options.rpcUrl, undefined, settings)
  provider.pollingInterval = 250
  const signer =
    typeof options.signer === 'string' ? new KeyWallet(options.signer, provider) : options.signer
  const token = new Contract(options.token, TOKEN_CALLS, signer)
  const exchange = new Contract(options.contract, EXCHANGE_CALLS, signer)
  const address = () => signer.getAddress()
  const domain = async () =>
    typedDomain(Number((await provider.getNetwork()).chainId), options.contract)

  const approve = async (amountQuote: number) => {
    const allowed: bigint = await token.getFunction('allowance')(await address(), options.contract)
    if (allowed < BigInt(amountQuote))
      await mine(token, 'approve', [options.contract, 2n ** 256n - 1n])
  }
  return {
    address,
    tokenBalance: async (owner) =>
      Number(await token.getFunction('balanceOf')(owner ?? (await address()))),
    mint: async (amountQuote) => mine(token, 'mint', [await address(), amountQuote]),
    async deposit(amountQuote, { owner, subaccount = 0 } = {}) {
      await approve(amountQuote)
      const mined =
        owner === undefined
          ? await mine(exchange, 'deposit', [subaccount, amountQuote])
          : await mine(exchange, 'depositFor', [owner, subaccount, amountQuote])
      return { ...mined, amountQuote, depositId: depositIdOf(exchange, mined) }
    },
    async depositForAll(deposits) {
      await approve(deposits.reduce((sum, { amountQuote }) => sum + amountQuote, 0))
      const first = await provider.getTransactionCount(await address(), 'pending')
      return await Promise.all(
        deposits.map(({ owner, amountQuote }, i) =>
          mine(exchange, 'depositFor', [owner, 0, amountQuote, { nonce: first + i }]),
        ),
      )
    },
    async account(owner, subaccount = 0, blockNumber) {
      const at = blockNumber === undefined ? {} : { blockTag: blockNumber }
      const [cash, positions]: [bigint, { market: bigint; size: bigint }[]] =
        await exchange.getFunction('account')(owner, subaccount, at)
      return {
        cashQuote: Number(cash),
        positions: positions.map(({ market, size }) => ({
          market: Number(market),
          sizeLots: Number(size),
        })),
      }
    },
    async registerKey(key, limits) {
      const terms = sessionKeyTerms(await address(), await signerAddress(key), limits)
      const ofKey = splitSignature(await signSessionKey(key, await domain(), terms))
      // Who calls for itself needs no signature of its own.
      return { ...(await mine(exchange, 'registerKey', [terms, NOT_NEEDED, ofKey])), terms }
    },
    async registerWalletKey(owner, key, limits, sign) {
      const terms = sessionKeyTerms(owner, await signerAddress(key), limits)
      const data = sessionKeyTypedData(await domain(), terms)
      const ofKey = splitSignature(await signTyped(key, data))
      const ofWallet = await sign(typedDataDigest(data))
      return { ...(await mine(exchange, 'registerWalletKey', [terms, ofWallet, ofKey])), terms }
    },
    revokeKey: async (key) => mine(exchange, 'revokeKey', [key]),
    gasBalance: async () => provider.getBalance(await address()),
    close: () => provider.destroy(),
  }
}

type Log = { topics: readonly string[]; data: string }

/** Sends a call and waits for its block. Reverts become errors with the contract's reason before anything is sent. */
async function mine(
  contract: Contract,
  name: string,
  values: unknown[],
): Promise<Mined & { logs: readonly Log[] }> {
  const sent = await contract.getFunction(name).send(...values)
  const receipt = await sent.wait(1, 60_000)
  if (receipt === null || receipt.status !== 1) throw new Error(`${name} ${sent.hash} reverted`)
  return { txHash: receipt.hash, blockNumber: receipt.blockNumber, logs: receipt.logs }
}

function depositIdOf(
  exchange: Contract,
  { logs, txHash }: { logs: readonly Log[]; txHash: string },
) {
  for (const log of logs) {
    const parsed = exchange.interface.parseLog(log)
    if (parsed?.name === 'Deposited') return Number(parsed.args['depositId'])
  }
  throw new Error(`${txHash} holds no deposit`)
}
