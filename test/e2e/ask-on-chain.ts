//! An owner who asks the contract instead of us, while everything runs: the exchange follows within seconds.
import { setTimeout as sleep } from 'node:timers/promises'
import { createRpc, openExitDesk } from '@plumb/chain'
import { createClient, createWallet, type Trader } from '@plumb/sdk'
import type { Addresses } from './house.ts'

const until = async <T>(what: string, ask: () => Promise<T | undefined>): Promise<T> => {
  for (let attempt = 0; attempt < 100; attempt++) {
    const found = await ask()
    if (found !== undefined) return found
    await sleep(300)
  }
  throw new Error(`${what} did not come about`)
}

/** What came of it. Amounts in micro-USDC, sizes in lots. */
export type Asked = {
  /** Why the resting order closed. */
  reason: string | null | undefined
  /** The position before and after. */
  position: [string, string]
  /** What the contract holds of it. */
  onChainLots: number
  /** What arrived in the owner's wallet. */
  arrivedQuote: number
  requestLeftQuote: number
  notices: string[]
}

/** Opens a position, rests an order, and has the contract told to end the order, halve the position and pay out. */
export const askOnChain = async (addresses: Addresses, payQuote: number): Promise<Asked> => {
  const client = createClient({ baseUrl: addresses.gatewayUrl })
  const { accounts } = await client.devnet()
  const key = accounts.find(({ name }) => name === 'bob')?.privateKey ?? ''
  const bob = client.trader(key)
  await fund(addresses, key)
  await until('the deposit', async () => {
    const { items } = await bob.read.deposits().catch(() => ({ items: [] }))
    return items.find(({ status }) => status === 'ok')
  })
  const market = 'BTC-PERP'
  const ticker = await client.ticker(market)
  await bob.place({ market, side: 'buy', type: 'market', amount: '0.02' })
  const price = String(Math.floor(Number(ticker.mark) * 0.97))
  const { order } = await bob.place({ market, side: 'buy', price, amount: '0.01' })
  const before = await positionOf(bob, market)

  const desk = await openExitDesk(createRpc(addresses.rpcUrl), addresses.contract, key)
  try {
    const arrived = await desk.tokenBalanceQuote()
    const id =
      (await client.markets()).items.find(({ id: symbol }) => symbol === market)?.index ?? -1
    const held = async () =>
      (await desk.views.account(desk.owner, 0)).positions.find((p) => p.market === id)?.sizeLots
    const lots = await until('the position on-chain', held)
    await desk.send('requestCancel', [0, order.lane, order.laneSeq])
    await desk.send('forceReduce', [0, id, Math.floor(Math.abs(lots) / 2), 0])
    await desk.send('requestWithdraw', [0, payQuote])
    const closed = await until('the end of the order', async () => {
      const found = await bob.read.order(order.id)
      return found.status === 'open' ? undefined : found
    })
    const onChainLots = await until('the reduction on-chain', async () => {
      const now = (await held()) ?? 0
      return now === lots ? undefined : now
    })
    const balance = await until('the payment', async () => {
      const now = await desk.tokenBalanceQuote()
      return now === arrived ? undefined : now
    })
    const { amountQuote } = await desk.withdrawRequest(0)
    const { items } = await bob.read.notices({ limit: 10 })
    return {
      reason: closed.reason,
      position: [before, await positionOf(bob, market)],
      onChainLots,
      arrivedQuote: balance - arrived,
      requestLeftQuote: amountQuote,
      notices: items.map(({ type }) => type),
    }
  } finally {
    desk.close()
  }
}

const fund = async ({ rpcUrl, contract, token }: Addresses, signer: string): Promise<void> => {
  const wallet = createWallet({ rpcUrl, contract, token, signer })
  try {
    await wallet.mint(5_000_000_000)
    await wallet.deposit(5_000_000_000)
  } finally {
    wallet.close()
  }
}

const positionOf = async (trader: Trader, market: string): Promise<string> => {
  const { items } = await trader.read.positions()
  return items.find((position) => position.market === market)?.contracts ?? '0'
}
