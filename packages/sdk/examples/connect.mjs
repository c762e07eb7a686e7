//! Where the examples connect to, and as whom.
import { fileURLToPath } from 'node:url'
import { createClient, createWallet } from '@plumb/sdk'

const FIRST_DEPOSIT_QUOTE = 100_000_000_000 // 100,000 USDC

/** A client and a trader; on a devnet without PRIVATE_KEY the first demo account, which deposits when it never has. */
export async function connect() {
  const client = createClient({ baseUrl: process.env.PLUMB_URL ?? 'http://127.0.0.1:8080' })
  if (process.env.PRIVATE_KEY !== undefined) {
    const key = process.env.PRIVATE_KEY
    return { client, trader: client.trader(key), key }
  }
  const { accounts, rpcUrl, contract, token } = await client.devnet()
  const key = accounts[0].privateKey
  const trader = client.trader(key)
  if (!(await trader.isFunded())) await deposit({ rpcUrl, contract, token, signer: key }, trader)
  return { client, trader, key }
}

/** From the wallet into the contract; the exchange credits it once the block is final. */
async function deposit(settings, trader) {
  console.error('depositing 100,000 test USDC of the first demo account …')
  const wallet = createWallet(settings)
  await wallet.deposit(FIRST_DEPOSIT_QUOTE)
  while (!(await trader.isFunded())) await new Promise((resolve) => setTimeout(resolve, 250))
  wallet.close()
}

/** Runs a program when it was started by itself, and shows what it answers. */
export async function runAlone(url, program) {
  if (process.argv[1] !== fileURLToPath(url)) return
  console.dir(await program(await connect()), { depth: 6 })
}
