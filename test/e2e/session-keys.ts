//! Every kind of signer on a running devnet, contract included: a registered key, a contract wallet's, and the node's own.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, createClient, createSessionKey, createWallet, type Trader } from '@plumb/sdk'
import { deployContractWallet, unlockedSigner } from '../../packages/sdk/src/testing/wallets.ts'
import { signersOf } from '../../packages/sdk/test/library-signers.ts'

const EXAMPLE = '../../packages/sdk/examples/session-key.mjs'
const PATIENCE_MS = 60_000

type Program = { run: (context: object) => Promise<Record<string, unknown>> }

async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const endMs = Date.now() + PATIENCE_MS
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > endMs) throw new Error(`${what}: not within ${PATIENCE_MS} ms`)
    await sleep(200)
  }
}

const settled = (trader: Trader, orderId: string) =>
  until(`order ${orderId} settled`, async () => {
    const { items } = await trader.read.fills()
    const fills = items.filter((fill) => fill.orderId === orderId)
    const isSettled = fills.length > 0 && fills.every(({ settlement }) => settlement === 'settled')
    return isSettled ? fills.length : undefined
  })

const buy = { market: 'ETH-PERP', side: 'buy', type: 'market', amount: '0.02' } as const

/** The example on an account of its own, and what became of its fill on-chain. */
async function keyOfAccount(client: Client, key: string) {
  const { rpcUrl, contract, token } = await client.devnet()
  const trader = client.trader(key)
  const wallet = createWallet({ rpcUrl, contract, token, signer: key })
  await wallet.deposit(5_000_000_000)
  await until('funded', async () => (await trader.isFunded()) || undefined)
  wallet.close()
  const program: Program = await import(new URL(EXAMPLE, import.meta.url).href)
  const answers = await program.run({ client, trader, key })
  await settled(trader, String(answers['orderId']))
  return answers
}

/** A contract wallet trades by a session key: it never signs an order. */
async function keyOfContract(client: Client, payer: string) {
  const { rpcUrl, contract, token } = await client.devnet()
  const [guardian, session] = [createSessionKey(), createSessionKey()]
  const owner = await deployContractWallet(rpcUrl, payer, guardian)
  const wallet = createWallet({ rpcUrl, contract, token, signer: payer })
  await wallet.deposit(5_000_000_000, { owner: owner.address })
  const limits = { notional: '1000', lifetimeS: 3_600 }
  await wallet.registerWalletKey(owner.address, session, limits, owner.sign)
  wallet.close()
  const trader = client.trader(session, { account: owner.address })
  await until('key known', () => trader.read.agents().catch(() => undefined))
  await until('funded', async () => (await trader.isFunded()) || undefined)
  const { order } = await trader.place(buy)
  await settled(trader, order.id)
  return { account: order.account === owner.address.toLowerCase(), filled: order.filled }
}

/** The node signs typed data itself: `eth_signTypedData_v4`. */
async function unlockedAccount(client: Client, payer: string) {
  const { rpcUrl, contract, token } = await client.devnet()
  const signer = await unlockedSigner(rpcUrl)
  const trader = client.trader(signer)
  const { account } = await trader.owner()
  const wallet = createWallet({ rpcUrl, contract, token, signer: payer })
  await wallet.deposit(5_000_000_000, { owner: account })
  wallet.close()
  await until('funded', async () => (await trader.isFunded()) || undefined)
  const { mark } = await client.ticker('ETH-PERP')
  const price = String(Math.floor(Number(mark) * 0.97))
  const { order } = await trader.place({ ...buy, type: 'limit', price })
  const edited = await trader.edit(order, { amount: '0.01' })
  const canceled = await trader.cancel({ orderId: edited.order.id })
  const taken = await trader.place(buy)
  await settled(trader, taken.order.id)
  signer.close()
  return { canceled: canceled.order.status, filled: taken.order.filled }
}

/** One key in every library: each one's order settles. */
async function everyLibrary(client: Client, payer: string) {
  const { rpcUrl, contract, token } = await client.devnet()
  const key: `0x${string}` = `0x${payer.slice(2)}`
  const wallet = createWallet({ rpcUrl, contract, token, signer: key })
  await wallet.deposit(5_000_000_000)
  wallet.close()
  const filled: Record<string, string> = {}
  for (const [name, signer] of signersOf(key)) {
    const trader = client.trader(signer)
    await until('funded', async () => (await trader.isFunded()) || undefined)
    const { order } = await trader.place(buy)
    await settled(trader, order.id)
    filled[name] = order.filled
  }
  return filled
}

/** All of them at once, on funded demo accounts that pay for them. */
export async function tradeByKeys(gatewayUrl: string) {
  const client = createClient({ baseUrl: gatewayUrl })
  const { accounts } = await client.devnet()
  const keys = accounts.slice(-4).map(({ privateKey }) => privateKey)
  const [first = '', second = '', third = '', fourth = ''] = keys
  const [ofAccount, ofContract, unlocked, libraries] = await Promise.all([
    keyOfAccount(client, first),
    keyOfContract(client, second),
    unlockedAccount(client, third),
    everyLibrary(client, fourth),
  ])
  return { ofAccount, ofContract, unlocked, libraries }
}
