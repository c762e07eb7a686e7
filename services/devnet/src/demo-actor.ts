//! One of the two traders of the demonstration: a fresh wallet, an account, and what the stream told it.
import { createRpc } from '@plumb/chain'
import {
  createWallet,
  type Fill,
  type MinedDeposit,
  privateKeyAccount,
  quoteToText,
  type Stream,
  type Trader,
  type Wallet,
} from '@plumb/sdk'
import type { Exchange } from './trade-connection.ts'
import { step } from './trade-terminal.ts'
import { until } from './trade-transfers.ts'

const GAS_WEI = 10n ** 19n

export type Actor = {
  name: string
  address: string
  wallet: Wallet
  trader: Trader
  stream: Stream
  /** Fill events of the stream, as they came: one entry for each event, with its sequence number. */
  heard: { seq: number; fills: Fill[] }[]
}

/** A trader nobody has seen before, with gas and test USDC in its wallet. */
export async function newActor(
  exchange: Exchange,
  name: string,
  tokensQuote: number,
): Promise<Actor> {
  const { client, devnet } = exchange
  const { rpcUrl, contract, token } = devnet
  const secret = crypto.getRandomValues(new Uint8Array(32))
  secret[0] = 1 // below the group order
  const key = `0x${Buffer.from(secret).toString('hex')}`
  const signer = privateKeyAccount(key)
  const { address } = signer
  const rpc = createRpc(rpcUrl)
  await rpc.request('anvil_setBalance', [address, `0x${GAS_WEI.toString(16)}`])
  const wallet = createWallet({ rpcUrl, contract, token, signer: key })
  const minted = await wallet.mint(tokensQuote)
  step('done', 'wallet', `${name} ${address} holds ${quoteToText(tokensQuote)} test USDC`)
  step('done', 'minted', `tx ${minted.txHash}`)
  const stream = client.stream()
  return { name, address, wallet, trader: client.trader(signer), stream, heard: [] }
}

/** Deposits on-chain and waits for the relayer's credit; then listens to the account's fills. */
export async function fund(actor: Actor, amountQuote: number): Promise<MinedDeposit> {
  const { name, wallet, trader, stream, heard } = actor
  const mined = await wallet.deposit(amountQuote)
  step(
    'done',
    'deposited',
    `${name} ${quoteToText(amountQuote)} USDC, block ${mined.blockNumber}, tx ${mined.txHash}`,
  )
  const credited = await until('The credit', async () => {
    const { items } = await trader.read.deposits()
    return items.find(({ id, status }) => id === String(mined.depositId) && status === 'ok')
  })
  step('done', 'credited', `${name} deposit ${mined.depositId} at seq ${credited.seq}`)
  const owner = await trader.owner()
  await stream.ready()
  await stream.authenticate(owner.account, trader.session)
  await stream.subscribe({ channel: 'fills', ...owner }, ({ type, seq, data }) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the fills channel carries nothing else
    if (type === 'update') heard.push({ seq, fills: data as Fill[] })
  })
  return mined
}
