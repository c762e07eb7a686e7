//! Finds the running exchange and the key to trade with.
import { createDigestSigner } from '@plumb/chain'
import {
  type Client,
  createClient,
  createWallet,
  type DevnetInfo,
  NotFoundError,
  PlumbError,
  type Trader,
  type Wallet,
} from '@plumb/sdk'
import { DevnetError } from './devnet-error.ts'

export const defaultGateway = 'http://127.0.0.1:8080'

/** An exchange that answers, with what its devnet tells about itself. */
export type Exchange = { client: Client; devnet: DevnetInfo }
/** One key on it. */
export type Desk = Exchange & { name: string; address: string; key: string; trader: Trader }

/** @throws DevnetError when nothing answers there, it is not ready yet, or it is no devnet */
export async function connect(gateway = defaultGateway): Promise<Exchange> {
  const client = createClient({ baseUrl: gateway, readRetries: 0 })
  try {
    if (!(await client.isReady()))
      throw new DevnetError('NOT_RUNNING', await notRunning(client, gateway))
    return { client, devnet: await client.devnet() }
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    throw new DevnetError('NOT_RUNNING', `${gateway} is no devnet: it has no demo keys.`)
  }
}

async function notRunning(client: Client, gateway: string): Promise<string> {
  try {
    await client.time()
    return `${gateway} is still starting: try again in a moment.`
  } catch {
    return `Nothing answers at ${gateway}. Start the devnet first: npm start`
  }
}

/**
 * The desk of a key.
 *
 * @param key a demo account's name or number, or a private key; the first demo account by default
 * @throws DevnetError when it is none of them
 */
export function openDesk(exchange: Exchange, key = '0'): Desk {
  const { client, devnet } = exchange
  const wanted = key.toLowerCase()
  const index = /^\d+$/.test(key)
    ? Number(key)
    : devnet.accounts.findIndex(({ name, address }) =>
        [name, address].some((word) => word.toLowerCase() === wanted),
      )
  const demo = devnet.accounts[index]
  if (demo === undefined && !/^0x[0-9a-f]{64}$/i.test(key)) {
    const names = devnet.accounts.map(({ name }, i) => `${i} or ${name}`).join(', ')
    throw new DevnetError('BAD_KEY', `--key ${key} is neither a demo account (${names}) nor a key.`)
  }
  const privateKey = demo?.privateKey ?? key
  const signer = createDigestSigner(privateKey)
  const name = demo?.name ?? 'this key'
  const trader = client.trader(signer)
  return { ...exchange, name, address: signer.address, key: privateKey, trader }
}

/** The desk's wallet on the devnet's chain. */
export function openWallet({ devnet, key }: Desk): Wallet {
  const { rpcUrl, contract, token } = devnet
  return createWallet({ rpcUrl, contract, token, signer: key })
}

/** An error as one friendly line. */
export function explain(error: unknown): string {
  if (error instanceof PlumbError) {
    const limit = error.limit === undefined ? '' : ` (limit ${error.limit})`
    const field = error.field === undefined ? '' : `, field ${error.field}`
    return `${error.code}: ${error.message}${limit}${field}`
  }
  if (!(error instanceof Error)) return String(error)
  // ethers puts a short text beside the long one.
  return 'shortMessage' in error && typeof error.shortMessage === 'string'
    ? error.shortMessage
    : error.message
}
