//! A session key trades for its owner within limits and can do nothing else: what a bot should hold in place of a wallet.
// It needs the owner's wallet and a chain: a devnet, or CONTRACT, TOKEN and RPC_URL of an exchange.
import { createSessionKey, createWallet } from '@plumb/sdk'
import { runAlone } from './connect.mjs'

/** On a devnet a block is final within seconds. */
async function until(isMet) {
  while (!(await isMet())) await new Promise((resolve) => setTimeout(resolve, 250))
}

/** What a refused request is refused for. */
const refusal = (asked) => asked.then(() => null).catch(({ code }) => code)

export async function run({ client, trader, key }) {
  const { rpcUrl, contract, token } = await client.devnet()
  const wallet = createWallet({ rpcUrl, contract, token, signer: key })
  const { account } = await trader.owner()
  const session = createSessionKey()
  try {
    // One market, at most 2,000 USDC an order and 5,000 in all, for a day: held by the contract itself.
    const market = await client.market('ETH-PERP')
    await wallet.registerKey(session, {
      notional: '5000',
      maxOrderNotional: '2000',
      markets: [market],
      lifetimeS: 86_400,
    })
    const known = async (status) =>
      (await trader.read.agents()).items.some(
        (agent) => agent.address === session.address.toLowerCase() && agent.status === status,
      )
    await until(() => known('active'))

    const bot = client.trader(session.privateKey, { account })
    const buy = (amount, id = market.id) =>
      bot.place({ market: id, side: 'buy', type: 'market', amount })
    const { order } = await buy('0.02')
    const { agent } = await bot.read.me()
    const answers = {
      signer: order.signer === session.address.toLowerCase(),
      account: order.account === account.toLowerCase(),
      filled: order.filled,
      orderId: order.id,
      isCounted: Number(agent.notionalFilled) > 0 && Number(agent.notionalLeft) < 5_000,
      tooLarge: await refusal(buy('1')),
      elsewhere: await refusal(buy('0.001', 'BTC-PERP')),
      withdrawal: await refusal(bot.withdraw('1')),
    }
    await wallet.revokeKey(session.address)
    await until(() => known('revoked'))
    return { ...answers, afterwards: await refusal(buy('0.02')) }
  } finally {
    wallet.close()
  }
}

await runAlone(import.meta.url, run)
