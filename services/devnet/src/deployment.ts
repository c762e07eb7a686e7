//! The contracts of a devnet: deployed once, on an empty chain, and funded.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connectSigner, deployContracts, exchangeInterface, type Rpc } from '@plumb/chain'
import { limits, type Market } from '@plumb/model'
import { z } from 'zod'
import { DevnetError } from './devnet-error.ts'
import { demoKeys, keyOf, type OwnKeys, publisherCount } from './devnet-keys.ts'
import { devnetChainId } from './local-chain.ts'

const schema = z.object({
  token: z.string(),
  exchange: z.string(),
  deployBlock: z.number().int(),
})

export type DevnetDeployment = z.infer<typeof schema>

/** L: how old an unsettled fill may become, seconds. */
export const settlementLagS = 600
export const publisherQuorum = 3

/** ETH for gas and test USDC to deposit, for everyone who acts on the devnet. */
const etherWei = 1_000n * 10n ** 18n
const demoUsdc = 10_000_000n * 1_000_000n
const botUsdc = 50_000_000n * 1_000_000n
/** What stands behind forced reductions: at 5 % initial margin it takes positions of 200,000,000 USDC. */
const backstopUsdc = 10_000_000n * 1_000_000n

/**
 * The deployment that stands in `path`; undefined before the first start is through.
 *
 * @throws DevnetError CHAIN_LOST when there is one, but its chain is gone
 */
export const readDeployment = async (
  path: string,
  chainDir: string,
): Promise<DevnetDeployment | undefined> => {
  if (!existsSync(path)) return undefined
  if (!existsSync(join(chainDir, 'state.json')))
    throw new DevnetError(
      'CHAIN_LOST',
      `The chain's state is missing in ${chainDir}. Begin anew: npm start -- --fresh`,
    )
  return schema.parse(JSON.parse(await readFile(path, 'utf8')))
}

const word = (value: bigint | string) =>
  (typeof value === 'bigint' ? value.toString(16) : value.slice(2)).toLowerCase().padStart(64, '0')

/** `mint(address,uint256)` of the test token, which anyone may call. */
const mintData = (to: string, amount: bigint) => `0x40c10f19${word(to)}${word(amount)}`

/** `approve(address,uint256)` of the token. */
const approveData = (spender: string, amount: bigint) => `0x095ea7b3${word(spender)}${word(amount)}`

/** The node's own account, which signs without a key. */
const bankOf = async (rpc: Rpc): Promise<string> => {
  const [bank] = z.array(z.string()).parse(await rpc.request('eth_accounts', []))
  if (bank === undefined) throw new Error('the node has no account')
  return bank
}

/** Deposits the backstop's capital; it leaves by `requestWithdraw` only, after twice the freeze delay. */
const capitalise = async (rpc: Rpc, { token, exchange }: DevnetDeployment, backstop: string) => {
  const from = await bankOf(rpc)
  const send = (to: string, data: string) =>
    rpc.request('eth_sendTransaction', [{ from, to, data, gas: '0x60000' }])
  await send(token, mintData(from, backstopUsdc))
  await send(token, approveData(exchange, backstopUsdc))
  await send(
    exchange,
    exchangeInterface.encodeFunctionData('depositFor', [backstop, 0, backstopUsdc]),
  )
}

/** Gas for keys that have none: those that a newer version of the devnet has added to an older state. */
export const topUpGas = async (rpc: Rpc, keys: OwnKeys): Promise<void> => {
  for (const { address } of keys.values()) {
    const held = z.string().parse(await rpc.request('eth_getBalance', [address, 'latest']))
    if (BigInt(held) === 0n)
      await rpc.request('anvil_setBalance', [address, `0x${etherWei.toString(16)}`])
  }
}

const fund = async (rpc: Rpc, token: string, keys: OwnKeys) => {
  const bank = await bankOf(rpc)
  const own = [...keys.values()]
  const rich = [...demoKeys, ...own]
  for (const { address } of rich)
    await rpc.request('anvil_setBalance', [address, `0x${etherWei.toString(16)}`])
  const traders = [
    ...demoKeys.map(({ address }) => ({ address, amount: demoUsdc })),
    ...['market-maker', 'taker', 'capture'].map((name) => ({
      address: keyOf(keys, name).address,
      amount: botUsdc,
    })),
  ]
  for (const { address, amount } of traders)
    await rpc.request('eth_sendTransaction', [
      { from: bank, to: token, data: mintData(address, amount), gas: '0x30000' },
    ])
}

/** Deploys token and exchange, lists the markets, funds everyone. The caller makes the chain durable afterwards. */
export const deployDevnet = async (
  rpc: Rpc,
  keys: OwnKeys,
  markets: readonly Market[],
): Promise<DevnetDeployment> => {
  const deployer = keyOf(keys, 'deployer')
  await rpc.request('anvil_setBalance', [deployer.address, `0x${etherWei.toString(16)}`])
  const connected = connectSigner(rpc.url, devnetChainId, deployer.privateKey)
  try {
    const deployment = await deployContracts(connected.signer, {
      markets,
      relayers: [keyOf(keys, 'relayer').address],
      publishers: Array.from(
        { length: publisherCount },
        (_, i) => keyOf(keys, `publisher-${i}`).address,
      ),
      quorum: publisherQuorum,
      settlementLagS,
      markAgeMaxS: settlementLagS,
      minDepositQuote: 1,
      maxDepositsQuote: limits.cashQuoteMax,
      backstop: keyOf(keys, 'backstop').address,
    })
    await fund(rpc, deployment.token, keys)
    await capitalise(rpc, deployment, keyOf(keys, 'backstop').address)
    return deployment
  } finally {
    connected.close()
  }
}
